//! Reading: nothing lost, nothing doubled, and no more asked than is needed.

use outlay_connect::{Connector, Error, Object};
use outlay_fakes::{WriteFault, dynamics::FakeDynamics};
use serde_json::json;

use super::{add_deal, connect, connect_as, frame::*, known, with_deals};

#[tokio::test]
async fn pages_lose_and_double_nothing_and_changes_follow() {
    for size in [1, 4, 5, 10, 24, 25, 26] {
        let fake = with_deals(3);
        fake.faults.next_writes(17, WriteFault::EqualTime);
        for n in 4..=25 {
            add_deal(&fake, &n.to_string());
        }
        let dynamics = connect(&fake).await;
        let (records, _, cursor) = pull_all(&dynamics, Object::Deal, None, size).await;
        assert_eq!(ids(&records), known(&fake, "opportunities"), "pages of {size}");
        let all = known(&fake, "opportunities");
        for id in &all[..7] {
            fake.db().set("opportunities", id, json!({ "name": "改名" }));
        }
        for id in &all[7..12] {
            fake.db().delete("opportunities", id);
        }
        let new = add_deal(&fake, "new");
        let (records, mut gone, _) = pull_all(&dynamics, Object::Deal, Some(cursor), size).await;
        let mut changed = [&all[..7], &[new]].concat();
        changed.sort();
        gone.sort();
        assert_eq!((ids(&records), gone), (changed, all[7..12].to_vec()), "pages of {size}");
    }
}

#[tokio::test]
async fn a_late_commit_is_seen_once() {
    let fake = with_deals(3);
    let dynamics = connect(&fake).await;
    fake.faults.next_writes(1, WriteFault::LateCommit(3000));
    let late = add_deal(&fake, "late");
    fake.db().pass(5);
    add_deal(&fake, "after it");
    let (records, _, cursor) = pull_all(&dynamics, Object::Deal, None, 2).await;
    assert_eq!(records.len(), 4);
    fake.db().pass(4000);
    let (records, _, cursor) = pull_all(&dynamics, Object::Deal, Some(cursor), 2).await;
    assert!(ids(&records).contains(&late));
    let (records, ..) = pull_all(&dynamics, Object::Deal, Some(cursor), 2).await;
    assert_eq!(records, []);
}

#[tokio::test]
async fn pulling_when_nothing_is_new_costs_one_request() {
    let fake = with_deals(40);
    let dynamics = connect(&fake).await;
    let (_, _, cursor) = pull_all(&dynamics, Object::Deal, None, 50).await;
    let before = fake.db().requests.len();
    let page = dynamics.pull(Object::Deal, Some(&cursor), 50).await.expect("a page");
    assert!(page.done && page.records.is_empty());
    assert_eq!(fake.db().requests[before..], ["GET opportunities"]);
}

#[tokio::test]
async fn a_second_change_within_the_same_second_comes_and_has_another_revision() {
    let fake = with_deals(1);
    let dynamics = connect(&fake).await;
    let (first, _, cursor) = pull_all(&dynamics, Object::Deal, None, 10).await;
    fake.faults.next_writes(1, WriteFault::EqualTime);
    fake.db()
        .set("opportunities", &first[0].external_id, json!({ "name": "改名" }));
    let (second, ..) = pull_all(&dynamics, Object::Deal, Some(cursor), 10).await;
    assert_eq!(first[0].modified_at, second[0].modified_at);
    assert_ne!(first[0].revision, second[0].revision);
}

#[tokio::test]
async fn a_restart_at_any_page_gives_the_same() {
    let fake = with_deals(20);
    let (mut cursor, mut all) = (None, Vec::new());
    // Links lead to the server that gave them.
    let dynamics = connect(&fake).await;
    loop {
        let lost = dynamics.pull(Object::Deal, cursor.as_ref(), 3).await.expect("a page");
        let page = dynamics.pull(Object::Deal, cursor.as_ref(), 3).await.expect("a page");
        assert_eq!((ids(&lost.records), &lost.next), (ids(&page.records), &page.next));
        all.extend(page.records);
        cursor = Some(page.next);
        if page.done {
            break;
        }
    }
    assert_eq!(ids(&all), known(&fake, "opportunities"));
}

#[tokio::test]
async fn after_an_expired_link_all_is_read_anew_and_a_reconcile_finds_what_was_deleted() {
    let fake = with_deals(5);
    let dynamics = connect(&fake).await;
    let (_, _, cursor) = pull_all(&dynamics, Object::Deal, None, 2).await;
    let all = known(&fake, "opportunities");
    fake.db().delete("opportunities", &all[0]);
    fake.db().set("opportunities", &all[1], json!({ "name": "改名" }));
    fake.db().forget_changes();
    let (records, gone, cursor) = pull_all(&dynamics, Object::Deal, Some(cursor), 2).await;
    assert_eq!((ids(&records), gone), (all[1..].to_vec(), Vec::new()));
    let living = scan_all(&dynamics, Object::Deal, 2).await;
    assert_eq!(living.into_keys().collect::<Vec<_>>(), all[1..]);
    let fetched = dynamics.fetch(Object::Deal, &all).await.expect("records");
    assert_eq!(fetched.gone, [all[0].clone()]);
    // From here on changes come by the new link; it holds for a week.
    fake.db().delete("opportunities", &all[2]);
    let (_, gone, cursor) = pull_all(&dynamics, Object::Deal, Some(cursor), 2).await;
    assert_eq!(gone, [all[2].clone()]);
    fake.db().pass(8 * 24 * 3600);
    let (records, ..) = pull_all(&dynamics, Object::Deal, Some(cursor), 2).await;
    assert_eq!(records.len(), 3);
}

#[tokio::test]
async fn a_table_whose_changes_are_not_tracked_is_read_by_its_time() {
    for hidden in [false, true] {
        let fake = with_deals(7);
        fake.db().table("opportunities").tracked = false;
        let dynamics = connect(&fake).await;
        if hidden {
            fake.db().table("opportunities").shown = false;
            let error = dynamics.pull(Object::Deal, None, 3).await.expect_err("no right");
            assert!(matches!(error, Error::Refused { status: 403, .. }), "{error}");
            continue;
        }
        let (records, _, cursor) = pull_all(&dynamics, Object::Deal, None, 3).await;
        let all = known(&fake, "opportunities");
        assert_eq!(ids(&records), all);
        fake.db().pass(5000);
        let (.., cursor) = pull_all(&dynamics, Object::Deal, Some(cursor), 3).await;
        fake.db().set("opportunities", &all[3], json!({ "name": "改名" }));
        let (records, _, cursor) = pull_all(&dynamics, Object::Deal, Some(cursor), 3).await;
        assert_eq!(ids(&records), [all[3].clone()]);
        fake.faults.next_writes(1, WriteFault::LateCommit(300));
        let late = add_deal(&fake, "late");
        fake.db().pass(10);
        let (.., cursor) = pull_all(&dynamics, Object::Deal, Some(cursor), 3).await;
        fake.db().pass(400);
        let (records, ..) = pull_all(&dynamics, Object::Deal, Some(cursor), 3).await;
        assert!(ids(&records).contains(&late));
    }
}

#[tokio::test]
async fn appointments_calls_and_tasks_are_activities_while_they_regard_a_customer() {
    let fake = FakeDynamics::default();
    let account = fake.db().add("accounts", json!({ "name": "蓝石" }));
    let regarding = |id: &str| json!({ "subject": "x", "_regardingobjectid_value": id, "_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "account" });
    for set in ["appointments", "phonecalls", "tasks"] {
        for _ in 0..3 {
            fake.db().add(set, regarding(&account));
        }
        fake.db().add(set, json!({ "subject": "周会" }));
    }
    for size in [1, 2, 20] {
        let dynamics = connect(&fake).await;
        let (records, gone, cursor) = pull_all(&dynamics, Object::Activity, None, size).await;
        assert_eq!((records.len(), gone.len()), (9, 0), "pages of {size}");
        assert_eq!(scan_all(&dynamics, Object::Activity, size).await.len(), 9);
        let wanted = ids(&records);
        let fetched = dynamics.fetch(Object::Activity, &wanted).await.expect("records");
        assert_eq!(
            (ids(&fetched.records), fetched.gone),
            (wanted.clone(), Vec::<String>::new())
        );
        // One that regards nobody any more is none.
        let first = known(&fake, "tasks")
            .into_iter()
            .find(|id| wanted.contains(id))
            .expect("a task");
        let nobody = json!({ "_regardingobjectid_value": null, "_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname": null });
        fake.db().set("tasks", &first, nobody);
        let (records, gone, _) = pull_all(&dynamics, Object::Activity, Some(cursor), size).await;
        assert_eq!((records.len(), &gone), (0, &vec![first.clone()]));
        let fetched = dynamics
            .fetch(Object::Activity, std::slice::from_ref(&first))
            .await
            .expect("an answer");
        assert_eq!(fetched.gone, std::slice::from_ref(&first));
        fake.db().set("tasks", &first, regarding(&account));
    }
}

#[tokio::test]
async fn tables_and_columns_that_lack_fail_no_pull() {
    let fake = with_deals(2);
    fake.db().tables.remove("msdyn_projects");
    fake.db().table("opportunities").columns.remove("stepname");
    let dynamics = connect(&fake).await;
    let (none, ..) = pull_all(&dynamics, Object::Project, None, 10).await;
    assert_eq!(none, []);
    assert!(scan_all(&dynamics, Object::Project, 10).await.is_empty());
    let (deals, ..) = pull_all(&dynamics, Object::Deal, None, 10).await;
    assert_eq!(deals.len(), 2);
}

#[tokio::test]
async fn a_token_is_shared_and_renewed() {
    let fake = with_deals(2);
    let dynamics = connect(&fake).await;
    let page = dynamics.pull(Object::Deal, None, 1).await.expect("a page");
    dynamics.pull(Object::Deal, Some(&page.next), 1).await.expect("a page");
    assert_eq!(fake.db().tokens_given, 1);
    fake.db().tokens.clear();
    dynamics.pull(Object::Deal, Some(&page.next), 1).await.expect("a page");
    assert_eq!(fake.db().tokens_given, 2);
    // One that is about to end is not used to its end.
    fake.db().token_holds = 100;
    fake.db().tokens.clear();
    let two = fake.db().tokens_given;
    for _ in 0..2 {
        dynamics.pull(Object::Deal, Some(&page.next), 1).await.expect("a page");
    }
    assert_eq!(fake.db().tokens_given, two + 2);
    let wrong = connect_as(&fake, |place| place.client_secret = "not-the-secret".into()).await;
    let error = wrong.pull(Object::Deal, None, 1).await.expect_err("refused");
    assert!(
        matches!(&error, Error::Auth(t) if t.starts_with("AADSTS7000215")),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("not-the-secret"), "{error}");
}
