//! Mapping rules: seen beside records, tried, put into force on what is stored.

use std::sync::Arc;
use std::time::Duration;

use jiff::{Span, Timestamp};
use outlay::connections::Connection;
use outlay::connections::mapping::{Again, Asked, read_again, view_with};
use outlay::error::Error;
use outlay::jobs::{Handlers, Pace, Runner};
use outlay::{args, clock};
use outlay_connect::manifest::{self, Settings};
use outlay_connect::{Canonical, Connector, Guard, Object, Record};
use outlay_core::ids::ConnectionId;
use serde_json::{Value, json};

use crate::crm::{apply, connection};
use crate::fake_crm::crm;
use crate::world::{Client, World, on_both};

const HASTY: Pace = Pace {
    at_once: 4,
    lease: Duration::from_secs(30),
    first_wait: Duration::ZERO,
    patience: Duration::ZERO,
    tries: 3,
};

/// A Tryton whose rows are at hand, and that is never asked.
struct Place {
    id: ConnectionId,
    path: String,
    tryton: Box<dyn Connector>,
    admin: Client,
}

async fn write(world: &World, text: &'static str, values: Vec<outlay::db::Value>) {
    world
        .app
        .db
        .write(move |sql| {
            let values = values.clone();
            Box::pin(async move { Ok(sql.run(text, values).await?) })
        })
        .await
        .expect("written");
}

async fn place(world: &World) -> Place {
    let admin = world.as_("ange").await;
    let settings = json!({"url": "http://127.0.0.1:9", "database": "x", "key": "k"});
    let new = json!({"kind": "tryton", "name": "Tryton", "settings": settings});
    let made = admin.post("/api/v1/connections", new).await.expect(201).json();
    let id = made["id"].as_str().expect("an id").to_owned();
    let settings: Settings = [("url", "http://127.0.0.1:9"), ("database", "x"), ("key", "k")]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
    let guard = Guard::allowing(["127.0.0.1"]);
    Place {
        path: format!("/api/v1/connections/{id}/mapping"),
        id: id.parse().expect("an id"),
        tryton: manifest::open("tryton", &settings, &Default::default(), &guard).expect("a connector"),
        admin,
    }
}

fn at(moment: Timestamp) -> Value {
    let d = jiff::tz::TimeZone::UTC.to_datetime(moment);
    json!({"__class__": "datetime", "year": d.year(), "month": d.month(), "day": d.day(),
        "hour": d.hour(), "minute": d.minute(), "second": d.second(), "microsecond": 0})
}

fn days_ago(days: i64) -> Timestamp {
    clock::now()
        .checked_sub(Span::new().hours(24 * days))
        .expect("a moment")
}

fn user() -> Value {
    json!({"id": 1, "last_modified_at": at(days_ago(300)), "party": {"name": "王敏", "email": "wang@example.com"}, "active": true})
}

/// An opportunity that was changed last so many days ago.
fn opportunity(id: i64, days: i64) -> Value {
    json!({
        "id": id, "last_modified_at": at(days_ago(days)), "state": "opportunity", "description": format!("商机{id}"),
        "number": format!("OP{id}"), "employee": 1, "party": 7, "currency": {"code": "CNY"},
        "amount": {"__class__": "Decimal", "decimal": "1200.00"}, "priority": "A", "notes": {"phase": "signed"},
    })
}

impl Place {
    fn read(&self, object: Object, raw: &Value) -> Record {
        self.tryton.understand(object, raw).expect("legible").expect("one")
    }

    async fn fill(&self, world: &World, deals: &[Value]) {
        apply(world, Some(self.id), self.read(Object::CrmUser, &user())).await;
        for raw in deals {
            apply(world, Some(self.id), self.read(Object::Deal, raw)).await;
        }
    }

    async fn deal(&self, world: &World, id: i64) -> (String, String, Option<i64>, bool) {
        let mut sql = world.app.db.read();
        sql.one(
            "SELECT name, stage_kind, amount_minor, deleted FROM deal WHERE connection_id = $1 AND external_id = $2",
            args![self.id, id.to_string()],
        )
        .await
        .expect("there")
    }

    async fn force(&self, rules: Value) {
        let body = json!({"object": "deal", "rules": rules});
        self.admin.put(&self.path, body).await.expect(202);
    }

    async fn trial(&self, rules: Value) -> Value {
        let body = json!({"object": "deal", "rules": rules});
        let path = format!("{}/trial", self.path);
        self.admin.post(&path, body).await.expect(200).json()
    }

    async fn run(&self) -> Value {
        let seen = self.admin.get(&format!("{}?object=deal", self.path)).await.expect(200);
        seen.json()["run"].clone()
    }
}

async fn work(world: &World) {
    let handlers = Handlers::default().with("mapping", outlay::connections::mapping::job);
    let runner = Runner::new(world.app.clone(), handlers, HASTY);
    runner.pass().await.expect("worked");
}

async fn count(world: &World, text: &'static str) -> i64 {
    let (n,): (i64,) = world.app.db.read().one(text, args![]).await.expect("read");
    n
}

fn won() -> Value {
    json!({"stage_kind": {"from": "notes.phase", "words": {"signed": "won"}}})
}

const DRAFTS: &str = "SELECT COUNT(*) FROM claim WHERE origin LIKE 'won:%'";

#[test]
fn fields_stand_beside_a_record_with_what_they_come_from() {
    on_both(|world| async move {
        let place = place(&world).await;
        place.fill(&world, &[opportunity(1, 90), opportunity(2, 80)]).await;
        let path = format!("{}?object=deal&record=1", place.path);
        let seen = place.admin.get(&path).await.expect(200).json();
        let field = |seen: &Value, name: &str| {
            let fields = seen["fields"].as_array().expect("fields").clone();
            fields.into_iter().find(|f| f["field"] == name).expect("the field")
        };
        let amount = field(&seen, "amount");
        assert_eq!(
            (&amount["origin"], &amount["value"]),
            (&json!("connector"), &json!("1200.00 CNY"))
        );
        let paths = |field: &Value| {
            let raw = field["raw"].as_array().expect("raw").clone();
            let mut paths: Vec<String> = raw
                .into_iter()
                .map(|r| r["path"].as_str().expect("a path").to_owned())
                .collect();
            paths.sort_unstable();
            paths
        };
        assert_eq!(paths(&amount), ["amount.decimal", "currency.code"]);
        assert_eq!(paths(&field(&seen, "stage")), ["state"]);
        assert_eq!(paths(&field(&seen, "owner")), ["employee"]);
        let values = seen["record"]["values"].as_array().expect("values");
        let mut open: Vec<&str> = values
            .iter()
            .filter(|v| v["mapped"] == false)
            .map(|v| v["path"].as_str().expect("a path"))
            .collect();
        open.sort_unstable();
        assert_eq!(open, ["notes.phase", "priority"]);
        assert_eq!(
            (seen["stored"].as_i64(), seen["samples"].as_array().map(Vec::len)),
            (Some(2), Some(2))
        );
        place.force(json!({"name": "number"})).await;
        let seen = place.admin.get(&path).await.expect(200).json();
        assert_eq!(field(&seen, "name")["origin"], "changed");
        assert_eq!(
            (field(&seen, "name")["value"].clone(), paths(&field(&seen, "name"))),
            (json!("OP1"), vec!["number".into()])
        );
        assert_eq!(
            seen["objects"]
                .as_array()
                .expect("kinds")
                .iter()
                .filter(|o| o["changed"] == 1)
                .count(),
            1
        );
        let users = place
            .admin
            .get(&format!("{}?object=crm_user", place.path))
            .await
            .expect(200)
            .json();
        assert_eq!(users["users"][0]["employee_name"], "王敏");
        place
            .admin
            .get(&format!("{}?object=activity", place.path))
            .await
            .expect(422);
        world.as_("zhao").await.get(&place.path).await.expect(403);
    });
}

#[test]
fn without_stored_records_the_crm_is_asked_and_nothing_is_kept() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut sql = world.app.db.read();
        let connection = Connection::load(&mut sql, c).await.expect("there");
        let asked = Asked {
            object: "deal".into(),
            ..Asked::default()
        };
        let seen = view_with(&mut sql, &connection, &crm(20), &asked)
            .await
            .expect("a view");
        assert_eq!((seen.samples.len(), seen.stored), (10, 0));
        assert_eq!(seen.record.expect("the first").label, "商机0");
        assert_eq!(count(&world, "SELECT COUNT(*) FROM crm_raw").await, 0);
    });
}

#[test]
fn a_dry_run_tells_what_would_change_and_changes_nothing() {
    on_both(|world| async move {
        let place = place(&world).await;
        place.fill(&world, &[opportunity(1, 90), opportunity(2, 80)]).await;
        let tried = place.trial(won()).await;
        assert_eq!(
            (
                tried["tried"].as_i64(),
                tried["changed"].as_i64(),
                tried["refused"].as_i64()
            ),
            (Some(2), Some(2), Some(0))
        );
        assert_eq!(tried["fields"], json!([{"field": "stage_kind", "records": 2}]));
        assert_eq!(
            tried["records"][0]["changes"],
            json!([{"field": "stage_kind", "before": "open", "after": "won"}])
        );
        let tried = place
            .trial(json!({"close_on": "priority", "name": {"from": ["no.such", "number"]}}))
            .await;
        assert_eq!(
            (tried["changed"].as_i64(), tried["refused"].as_i64()),
            (Some(0), Some(2))
        );
        assert_eq!(tried["refusals"][0]["reason"], "close_on: \"A\" is no day");
        assert_eq!(tried["warnings"], json!([{"field": "name", "path": "no.such"}]));
        assert_eq!(place.deal(&world, 1).await.1, "open");
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM connection WHERE mapping <> '{}'").await,
            0
        );
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM job WHERE kind = 'mapping'").await,
            0
        );
    });
}

#[test]
fn rules_that_cannot_be_are_refused_by_their_field() {
    on_both(|world| async move {
        let place = place(&world).await;
        let wrong = json!({
            "nome": "x",
            "name": {"from": []},
            "amount": {"from": "amount.decimal"},
            "close_on": {"default": "soon"},
            "stage_kind": {"from": "state", "words": {"x": "sold"}},
            "probability": {"from": "p", "whole": 7},
            "stage": {"from": "state", "round": true, "currency": {"default": "CNY"}},
        });
        let body = json!({"object": "deal", "rules": wrong});
        for (refused, n) in [
            (place.admin.put(&place.path, body.clone()).await, 1),
            (place.admin.post(&format!("{}/trial", place.path), body).await, 2),
        ] {
            let said = refused.expect(422).json();
            let fields: Vec<(&str, &str)> = said["fields"]
                .as_array()
                .expect("fields")
                .iter()
                .map(|f| (f["field"].as_str().unwrap_or(""), f["code"].as_str().unwrap_or("")))
                .collect();
            for expected in [
                ("rules.nome", "mapping-field"),
                ("rules.name.from", "mapping-empty"),
                ("rules.amount.currency.from", "mapping-currency"),
                ("rules.close_on.default", "mapping-default"),
                ("rules.stage_kind.words", "stage-kind"),
                ("rules.probability.whole", "mapping-whole"),
                ("rules.stage.round", "mapping-kind"),
                ("rules.stage.currency", "mapping-kind"),
            ] {
                assert!(fields.contains(&expected), "{n}: {expected:?} {fields:?}");
            }
        }
        let code = json!({"object": "deal", "rules": {"amount": {"from": "x", "currency": {"words": {"RMB": "YUAN"}, "default": "CNY"}}}});
        let said = place.admin.put(&place.path, code).await.expect(422).json();
        assert_eq!(said["fields"][0]["field"], "rules.amount.currency.words");
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM connection WHERE mapping <> '{}'").await,
            0
        );
    });
}

#[test]
fn rules_in_force_are_applied_to_what_is_stored_and_old_deals_begin_no_drafts() {
    on_both(|world| async move {
        let place = place(&world).await;
        let deals: Vec<Value> = (1..=250)
            .map(|n| opportunity(n, if n == 250 { 2 } else { 90 }))
            .collect();
        place.fill(&world, &deals).await;
        assert_eq!(count(&world, DRAFTS).await, 0);
        let mut rules = won();
        rules["name"] = json!("number");
        place.force(rules.clone()).await;
        assert_eq!(place.run().await["ended_at"], json!(null));
        work(&world).await;
        let run = place.run().await;
        let n = |name: &str| run[name].as_i64();
        assert!(run["ended_at"].is_string(), "{run}");
        assert_eq!(
            (n("total"), n("seen"), n("changed"), n("refused"), n("drafted")),
            (Some(250), Some(250), Some(250), Some(0), Some(1))
        );
        assert_eq!(
            place.deal(&world, 7).await,
            ("OP7".into(), "won".into(), Some(120_000), false)
        );
        assert_eq!(
            count(&world, DRAFTS).await,
            1,
            "only the deal that changed two days ago"
        );
        let at = days_ago(80).as_microsecond();
        let (old,): (i64,) = world
            .app
            .db
            .read()
            .one(
                "SELECT COUNT(*) FROM deal WHERE stage_kind = 'won' AND won_at < $1",
                args![at],
            )
            .await
            .expect("read");
        assert_eq!(old, 249, "won when they changed last, not today");
        let found = place.admin.get("/api/v1/audit").await;
        assert_eq!(found.status, 403);
        let told = world.as_("audit").await.get("/api/v1/audit").await.expect(200).text;
        assert!(told.contains("mapping deal name stage_kind"));
        // The same again is no change.
        let jobs = count(&world, "SELECT COUNT(*) FROM job WHERE kind = 'mapping'").await;
        place.force(rules).await;
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM job WHERE kind = 'mapping'").await,
            jobs
        );
        // The usual rules again.
        place.force(json!({})).await;
        work(&world).await;
        assert_eq!(
            place.deal(&world, 7).await,
            ("商机7".into(), "open".into(), Some(120_000), false)
        );
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM connection WHERE mapping <> '{}'").await,
            0
        );
    });
}

#[test]
fn what_is_archived_stays_so_and_search_follows_a_rule() {
    on_both(|world| async move {
        let place = place(&world).await;
        place.fill(&world, &[opportunity(1, 90), opportunity(2, 90)]).await;
        write(
            &world,
            "UPDATE deal SET deleted = $1 WHERE external_id = '1'",
            args![true],
        )
        .await;
        // The number is in no column, only in the search.
        place
            .force(json!({"number": {"from": "id", "words": {"2": "ZX-81"}}}))
            .await;
        work(&world).await;
        assert!(place.deal(&world, 1).await.3);
        let hits = world
            .as_("wang")
            .await
            .get("/api/v1/search?q=ZX-81")
            .await
            .expect(200)
            .text;
        assert!(hits.contains("商机2"), "{hits}");
    });
}

#[test]
fn dead_letters_are_read_by_the_new_rules_and_what_they_refuse_becomes_one() {
    on_both(|world| async move {
        let place = place(&world).await;
        place.fill(&world, &[opportunity(1, 90), opportunity(2, 90)]).await;
        let mut bad = opportunity(3, 90);
        bad["currency"]["code"] = json!("RMB");
        let mut newer = opportunity(2, 10);
        newer["currency"]["code"] = json!("RMB");
        for raw in [&bad, &newer] {
            let id = raw["id"].to_string();
            write(
                &world,
                "INSERT INTO sync_refused (connection_id, object, external_id, reason, raw, tries, at) VALUES ($1, 'deal', $2, 'x', $3, 1, 0)",
                args![place.id, id, raw.to_string()],
            )
            .await;
        }
        let rules = json!({"amount": {"from": "amount.decimal", "currency": {"from": "currency.code", "words": {"RMB": "CNY"}}}});
        // Tryton's own code refuses the currency before any rule is asked.
        let tried = place.trial(rules).await;
        assert_eq!((tried["tried"].as_i64(), tried["taken"].as_i64()), (Some(4), Some(0)));
        let close = json!({"close_on": {"from": "notes.phase"}});
        place.force(close).await;
        work(&world).await;
        assert_eq!(count(&world, "SELECT COUNT(*) FROM sync_refused").await, 3);
        assert_eq!(place.run().await["refused"], 3);
        let kept = "SELECT COUNT(*) FROM sync_refused WHERE external_id = '2' AND raw LIKE '%RMB%'";
        assert_eq!(count(&world, kept).await, 1, "the newer state, not the stored one");
        // Without that rule the first is taken again; the others are what they were.
        place.force(json!({})).await;
        work(&world).await;
        assert_eq!(count(&world, "SELECT COUNT(*) FROM sync_refused").await, 2);
    });
}

#[test]
fn a_run_that_dies_goes_on_and_a_newer_one_takes_its_place() {
    on_both(|world| async move {
        let place = place(&world).await;
        let deals: Vec<Value> = (1..=250).map(|n| opportunity(n, 90)).collect();
        place.fill(&world, &deals).await;
        place.force(json!({"name": "number"})).await;
        let (payload,): (String,) = world
            .app
            .db
            .read()
            .one("SELECT payload FROM job WHERE kind = 'mapping'", args![])
            .await
            .expect("a job");
        let again: Again = serde_json::from_str(&payload).expect("a job");
        let connector = || async {
            let connection = Connection::load(&mut world.app.db.read(), place.id)
                .await
                .expect("there");
            let connector: Arc<dyn Connector> = Arc::from(connection.connector(&world.app).expect("a connector"));
            connector
        };
        // While a pull is under way it waits.
        let later = clock::now().as_microsecond() + 60_000_000;
        let lease = format!("pull:{}", place.id);
        write(
            &world,
            "INSERT INTO lease (name, holder, until) VALUES ($1, 'a pull', $2)",
            args![&lease, later],
        )
        .await;
        let refused = read_again(&world.app, &again, connector().await, 9).await;
        assert!(matches!(refused, Err(Error::Conflict)));
        write(&world, "DELETE FROM lease WHERE name = $1", args![&lease]).await;
        // The dead letters, and one page; then another job reads on.
        read_again(&world.app, &again, connector().await, 2)
            .await
            .expect("read");
        assert_eq!(place.run().await["seen"], 100);
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM lease WHERE name LIKE 'pull:%'").await,
            0
        );
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM job WHERE kind = 'mapping'").await,
            2
        );
        read_again(&world.app, &again, connector().await, 1)
            .await
            .expect("read");
        assert_eq!(place.run().await["seen"], 200);
        // A newer change begins anew, and the run before does nothing more.
        place.force(json!({"name": "priority"})).await;
        read_again(&world.app, &again, connector().await, 9)
            .await
            .expect("nothing");
        assert_eq!(place.run().await["seen"], 0);
        work(&world).await;
        let run = place.run().await;
        assert_eq!((run["seen"].as_i64(), run["changed"].as_i64()), (Some(250), Some(250)));
        assert_eq!(count(&world, "SELECT COUNT(*) FROM deal WHERE name = 'A'").await, 250);
        assert_eq!(count(&world, "SELECT COUNT(*) FROM job WHERE state <> 'done'").await, 0);
    });
}

#[test]
fn what_no_stored_record_has_is_asked_for_anew() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(150);
        for record in &fake.records {
            apply(&world, Some(c), record.clone()).await;
        }
        let admin = world.as_("ange").await;
        let path = format!("/api/v1/connections/{c}/mapping");
        let body = json!({"object": "deal", "rules": {"name": "not_asked_for_before"}});
        admin.put(&path, body).await.expect(202);
        let (payload,): (String,) = world
            .app
            .db
            .read()
            .one("SELECT payload FROM job WHERE kind = 'mapping'", args![])
            .await
            .expect("a job");
        let again: Again = serde_json::from_str(&payload).expect("a job");
        for record in &mut fake.records {
            if let Canonical::Deal(deal) = &mut record.body {
                deal.name = "新名".into();
            }
        }
        read_again(&world.app, &again, Arc::new(fake), 9).await.expect("read");
        let named = "SELECT COUNT(*) FROM deal WHERE name = '新名'";
        assert_eq!(count(&world, named).await, 150);
        let run: (i64, i64, bool, bool) = world
            .app
            .db
            .read()
            .one(
                "SELECT seen, changed, anew, ended_at IS NOT NULL FROM mapping_run",
                args![],
            )
            .await
            .expect("a run");
        assert_eq!(run, (150, 150, true, true));
    });
}

#[test]
fn the_page_edits_a_rule_tries_it_and_puts_it_into_force() {
    on_both(|world| async move {
        let place = place(&world).await;
        place.fill(&world, &[opportunity(1, 90)]).await;
        let page = format!("/settings/connections/{}/mapping", place.id);
        let monitor = place
            .admin
            .get(&format!("/settings/connections/{}", place.id))
            .await
            .expect(200)
            .text;
        assert!(monitor.contains(&page));
        let seen = place
            .admin
            .get(&format!("{page}?object=deal&field=amount&record=1"))
            .await
            .expect(200)
            .text;
        for part in [
            "amount.decimal",
            "1200.00 CNY",
            "name=\"currency_words\"",
            "notes.phase",
        ] {
            assert!(seen.contains(part), "{part}");
        }
        let trial = format!("{page}/trial");
        let form = [
            ("object", "deal"),
            ("field", "stage_kind"),
            ("record", "1"),
            ("from", "notes.phase"),
        ];
        let sent = |more: &[(&'static str, &'static str)]| [&form[..], more].concat();
        let seen = place
            .admin
            .form(&trial, &sent(&[("words", "signed")]))
            .await
            .expect(200)
            .text;
        assert!(seen.contains("e-words") && !seen.contains("h-tried"));
        let seen = place
            .admin
            .form(&trial, &sent(&[("add", "priority")]))
            .await
            .expect(200)
            .text;
        assert!(seen.contains("notes.phase\npriority") && !seen.contains("h-tried"));
        let good = sent(&[("words", "signed = won")]);
        let seen = place.admin.form(&trial, &good).await.expect(200).text;
        assert!(seen.contains("<del>open</del> → <ins>won</ins>"), "{seen}");
        assert_eq!(place.deal(&world, 1).await.1, "open");
        world.as_("zhao").await.form(&page, &good).await.expect(403);
        place.admin.form(&page, &good).await.expect(303);
        work(&world).await;
        assert_eq!(place.deal(&world, 1).await.1, "won");
        let back = sent(&[("usual", "true")]);
        let seen = place.admin.form(&trial, &back).await.expect(200).text;
        assert!(seen.contains("<del>won</del> → <ins>open</ins>"));
        place.admin.form(&page, &back).await.expect(303);
        work(&world).await;
        assert_eq!(place.deal(&world, 1).await.1, "open");
    });
}
