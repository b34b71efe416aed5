//! What somebody changes between the look at a file and its writing is left as they made it.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use outlay::args;
use outlay::auth::Permit;
use outlay::import::{self, Kind};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{counts, export, fill, look, take};
use crate::world::{World, on_both};

#[test]
fn an_edit_between_the_look_and_the_import_is_kept_and_told() {
    on_both(|world| async move {
        fill(&world).await;
        let ange = world.as_("ange").await;
        take(&ange, "accounts", "id,name\nA-3,三号\nA-4,四号\n").await;
        // A-1 is to change, A-3 and A-4 stand as they are, A-5 and A-6 are new.
        let file = "id,name,phone\nA-1,恒川精密,+86 1\nA-3,三号,\nA-4,四号,\nA-5,五号,\nA-6,六号,\n";
        let looked = look(&ange, "accounts", file).await.expect(201).json();
        assert_eq!(counts(&looked["report"]), [2, 1, 2, 0]);
        take(
            &ange,
            "accounts",
            "id,name,phone\nA-1,恒川精密,+86 2\nA-3,三号改名,\nA-5,别的五号,\n",
        )
        .await;
        let at = format!("/api/v1/imports/{}", looked["id"].as_str().expect("an id"));
        let done = ange
            .post(&format!("{at}/application"), Value::Null)
            .await
            .expect(200)
            .json();
        let report = &done["report"];
        assert_eq!((counts(report), &done["state"]), ([1, 0, 1, 3], &json!("applied")));
        let told: Vec<_> = report["rejected"].as_array().expect("a list").iter().collect();
        for (cell, (row, id)) in told.iter().zip([(2, "A-1"), (3, "A-3"), (5, "A-5")]) {
            assert_eq!(
                (&cell["row"], &cell["column"], &cell["value"], &cell["code"]),
                (&json!(row), &json!("id"), &json!(id), &json!("changed-meanwhile"))
            );
            assert!(!cell["message"].as_str().expect("words").starts_with("field-"));
        }
        let accounts = String::from_utf8(export(&ange, "accounts", "csv").await).expect("UTF-8");
        for kept in [
            "A-1,恒川精密,91310000MA1,CN,上海,'+86 2,",
            "A-3,三号改名,",
            "A-5,别的五号,",
            "A-6,六号,",
        ] {
            assert!(accounts.contains(kept), "{kept}: {accounts}");
        }
    });
}

#[test]
fn a_new_head_is_no_reason_to_lose_a_departments_new_name() {
    on_both(|world| async move {
        fill(&world).await;
        let ange = world.as_("ange").await;
        let looked = look(&ange, "managers", "department,head\nSG,S002\n")
            .await
            .expect(201)
            .json();
        take(&ange, "departments", "code,name\nSG,狮城\n").await;
        let path = format!("/api/v1/imports/{}/application", looked["id"].as_str().expect("an id"));
        let done = ange.post(&path, Value::Null).await.expect(200).json();
        assert_eq!(counts(&done["report"]), [0, 1, 0, 0]);
        let (name, head): (String, String) = world
            .app
            .db
            .read()
            .one(
                "SELECT d.name, e.number FROM department d JOIN employee e ON e.id = d.head_id WHERE d.code = 'SG'",
                args![],
            )
            .await
            .expect("read");
        assert_eq!((name.as_str(), head.as_str()), ("狮城", "S002"));
    });
}

/// A change of somebody's that is made, and not committed before `released`.
async fn slow_change(world: &World, text: &'static str, released: Arc<Notify>) -> tokio::task::JoinHandle<()> {
    let (app, begun) = (world.app.clone(), Arc::new(Notify::new()));
    let told = begun.clone();
    let change = tokio::spawn(async move {
        let change = app.db.write(move |sql| {
            let (begun, released) = (begun.clone(), released.clone());
            Box::pin(async move {
                sql.run(text, args![]).await?;
                begun.notify_one();
                released.notified().await;
                Ok(())
            })
        });
        change.await.expect("changed");
    });
    told.notified().await;
    change
}

/// Imports people while `text` is being changed: after the import has looked, and before it writes.
async fn during(world: &World, file: String, text: &'static str) -> Result<import::Report, import::BrokenOff> {
    let table = import::read(Kind::People, file.into_bytes()).await.expect("read");
    let released = Arc::new(Notify::new());
    let change = slow_change(world, text, released.clone()).await;
    let (app, done) = (world.app.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = done.clone();
    let applied = tokio::spawn(async move {
        let permit = Permit::system("test", "managePeople");
        import::apply(&app, &permit, Kind::People, &table, None, &counted).await
    });
    // The first row is unchanged, and counted once all rows have been looked at.
    while done.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    released.notify_one();
    change.await.expect("changed");
    applied.await.expect("ended")
}

const SAME: &str = "S001,Tan Wei Ling 👩🏽‍💼,tan@example.com,en\n";

#[test]
fn an_edit_between_the_check_and_the_write_is_kept_and_told() {
    on_both(|world| async move {
        fill(&world).await;
        let file = format!(
            "number,name,email,locale\n{SAME}S002,Maryam,maryam@example.com,en\nS003,New,s003@example.com,en\n"
        );
        let change = "UPDATE employee SET name = 'Maryam al-H.' WHERE number = 'S002'";
        let report = during(&world, file, change).await.expect("applied");
        assert_eq!(
            (report.create, report.change, report.same, report.refused),
            (1, 0, 1, 1),
            "{report:?}"
        );
        let cell = &report.rejected[0];
        assert_eq!((cell.row, cell.code.as_str()), (3, "changed-meanwhile"));
        let people: Vec<(String,)> = world
            .app
            .db
            .read()
            .all(
                "SELECT name FROM employee WHERE number IN ('S002', 'S003') ORDER BY number",
                args![],
            )
            .await
            .expect("read");
        assert_eq!(people, [("Maryam al-H.".to_owned(),), ("New".to_owned(),)]);
    });
}

#[test]
fn an_import_broken_off_between_two_parts_says_what_is_in_and_goes_on_when_repeated() {
    on_both(|world| async move {
        fill(&world).await;
        let mut file = format!("number,name,email,locale\n{SAME}");
        for n in 0..1_500 {
            writeln!(file, "N{n},Name {n},n{n}@example.com,en").expect("text");
        }
        // Somebody takes an address of the second part.
        let change = "INSERT INTO employee (id, number, name, email, locale, active) SELECT \
                      '018f0000-0000-7000-8000-00000000000a', 'X', 'X', 'n1200@example.com', 'en', active FROM employee WHERE number = 'S001'";
        let broken = during(&world, file.clone(), change).await.expect_err("broken off");
        assert_eq!((broken.written, broken.error.code()), (1_000, "changed"));
        let ange = world.as_("ange").await;
        let again = take(&ange, "people", file).await;
        assert_eq!(counts(&again), [499, 0, 1_001, 1]);
        assert_eq!(again["rejected"][0]["code"], "exists");
    });
}

#[test]
fn the_page_of_an_import_that_broke_off_says_how_many_rows_are_in() {
    on_both(|world| async move {
        fill(&world).await;
        let ange = world.as_("ange").await;
        let looked = look(&ange, "people", "number,name,email\nN1,x,n1@example.com\n")
            .await
            .expect(201)
            .json();
        let id = looked["id"].as_str().expect("an id").to_owned();
        let key = id.clone();
        world
            .app
            .db
            .write(move |sql| {
                let key = key.clone();
                Box::pin(async move {
                    sql.run(
                        "UPDATE import_file SET started_at = 1, report = '{\"Err\":{\"code\":\"changed\",\"written\":3000}}' WHERE id = $1",
                        args![&key],
                    )
                    .await?;
                    Ok(())
                })
            })
            .await
            .expect("written");
        let failed = ange.get(&format!("/api/v1/imports/{id}")).await.expect(200).json();
        assert_eq!((&failed["state"], &failed["written"]), (&json!("failed"), &json!(3000)));
        let page = ange.get(&format!("/settings/import/{id}")).await.expect(200).text;
        for words in ["没有导入完", "已写入 3000 行", "/settings/import?kind=people"] {
            assert!(page.contains(words), "{words}: {page}");
        }
    });
}
