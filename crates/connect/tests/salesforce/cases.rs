//! Records as Salesforce gives them, and what is understood of them.

use outlay_connect::{Connector, Object, Record};
use outlay_fakes::salesforce::FakeSalesforce;
use serde_json::{Value, json};

use super::{connect, connect_as, frame::*};

async fn only(fake: &FakeSalesforce, object: Object) -> (Record, Value) {
    let salesforce = connect(fake).await;
    let (mut records, ..) = pull_all(&salesforce, object, None, 100).await;
    let record = records.pop().expect("a record");
    assert_eq!(
        salesforce.understand(object, &record.raw),
        Ok(Some(record.clone())),
        "raw records tell the same again"
    );
    let body = body(&record);
    (record, body)
}

#[tokio::test]
async fn a_deal_in_each_of_its_states() {
    for (stage, meaning) in [("洽谈", "open"), ("赢单", "won"), ("输单", "lost")] {
        let fake = FakeSalesforce::default();
        let deal = json!({
            "Name": "华东二期", "AccountId": "001000000000001AAA", "ContactId": "003000000000001AAA",
            "OwnerId": "005000000000001AAA", "StageName": stage, "Amount": 12400.505, "CurrencyIsoCode": "EUR",
            "CloseDate": "2026-12-31", "Probability": 45.5,
        });
        let id = fake.db().add("Opportunity", deal);
        let (record, body) = only(&fake, Object::Deal).await;
        assert_eq!(
            body,
            json!({
                "object": "deal", "name": "华东二期", "account": "001000000000001AAA", "contact": "003000000000001AAA",
                "owner": "005000000000001AAA", "stage": stage, "stage_kind": meaning,
                "amount": { "amount": "12400.51", "currency": "EUR" }, "close_on": "2026-12-31", "probability": 46,
            })
        );
        assert_eq!(record.modified_at.to_string(), "2026-11-24T04:00:05Z");
        assert!(record.url.expect("a page").ends_with(&format!("/{id}")));
    }
}

#[tokio::test]
async fn where_there_is_one_currency_it_is_entered() {
    let fake = FakeSalesforce::default();
    fake.db().object("Opportunity").fields.remove("CurrencyIsoCode");
    fake.db()
        .add("Opportunity", json!({ "Name": "x", "StageName": "洽谈", "Amount": 7 }));
    let page = connect(&fake).await.pull(Object::Deal, None, 9).await.expect("a page");
    assert_eq!(page.rejected[0].reason, "amount: has no currency");
    let salesforce = connect_as(&fake, |place| place.currency = Some("cny".into())).await;
    let (records, ..) = pull_all(&salesforce, Object::Deal, None, 9).await;
    assert_eq!(
        body(&records[0])["amount"],
        json!({ "amount": "7.00", "currency": "CNY" })
    );
}

#[tokio::test]
async fn customers_people_orders_and_users() {
    let fake = FakeSalesforce::default();
    let user = json!({ "Name": "王芳", "Email": "f@a.cn", "Username": "f@a.cn.prod", "IsActive": false, "UserType": "Standard" });
    let user = fake.db().add("User", user);
    fake.db().add(
        "User",
        json!({ "Name": "bot", "UserType": "AutomatedProcess", "IsActive": true }),
    );
    let (_, body) = only(&fake, Object::CrmUser).await;
    assert_eq!(
        body,
        json!({ "object": "crm_user", "name": "王芳", "email": "f@a.cn", "login": "f@a.cn.prod", "active": false })
    );
    let account = json!({
        "Name": "上海蓝石", "AccountNumber": "C-1", "BillingCountryCode": "CN", "BillingCity": "上海", "OwnerId": user,
        "Phone": "021-1", "Website": "https://a.cn", "Industry": "制造",
    });
    let account = fake.db().add("Account", account);
    let (_, body) = only(&fake, Object::Account).await;
    assert_eq!(
        body,
        json!({
            "object": "account", "name": "上海蓝石", "code": "C-1", "country": "CN", "city": "上海", "owner": user,
            "phone": "021-1", "website": "https://a.cn", "industry": "制造",
        })
    );
    fake.db().add(
        "Contact",
        json!({ "Name": "李雷", "AccountId": account, "MobilePhone": "+86 139", "Title": "采购" }),
    );
    let (_, body) = only(&fake, Object::Contact).await;
    assert_eq!(
        body,
        json!({ "object": "contact", "name": "李雷", "account": account, "phone": "+86 139", "title": "采购" })
    );
    fake.db().add("Order", json!({
        "OrderNumber": "00000100", "AccountId": account, "TotalAmount": 99.9, "CurrencyIsoCode": "CNY", "Status": "Activated",
        "EffectiveDate": "2026-11-01",
    }));
    let (_, body) = only(&fake, Object::Order).await;
    assert_eq!(
        body,
        json!({
            "object": "order", "number": "00000100", "account": account, "amount": { "amount": "99.90", "currency": "CNY" },
            "state": "Activated", "ordered_on": "2026-11-01",
        })
    );
}

#[tokio::test]
async fn a_visit_and_a_call() {
    let fake = FakeSalesforce::default();
    fake.db().add("Event", json!({
        "Subject": "拜访蓝石", "Type": "Visit", "AccountId": "001000000000001AAA", "WhoId": "003000000000001AAA",
        "WhatId": "006000000000001AAA", "OwnerId": "005000000000001AAA", "StartDateTime": 1_795_456_800, "EndDateTime": 1_795_543_200, "Location": "浦东",
    }));
    let (_, body) = only(&fake, Object::Activity).await;
    assert_eq!(
        body,
        json!({
            "object": "activity", "kind": "visit", "account": "001000000000001AAA", "contact": "003000000000001AAA",
            "deal": "006000000000001AAA", "owner": "005000000000001AAA", "on": "2026-11-24", "until": "2026-11-25", "place": "浦东",
            "subject": "拜访蓝石",
        }),
        "18:00 UTC is the next day in Shanghai"
    );
    let fake = FakeSalesforce::default();
    fake.db().add(
        "Task",
        json!({
            "Subject": null, "TaskSubtype": "Call", "AccountId": "001000000000001AAA", "WhoId": "00Q000000000001AAA",
            "WhatId": "500000000000001AAA", "ActivityDate": "2026-11-20",
        }),
    );
    let (record, body) = only(&fake, Object::Activity).await;
    assert_eq!(
        body,
        json!({
            "object": "activity", "kind": "call", "account": "001000000000001AAA", "on": "2026-11-20",
            "subject": record.external_id,
        }),
        "neither a lead nor a case is what Outlay knows"
    );
}
