//! Watched folders: what is put into one is imported once.

mod crash;
mod once;
mod pages;
mod refused;

use std::path::PathBuf;

use outlay::folders::{self, Looked};
use serde_json::{Value, json};

use crate::world::{Client, World, on_both};

/// Watches a folder; its id.
pub async fn watch(client: &Client, path: &str, kind: &str) -> String {
    let made = client
        .post("/api/v1/folders", json!({"path": path, "kind": kind}))
        .await;
    made.expect(201).json()["id"].as_str().expect("an id").to_owned()
}

/// Puts a file into a folder.
pub fn put(world: &World, path: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let at = world.files().join(path);
    std::fs::write(&at, bytes).expect("written");
    at
}

/// A look, which must not meet another.
pub async fn look(world: &World, id: &str) -> Looked {
    folders::look(&world.app, id).await.expect("looked")
}

/// The two looks that take what lies there.
pub async fn take(world: &World, id: &str) -> Looked {
    look(world, id).await;
    look(world, id).await
}

/// A folder as programs see it.
pub async fn view(client: &Client, id: &str) -> Value {
    client.get(&format!("/api/v1/folders/{id}")).await.expect(200).json()
}

/// New, changed, unchanged and rejected rows of the newest run.
pub fn counts(view: &Value) -> [u64; 4] {
    ["create", "change", "same", "rejected_rows"].map(|k| view["runs"][0][k].as_u64().expect("a number"))
}

/// Names in a folder, in order.
pub fn names(world: &World, path: &str) -> Vec<String> {
    let all = std::fs::read_dir(world.files().join(path)).expect("a folder");
    let mut names: Vec<String> = all
        .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Text of the one file in a folder whose name ends so.
pub fn text(world: &World, path: &str, end: &str) -> String {
    let name = names(world, path).into_iter().find(|n| n.ends_with(end));
    let name = name.unwrap_or_else(|| panic!("nothing ends in {end}: {:?}", names(world, path)));
    std::fs::read_to_string(world.files().join(path).join(name)).expect("text")
}

pub const ACCOUNTS: &str = "客户编号,客户名称,城市\nA-1,恒川精密二厂,上海\nA-2,远航,青岛\n";

#[test]
fn a_file_is_taken_when_two_looks_saw_it_alike() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "crm/accounts", "accounts").await;
        let file = put(&world, "crm/accounts/a.csv", &ACCOUNTS.as_bytes()[..40]);
        for name in [".a.csv", "~$a.xlsx", "b.csv.tmp", "c.csv.part"] {
            put(&world, &format!("crm/accounts/{name}"), ACCOUNTS);
        }
        assert_eq!(
            look(&world, &id).await,
            Looked {
                waiting: 1,
                ..Looked::default()
            }
        );
        std::fs::write(&file, ACCOUNTS).expect("still being written");
        assert_eq!(
            look(&world, &id).await,
            Looked {
                waiting: 1,
                ..Looked::default()
            }
        );
        assert_eq!(view(&ange, &id).await["waiting"], 1);
        assert_eq!(
            look(&world, &id).await,
            Looked {
                taken: 1,
                ..Looked::default()
            }
        );
        assert!(!file.exists());
        assert_eq!(
            names(&world, "crm/accounts"),
            [".a.csv", "b.csv.tmp", "c.csv.part", "done", "~$a.xlsx"]
        );
        let done = names(&world, "crm/accounts/done");
        assert_eq!(done.len(), 2, "{done:?}");
        assert!(text(&world, "crm/accounts/done", ".report.csv").contains("2 行：新增 2"));
        let seen = view(&ange, &id).await;
        assert_eq!(
            (counts(&seen), &seen["taken"], &seen["waiting"]),
            ([2, 0, 0, 0], &json!(1), &json!(0))
        );
        assert_eq!(seen["runs"][0]["state"], "taken");
        assert_eq!(look(&world, &id).await, Looked::default());
        // By the same right, under the same name, as on the page.
        let audit = world.as_("audit").await.get("/api/v1/audit").await.expect(200).text;
        assert!(
            audit.contains("import:accounts") && audit.contains(&format!("folder:{id}")),
            "{audit}"
        );
    });
}

#[test]
fn files_of_all_forms_are_read() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "accounts").await;
        let (gbk, ..) = outlay_connect_gbk(ACCOUNTS);
        put(&world, "in/gbk.csv", gbk);
        take(&world, &id).await;
        assert_eq!(counts(&view(&ange, &id).await), [2, 0, 0, 0]);
        for format in ["xlsx", "csv"] {
            let file = crate::import::export(&ange, "accounts", format).await;
            put(&world, &format!("in/all.{format}"), file);
            assert_eq!(take(&world, &id).await.taken, 1);
            assert_eq!(
                counts(&view(&ange, &id).await),
                [0, 0, 3, 0],
                "{format} comes back unchanged"
            );
        }
        let city: (String,) = world
            .app
            .db
            .read()
            .one("SELECT city FROM account WHERE external_id = 'A-2'", vec![])
            .await
            .expect("there");
        assert_eq!(city.0, "青岛");
    });
}

/// A text in GBK.
fn outlay_connect_gbk(text: &str) -> (Vec<u8>,) {
    (encoding_rs::GB18030.encode(text).0.into_owned(),)
}

#[test]
fn a_paused_folder_is_left_alone() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "accounts").await;
        let file = put(&world, "in/a.csv", ACCOUNTS);
        let round = || folders::round(&world.app, std::time::Duration::ZERO);
        ange.post(&format!("/api/v1/folders/{id}/pause"), json!({}))
            .await
            .expect(204);
        for _ in 0..3 {
            round().await.expect("a round");
        }
        assert!(file.exists());
        assert_eq!(view(&ange, &id).await["looked_at"], Value::Null);
        ange.send(ange.http.delete(format!("{}/api/v1/folders/{id}/pause", ange.base)))
            .await
            .expect(204);
        for _ in 0..2 {
            round().await.expect("a round");
        }
        assert!(!file.exists());
        ange.send(ange.http.delete(format!("{}/api/v1/folders/{id}", ange.base)))
            .await
            .expect(204);
        ange.get(&format!("/api/v1/folders/{id}")).await.expect(404);
        let file = put(&world, "in/b.csv", "id,name\nA-3,x\n");
        for _ in 0..2 {
            round().await.expect("a round");
        }
        assert!(file.exists());
        // It comes back with what it knew.
        assert_eq!(watch(&ange, "in", "accounts").await, id);
        std::fs::write(&file, ACCOUNTS).expect("written");
        assert_eq!(take(&world, &id).await.again, 1);
    });
}
