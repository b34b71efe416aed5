//! The hub: records taken once, drafts begun once, lists as narrow as rights.

use jiff::ToSpan;
use jiff::civil::Date;
use outlay::auth::{Action, Person, Resource};
use outlay::connections::connection::Connection;
use outlay::crm::{self, Applied, Change};
use outlay::{args, clock};
use outlay_connect::{Account, Activity, Canonical, Contact, CrmUser, Deal, Object, Order, Project, Record, StageKind};
use outlay_core::claim::Command;
use outlay_core::ids::ConnectionId;
use outlay_core::{Currency, Money};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::seed;
use crate::world::{World, on_both};

/// A connection that is never pulled.
pub async fn connection(world: &World) -> ConnectionId {
    let id = ConnectionId(Uuid::now_v7());
    let values = args![id, "tryton", format!("CRM {id}"), "{}", false, 0i64];
    world
        .app
        .db
        .write(move |sql| {
            let values = values.clone();
            Box::pin(async move {
                sql.run(
                    "INSERT INTO connection (id, kind, name, settings, paused, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
                    values,
                )
                .await?;
                Ok(())
            })
        })
        .await
        .expect("a connection");
    id
}

/// Stores a record, in a transaction of its own.
pub async fn apply(world: &World, connection: Option<ConnectionId>, record: Record) -> Applied {
    let app = world.app.clone();
    world
        .app
        .db
        .write(move |sql| {
            let (app, record) = (app.clone(), record.clone());
            Box::pin(async move { crm::apply(sql, &app, connection, &record).await })
        })
        .await
        .expect("applied")
}

pub fn record(external_id: &str, revision: &str, body: Canonical) -> Record {
    Record {
        object: body.object(),
        external_id: external_id.into(),
        revision: revision.into(),
        modified_at: clock::now(),
        deleted: false,
        raw: serde_json::json!({"id": external_id}),
        body,
        url: Some(format!("https://crm.example.com/{external_id}")),
    }
}

fn user(email: &str) -> Canonical {
    Canonical::CrmUser(CrmUser {
        name: "CRM 用户".into(),
        email: Some(email.into()),
        login: None,
        active: true,
    })
}

fn deal(name: &str, kind: StageKind, close_on: Option<Date>) -> Canonical {
    Canonical::Deal(Deal {
        name: name.into(),
        account: Some("A1".into()),
        contact: Some("C1".into()),
        owner: Some("U1".into()),
        stage: kind.as_str().into(),
        stage_kind: kind,
        amount: Some(Money::new(1_280_000_00, Currency::CNY)),
        close_on,
        ..Deal::default()
    })
}

fn today() -> Date {
    clock::day(clock::now(), "UTC")
}

async fn count(world: &World, text: &str) -> i64 {
    let mut sql = world.app.db.read();
    let rows: Vec<(i64,)> = sql.all_built(text.to_owned(), vec![]).await.expect("read");
    rows[0].0
}

#[test]
fn the_same_record_twice_changes_nothing() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let first = apply(&world, Some(c), record("D1", "1", deal("二期", StageKind::Open, None))).await;
        assert_eq!(first.change, Change::Made);
        let second = apply(&world, Some(c), record("D1", "1", deal("二期", StageKind::Open, None))).await;
        assert_eq!((second.id.as_str(), second.change), (first.id.as_str(), Change::Same));
        let third = apply(&world, Some(c), record("D1", "2", deal("三期", StageKind::Open, None))).await;
        assert_eq!((third.id.as_str(), third.change), (first.id.as_str(), Change::Changed));
        // The same id in another connection, or in none, is another record.
        let own = apply(&world, None, record("D1", "1", deal("二期", StageKind::Open, None))).await;
        assert_ne!(own.id, first.id);
        let again = apply(&world, None, record("D1", "1", deal("二期", StageKind::Open, None))).await;
        assert_eq!(again.change, Change::Same);
        let found = outlay::search::find(&mut world.app.db.read(), "deal", "三期", 10)
            .await
            .expect("read");
        assert_eq!(found, [first.id]);
    });
}

#[test]
fn parents_may_come_after_their_children() {
    on_both(|world| async move {
        let c = Some(connection(&world).await);
        let d = apply(&world, c, record("D1", "1", deal("二期", StageKind::Open, None))).await;
        let project = Canonical::Project(Project {
            name: "交付".into(),
            account: Some("A1".into()),
            deal: Some("D1".into()),
            ..Project::default()
        });
        apply(&world, c, record("P1", "1", project)).await;
        let contact = Canonical::Contact(Contact {
            name: "周岚".into(),
            account: Some("A1".into()),
            ..Contact::default()
        });
        apply(&world, c, record("C1", "1", contact)).await;
        let account = Canonical::Account(Account {
            name: "恒川精密".into(),
            owner: Some("U1".into()),
            ..Account::default()
        });
        let a = apply(&world, c, record("A1", "1", account)).await;
        apply(&world, c, record("U1", "1", user("li@example.com"))).await;
        let li = world.id("li").await.to_string();
        let row: (Option<String>, Option<String>, Option<String>) = world
            .app
            .db
            .read()
            .one(
                "SELECT account_id, contact_id, owner_id FROM deal WHERE id = $1",
                args![&d.id],
            )
            .await
            .expect("read");
        assert_eq!(row.0, Some(a.id));
        assert!(row.1.is_some());
        assert_eq!(row.2, Some(li));
        assert_eq!(count(&world, "SELECT COUNT(*) FROM crm_awaited").await, 0);
        assert_eq!(
            count(
                &world,
                "SELECT COUNT(*) FROM project WHERE account_id IS NULL OR deal_id IS NULL"
            )
            .await,
            0
        );
        // Nothing of it counts as a change of the child.
        let same = apply(&world, c, record("D1", "1", deal("二期", StageKind::Open, None))).await;
        assert_eq!(same.change, Change::Same);
    });
}

#[test]
fn a_won_deal_drafts_once() {
    on_both(|world| async move {
        let c = Some(connection(&world).await);
        apply(&world, c, record("U1", "1", user("wang@example.com"))).await;
        let account = Canonical::Account(Account {
            name: "恒川精密".into(),
            ..Account::default()
        });
        apply(&world, c, record("A1", "1", account)).await;
        let open = apply(&world, c, record("D1", "1", deal("二期", StageKind::Open, None))).await;
        assert_eq!(open.drafted, None);
        // By file …
        let won = apply(&world, c, record("D1", "file:2", deal("二期", StageKind::Won, None))).await;
        let claim = won.drafted.expect("a draft");
        // … and then by poll, reopened, and won again.
        for (revision, kind) in [("3", StageKind::Won), ("4", StageKind::Open), ("5", StageKind::Won)] {
            let again = apply(&world, c, record("D1", revision, deal("二期", kind, None))).await;
            assert_eq!(again.drafted, None, "{revision}");
        }
        let claim = outlay::claims::store::load(&mut world.app.db.read(), claim)
            .await
            .expect("there");
        assert_eq!(claim.content.claimant, world.id("wang").await);
        assert_eq!(claim.content.title, "恒川精密 · 二期");
        assert_eq!(claim.origin, Some(format!("won:{}", won.id)));
        assert!(claim.content.links.account.is_some() && claim.content.lines.is_empty());
        assert!(
            claim
                .sources
                .iter()
                .any(|s| s.field == "links.deal" && s.revision == "file:2")
        );
    });
}

#[test]
fn history_begins_no_drafts() {
    on_both(|world| async move {
        let c = Some(connection(&world).await);
        apply(&world, c, record("U1", "1", user("wang@example.com"))).await;
        let long_ago = today() - 60.days();
        let old = apply(&world, c, record("D1", "1", deal("旧", StageKind::Won, Some(long_ago)))).await;
        assert_eq!(old.drafted, None);
        let touched = apply(
            &world,
            c,
            record("D1", "2", deal("旧单", StageKind::Won, Some(long_ago))),
        )
        .await;
        assert_eq!((touched.change, touched.drafted), (Change::Changed, None));
        let lately = today() - 3.days();
        let new = apply(&world, c, record("D2", "1", deal("新", StageKind::Won, Some(lately)))).await;
        assert!(new.drafted.is_some());
        let visit = |on| {
            Canonical::Activity(Activity {
                kind: "visit".into(),
                owner: Some("U1".into()),
                subject: "产线走访".into(),
                account: Some("A1".into()),
                deal: Some("D2".into()),
                on: Some(on),
                ..Activity::default()
            })
        };
        assert_eq!(apply(&world, c, record("V1", "1", visit(long_ago))).await.drafted, None);
        assert!(
            apply(&world, c, record("V2", "1", visit(lately)))
                .await
                .drafted
                .is_some()
        );
        assert_eq!(apply(&world, c, record("V2", "2", visit(today()))).await.drafted, None);
    });
}

#[test]
fn whoever_is_linked_late_gets_their_drafts() {
    on_both(|world| async move {
        let c = Some(connection(&world).await);
        apply(&world, c, record("U1", "1", user("nobody@elsewhere.example"))).await;
        apply(&world, c, record("D1", "1", deal("二期", StageKind::Open, None))).await;
        let won = apply(&world, c, record("D1", "2", deal("二期", StageKind::Won, None))).await;
        assert_eq!(won.drafted, None);
        let app = world.app.clone();
        let li = world.id("li").await;
        world
            .app
            .db
            .write(move |sql| {
                let app = app.clone();
                Box::pin(async move {
                    let (user,): (String,) = sql
                        .one("SELECT id FROM crm_user WHERE external_id = 'U1'", args![])
                        .await?;
                    assert!(crm::store::link(sql, &app, &user, Some(li)).await?);
                    assert!(!crm::store::link(sql, &app, &user, Some(li)).await?);
                    Ok(())
                })
            })
            .await
            .expect("linked");
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM claim WHERE origin LIKE 'won:%'").await,
            1
        );
    });
}

#[test]
fn lists_show_exactly_what_may_be_read() {
    on_both(|world| async move {
        let c = Some(connection(&world).await);
        let people = [
            "wang", "li", "chen", "boss", "greta", "jonas", "zhao", "he", "ange", "ops", "audit",
        ];
        for (n, who) in people.iter().enumerate() {
            apply(
                &world,
                c,
                record(&format!("U{n}"), "1", user(&format!("{who}@example.com"))),
            )
            .await;
        }
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        let mut pick = move |n: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % n
        };
        let maybe = |prefix: &str, n: u64, of: u64| (n < of).then(|| format!("{prefix}{n}"));
        for i in 0..12 {
            let body = Canonical::Account(Account {
                name: format!("客户{i}"),
                owner: maybe("U", pick(14), 11),
                ..Account::default()
            });
            apply(&world, c, record(&format!("A{i}"), "1", body)).await;
            let body = Canonical::Contact(Contact {
                name: format!("联系人{i}"),
                account: maybe("A", pick(14), 12),
                ..Contact::default()
            });
            apply(&world, c, record(&format!("C{i}"), "1", body)).await;
        }
        for i in 0..24 {
            let body = Canonical::Deal(Deal {
                name: format!("商机{i}"),
                account: maybe("A", pick(14), 12),
                owner: maybe("U", pick(14), 11),
                ..Deal::default()
            });
            let mut deal = record(&format!("D{i}"), "1", body);
            deal.deleted = pick(6) == 0;
            apply(&world, c, deal).await;
        }
        for i in 0..24 {
            let body = Canonical::Activity(Activity {
                kind: "call".into(),
                subject: format!("电话{i}"),
                account: maybe("A", pick(14), 12),
                deal: maybe("D", pick(28), 24),
                owner: maybe("U", pick(14), 11),
                ..Activity::default()
            });
            apply(&world, c, record(&format!("V{i}"), "1", body)).await;
            let body = Canonical::Project(Project {
                name: format!("项目{i}"),
                account: maybe("A", pick(14), 12),
                deal: maybe("D", pick(28), 24),
                ..Project::default()
            });
            apply(&world, c, record(&format!("P{i}"), "1", body)).await;
            let body = Canonical::Order(Order {
                number: format!("SO{i}"),
                account: maybe("A", pick(14), 12),
                deal: maybe("D", pick(28), 24),
                ..Order::default()
            });
            apply(&world, c, record(&format!("O{i}"), "1", body)).await;
        }
        let mut sql = world.app.db.read();
        let org = world.app.org(&mut sql).await.expect("the organisation");
        let (mut seen, mut hidden) = (0, 0);
        for who in people {
            let person = Person::of(&org, world.id(who).await, today()).expect("a person");
            for (object, table) in [
                (Object::Account, "account"),
                (Object::Contact, "contact"),
                (Object::Deal, "deal"),
                (Object::Project, "project"),
                (Object::Order, "sales_order"),
                (Object::Activity, "activity"),
            ] {
                let (condition, values) = crm::visible(&person, &org, object, 1);
                let listed: Vec<(String,)> = sql
                    .all_built(format!("SELECT r.id FROM {table} r WHERE {condition}"), values)
                    .await
                    .expect("listed");
                let all: Vec<(String,)> = sql
                    .all_built(format!("SELECT id FROM {table}"), vec![])
                    .await
                    .expect("read");
                for (id,) in all {
                    let facts = crm::record_facts(&mut sql, &org, object, &id).await.expect("facts");
                    let may = world
                        .app
                        .rights
                        .may(&person, Action::ReadRecord, &Resource::Record(&facts));
                    assert_eq!(listed.iter().any(|(l,)| *l == id), may, "{who} {object} {id}");
                    if may { seen += 1 } else { hidden += 1 }
                }
            }
        }
        assert!(seen > 200 && hidden > 200, "{seen} seen, {hidden} hidden");
    });
}

#[test]
fn a_deal_shows_what_it_costs_to_those_who_may_see_it() {
    on_both(|world| async move {
        let (wang, ops) = (world.as_("wang").await, world.as_("ops").await);
        let claim = seed::draft(&world, "wang").await;
        seed::act(&world, claim.content.claimant, claim.id, Command::Submit).await;
        let path = format!("/crm/deals/{}", world.deal);
        let page = wang.get(&path).await.expect(200).text;
        assert!(page.contains("¥154.00") && page.contains(&claim.number), "{page}");
        let figures = page
            .split("href=\"/claims?")
            .skip(1)
            .filter_map(|l| l.split('"').next());
        let figures: Vec<String> = figures
            .map(|l| format!("/claims?{}", l.replace("&amp;", "&")))
            .collect();
        assert!(figures.len() >= 4, "{figures:?}");
        for figure in figures {
            let list = wang.get(&figure).await.expect(200).text;
            assert_eq!(list.contains(&claim.number), !figure.contains("cost=paid"), "{figure}");
        }
        assert!(page.contains(&format!("/claims/new?deal={}", world.deal)));
        let deal = wang
            .get(&format!("/api/v1/deals/{}", world.deal))
            .await
            .expect(200)
            .json();
        assert_eq!(deal["spend"][0]["pending"]["amount"], "154.00");
        assert_eq!(deal["claims"][0]["number"], claim.number.as_str());
        assert_eq!(deal["spend"][0]["share"], "0.01");
        let margin = &deal["spend"][0]["margin"];
        assert_eq!(
            (&margin["left"]["amount"], &margin["share"]),
            (&"1279846.00".into(), &"99.99".into())
        );
        assert!(page.contains("¥1,279,846.00"), "{page}");
        let move_to = |kind: &'static str| {
            world.app.db.write(move |sql| {
                Box::pin(async move {
                    sql.run("UPDATE deal SET stage_kind = $1", outlay::args![kind]).await?;
                    Ok(())
                })
            })
        };
        move_to("lost").await.expect("written");
        let lost = wang.get(&path).await.expect(200).text;
        assert!(!lost.contains("¥1,279,846.00") && lost.contains("¥154.00"), "{lost}");
        move_to("open").await.expect("written");
        // Sales operations see the figure and not whose claims they are.
        let deal = ops
            .get(&format!("/api/v1/deals/{}", world.deal))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (deal["claims"].as_array().map(Vec::len), deal["hidden_claims"].as_i64()),
            (Some(0), Some(1))
        );
        let jonas = world.as_("jonas").await;
        jonas.get(&path).await.expect(404);
        jonas.get(&format!("/api/v1/deals/{}", world.deal)).await.expect(404);
        assert!(
            !jonas
                .get("/crm/deals?view=all")
                .await
                .expect(200)
                .text
                .contains("产线检测二期")
        );
        assert!(
            wang.get("/crm/deals?view=mine")
                .await
                .expect(200)
                .text
                .contains("产线检测二期")
        );
        let account = wang
            .get(&format!("/crm/accounts/{}", world.account))
            .await
            .expect(200)
            .text;
        assert!(account.contains("¥154.00") && account.contains("产线检测二期"));
        assert!(
            wang.get("/crm/accounts?q=恒川")
                .await
                .expect(200)
                .text
                .contains("crm/accounts/")
        );
    });
}

#[test]
fn a_company_without_a_crm_keeps_its_own_records() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let form = wang.get("/crm/accounts/new").await.expect(200).text;
        assert!(form.contains("name=\"tax_id\""));
        let made = wang
            .form(
                "/crm/accounts",
                &[("name", "青禾食品"), ("city", "杭州"), ("owner", "")],
            )
            .await
            .expect(303);
        let account = made.headers["location"]
            .to_str()
            .expect("text")
            .rsplit('/')
            .next()
            .expect("an id")
            .to_owned();
        let deal = json!({"name": "年度续约", "account": account, "stage": "谈判", "on": "2026-12-18",
            "amount": {"amount": "640000.00", "currency": "CNY"}});
        let deal = wang.post("/api/v1/deals", deal).await.expect(201).json()["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let view = wang.get(&format!("/api/v1/deals/{deal}")).await.expect(200).json();
        assert_eq!(
            (&view["owner"]["name"], &view["amount"]["amount"]),
            (&json!("王敏"), &json!("640000.00"))
        );
        let revision = view["revision"].as_str().expect("a revision").to_owned();
        // Its owner wins it, which begins a draft.
        let won = json!({"name": "年度续约", "account": account, "stage_kind": "won", "revision": revision});
        wang.put(&format!("/api/v1/deals/{deal}"), won.clone())
            .await
            .expect(204);
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM claim WHERE origin LIKE 'won:%'").await,
            1
        );
        wang.put(&format!("/api/v1/deals/{deal}"), won).await.expect(409);
        // Nobody else's, and nothing that is wrong.
        let li = world.as_("li").await;
        li.put(&format!("/api/v1/deals/{deal}"), json!({"name": "x"}))
            .await
            .expect(404);
        let wrong = json!({"name": "", "amount": {"amount": "1e5"}});
        wang.post("/api/v1/deals", wrong).await.expect(422);
        let wrong = wang
            .post("/api/v1/deals", json!({"name": "x", "amount": {"amount": "1.005"}}))
            .await
            .expect(422);
        assert_eq!(wrong.json()["fields"][0]["field"], "amount");
        wang.post("/api/v1/deals", json!({"nme": "x"})).await.expect(422);
        connection(&world).await;
        let refused = wang.post("/api/v1/accounts", json!({"name": "x"})).await.expect(422);
        assert_eq!(refused.json()["fields"][0]["code"], "crm-is-master");
    });
}

#[test]
fn the_lists_turn_pages() {
    on_both(|world| async move {
        for n in 0..5 {
            apply(
                &world,
                None,
                record(&format!("D{n}"), "1", deal(&format!("商机{n}"), StageKind::Open, None)),
            )
            .await;
        }
        let ops = world.as_("ops").await;
        let (mut all, mut before) = (Vec::new(), String::new());
        loop {
            let page = ops
                .get(&format!("/api/v1/deals?limit=2{before}"))
                .await
                .expect(200)
                .json();
            let records = page["records"].as_array().expect("records").clone();
            all.extend(records.iter().map(|r| r["id"].as_str().expect("an id").to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            before = format!("&before={next}");
        }
        let mut sorted = all.clone();
        sorted.sort();
        sorted.reverse();
        sorted.dedup();
        assert_eq!((all.len(), &all), (6, &sorted));
        ops.get("/api/v1/deals?limit=0").await.expect(422);
    });
}

fn settings(name: &str, url: &str, key: Option<&str>) -> Value {
    json!({"kind": "tryton", "name": name, "settings": {"url": url, "database": "crm", "key": key.unwrap_or_default()}})
}

#[test]
fn a_connection_keeps_its_key_to_itself() {
    on_both(|world| async move {
        let admin = world.as_("ange").await;
        let body = settings("Tryton", "https://tryton.example.com", Some("s3cret-key"));
        let id = admin.post("/api/v1/connections", body.clone()).await.expect(201).json()["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        admin.post("/api/v1/connections", body).await.expect(422);
        let page = admin.get(&format!("/settings/connections/{id}")).await.expect(200).text;
        let json = admin.get("/api/v1/connections").await.expect(200).text;
        assert!(!page.contains("s3cret-key") && !json.contains("s3cret-key"));
        assert_eq!(
            count(
                &world,
                "SELECT COUNT(*) FROM connection WHERE sealed LIKE '%s3cret%' OR settings LIKE '%s3cret%'"
            )
            .await,
            0
        );
        // Renaming keeps the key; another server must be given its own.
        let path = format!("/api/v1/connections/{id}");
        let renamed = settings("CRM", "https://tryton.example.com", None);
        admin.put(&path, renamed).await.expect(204);
        let elsewhere = settings("CRM", "https://evil.example.com", None);
        admin.put(&path, elsewhere).await.expect(422);
        let inside = settings("x", "http://169.254.169.254/", Some("k"));
        admin.post("/api/v1/connections", inside).await.expect(422);
        world.as_("ops").await.get("/settings/connections").await.expect(403);
        admin.post(&format!("{path}/pause"), json!({})).await.expect(204);
        assert_eq!(admin.get(&path).await.expect(200).json()["paused"], true);
    });
}

#[test]
fn a_private_key_of_several_lines_is_entered_sealed_and_not_carried_elsewhere() {
    on_both(|world| async move {
        let admin = world.as_("ange").await;
        let page = admin
            .get("/settings/connections/new?kind=salesforce")
            .await
            .expect(200)
            .text;
        assert!(
            page.contains(r#"<textarea id="s-private_key" name="s.private_key""#),
            "{page}"
        );
        let entered = |audience: &str, key: &str| {
            json!({"kind": "salesforce", "name": "Salesforce", "settings": {
                "url": "https://acme.my.salesforce.com", "client_id": "3MVG9", "username": "outlay@example.com",
                "audience": audience, "private_key": key,
            }})
        };
        // A key that was made for tests and opens nothing.
        let key = include_str!("../../../fakes/src/salesforce/key.pem").replace('\n', "\r\n");
        let inner = key.lines().nth(3).expect("a line");
        let login = "https://login.salesforce.com";
        let made = admin
            .post("/api/v1/connections", entered(login, &key))
            .await
            .expect(201);
        let id = made.json()["id"].as_str().expect("an id").to_owned();
        let page = admin
            .get(&format!("/settings/connections/{id}/settings"))
            .await
            .expect(200)
            .text;
        let json = admin.get("/api/v1/connections").await.expect(200).text;
        assert!(!page.contains(inner) && !json.contains(inner));
        let opens = async || {
            let id: ConnectionId = id.parse().expect("an id");
            let connection = Connection::load(&mut world.app.db.read(), id)
                .await
                .expect("a connection");
            connection.connector(&world.app).is_ok()
        };
        assert!(opens().await, "its lines are kept");
        // Who only renames keeps it; whoever names another server, if only for the log-in, must know it.
        let path = format!("/api/v1/connections/{id}");
        admin.put(&path, entered(login, "")).await.expect(204);
        assert!(opens().await);
        admin
            .put(&path, entered("https://evil.example.com", ""))
            .await
            .expect(204);
        assert!(!opens().await);
    });
}

#[test]
fn a_deal_names_its_newest_claims_and_no_margin_over_two_currencies() {
    on_both(|world| async move {
        let wang = world.id("wang").await;
        let mut numbers = Vec::new();
        for _ in 0..102 {
            numbers.push(seed::draft(&world, "wang").await.number);
        }
        let jonas = seed::draft(&world, "jonas").await;
        seed::act(&world, jonas.content.claimant, jonas.id, Command::Submit).await;
        let last = seed::draft(&world, "wang").await;
        seed::act(&world, wang, last.id, Command::Submit).await;
        numbers.push(last.number);
        let client = world.as_("wang").await;
        for (objects, id) in [
            ("deals", world.deal.to_string()),
            ("accounts", world.account.to_string()),
        ] {
            let view = client.get(&format!("/api/v1/{objects}/{id}")).await.expect(200).json();
            let mut found: Vec<&str> = view["claims"]
                .as_array()
                .expect("claims")
                .iter()
                .filter_map(|c| c["number"].as_str())
                .collect();
            found.sort_unstable();
            assert_eq!(found, numbers[4..], "99 of the newest 100: one is somebody else's");
            assert_eq!(
                (&view["hidden_claims"], &view["more_claims"]),
                (&1.into(), &true.into())
            );
            let spend = view["spend"].as_array().expect("spend");
            assert_eq!(spend.len(), 2, "the figures are of all claims: {spend:?}");
            assert!(spend.iter().all(|s| s["margin"].is_null()), "{spend:?}");
            let page = client.get(&format!("/crm/{objects}/{id}")).await.expect(200).text;
            let object = objects.trim_end_matches('s');
            let all = format!("href=\"/claims?scope=all&amp;{object}={id}\"");
            assert!(page.contains("99+") && page.contains(&all), "{page}");
        }
    });
}

#[test]
fn the_currency_of_a_record_is_chosen_the_readers_own_first() {
    on_both(|world| async move {
        let options = |page: &str| -> Vec<String> {
            let select = page.split("name=\"currency\"").nth(1).expect("a field");
            let select = select.split("</select>").next().expect("a select");
            let options = select.split("<option value=\"").skip(1);
            options
                .map(|o| o.split("</option>").next().expect("an option").to_owned())
                .collect()
        };
        let page = world.as_("jonas").await.get("/crm/deals/new").await.expect(200).text;
        let all = options(&page);
        assert!(all[0].starts_with("EUR") && all[1].starts_with("CNY"), "{all:?}");
        assert!(all.iter().any(|o| o.starts_with("USD")), "{all:?}");
        let page = world
            .as_("ops")
            .await
            .get(&format!("/crm/deals/{}/edit", world.deal))
            .await
            .expect(200)
            .text;
        let all = options(&page);
        assert!(all.contains(&"CNY\" selected>CNY".to_owned()), "{all:?}");
    });
}
