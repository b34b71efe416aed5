//! What must hold of the data after the kills.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use outlay::app::App;
use outlay::args;
use outlay::config::Config;
use outlay_core::claim::Status;

use super::Heard;

/// Opens the data as the last process left it and checks everything.
pub async fn prove(config: Config, heard: &Heard) {
    let app = App::open(config).await.expect("opened after all kills");
    let mut sql = app.db.read();
    if app.db.is_shared() {
        let text = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
                    AND pid <> pg_backend_pid()";
        // The server ends what a dead process had asked for last.
        while sql.one::<(i64,)>(text, args![]).await.expect("read") != (0,) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    } else {
        let (whole,): (String,) = sql.one("PRAGMA integrity_check", args![]).await.expect("checked");
        assert_eq!(whole, "ok");
    }

    let claims: Vec<(String, String, String, i64)> = sql
        .all("SELECT number, title, status, version FROM claim", args![])
        .await
        .expect("read");
    let by_number: BTreeMap<&str, Status> = claims
        .iter()
        .map(|(n, _, s, _)| (n.as_str(), Status::parse(s).expect("a status")))
        .collect();
    let titles: BTreeSet<&str> = claims.iter().map(|(_, t, ..)| t.as_str()).collect();
    let made = claims.iter().filter(|(_, t, ..)| t.starts_with("kill-")).count();
    assert_eq!(
        titles.iter().filter(|t| t.starts_with("kill-")).count(),
        made,
        "a claim was made twice"
    );
    let heard_status = heard.status.lock().expect("not poisoned").clone();
    for (number, least) in heard_status.iter() {
        let now = by_number
            .get(number.as_str())
            .unwrap_or_else(|| panic!("{number} was acknowledged and is lost"));
        assert!(now >= least, "{number} was {least:?} and is {now:?}");
    }
    for (title, number) in heard.numbers.lock().expect("not poisoned").iter() {
        let there = claims.iter().find(|(n, ..)| n == number).map(|(_, t, ..)| t);
        assert_eq!(there, Some(title));
    }

    let torn: Vec<(String, i64, i64, i64)> = sql
        .all(
            "SELECT c.number, c.version, COUNT(e.n), MAX(e.n) FROM claim c LEFT JOIN event e ON e.claim_id = c.id \
             GROUP BY c.id, c.number, c.version HAVING COUNT(e.n) <> c.version OR MAX(e.n) <> c.version",
            args![],
        )
        .await
        .expect("read");
    assert_eq!(torn, [], "events are not 1..=n");
    let (numbered, last): (i64, i64) = sql
        .one("SELECT COUNT(*), COALESCE(MAX(seq), 0) FROM event_sequence", args![])
        .await
        .expect("read");
    assert_eq!(numbered, last, "the sequence has gaps");
    let (lost,): (i64,) = sql
        .one(
            "SELECT COUNT(*) FROM event e WHERE (SELECT COUNT(*) FROM event_sequence s WHERE s.event_id = e.id) \
             + (SELECT COUNT(*) FROM event_unsequenced u WHERE u.event_id = e.id) <> 1",
            args![],
        )
        .await
        .expect("read");
    assert_eq!(lost, 0, "events must be numbered once, or wait once");

    let doubled: Vec<(String,)> = sql
        .all(
            "SELECT claim_id FROM payment WHERE status <> 'failed' GROUP BY claim_id HAVING COUNT(*) > 1",
            args![],
        )
        .await
        .expect("read");
    assert_eq!(doubled, [], "a claim was paid twice");
    let astray: Vec<(String, String, String)> = sql
        .all(
            "SELECT c.number, c.status, COALESCE(p.status, '') FROM claim c LEFT JOIN payment p ON p.claim_id = c.id \
             WHERE (c.status = 'paying' AND COALESCE(p.status, '') <> 'pending') \
             OR (c.status IN ('paid', 'archived') AND COALESCE(p.status, '') <> 'posted')",
            args![],
        )
        .await
        .expect("read");
    assert_eq!(astray, [], "claim and payment disagree");
    let jobs: Vec<(String,)> = sql
        .all("SELECT key FROM job GROUP BY key HAVING COUNT(*) > 1", args![])
        .await
        .expect("read");
    assert_eq!(jobs, [], "a job is there twice");
    let (stuck,): (i64,) = sql
        .one("SELECT COUNT(*) FROM job WHERE state = 'dead'", args![])
        .await
        .expect("read");
    assert_eq!(stuck, 0, "a job was given up");

    let (claimed,): (i64,) = sql
        .one(
            "SELECT COALESCE(CAST(SUM(claimed_minor) AS BIGINT), 0) FROM claim WHERE currency = 'CNY' AND status IN \
             ('submitted', 'in_review', 'returned', 'approved', 'paying', 'paid', 'archived')",
            args![],
        )
        .await
        .expect("read");
    let (spent,): (i64,) = sql
        .one(
            "SELECT COALESCE(CAST(SUM(pending_minor + paid_minor) AS BIGINT), 0) FROM spend \
             WHERE dim = 'entity' AND employee_id = '' AND category = '' AND currency = 'CNY'",
            args![],
        )
        .await
        .expect("read");
    assert_eq!(claimed, spent, "the read model has drifted");
    let paid = heard_status.values().filter(|s| **s >= Status::Paid).count();
    let answers = heard.answers.load(Ordering::Relaxed);
    eprintln!(
        "{answers} answers, {made} claims made, {} acknowledged, {paid} of them paid",
        heard_status.len()
    );
    assert!(made > 0 && paid > 0, "the load came to nothing");
}
