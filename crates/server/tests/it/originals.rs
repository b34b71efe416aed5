//! Originals that people can see, over HTTP: the page as a picture for those who may read it, marks where values stand, and
//! the voucher that is printed.

use outlay_documents::draw::fonts;
use outlay_documents::{Limits, page_texts};
use reqwest::multipart::{Form, Part};
use serde_json::json;

use crate::claims::{begin, taxi};
use crate::evidence::make::ofd::{Kind, face, package};
use crate::evidence::make::pdf::{Font, page};
use crate::evidence::make::{model, xml};
use crate::world::{Client, on_both};

async fn upload(client: &Client, name: &str, bytes: Vec<u8>) -> String {
    let form = Form::new().part("file", Part::bytes(bytes).file_name(name.to_owned()));
    let request = client
        .http
        .post(format!("{}/api/v1/documents", client.base))
        .multipart(form);
    let made = client.send(request).await.expect(201).json();
    made[0]["id"].as_str().expect("an id").to_owned()
}

async fn bytes(client: &Client, path: &str) -> (u16, String, Vec<u8>) {
    let cookie = client.cookie.as_deref().expect("logged in");
    let answer = client
        .http
        .get(format!("{}{path}", client.base))
        .header("cookie", format!("outlay_session={cookie}"))
        .send()
        .await
        .expect("an answer");
    let kind = answer.headers()["content-type"].to_str().expect("text").to_owned();
    (
        answer.status().as_u16(),
        kind,
        answer.bytes().await.expect("a body").to_vec(),
    )
}

#[test]
fn a_page_is_seen_with_its_marks_by_those_who_may_read_it() {
    on_both(|world| async move {
        let (wang, li) = (world.as_("wang").await, world.as_("li").await);
        let m = model(5);
        for (name, file) in [
            ("a.pdf", page(&face(&m, 0.0), Font::Ucs2, None)),
            ("b.ofd", package(&model(6), Kind::Face)),
        ] {
            let id = upload(&wang, name, file).await;
            let detail = wang.get(&format!("/receipts/{id}")).await.expect(200);
            assert!(
                detail.text.contains(&format!("src=\"/receipts/{id}/pages/1\"")),
                "{name}"
            );
            assert!(detail.text.contains("id=\"spot-gross\""), "{name}");
            assert!(detail.text.contains("href=\"?page=1#spot-number\""), "{name}");
            assert!(!detail.text.contains("style="), "{name}");
            let (status, kind, picture) = bytes(&wang, &format!("/receipts/{id}/pages/1")).await;
            assert_eq!((status, kind.as_str()), (200, "image/png"));
            assert!(picture.starts_with(b"\x89PNG"));
            let shown = wang.get(&format!("/receipts/{id}/pages/1")).await.expect(200);
            assert_eq!(shown.headers["x-content-type-options"], "nosniff");
            assert!(
                shown.headers["cache-control"]
                    .to_str()
                    .expect("text")
                    .starts_with("private")
            );
            wang.get(&format!("/receipts/{id}/pages/2")).await.expect(404);
            li.get(&format!("/receipts/{id}/pages/1")).await.expect(404);
        }
        // Data alone has no page, and says so.
        let id = upload(&wang, "c.xml", xml::english(&model(7)).into_bytes()).await;
        let detail = wang.get(&format!("/receipts/{id}")).await.expect(200);
        assert!(detail.text.contains("只有数据") && !detail.text.contains("<figure class=\"original\""));
        wang.get(&format!("/receipts/{id}/pages/1")).await.expect(404);
    });
}

#[test]
fn the_voucher_says_what_the_claim_says() {
    if fonts::chinese().is_none() {
        eprintln!("no font with Chinese here: no voucher can be set");
        return;
    }
    on_both(|world| async move {
        let (wang, li) = (world.as_("wang").await, world.as_("li").await);
        let (no, _) = begin(&world, &wang, json!([taxi("88.00"), taxi("1321.50")])).await;
        let path = format!("/claims/{no}/voucher.pdf");
        let (status, kind, pdf) = bytes(&wang, &path).await;
        assert_eq!((status, kind.as_str()), (200, "application/pdf"));
        assert_eq!(bytes(&wang, &path).await.2, pdf, "the same state, the same bytes");
        let pages = page_texts(&pdf, &Limits::default()).unwrap_or_else(|e| panic!("{e}"));
        let said: String = pages.concat().chars().filter(|c| !c.is_whitespace()).collect();
        let claim = wang.get(&format!("/api/v1/claims/{no}")).await.expect(200).json();
        let text = |value: &serde_json::Value| value.as_str().expect("text").replace(' ', "");
        for wanted in [
            "费用报销单".to_owned(),
            no.clone(),
            text(&claim["title"]),
            text(&claim["claimant"]["name"]),
            text(&claim["entity"]["name"]),
            "1,409.50".to_owned(),
            "人民币壹仟肆佰零玖元伍角".to_owned(),
            "1,321.50".to_owned(),
            text(&claim["content_hash"]),
        ] {
            assert!(said.contains(&wanted), "{wanted} in {said}");
        }
        let page = wang.get(&format!("/claims/{no}")).await.expect(200);
        assert!(page.text.contains(&path));
        li.get(&path).await.expect(404);
    });
}

#[test]
fn a_voucher_is_the_same_for_whoever_prints_it() {
    if fonts::chinese().is_none() {
        eprintln!("no font with Chinese here: no voucher can be set");
        return;
    }
    on_both(|world| async move {
        let (wang, chen) = (world.as_("wang").await, world.as_("chen").await);
        let (no, _) = begin(&world, &wang, json!([taxi("88.00")])).await;
        wang.form(&format!("/claims/{no}/submission"), &[]).await.expect(303);
        let page = chen.get(&format!("/claims/{no}")).await.expect(200);
        assert!(page.text.contains("轮到你"), "it is the approver's turn");
        let path = format!("/claims/{no}/voucher.pdf");
        let (status, _, pdf) = bytes(&chen, &path).await;
        assert_eq!(status, 200);
        assert_eq!(bytes(&wang, &path).await.2, pdf);
    });
}
