//! What 纷享销客 sends, and what is understood of it: one record of each object.

use outlay_connect::{Connector, Guard, Object, manifest};
use serde_json::{Value, json};

fn crm(more: &[(&str, &str)]) -> Result<Box<dyn Connector>, outlay_connect::Error> {
    let own = [
        ("app_id", "a"),
        ("app_secret", "s"),
        ("permanent_code", "c"),
        ("open_user", "FSUID_1"),
    ];
    let settings = own
        .iter()
        .chain(more)
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    manifest::open("fxiaoke", &settings, &Default::default(), &Guard::default())
}

/// What is understood of `raw`, as JSON without its empty fields, and whether it is gone.
fn understood(object: Object, mut raw: Value) -> (Value, bool) {
    raw["_id"] = "5f3a3de57c604a00017dc5ee".into();
    raw["last_modified_time"] = 1_795_509_001_000_i64.into();
    let crm = crm(&[]).expect("a connector");
    let record = crm.understand(object, &raw).expect("legible").expect("a record");
    assert_eq!(record.raw, raw);
    assert!(record.revision.starts_with("01795509001000~"), "{}", record.revision);
    assert_eq!(record.modified_at.to_string(), "2026-11-24T08:30:01Z");
    let mut json = serde_json::to_value(&record.body).expect("JSON");
    let members = json.as_object_mut().expect("members");
    members.retain(|_, value| !value.is_null());
    (json, record.deleted)
}

#[test]
fn a_person_who_left() {
    let raw = json!({
        "user_id": "1453", "name": "蒋小川", "full_name": "蒋小川", "email": "jiang@example.cn", "employee_number": "E145",
        "status": "1", "is_deleted": false,
    });
    let expected = json!({
        "object": "crm_user", "name": "蒋小川", "login": "E145", "email": "jiang@example.cn", "active": false,
    });
    assert_eq!(understood(Object::CrmUser, raw), (expected, false));
}

#[test]
fn an_account_that_is_void() {
    let raw = json!({
        "name": "上海华东科技有限公司", "account_no": "KH-0041", "uniform_social_credit_code": "91310000MA1FL8XQ3D",
        "city": "310100", "city__r": "上海市", "owner": ["1000"], "owner__r": { "id": "1000", "name": "王芳" },
        "tel": "021-6100 0000", "email": "info@huadong.example.cn", "url": "https://huadong.example.cn",
        "industry_level1": "13", "industry_level1__r": "制造业", "life_status": "invalid", "is_deleted": false,
    });
    let expected = json!({
        "object": "account", "name": "上海华东科技有限公司", "code": "KH-0041", "tax_id": "91310000MA1FL8XQ3D",
        "city": "上海市", "owner": "1000", "phone": "021-6100 0000", "email": "info@huadong.example.cn",
        "website": "https://huadong.example.cn", "industry": "制造业",
    });
    assert_eq!(understood(Object::Account, raw), (expected, true));
}

#[test]
fn a_contact() {
    let raw = json!({
        "name": "李雷", "account_id": "a1", "account_id__r": "上海华东科技有限公司", "email": "li.lei@huadong.example.cn",
        "mobile1": "13800000000", "job_title": "采购经理", "life_status": "normal", "is_deleted": false,
    });
    let expected = json!({
        "object": "contact", "name": "李雷", "account": "a1", "email": "li.lei@huadong.example.cn", "phone": "13800000000",
        "title": "采购经理",
    });
    assert_eq!(understood(Object::Contact, raw), (expected, false));
}

#[test]
fn deals_open_won_and_lost() {
    let deal = |status: Value| {
        let mut raw = json!({
            "name": "华东二期扩容", "account_id": "a1", "owner": ["1000"], "sales_stage": "k1", "sales_stage__r": "合同谈判",
            "amount": "1284000.505", "close_date": 1_795_363_200_000_i64, "@days": { "close_date": "2026-11-23" },
            "probability": "80", "life_status": "normal", "is_deleted": false,
        });
        for (name, value) in status.as_object().expect("members") {
            raw[name] = value.clone();
        }
        understood(Object::Deal, raw).0
    };
    let expected = json!({
        "object": "deal", "name": "华东二期扩容", "account": "a1", "owner": "1000", "stage": "合同谈判",
        "stage_kind": "won", "amount": { "amount": "1284000.51", "currency": "CNY" }, "close_on": "2026-11-23",
        "probability": 80,
    });
    assert_eq!(deal(json!({ "sales_status": "2" })), expected);
    for (status, kind) in [
        (json!({ "sales_status": "1", "sales_status__r": "进行中" }), "open"),
        (json!({ "sales_status__r": "赢单" }), "won"),
        (json!({ "sales_status": "3" }), "lost"),
        (json!({ "sales_status": "4", "sales_status__r": "无效" }), "lost"),
        (json!({}), "open"),
        (json!({ "sales_stage__r": "输单" }), "lost"),
    ] {
        assert_eq!(deal(status.clone())["stage_kind"], kind, "{status}");
    }
    let dollars = deal(json!({ "mc_currency": "USD" }));
    assert_eq!(dollars["amount"]["currency"], "USD");
}

#[test]
fn an_order_and_a_project() {
    let raw = json!({
        "name": "20261123-000012", "account_id": "a1", "new_opportunity_id": "o1", "order_amount": "11300.00",
        "order_status": "7", "order_status__r": "已确认", "@days": { "order_time": "2026-11-23" }, "is_deleted": false,
    });
    let expected = json!({
        "object": "order", "number": "20261123-000012", "account": "a1", "deal": "o1",
        "amount": { "amount": "11300.00", "currency": "CNY" }, "state": "已确认", "ordered_on": "2026-11-23",
    });
    assert_eq!(understood(Object::Order, raw), (expected, false));
    let raw = json!({ "name": "华东二期实施", "account_id": "a1", "owner": ["1000"], "life_status": "normal" });
    let expected =
        json!({ "object": "project", "name": "华东二期实施", "account": "a1", "owner": "1000", "state": "normal" });
    assert_eq!(understood(Object::Project, raw), (expected, false));
}

#[test]
fn a_record_of_a_call() {
    let raw = json!({
        "name": "2026112300001", "active_record_content": "沟通二期报价", "interactive_types__r": "电话",
        "owner": ["1000"], "@related": { "AccountObj": "a1", "NewOpportunityObj": "o1" },
        "@days": { "create_time": "2026-11-23" }, "is_deleted": false,
    });
    let expected = json!({
        "object": "activity", "kind": "call", "account": "a1", "deal": "o1", "owner": "1000", "on": "2026-11-23",
        "subject": "沟通二期报价",
    });
    assert_eq!(understood(Object::Activity, raw), (expected, false));
}

#[test]
fn what_is_wrong_is_named() {
    let connector = crm(&[]).expect("a connector");
    let refused = connector
        .understand(Object::Deal, &json!({ "_id": "5", "name": "x" }))
        .expect_err("no time");
    assert_eq!(refused.reason, "last_modified_time: is no time");
    let said = |more: &[(&str, &str)]| crm(more).err().map(|e| e.to_string()).unwrap_or_default();
    assert_eq!(said(&[]), "");
    assert_eq!(said(&[("zone", "中国")]), "\"中国\" is no time zone");
    assert!(said(&[("project_object", "../x__c")]).contains("ends in __c"));
    assert_eq!(said(&[("project_object", "object_Xm01__c")]), "");
}
