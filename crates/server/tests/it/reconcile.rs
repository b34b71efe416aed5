//! Comparing a CRM whole with what is stored, and dead letters.

use outlay::args;
use outlay::connections::dead::{self, Retried};
use outlay::connections::reconcile::{ReconcileReport, reconcile_with};
use outlay::connections::{self, pull::pull_with};
use outlay_connect::{Object, Rejected, StageKind};
use outlay_core::ids::ConnectionId;
use serde_json::json;

use crate::crm::connection;
use crate::fake_crm::{Fake, crm, deal};
use crate::world::{World, on_both};

async fn count(world: &World, text: &'static str, c: ConnectionId) -> i64 {
    let (n,): (i64,) = world.app.db.read().one(text, args![c]).await.expect("read");
    n
}

async fn reconcile(world: &World, c: ConnectionId, fake: &Fake) -> ReconcileReport {
    let report = reconcile_with(&world.app, c, fake).await.expect("a report");
    assert_eq!(report.error, None);
    report
}

fn deals(report: &ReconcileReport) -> (i64, i64, i64, i64) {
    let of = report.objects.iter().find(|o| o.object == "deal").expect("deals");
    (of.equal, of.missing, of.extra, of.differing)
}

const LIVING: &str = "SELECT COUNT(*) FROM deal WHERE connection_id = $1 AND NOT deleted";

#[test]
fn a_reconcile_finds_and_mends_what_the_pull_missed() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(40);
        pull_with(&world.app, c, &fake).await.expect("pulled");
        assert_eq!(deals(&reconcile(&world, c, &fake).await), (40, 0, 0, 0));
        // One changed, one came and one went, and none of it was told.
        let at = |fake: &Fake, id: &str| fake.records.iter().position(|r| r.external_id == id).expect("there");
        let changed = at(&fake, "D3");
        fake.records[changed] = deal(3, "9", StageKind::Lost);
        fake.records.push(deal(40, "1", StageKind::Open));
        let gone = at(&fake, "D7");
        fake.records.remove(gone);
        let report = reconcile(&world, c, &fake).await;
        assert_eq!((deals(&report), report.waiting), ((38, 1, 1, 1), 0));
        assert_eq!(count(&world, LIVING, c).await, 40);
        let lost = "SELECT COUNT(*) FROM deal WHERE connection_id = $1 AND external_id = 'D3' AND stage_kind = 'lost'";
        assert_eq!(count(&world, lost, c).await, 1);
        let archived = "SELECT COUNT(*) FROM deal WHERE connection_id = $1 AND external_id = 'D7' AND deleted";
        assert_eq!(count(&world, archived, c).await, 1);
        assert_eq!(deals(&reconcile(&world, c, &fake).await), (40, 0, 0, 0));
    });
}

#[test]
fn how_many_may_go_unasked_is_set_for_each_connection() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let admin = world.as_("ange").await;
        let path = format!("/api/v1/connections/{c}");
        let place = |percent: i64| {
            json!({"kind": "tryton", "name": "CRM", "unasked_percent": percent,
                "settings": {"url": "https://crm.example.com", "database": "crm", "key": "k"}})
        };
        admin.put(&path, place(101)).await.expect(422);
        assert_eq!(admin.get(&path).await.expect(200).json()["unasked_percent"], 5);
        admin.put(&path, place(75)).await.expect(204);
        assert_eq!(admin.get(&path).await.expect(200).json()["unasked_percent"], 75);
        let form = admin
            .get(&format!("/settings/connections/{c}/settings"))
            .await
            .expect(200)
            .text;
        assert!(form.contains(r#"value="75""#), "{form}");
        let mut fake = crm(40);
        pull_with(&world.app, c, &fake).await.expect("pulled");
        fake.records
            .retain(|r| r.object != Object::Deal || r.external_id.len() == 2);
        let report = reconcile(&world, c, &fake).await;
        assert_eq!((deals(&report), report.waiting), ((10, 0, 30, 0), 0));
        assert_eq!(count(&world, LIVING, c).await, 10);
        // Never without asking.
        admin.put(&path, place(0)).await.expect(204);
        fake.records
            .retain(|r| r.object != Object::Deal || r.external_id != "D1");
        assert_eq!(reconcile(&world, c, &fake).await.waiting, 1);
        assert_eq!(count(&world, LIVING, c).await, 10);
    });
}

#[test]
fn what_a_list_just_missed_is_not_gone() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(40);
        pull_with(&world.app, c, &fake).await.expect("pulled");
        fake.unlisted = vec!["D1".into()];
        assert_eq!(deals(&reconcile(&world, c, &fake).await), (39, 0, 0, 0));
        assert_eq!(count(&world, LIVING, c).await, 40);
    });
}

#[test]
fn too_many_gone_wait_for_a_person() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(40);
        pull_with(&world.app, c, &fake).await.expect("pulled");
        fake.records
            .retain(|r| r.object != Object::Deal || r.external_id.len() == 2);
        let report = reconcile(&world, c, &fake).await;
        assert_eq!((deals(&report), report.waiting), ((10, 0, 30, 0), 30));
        assert_eq!(count(&world, LIVING, c).await, 40);
        let admin = world.as_("ange").await;
        let path = format!("/api/v1/connections/{c}");
        let seen = admin.get(&path).await.expect(200).json();
        assert_eq!(seen["reconcile"]["waiting"], 30);
        let page = admin.get(&format!("/settings/connections/{c}")).await.expect(200).text;
        assert!(page.contains("30 records vanished from the CRM") || page.contains("30 条记录已从 CRM 消失"));
        world
            .as_("ops")
            .await
            .post(&format!("{path}/reconcile/archive"), json!({}))
            .await
            .expect(403);
        admin
            .post(&format!("{path}/reconcile/archive"), json!({}))
            .await
            .expect(204);
        assert_eq!(count(&world, LIVING, c).await, 10);
        assert_eq!(admin.get(&path).await.expect(200).json()["reconcile"]["waiting"], 0);
    });
}

#[test]
fn a_dead_letter_is_kept_counted_and_tried_again() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(2);
        let bad = |id: &str| Rejected {
            object: Object::Deal,
            external_id: Some(id.into()),
            reason: "amount: \"RMB\" is no ISO 4217 currency".into(),
            raw: json!({"id": id, "currency": "RMB"}),
        };
        fake.rejected = vec![bad("D8"), bad("D9")];
        pull_with(&world.app, c, &fake).await.expect("pulled");
        let admin = world.as_("ange").await;
        let path = format!("/api/v1/connections/{c}");
        let seen = admin.get(&path).await.expect(200).json();
        assert_eq!(seen["refused_count"], 2);
        assert_eq!(seen["refused"][0]["tries"], 1);
        assert!(seen["refused"][0]["raw"].as_str().expect("raw").contains("RMB"));
        // One was mended in the CRM, the other was not.
        fake.records.push(deal(8, "2", StageKind::Open));
        let done = dead::retry_with(&world.app, c, &fake, dead::Wanted::default())
            .await
            .expect("tried");
        assert_eq!(
            done,
            Retried {
                taken: 1,
                gone: 0,
                refused: 1
            }
        );
        let seen = admin.get(&path).await.expect(200).json();
        assert_eq!(
            (&seen["refused_count"], &seen["refused"][0]["tries"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(count(&world, LIVING, c).await, 3);
        // The other was deleted in the CRM.
        fake.rejected.clear();
        let wanted = dead::Wanted {
            object: Some("deal".into()),
            external_id: Some("D9".into()),
        };
        let done = dead::retry_with(&world.app, c, &fake, wanted).await.expect("tried");
        assert_eq!(
            done,
            Retried {
                taken: 0,
                gone: 1,
                refused: 0
            }
        );
        assert_eq!(admin.get(&path).await.expect(200).json()["refused_count"], 0);
    });
}

#[test]
fn a_kind_that_the_crm_refuses_keeps_no_other_waiting() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(4);
        pull_with(&world.app, c, &fake).await.expect("pulled");
        fake.closed = Some(Object::Account);
        let report = reconcile_with(&world.app, c, &fake).await.expect("a report");
        assert!(
            report.error.as_deref().is_some_and(|e| e.contains("no right")),
            "{report:?}"
        );
        assert_eq!(deals(&report), (4, 0, 0, 0));
        let account = "SELECT COUNT(*) FROM account WHERE connection_id = $1 AND NOT deleted";
        assert_eq!(count(&world, account, c).await, 1);
    });
}

#[test]
fn a_letter_without_an_id_outlives_the_retry_of_another() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(2);
        let bad = |id: Option<&str>| Rejected {
            object: Object::Deal,
            external_id: id.map(str::to_owned),
            reason: "id: is missing".into(),
            raw: json!({"name": "x"}),
        };
        fake.rejected = vec![bad(None), bad(Some("D8"))];
        pull_with(&world.app, c, &fake).await.expect("pulled");
        fake.records.push(deal(8, "2", StageKind::Open));
        let wanted = dead::Wanted {
            object: Some("deal".into()),
            external_id: Some("D8".into()),
        };
        let done = dead::retry_with(&world.app, c, &fake, wanted).await.expect("tried");
        assert_eq!((done.taken, done.refused), (1, 0));
        let left = "SELECT COUNT(*) FROM sync_refused WHERE connection_id = $1 AND external_id = ''";
        assert_eq!(count(&world, left, c).await, 1);
    });
}

#[test]
fn a_live_connection_is_proved_without_storing_anything() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let fake = crm(4);
        let lines = connections::probe::probe(&fake, Some(&"deal:D1".parse().expect("a record"))).await;
        let failed = lines
            .iter()
            .filter(|l| l.outcome == connections::probe::Outcome::Failed);
        assert_eq!(failed.count(), 0, "{lines:?}");
        assert!(
            lines
                .iter()
                .any(|l| l.what == "read deal" && l.text == "2 read, the first is D0"),
            "{lines:?}"
        );
        assert_eq!(count(&world, LIVING, c).await, 0);
        // A note, and a to-do opened and closed; the figures of a record in use are left alone.
        let written = std::mem::take(&mut *fake.written.lock().expect("a lock"));
        assert_eq!(written.len(), 3, "{written:?}");
        assert!(
            !written
                .iter()
                .any(|w| matches!(w, outlay_connect::Write::CostFigures { .. }))
        );

        // This one makes none, and says what to do.
        let lines = connections::probe::probe(&fake, Some(&connections::probe::Scratch::Made)).await;
        let last = lines.last().expect("lines");
        assert_eq!(last.outcome, connections::probe::Outcome::Lacks);
        assert!(last.text.contains("--write account:ID"), "{last:?}");
    });
}
