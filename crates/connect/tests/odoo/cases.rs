//! What Odoo sends, and what is understood of it: one record of each object.

use outlay_connect::{Connector, Guard, Object, manifest};
use serde_json::{Value, json};

fn odoo() -> Box<dyn Connector> {
    let settings = [("url", "https://odoo.example.com/"), ("key", "k")];
    let settings = settings.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    manifest::open("odoo", &settings, &Default::default(), &Guard::default()).expect("a connector")
}

/// What is understood of `raw`, as JSON without its empty fields, and whether it is gone.
fn understood(object: Object, raw: &Value) -> (Value, bool) {
    let record = odoo().understand(object, raw).expect("legible").expect("a record");
    assert_eq!(record.external_id, raw["id"].to_string());
    assert_eq!(&record.raw, raw);
    assert!(record.revision.starts_with(raw["write_date"].as_str().expect("a time")));
    let mut json = serde_json::to_value(&record.body).expect("JSON");
    let members = json.as_object_mut().expect("members");
    members.retain(|_, value| !value.is_null());
    (json, record.deleted)
}

#[test]
fn a_user() {
    let raw = json!({
        "id": 7, "write_date": "2026-11-24 08:30:01", "active": false, "name": "王芳", "login": "wang.fang",
        "email": "wang.fang@example.cn",
    });
    let expected = json!({
        "object": "crm_user", "name": "王芳", "login": "wang.fang", "email": "wang.fang@example.cn", "active": false,
    });
    assert_eq!(understood(Object::CrmUser, &raw), (expected, true));
}

#[test]
fn a_company() {
    let raw = json!({
        "id": 41, "write_date": "2026-11-24 08:30:01", "active": true, "name": "上海华东科技有限公司", "ref": "C-0041",
        "vat": "91310000MA1FL8XQ3D", "country_code": "CN", "city": "上海", "user_id": [7, "王芳"], "phone": "021-6100 0000",
        "email": "info@huadong.example.cn", "website": "https://huadong.example.cn", "industry_id": [3, "制造业"],
    });
    let expected = json!({
        "object": "account", "name": "上海华东科技有限公司", "code": "C-0041", "tax_id": "91310000MA1FL8XQ3D",
        "country": "CN", "city": "上海", "owner": "7", "phone": "021-6100 0000", "email": "info@huadong.example.cn",
        "website": "https://huadong.example.cn", "industry": "制造业",
    });
    assert_eq!(understood(Object::Account, &raw), (expected, false));
}

#[test]
fn an_archived_company_of_which_little_is_known() {
    let raw = json!({
        "id": 42, "write_date": "2026-11-24 08:30:01", "active": false, "name": "Lanstone GmbH", "ref": false, "vat": false,
        "country_code": false, "city": false, "user_id": false, "phone": false, "mobile": "+49 170 1", "email": false,
        "website": false, "industry_id": false,
    });
    let expected = json!({ "object": "account", "name": "Lanstone GmbH", "phone": "+49 170 1" });
    assert_eq!(understood(Object::Account, &raw), (expected, true));
}

#[test]
fn a_person_of_a_company() {
    let raw = json!({
        "id": 43, "write_date": "2026-11-24 08:30:01", "active": true, "name": "李雷",
        "commercial_partner_id": [41, "上海华东科技有限公司"], "parent_id": [44, "采购部"],
        "email": "li.lei@huadong.example.cn", "phone": "021-6100 0001", "function": "采购经理",
    });
    let expected = json!({
        "object": "contact", "name": "李雷", "account": "41", "email": "li.lei@huadong.example.cn",
        "phone": "021-6100 0001", "title": "采购经理",
    });
    assert_eq!(understood(Object::Contact, &raw), (expected, false));
}

#[test]
fn a_deal_that_was_won() {
    let raw = json!({
        "id": 5, "write_date": "2026-11-24 08:30:01", "active": true, "name": "华东二期扩容", "stage_id": [4, "赢单"],
        "won_status": "won", "partner_id": [43, "上海华东科技有限公司, 李雷"], "user_id": [7, "王芳"], "team_id": [1, "销售"],
        "expected_revenue": 1284000.505, "company_currency": [6, "CNY"], "probability": 100.0,
        "date_closed": "2026-11-23 10:00:00", "date_deadline": "2026-12-31",
        "@customer": { "account": 41, "contact": 43 },
    });
    let expected = json!({
        "object": "deal", "name": "华东二期扩容", "account": "41", "contact": "43", "owner": "7", "stage": "赢单",
        "stage_kind": "won", "amount": { "amount": "1284000.51", "currency": "CNY" }, "close_on": "2026-11-23",
        "probability": 100,
    });
    assert_eq!(understood(Object::Deal, &raw), (expected, false));
}

#[test]
fn a_deal_that_was_lost_is_no_deleted_one() {
    let raw = json!({
        "id": 6, "write_date": "2026-11-24 08:30:01", "active": false, "name": "Retrofit", "stage_id": [1, "New"],
        "won_status": "lost", "partner_id": false, "user_id": false, "expected_revenue": 0.0,
        "company_currency": [1, "EUR"], "probability": 0.0, "date_closed": false, "date_deadline": "2026-12-31",
    });
    let expected = json!({
        "object": "deal", "name": "Retrofit", "stage": "New", "stage_kind": "lost",
        "amount": { "amount": "0.00", "currency": "EUR" }, "close_on": "2026-12-31", "probability": 0,
    });
    assert_eq!(understood(Object::Deal, &raw), (expected, false));
}

#[test]
fn a_project() {
    let raw = json!({
        "id": 3, "write_date": "2026-11-24 08:30:01", "active": true, "name": "华东二期实施", "partner_id": [43, "李雷"],
        "user_id": [7, "王芳"], "stage_id": [2, "进行中"], "last_update_status": "on_track",
        "@customer": { "account": 41, "contact": 43 },
    });
    let expected =
        json!({ "object": "project", "name": "华东二期实施", "account": "41", "owner": "7", "state": "进行中" });
    assert_eq!(understood(Object::Project, &raw), (expected, false));
}

#[test]
fn an_order() {
    let raw = json!({
        "id": 12, "write_date": "2026-11-24 08:30:01", "name": "S00012", "partner_id": [41, "上海华东科技有限公司"],
        "opportunity_id": [5, "华东二期扩容"], "amount_total": 11300.0, "currency_id": [6, "CNY"], "state": "sale",
        "date_order": "2026-11-23 02:15:00",
    });
    let expected = json!({
        "object": "order", "number": "S00012", "account": "41", "deal": "5",
        "amount": { "amount": "11300.00", "currency": "CNY" }, "state": "sale", "ordered_on": "2026-11-23",
    });
    assert_eq!(understood(Object::Order, &raw), (expected, false));
}

#[test]
fn a_visit() {
    let raw = json!({
        "id": 9, "write_date": "2026-11-24 08:30:01", "active": true, "name": "拜访华东科技", "start_date": false,
        "start": "2026-11-23 01:30:00", "stop_date": false, "stop": "2026-11-25 09:00:00", "location": "上海市浦东新区", "user_id": [7, "王芳"],
        "opportunity_id": [5, "华东二期扩容"], "partner_ids": [3, 43], "categ_ids": [8], "@tags": ["客户拜访"],
        "@customer": { "account": 41, "contact": 43 },
    });
    let expected = json!({
        "object": "activity", "kind": "visit", "account": "41", "contact": "43", "deal": "5", "owner": "7",
        "on": "2026-11-23", "until": "2026-11-25", "place": "上海市浦东新区", "subject": "拜访华东科技",
    });
    assert_eq!(understood(Object::Activity, &raw), (expected, false));
}

#[test]
fn what_is_wrong_is_named() {
    let raw = json!({
        "id": 5, "write_date": "2026-11-24 08:30:01", "name": "x", "expected_revenue": 1, "company_currency": [9, "POINTS"],
    });
    let refused = odoo().understand(Object::Deal, &raw).expect_err("no currency");
    assert_eq!(refused.reason, "amount: \"POINTS\" is no ISO 4217 currency");
    let refused = odoo()
        .understand(Object::Deal, &json!({ "id": 5, "name": "x" }))
        .expect_err("no time");
    assert_eq!(refused.reason, "write_date: is no time");
}
