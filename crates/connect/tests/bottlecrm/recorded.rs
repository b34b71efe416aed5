//! Answers recorded from BottleCRM 1.35 with its own demo data, cut to a row or two; the server is not needed.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use outlay_connect::{Canonical, Connector, Error, Object, Record, StageKind};
use serde_json::{Value, json};

use crate::{connect, eager, pull_all};

fn recorded(path: &str) -> Option<&'static str> {
    Some(match path.split('/').collect::<Vec<_>>().as_slice() {
        ["users"] => include_str!("recorded/users.json"),
        ["accounts"] => include_str!("recorded/accounts.json"),
        ["accounts", _] => include_str!("recorded/account.json"),
        ["contacts"] => include_str!("recorded/contacts.json"),
        ["opportunities"] => include_str!("recorded/opportunities.json"),
        ["opportunities", _] => include_str!("recorded/opportunity.json"),
        ["projects"] => include_str!("recorded/projects.json"),
        ["projects", _] => include_str!("recorded/project.json"),
        ["org", "settings"] => include_str!("recorded/settings.json"),
        ["interactions"] => include_str!("recorded/interactions.json"),
        _ => return None,
    })
}

type Change = Arc<Mutex<Option<(StatusCode, String)>>>;

/// Serves what was recorded, or one other answer to everything.
async fn serve() -> (String, Change) {
    async fn answer(
        State(other): State<Change>,
        Path(path): Path<String>,
        Query(query): Query<Vec<(String, String)>>,
    ) -> Response {
        let json = [("content-type", "application/json")];
        if let Some((status, text)) = other.lock().expect("the lock").clone() {
            return (status, json, text).into_response();
        }
        let path = path.trim_end_matches('/');
        let Some(text) = recorded(path) else {
            return (StatusCode::NOT_FOUND, json, r#"{"detail":"Not found."}"#.to_owned()).into_response();
        };
        // The one recorded interaction is a deal's.
        let others = path == "interactions" && !query.iter().any(|(name, _)| name == "opportunity");
        let text = if others {
            r#"{"interactions": [], "count": 0}"#
        } else {
            text
        };
        (json, text.to_owned()).into_response()
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let change = Change::default();
    let router = Router::new()
        .route("/api/{*path}", get(answer))
        .with_state(change.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), change)
}

async fn all(object: Object) -> Vec<Record> {
    let (url, _) = serve().await;
    pull_all(&connect(eager(&url, "bcrm_pat_x")), object, 100).await.0
}

fn body(record: &Record) -> Value {
    serde_json::to_value(&record.body).expect("JSON")
}

#[tokio::test]
async fn deals_are_read_with_stage_amount_and_people() {
    let deals = all(Object::Deal).await;
    let named = |name: &str| deals.iter().find(|d| d.body.label() == name).expect(name);
    let lost = named("华东轨道交通二期");
    assert_eq!(
        body(lost),
        json!({
            "object": "deal", "name": "华东轨道交通二期", "number": null,
            "account": lost.raw["account"]["id"], "contact": lost.raw["contacts"][0]["id"],
            "owner": lost.raw["assigned_to"][0]["id"], "stage": "Closed Lost", "stage_kind": "lost",
            "amount": {"amount": "12400.50", "currency": "CNY"}, "close_on": "2026-11-09", "probability": 0, "project": null
        })
    );
    let Canonical::Deal(won) = &named("Adaptive intermediate complexity Deal").body else {
        panic!("a deal")
    };
    assert_eq!((won.stage_kind, won.probability), (StageKind::Won, Some(100)));
    assert_eq!(lost.raw["@currency"], "CNY");
    assert!(
        lost.revision.starts_with("2026-11-27T15:25:19.269639Z~"),
        "{}",
        lost.revision
    );
    for passing in [
        "created_on_arrow",
        "next_activity",
        "days_in_stage",
        "aging_status",
        "org",
    ] {
        assert!(lost.raw.get(passing).is_none(), "{passing}");
    }
}

#[tokio::test]
async fn the_other_kinds_are_read() {
    let accounts = all(Object::Account).await;
    let [living, archived] = accounts.as_slice() else {
        panic!("{accounts:?}")
    };
    assert!(!living.deleted && archived.deleted);
    let account = body(living);
    assert_eq!(account["name"], "Mosswood Accountancy");
    assert_eq!(account["country"], "US");
    assert_eq!(account["city"], "East Christopher");
    assert_eq!(account["phone"], "+1 555-555-0178");
    let contacts = all(Object::Contact).await;
    let contact = body(&contacts[0]);
    assert_eq!(contact["name"], "Amelia Edwards");
    assert_eq!(contact["account"], contacts[0].raw["linked_accounts"][0]["id"]);
    assert_eq!(contact["title"], "Customer Support Lead");
    let projects = all(Object::Project).await;
    let project = body(&projects[0]);
    assert_eq!(project["name"], "Quayside Holdings · 苏州工业园智慧园区");
    assert_eq!(project["state"], "active");
    assert_eq!(project["account"], "b5d87a79-0ae6-4bfb-8865-22aa9edf3b45");
    assert_eq!(project["deal"], "5d775500-14b0-479f-8666-be3cfa0d8f1c");
    let users = all(Object::CrmUser).await;
    assert_eq!(users.len(), 2);
    assert!(
        users
            .iter()
            .any(|u| body(u)["login"] == "admin@example.com" && body(u)["active"] == true)
    );
}

#[tokio::test]
async fn an_activity_comes_by_the_record_it_was_logged_on() {
    let mut raw: Value = serde_json::from_str(include_str!("recorded/interactions.json")).expect("JSON");
    let raw = raw["interactions"][0].take();
    let crm = connect(eager("http://127.0.0.1:1", "x"));
    let record = crm
        .understand(Object::Activity, &raw)
        .expect("read")
        .expect("an activity");
    assert_eq!(
        record.external_id,
        "opportunity.e6c219fa-23b5-4dff-81e4-0c225da867cf.73998ae5-cebb-4044-a116-869fc33fd497"
    );
    let activity = body(&record);
    assert_eq!(activity["kind"], "meeting");
    assert_eq!(activity["subject"], "拜访 7");
    // The day at the company, as BottleCRM tells it.
    assert_eq!(activity["on"], "2026-11-20");
    assert_eq!(activity["deal"], "e6c219fa-23b5-4dff-81e4-0c225da867cf");
    // None of the recorded deals is its own.
    assert_eq!(all(Object::Activity).await, []);
}

#[tokio::test]
async fn a_record_is_the_same_in_a_list_and_alone() {
    let (url, _) = serve().await;
    let crm = connect(eager(&url, "x"));
    for (object, place) in [
        (Object::Account, "account_obj"),
        (Object::Deal, "opportunity_obj"),
        (Object::Project, ""),
    ] {
        let path = match object {
            Object::Account => "accounts/x",
            Object::Deal => "opportunities/x",
            _ => "projects/x",
        };
        let one: Value = serde_json::from_str(recorded(path).expect(path)).expect("JSON");
        let one = if place.is_empty() { &one } else { &one[place] };
        let id = one["id"].as_str().expect("an id").to_owned();
        let alone = crm
            .fetch(object, std::slice::from_ref(&id))
            .await
            .expect("fetched")
            .records;
        let listed = pull_all(&crm, object, 100).await.0;
        let listed = listed.iter().find(|r| r.external_id == id).expect("listed");
        assert_eq!(alone.first(), Some(listed), "{object}");
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let (url, other) = serve().await;
    let crm = connect(eager(&url, "bcrm_pat_secret"));
    let say = |status: u16, body: &str| {
        let status = StatusCode::from_u16(status).expect("a status");
        *other.lock().expect("the lock") = Some((status, body.to_owned()));
    };
    // BottleCRM answers 403 to a wrong token, as to a missing right.
    say(403, r#"{"detail":"Invalid token"}"#);
    let error = crm.pull(Object::Deal, None, 10).await.expect_err("refused");
    assert!(matches!(error, Error::Auth(_)), "{error}");
    let gone_off =
        r#"{"detail":"Projects is turned off for this organization.","code":"module_off","module":"projects"}"#;
    say(404, gone_off);
    let page = crm.pull(Object::Project, None, 10).await.expect("left out");
    assert!(page.done && page.records.is_empty());
    let error = crm.pull(Object::Account, None, 10).await.expect_err("needed");
    assert!(matches!(error, Error::Refused { status: 404, .. }), "{error}");
    say(
        403,
        r#"{"detail":"bcrm_pat_secret is not scoped for read access to contacts."}"#,
    );
    let error = crm.pull(Object::Contact, None, 10).await.expect_err("refused");
    assert!(
        error.to_string().contains("is not scoped") && !error.to_string().contains("secret"),
        "{error}"
    );
    say(200, r#"{"results": "none"}"#);
    let error = crm.pull(Object::Contact, None, 10).await.expect_err("another shape");
    assert!(matches!(error, Error::Broken(_)), "{error}");
}

#[tokio::test]
async fn a_list_that_ignores_the_offset_stops_the_pull() {
    let (url, other) = serve().await;
    let crm = connect(eager(&url, "x"));
    let list: Value = serde_json::from_str(include_str!("recorded/contacts.json")).expect("JSON");
    let rows = vec![list["results"][0].clone(); 10];
    *other.lock().expect("the lock") = Some((StatusCode::OK, json!({ "results": rows }).to_string()));
    let page = crm.pull(Object::Contact, None, 10).await.expect("a page");
    assert!(!page.done);
    let again = crm.pull(Object::Contact, Some(&page.next), 10).await;
    assert!(matches!(again, Err(Error::Cursor(_))), "{again:?}");
    let strange = crm.pull(Object::Contact, Some(&json!({"page": 2})), 10).await;
    assert!(matches!(strange, Err(Error::Cursor(_))));
}
