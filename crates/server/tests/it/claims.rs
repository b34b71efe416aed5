//! Claims as people make them, over HTTP.

use outlay::args;
use serde_json::{Value, json};

use crate::world::{Client, World, on_both};

/// Makes a contact, a project and a visit on the world's deal.
pub async fn furnish(world: &World) {
    let (account, deal) = (world.account, world.deal);
    let wang = world.id("wang").await;
    world
        .app
        .db
        .write(move |sql| {
            Box::pin(async move {
                let id = |n: u8| uuid::Uuid::from_u128(u128::from(n) + 1);
                sql.run(
                    "INSERT INTO contact (id, external_id, revision, read_at, deleted, name, account_id, title, email, phone) \
                     VALUES ($1, 'CON-1', '4', 1000000, $2, '何工', $3, '', '', '')",
                    args![id(1), false, account],
                )
                .await?;
                sql.run("UPDATE deal SET contact_id = $1, revision = '42'", args![id(1)]).await?;
                sql.run(
                    "INSERT INTO project (id, external_id, revision, read_at, deleted, name, account_id, deal_id) \
                     VALUES ($1, 'PRJ-1', '2', 0, $2, '二期交付', $3, $4)",
                    args![id(2), false, account, deal],
                )
                .await?;
                sql.run(
                    "INSERT INTO activity (id, external_id, revision, read_at, deleted, kind, subject, account_id, deal_id, \
                     owner_id, happened_on, place) VALUES ($1, 'ACT-1', '3', 0, $2, 'visit', '产线现场', $3, $4, $5, '2026-01-19', '上海')",
                    args![id(3), false, account, deal, wang],
                )
                .await?;
                Ok(())
            })
        })
        .await
        .expect("furnished");
}

/// A line of today's taxi, as the API takes it.
pub fn taxi(amount: &str) -> Value {
    json!({
        "category": "travel.taxi", "incurred_on": "2026-01-19", "description": "虹桥 → 客户", "place": "上海",
        "paid": {"amount": amount, "currency": "CNY"},
    })
}

/// A new draft from the world's deal with these lines; its number and n.
pub async fn begin(world: &World, client: &Client, lines: Value) -> (String, u64) {
    let made = client
        .post(
            "/api/v1/claims",
            json!({"deal": world.deal.to_string(), "content": {"title": "上海拜访恒川精密", "lines": lines}}),
        )
        .await
        .expect(201)
        .json();
    (
        made["number"].as_str().expect("a number").to_owned(),
        made["n"].as_u64().expect("n"),
    )
}

async fn read(client: &Client, no: &str) -> Value {
    client.get(&format!("/api/v1/claims/{no}")).await.expect(200).json()
}

#[test]
fn a_draft_from_a_deal_knows_what_the_crm_knows() {
    on_both(|world| async move {
        furnish(&world).await;
        let wang = world.as_("wang").await;
        let page = wang.get(&format!("/claims/new?deal={}", world.deal)).await.expect(200);
        for text in [
            "恒川精密",
            "OPP-1",
            "何工",
            "CON-1",
            "二期交付",
            "产线现场",
            "2026-01-19",
            "王敏",
        ] {
            assert!(page.text.contains(text), "{text}");
        }
        let answer = wang
            .form("/claims", &[("deal", &world.deal.to_string()), ("title", "拜访恒川")])
            .await
            .expect(303);
        let at = answer.headers["location"].to_str().expect("text").to_owned();
        let edit = wang.get(&at).await.expect(200);
        assert!(edit.text.contains("value=\"拜访恒川\""));
        let no = at.split('/').nth(2).expect("a number");
        let claim = read(&wang, no).await;
        let link = |object: &str| {
            let all = claim["links"].as_array().expect("links");
            all.iter().find(|l| l["object"] == object).cloned().unwrap_or_default()
        };
        for (object, id, revision) in [
            ("deal", "OPP-1", "42"),
            ("account", "ACC-1", "1"),
            ("contact", "CON-1", "4"),
            ("project", "PRJ-1", "2"),
            ("activity", "ACT-1", "3"),
        ] {
            let source = link(object)["source"].clone();
            assert_eq!(
                (source["external_id"].as_str(), source["revision"].as_str()),
                (Some(id), Some(revision)),
                "{object}"
            );
            assert!(source["read_at"].as_str().is_some_and(|t| t.ends_with('Z')), "{source}");
        }
        assert_eq!(claim["department"]["name"], "华东销售部");
        // Nobody else may see the draft, and a stranger to the deal cannot begin from it.
        world.as_("li").await.get(&format!("/claims/{no}")).await.expect(404);
        world
            .as_("jonas")
            .await
            .post("/api/v1/claims", json!({"deal": world.deal.to_string()}))
            .await
            .expect(404);
    });
}

#[test]
fn wrong_fields_are_refused_by_name() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let (no, n) = begin(&world, &wang, json!([])).await;
        let at = format!("/api/v1/claims/{no}");
        let wrong = [
            (json!({"paid": {"amount": "1e5"}}), "lines[0].paid", "not-a-number"),
            (json!({"paid": {"amount": "NaN"}}), "lines[0].paid", "not-a-number"),
            (
                json!({"paid": {"amount": "1,000.005"}}),
                "lines[0].paid",
                "not-a-number",
            ),
            (json!({"paid": {"amount": "1.005"}}), "lines[0].paid", "decimals"),
            (
                json!({"paid": {"amount": "10.5", "currency": "JPY"}}),
                "lines[0].paid",
                "decimals",
            ),
            (
                json!({"paid": {"amount": "1", "currency": "XYZ"}}),
                "lines[0].paid",
                "currency-unknown",
            ),
            (json!({"paid": {"amount": "-3"}}), "lines[0].paid", "not-positive"),
            (json!({"quantity": -1}), "lines[0].quantity", "not-a-count"),
            (json!({"quantity": 0}), "lines[0].quantity", "out-of-range"),
            (
                json!({"incurred_on": "2026-13-01"}),
                "lines[0].incurred_on",
                "not-a-date",
            ),
            (json!({"incurred_on": "20260101"}), "lines[0].incurred_on", "not-a-date"),
            (
                json!({"incurred_on": "2999-01-01"}),
                "lines[0].incurred_on",
                "in-the-future",
            ),
            (json!({"category": ""}), "lines[0].category", "missing"),
            (
                json!({"document": "0190a000-0000-7000-8000-000000000000"}),
                "lines[0].document",
                "unknown",
            ),
            (
                json!({"paid": {"amount": "5", "currency": "USD"}}),
                "lines[0].rate",
                "no-rate",
            ),
            (
                json!({"allocations": [{"weight": "x"}, {"weight": "1"}]}),
                "lines[0].allocations[0].weight",
                "not-a-weight",
            ),
            (
                json!({"allocations": [{"amount": {"amount": "1.00"}}]}),
                "lines[0].allocations",
                "sum",
            ),
        ];
        for (change, field, code) in wrong {
            let mut line = taxi("88.00");
            for (key, value) in change.as_object().expect("an object") {
                line[key] = value.clone();
            }
            let body = json!({"n": n, "content": {"title": "x", "lines": [line]}});
            let problem = wang.put(&at, body).await.expect(422).json();
            let found = &problem["fields"][0];
            assert_eq!(
                (found["field"].as_str(), found["code"].as_str()),
                (Some(field), Some(code)),
                "{change} {problem}"
            );
            assert!(
                found["message"]
                    .as_str()
                    .is_some_and(|m| !m.is_empty() && !m.starts_with("field-")),
                "{problem}"
            );
        }
        // A number that floats, and a field that does not exist.
        let body = json!({"n": n, "content": {"title": "x", "lines": [{"paid": {"amount": 12.3}}]}});
        let problem = wang.put(&at, body).await.expect(422).json();
        assert_eq!(problem["fields"][0]["field"], "content.lines[0].paid.amount");
        let body = json!({"n": n, "content": {"title": "x", "color": "red"}});
        let problem = wang.put(&at, body).await.expect(422).json();
        assert!(
            problem["fields"][0]["message"]
                .as_str()
                .is_some_and(|m| m.contains("color")),
            "{problem}"
        );
        assert_eq!(read(&wang, &no).await["n"], n, "nothing was kept");
    });
}

#[test]
fn a_line_is_split_over_two_deals_and_paid_in_another_currency() {
    on_both(|world| async move {
        furnish(&world).await;
        let wang = world.as_("wang").await;
        world
            .app
            .db
            .write(|sql| {
                Box::pin(async move {
                    for (on, value) in [("2026-01-15", "7.6000"), ("2026-01-18", "7.6120"), ("2026-01-25", "9.9")] {
                        sql.run(
                            "INSERT INTO fx_rate (published_on, base, quote, value, source) VALUES ($1, 'EUR', 'CNY', $2, 'CFETS')",
                            args![on, value],
                        )
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
            .expect("rates");
        let mut line = taxi("62.01");
        line["paid"]["currency"] = json!("EUR");
        line["allocations"] = json!([
            {"deal": world.deal.to_string(), "weight": "70"},
            {"account": world.account.to_string(), "weight": "30"},
        ]);
        let (no, n) = begin(&world, &wang, json!([line])).await;
        let claim = read(&wang, &no).await;
        let line = &claim["lines"][0];
        assert_eq!(
            line["rate"],
            json!({"value": "7.612", "source": "CFETS", "on": "2026-01-18"})
        );
        assert_eq!(line["claimed"]["amount"], "472.02");
        let parts: Vec<&str> = line["allocations"]
            .as_array()
            .expect("parts")
            .iter()
            .map(|a| a["amount"]["amount"].as_str().expect("text"))
            .collect();
        assert_eq!(parts, ["330.41", "141.61"]);
        // What was read can be written back, and means the same.
        let content = claim["content"].clone();
        let same = wang
            .put(&format!("/api/v1/claims/{no}"), json!({"n": n, "content": content}))
            .await
            .expect(200)
            .json();
        assert_eq!(same["n"], n, "nothing changed");
        // No rate in dollars: typed by hand.
        let mut dollars = taxi("10.00");
        dollars["paid"]["currency"] = json!("USD");
        dollars["rate"] = json!({"value": "7.1", "source": "银行水单"});
        let body = json!({"n": n, "content": {"title": "x", "lines": [dollars]}});
        wang.put(&format!("/api/v1/claims/{no}"), body).await.expect(200);
        assert_eq!(read(&wang, &no).await["lines"][0]["claimed"]["amount"], "71.00");
    });
}

#[test]
fn of_two_people_at_once_one_wins_and_the_other_reads_what_happened() {
    on_both(|world| async move {
        let (one, other) = (world.as_("wang").await, world.as_("wang").await);
        let (no, mut n) = begin(&world, &one, json!([taxi("88.00")])).await;
        let at = format!("/api/v1/claims/{no}");
        for round in 0..10 {
            let body =
                |who: &str| json!({"n": n, "content": {"title": format!("{who}{round}"), "lines": [taxi("88.00")]}});
            let (a, b) = tokio::join!(one.put(&at, body("a")), other.put(&at, body("b")));
            let mut statuses = [a.status, b.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", a.text, b.text);
            n += 1;
        }
        let body = |title: &str| json!({"n": n, "content": {"title": title, "lines": [taxi("88.00")]}});
        let (a, b) = tokio::join!(one.put(&at, body("a")), other.put(&at, body("b")));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", a.text, b.text);
        let lost = if a.status == 409 { a } else { b };
        let problem = lost.json();
        assert_eq!(problem["code"], "changed-by");
        assert!(
            problem["title"]
                .as_str()
                .is_some_and(|t| t.contains("王敏") && t.contains("修改")),
            "{problem}"
        );
        // In the form, what was typed is still there.
        let n = n.to_string();
        let page = one
            .form(
                &format!("/claims/{no}"),
                &[("n", &n), ("title", "我写的"), ("action", "save")],
            )
            .await
            .expect(409);
        assert!(page.text.contains("value=\"我写的\"") && page.text.contains("王敏"));
    });
}

#[test]
fn the_form_keeps_what_was_typed() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let (no, n) = begin(&world, &wang, json!([])).await;
        let at = format!("/claims/{no}");
        let n = n.to_string();
        let deal = format!("deal:{}", world.deal);
        let typed = [
            ("n", n.as_str()),
            ("title", "上海"),
            ("lines[4].incurred_on", "2026-01-19"),
            ("lines[4].category", "travel.taxi"),
            ("lines[4].paid", "1e5"),
            ("lines[4].currency", "CNY"),
            ("lines[4].allocations[0].target", deal.as_str()),
        ];
        let with = |button: (&'static str, &'static str)| {
            let mut fields = typed.to_vec();
            fields.push(button);
            fields
        };
        let page = wang.form(&at, &with(("add_line", "1"))).await.expect(200);
        assert!(page.text.contains("value=\"1e5\"") && page.text.contains("name=\"lines[1].paid\""));
        let page = wang.form(&at, &with(("remove_line", "4"))).await.expect(200);
        assert!(!page.text.contains("value=\"1e5\""));
        let page = wang.form(&at, &with(("add_allocation", "4"))).await.expect(200);
        assert!(page.text.contains("name=\"lines[0].allocations[1].target\""));
        let page = wang.form(&at, &with(("action", "save"))).await.expect(422);
        assert!(
            page.text.contains("value=\"1e5\"") && page.text.contains("不是金额"),
            "{}",
            page.text
        );
        let mut good = typed.to_vec();
        good[4].1 = "88.00";
        good.push(("action", "submit"));
        let part = wang.form(&format!("{at}/check"), &good).await.expect(200);
        assert!(
            part.text.contains("陈屿") && part.text.contains("赵蓉"),
            "{}",
            part.text
        );
        let answer = wang.form(&at, &good).await.expect(303);
        assert_eq!(answer.headers["location"], at.as_str());
        assert_eq!(read(&wang, &no).await["status"], "in_review");
    });
}

#[test]
fn a_claim_is_handed_in_commented_withdrawn_and_copied() {
    on_both(|world| async move {
        let (wang, chen, jonas) = (
            world.as_("wang").await,
            world.as_("chen").await,
            world.as_("jonas").await,
        );
        let (no, _) = begin(&world, &wang, json!([taxi("88.00")])).await;
        let at = format!("/api/v1/claims/{no}");
        let page = wang.get(&format!("/claims/{no}")).await.expect(200);
        assert!(page.text.contains("提交后谁来审批") && page.text.contains("陈屿"));
        wang.form(&format!("/claims/{no}/submission"), &[]).await.expect(303);
        let page = chen.get(&format!("/claims/{no}")).await.expect(200);
        assert!(
            page.text.contains("/approval") && page.text.contains("轮到你"),
            "the bar of decisions"
        );
        jonas.get(&format!("/claims/{no}")).await.expect(404);
        chen.post(&format!("{at}/comments"), json!({"text": "请说明行程"}))
            .await
            .expect(200);
        chen.post(&format!("{at}/comments"), json!({"text": "  "}))
            .await
            .expect(422);
        jonas
            .post(&format!("{at}/comments"), json!({"text": "x"}))
            .await
            .expect(404);
        chen.post(&format!("{at}/withdrawal"), json!({})).await.expect(403);
        let edited = json!({"n": 1, "content": {"title": "x"}});
        wang.put(&at, edited).await.expect(409);
        wang.post(&format!("{at}/withdrawal"), json!({"reason": "填错了"}))
            .await
            .expect(200);
        let claim = read(&wang, &no).await;
        assert_eq!(
            (claim["status"].as_str(), claim["reason"].as_str()),
            (Some("withdrawn"), Some("填错了"))
        );
        let told: Vec<&str> = claim["timeline"]
            .as_array()
            .expect("events")
            .iter()
            .filter_map(|e| e["text"].as_str())
            .collect();
        assert!(
            told[0].contains("撤回：填错了") && told[1].contains("评论：请说明行程"),
            "{told:?}"
        );
        assert!(
            told.iter()
                .any(|t| t.contains("内容摘要") && t.contains("cn-standard@1")),
            "{told:?}"
        );
        assert!(told.last().is_some_and(|t| t.contains("OPP-1")), "{told:?}");
        let mut english = chen.http.get(format!("{}{at}", chen.base));
        english = english.header(
            "cookie",
            format!(
                "outlay_session={}; outlay_lang=en",
                chen.cookie.clone().expect("a session")
            ),
        );
        let english: Value = english.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(english["timeline"][0]["text"], "withdrew it: 填错了");
        let made = wang.post(&format!("{at}/copy"), json!({})).await.expect(201).json();
        let copy = read(&wang, made["number"].as_str().expect("a number")).await;
        assert_eq!(
            (copy["status"].as_str(), copy["claimed"]["amount"].as_str()),
            (Some("draft"), Some("88.00"))
        );
    });
}

#[test]
fn lists_are_filtered_and_paged() {
    on_both(|world| async move {
        let (wang, chen, li) = (world.as_("wang").await, world.as_("chen").await, world.as_("li").await);
        let mut all = Vec::new();
        for i in 0..53 {
            let (no, _) = begin(&world, &wang, json!([taxi(&format!("{}.00", i + 1))])).await;
            all.push(no);
        }
        wang.form(&format!("/claims/{}/submission", all[0]), &[])
            .await
            .expect(303);
        let first = wang.get("/api/v1/claims").await.expect(200).json();
        assert_eq!(first["items"].as_array().map(Vec::len), Some(40));
        assert_eq!(first["items"][0]["number"], all[0].as_str(), "the last changed first");
        let next = first["next"].as_str().expect("more");
        let rest = wang
            .get(&format!("/api/v1/claims?page={next}"))
            .await
            .expect(200)
            .json();
        assert_eq!(rest["items"].as_array().map(Vec::len), Some(13));
        assert!(rest["next"].is_null());
        let of = |answer: Value| answer["items"].as_array().map(Vec::len);
        assert_eq!(
            of(wang.get("/api/v1/claims?state=draft&q=恒川").await.expect(200).json()),
            Some(40)
        );
        assert_eq!(
            of(wang.get("/api/v1/claims?q=没有这个").await.expect(200).json()),
            Some(0)
        );
        assert_eq!(
            of(chen.get("/api/v1/claims?scope=department").await.expect(200).json()),
            Some(1)
        );
        assert_eq!(
            of(chen.get("/api/v1/claims?scope=all").await.expect(200).json()),
            Some(1)
        );
        assert_eq!(of(li.get("/api/v1/claims?scope=all").await.expect(200).json()), Some(0));
        for (entity, count) in [(world.cn, Some(1)), (world.de, Some(0))] {
            let path = format!("/api/v1/claims?scope=all&entity={entity}");
            assert_eq!(of(chen.get(&path).await.expect(200).json()), count);
        }
        for (who, count) in [("wang", Some(1)), ("li", Some(0))] {
            let path = format!("/api/v1/claims?scope=all&claimant={}", world.id(who).await);
            assert_eq!(of(chen.get(&path).await.expect(200).json()), count);
        }
        wang.get("/api/v1/claims?claimant=x").await.expect(422);
        wang.get("/api/v1/claims?state=nonsense").await.expect(422);
        let page = chen.get("/claims?scope=all").await.expect(200);
        assert!(page.text.contains(&all[0]) && !page.text.contains(&all[1]));
    });
}
