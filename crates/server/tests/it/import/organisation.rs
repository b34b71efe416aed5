//! What a file does to a company besides its rows: who leaves passes on their tasks, who is new can work.

use outlay_core::claim::Command;
use serde_json::json;

use super::{counts, look, take};
use crate::seed;
use crate::world::on_both;

#[test]
fn who_leaves_by_a_file_is_logged_out_and_passes_their_tasks_on_or_stays() {
    on_both(|world| async move {
        let (wang, chen, boss) = (world.id("wang").await, world.id("chen").await, world.id("boss").await);
        let of_wang = seed::draft(&world, "wang").await;
        let of_wang = seed::act(&world, wang, of_wang.id, Command::Submit).await;
        assert!(of_wang.open_tasks().any(|t| t.assignee == chen));
        let ange = world.as_("ange").await;
        let leaving = world.as_("chen").await;
        leaving.get("/api/v1/tasks").await.expect(200);
        let file = "工号,姓名,邮箱,在职\nE001,陈屿,chen@example.com,离职\nE003,李哲改名,li@example.com,是\n";
        let report = take(&ange, "people", file).await;
        assert_eq!(counts(&report), [0, 2, 0, 0], "{report:#}");
        leaving.get("/api/v1/tasks").await.expect(401);
        let now = outlay::claims::store::load(&mut world.app.db.read(), of_wang.id)
            .await
            .expect("there");
        let asked: Vec<_> = now.open_tasks().map(|t| t.assignee).collect();
        assert_eq!(asked, [boss]);

        // Who has a task that nobody else may take stays, and so does the last administrator; the rest of the file is taken.
        let file = "number,name,email,active\nE004,赵蓉,zhao@example.com,no\nE000,总经理,boss@example.com,no\n\
                    E006,安歌,ange@example.com,no\nE003,李哲,li@example.com,yes\n";
        let looked = look(&ange, "people", file).await.expect(201).json();
        assert_eq!(counts(&looked["report"]), [0, 4, 0, 0]);
        let path = format!("/api/v1/imports/{}/application", looked["id"].as_str().expect("an id"));
        let done = ange.post(&path, json!(null)).await.expect(200).json();
        assert_eq!(counts(&done["report"]), [0, 2, 0, 2], "{done:#}");
        let told: Vec<_> = done["report"]["rejected"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|r| (r["row"].as_u64(), r["code"].as_str()))
            .collect();
        assert_eq!(
            told,
            [(Some(3), Some("nobody-stands-in")), (Some(4), Some("last-admin"))]
        );
        let words = done["report"]["rejected"][0]["message"].as_str().expect("words");
        assert!(words.contains(&of_wang.number), "{words}");
        let boss = ange.get(&format!("/api/v1/employees/{boss}")).await.expect(200).json();
        assert_eq!((&boss["active"], &boss["open_tasks"]), (&json!(true), &json!(1)));
    });
}

#[test]
fn a_new_entity_begins_with_rules_or_it_is_said_what_it_lacks() {
    on_both(|world| async move {
        let ange = world.as_("ange").await;
        let file = "code,name,country,currency,zone\nSH: 1,澜石（上海）,CN,CNY,Asia/Shanghai\nSG01,Lanstone Pte,SG,SGD,Asia/Singapore\n";
        assert_eq!(counts(&take(&ange, "entities", file).await), [2, 0, 0, 0]);
        let (policies, flows) = (
            ange.get("/api/v1/policies").await.expect(200).json(),
            ange.get("/api/v1/flows").await.expect(200).json(),
        );
        let of = |versions: &serde_json::Value, name: &str| -> Vec<(String, bool)> {
            let all = versions.as_array().expect("a list").iter();
            all.filter(|v| v["entity_name"] == name)
                .map(|v| (v["reference"].as_str().expect("text").to_owned(), v["in_force"] == true))
                .collect()
        };
        assert_eq!(of(&policies, "澜石（上海）"), [("cn-standard-2@1".to_owned(), true)]);
        assert_eq!(of(&policies, "Lanstone Pte"), []);
        for name in ["澜石（上海）", "Lanstone Pte"] {
            assert_eq!(of(&flows, name), [("standard@1".to_owned(), true)]);
        }
        let page = ange.get("/settings/policies").await.expect(200).text;
        assert!(page.contains("无法提交报销：Lanstone Pte"), "{page}");
        let page = ange.get("/settings/flows").await.expect(200).text;
        assert!(!page.contains("无法提交报销"), "{page}");
        // Importing it again gives nothing twice.
        let renamed = file.replace("Lanstone Pte", "Lanstone Pte Ltd");
        assert_eq!(counts(&take(&ange, "entities", renamed).await), [0, 1, 1, 0]);
    });
}

#[test]
fn a_cost_centre_has_the_owner_that_a_file_names_until_another_names_one() {
    on_both(|world| async move {
        super::fill(&world).await;
        let ange = world.as_("ange").await;
        let file = "Code,Name,Entity,Owner\nSG-SALES,Sales,SG01,tan@example.com\n";
        assert_eq!(counts(&take(&ange, "cost-centers", file).await), [0, 1, 0, 0]);
        // A file without owners takes nobody's away.
        let without = take(&ange, "cost-centers", "Code,Name,Entity\nSG-SALES,Sales,SG01\n").await;
        assert_eq!(counts(&without), [0, 0, 1, 0], "{without:#}");
        let org = world.app.org(&mut world.app.db.read()).await.expect("the organisation");
        let centre = org.cost_centers().find(|c| c.code == "SG-SALES").expect("there");
        let owner = centre.owner.and_then(|id| org.employee(id)).map(|e| e.number.as_str());
        assert_eq!(owner, Some("S001"));
        let exported = super::export(&ange, "cost-centers", "csv").await;
        let exported = String::from_utf8(exported).expect("text");
        assert!(exported.contains("SG-SALES,Sales,SG01,S001"), "{exported}");
        let gone = "number,name,email,active\nS002,Maryam,maryam@example.com,no\n";
        assert_eq!(counts(&take(&ange, "people", gone).await), [0, 1, 0, 0]);
        let looked = look(
            &ange,
            "cost-centers",
            "Code,Name,Entity,Owner\nSG-SALES,Sales,SG01,S002\nSG-NEW,New,SG01,nobody\n",
        )
        .await;
        let report = looked.expect(201).json()["report"].clone();
        let codes: Vec<_> = report["rejected"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|r| r["code"].as_str())
            .collect();
        assert_eq!(codes, [Some("has-left"), Some("no-person")], "{report:#}");
    });
}
