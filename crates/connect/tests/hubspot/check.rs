//! The live check names what lacks.

use outlay_connect::Connector;
use outlay_fakes::hubspot::FakeHubSpot;

use crate::{connect, frame::try_scratch};

#[tokio::test]
async fn nothing_lacks_where_all_is_granted() {
    let fake = FakeHubSpot::default();
    let hubspot = connect(&fake).await;
    assert_eq!(hubspot.check().await.expect("a check").warnings, [""; 0]);
}

#[tokio::test]
async fn each_missing_scope_is_a_warning() {
    let fake = FakeHubSpot::default();
    {
        let mut db = fake.db();
        db.hidden.insert("owners".into(), 403);
        db.hidden.insert("projects".into(), 404);
        db.hidden.insert("orders".into(), 403);
        db.scopes = Some(
            [
                "crm.objects.deals.write",
                "crm.objects.contacts.write",
                "crm.schemas.deals.write",
            ]
            .map(str::to_owned)
            .into(),
        );
    }
    let hubspot = connect(&fake).await;
    let warnings = hubspot.check().await.expect("a check").warnings;
    let said = |what: &str| warnings.iter().filter(|w| w.contains(what)).count();
    for scope in [
        "crm.objects.owners.read",
        "crm.objects.orders.read",
        "crm.objects.companies.write",
        "crm.schemas.companies.write",
        "no projects",
    ] {
        assert_eq!(said(scope), 1, "{scope}: {warnings:?}");
    }
    assert_eq!(warnings.len(), 5, "{warnings:?}");
}

#[tokio::test]
async fn writing_is_tried_on_an_account_that_goes_again() {
    let fake = FakeHubSpot::default();
    try_scratch(&connect(&fake).await).await;
}
