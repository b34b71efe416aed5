//! The outbox at work: retries, order, dead letters, two workers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use outlay::args;
use outlay::jobs::{self, Failed, Handlers, NewJob, Pace, Runner};

use crate::world::{World, on_both};

const HASTY: Pace = Pace {
    at_once: 4,
    lease: Duration::from_secs(30),
    first_wait: Duration::ZERO,
    patience: Duration::ZERO,
    tries: 10,
};

async fn enqueue(world: &World, kind: &'static str, key: &str, ordering: Option<&str>) {
    let (key, ordering) = (key.to_owned(), ordering.map(str::to_owned));
    world
        .app
        .db
        .write(move |sql| {
            let job = NewJob {
                kind,
                key: key.clone(),
                ordering: ordering.clone(),
            };
            Box::pin(async move { jobs::enqueue(sql, job, "payload").await })
        })
        .await
        .expect("enqueued");
}

async fn state(world: &World, key: &str) -> (String, i64, Option<String>) {
    let mut sql = world.app.db.read();
    sql.one("SELECT state, attempts, error FROM job WHERE key = $1", args![key])
        .await
        .expect("there")
}

/// What was tried, by key, in order.
type Log = Arc<Mutex<Vec<String>>>;

/// Writes down each try; the first `failures` of each key fail.
fn clumsy(log: &Log, failures: usize) -> Handlers {
    let (log, seen) = (log.clone(), Arc::new(Mutex::new(HashMap::<String, usize>::new())));
    Handlers::default().with("test", move |_, job| {
        log.lock().expect("log").push(job.key.clone());
        let mut seen = seen.lock().expect("seen");
        let count = seen.entry(job.key).or_default();
        *count += 1;
        let good = *count > failures;
        async move {
            if good {
                Ok(None)
            } else {
                Err(Failed::Again("not yet".into()))
            }
        }
    })
}

#[test]
fn a_job_that_fails_is_tried_again_until_it_is_done() {
    on_both(|world| async move {
        let log = Log::default();
        enqueue(&world, "test", "a", None).await;
        enqueue(&world, "test", "a", None).await;
        let runner = Runner::new(world.app.clone(), clumsy(&log, 3), HASTY);
        assert_eq!(runner.pass().await.expect("worked"), 4);
        assert_eq!(state(&world, "a").await.0, "done");
        assert_eq!(runner.pass().await.expect("worked"), 0);
    });
}

#[test]
fn the_wait_doubles() {
    let pace = Pace {
        first_wait: Duration::from_secs(10),
        ..Pace::default()
    };
    for (failures, seconds) in [(1, 10.0), (2, 20.0), (5, 160.0), (30, 3600.0)] {
        let wait = pace.wait(failures).as_secs_f64();
        assert!((seconds..=seconds * 1.25).contains(&wait), "{failures}: {wait}");
    }
}

#[test]
fn a_job_that_waits_is_left_alone() {
    on_both(|world| async move {
        let log = Log::default();
        enqueue(&world, "test", "a", None).await;
        let patient = Pace {
            first_wait: Duration::from_secs(60),
            ..HASTY
        };
        let runner = Runner::new(world.app.clone(), clumsy(&log, 1), patient);
        assert_eq!(runner.pass().await.expect("worked"), 1);
        let (state, attempts, error) = state(&world, "a").await;
        assert_eq!(
            (state.as_str(), attempts, error.as_deref()),
            ("ready", 1, Some("not yet"))
        );
    });
}

/// Makes what waits due at once.
async fn due(world: &World, text: &'static str) {
    let ran = world
        .app
        .db
        .write(move |sql| Box::pin(async move { Ok(sql.run(text, args![]).await?) }));
    assert_eq!(ran.await.expect("written"), 1);
}

#[test]
fn while_another_system_is_away_a_job_is_tried_for_days_and_its_own_failures_are_counted_apart() {
    on_both(|world| async move {
        let handlers = Handlers::default().with("test", |_, job| async move {
            Err(match job.attempts {
                ..=15 => Failed::Later {
                    error: "away".into(),
                    after: Some(Duration::from_secs(3600)),
                },
                16..=17 => Failed::Again("ours".into()),
                _ => Failed::Later {
                    error: "away".into(),
                    after: None,
                },
            })
        });
        let pace = Pace {
            first_wait: Duration::from_secs(60),
            patience: Duration::from_secs(3 * 86_400),
            tries: 3,
            ..HASTY
        };
        let runner = Runner::new(world.app.clone(), handlers, pace);
        enqueue(&world, "test", "a", None).await;
        for tried in 1..=20 {
            assert_eq!(runner.pass().await.expect("worked"), 1);
            let (now, attempts, _) = state(&world, "a").await;
            assert_eq!((now.as_str(), attempts), ("ready", tried));
            if tried == 1 {
                let wait = "UPDATE job SET run_at = 0 WHERE run_at - first_at >= 3600000000";
                due(&world, wait).await;
            } else {
                due(&world, "UPDATE job SET run_at = 0").await;
            }
        }
        due(&world, "UPDATE job SET first_at = first_at - 259200000000").await;
        assert_eq!(runner.pass().await.expect("worked"), 1);
        assert_eq!(state(&world, "a").await.0, "dead");

        // Tried anew, it has its days again.
        let id: (String,) = world
            .app
            .db
            .read()
            .one("SELECT id FROM job", args![])
            .await
            .expect("there");
        let admin = world.as_("ange").await;
        admin
            .post(&format!("/api/v1/jobs/{}/retry", id.0), serde_json::json!({}))
            .await
            .expect(204);
        assert_eq!(runner.pass().await.expect("worked"), 1);
        let (now, attempts, _) = state(&world, "a").await;
        assert_eq!((now.as_str(), attempts), ("ready", 1));
    });
}

#[test]
fn jobs_of_one_key_run_oldest_first_one_at_a_time() {
    on_both(|world| async move {
        let log = Log::default();
        for key in ["d1", "d2", "d3"] {
            enqueue(&world, "test", key, Some("deal:1")).await;
        }
        enqueue(&world, "test", "other", Some("deal:2")).await;
        let runner = Runner::new(world.app.clone(), clumsy(&log, 1), HASTY);
        assert_eq!(runner.pass().await.expect("worked"), 8);
        let log: Vec<String> = log
            .lock()
            .expect("log")
            .iter()
            .filter(|k| *k != "other")
            .cloned()
            .collect();
        assert_eq!(log, ["d1", "d1", "d2", "d2", "d3", "d3"]);
    });
}

#[test]
fn ten_failures_make_a_dead_letter_that_an_administrator_retries() {
    on_both(|world| async move {
        let log = Log::default();
        enqueue(&world, "test", "a", Some("deal:1")).await;
        enqueue(&world, "test", "b", Some("deal:1")).await;
        let runner = Runner::new(world.app.clone(), clumsy(&log, 10), HASTY);
        runner.pass().await.expect("worked");
        let (dead, attempts, _) = state(&world, "a").await;
        assert_eq!((dead.as_str(), attempts), ("dead", 10));

        let admin = world.as_("ange").await;
        let page = admin.get("/settings/jobs").await.expect(200);
        assert!(page.text.contains("not yet"), "{}", page.text);
        let list = admin.get("/api/v1/jobs?state=dead").await.expect(200).json();
        assert_eq!(list["counts"]["dead"], 2);
        let ids: Vec<String> = list["jobs"]
            .as_array()
            .expect("jobs")
            .iter()
            .map(|j| j["id"].as_str().expect("id").to_owned())
            .collect();
        let other = world.as_("wang").await;
        other.get("/settings/jobs").await.expect(403);
        other
            .post(&format!("/api/v1/jobs/{}/retry", ids[1]), serde_json::json!({}))
            .await
            .expect(403);

        admin
            .post(&format!("/api/v1/jobs/{}/retry", ids[1]), serde_json::json!({}))
            .await
            .expect(204);
        admin.form("/settings/jobs/retry", &[]).await.expect(303);
        admin
            .post(&format!("/api/v1/jobs/{}/retry", ids[0]), serde_json::json!({}))
            .await
            .expect(404);
        assert_eq!(runner.pass().await.expect("worked"), 2);
        assert_eq!(state(&world, "b").await.0, "done");
        admin.get("/api/v1/jobs?state=gone").await.expect(422);
    });
}

#[test]
fn what_can_never_go_well_is_dead_at_once() {
    on_both(|world| async move {
        enqueue(&world, "test", "a", None).await;
        let handlers = Handlers::default().with("test", |_, _| async { Err(Failed::Never("no such mailbox".into())) });
        let runner = Runner::new(world.app.clone(), handlers, HASTY);
        assert_eq!(runner.pass().await.expect("worked"), 1);
        assert_eq!(state(&world, "a").await.0, "dead");
    });
}

#[test]
fn a_kind_that_nobody_handles_stays_ready_and_is_counted() {
    on_both(|world| async move {
        enqueue(&world, "unheard_of", "a", None).await;
        let runner = Runner::new(world.app.clone(), clumsy(&Log::default(), 0), HASTY);
        assert_eq!(runner.pass().await.expect("worked"), 0);
        let list = world
            .as_("ange")
            .await
            .get("/api/v1/jobs?state=ready")
            .await
            .expect(200)
            .json();
        assert_eq!(list["counts"]["ready"], 1);
        assert_eq!(list["jobs"][0]["attempts"], 0);
    });
}

#[test]
fn a_worker_that_dies_or_panics_loses_nothing() {
    on_both(|world| async move {
        enqueue(&world, "test", "a", None).await;
        let short = Pace {
            lease: Duration::from_millis(50),
            ..HASTY
        };
        let hangs = Handlers::default().with("test", |_, _| std::future::pending());
        let dying = Runner::new(
            world.app.clone(),
            hangs,
            Pace {
                lease: Duration::from_millis(200),
                ..HASTY
            },
        );
        let hung = tokio::spawn(async move { dying.pass().await });
        while state(&world, "a").await.0 != "running" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        hung.abort();
        let log = Log::default();
        let other = Runner::new(world.app.clone(), clumsy(&log, 0), short);
        assert_eq!(other.pass().await.expect("worked"), 0, "the lease still holds");
        tokio::time::sleep(Duration::from_millis(250)).await;
        assert_eq!(other.pass().await.expect("worked"), 1);
        let (state_now, attempts, _) = state(&world, "a").await;
        assert_eq!((state_now.as_str(), attempts), ("done", 2));

        enqueue(&world, "test", "p", None).await;
        let panics = Handlers::default().with("test", |_, job| async move {
            assert!(job.attempts > 1, "the first try panics");
            Ok(None)
        });
        let runner = Runner::new(world.app.clone(), panics, HASTY);
        assert_eq!(runner.pass().await.expect("worked"), 2);
        assert_eq!(state(&world, "p").await.0, "done");
    });
}

#[test]
fn two_workers_do_each_job_once_and_never_two_of_one_key_at_once() {
    on_both(|world| async move {
        const JOBS: usize = 60;
        for n in 0..JOBS {
            enqueue(&world, "test", &format!("j{n}"), Some(&format!("deal:{}", n % 7))).await;
        }
        let log = Log::default();
        let busy = Arc::new(Mutex::new(std::collections::HashSet::new()));
        let handlers = Handlers::default().with("test", {
            let (log, busy) = (log.clone(), busy.clone());
            move |_, job| {
                let n: usize = job.key[1..].parse().expect("a number");
                assert!(busy.lock().expect("busy").insert(n % 7), "two of one key at once");
                log.lock().expect("log").push(job.key);
                let busy = busy.clone();
                async move {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                    busy.lock().expect("busy").remove(&(n % 7));
                    Ok(None)
                }
            }
        });
        let workers = (0..2).map(|_| {
            let runner = Runner::new(world.app.clone(), handlers.clone(), HASTY);
            async move {
                // A worker that finds nothing while the other holds a key has not finished.
                for _ in 0..400 {
                    runner.pass().await.expect("worked");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        });
        let all = futures::future::join_all(workers);
        let done = async {
            loop {
                let (left,): (i64,) = world
                    .app
                    .db
                    .read()
                    .one("SELECT COUNT(*) FROM job WHERE state <> 'done'", vec![])
                    .await
                    .expect("counted");
                if left == 0 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! { _ = all => panic!("the workers gave up"), () = done => {} }
        let mut log = log.lock().expect("log").clone();
        assert_eq!(log.len(), JOBS);
        log.sort();
        log.dedup();
        assert_eq!(log.len(), JOBS);
    });
}

#[test]
fn jobs_done_long_ago_are_forgotten() {
    on_both(|world| async move {
        enqueue(&world, "test", "a", None).await;
        let runner = Runner::new(world.app.clone(), clumsy(&Log::default(), 0), HASTY);
        runner.pass().await.expect("worked");
        assert_eq!(
            jobs::prune(&world.app.db, Duration::from_secs(3600))
                .await
                .expect("pruned"),
            0
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(jobs::prune(&world.app.db, Duration::ZERO).await.expect("pruned"), 1);
    });
}
