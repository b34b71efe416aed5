//! The hub: records taken once, drafts begun once, lists as narrow as rights.

use jiff::ToSpan;
use jiff::civil::Date;
use outlay::auth::{Action, Person, Resource};
use outlay::crm::{self, Applied, Change};
use outlay::{args, clock};
use outlay_connect::{Account, Activity, Canonical, Contact, CrmUser, Deal, Object, Order, Project, Record, StageKind};
use outlay_core::ids::ConnectionId;
use outlay_core::{Currency, Money};
use uuid::Uuid;

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
