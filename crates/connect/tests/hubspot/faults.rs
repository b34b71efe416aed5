//! What a network and a server do wrong.

use std::{sync::Arc, time::Duration};

use outlay_connect::{Connector, Error, Object, manifest::Budget, pace::Pace};
use outlay_fakes::{Fault, hubspot::TOKEN};
use serde_json::{Value, json};

use crate::{connect, connect_as, ids, known, pull_all, with_deals};

async fn first_error(fault: Fault) -> Error {
    let fake = with_deals(5);
    fake.faults.next(1, fault);
    let hubspot = connect(&fake).await;
    let error = hubspot.pull(Object::Deal, None, 10).await.expect_err("a fault");
    let said = format!("{error} {error:?}");
    for secret in [TOKEN, "Traceback", "password"] {
        assert!(!said.contains(secret), "{said}");
    }
    error
}

#[tokio::test]
async fn a_pull_that_is_hit_again_and_again_still_ends_whole() {
    let fake = with_deals(23);
    let hubspot = connect(&fake).await;
    for fault in [
        Fault::TooMany("1".into()),
        Fault::BrokenLine,
        Fault::Status(502),
        Fault::LostAnswer,
        Fault::Status(504),
        Fault::Status(503),
        Fault::Status(423),
    ] {
        fake.faults.next(1, fault);
        fake.faults.pass(1);
    }
    let (records, cursor) = pull_all(&hubspot, Object::Deal, None, 4).await;
    assert_eq!(ids(&records), known(&fake, "deals"));
    for id in known(&fake, "deals") {
        fake.db().change("deals", &id, &json!({ "amount": "1" }));
    }
    fake.db().pass(3600);
    fake.faults.next(2, Fault::LostAnswer);
    fake.faults.pass(3);
    fake.faults.next(2, Fault::Status(502));
    let (records, _) = pull_all(&hubspot, Object::Deal, Some(cursor), 4).await;
    assert_eq!(ids(&records), known(&fake, "deals"));
}

#[tokio::test]
async fn waits_are_told() {
    let retry = |seconds| Error::Retry {
        after: Some(Duration::from_secs(seconds)),
    };
    assert_eq!(first_error(Fault::TooMany("7".into())).await, retry(7));
    for (policy, seconds) in [("DAILY", 3600), ("TEN_SECONDLY_ROLLING", 10), ("SECONDLY", 1)] {
        let fake = with_deals(1);
        let told = json!({ "status": "error", "message": "You have reached your limit.", "errorType": "RATE_LIMIT", "policyName": policy });
        fake.db().refusals.push_back((429, told));
        let hubspot = connect(&fake).await;
        let error = hubspot.pull(Object::Deal, None, 10).await.expect_err("refused");
        assert_eq!(error, retry(seconds), "{policy}");
    }
}

#[tokio::test]
async fn broken_answers_are_called_by_their_name() {
    let error = first_error(Fault::LogInPage).await;
    assert!(
        matches!(&error, Error::Broken(t) if t.contains("log-in page")),
        "{error}"
    );
    assert!(matches!(first_error(Fault::Truncated).await, Error::Broken(_)));
    assert!(matches!(first_error(Fault::BrokenLine).await, Error::Unreachable(_)));
    assert!(matches!(first_error(Fault::LostAnswer).await, Error::Unreachable(_)));
    assert!(matches!(first_error(Fault::SlowBytes).await, Error::Unreachable(_)));
    assert!(matches!(first_error(Fault::Flood).await, Error::Broken(_)));
    assert!(matches!(
        first_error(Fault::Expired).await,
        Error::Refused { status: 410, .. }
    ));
    assert!(matches!(
        first_error(Fault::ErrorInOk).await,
        Error::Refused { status: 200, .. }
    ));
    for status in [500, 502, 504] {
        assert_eq!(first_error(Fault::Status(status)).await, Error::Failed { status });
    }
}

#[tokio::test]
async fn a_server_that_ignores_the_cursor_stops_the_pull() {
    let fake = with_deals(20);
    let hubspot = connect(&fake).await;
    let first = hubspot.pull(Object::Deal, None, 5).await.expect("a page");
    let second = hubspot.pull(Object::Deal, Some(&first.next), 5).await.expect("a page");
    fake.faults.next(1, Fault::Deaf);
    let again = hubspot.pull(Object::Deal, Some(&second.next), 5).await;
    assert!(matches!(again, Err(Error::Cursor(_))), "{again:?}");
    let (_, cursor) = pull_all(&hubspot, Object::Deal, Some(second.next), 5).await;
    for id in known(&fake, "deals") {
        fake.db().change("deals", &id, &json!({ "amount": "1" }));
    }
    let window = hubspot.pull(Object::Deal, Some(&cursor), 5).await.expect("a page");
    assert_eq!(window.records.len(), 5);
    fake.faults.next(1, Fault::Deaf);
    let again = hubspot.pull(Object::Deal, Some(&window.next), 5).await;
    assert!(matches!(again, Err(Error::Cursor(_))), "{again:?}");
    let marks = hubspot.scan(Object::Deal, None, 5).await.expect("marks");
    let marks = hubspot.scan(Object::Deal, Some(&marks.next), 5).await.expect("marks");
    fake.faults.next(1, Fault::Deaf);
    let again = hubspot.scan(Object::Deal, Some(&marks.next), 5).await;
    assert!(matches!(again, Err(Error::Cursor(_))), "{again:?}");
}

#[tokio::test]
async fn strange_cursors_are_refused() {
    let fake = with_deals(1);
    let hubspot = connect(&fake).await;
    let (_, own) = pull_all(&hubspot, Object::Deal, None, 5).await;
    let other = hubspot.pull(Object::Order, Some(&own), 5).await;
    assert!(matches!(other, Err(Error::Cursor(_))), "{other:?}");
    let mut lame = own.clone();
    lame["since"] = Value::Null;
    for strange in [json!({ "offset": 5 }), json!("x"), lame] {
        let refused = hubspot.pull(Object::Deal, Some(&strange), 5).await;
        assert!(matches!(refused, Err(Error::Cursor(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn half_a_batch_is_not_taken_for_the_whole() {
    let fake = with_deals(2);
    let hubspot = connect(&fake).await;
    let wanted = known(&fake, "deals");
    let error = |category: &str| json!({ "status": "error", "category": category, "message": "no", "context": {}, "errors": [], "links": {} });
    fake.db().batch_errors = vec![error("INTERNAL_ERROR")];
    let refused = hubspot.fetch(Object::Deal, &wanted).await.expect_err("refused");
    assert!(matches!(refused, Error::Refused { status: 207, .. }), "{refused}");
    fake.db().batch_errors = vec![error("RATE_LIMITS")];
    let later = hubspot.fetch(Object::Deal, &wanted).await.expect_err("later");
    assert_eq!(later, Error::Retry { after: None });
    assert_eq!(
        hubspot
            .fetch(Object::Deal, &wanted)
            .await
            .expect("records")
            .records
            .len(),
        2
    );
}

#[tokio::test]
async fn a_wrong_token_is_said_without_showing_it() {
    let fake = with_deals(1);
    let hubspot = connect_as(&fake, |place| place.token = "pat-not-the-token".into()).await;
    for error in [
        hubspot.check().await.map(|_| ()).expect_err("refused"),
        hubspot
            .pull(Object::Deal, None, 5)
            .await
            .map(|_| ())
            .expect_err("refused"),
    ] {
        assert!(matches!(error, Error::Auth(_)), "{error}");
        assert!(!format!("{error:?} {error}").contains("pat-not-the-token"), "{error:?}");
    }
}

#[tokio::test]
async fn an_illegible_record_is_set_aside_and_passed() {
    let fake = with_deals(2);
    fake.db().add("deals", &json!({ "dealname": "x", "amount": "many" }));
    fake.db().add("deals", &json!({ "amount": "1" }));
    let hubspot = connect(&fake).await;
    let page = hubspot.pull(Object::Deal, None, 100).await.expect("a page");
    assert_eq!(page.records.len(), 2);
    let reasons: Vec<&str> = page.rejected.iter().map(|r| r.reason.as_str()).collect();
    assert_eq!(reasons, ["amount: \"many\" is no number", "name: is empty"]);
    assert!(page.rejected.iter().all(|r| r.external_id.is_some()));
}

#[tokio::test]
async fn a_crm_that_only_fails_and_one_whose_day_is_spent_are_left_alone() {
    let fake = with_deals(1);
    let hubspot = connect_as(&fake, |place| place.pace = Some(Arc::new(Pace::new(None)))).await;
    fake.faults.next(10, Fault::Status(502));
    for _ in 0..10 {
        let error = hubspot.pull(Object::Deal, None, 5).await.expect_err("a fault");
        assert_eq!(error, Error::Failed { status: 502 });
    }
    let error = hubspot.pull(Object::Deal, None, 5).await.expect_err("left alone");
    assert!(matches!(error, Error::Retry { after: Some(_) }), "{error}");
    assert_eq!(fake.faults.asked(), 10);
    let budget = Budget {
        requests: 100,
        seconds: 1,
        daily: Some(1),
    };
    let hubspot = connect_as(&fake, |place| place.pace = Some(Arc::new(Pace::new(Some(budget))))).await;
    assert!(hubspot.pull(Object::Account, None, 5).await.is_ok());
    let error = hubspot.pull(Object::Account, None, 5).await.expect_err("spent");
    assert!(
        error
            .retry_after()
            .is_some_and(|after| after > Duration::from_secs(3600)),
        "{error}"
    );
    assert_eq!(fake.faults.asked(), 11);
}
