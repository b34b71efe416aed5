//! What Odoo lacks or forbids is told, and holds up nothing else.

use outlay_connect::{Canonical, Connector, Error, Object};
use outlay_fakes::odoo::FakeOdoo;
use serde_json::json;

use super::{VERSIONS, connect, frame::try_scratch, pull_all, with_deals};

#[tokio::test]
async fn all_is_well_where_all_is_there() {
    for version in VERSIONS {
        let fake = with_deals(version, 1);
        let ready = connect(&fake).await.check().await.expect("an answer");
        assert_eq!(ready.warnings, [""; 0], "{version}");
    }
}

#[tokio::test]
async fn a_module_that_is_not_installed_is_told_and_its_object_is_empty() {
    for version in VERSIONS {
        let fake = with_deals(version, 2);
        fake.db().models.remove("project.project");
        fake.db().models.remove("sale.order");
        let odoo = connect(&fake).await;
        let warnings = odoo.check().await.expect("an answer").warnings;
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("module project is not installed"), "{warnings:?}");
        let page = odoo.pull(Object::Project, None, 10).await.expect("a page");
        assert!(page.done && page.records.is_empty());
        // Yet nothing that was there before may seem to be gone.
        assert!(matches!(
            odoo.scan(Object::Project, None, 10).await,
            Err(Error::Setup(_))
        ));
        assert!(matches!(
            odoo.fetch(Object::Project, &["1".into()]).await,
            Err(Error::Setup(_))
        ));
        let (deals, cursor) = pull_all(&odoo, Object::Deal, None, 10).await;
        assert_eq!(deals.len(), 2);
        assert!(odoo.pull(Object::Deal, Some(&cursor), 10).await.expect("a page").done);
    }
}

#[tokio::test]
async fn a_field_of_other_groups_is_not_asked_for() {
    for version in VERSIONS {
        let fake = FakeOdoo::new(version);
        fake.db().add(
            "project.project",
            json!({ "name": "二期", "last_update_status": "on_track" }),
        );
        let model = |hidden| {
            let mut db = fake.db();
            let field = db.model("project.project").fields.get_mut("stage_id").expect("a field");
            field.hidden = hidden;
        };
        model(true);
        let odoo = connect(&fake).await;
        let (projects, _) = pull_all(&odoo, Object::Project, None, 10).await;
        let Canonical::Project(project) = &projects[0].body else {
            panic!("{projects:?}")
        };
        assert_eq!(project.state.as_deref(), Some("on_track"));
        // A right that is taken away meanwhile fails one read, and the next asks for less.
        model(false);
        let odoo = connect(&fake).await;
        pull_all(&odoo, Object::Project, None, 10).await;
        model(true);
        let refused = odoo.pull(Object::Project, None, 10).await;
        assert!(
            matches!(refused, Err(Error::Refused { status: 403, .. })),
            "{refused:?}"
        );
        assert_eq!(pull_all(&odoo, Object::Project, None, 10).await.0.len(), 1);
    }
}

#[tokio::test]
async fn rights_that_lack_are_told() {
    for version in VERSIONS {
        let fake = with_deals(version, 1);
        fake.db().is_admin = false;
        for (model, right) in [("sale.order", "read"), ("res.partner", "write")] {
            fake.db().denied.insert((model.into(), right.into()));
        }
        let odoo = connect(&fake).await;
        let warnings = odoo.check().await.expect("an answer").warnings;
        assert_eq!(warnings.len(), 4, "{warnings:?}");
        let has = |what: &str| warnings.iter().any(|w| w.contains(what));
        assert!(has("may not read sale.order"), "{warnings:?}");
        assert!(has("may not write res.partner"), "{warnings:?}");
        assert!(
            has("add them to crm.lead") && has("x_outlay_paid (monetary"),
            "{warnings:?}"
        );
        let refused = odoo.pull(Object::Order, None, 10).await;
        assert!(
            matches!(&refused, Err(Error::Refused { status: 403, text }) if !text.contains('\n')),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn writing_is_tried_on_an_account_that_goes_again() {
    for version in VERSIONS {
        let fake = with_deals(version, 1);
        try_scratch(&connect(&fake).await).await;
    }
}
