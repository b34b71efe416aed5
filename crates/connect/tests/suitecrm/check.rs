//! What SuiteCRM lacks or forbids is told, and holds up nothing else.

use outlay_connect::{Connector, Error, Object};
use outlay_fakes::Fault;

use super::{connect, connect_as, pull_all, with_deals};

#[tokio::test]
async fn all_is_well_where_all_is_there() {
    let (fake, _) = with_deals(1);
    for module in ["Accounts", "Opportunities"] {
        fake.db().add_cost_fields(module);
    }
    let crm = connect(&fake).await;
    let ready = crm.check().await.expect("an answer");
    assert_eq!(ready.warnings, [""; 0]);
    assert_eq!(fake.db().sessions.len(), 0, "the check ends its session");
    assert_eq!(fake.unfit(), [""; 0]);
    assert_eq!(pull_all(&crm, Object::Deal, None, 10).await.0.len(), 1);
}

#[tokio::test]
async fn each_lack_is_told_with_its_mend() {
    let (fake, _) = with_deals(1);
    {
        let mut db = fake.db();
        db.add_cost_fields("Accounts");
        db.module("Accounts")
            .fields
            .insert("cost_paid_c".into(), "varchar".into());
        db.denied.insert("Project".into());
        db.modules.remove("Calls");
        db.skew = 8 * 3600;
        db.elsewhere = Some("https://elsewhere.example.com/service/v4_1/soap.php".into());
    }
    let warnings = connect(&fake).await.check().await.expect("an answer").warnings;
    let has = |what: &str| warnings.iter().any(|w| w.contains(what));
    for what in [
        "service is at https://elsewhere.example.com",
        "2026-11-24 12:00:0",
        "may not read SuiteCRM's Project",
        "may not read SuiteCRM's Calls",
        "SuiteCRM's Accounts lack: let an administrator add them under Admin > Studio, where names are entered without \
         their ending _c: cost_paid_c (Decimal",
        "SuiteCRM's Opportunities lack",
    ] {
        assert!(has(what), "{what}: {warnings:?}");
    }
    assert_eq!(warnings.len(), 6, "{warnings:?}");
}

#[tokio::test]
async fn a_service_that_lacks_functions_or_is_another_is_told() {
    let (fake, _) = with_deals(1);
    fake.db().lacking = vec!["get_entry_list"];
    let warnings = connect(&fake).await.check().await.expect("an answer").warnings;
    assert!(warnings[0].contains("does not offer get_entry_list"), "{warnings:?}");
    fake.faults.next(1, Fault::LogInPage);
    let error = connect(&fake).await.check().await.expect_err("a page");
    assert!(
        matches!(&error, Error::Broken(t) if t.contains("log-in page")),
        "{error}"
    );
    let crm = connect_as(&fake, |place| place.url.push_str("/legacy")).await;
    let error = crm.check().await.expect_err("nothing there");
    assert!(matches!(&error, Error::Setup(t) if t.contains("/legacy")), "{error}");
}
