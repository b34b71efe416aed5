//! Records as Dataverse gives them, and what is understood of them.

use outlay_connect::{Connector, Object, Record};
use outlay_fakes::dynamics::FakeDynamics;
use serde_json::{Value, json};

use super::{connect, frame::*};

const ONE: &str = "60c4e274-0d87-e711-80e5-00155db19e6d";
const TWO: &str = "2e451703-c686-e711-80e5-00155db19e6d";

async fn only(fake: &FakeDynamics, object: Object) -> (Record, Value) {
    let dynamics = connect(fake).await;
    let (mut records, ..) = pull_all(&dynamics, object, None, 100).await;
    let record = records.pop().expect("a record");
    assert_eq!(
        dynamics.understand(object, &record.raw),
        Ok(Some(record.clone())),
        "raw records tell the same again"
    );
    let body = body(&record);
    (record, body)
}

#[tokio::test]
async fn a_deal_in_each_of_its_states() {
    for (state, meaning, amount, day) in [
        (0, "open", "1200.51", "2026-12-31"),
        (1, "won", "1100.00", "2026-11-20"),
        (2, "lost", "1100.00", "2026-11-20"),
    ] {
        let fake = FakeDynamics::default();
        let yuan = fake.db().yuan();
        let closed = state > 0;
        let id = fake.db().add("opportunities", json!({
            "name": "华东二期", "_customerid_value": ONE, "_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "account",
            "_parentcontactid_value": TWO, "_ownerid_value": TWO, "salesstage": 2, "statecode": state,
            "salesstage@OData.Community.Display.V1.FormattedValue": "方案", "estimatedvalue": 1200.505,
            "actualvalue": closed.then_some(1100), "_transactioncurrencyid_value": yuan, "estimatedclosedate": "2026-12-31",
            "actualclosedate": closed.then_some("2026-11-20"), "closeprobability": 45,
        }));
        let (record, body) = only(&fake, Object::Deal).await;
        assert_eq!(
            body,
            json!({
                "object": "deal", "name": "华东二期", "account": ONE, "contact": TWO, "owner": TWO, "stage": "方案",
                "stage_kind": meaning, "amount": { "amount": amount, "currency": "CNY" }, "close_on": day, "probability": 45,
            })
        );
        assert_eq!(record.modified_at.to_string(), "2026-11-24T04:00:02Z");
        let page = record.url.expect("a page");
        assert!(
            page.ends_with(&format!("/main.aspx?etn=opportunity&id={id}&pagetype=entityrecord")),
            "{page}"
        );
    }
}

#[tokio::test]
async fn customers_people_orders_and_users() {
    let fake = FakeDynamics::default();
    let user = json!({ "fullname": "王芳", "internalemailaddress": "f@a.cn", "domainname": "f@a.onmicrosoft.com", "isdisabled": true });
    let user = fake.db().add("systemusers", user);
    let (_, body) = only(&fake, Object::CrmUser).await;
    assert_eq!(
        body,
        json!({ "object": "crm_user", "name": "王芳", "email": "f@a.cn", "login": "f@a.onmicrosoft.com", "active": false })
    );
    let account = json!({
        "name": "上海蓝石", "accountnumber": "C-1", "address1_city": "上海", "_ownerid_value": user, "telephone1": "021-1",
        "emailaddress1": "x@a.cn", "websiteurl": "https://a.cn", "industrycode": 33,
        "industrycode@OData.Community.Display.V1.FormattedValue": "制造",
    });
    let account = fake.db().add("accounts", account);
    let (record, body) = only(&fake, Object::Account).await;
    assert_eq!(
        body,
        json!({
            "object": "account", "name": "上海蓝石", "code": "C-1", "city": "上海", "owner": user, "phone": "021-1",
            "email": "x@a.cn", "website": "https://a.cn", "industry": "制造",
        })
    );
    assert!(!record.deleted);
    fake.db().set("accounts", &account, json!({ "statecode": 1 }));
    assert!(
        only(&fake, Object::Account).await.0.deleted,
        "an inactive customer counts as gone"
    );
    fake.db().add(
        "contacts",
        json!({
            "fullname": "李雷", "_parentcustomerid_value": account, "mobilephone": "+86 139", "jobtitle": "采购",
            "_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "account",
        }),
    );
    let (_, body) = only(&fake, Object::Contact).await;
    assert_eq!(
        body,
        json!({ "object": "contact", "name": "李雷", "account": account, "phone": "+86 139", "title": "采购" })
    );
    let yuan = fake.db().yuan();
    fake.db().add("salesorders", json!({
        "ordernumber": "ORD-1", "_customerid_value": account, "_opportunityid_value": TWO, "totalamount": 99.9,
        "_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "account", "_transactioncurrencyid_value": yuan,
        "statecode@OData.Community.Display.V1.FormattedValue": "已提交", "submitdate": 1_795_492_800,
    }));
    let (_, body) = only(&fake, Object::Order).await;
    assert_eq!(
        body,
        json!({
            "object": "order", "number": "ORD-1", "account": account, "deal": TWO, "state": "已提交",
            "amount": { "amount": "99.90", "currency": "CNY" }, "ordered_on": "2026-11-24",
        })
    );
    fake.db().add(
        "msdyn_projects",
        json!({
            "msdyn_subject": "实施", "_msdyn_customer_value": account, "_ownerid_value": user,
            "statuscode": 1, "statuscode@OData.Community.Display.V1.FormattedValue": "进行中",
        }),
    );
    let (_, body) = only(&fake, Object::Project).await;
    assert_eq!(
        body,
        json!({ "object": "project", "name": "实施", "account": account, "owner": user, "state": "进行中" })
    );
}

#[tokio::test]
async fn a_visit_has_its_day_in_the_companys_zone() {
    let fake = FakeDynamics::default();
    fake.db().add("appointments", json!({
        "subject": "拜访蓝石", "location": "浦东", "_regardingobjectid_value": TWO, "_ownerid_value": ONE,
        "_regardingobjectid_value@Microsoft.Dynamics.CRM.lookuplogicalname": "opportunity", "scheduledstart": 1_795_456_800,
        "scheduledend": 1_795_543_200,
    }));
    let (_, body) = only(&fake, Object::Activity).await;
    assert_eq!(
        body,
        json!({
            "object": "activity", "kind": "meeting", "deal": TWO, "owner": ONE, "on": "2026-11-24", "until": "2026-11-25", "place": "浦东",
            "subject": "拜访蓝石",
        })
    );
}
