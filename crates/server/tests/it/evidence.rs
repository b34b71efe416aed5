//! Receipts over HTTP: taken in, read, claimed once, refused when hostile.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::claims::{begin, taxi};
use crate::world::{Answer, Client, on_both};

#[path = "../../../documents/tests/make/mod.rs"]
pub mod make;
use make::container::mail;
use make::ofd::{Kind, double, face, package, zip};
use make::pdf::{Font, page};
use make::{Model, model};

pub const INVOICE: &str = include_str!("../../../documents/tests/fixtures/chinese.xml");
const UBL: &str = include_str!("../../../documents/tests/fixtures/ubl-invoice.xml");

pub async fn upload(client: &Client, path: &str, files: &[(&str, &[u8])]) -> Answer {
    let mut form = Form::new();
    for (name, bytes) in files {
        form = form.part("file", Part::bytes(bytes.to_vec()).file_name((*name).to_owned()));
    }
    client
        .send(client.http.post(format!("{}{path}", client.base)).multipart(form))
        .await
}

pub async fn one(client: &Client, document: &Value) -> Value {
    let id = document["id"].as_str().expect("an id");
    client.get(&format!("/api/v1/documents/{id}")).await.expect(200).json()
}

pub async fn documents(client: &Client, files: &[(&str, &[u8])]) -> Value {
    upload(client, "/api/v1/documents", files).await.expect(201).json()
}

#[test]
fn an_invoice_dropped_on_a_claim_fills_a_line_exactly() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let (no, _) = begin(&world, &wang, json!([])).await;
        let claim = upload(
            &wang,
            &format!("/api/v1/claims/{no}/documents"),
            &[("dzfp.xml", INVOICE.as_bytes())],
        )
        .await
        .expect(201)
        .json();
        let line = &claim["lines"][0];
        let document = &claim["documents"][0];
        assert_eq!(line["paid"], document["gross"]);
        assert_eq!(line["incurred_on"], document["issued_on"]);
        assert!(
            line["description"]
                .as_str()
                .is_some_and(|d| d.starts_with(document["seller"].as_str().expect("a seller")))
        );
        assert_eq!(line["document"], document["id"]);
        assert_eq!(line["grade"], document["grade"]);
        assert!(!line["category"].as_str().expect("a category").is_empty());
        assert_eq!(line["allocations"][0]["deal"], world.deal.to_string());
        assert_eq!(document["verified"], false);
        assert_eq!(document["claim"], no.as_str());
    });
}

#[test]
fn in_the_form_a_document_becomes_a_line_and_nothing_typed_is_lost() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let (no, n) = begin(&world, &wang, json!([])).await;
        let form = Form::new().part("file", Part::bytes(INVOICE.as_bytes()).file_name("dzfp.xml"));
        let request = wang
            .http
            .post(format!("{}/claims/{no}/receipts", wang.base))
            .multipart(form)
            .header("hx-request", "true");
        let part = wang.send(request).await.expect(200);
        let id = part
            .text
            .split("name=\"use\" value=\"")
            .nth(1)
            .and_then(|t| t.split('"').next())
            .expect("a button");
        let n = n.to_string();
        let page = wang
            .form(
                &format!("/claims/{no}"),
                &[
                    ("n", &n),
                    ("title", "没有保存的标题"),
                    ("lines[0].paid", "12"),
                    ("lines[0].description", "x"),
                    ("use", id),
                ],
            )
            .await
            .expect(200);
        assert!(page.text.contains("value=\"没有保存的标题\"") && page.text.contains("value=\"12\""));
        assert!(
            page.text
                .contains(&format!("name=\"lines[1].document\" value=\"{id}\""))
        );
    });
}

#[test]
fn an_invoice_is_claimed_once_whoever_tries() {
    on_both(|world| async move {
        let (wang, li, chen) = (world.as_("wang").await, world.as_("li").await, world.as_("chen").await);
        let today = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai");
        let invoice = INVOICE
            .replace("2026年01月09日", &today.strftime("%Y年%m月%d日").to_string())
            .replace("云岫仪器（上海）有限公司", "澜石科技（北京）有限公司");
        let bytes = invoice.as_bytes();
        let (no, _) = begin(&world, &wang, json!([])).await;
        upload(&wang, &format!("/api/v1/claims/{no}/documents"), &[("a.xml", bytes)])
            .await
            .expect(201);
        // Li may not read Wang's claim: the day, and nothing else.
        let refused = upload(&li, "/api/v1/documents", &[("b.xml", bytes)]).await.expect(409);
        assert!(!refused.text.contains(&no), "{}", refused.text);
        let problem = refused.json();
        assert_eq!(problem["code"], "invoice-taken");
        assert!(
            problem["title"]
                .as_str()
                .is_some_and(|t| t.contains("已于 20") && t.contains("财务")),
            "{problem}"
        );
        // The same invoice as another file: spaces do not make another one.
        let other = format!("{invoice}\n ");
        upload(&li, "/api/v1/documents", &[("c.xml", other.as_bytes())])
            .await
            .expect(409);
        // Wang may read it, and is led there.
        let (second, _) = begin(&world, &wang, json!([])).await;
        let problem = upload(
            &wang,
            &format!("/api/v1/claims/{second}/documents"),
            &[("a.xml", bytes)],
        )
        .await
        .expect(409)
        .json();
        assert_eq!(problem["claim"], no.as_str());
        // Chen heads the department and may read it once it is no draft. An invoice for lodging names no city.
        let claim = wang.get(&format!("/api/v1/claims/{no}")).await.expect(200).json();
        let mut content = claim["content"].clone();
        content["lines"][0]["place"] = json!("北京");
        wang.put(
            &format!("/api/v1/claims/{no}"),
            json!({"n": claim["n"], "content": content}),
        )
        .await
        .expect(200);
        wang.form(&format!("/claims/{no}/submission"), &[]).await.expect(303);
        let problem = upload(&chen, "/api/v1/documents", &[("d.xml", bytes)])
            .await
            .expect(409)
            .json();
        assert_eq!(problem["claim"], no.as_str());
        // Withdrawn, it is free again.
        wang.post(&format!("/api/v1/claims/{no}/withdrawal"), json!({}))
            .await
            .expect(200);
        documents(&li, &[("e.xml", bytes)]).await;
    });
}

#[test]
fn in_a_race_one_claim_gets_the_invoice() {
    on_both(|world| async move {
        let (wang, li) = (world.as_("wang").await, world.as_("li").await);
        let mine = documents(&wang, &[("a.xml", INVOICE.as_bytes())]).await;
        let theirs = documents(&li, &[("a.xml", INVOICE.as_bytes())]).await;
        let body = |d: &Value| json!({"documents": [d[0]["id"]], "content": {"title": "x"}});
        let (a, b) = tokio::join!(
            wang.post("/api/v1/claims", body(&mine)),
            li.post("/api/v1/claims", body(&theirs))
        );
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", a.text, b.text);
    });
}

#[test]
fn the_same_bytes_are_the_same_document() {
    on_both(|world| async move {
        let (wang, li) = (world.as_("wang").await, world.as_("li").await);
        let pdf = b"%PDF-1.7 a receipt".as_slice();
        let one = documents(&wang, &[("a.pdf", pdf), ("b.xml", UBL.as_bytes())]).await;
        let two = documents(&wang, &[("again.pdf", pdf)]).await;
        assert_eq!(one[0]["id"], two[0]["id"]);
        assert_eq!(one[0]["grade"], "C");
        assert_eq!(one[1]["gross"]["currency"], "EUR");
        let id = one[0]["id"].as_str().expect("an id");
        let file = wang.get(&format!("/receipts/{id}/file")).await.expect(200);
        assert_eq!(file.text.as_bytes(), pdf);
        let header = |name: &str| file.headers[name].to_str().expect("text").to_owned();
        assert!(header("content-disposition").starts_with("attachment;"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").contains("sandbox"));
        for path in [
            format!("/receipts/{id}"),
            format!("/receipts/{id}/file"),
            format!("/api/v1/documents/{id}"),
        ] {
            wang.get(&path).await.expect(200);
            li.get(&path).await.expect(404);
            world.as_("zhao").await.get(&path).await.expect(404);
        }
        // On a claim in review, its approver and finance may see it; a receipt serves one claim.
        let mut line = taxi("88.00");
        line["document"] = json!(id);
        let (no, _) = begin(&world, &wang, json!([line])).await;
        wang.form(&format!("/claims/{no}/submission"), &[]).await.expect(303);
        world
            .as_("zhao")
            .await
            .get(&format!("/receipts/{id}/file"))
            .await
            .expect(200);
        li.get(&format!("/receipts/{id}/file")).await.expect(404);
        let mut line = taxi("88.00");
        line["document"] = json!(id);
        let body = json!({"content": {"title": "x", "lines": [line]}});
        let problem = wang.post("/api/v1/claims", body).await.expect(422).json();
        assert_eq!(problem["fields"][0]["code"], "document-used");
    });
}

#[test]
fn hostile_files_are_refused_and_nothing_is_kept() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;\">]><a>&c;</a>";
        let deep = "<a>".repeat(50_000);
        for (bytes, code) in [
            (bomb.as_bytes(), "document-doctype"),
            (deep.as_bytes(), "document-too-complex"),
            (&INVOICE.as_bytes()[..INVOICE.len() / 2], "document-truncated"),
            (b"<html><script>alert(1)</script></html>", "document-unsupported-html"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "document-unsupported-svg"),
            (b"PK\x03\x04", "document-damaged"),
            (b"MZ\x90\x00\x03", "document-unsupported-other"),
            (b"", "document-empty"),
        ] {
            let problem = upload(
                &wang,
                "/api/v1/documents",
                &[("good.pdf", b"%PDF-1.7"), ("x.xml", bytes)],
            )
            .await
            .expect(422)
            .json();
            let found = &problem["fields"][0];
            assert_eq!(
                (found["field"].as_str(), found["code"].as_str()),
                (Some("x.xml"), Some(code)),
                "{problem}"
            );
        }
        let list = wang.get("/api/v1/documents").await.expect(200).json();
        assert_eq!(list["items"], json!([]), "nothing was kept");
        upload(&world.stranger(), "/api/v1/documents", &[("a.pdf", b"%PDF-1.7")])
            .await
            .expect(401);
    });
}

#[test]
fn too_much_at_once_is_refused_with_the_limit() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let mut big = b"%PDF-1.7".to_vec();
        big.resize(50 * 1024 * 1024 + 100_000, b' ');
        let problem = upload(&wang, "/api/v1/documents", &[("big.pdf", &big)])
            .await
            .expect(413)
            .json();
        assert!(
            problem["title"].as_str().is_some_and(|t| t.contains("50 MB")),
            "{problem}"
        );
        let list = wang.get("/api/v1/documents").await.expect(200).json();
        assert_eq!(list["items"], json!([]));
    });
}

#[test]
fn a_claim_begins_from_receipts() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let made = documents(&wang, &[("a.xml", INVOICE.as_bytes()), ("b.pdf", b"%PDF-1.7")]).await;
        let page = wang.get("/receipts?view=free").await.expect(200);
        assert!(page.text.contains(made[0]["seller"].as_str().expect("a seller")));
        let (a, b) = (made[0]["id"].as_str().expect("id"), made[1]["id"].as_str().expect("id"));
        let answer = wang
            .form("/claims", &[("document", a), ("document", b)])
            .await
            .expect(303);
        let edit = wang
            .get(answer.headers["location"].to_str().expect("text"))
            .await
            .expect(200);
        assert!(edit.text.contains(&format!("name=\"lines[0].document\" value=\"{a}\"")));
        assert!(
            edit.text.contains(&format!("name=\"use\" value=\"{b}\"")),
            "what could not be read is offered"
        );
        let detail = wang.get(&format!("/receipts/{a}")).await.expect(200);
        assert!(detail.text.contains("未验真"));
    });
}

/// An invoice of which every item is a meal, so that its category leaves no doubt.
fn meal(seed: u64) -> Model {
    let mut meal = model(seed);
    for line in &mut meal.lines {
        "*餐饮服务*餐费".clone_into(&mut line.item);
    }
    meal
}

/// The amount and the document of each line, in order.
fn lines(claim: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let lines = claim["lines"].as_array().cloned().unwrap_or_default();
    lines
        .iter()
        .map(|l| (text(&l["paid"]["amount"]), text(&l["document"])))
        .collect()
}

#[test]
fn ofd_pdf_archive_and_mail_become_lines_and_their_bytes_are_kept() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let all: Vec<Model> = [0, 5, 10, 15, 20].into_iter().map(meal).collect();
        let ofd = package(&all[0], Kind::AttachedDigital);
        let pdf = page(&face(&all[1], 0.0), Font::Ucs2, None);
        let archive = zip(&[
            ("三月/a.ofd", &package(&all[2], Kind::Tags)),
            ("三月/b.xml", make::xml::english(&all[3]).as_bytes()),
            ("readme.txt", b"hello"),
        ]);
        let inner = make::xml::english(&all[4]);
        let letter = mail(&[("c.xml", "text/xml", inner.as_bytes())]);
        let (no, _) = begin(&world, &wang, json!([])).await;
        let claim = upload(
            &wang,
            &format!("/api/v1/claims/{no}/documents"),
            &[
                ("a.ofd", &ofd),
                ("b.pdf", &pdf),
                ("三月.zip", &archive),
                ("mail.eml", &letter),
            ],
        )
        .await
        .expect(201)
        .json();
        let found = lines(&claim);
        let amounts: Vec<&str> = found.iter().map(|(a, _)| a.as_str()).collect();
        let wanted: Vec<&str> = all[..5].iter().map(|m| m.gross.as_str()).collect();
        assert_eq!(amounts, wanted);
        let document = wang
            .get(&format!("/api/v1/documents/{}", found[4].1))
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&document["name"], &document["media_type"]),
            (&json!("c.xml"), &json!("application/xml"))
        );
        let kept = wang
            .get(&format!("/api/v1/documents/{}/file", found[4].1))
            .await
            .expect(200);
        assert_eq!(kept.text, inner, "the invoice's own bytes, taken out of the mail");
        // By text alone it is a weaker proof, and the page says so.
        let document = wang
            .get(&format!("/api/v1/documents/{}", found[1].1))
            .await
            .expect(200)
            .json();
        assert_eq!((&document["grade"], &document["proof"]), (&json!("B"), &json!(70)));
        let shown = wang.get(&format!("/receipts/{}", found[1].1)).await.expect(200);
        assert!(shown.text.contains("按票面文字读取"), "{}", shown.text);
    });
}

#[test]
fn two_invoices_in_one_file_are_two_documents_once() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let (a, b) = (model(30), model(35));
        let both = double(&a, &b);
        let first = documents(&wang, &[("two.ofd", &both)]).await;
        let numbers: Vec<&str> = first
            .as_array()
            .expect("two")
            .iter()
            .filter_map(|d| d["number"].as_str())
            .collect();
        assert_eq!(numbers, [a.number.as_str(), b.number.as_str()]);
        let again = documents(&wang, &[("copy.ofd", &both)]).await;
        assert_eq!(first[0]["id"], again[0]["id"]);
        assert_eq!(first[1]["id"], again[1]["id"]);
        let list = wang.get("/api/v1/documents").await.expect(200).json();
        assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    });
}

#[test]
fn a_bomb_in_an_archive_is_refused_with_its_name() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let mut bytes = zip(&[("a.xml", INVOICE.as_bytes())]);
        for _ in 0..6 {
            bytes = zip(&[("in.zip", &bytes)]);
        }
        let problem = upload(&wang, "/api/v1/documents", &[("bomb.zip", &bytes)])
            .await
            .expect(422)
            .json();
        assert_eq!(problem["fields"][0]["field"], "bomb.zip");
        assert_eq!(problem["fields"][0]["code"], "document-too-complex");
        assert_eq!(
            wang.get("/api/v1/documents").await.expect(200).json()["items"],
            json!([])
        );
    });
}

/// The head of a PNG of this size.
fn picture_of(side: u32) -> Vec<u8> {
    let mut head = b"IHDR".to_vec();
    head.extend(side.to_be_bytes());
    head.extend(side.to_be_bytes());
    head.extend([8, 2, 0, 0, 0]);
    let sum = head.iter().fold(u32::MAX, |crc, byte| {
        let step = |c: u32, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 };
        (0..8).fold(crc ^ u32::from(*byte), step)
    });
    [b"\x89PNG\r\n\x1a\n\0\0\0\x0d", head.as_slice(), &(!sum).to_be_bytes()].concat()
}

#[test]
fn a_picture_that_says_nothing_is_kept_and_one_too_large_refused() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let kept = documents(&wang, &[("photo.png", &picture_of(300))]).await;
        assert_eq!(kept[0]["state"], "reading");
        world.work().await;
        let kept = one(&wang, &kept[0]).await;
        assert_eq!(
            (&kept["media_type"], &kept["read"]),
            (&json!("image/png"), &json!(false))
        );
        assert_eq!((&kept["grade"], &kept["unsure"]), (&json!("C"), &json!([])));
        let refused = upload(&wang, "/api/v1/documents", &[("photo.png", &picture_of(20_000))]).await;
        refused.expect(422);
    });
}

#[test]
fn a_photo_becomes_a_proposal_and_only_what_is_sure_a_line() {
    let default = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("OUTLAY_SHARED_DATA").map_or(default, std::path::PathBuf::from);
    let photo = std::fs::read(data.join("sroie/001.jpg"));
    let (Ok(photo), true) = (photo, outlay_documents::picture::available()) else {
        eprintln!("not run: no receipts beside the repository, or built without the models that read pictures");
        return;
    };
    let photo = std::sync::Arc::new(photo);
    on_both(move |world| {
        let photo = photo.clone();
        async move {
            let wang = world.as_("wang").await;
            let kept = documents(&wang, &[("photo.jpg", &photo)]).await;
            world.work().await;
            let read = one(&wang, &kept[0]).await;
            assert_eq!((&read["read"], &read["grade"]), (&json!(true), &json!("B")));
            assert_eq!(read["gross"]["amount"], "60.30");
            assert_eq!(read["issued_on"], "2018-10-19");
            let id = read["id"].as_str().expect("an id");
            let page = wang.get(&format!("/receipts/{id}")).await.expect(200).text;
            for field in read["unsure"].as_array().expect("a list") {
                assert!(page.contains("待核对"), "{field} is marked");
            }
        }
    });
}
