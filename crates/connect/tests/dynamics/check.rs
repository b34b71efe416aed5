//! What Dynamics 365 lacks or hides is told, and holds up nothing else.

use outlay_connect::Connector;

use super::{connect, connect_as, frame::try_scratch, with_deals};

#[tokio::test]
async fn what_lacks_is_told_with_its_mend() {
    let fake = with_deals(1);
    fake.db().add_columns("accounts");
    fake.db().tables.remove("msdyn_projects");
    fake.db().table("contacts").tracked = false;
    fake.db().table("tasks").shown = false;
    let dynamics = connect_as(&fake, |place| place.zone = None).await;
    let warnings = dynamics.check().await.expect("an answer").warnings;
    let wanted = [
        "changes of contact are not tracked",
        "columns of opportunity",
        "no table msdyn_project",
        "may not read task",
        "no time zone",
    ];
    assert_eq!(warnings.len(), wanted.len(), "{warnings:?}");
    for (warning, wanted) in warnings.iter().zip(wanted) {
        assert!(warning.contains(wanted), "{warning}");
    }
}

#[tokio::test]
async fn where_nothing_lacks_nothing_is_said() {
    let fake = with_deals(1);
    fake.db().add_columns("accounts");
    fake.db().add_columns("opportunities");
    let dynamics = connect(&fake).await;
    assert_eq!(dynamics.check().await.expect("an answer").warnings, [""; 0]);
    assert!(!dynamics.capabilities().hooks, "nothing that Dataverse sends is signed");
}

#[tokio::test]
async fn writing_is_tried_on_an_account_that_goes_again() {
    let fake = with_deals(1);
    try_scratch(&connect(&fake).await).await;
}
