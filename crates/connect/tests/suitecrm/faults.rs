//! What a network and a server can do wrong.

use std::time::{Duration, Instant};

use outlay_connect::{Connector, Error, Object};
use outlay_fakes::{
    Fault,
    suitecrm::{PASSWORD, USER},
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
    for secret in [PASSWORD, "Traceback", "secret", "<form>"] {
        assert!(!said.contains(secret), "{said}");
    }
    error
}

#[tokio::test]
async fn a_pull_that_is_hit_again_and_again_still_ends_whole() {
    let (fake, _) = with_deals(23);
    let crm = connect(&fake).await;
    for fault in [
        Fault::TooMany("1".into()),
        Fault::BrokenLine,
        Fault::Status(502),
        Fault::LostAnswer,
        Fault::Status(503),
    ] {
        fake.faults.next(2, fault);
    }
    let (records, _) = pull_all(&crm, Object::Deal, None, 4).await;
    assert_eq!(names(&records), all(23));
    assert_eq!(fake.unfit(), [""; 0]);
}

#[tokio::test]
async fn each_fault_is_called_by_its_name() {
    let wait = |seconds| Error::Retry {
        after: Some(Duration::from_secs(seconds)),
    };
    assert_eq!(error_of(Fault::TooMany("7".into())).await, wait(7));
    assert_eq!(error_of(Fault::Status(503)).await, Error::Retry { after: None });
    assert_eq!(error_of(Fault::Status(502)).await, Error::Failed { status: 502 });
    // A page of an error in PHP, and not SuiteCRM's own words, which come with 500 too.
    assert_eq!(error_of(Fault::Status(500)).await, Error::Failed { status: 500 });
    assert!(matches!(
        error_of(Fault::Expired).await,
        Error::Refused { status: 410, .. }
    ));
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
            status: 403,
            text: "Access Denied: You do not have access".into()
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
async fn a_session_that_ends_is_opened_again_once() {
    let (fake, _) = with_deals(9);
    let crm = connect(&fake).await;
    let first = crm.pull(Object::Deal, None, 4).await.expect("a page");
    assert_eq!(fake.db().logins, 1);
    fake.db().expire();
    let (rest, _) = pull_all(&crm, Object::Deal, Some(first.next), 4).await;
    assert_eq!(names(&[first.records, rest].concat()), all(9));
    assert_eq!(fake.db().logins, 2);
    // Of several calls at once, one opens it.
    fake.db().expire();
    let pulls = (0..5).map(|_| crm.pull(Object::Deal, None, 9));
    for page in futures::future::join_all(pulls).await {
        assert_eq!(page.expect("a page").records.len(), 9);
    }
    assert_eq!(fake.db().logins, 3);
}

#[tokio::test]
async fn connectors_of_one_user_share_a_session() {
    let (fake, _) = with_deals(3);
    let guard = outlay_connect::Guard::allowing(["127.0.0.1"]);
    let url = fake.serve().await;
    let settings = |password: &str| {
        let all = [
            ("url", url.as_str()),
            ("user", USER),
            ("password", password),
            ("currency", "CNY"),
        ];
        all.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    };
    for _ in 0..3 {
        let crm = outlay_connect::manifest::open("suitecrm", &settings(PASSWORD), &Default::default(), &guard);
        let page = crm.expect("a connector").pull(Object::Deal, None, 5).await;
        assert_eq!(page.expect("a page").records.len(), 3);
    }
    assert_eq!(fake.db().logins, 1);
    let other = outlay_connect::manifest::open("suitecrm", &settings("another"), &Default::default(), &guard);
    let error = other.expect("a connector").pull(Object::Deal, None, 5).await;
    assert!(matches!(error, Err(Error::Auth(_))), "{error:?}");
}

#[tokio::test]
async fn refusals_do_not_count_as_failures() {
    let (fake, _) = with_deals(1);
    fake.db().denied.insert("Accounts".into());
    let pace = std::sync::Arc::new(outlay_connect::pace::Pace::new(None));
    let crm = connect_as(&fake, |place| place.pace = Some(pace)).await;
    for _ in 0..15 {
        let refused = crm.pull(Object::Account, None, 5).await;
        assert!(
            matches!(refused, Err(Error::Refused { status: 403, .. })),
            "{refused:?}"
        );
    }
    assert!(crm.pull(Object::Deal, None, 5).await.is_ok());
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
    // Within one second too, where the order of ids is SuiteCRM's.
    let (fake, _) = with_deals(1);
    fake.faults.next_writes(9, outlay_fakes::WriteFault::EqualTime);
    for n in 2..=10 {
        fake.db().add("Opportunities", deal(&n.to_string()));
    }
    let crm = connect(&fake).await;
    fake.faults.pass(2);
    fake.faults.next(2, Fault::Deaf);
    let first = crm.pull(Object::Deal, None, 5).await.expect("a page");
    let second = crm.pull(Object::Deal, Some(&first.next), 5).await;
    assert!(matches!(second, Err(Error::Cursor(_))), "{second:?}");
}

#[tokio::test]
async fn a_wrong_password_is_said_without_showing_it() {
    let (fake, _) = with_deals(1);
    let crm = connect_as(&fake, |place| place.password = "not-the-password".into()).await;
    for error in [
        crm.check().await.expect_err("refused"),
        crm.pull(Object::Deal, None, 5).await.expect_err("refused"),
    ] {
        assert!(matches!(error, Error::Auth(_)), "{error}");
        assert!(!format!("{error:?}").contains("not-the-password"));
    }
}

#[tokio::test]
async fn an_illegible_record_is_set_aside_and_passed() {
    let (fake, ids) = with_deals(3);
    fake.db().set("Opportunities", &ids[1], json!({ "name": "" }));
    let crm = connect(&fake).await;
    let page = crm.pull(Object::Deal, None, 10).await.expect("a page");
    assert!(page.done);
    assert_eq!(names(&page.records), ["商机 1", "商机 3"]);
    assert_eq!(page.rejected[0].external_id.as_ref(), Some(&ids[1]));
    assert_eq!(page.rejected[0].reason, "name: is empty");
    let marks = crm.scan(Object::Deal, None, 10).await.expect("marks").marks;
    assert_eq!(marks.len(), 3, "what cannot be read is there all the same");
}
