//! A process that dies in the middle: nothing is lost, nothing is done twice.

use outlay::args;
use outlay::folders::Looked;

use super::{ACCOUNTS, counts, look, names, put, take, view, watch};
use crate::drafts::{drafts, today};
use crate::world::{World, on_both};

/// Takes a run back to where a crash would have left it: `change` sets its columns; the file is where it was.
async fn as_before(world: &World, name: &str, change: &'static str) {
    let app = &world.app;
    app.db
        .write(move |sql| {
            Box::pin(async move {
                sql.run_built(
                    format!("UPDATE watched_run SET moved = $1, ended_at = NULL{change} WHERE state = 'taken'"),
                    args![false],
                )
                .await?;
                Ok(())
            })
        })
        .await
        .expect("set back");
    let moved = names(world, "in/done")
        .into_iter()
        .find(|n| !n.ends_with(".report.csv"))
        .expect("moved");
    let (from, to) = (
        world.files().join("in/done").join(moved),
        world.files().join("in").join(name),
    );
    std::fs::rename(from, to).expect("moved back");
}

fn visit() -> String {
    format!("id,subject,account,owner,on\nV1,走访,ACC-1,E002,{}\n", today())
}

#[test]
fn a_crash_between_import_and_move_only_moves() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "visits").await;
        put(&world, "in/v.csv", visit());
        take(&world, &id).await;
        as_before(&world, "v.csv", "").await;
        // The rows are not touched again, whatever became of them meanwhile.
        crate::import::take(&ange, "visits", visit().replace("走访", "改过")).await;
        assert_eq!(
            look(&world, &id).await,
            Looked {
                taken: 1,
                ..Looked::default()
            }
        );
        assert_eq!(names(&world, "in"), ["done"]);
        let seen = view(&ange, &id).await;
        assert_eq!(seen["runs"].as_array().map(Vec::len), Some(1), "{seen:#}");
        assert_eq!(counts(&seen), [1, 0, 0, 0]);
        assert!(seen["runs"][0]["ended_at"].is_string());
        let visits = String::from_utf8(crate::import::export(&ange, "visits", "csv").await).expect("UTF-8");
        assert!(visits.contains("改过"), "{visits}");
        assert_eq!(drafts(&world).await, 1);
        assert_eq!(look(&world, &id).await, Looked::default());
    });
}

#[test]
fn a_crash_after_the_move_only_writes_so() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "visits").await;
        put(&world, "in/v.csv", visit());
        take(&world, &id).await;
        let done = names(&world, "in/done");
        as_before(&world, "v.csv", "").await;
        let target = done.iter().find(|n| !n.ends_with(".report.csv")).expect("a target");
        std::fs::rename(
            world.files().join("in/v.csv"),
            world.files().join("in/done").join(target),
        )
        .expect("moved");
        // Another file has come under the same name: it waits for its own turn.
        put(
            &world,
            "in/v.csv",
            "id,subject,account,owner,on\nV2,回访,ACC-1,E002,2020-01-01\n",
        );
        assert_eq!(
            look(&world, &id).await,
            Looked {
                taken: 1,
                waiting: 1,
                ..Looked::default()
            }
        );
        assert_eq!(names(&world, "in/done"), done);
        assert_eq!(
            look(&world, &id).await,
            Looked {
                taken: 1,
                ..Looked::default()
            }
        );
        assert_eq!(view(&ange, &id).await["taken"], 2);
    });
}

#[test]
fn a_crash_in_the_import_goes_on_with_it() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "visits").await;
        put(&world, "in/v.csv", visit());
        take(&world, &id).await;
        as_before(
            &world,
            "v.csv",
            ", state = 'running', target = NULL, report = NULL, rejected = NULL",
        )
        .await;
        assert_eq!(
            look(&world, &id).await,
            Looked {
                taken: 1,
                ..Looked::default()
            }
        );
        let seen = view(&ange, &id).await;
        assert_eq!(seen["runs"].as_array().map(Vec::len), Some(1), "{seen:#}");
        assert_eq!(counts(&seen), [0, 0, 1, 0], "what was written is unchanged");
        assert_eq!(drafts(&world).await, 1);
        assert_eq!(names(&world, "in"), ["done"]);
    });
}

#[test]
fn a_file_that_went_away_in_the_middle_may_come_again() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "accounts").await;
        put(&world, "in/a.csv", ACCOUNTS);
        take(&world, &id).await;
        as_before(&world, "a.csv", ", state = 'running', target = NULL, report = NULL").await;
        std::fs::remove_file(world.files().join("in/a.csv")).expect("gone");
        assert_eq!(look(&world, &id).await, Looked::default());
        assert_eq!(view(&ange, &id).await["runs"][0]["state"], "gone");
        put(&world, "in/a.csv", ACCOUNTS);
        assert_eq!(take(&world, &id).await.taken, 1);
        assert_eq!(counts(&view(&ange, &id).await), [0, 0, 2, 0]);
    });
}
