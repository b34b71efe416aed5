//! What a network and a server can do wrong.

use std::time::Duration;

use outlay_connect::{Connector, Error, Guard, Mapping, Object, manifest};
use outlay_fakes::{
    Fault,
    dynamics::{CLIENT_SECRET, TOKEN},
};
use serde_json::json;

use super::{add_deal, connect, frame::*, known, with_deals};

/// What the pull says that meets this fault.
async fn error_of(fault: Fault) -> Error {
    let fake = with_deals(5);
    let dynamics = connect(&fake).await;
    dynamics.pull(Object::Deal, None, 2).await.expect("a page");
    fake.faults.next(1, fault);
    let error = dynamics.pull(Object::Deal, None, 10).await.expect_err("a fault");
    let said = format!("{error} {error:?}");
    for secret in [TOKEN, CLIENT_SECRET, "Traceback", "secret", "password"] {
        assert!(!said.contains(secret), "{said}");
    }
    error
}

#[tokio::test]
async fn a_pull_that_is_hit_again_and_again_still_ends_whole() {
    let fake = with_deals(23);
    let dynamics = connect(&fake).await;
    for fault in [
        Fault::TooMany("0".into()),
        Fault::BrokenLine,
        Fault::Status(502),
        Fault::LostAnswer,
        Fault::Status(503),
    ] {
        fake.faults.next(1, fault);
        fake.faults.pass(1);
    }
    let (records, _, cursor) = pull_all(&dynamics, Object::Deal, None, 4).await;
    assert_eq!(ids(&records), known(&fake, "opportunities"));
    for id in known(&fake, "opportunities") {
        fake.db().delete("opportunities", &id);
    }
    fake.faults.next(2, Fault::LostAnswer);
    fake.faults.pass(2);
    fake.faults.next(1, Fault::Truncated);
    let mut cursor = Some(cursor);
    let mut gone = Vec::new();
    for _ in 0..100 {
        if let Ok(page) = dynamics.pull(Object::Deal, cursor.as_ref(), 4).await {
            gone.extend(page.gone);
            cursor = Some(page.next);
            if page.done {
                break;
            }
        }
    }
    assert_eq!(gone.len(), 23);
}

#[tokio::test]
async fn each_fault_is_called_by_its_name() {
    let wait = |seconds| Error::Retry {
        after: Some(Duration::from_secs(seconds)),
    };
    assert_eq!(error_of(Fault::TooMany("7".into())).await, wait(7));
    assert_eq!(error_of(Fault::Status(503)).await, Error::Retry { after: None });
    assert_eq!(error_of(Fault::Status(502)).await, Error::Failed { status: 502 });
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
    assert!(matches!(error_of(Fault::SlowBytes).await, Error::Unreachable(_)));
    assert!(matches!(error_of(Fault::Flood).await, Error::Broken(_)));
    let error = error_of(Fault::ErrorInOk).await;
    assert!(
        matches!(&error, Error::Refused { status: 200, text } if text.starts_with("0x80040216")),
        "{error}"
    );
}

#[tokio::test]
async fn while_dataverse_bids_to_wait_nothing_is_sent() {
    let fake = with_deals(5);
    let dynamics = connect(&fake).await;
    let page = dynamics.pull(Object::Deal, None, 2).await.expect("a page");
    fake.faults.next(1, Fault::TooMany("30".into()));
    let before = fake.faults.asked();
    for _ in 0..5 {
        let error = dynamics
            .pull(Object::Deal, Some(&page.next), 2)
            .await
            .expect_err("throttled");
        assert!(
            error.retry_after().is_some_and(|after| after > Duration::from_secs(20)),
            "{error:?}"
        );
    }
    let write = note(
        outlay_connect::Target::deal(&known(&fake, "opportunities")[0]),
        "m",
        1,
        "x",
    );
    assert!(dynamics.push(&write, "k").await.expect_err("throttled").is_transient());
    assert_eq!(fake.faults.asked(), before + 1, "sending on would make it last longer");
}

#[tokio::test]
async fn a_server_that_ignores_the_cursor_stops_the_pull() {
    let fake = with_deals(20);
    let dynamics = connect(&fake).await;
    let first = dynamics.pull(Object::Deal, None, 5).await.expect("a page");
    // Once it gives the first page again, with a link to the second; twice, and that link leads to itself.
    fake.faults.next(2, Fault::Deaf);
    let again = dynamics.pull(Object::Deal, Some(&first.next), 5).await.expect("a page");
    let stuck = dynamics.pull(Object::Deal, Some(&again.next), 5).await;
    assert!(matches!(stuck, Err(Error::Cursor(_))), "{stuck:?}");
    let marks = dynamics.scan(Object::Deal, None, 5).await.expect("marks");
    fake.faults.next(2, Fault::Deaf);
    let again = dynamics.scan(Object::Deal, Some(&marks.next), 5).await.expect("marks");
    let stuck = dynamics.scan(Object::Deal, Some(&again.next), 5).await;
    assert!(matches!(stuck, Err(Error::Cursor(_))), "{stuck:?}");
}

#[tokio::test]
async fn links_that_lead_elsewhere_are_not_followed() {
    for elsewhere in [
        "https://evil.example.com",
        "http://127.0.0.1:1",
        "https://user@127.0.0.1",
    ] {
        let fake = with_deals(5);
        fake.db().links_to = Some(elsewhere.into());
        let dynamics = connect(&fake).await;
        let error = dynamics.pull(Object::Deal, None, 2).await.expect_err(elsewhere);
        assert!(
            matches!(&error, Error::Broken(t) if t.contains("leads away")),
            "{error}"
        );
    }
    // Neither are links that somebody put into a stored cursor.
    let fake = with_deals(5);
    let dynamics = connect(&fake).await;
    let (_, _, cursor) = pull_all(&dynamics, Object::Deal, None, 9).await;
    for link in [
        "//evil.example.com/api/data/v9.2/x",
        "https://evil.example.com/api/data/",
        "/oauth/x",
    ] {
        let mut bent = cursor.clone();
        bent["parts"][0]["delta"] = link.into();
        let before = fake.faults.asked();
        let error = dynamics.pull(Object::Deal, Some(&bent), 2).await.expect_err(link);
        assert!(
            matches!(&error, Error::Broken(t) if t.contains("leads away")),
            "{error}"
        );
        assert_eq!(fake.faults.asked(), before);
    }
}

#[tokio::test]
async fn strange_cursors_and_settings_are_refused() {
    let fake = with_deals(3);
    let dynamics = connect(&fake).await;
    let (_, _, own) = pull_all(&dynamics, Object::Deal, None, 5).await;
    let mut lame = own.clone();
    lame["parts"][0]["delta"] = serde_json::Value::Null;
    for (object, cursor) in [
        (Object::Order, own),
        (Object::Deal, json!({ "offset": 5 })),
        (Object::Deal, lame),
    ] {
        let refused = dynamics.pull(object, Some(&cursor), 5).await;
        assert!(matches!(refused, Err(Error::Cursor(_))), "{refused:?}");
    }
    let open = |more: &[(&str, &str)]| {
        let mut all: std::collections::BTreeMap<String, String> = [
            ("url", "https://acme.crm.dynamics.com"),
            ("tenant", "acme.example"),
            ("client_id", "x"),
            ("client_secret", "s"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .into();
        all.extend(more.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        manifest::open("dynamics", &all, &Mapping::new(), &Guard::default())
    };
    assert!(open(&[]).is_ok() && open(&[("zone", "Asia/Shanghai")]).is_ok());
    for bad in [
        ("zone", "Mars/Base"),
        ("tenant", "../x"),
        ("login_url", "http://10.0.0.1"),
    ] {
        assert!(matches!(open(&[bad]), Err(Error::Setup(_))), "{bad:?}");
    }
}

#[tokio::test]
async fn an_illegible_record_is_set_aside_and_passed() {
    let fake = with_deals(2);
    let bad = add_deal(&fake, "");
    let dynamics = connect(&fake).await;
    let page = dynamics.pull(Object::Deal, None, 10).await.expect("a page");
    assert!(page.done);
    assert_eq!(page.records.len(), 2);
    assert_eq!(page.rejected[0].external_id.as_ref(), Some(&bad));
    assert_eq!(page.rejected[0].reason, "name: is empty");
    assert_eq!(scan_all(&dynamics, Object::Deal, 10).await.len(), 3);
    let fetched = dynamics.fetch(Object::Deal, &[bad]).await.expect("an answer");
    assert_eq!((fetched.rejected.len(), fetched.gone.len()), (1, 0));
}
