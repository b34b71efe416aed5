//! What is not taken: names that lead out, links, files that are no tables, rows at fault, and people without the right.

use outlay::args;
use outlay::folders::Looked;
use serde_json::json;

use super::{ACCOUNTS, counts, look, names, put, take, text, view, watch};
use crate::world::on_both;

#[test]
fn names_that_lead_out_of_the_root_are_refused() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let outside = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join("a.csv"), ACCOUNTS).expect("written");
        std::os::unix::fs::symlink(outside.path(), world.files().join("link")).expect("linked");
        std::fs::write(world.files().join("file"), "").expect("written");
        for (path, code) in [
            ("../data", "folder-outside"),
            ("/etc", "folder-outside"),
            ("a/../../b", "folder-outside"),
            ("a\\..\\b", "folder-outside"),
            ("", "folder-name"),
            (".hidden", "folder-name"),
            ("in/done", "folder-name"),
            ("link", "folder-link"),
            ("link/deep", "folder-link"),
            ("file", "folder-file"),
        ] {
            let answer = ange
                .post("/api/v1/folders", json!({"path": path, "kind": "accounts"}))
                .await;
            let problem = answer.expect(422).json();
            assert_eq!(problem["fields"][0]["code"], code, "{path}: {problem}");
            assert!(
                problem["fields"][0]["message"]
                    .as_str()
                    .is_some_and(|m| !m.contains("field-")),
                "{problem}"
            );
        }
        assert!(!outside.path().join("deep").exists());
        // Swapped for a link after it was set up, and a file that is a link.
        let id = watch(&ange, "in", "accounts").await;
        std::os::unix::fs::symlink(outside.path().join("a.csv"), world.files().join("in/b.csv")).expect("linked");
        assert_eq!(take(&world, &id).await, Looked::default());
        std::fs::remove_file(world.files().join("in/b.csv")).expect("removed");
        std::fs::remove_dir(world.files().join("in")).expect("removed");
        std::os::unix::fs::symlink(outside.path(), world.files().join("in")).expect("linked");
        assert_eq!(take(&world, &id).await, Looked::default());
        let said = view(&ange, &id).await["trouble"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(said.contains("链接"), "{said}");
        assert!(outside.path().join("a.csv").exists() && !outside.path().join("done").exists());
        // Mended, it goes on by itself.
        std::fs::remove_file(world.files().join("in")).expect("removed");
        std::fs::create_dir(world.files().join("in")).expect("made");
        look(&world, &id).await;
        assert!(view(&ange, &id).await["trouble"].is_null());
        ange.post("/api/v1/folders", json!({"path": "in/", "kind": "deals"}))
            .await
            .expect(422);
    });
}

#[test]
fn a_file_that_is_no_such_table_is_refused_with_its_report() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "accounts").await;
        let people = put(&world, "in/people.csv", "工号,姓名\n1,x\n");
        let large = put(&world, "in/large.csv", "");
        let file = std::fs::File::options().write(true).open(&large).expect("opened");
        file.set_len(51 << 20).expect("grown");
        assert_eq!(
            take(&world, &id).await,
            Looked {
                refused: 2,
                ..Looked::default()
            }
        );
        assert!(!people.exists() && !large.exists());
        assert_eq!(names(&world, "in/refused").len(), 4);
        let seen = view(&ange, &id).await;
        assert_eq!(seen["refused"], 2);
        let problems = seen["runs"].to_string();
        assert!(
            problems.contains("50 MB") && problems.contains("客户编号"),
            "{problems}"
        );
        // Nothing of it was taken: the same bytes may come again, such as to another kind of folder.
        put(&world, "in/people.csv", "工号,姓名\n1,x\n");
        assert_eq!(take(&world, &id).await.refused, 1);
    });
}

#[test]
fn rows_at_fault_are_told_and_may_be_mended() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "deals").await;
        let file = "id,name,account,amount\nD-1,一期,ACC-1,12.50\nD-2,二期,NONE,\nD-3,三期,ACC-1,多\n";
        put(&world, "in/deals.csv", file);
        assert_eq!(take(&world, &id).await.taken, 1);
        let seen = view(&ange, &id).await;
        assert_eq!(counts(&seen), [1, 0, 0, 2]);
        let report = text(&world, "in/done", ".report.csv");
        assert!(report.starts_with("\u{feff}行,列,值,原因与改法\r\n"), "{report}");
        assert!(
            report.contains("3,客户编号,NONE,") && report.contains("4,金额,多,"),
            "{report}"
        );
        let run = seen["runs"][0]["id"].as_str().expect("a run");
        let path = format!("/api/v1/folders/{id}/runs/{run}");
        let detail = ange.get(&path).await.expect(200).json();
        assert_eq!(detail["rejected"].as_array().map(Vec::len), Some(2), "{detail:#}");
        assert_eq!(detail["rejected"][0]["value"], "NONE");
        assert!(
            detail["rejected"][0]["message"]
                .as_str()
                .is_some_and(|m| m.contains("编号")),
            "{detail:#}"
        );
        let mended = text(&world, "in/done", ".rejected.csv")
            .replace("NONE", "ACC-1")
            .replace(",多,", ",9,");
        put(&world, "in/mended.csv", mended);
        assert_eq!(take(&world, &id).await.taken, 1);
        assert_eq!(counts(&view(&ange, &id).await), [2, 0, 0, 0]);
        // A file of which no row can be taken is refused, and may come again once what it names is there.
        let early = "id,name,account\nD-4,四期,A-NEW\n";
        put(&world, "in/early.csv", early);
        assert_eq!(take(&world, &id).await.refused, 1);
        crate::import::take(&ange, "accounts", "id,name\nA-NEW,新\n").await;
        put(&world, "in/early.csv", early);
        assert_eq!(take(&world, &id).await.taken, 1);
    });
}

#[test]
fn only_who_may_import_and_keep_connections_sets_one_up_and_only_while_they_may() {
    on_both(|world| async move {
        let (ange, ops) = (world.as_("ange").await, world.as_("ops").await);
        let id = watch(&ange, "in", "accounts").await;
        for who in ["ops", "wang", "zhao", "audit"] {
            let client = world.as_(who).await;
            let new = json!({"path": "mine", "kind": "accounts"});
            client.post("/api/v1/folders", new).await.expect(403);
            client.get("/api/v1/folders").await.expect(403);
            client.get("/settings/folders").await.expect(403);
            client
                .post(&format!("/api/v1/folders/{id}/look"), json!({}))
                .await
                .expect(403);
            client
                .post(&format!("/api/v1/folders/{id}/pause"), json!({}))
                .await
                .expect(403);
            client.get(&format!("/api/v1/folders/{id}/runs/x")).await.expect(403);
        }
        assert!(
            !ops.get("/settings/import")
                .await
                .expect(200)
                .text
                .contains("/settings/folders")
        );
        world.stranger().get("/api/v1/folders").await.expect(401);
        assert!(!world.files().join("mine").exists());
        let file = put(&world, "in/a.csv", ACCOUNTS);
        let admin = world.id("ange").await;
        world
            .app
            .db
            .write(move |sql| {
                Box::pin(async move {
                    sql.run("DELETE FROM role_grant WHERE employee_id = $1", args![admin])
                        .await?;
                    sql.run("UPDATE generation SET n = n + 1 WHERE name = 'org'", args![])
                        .await?;
                    Ok(())
                })
            })
            .await
            .expect("no longer");
        assert_eq!(take(&world, &id).await, Looked::default());
        assert!(file.exists());
        let trouble: (String,) = world
            .app
            .db
            .read()
            .one("SELECT trouble FROM watched_folder", args![])
            .await
            .expect("told");
        assert!(trouble.0.contains("folder-owner"), "{}", trouble.0);
    });
}
