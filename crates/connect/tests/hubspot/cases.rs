//! Records as HubSpot gives them, and what is understood of them.

use outlay_connect::{Canonical, Connector, Object, Record};
use outlay_fakes::hubspot::{FakeHubSpot, PORTAL};
use serde_json::{Value, json};

use crate::{connect, pull_all};

/// A portal with a deal of two companies and a contact, in a pipeline of three stages.
pub fn portal() -> (FakeHubSpot, String) {
    let fake = FakeHubSpot::default();
    let deal = {
        let mut db = fake.db();
        let stage = |id: &str, label: &str, closed: &str, chance: &str| {
            json!({
                "id": id, "label": label, "displayOrder": 0, "archived": false, "createdAt": "2025-01-01T00:00:00Z",
                "updatedAt": "2025-01-01T00:00:00Z", "metadata": { "isClosed": closed, "probability": chance },
            })
        };
        let stages = [
            stage("contractsent", "合同审核", "false", "0.9"),
            stage("closedwon", "赢单", "true", "1.0"),
            stage("closedlost", "输单", "true", "0.0"),
        ];
        let pipeline = |id: &str, label: &str, stages: &[Value]| {
            json!({
                "id": id, "label": label, "displayOrder": 0, "archived": false, "createdAt": "2025-01-01T00:00:00Z",
                "updatedAt": "2025-01-01T00:00:00Z", "stages": stages,
            })
        };
        let other = [stage("9", "赢单", "false", "0.2")];
        let pipelines = json!([pipeline("1", "其他", &other), pipeline("default", "销售", &stages)]);
        db.pipelines.insert("deals".into(), pipelines);
        let first = db.add("companies", &json!({ "name": "旧公司" }));
        let main = db.add("companies", &json!({ "name": "蓝石", "domain": "lanstone.example", "hs_country_code": "CN", "city": "上海", "hubspot_owner_id": "31", "industry": "MACHINERY" }));
        let contact = db.add("contacts", &json!({ "firstname": "Fang", "lastname": "Wang", "email": "fang@lanstone.example", "mobilephone": "+86 139", "jobtitle": "采购" }));
        let deal = db.add("deals", &json!({
            "dealname": "华东二期", "amount": "12400.50", "deal_currency_code": "EUR", "pipeline": "default", "dealstage": "contractsent",
            "closedate": "2025-03-31T16:00:00Z", "hubspot_owner_id": "31", "hs_deal_stage_probability": "0.9",
        }));
        db.tie(("deals", &deal), ("companies", &first), None);
        db.tie(("deals", &deal), ("companies", &main), Some("Primary"));
        db.tie(("deals", &deal), ("contacts", &contact), None);
        db.tie(("contacts", &contact), ("companies", &main), Some("Primary"));
        deal
    };
    (fake, deal)
}

/// The body of the only record of a kind, without what is empty.
async fn only(fake: &FakeHubSpot, object: Object) -> (Record, Value) {
    let hubspot = connect(fake).await;
    let (mut records, _) = pull_all(&hubspot, object, None, 100).await;
    let record = records.pop().expect("a record");
    assert_eq!(
        hubspot.understand(object, &record.raw),
        Ok(Some(record.clone())),
        "raw records tell the same again"
    );
    let mut body = serde_json::to_value(&record.body).expect("JSON");
    let members = body.as_object_mut().expect("members");
    members.retain(|_, value| !value.is_null());
    (record, body)
}

#[tokio::test]
async fn a_deal_is_read_with_its_ties_stage_money_and_day() {
    let (fake, deal) = portal();
    let (record, body) = only(&fake, Object::Deal).await;
    let kind = |name: &str| fake.db().all(name);
    assert_eq!(
        body,
        json!({
            "object": "deal", "name": "华东二期", "account": kind("companies")[1].id.to_string(),
            "contact": kind("contacts")[0].id.to_string(), "owner": "31", "stage": "合同审核", "stage_kind": "open",
            "amount": { "amount": "12400.50", "currency": "EUR" }, "close_on": "2025-04-01", "probability": 90,
        })
    );
    assert_eq!(
        record.url,
        Some(format!(
            "https://app-eu1.hubspot.com/contacts/{PORTAL}/record/0-3/{deal}"
        ))
    );
    for (stage, pipeline, label, meaning) in [
        ("closedwon", "default", "赢单", "won"),
        ("closedlost", "default", "输单", "lost"),
        ("9", "1", "赢单", "open"),
        ("unheard-of", "default", "unheard-of", "open"),
    ] {
        fake.db().change(
            "deals",
            &deal,
            &json!({ "dealstage": stage, "pipeline": pipeline, "deal_currency_code": "" }),
        );
        let (_, body) = only(&fake, Object::Deal).await;
        assert_eq!((&body["stage"], &body["stage_kind"]), (&json!(label), &json!(meaning)));
        assert_eq!(
            body["amount"]["currency"], "CNY",
            "the company's own where the deal names none"
        );
    }
}

#[tokio::test]
async fn accounts_and_contacts_are_read() {
    let (fake, _) = portal();
    let (record, body) = only(&fake, Object::Account).await;
    assert_eq!(
        body,
        json!({ "object": "account", "name": "蓝石", "country": "CN", "city": "上海", "owner": "31", "website": "lanstone.example", "industry": "MACHINERY" })
    );
    let main = record.external_id;
    let (_, body) = only(&fake, Object::Contact).await;
    assert_eq!(
        body,
        json!({ "object": "contact", "name": "Fang Wang", "account": main, "email": "fang@lanstone.example", "phone": "+86 139", "title": "采购" })
    );
    let nameless = FakeHubSpot::default();
    nameless.db().add("contacts", &json!({ "email": "x@example.com" }));
    let (record, _) = only(&nameless, Object::Contact).await;
    assert_eq!(record.body.label(), "x@example.com");
}

#[tokio::test]
async fn projects_orders_and_visits_are_read() {
    let fake = FakeHubSpot::default();
    let company = fake.db().add("companies", &json!({ "name": "蓝石" }));
    for (kind, properties) in [
        (
            "projects",
            json!({ "hs_name": "二期实施", "hs_status": "IN_PROGRESS", "hubspot_owner_id": "31" }),
        ),
        (
            "orders",
            json!({ "hs_external_order_id": "SO-7", "hs_total_price": "88.1", "hs_currency_code": "USD", "hs_fulfillment_status": "Packing", "hs_createdate": "2025-03-02T18:00:00Z" }),
        ),
        (
            "meetings",
            json!({ "hs_meeting_title": "回访", "hs_activity_type": "客户拜访", "hs_meeting_start_time": "2025-03-02T23:30:00Z", "hs_meeting_end_time": "2025-03-04T10:00:00Z", "hs_meeting_location": "上海", "hubspot_owner_id": "31" }),
        ),
    ] {
        let id = fake.db().add(kind, &properties);
        fake.db().tie((kind, &id), ("companies", &company), None);
    }
    let (record, body) = only(&fake, Object::Project).await;
    assert_eq!(
        body,
        json!({ "object": "project", "name": "二期实施", "account": company, "owner": "31", "state": "IN_PROGRESS" })
    );
    assert!(record.url.is_some_and(|url| url.contains("/record/0-970/")));
    let (_, body) = only(&fake, Object::Order).await;
    assert_eq!(
        body,
        json!({ "object": "order", "number": "SO-7", "account": company, "amount": { "amount": "88.10", "currency": "USD" }, "state": "Packing", "ordered_on": "2025-03-03" })
    );
    let (record, body) = only(&fake, Object::Activity).await;
    assert_eq!(
        body,
        json!({ "object": "activity", "kind": "visit", "account": company, "owner": "31", "on": "2025-03-03", "until": "2025-03-04", "place": "上海", "subject": "回访" })
    );
    assert!(matches!(record.body, Canonical::Activity(_)));
}
