//! Reading: nothing lost, nothing doubled, and no more asked than is needed.

use std::time::Duration;

use outlay_connect::{Connector, Error, Object};
use outlay_fakes::{Fault, WriteFault, salesforce::FakeSalesforce};
use serde_json::json;

use super::{connect, connect_as, deal, frame::*, known, with_deals};

#[tokio::test]
async fn ties_across_the_edges_of_pages_lose_and_double_nothing() {
    for size in [1, 4, 5, 10, 24, 25, 26] {
        let fake = with_deals(3);
        fake.faults.next_writes(17, WriteFault::EqualTime);
        for n in 4..=25 {
            fake.db().add("Opportunity", deal(&n.to_string()));
        }
        fake.db().pass(1000);
        let (records, ..) = pull_all(&connect(&fake).await, Object::Deal, None, size).await;
        assert_eq!(ids(&records), known(&fake, "Opportunity"), "pages of {size}");
    }
}

#[tokio::test]
async fn answers_that_come_in_batches_are_read_to_their_end() {
    let fake = with_deals(23);
    fake.db().batch = 4;
    fake.db().pass(1000);
    let salesforce = connect(&fake).await;
    let page = salesforce.pull(Object::Deal, None, 50).await.expect("a page");
    assert!(page.done);
    assert_eq!(ids(&page.records), known(&fake, "Opportunity"));
    // The rest of an answer that is kept no more is asked for anew.
    let fake = with_deals(23);
    fake.db().batch = 4;
    let salesforce = connect(&fake).await;
    salesforce.check().await.expect("ready");
    let asked = fake.db().requests.len();
    fake.faults.pass(3);
    fake.faults.next(1, Fault::LostAnswer);
    let broken = salesforce.pull(Object::Deal, None, 50).await.expect_err("lost");
    assert!(broken.is_transient());
    assert!(fake.db().requests[asked..].iter().any(|r| r.starts_with("GET query/")));
    let (records, ..) = pull_all(&salesforce, Object::Deal, None, 50).await;
    assert_eq!(ids(&records), known(&fake, "Opportunity"));
}

#[tokio::test]
async fn a_rest_that_is_kept_no_more_costs_no_record() {
    let fake = with_deals(9);
    fake.db().batch = 4;
    let salesforce = connect(&fake).await;
    fake.db().keeps_rests = false;
    let (records, ..) = pull_all(&salesforce, Object::Deal, None, 9).await;
    assert_eq!(ids(&records), known(&fake, "Opportunity"));
}

#[tokio::test]
async fn a_late_commit_within_the_overlap_is_seen_once() {
    let fake = with_deals(3);
    let salesforce = connect(&fake).await;
    fake.faults.next_writes(1, WriteFault::LateCommit(300));
    let late = fake.db().add("Opportunity", deal("late"));
    fake.db().pass(5);
    fake.db().add("Opportunity", deal("after it"));
    let (records, _, cursor) = pull_all(&salesforce, Object::Deal, None, 2).await;
    assert_eq!(records.len(), 4);
    assert!(!ids(&records).contains(&late));
    fake.db().pass(400);
    let (records, _, cursor) = pull_all(&salesforce, Object::Deal, Some(cursor), 2).await;
    assert_eq!(ids(&records), [late], "what was given before does not come again");
    let (records, ..) = pull_all(&salesforce, Object::Deal, Some(cursor), 2).await;
    assert_eq!(records, []);
}

#[tokio::test]
async fn a_late_commit_during_a_long_run_is_seen() {
    let fake = with_deals(6);
    let salesforce = connect(&fake).await;
    fake.faults.next_writes(1, WriteFault::LateCommit(500));
    let late = fake.db().add("Opportunity", deal("late"));
    fake.db().pass(2);
    for n in 8..=11 {
        fake.db().add("Opportunity", deal(&n.to_string()));
    }
    let first = salesforce.pull(Object::Deal, None, 4).await.expect("a page");
    let second = salesforce
        .pull(Object::Deal, Some(&first.next), 4)
        .await
        .expect("a page");
    assert_eq!(second.records.len(), 4, "the run has passed the late one");
    // It commits, and is older than the overlap by the time the run ends.
    fake.db().pass(1300);
    fake.db().add("Opportunity", deal("12"));
    let (rest, _, cursor) = pull_all(&salesforce, Object::Deal, Some(second.next), 4).await;
    assert!(!ids(&rest).contains(&late));
    let (found, ..) = pull_all(&salesforce, Object::Deal, Some(cursor), 4).await;
    assert_eq!(ids(&found), [late]);
}

#[tokio::test]
async fn pulling_when_nothing_is_new_costs_one_request() {
    let fake = with_deals(40);
    fake.db().pass(2000);
    let salesforce = connect(&fake).await;
    let (_, _, cursor) = pull_all(&salesforce, Object::Deal, None, 50).await;
    let before = fake.db().requests.len();
    let page = salesforce.pull(Object::Deal, Some(&cursor), 50).await.expect("a page");
    assert!(page.done && page.records.is_empty());
    assert_eq!(fake.db().requests[before..], ["GET queryAll"]);
}

#[tokio::test]
async fn a_second_change_within_the_same_second_comes_and_has_another_revision() {
    let fake = with_deals(1);
    let salesforce = connect(&fake).await;
    let (first, _, cursor) = pull_all(&salesforce, Object::Deal, None, 10).await;
    fake.faults.next_writes(1, WriteFault::EqualTime);
    fake.db()
        .set("Opportunity", &first[0].external_id, json!({ "Name": "改名" }));
    let (second, ..) = pull_all(&salesforce, Object::Deal, Some(cursor), 10).await;
    assert_eq!(second.len(), 1);
    assert_eq!(first[0].modified_at, second[0].modified_at);
    assert_ne!(first[0].revision, second[0].revision);
}

#[tokio::test]
async fn a_restart_at_any_page_gives_the_same() {
    let fake = with_deals(4);
    fake.faults.next_writes(9, WriteFault::EqualTime);
    for n in 5..=20 {
        fake.db().add("Opportunity", deal(&n.to_string()));
    }
    let (mut cursor, mut all) = (None, Vec::new());
    loop {
        // Killed after the answer and before it was stored; then begun anew.
        let lost = connect(&fake).await.pull(Object::Deal, cursor.as_ref(), 3).await;
        let page = connect(&fake).await.pull(Object::Deal, cursor.as_ref(), 3).await;
        let (lost, page) = (lost.expect("a page"), page.expect("a page"));
        let place = |page: &outlay_connect::Page| {
            let part = &page.next["parts"][0];
            (ids(&page.records), part["at"].clone(), part["id"].clone(), page.done)
        };
        assert_eq!(place(&lost), place(&page));
        all.extend(page.records);
        cursor = Some(page.next);
        if page.done {
            break;
        }
    }
    assert_eq!(ids(&all), known(&fake, "Opportunity"));
}

#[tokio::test]
async fn what_is_in_the_bin_is_told_and_what_was_erased_is_found_in_the_log() {
    let fake = with_deals(5);
    let salesforce = connect_as(&fake, |place| place.sweep_every = Duration::from_secs(60)).await;
    let (_, _, cursor) = pull_all(&salesforce, Object::Deal, None, 10).await;
    let deals = known(&fake, "Opportunity");
    {
        let mut db = fake.db();
        db.delete("Opportunity", &deals[0]);
        db.erase("Opportunity", &deals[1]);
        db.delete("Opportunity", &deals[2]);
        db.undelete("Opportunity", &deals[2]);
        db.pass(100);
    }
    let (records, gone, cursor) = pull_all(&salesforce, Object::Deal, Some(cursor), 10).await;
    assert!(records.iter().any(|r| r.external_id == deals[0] && r.deleted));
    assert_eq!(gone, [deals[1].clone()]);
    let last = records
        .iter()
        .rfind(|r| r.external_id == deals[2])
        .expect("there again");
    assert!(!last.deleted);
    // The log is not read again before its time.
    let before = fake.db().requests.len();
    let (.., cursor) = pull_all(&salesforce, Object::Deal, Some(cursor), 10).await;
    assert!(!fake.db().requests[before..].iter().any(|r| r.contains("deleted")));
    // After three weeks the log does not reach back: a reconcile finds what was erased.
    fake.db().erase("Opportunity", &deals[3]);
    fake.db().pass(21 * 24 * 3600);
    let (records, gone, _) = pull_all(&salesforce, Object::Deal, Some(cursor), 10).await;
    assert_eq!((records.len(), gone), (0, Vec::new()));
    let living = scan_all(&salesforce, Object::Deal, 2).await;
    assert_eq!(
        living.into_keys().collect::<Vec<_>>(),
        [deals[2].clone(), deals[4].clone()]
    );
    let fetched = salesforce.fetch(Object::Deal, &deals).await.expect("records");
    assert_eq!(fetched.gone, [deals[1].clone(), deals[3].clone()]);
}

#[tokio::test]
async fn a_long_log_is_read_piece_by_piece() {
    let fake = with_deals(30);
    let salesforce = connect_as(&fake, |place| place.sweep_every = Duration::from_secs(60)).await;
    let (_, _, cursor) = pull_all(&salesforce, Object::Deal, None, 50).await;
    for id in known(&fake, "Opportunity") {
        fake.db().erase("Opportunity", &id);
    }
    fake.db().pass(100);
    let (records, mut gone, _) = pull_all(&salesforce, Object::Deal, Some(cursor), 7).await;
    gone.sort();
    gone.dedup();
    assert_eq!((records.len(), gone.len()), (0, 30));
}

#[tokio::test]
async fn much_is_read_first_by_a_job_and_what_changes_meanwhile_follows() {
    for piece in [3, 10, 100] {
        let fake = with_deals(25);
        fake.db().job_polls = Some(12);
        let tricky =
            json!({ "Name": "引号 \" 逗号 ,\n换行", "StageName": "赢单", "Amount": 3, "CurrencyIsoCode": "CNY" });
        fake.db().add("Opportunity", tricky);
        let salesforce = connect_as(&fake, |place| {
            place.bulk_above = 20;
            place.bulk_page = piece;
        })
        .await;
        let mut pages = Vec::new();
        let mut cursor = None;
        while pages.last().is_none_or(|page: &outlay_connect::Page| !page.done) {
            if pages.len() == 3 {
                let first = known(&fake, "Opportunity")[0].clone();
                fake.db().set("Opportunity", &first, json!({ "Name": "改名" }));
                fake.db().add("Opportunity", deal("new"));
                let erased = known(&fake, "Opportunity")[1].clone();
                fake.db().delete("Opportunity", &erased);
            }
            let page = salesforce.pull(Object::Deal, cursor.as_ref(), 1).await.expect("a page");
            cursor = Some(page.next.clone());
            pages.push(page);
        }
        let mut held = std::collections::BTreeMap::new();
        for record in pages.into_iter().flat_map(|p| p.records) {
            held.insert(record.external_id.clone(), record);
        }
        assert_eq!(held.keys().cloned().collect::<Vec<_>>(), known(&fake, "Opportunity"));
        let (names, deleted): (Vec<_>, Vec<_>) = held.values().map(|r| (r.body.label(), r.deleted)).unzip();
        assert_eq!(names[0], "改名");
        assert_eq!(names[25], "引号 \" 逗号 ,\n换行");
        assert_eq!((deleted[0], deleted[1]), (false, true));
        // What the job gave reads as what a question gives.
        let marks = scan_all(&salesforce, Object::Deal, 10).await;
        let living = held.values().filter(|r| !r.deleted);
        let living = living.map(|r| (r.external_id.clone(), r.revision.clone())).collect();
        assert_eq!(marks, living);
        let jobs = fake
            .db()
            .requests
            .iter()
            .filter(|r| r.as_str() == "POST jobs/query")
            .count();
        assert_eq!(jobs, 1);
    }
}

#[tokio::test]
async fn a_job_that_fails_or_vanishes_costs_nothing_but_time() {
    let fake = with_deals(25);
    fake.db().job_polls = None;
    let salesforce = connect_as(&fake, |place| place.bulk_above = 20).await;
    let (records, ..) = pull_all(&salesforce, Object::Deal, None, 10).await;
    assert_eq!(ids(&records), known(&fake, "Opportunity"));
    let fake = with_deals(25);
    let salesforce = connect_as(&fake, |place| {
        place.bulk_above = 20;
        place.bulk_page = 4;
    })
    .await;
    let begun = salesforce.pull(Object::Deal, None, 4).await.expect("a page");
    let piece = salesforce
        .pull(Object::Deal, Some(&begun.next), 4)
        .await
        .expect("a page");
    assert_eq!(piece.records.len(), 4);
    fake.db().jobs.clear();
    let (records, ..) = pull_all(&salesforce, Object::Deal, Some(piece.next), 4).await;
    let mut all = ids(&records);
    all.dedup();
    assert_eq!(all, known(&fake, "Opportunity"));
}

#[tokio::test]
async fn a_job_whose_result_does_not_advance_is_left() {
    let fake = with_deals(25);
    let salesforce = connect_as(&fake, |place| {
        place.bulk_above = 20;
        place.bulk_page = 4;
    })
    .await;
    let begun = salesforce.pull(Object::Deal, None, 4).await.expect("a page");
    let piece = salesforce
        .pull(Object::Deal, Some(&begun.next), 4)
        .await
        .expect("a page");
    fake.faults.next(1, Fault::Deaf);
    let again = salesforce.pull(Object::Deal, Some(&piece.next), 4).await;
    assert!(matches!(again, Err(Error::Cursor(_))), "{again:?}");
    // A CSV that breaks off between two lines is not taken for the whole.
    fake.faults.next(1, Fault::Truncated);
    let broken = salesforce.pull(Object::Deal, Some(&piece.next), 4).await;
    assert!(matches!(broken, Err(Error::Broken(_))), "{broken:?}");
}

#[tokio::test]
async fn events_and_tasks_are_activities_and_each_is_found_again() {
    let fake = FakeSalesforce::default();
    let account = fake.db().add("Account", json!({ "Name": "蓝石" }));
    for n in 0..5 {
        let visit = json!({ "Subject": format!("拜访 {n}"), "Type": "Visit", "AccountId": account, "StartDateTime": 1_795_492_800 });
        fake.db().add("Event", visit);
        let call =
            json!({ "Subject": "电话", "TaskSubtype": "Call", "AccountId": account, "ActivityDate": "2026-11-23" });
        fake.db().add("Task", call);
    }
    fake.db().add(
        "Task",
        json!({ "Subject": "邮件", "TaskSubtype": "Email", "AccountId": account }),
    );
    fake.db().add("Event", json!({ "Subject": "周会" }));
    let salesforce = connect(&fake).await;
    for size in [1, 3, 20] {
        let (records, _, cursor) = pull_all(&salesforce, Object::Activity, None, size).await;
        assert_eq!(records.len(), 10, "pages of {size}");
        let (again, ..) = pull_all(&salesforce, Object::Activity, Some(cursor), size).await;
        assert_eq!(again, []);
        assert_eq!(scan_all(&salesforce, Object::Activity, size).await.len(), 10);
        let wanted: Vec<String> = ids(&records);
        let fetched = salesforce.fetch(Object::Activity, &wanted).await.expect("records");
        assert_eq!((ids(&fetched.records), fetched.gone), (wanted, Vec::<String>::new()));
    }
}

#[tokio::test]
async fn fields_that_come_and_go_fail_no_pull() {
    let fake = with_deals(2);
    fake.db().pass(2000);
    let salesforce = connect(&fake).await;
    let (_, _, cursor) = pull_all(&salesforce, Object::Deal, None, 10).await;
    fake.db().object("Opportunity").fields.remove("ContactId");
    fake.db().add("Opportunity", deal("3"));
    let (records, ..) = pull_all(&salesforce, Object::Deal, Some(cursor), 10).await;
    assert_eq!(records.len(), 1);
    fake.db().objects.remove("Order");
    let salesforce = connect(&fake).await;
    let (none, ..) = pull_all(&salesforce, Object::Order, None, 10).await;
    assert_eq!(none, []);
    assert!(scan_all(&salesforce, Object::Order, 10).await.is_empty());
    let project = salesforce.pull(Object::Project, None, 10).await;
    assert!(matches!(project, Err(Error::Setup(_))), "{project:?}");
}

#[tokio::test]
async fn records_are_counted_before_the_first_pull() {
    let salesforce = connect(&with_deals(7)).await;
    assert_eq!(salesforce.count(Object::Deal).await, Ok(Some(7)));
}
