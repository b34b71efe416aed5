//! What SuiteCRM sends, and what is understood of it: one record of each object.

use outlay_connect::{Connector, Guard, Object, manifest};
use serde_json::{Value, json};

fn crm() -> Box<dyn Connector> {
    let settings = [
        ("url", "https://crm.example.com/legacy/"),
        ("user", "u"),
        ("password", "p"),
        ("currency", "CNY"),
    ];
    let settings = settings.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    manifest::open("suitecrm", &settings, &Default::default(), &Guard::default()).expect("a connector")
}

/// What is understood of `raw`, as JSON without its empty fields, and whether it is gone.
fn understood(object: Object, mut raw: Value) -> (Value, bool) {
    for (name, value) in [("id", "8f2c-1"), ("date_modified", "2026-11-24 08:30:01")] {
        raw[name] = value.into();
    }
    let record = crm().understand(object, &raw).expect("legible").expect("a record");
    assert_eq!((record.external_id.as_str(), &record.raw), ("8f2c-1", &raw));
    assert!(record.revision.starts_with("2026-11-24 08:30:01~"));
    let url = record.url.expect("an address");
    assert!(
        url.starts_with("https://crm.example.com/legacy/index.php?module="),
        "{url}"
    );
    let mut json = serde_json::to_value(&record.body).expect("JSON");
    let members = json.as_object_mut().expect("members");
    members.retain(|_, value| !value.is_null());
    (json, record.deleted)
}

#[test]
fn a_user_who_left() {
    let raw = json!({
        "name": "王芳", "user_name": "wang.fang", "email1": "wang.fang@example.cn", "status": "Inactive", "deleted": "0",
    });
    let expected = json!({
        "object": "crm_user", "name": "王芳", "login": "wang.fang", "email": "wang.fang@example.cn", "active": false,
    });
    assert_eq!(understood(Object::CrmUser, raw), (expected, false));
}

#[test]
fn an_account() {
    let raw = json!({
        "name": "上海华东科技有限公司", "phone_office": "021-6100 0000", "email1": "info@huadong.example.cn",
        "website": "https://huadong.example.cn", "industry": "Manufacturing", "billing_address_city": "上海",
        "assigned_user_id": "u-7", "deleted": "1",
    });
    let expected = json!({
        "object": "account", "name": "上海华东科技有限公司", "city": "上海", "owner": "u-7", "phone": "021-6100 0000",
        "email": "info@huadong.example.cn", "website": "https://huadong.example.cn", "industry": "Manufacturing",
    });
    assert_eq!(understood(Object::Account, raw), (expected, true));
}

#[test]
fn a_contact() {
    let raw = json!({
        "name": "李雷", "last_name": "李", "account_id": "a-1", "email1": "li.lei@huadong.example.cn", "phone_work": "",
        "phone_mobile": "138 0000 0000", "title": "采购经理", "deleted": "0",
    });
    let expected = json!({
        "object": "contact", "name": "李雷", "account": "a-1", "email": "li.lei@huadong.example.cn",
        "phone": "138 0000 0000", "title": "采购经理",
    });
    assert_eq!(understood(Object::Contact, raw), (expected, false));
}

#[test]
fn a_deal_that_was_won() {
    let raw = json!({
        "name": "华东二期扩容", "account_id": "a-1", "@accounts": ["a-1"], "@contacts": ["c-2"], "assigned_user_id": "u-7",
        "amount": "1284000.505000", "currency_id": "-99", "@currency": "CNY", "sales_stage": "Closed Won",
        "date_closed": "2026-11-23", "probability": "100", "deleted": "0",
    });
    let expected = json!({
        "object": "deal", "name": "华东二期扩容", "account": "a-1", "contact": "c-2", "owner": "u-7", "stage": "Closed Won",
        "stage_kind": "won", "amount": { "amount": "1284000.51", "currency": "CNY" }, "close_on": "2026-11-23",
        "probability": 100,
    });
    assert_eq!(understood(Object::Deal, raw), (expected, false));
}

#[test]
fn a_project() {
    let raw = json!({
        "name": "华东二期实施", "status": "Underway", "assigned_user_id": "u-7", "@accounts": ["a-1"],
        "@opportunities": ["o-1"], "deleted": "0",
    });
    let expected = json!({
        "object": "project", "name": "华东二期实施", "account": "a-1", "deal": "o-1", "owner": "u-7", "state": "Underway",
    });
    assert_eq!(understood(Object::Project, raw), (expected, false));
}

#[test]
fn a_visit() {
    let raw = json!({
        "@module": "Meetings", "@kind": "visit", "@parent": { "Opportunities": "o-1" }, "@contacts": ["c-2"],
        "name": "拜访华东科技", "status": "Held", "location": "苏州工业园区", "date_start": "2026-11-23 01:30:00",
        "parent_type": "Opportunities", "parent_id": "o-1", "assigned_user_id": "u-7", "deleted": "0",
    });
    let expected = json!({
        "object": "activity", "kind": "visit", "contact": "c-2", "deal": "o-1", "owner": "u-7", "on": "2026-11-23",
        "place": "苏州工业园区", "subject": "拜访华东科技",
    });
    assert_eq!(understood(Object::Activity, raw), (expected, false));
}

#[test]
fn what_is_wrong_is_named() {
    let raw = json!({ "id": "5", "date_modified": "2026-11-24 08:30:01", "name": "x", "amount": "1" });
    let refused = crm().understand(Object::Deal, &raw).expect_err("no currency");
    assert_eq!(refused.reason, "amount: has no currency");
    let refused = crm()
        .understand(Object::Deal, &json!({ "id": "5", "name": "x" }))
        .expect_err("no time");
    assert_eq!(refused.reason, "date_modified: is no time");
    assert_eq!(crm().understand(Object::Order, &json!({ "id": "5" })), Ok(None));
}

#[test]
fn settings_are_checked_before_anything_is_asked() {
    let settings = |currency: &str| {
        let all = [
            ("url", "https://crm.example.com"),
            ("user", "u"),
            ("password", "p"),
            ("currency", currency),
        ];
        all.map(|(k, v)| (k.to_owned(), v.to_owned())).into()
    };
    let open = |currency| manifest::open("suitecrm", &settings(currency), &Default::default(), &Guard::default());
    assert!(open("eur").is_ok());
    let Err(error) = open("RMB?") else {
        panic!("no such currency")
    };
    assert_eq!(error.to_string(), "\"RMB?\" is no ISO 4217 currency");
}
