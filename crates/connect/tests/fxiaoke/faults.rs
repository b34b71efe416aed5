//! What a network and a server can do wrong.

use std::time::{Duration, Instant};

use outlay_connect::{Connector, Error, Object};
use outlay_fakes::{
    Fault, WriteFault,
    fxiaoke::{APP_SECRET, PERMANENT_CODE},
};
use serde_json::json;

use super::{all, connect, connect_as, deal, names, pull_all, with_deals};

/// What the pull says that meets this fault.
async fn error_of(fault: Fault) -> Error {
    let (fake, _) = with_deals(5);
    let crm = connect(&fake).await;
    crm.pull(Object::Deal, None, 2).await.expect("a page");
    fake.faults.next(1, fault);
    let error = crm.pull(Object::Deal, None, 10).await.expect_err("a fault");
    let said = format!("{error} {error:?}");
    for secret in [APP_SECRET, PERMANENT_CODE, "token-1", "Traceback", "password"] {
        assert!(!said.contains(secret), "{said}");
    }
    error
}

#[tokio::test]
async fn a_pull_that_is_hit_again_and_again_still_ends_whole() {
    let (fake, _) = with_deals(23);
    let crm = connect(&fake).await;
    crm.pull(Object::Deal, None, 1).await.expect("a page");
    for fault in [
        Fault::TooMany("1".into()),
        Fault::BrokenLine,
        Fault::Status(502),
        Fault::Expired,
        Fault::LostAnswer,
        Fault::Status(503),
    ] {
        fake.faults.next(1, fault);
    }
    let (records, _) = pull_all(&crm, Object::Deal, None, 4).await;
    assert_eq!(names(&records), all(23));
}

#[tokio::test]
async fn each_fault_is_called_by_its_name() {
    let burst = Error::Retry {
        after: Some(Duration::from_secs(20)),
    };
    assert_eq!(error_of(Fault::TooMany("7".into())).await, burst);
    assert_eq!(error_of(Fault::Status(503)).await, Error::Retry { after: None });
    assert_eq!(error_of(Fault::Status(502)).await, Error::Failed { status: 502 });
    let error = error_of(Fault::LogInPage).await;
    assert!(
        matches!(&error, Error::Broken(t) if t.contains("log-in page")),
        "{error}"
    );
    assert!(matches!(error_of(Fault::Truncated).await, Error::Broken(_)));
    assert!(matches!(error_of(Fault::BrokenLine).await, Error::Unreachable(_)));
    assert!(matches!(error_of(Fault::LostAnswer).await, Error::Unreachable(_)));
    let error = error_of(Fault::Flood).await;
    assert!(
        matches!(&error, Error::Broken(t) if t.contains("more than 1 MB")),
        "{error}"
    );
    assert_eq!(
        error_of(Fault::ErrorInOk).await,
        Error::Refused {
            status: 422,
            text: "业务异常：该数据已被锁定 (320002500)".into()
        }
    );
}

#[tokio::test]
async fn slow_bytes_are_not_waited_for() {
    let begun = Instant::now();
    let error = error_of(Fault::SlowBytes).await;
    assert!(matches!(error, Error::Unreachable(_)), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_token_that_ends_is_renewed_and_asked_for_once() {
    let (fake, _) = with_deals(9);
    let crm = connect(&fake).await;
    let first = crm.pull(Object::Deal, None, 4).await.expect("a page");
    assert_eq!(fake.db().tokens, 1);
    fake.db().expire();
    let (rest, _) = pull_all(&crm, Object::Deal, Some(first.next), 4).await;
    assert_eq!(names(&[first.records, rest].concat()), all(9));
    assert_eq!(fake.db().tokens, 2);
    // Of several calls at once, one asks.
    fake.db().expire();
    let pulls = (0..5).map(|_| crm.pull(Object::Deal, None, 9));
    for page in futures::future::join_all(pulls).await {
        assert_eq!(page.expect("a page").records.len(), 9);
    }
    assert_eq!(fake.db().tokens, 3);
    // One that ends again and again is said, not asked for without end.
    fake.faults.next(3, Fault::Expired);
    let error = crm.pull(Object::Deal, None, 4).await.expect_err("no token lasts");
    assert!(matches!(error, Error::Auth(_)), "{error}");
}

#[tokio::test]
async fn too_many_calls_hold_up_the_next_ones() {
    let (fake, _) = with_deals(3);
    let pace = std::sync::Arc::new(outlay_connect::pace::Pace::new(None));
    let crm = connect_as(&fake, |place| place.pace = Some(pace)).await;
    crm.pull(Object::Deal, None, 5).await.expect("a page");
    fake.faults.next(1, Fault::TooMany("1".into()));
    assert!(crm.pull(Object::Deal, None, 5).await.is_err());
    let asked = fake.faults.asked();
    let error = crm.pull(Object::Deal, None, 5).await.expect_err("not yet");
    assert!(
        error.retry_after().is_some_and(|after| after > Duration::from_secs(10)),
        "{error}"
    );
    assert_eq!(fake.faults.asked(), asked, "nothing is asked meanwhile");
}

#[tokio::test]
async fn a_server_that_ignores_the_cursor_stops_the_pull() {
    let (fake, _) = with_deals(20);
    fake.db().pass(10_000);
    let crm = connect(&fake).await;
    let page = crm.pull(Object::Deal, None, 5).await.expect("a page");
    fake.faults.next(1, Fault::Deaf);
    let again = crm.pull(Object::Deal, Some(&page.next), 5).await;
    assert!(matches!(again, Err(Error::Cursor(_))), "{again:?}");
    // Within one millisecond too, which is read by id.
    let (fake, _) = with_deals(5);
    fake.db().pass(5);
    fake.db().add("NewOpportunityObj", deal("6"));
    fake.faults.next_writes(9, WriteFault::EqualTime);
    for n in 7..=15 {
        fake.db().add("NewOpportunityObj", deal(&n.to_string()));
    }
    let crm = connect(&fake).await;
    let (mut cursor, mut stopped) = (None, false);
    for _ in 0..8 {
        fake.faults.pass(1);
        fake.faults.next(1, Fault::Deaf);
        match crm.pull(Object::Deal, cursor.as_ref(), 5).await {
            Ok(page) => cursor = Some(page.next),
            Err(Error::Cursor(_)) => stopped = true,
            Err(error) => panic!("{error}"),
        }
        fake.faults.clear();
    }
    assert!(stopped);
}

#[tokio::test]
async fn wrong_keys_are_said_without_showing_them() {
    let (fake, _) = with_deals(1);
    let wrong: [(fn(&mut outlay_connect::fxiaoke::Place), &str); 3] = [
        (|place| place.app_secret = "not-the-key".into(), "appId或appSecret错误"),
        (|place| place.permanent_code = "not-the-key".into(), "永久授权码错误"),
        (|place| place.open_user = "not-the-key".into(), "openUserId未找到"),
    ];
    for (change, said) in wrong {
        let crm = connect_as(&fake, change).await;
        let error = crm.check().await.expect_err("refused");
        assert!(matches!(&error, Error::Auth(text) if text.contains(said)), "{error}");
        assert!(!format!("{error:?}").contains("not-the-key"));
    }
    fake.db().denied.insert("NewOpportunityObj".into());
    let error = connect(&fake)
        .await
        .pull(Object::Deal, None, 5)
        .await
        .expect_err("no right");
    assert!(
        matches!(&error, Error::Auth(text) if text.contains("APP没有访问权限")),
        "{error}"
    );
}

#[tokio::test]
async fn an_illegible_record_is_set_aside_and_passed() {
    let (fake, ids) = with_deals(3);
    fake.db().set("NewOpportunityObj", &ids[1], json!({ "name": "" }));
    let crm = connect(&fake).await;
    let page = crm.pull(Object::Deal, None, 10).await.expect("a page");
    assert!(page.done);
    assert_eq!(names(&page.records), ["商机 1", "商机 3"]);
    assert_eq!(page.rejected[0].external_id.as_ref(), Some(&ids[1]));
    assert_eq!(page.rejected[0].reason, "name: is empty");
    let marks = crm.scan(Object::Deal, None, 10).await.expect("marks").marks;
    assert_eq!(marks.len(), 3, "what cannot be read is there all the same");
}
