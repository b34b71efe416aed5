//! Pulling page by page, interrupted and hindered; writing back, and archiving after it.

use std::sync::Mutex;

use outlay::claims::WriteBackJob;
use outlay::connections::PullReport;
use outlay::connections::pull::pull_with;
use outlay::crm::Outcome;
use outlay::crm::write_back::{self, write_with};
use outlay::error::Error;
use outlay::shell::W;
use outlay::{args, claims};
use outlay_connect::{Object, Rejected, StageKind, Write};
use outlay_core::claim::{Command, Status};
use outlay_core::ids::{BatchId, ConnectionId, PaymentId};
use outlay_core::words::Lang;
use serde_json::json;
use uuid::Uuid;

use crate::crm::{apply, connection};
use crate::fake_crm::{Fake, crm, deal};
use crate::seed;
use crate::world::{World, on_both};

async fn pull(world: &World, c: ConnectionId, fake: &Fake) -> Result<PullReport, Error> {
    pull_with(&world.app, c, fake).await
}

async fn count(world: &World, text: &'static str) -> i64 {
    let (n,): (i64,) = world.app.db.read().one(text, args![]).await.expect("read");
    n
}

#[test]
fn what_the_crm_says_is_gone_is_archived_and_what_was_never_here_does_no_harm() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(3);
        pull(&world, c, &fake).await.expect("a report");
        world
            .app
            .db
            .write(|sql| Box::pin(async move { Ok(sql.run("DELETE FROM sync_cursor", args![]).await?) }))
            .await
            .expect("written");
        fake.records.clear();
        fake.gone = vec!["D2".into(), "never seen".into()];
        let report = pull(&world, c, &fake).await.expect("a report");
        assert_eq!((report.error, report.seen), (None, 2));
        assert_eq!(
            count(
                &world,
                "SELECT COUNT(*) FROM deal WHERE deleted = TRUE AND external_id = 'D2'"
            )
            .await,
            1
        );
        assert_eq!(count(&world, "SELECT COUNT(*) FROM deal WHERE deleted = TRUE").await, 1);
    })
}

#[test]
fn an_interrupted_pull_goes_on_where_it_stopped() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(10);
        fake.pages_left = Mutex::new(Some(4));
        let report = pull(&world, c, &fake).await.expect("a report");
        assert!(report.error.is_some());
        assert_eq!(report.seen, 8);
        *fake.pages_left.lock().expect("a lock") = None;
        let report = pull(&world, c, &fake).await.expect("a report");
        assert_eq!((report.error, report.seen, report.changed), (None, 4, 4));
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM deal WHERE connection_id IS NOT NULL").await,
            10
        );
        // Won in the CRM: one draft, whatever the number of pulls.
        fake.records.push(deal(3, "2", StageKind::Won));
        fake.records.push(deal(4, "2", StageKind::Open));
        let report = pull(&world, c, &fake).await.expect("a report");
        assert_eq!((report.changed, report.drafted), (2, 1));
        let report = pull(&world, c, &fake).await.expect("a report");
        assert_eq!((report.changed, report.drafted), (0, 0));
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM claim WHERE origin LIKE 'won:%'").await,
            1
        );
        assert_eq!(
            count(&world, "SELECT COUNT(*) FROM sync_run WHERE ended_at IS NULL").await,
            0
        );
    });
}

#[test]
fn a_cursor_that_stands_still_ends_the_pull() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let fake = Fake { stuck: true, ..crm(2) };
        let report = pull(&world, c, &fake).await.expect("a report");
        assert!(report.error.expect("an error").contains("does not advance"));
    });
}

#[test]
fn a_kind_that_the_crm_refuses_keeps_no_other_waiting() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(3);
        fake.closed = Some(Object::Account);
        let report = pull(&world, c, &fake).await.expect("a report");
        assert!(
            report.error.as_deref().is_some_and(|e| e.contains("no right")),
            "{report:?}"
        );
        let deals = "SELECT COUNT(*) FROM deal WHERE connection_id IS NOT NULL";
        assert_eq!(count(&world, deals).await, 3);
        // The right comes, and with it what lacked.
        fake.closed = None;
        let report = pull(&world, c, &fake).await.expect("a report");
        assert_eq!(report.error, None);
        let tied = "SELECT COUNT(*) FROM deal WHERE connection_id IS NOT NULL AND account_id IS NOT NULL";
        assert_eq!(count(&world, tied).await, 3);
    });
}

#[test]
fn a_record_refused_is_kept_with_its_reason_until_it_comes_well() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(1);
        fake.rejected.push(Rejected {
            object: Object::Deal,
            external_id: Some("D9".into()),
            reason: "amount: 1e5 is no amount".into(),
            raw: json!({"id": "D9"}),
        });
        let report = pull(&world, c, &fake).await.expect("a report");
        assert_eq!((report.error, report.seen, report.refused), (None, 4, 1));
        let (reason,): (String,) = world
            .app
            .db
            .read()
            .one("SELECT reason FROM sync_refused WHERE external_id = 'D9'", args![])
            .await
            .expect("kept");
        assert!(reason.contains("1e5"));
        fake.rejected.clear();
        fake.records.push(deal(9, "2", StageKind::Open));
        pull(&world, c, &fake).await.expect("a report");
        assert_eq!(count(&world, "SELECT COUNT(*) FROM sync_refused").await, 0);
    });
}

#[test]
fn one_pull_at_a_time() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let values = args![
            format!("pull:{c}"),
            "somebody",
            outlay::clock::now().as_microsecond() + 60_000_000
        ];
        world
            .app
            .db
            .write(move |sql| {
                let values = values.clone();
                Box::pin(async move {
                    sql.run("INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3)", values)
                        .await?;
                    Ok(())
                })
            })
            .await
            .expect("leased");
        assert!(matches!(pull(&world, c, &crm(1)).await, Err(Error::Conflict)));
    });
}

#[test]
fn totals_and_one_note_are_written_back_once() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let d = apply(&world, Some(c), deal(1, "1", StageKind::Open)).await;
        let spend = |pending: i64, paid: i64| {
            let values = args!["deal", &d.id, world.cn, "CNY", "", "2026-11", pending, paid];
            world.app.db.write(move |sql| {
                let values = values.clone();
                Box::pin(async move {
                    sql.run(
                        "INSERT INTO spend (dim, key, employee_id, entity_id, currency, category, month, pending_minor, paid_minor) \
                         VALUES ($1, $2, '', $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
                        values.clone(),
                    )
                    .await?;
                    sql.run(
                        "UPDATE spend SET pending_minor = $2, paid_minor = $3 WHERE key = $1",
                        vec![values[1].clone(), values[6].clone(), values[7].clone()],
                    )
                    .await?;
                    Ok(())
                })
            })
        };
        spend(10_432_80, 38_187_20).await.expect("spent");
        let fake = Fake::default();
        let job = WriteBackJob {
            object: "deal".into(),
            id: d.id.clone(),
        };
        let write = || write_with(&world.app, &job, &fake, W(Lang::En));
        // The first try dies on the way; the next one has a higher revision.
        *fake.fails_writes.lock().expect("a lock") = 1;
        assert!(matches!(write().await, Err(Error::Crm(_))));
        write().await.expect("written");
        write().await.expect("nothing to write");
        spend(0, 48_620_00).await.expect("spent");
        write().await.expect("written");
        let written = fake.written.lock().expect("a lock").clone();
        assert_eq!(written.len(), 4);
        let Write::CostFigures { paid, pending, .. } = &written[0] else {
            panic!("{written:?}")
        };
        assert_eq!(
            (paid.grouped(), pending.grouped()),
            ("38,187.20".into(), "10,432.80".into())
        );
        let notes: Vec<_> = written
            .iter()
            .filter_map(|w| match w {
                Write::Note {
                    marker, revision, text, ..
                } => Some((marker.clone(), *revision, text.clone())),
                Write::CostFigures { .. } | Write::Fields { .. } | Write::Todo { .. } => None,
            })
            .collect();
        assert_eq!(notes[0].0, notes[1].0);
        assert_eq!((notes[0].1, notes[1].1), (2, 3));
        assert!(
            notes[1].2.contains("CNY: paid 48,620.00, pending 0.00"),
            "{}",
            notes[1].2
        );
    });
}

#[test]
fn a_paid_claim_is_archived_after_its_write_backs() {
    on_both(|world| async move {
        let (wang, he) = (world.id("wang").await, world.id("he").await);
        let claim = seed::draft(&world, "wang").await.id;
        seed::act(&world, wang, claim, Command::Submit).await;
        seed::approve(&world, claim).await;
        let (batch, payment) = (BatchId(Uuid::now_v7()), PaymentId(Uuid::now_v7()));
        seed::act(&world, he, claim, Command::Batch { batch, payment }).await;
        let on = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai");
        seed::act(&world, he, claim, Command::Post { payment, on }).await;
        let payload = serde_json::to_string(&claim.to_string()).expect("JSON");
        assert_eq!(
            write_back::archive(&world.app, &payload).await.expect("asked"),
            Outcome::Again
        );
        let jobs: Vec<(String,)> = world
            .app
            .db
            .read()
            .all("SELECT payload FROM job WHERE kind = 'write_back'", args![])
            .await
            .expect("read");
        for (payload,) in jobs {
            // Its deal is Outlay's own: there is nothing to write.
            write_back::write_back(&world.app, &payload).await.expect("done");
        }
        world
            .app
            .db
            .write(|sql| {
                Box::pin(async move {
                    sql.run("UPDATE job SET state = 'done' WHERE kind = 'write_back'", args![])
                        .await?;
                    Ok(())
                })
            })
            .await
            .expect("done");
        assert_eq!(
            write_back::archive(&world.app, &payload).await.expect("asked"),
            Outcome::Done
        );
        let claim = claims::store::load(&mut world.app.db.read(), claim)
            .await
            .expect("there");
        assert_eq!(claim.status(), Status::Archived);
    });
}
