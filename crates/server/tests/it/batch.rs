//! Records stored a page at a time and one by one: the tables are the same, on both databases.

use jiff::ToSpan;
use outlay::clock;
use outlay::crm::store::{self, Reading};
use outlay_connect::{Account, Activity, Canonical, Contact, CrmUser, Deal, Object, Order, Project, Record, StageKind};
use outlay_core::ids::ConnectionId;
use outlay_core::{Currency, Money};

use crate::crm::{connection, record};
use crate::world::World;

/// What comes from the CRM.
#[derive(Clone)]
enum Step {
    Page(Vec<Record>, Reading),
    Gone(Object, String),
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// An id that may never come, or none.
    fn id(&mut self, object: Object) -> Option<String> {
        (self.below(4) > 0).then(|| format!("{}{}", &object.as_str()[..2], self.below(6)))
    }

    fn record(&mut self, object: Object) -> Record {
        let today = clock::day(clock::now(), "UTC");
        let name = self
            .one(&["恒川精密", "二期 Line", "Nord GmbH", "华东 项目"])
            .to_owned();
        let on = Some(today - (self.below(3) as i64 * 5).days());
        let amount = (self.below(3) > 0).then(|| Money::new(self.below(900) as i64, Currency::CNY));
        let body = match object {
            Object::CrmUser => Canonical::CrmUser(CrmUser {
                name,
                email: Some(
                    self.one(&["wang@example.com", "LI@example.com", "x@example.com", ""])
                        .to_owned(),
                ),
                login: None,
                active: true,
            }),
            Object::Account => Canonical::Account(Account {
                name,
                code: self.id(Object::Order),
                owner: self.id(Object::CrmUser),
                ..Account::default()
            }),
            Object::Contact => Canonical::Contact(Contact {
                name,
                account: self.id(Object::Account),
                ..Contact::default()
            }),
            Object::Deal => Canonical::Deal(Deal {
                name,
                account: self.id(Object::Account),
                contact: self.id(Object::Contact),
                owner: self.id(Object::CrmUser),
                project: self.id(Object::Project),
                stage_kind: self.one(&[StageKind::Open, StageKind::Won, StageKind::Lost]),
                close_on: on,
                amount,
                ..Deal::default()
            }),
            Object::Project => Canonical::Project(Project {
                name,
                account: self.id(Object::Account),
                deal: self.id(Object::Deal),
                ..Project::default()
            }),
            Object::Order => Canonical::Order(Order {
                number: name,
                account: self.id(Object::Account),
                deal: self.id(Object::Deal),
                amount,
                ..Order::default()
            }),
            Object::Activity => Canonical::Activity(Activity {
                kind: self.one(&["visit", "call"]).to_owned(),
                subject: name,
                account: self.id(Object::Account),
                contact: self.id(Object::Contact),
                deal: self.id(Object::Deal),
                owner: self.id(Object::CrmUser),
                on,
                ..Activity::default()
            }),
        };
        let id = format!("{}{}", &object.as_str()[..2], self.below(5));
        let revision = format!("{}~{}", self.below(6), self.below(2));
        Record {
            deleted: self.below(8) == 0,
            ..record(&id, &revision, body)
        }
    }

    fn step(&mut self) -> Step {
        if self.below(8) == 0 {
            let object = self.one(&Object::ALL);
            return Step::Gone(object, format!("{}{}", &object.as_str()[..2], self.below(5)));
        }
        let object = self.one(&Object::ALL);
        let reading = self.one(&[Reading::First, Reading::First, Reading::Again, Reading::SetBack]);
        let mixed = self.below(6) == 0;
        let records = (0..1 + self.below(9)).map(|_| {
            let object = if mixed { self.one(&Object::ALL) } else { object };
            self.record(object)
        });
        Step::Page(records.collect(), reading)
    }
}

/// Takes it at once, or record by record in a transaction each.
async fn take(world: &World, c: ConnectionId, step: &Step, at_once: bool) {
    let parts: Vec<Step> = match step {
        Step::Page(records, reading) if !at_once => {
            records.iter().map(|r| Step::Page(vec![r.clone()], *reading)).collect()
        }
        step => vec![step.clone()],
    };
    for part in parts {
        let app = world.app.clone();
        let stored = world.app.db.write(move |sql| {
            let (app, part) = (app.clone(), part.clone());
            Box::pin(async move {
                match part {
                    Step::Page(records, reading) => {
                        let done = store::apply_all(sql, &app, Some(c), &records, reading).await?;
                        assert_eq!(done.len(), records.len());
                    }
                    Step::Gone(object, id) => store::archive(sql, c, object, &id).await?,
                }
                Ok(())
            })
        });
        stored.await.expect("stored");
    }
}

/// All that is stored, without our own ids and times.
async fn tables(world: &World) -> Vec<String> {
    let gone = "CASE WHEN r.deleted THEN ' gone' ELSE '' END";
    let of = |table: &str, field: &str| {
        format!("COALESCE((SELECT p.external_id FROM {table} p WHERE p.id = r.{field}), '-')")
    };
    let (account, contact, deal) = (
        of("account", "account_id"),
        of("contact", "contact_id"),
        of("deal", "deal_id"),
    );
    let owner = "COALESCE((SELECT e.email FROM employee e WHERE e.id = r.owner_id), '-') || COALESCE(r.crm_owner, '-')";
    let amount = "COALESCE(CAST(r.amount_minor AS TEXT), '-')";
    let full = |table: &str, rest: &str| {
        format!(
            "SELECT '{table} ' || r.external_id || ' ' || r.revision || {gone} || ' ' || {rest} FROM {table} r \
             WHERE r.connection_id IS NOT NULL"
        )
    };
    let child = "(SELECT external_id FROM contact WHERE id = r.child_id UNION ALL SELECT external_id FROM deal WHERE id = r.child_id \
        UNION ALL SELECT external_id FROM project WHERE id = r.child_id UNION ALL SELECT external_id FROM sales_order \
        WHERE id = r.child_id UNION ALL SELECT external_id FROM activity WHERE id = r.child_id)";
    let queries = [
        "SELECT 'user ' || r.external_id || ' ' || r.name || ' ' || r.email || ' ' || \
         COALESCE((SELECT e.email FROM employee e WHERE e.id = r.employee_id), '-') FROM crm_user r"
            .to_owned(),
        full("account", &format!("r.name || ' ' || {owner}")),
        full("contact", &format!("r.name || ' ' || {account}")),
        full(
            "deal",
            &format!(
                "r.name || ' ' || r.stage_kind || ' ' || COALESCE(CAST(r.won_at AS TEXT), '-') || {amount} || {owner} || \
                 {account} || {contact}"
            ),
        ),
        full("project", &format!("r.name || ' ' || {account} || {deal}")),
        full(
            "sales_order",
            &format!("r.number || ' ' || {account} || {deal} || {amount}"),
        ),
        full(
            "activity",
            &format!("r.subject || ' ' || r.kind || r.happened_on || {owner} || {account} || {contact} || {deal}"),
        ),
        "SELECT 'raw ' || r.object || ' ' || r.external_id || ' ' || r.revision || ' ' || r.body FROM crm_raw r"
            .to_owned(),
        format!("SELECT 'waits ' || {child} || ' ' || r.field || ' ' || r.object || r.external_id FROM crm_awaited r"),
        "SELECT 'claim ' || r.title || ' ' || (SELECT e.email FROM employee e WHERE e.id = r.claimant_id) || ' ' || \
         (SELECT external_id FROM deal WHERE 'won:' || id = r.origin UNION ALL \
         SELECT external_id FROM activity WHERE 'visit:' || id = r.origin) FROM claim r WHERE r.origin IS NOT NULL"
            .to_owned(),
    ];
    let mut sql = world.app.db.read();
    let mut all = Vec::new();
    for query in queries {
        let rows: Vec<(String,)> = sql.all_built(query, vec![]).await.expect("read");
        all.extend(rows.into_iter().map(|(row,)| row));
    }
    for object in Object::ALL.into_iter().filter(|o| *o != Object::CrmUser) {
        for words in ["精密", "line", "华东 项目", "gmbh no", "or1", "de3"] {
            for id in outlay::search::find(&mut sql, object.as_str(), words, 99)
                .await
                .expect("read")
            {
                let text = format!("SELECT external_id FROM {} WHERE id = $1", store::table(object));
                let rows: Vec<(String,)> = sql.all_built(text, outlay::args![id]).await.expect("read");
                all.push(format!("found {object} by {words}: {}", rows[0].0));
            }
        }
    }
    all.sort();
    all
}

async fn walk(seed: u64, postgres: Option<&str>) {
    let mut worlds = Vec::new();
    for at_once in [true, false] {
        worlds.push((World::on_sqlite().await, at_once));
        if let Some(url) = postgres {
            worlds.push((World::on_postgres(url).await, at_once));
        }
    }
    let mut connections = Vec::new();
    for (world, _) in &worlds {
        connections.push(connection(world).await);
    }
    let mut dice = Dice(seed);
    let (mut waited, mut drafted, mut found) = (false, false, false);
    for n in 0..40 {
        let step = dice.step();
        let mut first = None;
        for ((world, at_once), c) in worlds.iter().zip(&connections) {
            take(world, *c, &step, *at_once).await;
            if n % 4 != 3 {
                continue;
            }
            let now = tables(world).await;
            let has = |word: &str| now.iter().any(|row| row.starts_with(word));
            (waited, drafted, found) = (waited | has("waits"), drafted | has("claim"), found | has("found"));
            let first = first.get_or_insert_with(|| now.clone());
            assert_eq!(*first, now, "seed {seed}, step {n}, at once: {at_once}");
        }
    }
    assert!(waited && drafted && found, "seed {seed} met too little");
}

#[test]
fn pages_and_single_records_make_the_same_tables() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.expect("runtime").block_on(async {
        let postgres = std::env::var("OUTLAY_TEST_POSTGRES").ok();
        if postgres.is_none() {
            eprintln!("NOT RUN on PostgreSQL: OUTLAY_TEST_POSTGRES is not set");
        }
        for seed in [0x2545_f491_4f6c_dd1d, 7, 0x9e37_79b9_7f4a_7c15] {
            walk(seed, postgres.as_deref()).await;
        }
    });
}
