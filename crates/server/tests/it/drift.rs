//! What filled a claim and was changed in the CRM afterwards is shown until the claim is approved.

use outlay::args;
use serde_json::{Value, json};

use crate::claims::furnish;
use crate::world::{World, on_both};

async fn sql(world: &World, text: &'static str) {
    world
        .app
        .db
        .write(move |sql| Box::pin(async move { Ok(sql.run(text, args![]).await.map(|_| ())?) }))
        .await
        .expect("written");
}

async fn drift(world: &World, no: &str, object: &str) -> Value {
    let client = world.as_("wang").await;
    let claim = client.get(&format!("/api/v1/claims/{no}")).await.expect(200).json();
    let links = claim["links"].as_array().expect("links");
    let link = links.iter().find(|l| l["object"] == object).expect("a link");
    link["drift"].clone()
}

#[test]
fn a_claim_shows_what_the_crm_changed_since() {
    on_both(|world| async move {
        furnish(&world).await;
        let wang = world.as_("wang").await;
        let body = json!({"deal": world.deal.to_string()});
        let made = wang.post("/api/v1/claims", body).await.expect(201).json();
        let no = made["number"].as_str().expect("a number").to_owned();
        for object in ["deal", "account", "contact", "project", "activity"] {
            assert_eq!(drift(&world, &no, object).await, json!([]), "{object}");
        }
        // A new revision alone is nothing to speak of.
        sql(&world, "UPDATE deal SET revision = '43'").await;
        assert_eq!(drift(&world, &no, "deal").await, json!([]));
        sql(
            &world,
            "UPDATE activity SET happened_on = '2026-01-20' WHERE external_id = 'ACT-1'",
        )
        .await;
        sql(&world, "UPDATE contact SET name = '何总工' WHERE external_id = 'CON-1'").await;
        sql(&world, "UPDATE project SET deleted = TRUE WHERE external_id = 'PRJ-1'").await;
        assert_eq!(
            drift(&world, &no, "activity").await,
            json!([{"what": "visited_on", "was": "2026-01-19", "is": "2026-01-20"}])
        );
        assert_eq!(
            drift(&world, &no, "contact").await,
            json!([{"what": "name", "was": "何工", "is": "何总工"}])
        );
        assert_eq!(drift(&world, &no, "project").await[0]["what"], "gone");
        let page = wang.get(&format!("/claims/{no}")).await.expect(200).text;
        assert!(
            page.contains("CRM 中已更改：拜访日期由 2026-01-19 变为 2026-01-20"),
            "{page}"
        );
        // A claim that is over keeps what it was decided on.
        let reason = json!({"reason": "重填"});
        wang.post(&format!("/api/v1/claims/{no}/withdrawal"), reason)
            .await
            .expect(200);
        assert_eq!(drift(&world, &no, "contact").await, json!([]));
    });
}
