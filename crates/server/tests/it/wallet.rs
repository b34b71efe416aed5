//! The wallet: pictures read after they were kept, states, search, where a receipt belongs, pictures that look the same.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use outlay::args;
use serde_json::{Value, json};

use crate::claims::{begin, furnish, taxi};
use crate::evidence::{INVOICE, documents, one, upload};
use crate::world::{Client, World, on_both};

const OURS: &str = "澜石科技（北京）有限公司";

/// An invoice for the company, with a number of its own.
fn invoice(number: u32) -> String {
    INVOICE
        .replace("云岫仪器（上海）有限公司", OURS)
        .replace("26112000000645678912", &format!("261120000006456{number:05}"))
}

/// A made-up receipt: bars that `seed` draws.
fn receipt(seed: u32) -> DynamicImage {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = move |n: u32| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state % n
    };
    let mut picture = GrayImage::from_pixel(300, 450, Luma([235]));
    let mut y = 20 + next(20);
    while y < 420 {
        let (x, width, height) = (15 + next(90), 40 + next(150), 6 + next(9));
        for (dx, dy) in (0..width).flat_map(|dx| (0..height).map(move |dy| (dx, dy))) {
            if x + dx < 300 && y + dy < 450 {
                picture.put_pixel(x + dx, y + dy, Luma([40]));
            }
        }
        y += height + 5 + next(25);
    }
    DynamicImage::ImageLuma8(picture)
}

fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    picture
        .to_rgb8()
        .write_to(&mut Cursor::new(&mut bytes), format)
        .expect("written");
    bytes
}

async fn counts(client: &Client) -> Value {
    client.get("/api/v1/documents").await.expect(200).json()["counts"].clone()
}

async fn titles(client: &Client, query: &str) -> Vec<String> {
    let list = client
        .get(&format!("/api/v1/documents?{query}"))
        .await
        .expect(200)
        .json();
    let items = list["items"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .map(|d| d["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

async fn sql(world: &World, text: &'static str) {
    world
        .app
        .db
        .write(move |sql| {
            Box::pin(async move {
                sql.run(text, args![]).await?;
                Ok(())
            })
        })
        .await
        .expect("written");
}

#[test]
fn a_picture_is_kept_at_once_and_read_by_a_job_even_after_a_crash() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let photo = written(&receipt(1), ImageFormat::Png);
        let kept = documents(&wang, &[("photo.png", &photo), ("a.xml", invoice(1).as_bytes())]).await;
        assert_eq!(
            (&kept[0]["state"], &kept[1]["state"]),
            (&json!("reading"), &json!("ready"))
        );
        assert_eq!(counts(&wang).await, json!({"reading": 1, "ready": 1}));
        let id = kept[0]["id"].as_str().expect("an id");
        let row = wang.get(&format!("/receipts/{id}/row")).await.expect(200);
        assert!(row.text.contains("every 2s") && row.text.contains("识别中"));
        // What it is cannot be held against other claims yet, so no line takes it.
        let mut line = taxi("88.00");
        line["document"] = json!(id);
        let body = json!({"content": {"title": "x", "lines": [line]}});
        let refused = wang.post("/api/v1/claims", body).await.expect(422).json();
        assert_eq!(refused["fields"][0]["code"], "document-reading");
        // Its worker took it and died: the lease ran out, and another one reads it.
        sql(
            &world,
            "UPDATE job SET state = 'running', attempts = 1, lease_until = 1, leased_by = 'dead'",
        )
        .await;
        world.work().await;
        assert_eq!(one(&wang, &kept[0]).await["state"], "unread");
        let row = wang.get(&format!("/receipts/{id}/row")).await.expect(200);
        assert!(!row.text.contains("every 2s"));
        assert_eq!(counts(&wang).await, json!({"unread": 1, "ready": 1}));
        // The same bytes again are the document that exists, and are not read again.
        let again = documents(&wang, &[("again.png", &photo)]).await;
        assert_eq!(
            (&again[0]["id"], &again[0]["state"]),
            (&kept[0]["id"], &json!("unread"))
        );
    });
}

#[test]
fn a_picture_that_ends_its_worker_each_time_is_left_unread() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let photo = written(&receipt(2), ImageFormat::Jpeg);
        let kept = documents(&wang, &[("photo.jpg", &photo)]).await;
        sql(
            &world,
            "UPDATE job SET state = 'running', attempts = 3, lease_until = 1, leased_by = 'dead'",
        )
        .await;
        world.work().await;
        assert_eq!(one(&wang, &kept[0]).await["state"], "unread");
    });
}

#[test]
fn a_picture_that_is_refused_when_it_is_read_says_why() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        // More passes than a progressive JPEG of a camera has, which its head does not tell.
        let mut photo = written(&receipt(3), ImageFormat::Jpeg);
        photo.extend([0xff, 0xda].repeat(40));
        let kept = documents(&wang, &[("photo.jpg", &photo)]).await;
        world.work().await;
        let read = one(&wang, &kept[0]).await;
        assert_eq!(read["state"], "invalid");
        assert!(
            read["flaws"][0].as_str().is_some_and(|f| f.contains("过于复杂")),
            "{read}"
        );
        let page = wang.get("/receipts?view=invalid").await.expect(200).text;
        assert!(page.contains("过于复杂"));
    });
}

#[test]
fn each_state_has_its_tab_and_follows_the_claim() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let (ours, others) = (invoice(10), INVOICE);
        let copy = format!("{ours}\n");
        let red = invoice(11)
            .replace("</备注>", " 被红冲蓝字数电票号码：26112000000645600099</备注>")
            .replace("850.00", "-850.00");
        let red = red
            .replace("捌佰", "（负数）捌佰")
            .replace("801.89", "-801.89")
            .replace("48.11", "-48.11");
        documents(
            &wang,
            &[("ours.xml", ours.as_bytes()), ("others.xml", others.as_bytes())],
        )
        .await;
        documents(&wang, &[("copy.xml", copy.as_bytes()), ("slip.pdf", b"%PDF-1.7")]).await;
        let kept = documents(&wang, &[("red.xml", red.as_bytes())]).await;
        assert_eq!(kept[0]["state"], "red", "{kept}");
        assert_eq!(
            counts(&wang).await,
            json!({"ready": 1, "invalid": 1, "duplicate": 1, "unread": 1, "red": 1})
        );
        for (view, name) in [
            ("ready", "ours.xml"),
            ("invalid", "others.xml"),
            ("duplicate", "copy.xml"),
            ("unread", "slip.pdf"),
            ("red", "red.xml"),
        ] {
            assert_eq!(titles(&wang, &format!("view={view}")).await, [name]);
            let page = wang.get(&format!("/receipts?view={view}")).await.expect(200).text;
            assert!(page.contains("aria-current=\"page\""));
        }
        wang.get("/api/v1/documents?view=nonsense").await.expect(422);
        let first = wang.get("/api/v1/documents?view=ready").await.expect(200).json()["items"][0].clone();
        let second = wang.get("/api/v1/documents?view=duplicate").await.expect(200).json()["items"][0].clone();
        assert_eq!(second["first"], first["id"], "the duplicate leads to the first one");
        // A reversal is no expense.
        let mut line = taxi("850.00");
        line["document"] = kept[0]["id"].clone();
        let body = json!({"content": {"title": "x", "lines": [line]}});
        let refused = wang.post("/api/v1/claims", body).await.expect(422).json();
        assert_eq!(refused["fields"][0]["code"], "invoice-red");
        // On a draft, handed in, taken back.
        let made = wang
            .post(
                "/api/v1/claims",
                json!({"documents": [first["id"]], "deal": world.deal.to_string(), "content": {"title": "x"}}),
            )
            .await
            .expect(201)
            .json();
        assert_eq!(one(&wang, &first).await["state"], "matched");
        let no = made["number"].as_str().expect("a number");
        let made = wang.get(&format!("/api/v1/claims/{no}")).await.expect(200).json();
        let mut content = made["content"].clone();
        content["lines"][0]["place"] = json!("北京");
        wang.put(
            &format!("/api/v1/claims/{no}"),
            json!({"n": made["n"], "content": content}),
        )
        .await
        .expect(200);
        wang.post(&format!("/api/v1/claims/{no}/submission"), json!({}))
            .await
            .expect(200);
        assert_eq!(one(&wang, &first).await["state"], "claimed");
        assert_eq!(titles(&wang, "view=claimed").await, ["ours.xml"]);
        wang.post(&format!("/api/v1/claims/{no}/withdrawal"), json!({}))
            .await
            .expect(200);
        assert_eq!(one(&wang, &first).await["state"], "ready");
    });
}

#[test]
fn receipts_are_found_by_two_hanzi_number_amount_and_file() {
    on_both(|world| async move {
        let (wang, li) = (world.as_("wang").await, world.as_("li").await);
        documents(
            &wang,
            &[("dzfp_a.xml", invoice(21).as_bytes()), ("slip.pdf", b"%PDF-1.7")],
        )
        .await;
        documents(&li, &[("theirs.xml", invoice(22).as_bytes())]).await;
        for words in ["听松", "45600021", "850.00", "dzfp"] {
            assert_eq!(titles(&wang, &format!("q={words}")).await, ["dzfp_a.xml"], "{words}");
        }
        assert_eq!(titles(&wang, "q=听松&view=unread").await, Vec::<String>::new());
        assert_eq!(titles(&wang, "q=酒店").await, Vec::<String>::new());
        let page = wang.get("/receipts?q=%E5%90%AC%E6%9D%BE").await.expect(200).text;
        assert!(page.contains("听松宾馆") && !page.contains("slip.pdf"));
    });
}

#[test]
fn a_receipt_is_proposed_for_the_line_it_proves_and_put_there_by_one_act() {
    on_both(|world| async move {
        furnish(&world).await;
        let wang = world.as_("wang").await;
        let line =
            json!({"category": "lodging", "incurred_on": "2026-01-09", "place": "北京", "paid": {"amount": "850.00"}});
        let (no, _) = begin(&world, &wang, json!([line, taxi("850.01")])).await;
        let kept = documents(&wang, &[("a.xml", invoice(31).as_bytes())]).await;
        let id = kept[0]["id"].as_str().expect("an id");
        let found = wang
            .get(&format!("/api/v1/documents/{id}/matches"))
            .await
            .expect(200)
            .json();
        let best = &found[0];
        assert_eq!(
            (&best["kind"], &best["claim"], &best["clear"]),
            (&json!("line"), &json!(no), &json!(true))
        );
        assert_eq!(best["reasons"], json!(["金额一致", "同一天", "类别一致", "地点 北京"]));
        let page = wang.get("/receipts").await.expect(200).text;
        assert!(page.contains(&format!("action=\"/receipts/{id}/match\"")) && page.contains("金额一致"));
        // Nothing was done by itself.
        assert_eq!(one(&wang, &kept[0]).await["state"], "ready");
        world
            .as_("li")
            .await
            .post(
                &format!("/api/v1/documents/{id}/match"),
                json!({"claim": no, "line": best["line"]}),
            )
            .await
            .expect(404);
        let line = best["line"].as_str().expect("a line");
        wang.form(&format!("/receipts/{id}/match"), &[("claim", &no), ("line", line)])
            .await
            .expect(303);
        let claim = wang.get(&format!("/api/v1/claims/{no}")).await.expect(200).json();
        assert_eq!(claim["lines"][0]["document"], json!(id));
        assert_eq!(one(&wang, &kept[0]).await["state"], "matched");
        let found = wang
            .get(&format!("/api/v1/documents/{id}/matches"))
            .await
            .expect(200)
            .json();
        assert_eq!(found, json!([]), "what is on a draft belongs somewhere");
    });
}

#[test]
fn a_receipt_is_proposed_for_the_visit_of_its_day() {
    on_both(|world| async move {
        furnish(&world).await;
        let (wang, li) = (world.as_("wang").await, world.as_("li").await);
        let shanghai = invoice(41)
            .replace("2026年01月09日", "2026年01月19日")
            .replace("听松宾馆（北京）", "听松宾馆（上海）");
        let kept = documents(&wang, &[("a.xml", shanghai.as_bytes())]).await;
        let id = kept[0]["id"].as_str().expect("an id");
        let found = wang
            .get(&format!("/api/v1/documents/{id}/matches"))
            .await
            .expect(200)
            .json();
        assert_eq!(found[0]["kind"], "visit", "{found}");
        assert_eq!(found[0]["reasons"], json!(["同一天", "地点 上海"]));
        let activity = found[0]["activity"].as_str().expect("a visit");
        let answer = wang
            .form("/claims", &[("document", id), ("activity", activity)])
            .await
            .expect(303);
        let edit = wang
            .get(answer.headers["location"].to_str().expect("text"))
            .await
            .expect(200)
            .text;
        assert!(edit.contains("恒川精密") && edit.contains(id));
        // It is Wang's visit, and not Li's.
        let theirs = documents(&li, &[("b.xml", shanghai.replace("45600041", "45600042").as_bytes())]).await;
        let id = theirs[0]["id"].as_str().expect("an id");
        let found = li
            .get(&format!("/api/v1/documents/{id}/matches"))
            .await
            .expect(200)
            .json();
        assert_eq!(found, json!([]));
    });
}

#[test]
fn two_pictures_of_one_receipt_are_a_finding_and_no_refusal() {
    on_both(|world| async move {
        let (wang, li) = (world.as_("wang").await, world.as_("li").await);
        let original = receipt(51);
        let smaller = original
            .brighten(15)
            .resize_exact(210, 315, image::imageops::FilterType::Triangle)
            .rotate90();
        let kept = documents(&wang, &[("a.png", &written(&original, ImageFormat::Png))]).await;
        world.work().await;
        let mut line = taxi("88.00");
        line["document"] = kept[0]["id"].clone();
        let (no, _) = begin(&world, &wang, json!([line])).await;
        wang.post(&format!("/api/v1/claims/{no}/submission"), json!({}))
            .await
            .expect(200);
        let files = [
            ("b.jpg", written(&smaller, ImageFormat::Jpeg)),
            ("c.jpg", written(&receipt(52), ImageFormat::Jpeg)),
        ];
        let files: Vec<(&str, &[u8])> = files.iter().map(|(n, b)| (*n, b.as_slice())).collect();
        let theirs = documents(&li, &files[..1]).await;
        let more = documents(&wang, &files).await;
        world.work().await;
        let seen = one(&li, &theirs[0]).await;
        assert!(
            seen["flaws"][0].as_str().is_some_and(|f| f.contains("看起来相同")),
            "{seen}"
        );
        let (copy, other) = (one(&wang, &more[0]).await, one(&wang, &more[1]).await);
        assert_eq!(other["flaws"], json!([]), "another receipt");
        let mut lines = Vec::new();
        for (document, amount) in [(&copy, "12.00"), (&other, "13.00")] {
            let mut line = taxi(amount);
            line["document"] = document["id"].clone();
            lines.push(line);
        }
        let (second, _) = begin(&world, &wang, json!(lines)).await;
        wang.post(&format!("/api/v1/claims/{second}/submission"), json!({}))
            .await
            .expect(200);
        let claim = wang.get(&format!("/api/v1/claims/{second}")).await.expect(200).json();
        let found: Vec<&Value> = claim["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .filter(|f| f["rule"] == "outlay.alike")
            .collect();
        assert_eq!(found.len(), 1, "{claim}");
        assert_eq!(found[0]["severity"], "warn");
        assert!(
            found[0]["text"].as_str().is_some_and(|t| t.contains(&no)),
            "{}",
            found[0]
        );
        // A file that is refused does not take the others with it.
        upload(&li, "/api/v1/documents", &[("x.html", b"<html></html>")])
            .await
            .expect(422);
    });
}
