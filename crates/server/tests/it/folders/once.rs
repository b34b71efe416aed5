//! One content is imported once, one event drafts once.

use outlay::error::Error;
use outlay::folders::{self, Looked};

use super::{ACCOUNTS, counts, look, names, put, take, text, view, watch};
use crate::drafts::{drafts, today};
use crate::world::on_both;

#[test]
fn the_same_bytes_under_another_name_are_told_and_not_run() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "accounts").await;
        put(&world, "in/a.csv", ACCOUNTS);
        assert_eq!(take(&world, &id).await.taken, 1);
        // Somebody changes on the page what the file said; the same file does not undo it.
        crate::import::take(&ange, "accounts", "id,name,city\nA-1,恒川,苏州\n").await;
        for name in ["b.csv", "a.csv"] {
            put(&world, &format!("in/{name}"), ACCOUNTS);
            assert_eq!(
                take(&world, &id).await,
                Looked {
                    again: 1,
                    ..Looked::default()
                }
            );
        }
        let seen = view(&ange, &id).await;
        assert_eq!(
            (seen["taken"].as_i64(), seen["again"].as_i64()),
            (Some(1), Some(2)),
            "{seen:#}"
        );
        assert_eq!(seen["runs"][0]["state"], "again");
        let said = seen["runs"][0]["problem"].as_str().expect("a reason");
        assert!(said.contains("a.csv"), "{said}");
        let accounts = String::from_utf8(crate::import::export(&ange, "accounts", "csv").await).expect("UTF-8");
        assert!(accounts.contains("A-1,恒川,,,苏州"), "{accounts}");
        assert_eq!(names(&world, "in"), ["done"]);
        // Another folder knows nothing of it.
        let other = watch(&ange, "other", "accounts").await;
        put(&world, "other/a.csv", ACCOUNTS);
        assert_eq!(take(&world, &other).await.taken, 1);
    });
}

#[test]
fn looks_at_once_take_a_file_once() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "accounts").await;
        put(&world, "in/a.csv", ACCOUNTS);
        look(&world, &id).await;
        let all = futures::future::join_all((0..4).map(|_| folders::look(&world.app, &id))).await;
        let mut taken = 0;
        for one in all {
            match one {
                Ok(looked) => taken += looked.taken,
                Err(error) => assert!(matches!(error, Error::Conflict), "{error}"),
            }
        }
        assert_eq!(taken, 1);
        assert_eq!(counts(&view(&ange, &id).await), [2, 0, 0, 0]);
    });
}

#[test]
fn a_visit_and_a_won_deal_draft_once_however_often_a_file_brings_them() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let (visits, deals) = (
            watch(&ange, "visits", "visits").await,
            watch(&ange, "deals", "deals").await,
        );
        let head = "id,subject,account,owner,on,place\n";
        let visit = format!("V1,走访,ACC-1,E002,{},上海\n", today());
        put(&world, "visits/1.csv", format!("{head}{visit}"));
        assert_eq!(take(&world, &visits).await.taken, 1);
        assert_eq!(drafts(&world).await, 1);
        // The same visit in another file, with another text, on the page, and after a look that died.
        put(&world, "visits/2.csv", format!("{head}{visit}\n"));
        put(
            &world,
            "visits/3.csv",
            format!("{head}{}", visit.replace("走访", "走访二期")),
        );
        assert_eq!(take(&world, &visits).await.taken, 2);
        crate::import::take(&ange, "visits", format!("{head}{visit}")).await;
        assert_eq!(drafts(&world).await, 1);

        let deal = |kind: &str| format!("id,name,account,owner,stage_kind\nD-9,九期,ACC-1,E002,{kind}\n");
        for (n, (kind, expected)) in [("open", 1), ("won", 2), ("lost", 2), ("won", 2)]
            .into_iter()
            .enumerate()
        {
            put(
                &world,
                &format!("deals/{n}.csv"),
                format!("{}{}", deal(kind), "\n".repeat(n)),
            );
            assert_eq!(
                take(&world, &deals).await.taken,
                1,
                "{}",
                text(&world, "deals/refused", ".report.csv")
            );
            assert_eq!(drafts(&world).await, expected, "{kind} in file {n}");
        }
    });
}
