//! What 纷享销客 lacks or forbids is told, and holds up nothing else.

use outlay_connect::{Connector, Object};
use serde_json::json;

use super::{connect, connect_as, pull_all, with_deals};

#[tokio::test]
async fn all_is_well_where_all_is_there() {
    let (fake, _) = with_deals(1);
    for object in ["AccountObj", "NewOpportunityObj"] {
        fake.db().add_cost_fields(object);
    }
    let crm = connect_as(&fake, |place| place.project = Some("object_Xm01__c".into())).await;
    assert_eq!(crm.check().await.expect("an answer").warnings, [""; 0]);
}

#[tokio::test]
async fn each_lack_is_told_with_its_mend() {
    let (fake, _) = with_deals(1);
    {
        let mut db = fake.db();
        db.add_cost_fields("AccountObj");
        db.object("AccountObj")
            .fields
            .insert("cost_paid__c".into(), "text".into());
        db.denied.insert("SalesOrderObj".into());
        db.objects.remove("CheckinsObj");
        db.blind = true;
        db.add("ActiveRecordObj", json!({ "active_record_content": "电话沟通" }));
    }
    let crm = connect(&fake).await;
    let warnings = crm.check().await.expect("an answer").warnings;
    for what in [
        "AccountObj lacks: let an administrator add them in its object management (对象管理) with these API names: \
         cost_paid__c (金额",
        "NewOpportunityObj lacks",
        "may not read 纷享销客's SalesOrderObj",
        "may not read 纷享销客's CheckinsObj",
        "does not find 销售记录 by their content",
    ] {
        assert!(warnings.iter().any(|w| w.contains(what)), "{what}: {warnings:?}");
    }
    assert_eq!(warnings.len(), 5, "{warnings:?}");
    assert_eq!(pull_all(&crm, Object::Deal, None, 10).await.0.len(), 1);
}
