//! Input VAT by rule: on the receipt, on the line that it fills, and where the rules have to ask.

use serde_json::{Value, json};

use crate::evidence::{INVOICE, documents, one};
use crate::world::{Client, World, on_both};

/// The invoice of a hotel, made out to the company, with a title.
fn hotel(title: &str, number: u32) -> String {
    INVOICE
        .replace("云岫仪器（上海）有限公司", "澜石科技（北京）有限公司")
        .replace("电子发票（普通发票）", title)
        .replace("26112000000645678912", &format!("261120000006458{number:05}"))
}

async fn line_of(world: &World, wang: &Client, xml: &str) -> Value {
    let kept = documents(wang, &[("hotel.xml", xml.as_bytes())]).await[0].clone();
    let body = json!({"deal": world.deal.to_string(), "documents": [kept["id"]], "content": {"title": "北京住宿"}});
    let made = wang.post("/api/v1/claims", body).await.expect(201).json();
    let path = format!("/api/v1/claims/{}", made["number"].as_str().expect("a number"));
    wang.get(&path).await.expect(200).json()["lines"][0].clone()
}

#[test]
fn a_special_invoice_gives_its_tax_and_an_ordinary_one_none() {
    on_both(async |world| {
        let wang = world.as_("wang").await;
        let special = line_of(&world, &wang, &hotel("电子发票（增值税专用发票）", 1)).await;
        assert_eq!(special["tax"]["amount"], "48.11");
        let said = &special["input_tax"];
        assert_eq!(
            (&said["outcome"], &said["rule"]),
            (&json!("creditable"), &json!("special"))
        );
        assert_eq!(said["amount"]["amount"], "48.11");
        assert_eq!((&said["to_confirm"], &said["differs"]), (&json!(true), &json!(false)));
        assert_eq!(said["valid_from"], "2026-01-01");
        assert!(said["source"].as_str().expect("a source").contains("增值税法"));

        let ordinary = line_of(&world, &wang, &hotel("电子发票（普通发票）", 2)).await;
        assert_eq!(ordinary["tax"], Value::Null);
        assert_eq!(ordinary["input_tax"]["outcome"], "not_creditable");
    });
}

#[test]
fn what_the_title_does_not_tell_is_asked_and_the_page_says_so() {
    on_both(async |world| {
        let wang = world.as_("wang").await;
        let xml = hotel("电子发票", 3);
        let kept = documents(&wang, &[("hotel.xml", xml.as_bytes())]).await[0].clone();
        let said = one(&wang, &kept).await["input_tax"].clone();
        assert_eq!((&said["outcome"], &said["missing"]), (&json!("ask"), &json!(["paper"])));
        assert_eq!(said["amount"], Value::Null);
        let page = wang
            .get(&format!("/receipts/{}", kept["id"].as_str().expect("an id")))
            .await
            .expect(200)
            .text;
        assert!(
            page.contains("票种（专用或普通）") && page.contains("不作推定"),
            "{page}"
        );
        assert!(page.len() <= 40_960, "{} bytes", page.len());
    });
}

#[test]
fn a_line_that_states_other_tax_is_shown_to_differ() {
    on_both(async |world| {
        let wang = world.as_("wang").await;
        let line = line_of(&world, &wang, &hotel("电子发票（普通发票）", 4)).await;
        assert_eq!(line["input_tax"]["differs"], false);
        let claims = wang.get("/api/v1/claims").await.expect(200).json();
        let no = claims["items"][0]["number"].as_str().expect("a number").to_owned();
        let path = format!("/api/v1/claims/{no}");
        let claim = wang.get(&path).await.expect(200).json();
        let mut content = claim["content"].clone();
        content["lines"][0]["tax"] = json!({"amount": "48.11", "currency": "CNY"});
        wang.put(&path, json!({"n": claim["n"], "content": content}))
            .await
            .expect(200);
        let now = wang.get(&path).await.expect(200).json();
        assert_eq!(now["lines"][0]["input_tax"]["differs"], true);
        let page = wang.get(&format!("/claims/{no}")).await.expect(200).text;
        assert!(page.contains("明细上填写的进项税与此不同"));
        assert!(page.contains("普通发票不是扣税凭证"));
    });
}
