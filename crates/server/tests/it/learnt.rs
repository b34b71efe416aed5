//! Categories learnt from what was accepted: not from drafts, not from what is still looked at, and told with their figures.

use outlay_core::claim::{Claim, Command, Evidence, Grade};
use outlay_core::ids::DocumentId;
use outlay_core::{Currency, Money};
use serde_json::{Value, json};

use crate::evidence::{INVOICE, documents, one};
use crate::seed;
use crate::world::{Client, World, on_both};

/// An invoice over something that no rule knows.
async fn invoice(wang: &Client, n: u32) -> Value {
    let xml = INVOICE
        .replace("云岫仪器（上海）有限公司", "澜石科技（北京）有限公司")
        .replace("*住宿服务*", "*新材料*")
        .replace("26112000000645678912", &format!("261120000007458{n:05}"));
    documents(wang, &[("invoice.xml", xml.as_bytes())]).await[0].clone()
}

/// A draft with a line for it, as somebody typed it.
async fn draft(world: &World, document: &Value, category: &str) -> Claim {
    let mut claim = seed::draft(world, "wang").await;
    let wang = world.id("wang").await;
    let text = |key: &str| document[key].as_str().expect("text").to_owned();
    let mut content = claim.content.clone();
    content.lines.truncate(1);
    content.lines[0].category = category.to_owned();
    content.lines[0].evidence = Some(Evidence {
        document: DocumentId(text("id").parse().expect("an id")),
        sha256: text("sha256"),
        invoice: Some(text("invoice_identity")),
        gross: Some(Money::new(850_00, Currency::CNY)),
        grade: Grade::A,
    });
    let sources = claim.sources.clone();
    claim = seed::act(world, wang, claim.id, Command::Edit { content, sources }).await;
    claim
}

#[test]
fn what_was_accepted_proposes_the_category_and_nothing_else_does() {
    on_both(async |world| {
        let wang = world.as_("wang").await;
        let me = world.id("wang").await;
        for n in 0..8 {
            let document = one(&wang, &invoice(&wang, n).await).await;
            assert_ne!(document["category"]["learnt"], json!(true), "after {n}: {document}");
            let claim = draft(&world, &document, "telecom").await;
            seed::act(&world, me, claim.id, Command::Submit).await;
            seed::approve(&world, claim.id).await;
        }
        // Drafts, and what somebody still looks at, teach nothing.
        for n in 20..24 {
            let document = one(&wang, &invoice(&wang, n).await).await;
            let claim = draft(&world, &document, "other").await;
            if n > 21 {
                let mut content = claim.content.clone();
                if let Some(evidence) = &mut content.lines[0].evidence {
                    evidence.grade = Grade::C;
                }
                let sources = Vec::new();
                seed::act(&world, me, claim.id, Command::Edit { content, sources }).await;
                let claim = seed::act(&world, me, claim.id, Command::Submit).await;
                assert!(
                    claim.open_tasks().next().is_some(),
                    "a poor proof never passes by itself"
                );
            }
        }
        let document = one(&wang, &invoice(&wang, 30).await).await;
        let said = &document["category"];
        assert_eq!((&said["code"], &said["learnt"]), (&json!("telecom"), &json!(true)));
        let why = said["why"].to_string();
        assert!(why.contains("*新材料*") && why.contains("8"), "{why}");
        let page = format!("/receipts/{}", document["id"].as_str().expect("an id"));
        let page = wang.get(&page).await.expect(200).text;
        assert!(page.contains("建议类别") && page.contains("*新材料*"), "{page}");
        assert!(page.len() <= 40_960, "{} bytes", page.len());
        let body = json!({"deal": world.deal.to_string(), "documents": [document["id"]], "content": {"title": "材料"}});
        let made = wang.post("/api/v1/claims", body).await.expect(201).json();
        let number = made["number"].as_str().expect("a number");
        let claim = wang.get(&format!("/api/v1/claims/{number}")).await.expect(200).json();
        assert_eq!(claim["lines"][0]["category"], "telecom", "{claim:#}");
    });
}
