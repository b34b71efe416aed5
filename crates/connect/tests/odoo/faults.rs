//! What a network and a server can do wrong.

use std::time::{Duration, Instant};

use outlay_connect::{Connector, Error, Object, Page};
use outlay_fakes::{Fault, odoo::KEY};
use serde_json::json;

use super::{VERSIONS, connect, connect_as, ids, pull_all, with_deals};

/// What the pull says that meets this fault.
async fn error_of(version: u32, fault: Fault) -> Error {
    let fake = with_deals(version, 5);
    let odoo = connect(&fake).await;
    odoo.pull(Object::Deal, None, 2).await.expect("a page");
    fake.faults.next(1, fault);
    let error = odoo.pull(Object::Deal, None, 10).await.expect_err("a fault");
    let said = format!("{error} {error:?}");
    for secret in [KEY, "Traceback", "secret", "password"] {
        assert!(!said.contains(secret), "{said}");
    }
    error
}

#[tokio::test]
async fn a_pull_that_is_hit_again_and_again_still_ends_whole() {
    for version in VERSIONS {
        let fake = with_deals(version, 23);
        let odoo = connect(&fake).await;
        for fault in [
            Fault::TooMany("1".into()),
            Fault::BrokenLine,
            Fault::Status(502),
            Fault::LostAnswer,
            Fault::Status(503),
        ] {
            fake.faults.next(2, fault);
        }
        let (records, _) = pull_all(&odoo, Object::Deal, None, 4).await;
        assert_eq!(ids(&records), (1..=23).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn each_fault_is_called_by_its_name() {
    for version in VERSIONS {
        let wait = |seconds| Error::Retry {
            after: Some(Duration::from_secs(seconds)),
        };
        assert_eq!(error_of(version, Fault::TooMany("7".into())).await, wait(7));
        assert_eq!(error_of(version, Fault::TooMany("99999999".into())).await, wait(3600));
        assert_eq!(
            error_of(version, Fault::Status(503)).await,
            Error::Retry { after: None }
        );
        assert_eq!(
            error_of(version, Fault::Status(502)).await,
            Error::Failed { status: 502 }
        );
        assert!(matches!(
            error_of(version, Fault::Expired).await,
            Error::Refused { status: 410, .. }
        ));
        assert!(matches!(
            error_of(version, Fault::Status(403)).await,
            Error::Refused { status: 403, .. }
        ));
        let error = error_of(version, Fault::LogInPage).await;
        assert!(
            matches!(&error, Error::Broken(t) if t.contains("log-in page")),
            "{error}"
        );
        assert!(matches!(error_of(version, Fault::Truncated).await, Error::Broken(_)));
        assert!(matches!(
            error_of(version, Fault::BrokenLine).await,
            Error::Unreachable(_)
        ));
        assert!(matches!(
            error_of(version, Fault::LostAnswer).await,
            Error::Unreachable(_)
        ));
        let error = error_of(version, Fault::Flood).await;
        assert!(
            matches!(&error, Error::Broken(t) if t.contains("more than 1 MB")),
            "{error}"
        );
        let error = error_of(version, Fault::ErrorInOk).await;
        match version {
            19 => assert!(matches!(error, Error::Broken(_)), "{error}"),
            _ => assert_eq!(
                error,
                Error::Refused {
                    status: 422,
                    text: "Something went wrong".into()
                }
            ),
        }
    }
}

#[tokio::test]
async fn slow_bytes_are_not_waited_for() {
    let begun = Instant::now();
    let error = error_of(19, Fault::SlowBytes).await;
    assert!(matches!(error, Error::Unreachable(_)), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn a_server_that_ignores_the_cursor_stops_the_pull() {
    for version in VERSIONS {
        let fake = with_deals(version, 20);
        fake.db().pass(10_000);
        let odoo = connect(&fake).await;
        let page = odoo.pull(Object::Deal, None, 5).await.expect("a page");
        fake.faults.next(1, Fault::Deaf);
        let again = odoo.pull(Object::Deal, Some(&page.next), 5).await;
        assert!(matches!(again, Err(Error::Cursor(_))), "{again:?}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_said_without_showing_it() {
    for version in VERSIONS {
        let fake = with_deals(version, 1);
        let odoo = connect_as(&fake, |place| place.key = "not-the-key".into()).await;
        let error = odoo.check().await.expect_err("refused");
        assert!(matches!(error, Error::Auth(_)), "{error}");
        assert!(!format!("{error:?}").contains("not-the-key"));
    }
}

#[tokio::test]
async fn the_interface_follows_the_version_and_the_settings() {
    let fake = with_deals(17, 1);
    let odoo = connect_as(&fake, |place| place.login = None).await;
    let error = odoo.check().await.expect_err("no log-in name");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("log-in name is needed")),
        "{error}"
    );
    let odoo = connect_as(&fake, |place| place.api = Some("soap".into())).await;
    assert!(matches!(odoo.check().await, Err(Error::Setup(_))));
    // The newest still answers by the older interface, to whom asks for it.
    let fake = with_deals(19, 1);
    for api in ["json2", "jsonrpc"] {
        let odoo = connect_as(&fake, |place| {
            place.api = Some(api.into());
            place.database = Some("crm".into());
        });
        let page = odoo.await.pull(Object::Deal, None, 5).await.expect("a page");
        assert_eq!(page.records.len(), 1);
    }
    let odoo = connect_as(&fake, |place| place.database = Some("another".into())).await;
    let error = odoo.check().await.expect_err("no database");
    assert!(
        matches!(&error, Error::Setup(t) if t.contains("no database of this name")),
        "{error}"
    );
}

#[tokio::test]
async fn an_illegible_record_is_set_aside_and_passed() {
    let fake = with_deals(19, 3);
    fake.db().set("crm.lead", 2, json!({ "name": "" }));
    let odoo = connect(&fake).await;
    let page = odoo.pull(Object::Deal, None, 10).await.expect("a page");
    assert!(page.done);
    assert_eq!(ids(&page.records), [1, 3]);
    assert_eq!(page.rejected[0].external_id.as_deref(), Some("2"));
    assert_eq!(page.rejected[0].reason, "name: is empty");
    let marks = odoo.scan(Object::Deal, None, 10).await.expect("marks").marks;
    assert_eq!(marks.len(), 3, "what cannot be read is there all the same");
}

#[tokio::test]
async fn an_error_in_place_of_the_fields_loses_none_of_them() {
    for version in VERSIONS {
        let fake = with_deals(version, 1);
        let whole = connect(&fake).await.pull(Object::Deal, None, 5).await.expect("a page");
        for asked in 0..8 {
            let odoo = connect(&fake).await;
            fake.faults.pass(asked);
            fake.faults.next(1, Fault::ErrorInOk);
            let mut page = odoo.pull(Object::Deal, None, 5).await;
            fake.faults.clear();
            if page.is_err() {
                page = odoo.pull(Object::Deal, None, 5).await;
            }
            let raw = |page: &Page| page.records[0].raw.clone();
            assert_eq!(
                raw(&page.expect("a page")),
                raw(&whole),
                "version {version}, request {asked}"
            );
        }
    }
}
