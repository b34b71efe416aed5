//! What a network and a server can do wrong, played by a small fake.

mod fake;

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use fake::{Fake, Fault, KEY, deal};
use outlay_connect::{
    Connector, Error, Guard, Mapping, Object, Page, Target, Write,
    http::Limits,
    tryton::{Place, Tryton},
};
use serde_json::{Value, json};

async fn connect(fake: &Fake, key: &str) -> Tryton {
    let mut settings = Place::new(fake.serve().await, "crm", key);
    settings.limits = Limits {
        total: Duration::from_secs(1),
        max_body: 1 << 20,
        ..Limits::default()
    };
    Tryton::new(settings, Mapping::new(), &Guard::allowing(["127.0.0.1"])).expect("a connector")
}

fn with_deals(count: i64, second: impl Fn(i64) -> i64) -> Fake {
    let fake = Fake::default();
    fake.crm().deals = (1..=count).map(|id| deal(id, second(id), json!({}))).collect();
    fake
}

/// Pulls to the end with pages of `size`; every failure is tried again from the stored cursor.
async fn pull_all(tryton: &Tryton, from: Option<Value>, size: usize) -> (Vec<String>, Value) {
    let (mut ids, mut cursor) = (Vec::new(), from);
    for _ in 0..1000 {
        let page: Page = match tryton.pull(Object::Deal, cursor.as_ref(), size).await {
            Ok(page) => page,
            Err(error) if error.is_transient() => continue,
            Err(error) => panic!("{error}"),
        };
        ids.extend(page.records.into_iter().map(|r| r.external_id));
        cursor = Some(page.next);
        if page.done {
            return (ids, cursor.expect("a cursor"));
        }
    }
    panic!("no end");
}

fn numbers(range: std::ops::RangeInclusive<i64>) -> BTreeSet<String> {
    range.map(|i| i.to_string()).collect()
}

async fn first_error(fault: Fault) -> Error {
    let fake = with_deals(5, |id| id);
    fake.fail(fault);
    let tryton = connect(&fake, KEY).await;
    let error = tryton.pull(Object::Deal, None, 10).await.expect_err("a fault");
    let said = format!("{error} {error:?}");
    for secret in [KEY, "Traceback", "password"] {
        assert!(!said.contains(secret), "{said}");
    }
    error
}

#[tokio::test]
async fn equal_times_across_the_edges_of_pages_lose_and_double_nothing() {
    for size in [1, 4, 5, 10, 24, 25, 26] {
        let fake = with_deals(25, |id| id / 20);
        let tryton = connect(&fake, KEY).await;
        let (ids, _) = pull_all(&tryton, None, size).await;
        assert_eq!(ids.len(), 25, "pages of {size}");
        assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), numbers(1..=25));
    }
}

#[tokio::test]
async fn a_pull_that_is_hit_again_and_again_still_ends_whole() {
    let fake = with_deals(23, |id| id / 6);
    for fault in [
        Fault::Status(429, vec![("retry-after", "1".into())]),
        Fault::CutLine,
        Fault::Status(502, vec![]),
        Fault::LostAnswer,
        Fault::Status(503, vec![]),
    ] {
        fake.fail(fault.clone());
        fake.fail(fault);
    }
    let tryton = connect(&fake, KEY).await;
    let (ids, _) = pull_all(&tryton, None, 4).await;
    assert_eq!(ids.len(), 23);
    assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), numbers(1..=23));
}

#[tokio::test]
async fn a_late_commit_behind_the_mark_is_still_seen() {
    let noon = 12 * 3600;
    let fake = with_deals(3, |id| noon - 60 * id);
    let tryton = connect(&fake, KEY).await;
    let (_, cursor) = pull_all(&tryton, None, 10).await;
    fake.crm().deals.push(deal(4, noon - 120, json!({})));
    let (ids, cursor) = pull_all(&tryton, Some(cursor), 10).await;
    assert!(ids.contains(&"4".into()), "{ids:?}");
    // Beyond the overlap nothing comes again.
    fake.crm().deals = vec![deal(1, 60, json!({}))];
    let (ids, _) = pull_all(&tryton, Some(cursor), 10).await;
    assert_eq!(ids, [""; 0]);
}

#[tokio::test]
async fn waits_are_told() {
    let after = |text: &str| Fault::Status(429, vec![("retry-after", text.into())]);
    let retry = |seconds| Error::Retry {
        after: Some(Duration::from_secs(seconds)),
    };
    assert_eq!(first_error(after("7")).await, retry(7));
    assert_eq!(first_error(after("999999999")).await, retry(3600));
    let dated = Fault::Status(
        503,
        vec![
            ("date", "Tue, 24 Nov 2026 12:00:00 GMT".into()),
            ("retry-after", "Tue, 24 Nov 2026 12:01:30 GMT".into()),
        ],
    );
    assert_eq!(first_error(dated).await, retry(90));
    assert_eq!(
        first_error(Fault::Status(429, vec![])).await,
        Error::Retry { after: None }
    );
}

#[tokio::test]
async fn broken_answers_are_called_by_their_name() {
    let error = first_error(Fault::LogIn).await;
    assert!(
        matches!(&error, Error::Broken(t) if t.contains("log-in page")),
        "{error}"
    );
    assert!(matches!(first_error(Fault::CutJson).await, Error::Broken(_)));
    let error = first_error(Fault::CutLine).await;
    assert!(matches!(error, Error::Unreachable(_)), "{error}");
    let error = first_error(Fault::Status(502, vec![])).await;
    assert_eq!(error, Error::Failed { status: 502 });
    let error = first_error(Fault::Flood).await;
    assert!(
        matches!(&error, Error::Broken(t) if t.contains("more than 1 MB")),
        "{error}"
    );
    let error = first_error(Fault::Redirect).await;
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("leads elsewhere")),
        "{error}"
    );
    assert!(matches!(
        first_error(Fault::Status(403, vec![])).await,
        Error::Refused { status: 403, .. }
    ));
}

#[tokio::test]
async fn slow_bytes_are_not_waited_for() {
    let begun = Instant::now();
    let error = first_error(Fault::Drip).await;
    assert!(matches!(error, Error::Unreachable(_)), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_server_that_ignores_the_cursor_stops_the_pull() {
    let fake = with_deals(20, |id| id);
    let tryton = connect(&fake, KEY).await;
    let page = tryton.pull(Object::Deal, None, 5).await.expect("a page");
    fake.fail(Fault::Deaf);
    let again = tryton.pull(Object::Deal, Some(&page.next), 5).await;
    assert!(matches!(again, Err(Error::Cursor(_))), "{again:?}");
    let strange = tryton.pull(Object::Deal, Some(&json!({"offset": 5})), 5).await;
    assert!(matches!(strange, Err(Error::Cursor(_))));
    let other = tryton.pull(Object::Order, Some(&page.next), 5).await;
    assert!(matches!(other, Err(Error::Cursor(_))));
}

#[tokio::test]
async fn an_illegible_record_is_set_aside_and_passed() {
    let fake = with_deals(3, |id| id);
    let amount = |text: &str| json!({"amount": {"__class__": "Decimal", "decimal": text}});
    fake.crm().deals.extend([
        deal(4, 4, amount("0.005")),
        deal(5, 5, json!({"state": "frozen"})),
        deal(6, 6, amount("1E+3")),
    ]);
    let tryton = connect(&fake, KEY).await;
    let page = tryton.pull(Object::Deal, None, 100).await.expect("a page");
    assert!(page.done);
    assert_eq!(page.records.len(), 4);
    let reasons: Vec<&str> = page.rejected.iter().map(|r| r.reason.as_str()).collect();
    assert!(reasons[0].starts_with("amount: CNY has 2 decimals"), "{reasons:?}");
    assert_eq!(reasons[1], "state: \"frozen\" is unknown");
    assert_eq!(page.rejected[1].external_id.as_deref(), Some("5"));
}

#[tokio::test]
async fn a_note_whose_answer_got_lost_is_not_doubled() {
    let fake = with_deals(1, |_| 1);
    fake.crm().modules = vec!["outlay_cost"];
    fake.fail(Fault::LostAnswer);
    let tryton = connect(&fake, KEY).await;
    let note = Write::Note {
        target: Target::deal("1"),
        marker: "cost.1".into(),
        revision: 1,
        text: "已支付".into(),
    };
    let lost = tryton.push(&note, "k").await.expect_err("lost");
    assert!(lost.is_transient(), "{lost}");
    let again = tryton.push(&note, "k").await.expect("found");
    assert!(!again.changed);
    assert_eq!(fake.crm().notes.len(), 1);
    let stranger = Write::Note {
        target: Target::deal("99"),
        marker: "cost.99".into(),
        revision: 1,
        text: String::new(),
    };
    assert!(matches!(tryton.push(&stranger, "k").await, Err(Error::Gone { .. })));
}

#[tokio::test]
async fn what_tryton_lacks_is_said() {
    let fake = with_deals(1, |_| 1);
    let note = |marker: &str| Write::Note {
        target: Target::deal("1"),
        marker: marker.into(),
        revision: 1,
        text: "x".into(),
    };
    let tryton = connect(&fake, KEY).await;
    let lacks = |e: &Error, what: &str| matches!(e, Error::Setup(t) if t.contains(what));
    let error = tryton.push(&note("a"), "k").await.expect_err("no module");
    assert!(lacks(&error, "outlay_cost is not activated"), "{error}");
    let warnings = tryton.check().await.expect("a check").warnings;
    assert_eq!(warnings.len(), 6, "{warnings:?}");
    fake.fail(Fault::Status(500, vec![]));
    let error = tryton.pull(Object::Project, None, 5).await.expect_err("no module");
    assert!(lacks(&error, "lacks the module project"), "{error}");
    let error = tryton
        .pull(Object::Activity, None, 5)
        .await
        .expect_err("no such object");
    assert!(lacks(&error, "no object like activity"), "{error}");
    let before = fake.crm().requests;
    let error = tryton.push(&note("a b"), "k").await.expect_err("a bad marker");
    assert!(lacks(&error, "marker"), "{error}");
    assert_eq!(fake.crm().requests, before);
}

#[tokio::test]
async fn a_wrong_key_is_said_without_showing_it() {
    let fake = with_deals(1, |_| 1);
    let tryton = connect(&fake, "not-the-key").await;
    let error = tryton.check().await.expect_err("refused");
    assert!(matches!(error, Error::Auth(_)));
    assert!(!format!("{error:?}").contains("not-the-key"));
}
