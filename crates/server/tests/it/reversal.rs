//! Red-letter invoices: what they take back is not approved, not paid, and had back where it was paid; once.

use outlay_core::claim::{Claim, Command, Refusal, Status};
use outlay_core::ids::{BatchId, PaymentId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evidence::{INVOICE, documents, one, upload};
use crate::seed;
use crate::world::{Client, World, on_both};

/// An invoice of today for the company, with a number of its own.
fn blue(number: u32) -> String {
    let today = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai");
    INVOICE
        .replace("2026年01月09日", &today.strftime("%Y年%m月%d日").to_string())
        .replace("云岫仪器（上海）有限公司", "澜石科技（北京）有限公司")
        .replace("26112000000645678912", &format!("261120000006457{number:05}"))
}

/// The red one that takes it back, with a number of its own.
fn red(number: u32) -> String {
    let note = format!("被红冲蓝字数电票号码：261120000006457{number:05} </备注>");
    blue(number + 50_000)
        .replace("</备注>", &note)
        .replace("850.00", "-850.00")
        .replace("捌佰伍拾圆整", "（负数）捌佰伍拾圆整")
        .replace("801.89", "-801.89")
        .replace("48.11", "-48.11")
}

/// A claim of Wang's with the invoice, handed in; with the invoice's document.
async fn handed_in(world: &World, wang: &Client, number: u32) -> (Claim, Value) {
    let kept = documents(wang, &[("blue.xml", blue(number).as_bytes())]).await[0].clone();
    let body = json!({"deal": world.deal.to_string(), "documents": [kept["id"]], "content": {"title": "北京住宿"}});
    let made = wang.post("/api/v1/claims", body).await.expect(201).json();
    let no = made["number"].as_str().expect("a number");
    let path = format!("/api/v1/claims/{no}");
    let made = wang.get(&path).await.expect(200).json();
    let mut content = made["content"].clone();
    content["lines"][0]["place"] = json!("北京");
    wang.put(&path, json!({"n": made["n"], "content": content}))
        .await
        .expect(200);
    wang.post(&format!("{path}/submission"), json!({})).await.expect(200);
    (read(world, no).await, kept)
}

async fn read(world: &World, no: &str) -> Claim {
    outlay::claims::store::by_number(&mut world.app.db.read(), no)
        .await
        .expect("there")
}

async fn mails(world: &World) -> i64 {
    let text = "SELECT COUNT(*) FROM job WHERE kind = 'mail' AND payload LIKE '%\"reversed\"%'";
    let (n,): (i64,) = world.app.db.read().one(text, vec![]).await.expect("read");
    n
}

#[test]
fn a_claim_in_review_cannot_be_approved_any_more_until_its_invoice_is_another() {
    on_both(|world| async move {
        let (wang, li) = (world.as_("wang").await, world.as_("li").await);
        let (claim, document) = handed_in(&world, &wang, 1).await;
        let task = claim.open_tasks().next().expect("a task").clone();
        // By another seller, or of more money: it takes nothing back.
        let forged = red(1)
            .replace("听松宾馆", "别家宾馆")
            .replace("91110105MA01JKLM86", "91110105MA01JKLM9X");
        documents(&li, &[("forged.xml", forged.as_bytes())]).await;
        let more = red(1).replace("-850.00", "-1850.00").replace("64575", "64576");
        documents(&li, &[("more.xml", more.as_bytes())]).await;
        assert_eq!(one(&wang, &document).await["reversed"], false);

        // Whoever brings the red one.
        documents(&li, &[("red.xml", red(1).as_bytes())]).await;
        let seen = one(&wang, &document).await;
        assert_eq!((&seen["reversed"], &seen["state"]), (&json!(true), &json!("invalid")));
        let approver = outlay::auth::session::begin(&world.app, task.assignee)
            .await
            .expect("a session");
        let chen = Client {
            cookie: Some(approver),
            ..world.stranger()
        };
        let body = json!({"hash": claim.content.hash()});
        let path = format!("/api/v1/tasks/{}/approval", task.id);
        let refused = chen.post(&path, body).await.expect(409).json();
        assert_eq!(refused["code"], "invoice-reversed");
        let page = chen.get(&format!("/claims/{}", claim.number)).await.expect(200).text;
        assert!(page.contains("已被红冲"));
        assert_eq!(mails(&world).await, 1);
        // The same red one again, by somebody else, changes nothing.
        documents(&wang, &[("again.xml", red(1).as_bytes())]).await;
        assert_eq!(mails(&world).await, 1);
        // Sent back, it is handed in with another invoice alone.
        chen.post(
            &format!("/api/v1/tasks/{}/return", task.id),
            json!({"reason": "请换发票"}),
        )
        .await
        .expect(200);
        let no = claim.number.as_str();
        let refused = wang
            .post(&format!("/api/v1/claims/{no}/submission"), json!({}))
            .await
            .expect(409)
            .json();
        assert_eq!(refused["code"], "invoice-reversed");
        let other = documents(&wang, &[("other.xml", blue(2).as_bytes())]).await;
        let now = wang.get(&format!("/api/v1/claims/{no}")).await.expect(200).json();
        let mut content = now["content"].clone();
        content["lines"][0]["document"] = other[0]["id"].clone();
        wang.put(
            &format!("/api/v1/claims/{no}"),
            json!({"n": now["n"], "content": content}),
        )
        .await
        .expect(200);
        wang.post(&format!("/api/v1/claims/{no}/submission"), json!({}))
            .await
            .expect(200);
        assert_eq!(read(&world, no).await.status(), Status::InReview);
        // The reversed one is of no use to anybody.
        let body = json!({"documents": [document["id"]], "content": {"title": "x"}});
        let refused = wang.post("/api/v1/claims", body).await.expect(422).json();
        assert_eq!(refused["fields"][0]["code"], "invoice-reversed");
    });
}

#[test]
fn what_is_approved_and_not_on_its_way_goes_back_to_the_claimant() {
    on_both(|world| async move {
        let (wang, he) = (world.as_("wang").await, world.id("he").await);
        let (claim, _) = handed_in(&world, &wang, 11).await;
        let claim = seed::approve(&world, claim.id).await;
        assert_eq!(claim.status(), Status::Approved);
        documents(&wang, &[("red.xml", red(11).as_bytes())]).await;
        let claim = read(&world, &claim.number).await;
        assert_eq!(claim.status(), Status::Returned);
        let (batch, payment) = (BatchId(Uuid::now_v7()), PaymentId(Uuid::now_v7()));
        let command = Command::Batch { batch, payment };
        let refused = outlay::claims::act(&world.app, &seed::permit(he), claim.id, command).await;
        assert!(
            matches!(refused, Err(outlay::error::Error::Refused(Refusal::State { .. }))),
            "{refused:?}"
        );
        let (left,): (i64,) = world
            .app
            .db
            .read()
            .one("SELECT COUNT(*) FROM payable", vec![])
            .await
            .expect("read");
        assert_eq!(left, 0, "nothing is payable");
        // With another invoice it goes its way again.
        let other = documents(&wang, &[("other.xml", blue(12).as_bytes())]).await;
        let path = format!("/api/v1/claims/{}", claim.number);
        let now = wang.get(&path).await.expect(200).json();
        let mut content = now["content"].clone();
        content["lines"][0]["document"] = other[0]["id"].clone();
        wang.put(&path, json!({"n": now["n"], "content": content}))
            .await
            .expect(200);
        wang.post(&format!("{path}/submission"), json!({})).await.expect(200);
        assert_eq!(seed::approve(&world, claim.id).await.status(), Status::Approved);
    });
}

#[test]
fn what_was_paid_is_had_back_once_and_settled_with_a_note() {
    on_both(|world| async move {
        let (wang, he) = (world.as_("wang").await, world.as_("he").await);
        let (claim, document) = handed_in(&world, &wang, 21).await;
        seed::approve(&world, claim.id).await;
        let payer = world.id("he").await;
        let (batch, payment) = (BatchId(Uuid::now_v7()), PaymentId(Uuid::now_v7()));
        seed::act(&world, payer, claim.id, Command::Batch { batch, payment }).await;
        let on = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai");
        seed::act(&world, payer, claim.id, Command::Post { payment, on }).await;
        documents(&wang, &[("red.xml", red(21).as_bytes())]).await;
        documents(&world.as_("li").await, &[("red.xml", red(21).as_bytes())]).await;
        assert_eq!(
            read(&world, &claim.number).await.status(),
            Status::Paid,
            "what was paid stays paid"
        );
        assert_eq!(mails(&world).await, 1, "the claimant is told, once");
        let list = he.get("/api/v1/recoveries").await.expect(200).json();
        assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
        let open = &list[0];
        assert_eq!((&open["claim"], &open["state"]), (&json!(claim.number), &json!("open")));
        assert_eq!(
            (&open["amount"]["amount"], &open["payee"]),
            (&json!("850.00"), &json!("王敏"))
        );
        assert_eq!(open["document"], document["id"]);
        for (who, status) in [("wang", 403), ("zhao", 200)] {
            world.as_(who).await.get("/api/v1/recoveries").await.expect(status);
            world.as_(who).await.get("/payments/recoveries").await.expect(status);
        }
        let path = format!("/api/v1/recoveries/{}/settlement", open["id"].as_str().expect("an id"));
        wang.post(&path, json!({"note": "x"})).await.expect(403);
        he.post(&path, json!({"note": " "})).await.expect(422);
        let page = he.get("/payments/recoveries").await.expect(200).text;
        assert!(page.contains(&claim.number) && page.contains("待追回"));
        let list = he.post(&path, json!({"note": "从工资扣回"})).await.expect(200).json();
        assert_eq!(
            (&list[0]["state"], &list[0]["note"]),
            (&json!("settled"), &json!("从工资扣回"))
        );
        he.post(&path, json!({"note": "again"})).await.expect(409);
    });
}

#[test]
fn a_red_one_that_comes_first_spoils_the_blue_one_at_once() {
    on_both(|world| async move {
        let (wang, li) = (world.as_("wang").await, world.as_("li").await);
        documents(&li, &[("red.xml", red(31).as_bytes())]).await;
        let kept = documents(&wang, &[("blue.xml", blue(31).as_bytes())]).await;
        let seen = one(&wang, &kept[0]).await;
        assert_eq!((&seen["reversed"], &seen["state"]), (&json!(true), &json!("invalid")));
        upload(&wang, "/api/v1/documents", &[("blue.xml", blue(31).as_bytes())])
            .await
            .expect(201);
    });
}
