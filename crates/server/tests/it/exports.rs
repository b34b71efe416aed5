//! Scheduled exports: at set times, once each, as an import takes them.

use std::path::PathBuf;

use jiff::{Timestamp, ToSpan};
use outlay::args;
use outlay::exports::{round, run_now};
use serde_json::{Value, json};

use crate::folders;
use crate::folders::{names, put, take, watch};
use crate::world::{Client, World, on_both};

/// Schedules an export; its id.
async fn schedule(client: &Client, new: Value) -> String {
    let made = client.post("/api/v1/scheduled-exports", new).await.expect(201).json();
    made["id"].as_str().expect("an id").to_owned()
}

fn nightly(path: &str, format: &str) -> Value {
    json!({"path": path, "kinds": ["accounts", "deals"], "format": format, "daily_at": "02:30"})
}

async fn view(client: &Client, id: &str) -> Value {
    client
        .get(&format!("/api/v1/scheduled-exports/{id}"))
        .await
        .expect(200)
        .json()
}

fn runs(view: &Value) -> usize {
    view["runs"].as_array().expect("a list").len()
}

/// As if its next time had come so many days ago.
async fn missed(world: &World, id: &str, days: i64) {
    let ago = outlay::clock::now().checked_sub((days * 24).hours()).expect("a moment");
    let (id, at) = (id.to_owned(), ago.as_microsecond());
    world
        .app
        .db
        .write(move |sql| {
            let id = id.clone();
            Box::pin(async move {
                sql.run("UPDATE export_plan SET next_at = $1 WHERE id = $2", args![at, id])
                    .await?;
                Ok(())
            })
        })
        .await
        .expect("set back");
}

fn file(world: &World, path: &str, begin: &str) -> PathBuf {
    let name = names(world, path).into_iter().find(|n| n.starts_with(begin));
    world
        .files()
        .join(path)
        .join(name.unwrap_or_else(|| panic!("no {begin} in {path}")))
}

#[test]
fn missed_times_are_made_up_for_once() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = schedule(&ange, nightly("out", "csv")).await;
        round(&world.app).await.expect("a round");
        assert_eq!(
            (runs(&view(&ange, &id).await), names(&world, "out").len()),
            (0, 0),
            "not due"
        );
        missed(&world, &id, 5).await;
        // Many at once, as of several processes.
        futures::future::join_all((0..4).map(|_| round(&world.app))).await;
        round(&world.app).await.expect("a round");
        let seen = view(&ange, &id).await;
        assert_eq!((runs(&seen), names(&world, "out").len()), (1, 2), "{seen:#}");
        let run = &seen["runs"][0];
        assert!(
            run["due_at"].is_string() && run["ended_at"].is_string() && run["problem"].is_null(),
            "{run:#}"
        );
        assert_eq!(run["rows"], 2);
        let next: Timestamp = seen["next_at"].as_str().expect("a moment").parse().expect("a moment");
        let local = next.to_zoned_datetime(jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone"));
        assert_eq!(
            (local.hour(), local.minute()),
            (2, 30),
            "in the zone of the legal entity"
        );
        assert!(next > outlay::clock::now());
        let bytes = std::fs::read(file(&world, "out", "accounts-20")).expect("read");
        assert_eq!(run["files"][0]["bytes"], bytes.len());
        let page = crate::import::export(&ange, "accounts", "csv").await;
        assert_eq!(bytes, page, "the same as on the page");
        let audit = world.as_("audit").await.get("/api/v1/audit").await.expect(200).text;
        assert!(audit.contains(&format!("export:{id}")), "{audit}");
    });
}

#[test]
fn what_a_process_left_unfinished_is_written_under_the_same_names() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = schedule(&ange, nightly("out", "xlsx")).await;
        missed(&world, &id, 0).await;
        round(&world.app).await.expect("a round");
        let before = names(&world, "out");
        let gone = file(&world, "out", "deals-20");
        std::fs::remove_file(gone).expect("removed");
        // A torn one is left under a name that nobody takes.
        put(&world, &format!("out/.{}.part", before[1]), "torn");
        world
            .app
            .db
            .write(|sql| {
                Box::pin(async move {
                    sql.run("UPDATE export_run SET ended_at = NULL, files = '[]'", args![])
                        .await?;
                    Ok(())
                })
            })
            .await
            .expect("set back");
        for _ in 0..2 {
            round(&world.app).await.expect("a round");
        }
        assert_eq!(names(&world, "out"), before);
        let seen = view(&ange, &id).await;
        assert_eq!(
            (runs(&seen), seen["runs"][0]["files"].as_array().map(Vec::len)),
            (1, Some(2)),
            "{seen:#}"
        );
    });
}

#[test]
fn an_export_in_any_form_comes_back_unchanged_by_a_watched_folder() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        crate::import::fill(&world).await;
        for format in ["csv", "csv-gbk", "xlsx"] {
            let new =
                json!({"path": format!("out/{format}"), "kinds": ["accounts"], "format": format, "every_hours": 6});
            let id = schedule(&ange, new).await;
            run_now(&world.app, &id).await.expect("written");
            let out = file(&world, &format!("out/{format}"), "accounts-20");
            let watched = watch(&ange, &format!("in/{format}"), "accounts").await;
            put(&world, &format!("in/{format}/back"), std::fs::read(&out).expect("read"));
            assert_eq!(take(&world, &watched).await.taken, 1);
            let [create, change, same, refused] = folders::counts(&folders::view(&ange, &watched).await);
            assert_eq!((create, change, refused), (0, 0, 0), "{format}");
            assert!(same > 1, "{format}");
            if format == "csv-gbk" {
                let bytes = std::fs::read(&out).expect("read");
                assert!(std::str::from_utf8(&bytes).is_err(), "it is no UTF-8");
                let text = encoding_rs::GBK.decode(&bytes).0.into_owned();
                assert!(text.starts_with("客户编号,客户名称"), "{text}");
            }
            // One is written into a folder of its own.
            for taken in [format!("out/{format}"), format!("in/{format}")] {
                ange.post("/api/v1/scheduled-exports", nightly(&taken, "csv"))
                    .await
                    .expect(422);
                let new = json!({"path": format!("out/{format}"), "kind": "accounts"});
                ange.post("/api/v1/folders", new).await.expect(422);
            }
        }
    });
}

#[test]
fn only_who_may_export_schedules_it_and_only_while_they_may() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = schedule(&ange, nightly("out", "csv")).await;
        for who in ["ops", "wang", "zhao", "audit"] {
            let client = world.as_(who).await;
            client
                .post("/api/v1/scheduled-exports", nightly("mine", "csv"))
                .await
                .expect(403);
            client.get("/api/v1/scheduled-exports").await.expect(403);
            client.get("/settings/exports").await.expect(403);
            client
                .post(&format!("/api/v1/scheduled-exports/{id}/run"), json!({}))
                .await
                .expect(403);
            client
                .post(&format!("/api/v1/scheduled-exports/{id}/pause"), json!({}))
                .await
                .expect(403);
        }
        for (change, field) in [
            (json!({"path": "../x"}), "path"),
            (json!({"kinds": []}), "kinds"),
            (json!({"daily_at": "25:00"}), "daily_at"),
            (json!({"daily_at": null}), "every_hours"),
            (json!({"every_hours": 2}), "every_hours"),
            (json!({"daily_at": null, "every_hours": 0}), "every_hours"),
            (json!({"entity": "NONE"}), "entity"),
        ] {
            let mut new = nightly("other", "csv");
            for (key, value) in change.as_object().expect("an object") {
                new[key] = value.clone();
            }
            let problem = ange.post("/api/v1/scheduled-exports", new).await.expect(422).json();
            assert_eq!(problem["fields"][0]["field"], field, "{problem}");
        }
        // Paused, its times go by.
        ange.post(&format!("/api/v1/scheduled-exports/{id}/pause"), json!({}))
            .await
            .expect(204);
        missed(&world, &id, 2).await;
        round(&world.app).await.expect("a round");
        let path = format!("{}/api/v1/scheduled-exports/{id}/pause", ange.base);
        ange.send(ange.http.delete(path)).await.expect(204);
        round(&world.app).await.expect("a round");
        assert_eq!(runs(&view(&ange, &id).await), 0);
        // The owner is no administrator any more.
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
        missed(&world, &id, 0).await;
        round(&world.app).await.expect("a round");
        assert!(names(&world, "out").is_empty());
        let problem: (String,) = world
            .app
            .db
            .read()
            .one("SELECT problem FROM export_run", args![])
            .await
            .expect("told");
        assert!(problem.0.contains("export-owner"), "{}", problem.0);
    });
}

#[test]
fn the_pages_schedule_an_export_and_show_its_runs() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let page = ange.get("/settings/exports").await.expect(200).text;
        assert!(
            page.contains("还没有定时导出") && page.contains("Lanstone GmbH · Europe/Berlin"),
            "{page}"
        );
        let form = [
            ("path", "out"),
            ("format", "csv-gbk"),
            ("kinds", "accounts"),
            ("kinds", "deals"),
            ("when", "daily"),
            ("daily_at", "02:30"),
            ("every_hours", "6"),
            ("entity", "DE01"),
        ];
        let made = ange.form("/settings/exports", &form).await.expect(303);
        let place = made.headers["location"].to_str().expect("a place").to_owned();
        ange.form(&format!("{place}/run"), &[]).await.expect(303);
        let page = ange.get(&place).await.expect(200).text;
        assert!(page.contains("Europe/Berlin") && page.contains("每天 02:30"), "{page}");
        assert!(page.contains("手工") && page.contains("deals-20"), "{page}");
        let list = ange.get("/settings/exports").await.expect(200).text;
        assert!(list.contains("客户、商机") && list.contains("已写入"), "{list}");
        ange.form(&format!("{place}/pause"), &[]).await.expect(303);
        assert!(ange.get(&place).await.expect(200).text.contains("已暂停"));
        ange.form(&format!("{place}/remove"), &[]).await.expect(303);
        ange.get(&place).await.expect(404);
        assert_eq!(names(&world, "out").len(), 2, "what was written stays");
    });
}

async fn next(world: &World, id: &str) -> i64 {
    let mut sql = world.app.db.read();
    let (at,): (i64,) = sql
        .one("SELECT next_at FROM export_plan WHERE id = $1", args![id])
        .await
        .expect("there");
    at - outlay::clock::now().as_microsecond()
}

#[test]
fn a_time_that_failed_is_tried_again_soon() {
    on_both(|world| async move {
        const QUARTER: i64 = 15 * 60 * 1_000_000;
        let ange = world.as_("ange").await;
        let id = schedule(&ange, nightly("out", "csv")).await;
        // No folder any more, but a file of its name.
        let place = world.files().join("out");
        std::fs::remove_dir(&place).expect("removed");
        std::fs::write(&place, "in the way").expect("written");
        missed(&world, &id, 1).await;
        round(&world.app).await.expect("a round");
        assert!(view(&ange, &id).await["runs"][0]["problem"].is_string());
        assert!(next(&world, &id).await <= QUARTER);
        std::fs::remove_file(&place).expect("removed");
        std::fs::create_dir(&place).expect("made");
        round(&world.app).await.expect("a round");
        assert_eq!(names(&world, "out").len(), 0, "not yet");
        missed(&world, &id, 0).await;
        round(&world.app).await.expect("a round");
        assert_eq!(names(&world, "out").len(), 2);
        let seen = view(&ange, &id).await;
        let at = seen["next_at"].as_str().expect("a time");
        assert!(at.ends_with("18:30:00Z"), "its own time is the next again: {at}");
    });
}

#[test]
fn an_export_gets_other_settings_and_keeps_its_runs() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = schedule(&ange, nightly("out", "csv")).await;
        schedule(&ange, nightly("other", "csv")).await;
        run_now(&world.app, &id).await.expect("written");
        let put = async |client: &Client, body: Value| {
            let path = format!("{}/api/v1/scheduled-exports/{id}", client.base);
            client.send(client.http.put(path).json(&body)).await
        };
        let other = json!({"path": "out", "kinds": ["contacts"], "format": "xlsx", "every_hours": 6, "entity": "DE01"});
        put(&ange, other).await.expect(204);
        let seen = view(&ange, &id).await;
        assert_eq!(
            (
                &seen["kinds"],
                &seen["every_hours"],
                &seen["daily_at"],
                &seen["zone"],
                runs(&seen)
            ),
            (
                &json!(["contacts"]),
                &json!(6),
                &json!(null),
                &json!("Europe/Berlin"),
                1
            )
        );
        let problem = put(&ange, nightly("other", "csv")).await.expect(422).json();
        assert_eq!(problem["fields"][0]["field"], "path", "{problem}");
        put(&world.as_("wang").await, nightly("out", "csv")).await.expect(403);

        let page = ange.get(&format!("/settings/exports/{id}")).await.expect(200).text;
        assert!(
            page.contains(r#"value="hours" checked"#) && page.contains(r#"value="DE01" selected"#),
            "{page}"
        );
        let form = [
            ("path", "moved"),
            ("format", "csv"),
            ("kinds", "deals"),
            ("when", "daily"),
            ("daily_at", "03:15"),
            ("every_hours", "6"),
            ("entity", "CN01"),
        ];
        ange.form(&format!("/settings/exports/{id}"), &form).await.expect(303);
        let seen = view(&ange, &id).await;
        assert_eq!((&seen["path"], &seen["daily_at"]), (&json!("moved"), &json!("03:15")));
    });
}
