//! Random work on both sides of a connection at once, with faults: both sides end equal under the policies of the fields,
//! and every event begins its draft once. `OUTLAY_MODEL_STEPS` and `OUTLAY_MODEL_SEEDS` make it longer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use outlay::app::App;
use outlay::args;
use outlay::connections::Connection;
use outlay::connections::pull::pull_with;
use outlay::connections::reconcile::reconcile_with;
use outlay::crm::todo;
use outlay::edits::job_with;
use outlay::jobs::{Handlers, Job, Pace, Runner};
use outlay_connect::odoo::{Odoo, Place};
use outlay_connect::{Guard, manifest};
use outlay_core::ids::{ClaimId, ConnectionId};
use outlay_fakes::odoo::{self, FakeOdoo, KEY};
use outlay_fakes::{Fault, WriteFault};
use serde_json::{Value, json};

use crate::world::{Client, World, on_both};

/// Accounts that both sides change; as many again are archived and brought back.
const ACCOUNTS: usize = 5;
/// Fields that both sides change, with the policy of each; `website` is changed here alone.
const POLICIES: [(&str, &str); 4] = [
    ("phone", "outlay"),
    ("city", "crm"),
    ("email", "ask"),
    ("website", "ask"),
];
/// Longer than a transaction in the fake lasts.
const OVERLAP: Duration = Duration::from_secs(90);

fn setting(name: &str, usual: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(usual, |n| n.parse().unwrap_or_else(|_| panic!("{name}={n}")))
}

/// A small generator: the same seed gives the same work.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % n
    }

    fn of<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.below(from.len())])
    }
}

/// Who last gave a field which value, and in which step.
#[derive(Default)]
struct Last {
    ours: Option<(String, u64)>,
    theirs: Option<(String, u64)>,
}

struct Bridge {
    fake: FakeOdoo,
    connector: Arc<Odoo>,
    connection: ConnectionId,
    ange: Client,
    wang: Client,
    runner: Runner,
    /// Ids in Odoo.
    user: i64,
    accounts: Vec<i64>,
    others: Vec<i64>,
    open: Vec<i64>,
    won: BTreeSet<i64>,
    visits: Vec<i64>,
    /// By account in Odoo and field.
    last: BTreeMap<(i64, &'static str), Last>,
}

impl Bridge {
    async fn new(world: &World) -> Bridge {
        let fake = FakeOdoo::new(19);
        let (user, accounts, others) = {
            let mut db = fake.db();
            db.clock = outlay::clock::now().as_microsecond() - 3_600_000_000;
            let user = db.add_user("王敏", "wang");
            let mut company = |name: String| {
                let new = json!({"name": name, "is_company": true, "phone": "021-0", "city": "上海", "email": "a@b.cn", "user_id": user, "partner_share": true});
                db.add("res.partner", new)
            };
            let accounts = (0..ACCOUNTS).map(|n| company(format!("客户 {n}"))).collect();
            let others = (0..ACCOUNTS).map(|n| company(format!("其他 {n}"))).collect();
            (user, accounts, others)
        };
        let ange = world.as_("ange").await;
        let url = fake.serve().await;
        let new = json!({"kind": "odoo", "name": "Odoo", "settings": {"url": url, "key": KEY, "login": odoo::LOGIN}});
        let made = ange.post("/api/v1/connections", new).await.expect(201).json();
        let connection: ConnectionId = made["id"].as_str().expect("an id").parse().expect("an id");
        let policies: Vec<Value> = POLICIES
            .iter()
            .map(|(field, policy)| json!({"object": "account", "field": field, "policy": policy}))
            .collect();
        ange.put(
            &format!("/api/v1/connections/{connection}/write-policies"),
            json!(policies),
        )
        .await
        .expect(204);
        // Its own, which is not paced: thousands of requests are nothing to a fake.
        let mut place = Place::new(url, KEY);
        place.login = Some(odoo::LOGIN.into());
        place.overlap = OVERLAP;
        place.limits.total = Duration::from_secs(2);
        let mapping = manifest::of("odoo").expect("a manifest").mapping(&Default::default());
        let connector = Odoo::new(place, mapping, &Guard::allowing(["127.0.0.1"])).expect("a connector");
        let connector = Arc::new(connector);
        let shared = connector.clone();
        let handlers = Handlers::ours(&world.app)
            .expect("handlers")
            .with("edit", move |app, job: Job| {
                let connector = shared.clone();
                async move { job_with(app, job, connection, connector.as_ref()).await }
            });
        let shared = connector.clone();
        let handlers = handlers.with("todo", move |app: Arc<App>, job: Job| {
            let connector = shared.clone();
            async move {
                let id: ClaimId = serde_json::from_str(&job.payload).expect("a claim's id");
                let one = Connection::load(&mut app.db.read(), connection).await?;
                todo::tell(&app, id, &one, connector.as_ref()).await?;
                Ok(None)
            }
        });
        let pace = Pace {
            first_wait: Duration::ZERO,
            patience: Duration::ZERO,
            tries: 50,
            ..Pace::default()
        };
        Bridge {
            runner: Runner::new(world.app.clone(), handlers, pace),
            fake,
            connector,
            connection,
            ange,
            wang: world.as_("wang").await,
            user,
            accounts,
            others,
            open: Vec::new(),
            won: BTreeSet::new(),
            visits: Vec::new(),
            last: BTreeMap::new(),
        }
    }

    async fn pull(&self, world: &World) -> Option<String> {
        let pulled = pull_with(&world.app, self.connection, self.connector.as_ref()).await;
        pulled.expect("pulled or refused by Odoo").error
    }

    async fn work(&self) {
        self.runner.pass().await.expect("worked");
    }

    async fn id(&self, world: &World, table: &str, external: i64) -> Option<String> {
        let text = format!("SELECT id FROM {table} WHERE connection_id = $1 AND external_id = $2");
        let rows: Vec<(String,)> = world
            .app
            .db
            .read()
            .all_built(text, args![self.connection, external.to_string()])
            .await
            .expect("asked");
        rows.into_iter().next().map(|(id,)| id)
    }

    /// One thing that somebody does, here or in Odoo.
    async fn step(&mut self, world: &World, chance: &mut Chance, step: u64) {
        if chance.below(6) == 0 {
            let fault = fault(chance);
            self.fake.faults.next(1 + chance.below(2), fault);
        }
        match chance.below(20) {
            0..=2 => self.theirs(chance, step),
            3..=5 => self.ours(world, chance, step).await,
            6 => self.with_odd_time(chance, |bridge, chance| {
                // One that a transaction still holds back is left alone.
                let deal = chance.of(&bridge.open);
                if let Some(deal) = deal.filter(|deal| bridge.fake.db().at("crm.lead").rows.contains_key(deal)) {
                    bridge.fake.db().set("crm.lead", deal, json!({"name": format!("商机 {step}")}));
                }
            }),
            7 | 8 => self.with_odd_time(chance, |bridge, chance| {
                let account = chance.of(&bridge.accounts).expect("an account");
                let new = json!({"name": format!("商机 {step}"), "partner_id": account, "user_id": bridge.user, "expected_revenue": 100.5});
                let deal = bridge.fake.db().add("crm.lead", new);
                bridge.open.push(deal);
            }),
            9 => {
                if !self.open.is_empty() {
                    let deal = self.open.swap_remove(chance.below(self.open.len()));
                    let mut db = self.fake.db();
                    if db.at("crm.lead").rows.contains_key(&deal) {
                        db.set("crm.lead", deal, json!({"stage_id": 3}));
                        self.won.insert(deal);
                    }
                }
            }
            10 => self.with_odd_time(chance, |bridge, chance| {
                let account = chance.of(&bridge.accounts).expect("an account");
                let mut db = bridge.fake.db();
                let start = jiff::Timestamp::from_microsecond(db.clock).expect("a time");
                let new = json!({"name": format!("拜访 {step}"), "start": start.as_microsecond(), "partner_ids": [account],
                    "user_id": bridge.user, "categ_ids": [2], "location": "上海"});
                let visit = db.add("calendar.event", new);
                drop(db);
                bridge.visits.push(visit);
            }),
            11 => {
                let other = chance.of(&self.others).expect("an account");
                self.fake.db().set("res.partner", other, json!({"active": chance.below(2) == 0}));
            }
            12..=14 => _ = self.pull(world).await,
            15..=17 => self.work().await,
            18 => self.fake.db().pass(i64::try_from(1 + chance.below(4)).expect("few")),
            _ => {
                if chance.below(10) == 0 {
                    let done = reconcile_with(&world.app, self.connection, self.connector.as_ref()).await;
                    done.expect("compared or refused by Odoo");
                }
            }
        }
    }

    /// What is done bears the time of what was done before, or is seen only later.
    fn with_odd_time(&mut self, chance: &mut Chance, act: impl FnOnce(&mut Bridge, &mut Chance)) {
        match chance.below(6) {
            0 => self.fake.faults.next_writes(1, WriteFault::EqualTime),
            1 => {
                let seconds = u32::try_from(1 + chance.below(40)).expect("few");
                self.fake.faults.next_writes(1, WriteFault::LateCommit(seconds));
            }
            _ => {}
        }
        act(self, chance);
        self.fake.faults.clear_writes();
    }

    fn theirs(&mut self, chance: &mut Chance, step: u64) {
        let account = chance.of(&self.accounts).expect("an account");
        let (field, _) = POLICIES[chance.below(3)];
        let value = format!("theirs{step}@b.cn");
        self.fake.db().set("res.partner", account, json!({ field: value }));
        self.last.entry((account, field)).or_default().theirs = Some((value, step));
    }

    async fn ours(&mut self, world: &World, chance: &mut Chance, step: u64) {
        let account = chance.of(&self.accounts).expect("an account");
        let (field, _) = POLICIES[chance.below(4)];
        let Some(id) = self.id(world, "account", account).await else {
            return;
        };
        let value = format!("ours{step}@b.cn");
        let path = format!("{}/api/v1/accounts/{id}", self.wang.base);
        let body = json!({"fields": {field: value}});
        self.wang.send(self.wang.http.patch(path).json(&body)).await.expect(202);
        self.last.entry((account, field)).or_default().ours = Some((value, step));
    }

    /// Lets all faults end, and both sides come to rest; a person decides what is left to them.
    async fn settle(&self, world: &World, chance: &mut Chance) {
        self.fake.faults.clear();
        self.fake.db().pass(41);
        // What Odoo refused meanwhile is sent once more, as an administrator would.
        self.ange.post("/api/v1/jobs/retry", json!({})).await.expect(200);
        for _ in 0..20 {
            for _ in 0..2 {
                assert_eq!(self.pull(world).await, None);
                self.work().await;
            }
            let open: Vec<(String, String)> = world
                .app
                .db
                .read()
                .all(
                    "SELECT id, state FROM record_edit WHERE state IN ('conflict', 'failed') ORDER BY id",
                    args![],
                )
                .await
                .expect("asked");
            if open.is_empty() {
                return;
            }
            for (edit, state) in open {
                // What only failed is sent once more.
                let keep = ["ours", "theirs"][if state == "failed" { 0 } else { chance.below(2) }];
                let path = format!("/api/v1/edits/{edit}/decision");
                self.wang.post(&path, json!({ "keep": keep })).await.expect(204);
            }
        }
        panic!("the conflicts do not end");
    }

    async fn check(&self, world: &World, told: &str) {
        self.check_records(world, told).await;
        self.check_policies(told);
        self.check_events(world, told).await;
        let mut sql = world.app.db.read();
        let dead: Vec<(String, Option<String>)> = sql
            .all("SELECT kind, error FROM job WHERE state = 'dead'", args![])
            .await
            .expect("asked");
        assert_eq!(dead, [], "{told}: jobs were given up");
        self.check_todos(world, told).await;
        let states: Vec<(String, i64)> = sql
            .all("SELECT state, COUNT(*) FROM record_edit GROUP BY state", args![])
            .await
            .expect("asked");
        for (state, count) in states {
            assert!(
                matches!(state.as_str(), "written" | "withdrawn"),
                "{told}: {count} {state}"
            );
        }
        let (echoes,): (i64,) = sql
            .one(
                "SELECT COUNT(*) FROM record_edit WHERE field = 'website' AND theirs IS NOT NULL",
                args![],
            )
            .await
            .expect("asked");
        assert_eq!(echoes, 0, "{told}: our own echo was taken for somebody's change");
        let report = reconcile_with(&world.app, self.connection, self.connector.as_ref()).await;
        for object in report.expect("compared").objects {
            assert_eq!(
                (object.missing, object.extra, object.differing),
                (0, 0, 0),
                "{told}: {}",
                object.object
            );
        }
    }

    /// What is stored is what Odoo holds.
    async fn check_records(&self, world: &World, told: &str) {
        let mut stored: BTreeMap<i64, (String, String, bool)> = BTreeMap::new();
        let rows: Vec<(String, String, String, bool)> = world
            .app
            .db
            .read()
            .all(
                "SELECT external_id, phone, city, deleted FROM account WHERE connection_id = $1",
                args![self.connection],
            )
            .await
            .expect("asked");
        for (id, phone, city, deleted) in rows {
            stored.insert(id.parse().expect("an id"), (phone, city, deleted));
        }
        let mut deals: BTreeMap<i64, (String, String)> = BTreeMap::new();
        let rows: Vec<(String, String, String)> = world
            .app
            .db
            .read()
            .all(
                "SELECT external_id, name, stage_kind FROM deal WHERE connection_id = $1",
                args![self.connection],
            )
            .await
            .expect("asked");
        for (id, name, kind) in rows {
            assert!(
                deals.insert(id.parse().expect("an id"), (name, kind)).is_none(),
                "{told}: a deal twice"
            );
        }
        let db = self.fake.db();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for id in self.accounts.iter().chain(&self.others) {
            let row = &db.at("res.partner").rows[id];
            let held = (text(&row["phone"]), text(&row["city"]), row["active"] == false);
            assert_eq!(stored.get(id), Some(&held), "{told}: account {id}");
        }
        let held: BTreeMap<i64, (String, String)> = db
            .at("crm.lead")
            .rows
            .iter()
            .map(|(id, row)| {
                let kind = if row["stage_id"] == 3 { "won" } else { "open" };
                (*id, (text(&row["name"]), kind.to_owned()))
            })
            .collect();
        assert_eq!(deals, held, "{told}");
    }

    /// Each field holds what its policy says, of the two last values.
    fn check_policies(&self, told: &str) {
        let db = self.fake.db();
        for ((account, field), last) in &self.last {
            let held = db.at("res.partner").rows[account][*field]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let ours = last.ours.as_ref();
            let theirs = last.theirs.as_ref();
            let is = |one: Option<&(String, u64)>| one.is_some_and(|(value, _)| *value == held);
            let what = format!("{told}: {field} of {account} is {held}; ours {ours:?}, theirs {theirs:?}");
            assert!(is(ours) || is(theirs), "{what}");
            let policy = POLICIES.iter().find(|(f, _)| f == field).map(|(_, policy)| *policy);
            let ours_is_later = ours.map(|(_, at)| at) > theirs.map(|(_, at)| at);
            match policy {
                Some("outlay") if ours_is_later => assert!(is(ours), "{what}"),
                Some("crm") if !ours_is_later => assert!(is(theirs), "{what}"),
                _ if theirs.is_none() => assert!(is(ours), "{what}"),
                _ if ours.is_none() => assert!(is(theirs), "{what}"),
                _ => {}
            }
        }
    }

    /// Whoever got a draft has one thing to do in Odoo, since no draft was handed in.
    async fn check_todos(&self, world: &World, told: &str) {
        let claims: Vec<(String, String)> = world
            .app
            .db
            .read()
            .all("SELECT id, origin FROM claim WHERE origin IS NOT NULL", args![])
            .await
            .expect("asked");
        let db = self.fake.db();
        let rows = db.at("mail.activity").rows.values();
        let notes: Vec<&str> = rows.filter_map(|row| row["note"].as_str()).collect();
        for (id, origin) in &claims {
            let mark = format!("outlay:outlay-todo-{id}:");
            let found = notes.iter().filter(|note| note.contains(&mark)).count();
            assert_eq!(found, 1, "{told}: to-dos of {origin}");
        }
        assert_eq!(notes.len(), claims.len(), "{told}: to-dos");
    }

    /// Each deal that was won and each visit began one draft, and nothing else did.
    async fn check_events(&self, world: &World, told: &str) {
        for (event, table, ids) in [
            ("won", "deal", self.won.iter().copied().collect::<Vec<i64>>()),
            ("visit", "activity", self.visits.clone()),
        ] {
            let mut wanted = BTreeSet::new();
            for id in &ids {
                let own = self.id(world, table, *id).await;
                wanted.insert(format!(
                    "{event}:{}",
                    own.unwrap_or_else(|| panic!("{told}: {table} {id} lacks"))
                ));
            }
            let text = "SELECT origin FROM claim WHERE origin LIKE $1";
            let rows: Vec<(String,)> = world
                .app
                .db
                .read()
                .all(text, args![format!("{event}:%")])
                .await
                .expect("asked");
            let begun: Vec<String> = rows.into_iter().map(|(origin,)| origin).collect();
            assert_eq!(begun.len(), wanted.len(), "{told}: {event}");
            assert_eq!(begun.into_iter().collect::<BTreeSet<_>>(), wanted, "{told}");
        }
    }
}

fn fault(chance: &mut Chance) -> Fault {
    match chance.below(9) {
        0 => Fault::TooMany("0".into()),
        1 => Fault::Status(502),
        2 => Fault::Status(503),
        3 => Fault::Expired,
        4 => Fault::ErrorInOk,
        5 => Fault::LogInPage,
        6 => Fault::Truncated,
        7 => Fault::BrokenLine,
        _ => Fault::LostAnswer,
    }
}

#[test]
fn whatever_happens_on_both_sides_they_end_equal() {
    let (steps, seeds) = (setting("OUTLAY_MODEL_STEPS", 400), setting("OUTLAY_MODEL_SEEDS", 1));
    for seed in 1..=seeds {
        on_both(|world| async move {
            let mut chance = Chance(seed * 7919);
            let mut bridge = Bridge::new(&world).await;
            assert_eq!(bridge.pull(&world).await, None);
            for step in 1..=steps {
                bridge.step(&world, &mut chance, step).await;
                if step % 1000 == 0 {
                    bridge.settle(&world, &mut chance).await;
                    bridge.check(&world, &format!("seed {seed}, step {step}")).await;
                }
            }
            bridge.settle(&world, &mut chance).await;
            bridge.check(&world, &format!("seed {seed}, the end")).await;
            assert!(!bridge.won.is_empty() && !bridge.visits.is_empty() && !bridge.last.is_empty());
        });
    }
}
