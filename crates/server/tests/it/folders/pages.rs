//! What administrators see.

use super::{ACCOUNTS, put, take, view, watch};
use crate::world::on_both;

#[test]
fn the_pages_set_up_a_folder_and_show_its_runs() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let page = ange.get("/settings/folders").await.expect(200).text;
        assert!(page.contains("还没有监视任何文件夹"), "{page}");
        assert!(
            ange.get("/settings/import")
                .await
                .expect(200)
                .text
                .contains("/settings/folders")
        );
        let refused = ange
            .form("/settings/folders", &[("path", "../x"), ("kind", "accounts")])
            .await;
        assert!(refused.expect(422).text.contains("超出了允许的文件夹"));
        let made = ange
            .form("/settings/folders", &[("path", "in"), ("kind", "accounts")])
            .await;
        let place = made.expect(303).headers["location"]
            .to_str()
            .expect("a place")
            .to_owned();
        let id = place.rsplit('/').next().expect("an id");
        put(&world, "in/客户.csv", format!("{ACCOUNTS}A-3,,\n"));
        for _ in 0..2 {
            ange.form(&format!("{place}/look"), &[]).await.expect(303);
        }
        let page = ange.get(&place).await.expect(200).text;
        assert!(page.contains("客户.csv") && page.contains("已导入"), "{page}");
        let run = view(&ange, id).await["runs"][0]["id"]
            .as_str()
            .expect("a run")
            .to_owned();
        let page = ange.get(&format!("{place}/runs/{run}")).await.expect(200).text;
        assert!(page.contains("客户名称") && page.contains("in/done/"), "{page}");
        for act in ["pause", "resume"] {
            ange.form(&format!("{place}/{act}"), &[]).await.expect(303);
            let paused = view(&ange, id).await["paused"].as_bool();
            assert_eq!(paused, Some(act == "pause"));
        }
        ange.form(&format!("{place}/remove"), &[]).await.expect(303);
        ange.get(&place).await.expect(404);
    });
}

#[test]
fn without_a_root_the_page_says_what_to_set() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let id = watch(&ange, "in", "accounts").await;
        std::fs::rename(world.files(), world.files().with_extension("away")).expect("moved");
        take(&world, &id).await;
        let trouble = view(&ange, &id).await["trouble"].to_string();
        assert!(trouble.contains("运维人员指定的文件夹"), "{trouble}");
        let new = serde_json::json!({"path": "x", "kind": "accounts"});
        let problem = ange.post("/api/v1/folders", new.clone()).await.expect(422).text;
        assert!(problem.contains("folder-root-gone"), "{problem}");
        let world = world.without_files().await;
        let ange = world.as_("ange").await;
        let page = ange.get("/settings/folders").await.expect(200).text;
        assert!(
            page.contains("OUTLAY_FOLDERS") && !page.contains("name=\"path\""),
            "{page}"
        );
        let problem = ange.post("/api/v1/folders", new).await.expect(422).text;
        assert!(problem.contains("folder-no-root"), "{problem}");
    });
}
