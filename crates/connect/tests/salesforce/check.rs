//! What Salesforce lacks or hides is told, and holds up nothing else.

use outlay_connect::Connector;

use super::{connect, connect_as, frame::try_scratch, with_deals};

#[tokio::test]
async fn what_lacks_is_told_with_its_mend() {
    let fake = with_deals(1);
    fake.db().objects.remove("Order");
    fake.db().objects.remove("ContentNote");
    fake.db().object("Opportunity").fields.remove("CurrencyIsoCode");
    fake.db().add_fields("Account");
    let warnings = connect(&fake).await.check().await.expect("an answer").warnings;
    let wanted = ["one currency", "fields of Opportunity", "no Order", "Notes Settings"];
    assert_eq!(warnings.len(), wanted.len(), "{warnings:?}");
    for (warning, wanted) in warnings.iter().zip(wanted) {
        assert!(warning.contains(wanted), "{warning}");
    }
    let salesforce = connect_as(&fake, |place| place.currency = Some("CNY".into())).await;
    let warnings = salesforce.check().await.expect("an answer").warnings;
    assert!(!warnings.iter().any(|w| w.contains("one currency")), "{warnings:?}");
}

#[tokio::test]
async fn where_nothing_lacks_nothing_is_said() {
    let fake = with_deals(1);
    fake.db().add_fields("Account");
    fake.db().add_fields("Opportunity");
    let salesforce = connect(&fake).await;
    assert_eq!(salesforce.check().await.expect("an answer").warnings, [""; 0]);
    assert!(
        !salesforce.capabilities().hooks,
        "nothing that Salesforce sends is signed"
    );
}

#[tokio::test]
async fn writing_is_tried_on_an_account_that_goes_again() {
    let fake = with_deals(1);
    try_scratch(&connect(&fake).await).await;
}
