//! Personal tokens: made once, used, narrowed, revoked.

use serde_json::json;

use crate::world::{Answer, Client, World, on_both};

async fn with(world: &World, secret: &str, method: reqwest::Method, path: &str) -> Answer {
    let client = world.stranger();
    let request = client.http.request(method, format!("http://{}{path}", world.address));
    client
        .send(
            request
                .bearer_auth(secret)
                .json(&json!({"name": "again", "writes": true})),
        )
        .await
}

async fn make(client: &Client, body: serde_json::Value) -> (String, String) {
    let made = client.post("/api/v1/tokens", body).await.expect(201).json();
    let text = |name: &str| made[name].as_str().expect("text").to_owned();
    (text("id"), text("secret"))
}

#[test]
fn a_token_acts_for_its_owner_until_it_is_revoked() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let (id, secret) = make(&wang, json!({"name": "month end", "writes": true})).await;
        let list = with(&world, &secret, reqwest::Method::GET, "/api/v1/tokens")
            .await
            .expect(200);
        assert!(!list.text.contains(&secret), "the secret is told once");
        assert_eq!(list.json()["tokens"][0]["name"], "month end");
        with(&world, &secret, reqwest::Method::POST, "/api/v1/tokens")
            .await
            .expect(201);
        // Nobody else sees or revokes it.
        let li = world.as_("li").await;
        assert_eq!(li.get("/api/v1/tokens").await.expect(200).json()["tokens"], json!([]));
        with(
            &world,
            &secret,
            reqwest::Method::DELETE,
            &format!("/api/v1/tokens/{id}"),
        )
        .await
        .expect(204);
        with(&world, &secret, reqwest::Method::GET, "/api/v1/tokens")
            .await
            .expect(401);
    });
}

#[test]
fn somebody_else_s_token_is_unknown() {
    on_both(|world| async move {
        let (id, _) = make(&world.as_("wang").await, json!({"name": "mine"})).await;
        let li = world.as_("li").await;
        let request = li.http.delete(format!("{}/api/v1/tokens/{id}", li.base));
        li.send(request).await.expect(404);
    });
}

#[test]
fn a_reading_token_changes_nothing() {
    on_both(|world| async move {
        let (_, secret) = make(&world.as_("wang").await, json!({"name": "dashboards"})).await;
        with(&world, &secret, reqwest::Method::GET, "/api/v1/tokens")
            .await
            .expect(200);
        with(&world, &secret, reqwest::Method::POST, "/api/v1/tokens")
            .await
            .expect(403);
    });
}

#[test]
fn names_and_days_are_checked() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let bad = wang
            .post("/api/v1/tokens", json!({"name": " ", "expires_on": "2020-01-01"}))
            .await
            .expect(422)
            .json();
        let fields: Vec<&str> = bad["fields"]
            .as_array()
            .expect("fields")
            .iter()
            .filter_map(|f| f["field"].as_str())
            .collect();
        assert_eq!(fields, ["name", "expires_on"]);
        make(&wang, json!({"name": "a year", "expires_on": "2099-12-31"})).await;
    });
}

#[test]
fn the_page_makes_shows_and_revokes() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        wang.get("/settings/api").await.expect(200);
        let made = wang
            .form(
                "/settings/api",
                &[("name", "<b>desk</b>"), ("expires_on", ""), ("writes", "yes")],
            )
            .await
            .expect(200);
        assert!(
            made.text.contains("out_") && made.text.contains("&#60;b&#62;desk"),
            "{}",
            made.text
        );
        let id = wang.get("/api/v1/tokens").await.json()["tokens"][0]["id"]
            .as_str()
            .expect("an id")
            .to_owned();
        wang.form(&format!("/settings/api/{id}/revocation"), &[])
            .await
            .expect(303);
        assert!(!wang.get("/settings/api").await.text.contains("desk"));
    });
}
