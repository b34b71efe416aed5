//! Asking the tax bureau through a gateway: once per question whatever the network does, and what its answer means for a claim.

use outlay_core::org::Role;
use outlay_fakes::Fault;
use outlay_fakes::verify::{FakeGateway, SECRET};
use serde_json::{Value, json};

use crate::evidence::{INVOICE, documents, one};
use crate::world::{Client, World, on_both};

const NUMBER: &str = "26112000000645678912";

fn invoice() -> String {
    INVOICE.replace("云岫仪器（上海）有限公司", "澜石科技（北京）有限公司")
}

/// A gateway that is connected, and the administrator who did it.
async fn connected(world: &World) -> (FakeGateway, Client) {
    let fake = FakeGateway::default();
    world.grant("ange", Role::Admin).await;
    let ange = world.as_("ange").await;
    let settings = json!({"url": fake.serve().await, "secret": SECRET});
    ange.put("/api/v1/verifier", settings).await.expect(204);
    (fake, ange)
}

async fn keep(client: &Client) -> Value {
    documents(client, &[("blue.xml", invoice().as_bytes())]).await[0].clone()
}

async fn said(client: &Client, kept: &Value) -> Value {
    one(client, kept).await["verification"].clone()
}

/// Lets waiting jobs be due.
async fn hurry(world: &World) {
    world
        .app
        .db
        .write(|sql| {
            Box::pin(async move {
                sql.run(
                    "UPDATE job SET run_at = 0 WHERE kind = 'verify' AND state = 'ready'",
                    vec![],
                )
                .await?;
                Ok(())
            })
        })
        .await
        .expect("written");
}

fn again(kept: &Value) -> String {
    format!("/api/v1/documents/{}/verification", kept["id"].as_str().expect("an id"))
}

#[test]
fn without_a_service_nobody_is_asked_and_the_page_says_so() {
    on_both(async |world| {
        let wang = world.as_("wang").await;
        let kept = keep(&wang).await;
        world.work().await;
        let said = said(&wang, &kept).await;
        assert_eq!((&said["state"], &said["may_ask"]), (&json!("unasked"), &json!(false)));
        wang.post(&again(&kept), json!(null)).await.expect(422);
        let page = wang
            .get(&format!("/receipts/{}", kept["id"].as_str().expect("an id")))
            .await;
        assert!(page.text.contains("没有向税务机关查询"), "{}", page.text);
        wang.get("/api/v1/verifier").await.expect(403);
    });
}

#[test]
fn a_lost_answer_and_a_failure_are_one_question_that_is_answered() {
    on_both(async |world| {
        let (fake, ange) = connected(&world).await;
        fake.know(NUMBER, "2026-01-09", "850.00", "valid");
        fake.faults.next(1, Fault::LostAnswer);
        fake.faults.next(1, Fault::Status(503));
        let wang = world.as_("wang").await;
        let kept = keep(&wang).await;
        for open in [true, true, false] {
            hurry(&world).await;
            world.work().await;
            assert_eq!(said(&wang, &kept).await["pending"], open);
        }
        let said = said(&wang, &kept).await;
        assert_eq!(
            (&said["state"], &said["provider"]),
            (&json!("valid"), &json!("测试查验网关"))
        );
        assert_eq!(said["asked"]["gross"], "850.00");
        assert_eq!(fake.db().charged, 1);
        assert_eq!(one(&wang, &kept).await["verified"], true);
        assert_eq!(ange.get("/api/v1/verifier").await.expect(200).json()["answered"], 1);
    });
}

#[test]
fn the_limit_of_a_day_waits_and_asking_twice_at_once_is_one_question() {
    on_both(async |world| {
        let (fake, _) = connected(&world).await;
        fake.db().left = Some(0);
        let wang = world.as_("wang").await;
        let kept = keep(&wang).await;
        world.work().await;
        wang.post(&again(&kept), json!(null)).await.expect(202);
        assert_eq!(fake.db().charged, 0);
        fake.db().left = None;
        hurry(&world).await;
        world.work().await;
        assert_eq!(said(&wang, &kept).await["state"], "not_found");
        // The next day the bureau knows it, and somebody asks again.
        fake.know(NUMBER, "2026-01-09", "850.00", "valid");
        wang.post(&again(&kept), json!(null)).await.expect(202);
        world.work().await;
        assert_eq!(said(&wang, &kept).await["state"], "valid");
        assert_eq!(fake.db().charged, 2);
    });
}

/// A draft of Wang's with the invoice, and its document.
async fn draft(world: &World, wang: &Client) -> (String, Value) {
    let kept = keep(wang).await;
    let body = json!({"deal": world.deal.to_string(), "documents": [kept["id"]], "content": {"title": "北京住宿"}});
    let made = wang.post("/api/v1/claims", body).await.expect(201).json();
    let path = format!("/api/v1/claims/{}", made["number"].as_str().expect("a number"));
    let made = wang.get(&path).await.expect(200).json();
    let mut content = made["content"].clone();
    content["lines"][0]["place"] = json!("北京");
    wang.put(&path, json!({"n": made["n"], "content": content}))
        .await
        .expect(200);
    (path, kept)
}

#[test]
fn a_field_that_differs_is_named_and_found_on_the_claim() {
    on_both(async |world| {
        let (fake, _) = connected(&world).await;
        fake.know(NUMBER, "2026-01-09", "85.00", "valid");
        let wang = world.as_("wang").await;
        let (path, kept) = draft(&world, &wang).await;
        world.work().await;
        let said = said(&wang, &kept).await;
        assert_eq!(
            (&said["state"], &said["fields"]),
            (&json!("mismatch"), &json!(["gross"]))
        );
        assert!(said["words"].as_str().expect("words").contains("价税合计"), "{said}");
        let claim = wang.get(&path).await.expect(200).json();
        let found = claim["findings"].as_array().expect("findings");
        assert!(found.iter().any(|f| f["rule"] == "evidence-checks"), "{found:?}");
    });
}

#[test]
fn what_the_bureau_has_as_void_or_reversed_goes_the_way_of_a_red_letter() {
    on_both(async |world| {
        for state in ["reversed", "void"] {
            let world = world.without_files().await;
            let (fake, _) = connected(&world).await;
            fake.know(NUMBER, "2026-01-09", "850.00", state);
            let wang = world.as_("wang").await;
            let (path, kept) = draft(&world, &wang).await;
            wang.post(&format!("{path}/submission"), json!({})).await.expect(200);
            world.work().await;
            let view = one(&wang, &kept).await;
            assert_eq!(view["verification"]["state"], state);
            assert_eq!((&view["reversed"], &view["state"]), (&json!(true), &json!("invalid")));
            let events = wang.get(&path).await.expect(200).json()["timeline"].to_string();
            assert!(events.contains("reversed"), "{events}");
        }
    });
}

#[test]
fn the_secret_is_sealed_and_not_carried_to_another_address() {
    on_both(async |world| {
        let (fake, ange) = connected(&world).await;
        let tried = ange.post("/api/v1/verifier/test", json!(null)).await.expect(200).json();
        assert_eq!(tried["ok"], true, "{tried}");
        fake.db().forges = true;
        let tried = ange.post("/api/v1/verifier/test", json!(null)).await.expect(200).json();
        assert_eq!(tried["ok"], false);
        let (url, sealed): (String, String) = world
            .app
            .db
            .read()
            .one("SELECT url, sealed FROM verifier", vec![])
            .await
            .expect("read");
        assert!(!sealed.contains(SECRET) && url.starts_with("http://127.0.0.1"));
        let elsewhere = json!({"url": "https://gateway.example.com/"});
        ange.put("/api/v1/verifier", elsewhere).await.expect(422);
        let short = json!({"url": "https://gateway.example.com/", "secret": "short"});
        ange.put("/api/v1/verifier", short).await.expect(422);
        let page = ange.get("/settings/verification").await.expect(200).text;
        assert!(page.contains("已接入") && !page.contains(SECRET));
        ange.put("/api/v1/verifier/pause", json!({"paused": true}))
            .await
            .expect(204);
        let wang = world.as_("wang").await;
        let kept = keep(&wang).await;
        world.work().await;
        assert_eq!(said(&wang, &kept).await["state"], "unasked");
    });
}
