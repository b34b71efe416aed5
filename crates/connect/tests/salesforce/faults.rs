//! What a network and a server can do wrong.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use outlay_connect::{Connector, Error, Object, pace::Pace};
use outlay_fakes::{
    Fault,
    salesforce::{CLIENT_SECRET, TOKEN},
};
use serde_json::json;

use super::{connect, connect_as, frame::*, known, with_deals};

/// What the pull says that meets this fault.
async fn error_of(fault: Fault) -> Error {
    let fake = with_deals(5);
    let salesforce = connect(&fake).await;
    salesforce.pull(Object::Deal, None, 2).await.expect("a page");
    fake.faults.next(1, fault);
    let error = salesforce.pull(Object::Deal, None, 10).await.expect_err("a fault");
    let said = format!("{error} {error:?}");
    for secret in [TOKEN, CLIENT_SECRET, "Traceback", "secret", "password"] {
        assert!(!said.contains(secret), "{said}");
    }
    error
}

#[tokio::test]
async fn a_pull_that_is_hit_again_and_again_still_ends_whole() {
    let fake = with_deals(23);
    fake.db().batch = 3;
    let salesforce = connect(&fake).await;
    for fault in [
        Fault::TooMany("1".into()),
        Fault::BrokenLine,
        Fault::Status(502),
        Fault::LostAnswer,
        Fault::Status(503),
    ] {
        fake.faults.next(1, fault);
        fake.faults.pass(1);
    }
    // The CRM bade us wait a second once: a pace of nobody's own would be asked too soon.
    let begun = Instant::now();
    let mut cursor = None;
    let mut all = Vec::new();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(60), "no end");
        match salesforce.pull(Object::Deal, cursor.as_ref(), 4).await {
            Ok(page) => {
                all.extend(ids(&page.records));
                cursor = Some(page.next);
                if page.done {
                    break;
                }
            }
            Err(error) => {
                assert!(error.is_transient(), "{error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    all.sort();
    assert_eq!(all, known(&fake, "Opportunity"));
}

#[tokio::test]
async fn each_fault_is_called_by_its_name() {
    let wait = |seconds| Error::Retry {
        after: Some(Duration::from_secs(seconds)),
    };
    assert_eq!(error_of(Fault::TooMany("7".into())).await, wait(7));
    assert_eq!(error_of(Fault::TooMany("99999999".into())).await, wait(3600));
    assert_eq!(error_of(Fault::Status(503)).await, Error::Retry { after: None });
    assert_eq!(error_of(Fault::Status(502)).await, Error::Failed { status: 502 });
    assert!(matches!(
        error_of(Fault::Expired).await,
        Error::Refused { status: 410, .. }
    ));
    assert!(matches!(
        error_of(Fault::Status(403)).await,
        Error::Refused { status: 403, .. }
    ));
    let error = error_of(Fault::LogInPage).await;
    assert!(
        matches!(&error, Error::Broken(t) if t.contains("log-in page")),
        "{error}"
    );
    assert!(matches!(error_of(Fault::Truncated).await, Error::Broken(_)));
    assert!(matches!(error_of(Fault::BrokenLine).await, Error::Unreachable(_)));
    assert!(matches!(error_of(Fault::LostAnswer).await, Error::Unreachable(_)));
    assert!(matches!(error_of(Fault::SlowBytes).await, Error::Unreachable(_)));
    let error = error_of(Fault::Flood).await;
    assert!(
        matches!(&error, Error::Broken(t) if t.contains("more than 1 MB")),
        "{error}"
    );
    let error = error_of(Fault::ErrorInOk).await;
    assert!(
        matches!(&error, Error::Refused { status: 200, text } if text.starts_with("UNKNOWN_EXCEPTION")),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_ignores_the_cursor_stops_the_pull() {
    let fake = with_deals(20);
    fake.db().pass(10_000);
    let salesforce = connect(&fake).await;
    let page = salesforce.pull(Object::Deal, None, 5).await.expect("a page");
    fake.faults.next(1, Fault::Deaf);
    let again = salesforce.pull(Object::Deal, Some(&page.next), 5).await;
    assert!(matches!(again, Err(Error::Cursor(_))), "{again:?}");
    let marks = salesforce.scan(Object::Deal, None, 5).await.expect("marks");
    fake.faults.next(1, Fault::Deaf);
    let again = salesforce.scan(Object::Deal, Some(&marks.next), 5).await;
    assert!(matches!(again, Err(Error::Cursor(_))), "{again:?}");
    for strange in [json!({ "offset": 5 }), json!("x")] {
        let refused = salesforce.pull(Object::Deal, Some(&strange), 5).await;
        assert!(matches!(refused, Err(Error::Cursor(_))), "{refused:?}");
    }
    let other = salesforce.pull(Object::Order, Some(&page.next), 5).await;
    assert!(matches!(other, Err(Error::Cursor(_))), "{other:?}");
}

#[tokio::test]
async fn the_organisations_day_is_not_spent_to_its_end() {
    let fake = with_deals(30);
    fake.db().usage = (88, 100);
    let pace = Arc::new(Pace::new(None));
    let salesforce = connect_as(&fake, |place| place.pace = Some(pace)).await;
    // The answer that tells of it is kept; the next request is not sent.
    let mut cursor = None;
    let error = loop {
        match salesforce.pull(Object::Deal, cursor.as_ref(), 5).await {
            Ok(page) => cursor = Some(page.next),
            Err(error) => break error,
        }
    };
    assert_eq!(
        error.retry_after().map(|after| after.as_secs() > 1700),
        Some(true),
        "{error:?}"
    );
    assert!(fake.db().usage.0 <= 91, "{:?}", fake.db().usage);
    // Half an hour later, another connector goes on where this one stopped.
    fake.db().usage = (10, 100_000);
    let salesforce = connect(&fake).await;
    let (rest, ..) = pull_all(&salesforce, Object::Deal, cursor, 5).await;
    assert!(!rest.is_empty());
    // Where others spent it all, that is no refusal for good.
    fake.db().usage = (100, 100);
    let error = salesforce.pull(Object::Deal, None, 5).await.expect_err("spent");
    assert_eq!(
        error,
        Error::Retry {
            after: Some(Duration::from_secs(1800))
        }
    );
}

#[tokio::test]
async fn an_illegible_record_is_set_aside_and_passed() {
    let fake = with_deals(3);
    let ids_of = known(&fake, "Opportunity");
    fake.db().set("Opportunity", &ids_of[1], json!({ "Name": "" }));
    let salesforce = connect(&fake).await;
    let mut cursor = None;
    let mut pages = Vec::new();
    while pages.last().is_none_or(|page: &outlay_connect::Page| !page.done) {
        let page = salesforce
            .pull(Object::Deal, cursor.as_ref(), 10)
            .await
            .expect("a page");
        cursor = Some(page.next.clone());
        pages.push(page);
    }
    let rejected: Vec<_> = pages.iter().flat_map(|p| &p.rejected).collect();
    assert_eq!(rejected[0].external_id.as_ref(), Some(&ids_of[1]));
    assert_eq!(rejected[0].reason, "name: is empty");
    assert_eq!(pages.iter().map(|p| p.records.len()).sum::<usize>(), 2);
    let marks = scan_all(&salesforce, Object::Deal, 10).await;
    assert_eq!(marks.len(), 3, "what cannot be read is there all the same");
}
