//! Decisions on record: replayed to the same bytes, and tried under other rules.

use jiff::Span;
use outlay::history::{Kept, Same, Tried, Wanted, replay, simulate};
use outlay::{args, clock};
use outlay_core::claim::Command;
use outlay_core::flow::Flow;
use outlay_core::history::{Is, Report};
use outlay_core::policy::{CN_STANDARD, Policy};

use crate::cli;
use crate::seed;
use crate::world::{World, on_both};

/// The replays of a claim's submissions, the last first.
async fn replays(world: &World, id: outlay_core::ids::ClaimId) -> Vec<Same> {
    let mut sql = world.app.db.read();
    let mut all = Vec::new();
    for kept in Kept::of(&mut sql, id).await.expect("read") {
        all.push(replay(&mut sql, &world.app, &kept).await.expect("replayed").same);
    }
    all
}

async fn run(world: &World, sql: &'static str) {
    world
        .app
        .db
        .write(move |s| Box::pin(async move { Ok(s.run(sql, args![]).await?) }))
        .await
        .expect("done");
}

async fn tried(world: &World, tried: Tried) -> Report {
    let today = clock::day(clock::now(), "Asia/Shanghai");
    let wanted = Wanted {
        entity: world.cn,
        from: today.saturating_sub(Span::new().days(30)),
        to: today.saturating_add(Span::new().days(1)),
    };
    simulate(&world.app, wanted, tried, |_| {}).await.expect("simulated")
}

#[test]
fn every_submission_is_on_record_and_replays_to_the_same_bytes_whatever_changed_since() {
    on_both(|world| async move {
        let wang = world.id("wang").await;
        let claim = seed::draft(&world, "wang").await;
        let claim = seed::act(&world, wang, claim.id, Command::Submit).await;
        let task = claim.open_tasks().next().expect("a task").clone();
        let back = Command::Return {
            task: task.id,
            reason: "请补充".into(),
        };
        seed::act(&world, task.assignee, claim.id, back).await;
        seed::act(&world, wang, claim.id, Command::Submit).await;
        assert_eq!(replays(&world, claim.id).await, [Same::Same, Same::Same]);
        let firsts: Vec<(i64, bool)> = world
            .app
            .db
            .read()
            .all("SELECT n, is_first FROM decision ORDER BY n", args![])
            .await
            .expect("read");
        assert_eq!(
            firsts.iter().map(|(_, first)| *first).collect::<Vec<_>>(),
            [true, false]
        );

        // Another head, and another organisation on record; what was decided stays what it was.
        let ange = world.as_("ange").await;
        let path = format!("/api/v1/employees/{}/deactivation", task.assignee);
        ange.post(&path, serde_json::json!(null)).await.expect(204);
        assert_eq!(replays(&world, claim.id).await, [Same::Same, Same::Same]);
        let second = seed::draft(&world, "li").await;
        let li = world.id("li").await;
        seed::act(&world, li, second.id, Command::Submit).await;
        let snapshots: Vec<(String,)> = world
            .app
            .db
            .read()
            .all("SELECT body FROM org_snapshot", args![])
            .await
            .expect("read");
        assert_eq!(snapshots.len(), 2);
        assert!(
            snapshots
                .iter()
                .all(|(body,)| !body.contains("example.com") && !body.contains("王敏"))
        );

        run(&world, "UPDATE decision SET outcome_hash = 'x' WHERE is_first").await;
        assert_eq!(replays(&world, claim.id).await, [Same::Same, Same::Differs]);
    });
}

#[test]
fn an_erased_person_cannot_be_replayed_and_is_counted() {
    on_both(|world| async move {
        let wang = world.id("wang").await;
        let claim = seed::draft(&world, "wang").await;
        seed::act(&world, wang, claim.id, Command::Submit).await;
        run(&world, "DELETE FROM subject_key").await;
        // Another process, which has no key in memory.
        let beside = outlay::app::App::beside(world.app.config.clone())
            .await
            .expect("opened");
        let mut sql = beside.db.read();
        let kept = Kept::of(&mut sql, claim.id).await.expect("read").remove(0);
        let done = replay(&mut sql, &beside, &kept).await.expect("replayed");
        assert_eq!(done.same, Same::Erased);
        assert!(done.found.is_none());
        let today = clock::day(clock::now(), "Asia/Shanghai");
        let wanted = Wanted {
            entity: world.cn,
            from: today,
            to: today,
        };
        let report = simulate(&beside, wanted, Tried::default(), |_| {})
            .await
            .expect("simulated");
        assert_eq!((report.claims, report.erased), (0, 1));
    });
}

#[test]
fn other_rules_are_tried_on_what_was_decided() {
    on_both(|world| async move {
        let mut rejected = None;
        for who in ["wang", "li", "wang", "li"] {
            let me = world.id(who).await;
            let claim = seed::draft(&world, who).await;
            let claim = seed::act(&world, me, claim.id, Command::Submit).await;
            assert!(claim.open_tasks().next().is_some(), "a person is asked");
            let task = claim.open_tasks().next().expect("a task").clone();
            if rejected.is_none() {
                let no = Command::Reject {
                    task: task.id,
                    reason: "重复".into(),
                };
                rejected = Some(seed::act(&world, task.assignee, claim.id, no).await.number);
            } else {
                seed::approve(&world, claim.id).await;
            }
        }
        let as_was = tried(&world, Tried::default()).await;
        assert_eq!((as_was.claims, as_was.differ), (4, 0));
        assert_eq!(as_was.days.old_hours, as_was.days.new_hours);
        assert!(as_was.days.answers >= 4);

        let flow = Flow::from_yaml(
            "id: standard\nversion: 2\nname: { zh: 财务, en: Finance }\nsteps:\n  - { id: f, name: { zh: 财务, en: Finance }, who: !role finance }\n",
        )
        .expect("a flow");
        let with = |flow: &Flow| Tried {
            policy: None,
            flow: Some(flow.clone()),
        };
        let report = tried(&world, with(&flow)).await;
        assert_eq!(report.differ, 4);
        let zhao = world.id("zhao").await;
        assert_eq!(report.load.iter().find(|l| l.employee == zhao).map(|l| l.new), Some(4));
        assert_eq!(report, tried(&world, with(&flow)).await, "twice the same");

        let (head, _) = CN_STANDARD.split_once("\nauto_approval:").expect("it has one");
        let head = head.replace("severity: warn", "severity: info");
        let lenient = format!(
            "{head}\nauto_approval:\n  table:\n    hit: first\n    inputs: [total]\n    rows:\n      - [\"-\", pass]\n"
        );
        let policy = Policy::from_yaml(&lenient).map_err(|e| e.to_string());
        let Ok(policy) = policy else { panic!("{policy:?}") };
        let report = tried(
            &world,
            Tried {
                policy: Some(policy),
                flow: None,
            },
        )
        .await;
        let auto = report.transitions.iter().filter(|t| t.to.is == Is::Auto);
        assert_eq!(auto.map(|t| t.claims).sum::<u64>(), 4, "{report:#?}");
        assert_eq!(report.to_auto.iter().map(|m| m.claims).sum::<u64>(), 4);
        assert_eq!(report.false_approvals_count, 1);
        assert_eq!(Some(&report.false_approvals[0].number), rejected.as_ref());
        if !world.app.config.is_shared() {
            at_the_command_line(&world);
        }
    });
}

/// The same by the commands, twice the same bytes.
fn at_the_command_line(world: &World) {
    let data = world.app.config.data.to_str().expect("UTF-8");
    let flow = world.app.config.data.join("flow.yaml");
    let yaml = "id: f\nversion: 1\nname: { zh: 财务, en: Finance }\nsteps:\n  - { id: f, name: { zh: 财务, en: Finance }, who: !role finance }\n";
    std::fs::write(&flow, yaml).expect("written");
    let flow = flow.to_str().expect("UTF-8");
    let again = || {
        let done = cli::run(&[
            "simulate",
            "--data",
            data,
            "--flow",
            flow,
            "--entity",
            "CN01",
            "--from",
            "2020-01-01",
            "--to",
            "2099-12-31",
        ]);
        assert!(done.status.success(), "{}", cli::text(&done.stderr));
        cli::text(&done.stdout)
    };
    let report = again();
    assert_eq!(report, again());
    let report: Report = serde_json::from_str(&report).expect("a report");
    assert_eq!((report.claims, report.differ), (4, 4));
    let replayed = cli::run(&["rules", "replay", "--data", data]);
    assert!(replayed.status.success());
    let lines: Vec<serde_json::Value> = cli::text(&replayed.stdout)
        .lines()
        .map(|l| serde_json::from_str(l).expect("JSON"))
        .collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|l| l["replayed"] == "same"));
}
