//! Batches for the bank: all or nothing, each payment once, files with exact sums, the bank's answer.

use outlay_core::claim::{Claim, Command, Status};
use outlay_core::payment::pain001::NAMESPACE;
use serde_json::{Value, json};

use crate::payee::{card, give_account};
use crate::world::{Client, World, on_both};
use crate::{payee, seed};

async fn approved(world: &World, who: &str) -> Claim {
    let me = world.id(who).await;
    let claim = seed::draft(world, who).await;
    seed::act(world, me, claim.id, Command::Submit).await;
    let claim = seed::approve(world, claim.id).await;
    assert_eq!(claim.status(), Status::Approved);
    claim
}

async fn entity_account(world: &World, payer: &Client) {
    let account =
        json!({"holder": "澜石科技（北京）有限公司", "number": "110060149018010000001", "bank": "华源银行北京分行"});
    payer
        .put(&format!("/api/v1/entities/{}/account", world.cn), account)
        .await
        .expect(204);
}

fn today(world: &World) -> String {
    let _ = world;
    outlay::clock::day(outlay::clock::now(), "Asia/Shanghai").to_string()
}

fn batch_of(world: &World, claims: &[&str]) -> Value {
    json!({"entity": world.cn.to_string(), "execute_on": today(world), "claims": claims})
}

async fn status(world: &World, claim: &Claim) -> Status {
    outlay::claims::store::load(&mut world.app.db.read(), claim.id)
        .await
        .expect("there")
        .status()
}

#[test]
fn a_batch_is_made_settled_and_nothing_is_paid_twice() {
    on_both(|world| async move {
        let he = world.as_("he").await;
        let (one, two) = (approved(&world, "wang").await, approved(&world, "li").await);
        let both = [one.number.as_str(), two.number.as_str()];
        let refused = he
            .post("/api/v1/batches", batch_of(&world, &both))
            .await
            .expect(422)
            .json();
        assert_eq!(refused["fields"][0]["code"], "no-entity-account");
        entity_account(&world, &he).await;
        give_account(&world, "wang", card("王敏")).await;
        let refused = he
            .post("/api/v1/batches", batch_of(&world, &both))
            .await
            .expect(422)
            .json();
        assert_eq!(refused["fields"][0]["field"], "claims[1]", "{refused}");
        assert_eq!(refused["fields"][0]["code"], "no-account");
        assert_eq!(status(&world, &one).await, Status::Approved, "nothing is half done");
        let waiting = he.get("/api/v1/payments").await.expect(200).json();
        let blocked: Vec<_> = waiting["payables"]
            .as_array()
            .expect("list")
            .iter()
            .map(|p| p["blocked"].clone())
            .collect();
        assert_eq!(blocked, [json!(null), json!("no-account")]);
        assert_eq!(waiting["payables"][0]["as_approved"], false);
        give_account(&world, "li", card("李哲")).await;

        let batch = he
            .post("/api/v1/batches", batch_of(&world, &both))
            .await
            .expect(201)
            .json();
        let number = batch["number"].as_str().expect("a number").to_owned();
        assert!(number.starts_with("FK") && number.ends_with("-01"), "{number}");
        assert_eq!(batch["total"], json!({"amount": "308.00", "currency": "CNY"}));
        assert_eq!(status(&world, &one).await, Status::Paying);
        he.post("/api/v1/batches", batch_of(&world, &both)).await.expect(409);

        let ids: Vec<&str> = batch["payments"]
            .as_array()
            .expect("list")
            .iter()
            .filter_map(|p| p["id"].as_str())
            .collect();
        let fail = |reason: &str| json!({"reason": reason});
        he.post(&format!("/api/v1/payments/{}/failure", ids[1]), fail(" "))
            .await
            .expect(422);
        he.post(&format!("/api/v1/payments/{}/failure", ids[1]), fail("账号不存在"))
            .await
            .expect(200);
        he.post(
            &format!("/api/v1/payments/{}/posting", ids[1]),
            json!({"on": today(&world)}),
        )
        .await
        .expect(409);
        let future = he
            .post(
                &format!("/api/v1/batches/{number}/posting"),
                json!({"on": "2999-01-01"}),
            )
            .await
            .expect(422)
            .json();
        assert_eq!(future["fields"][0]["code"], "in-the-future");
        let settled = he
            .post(
                &format!("/api/v1/batches/{number}/posting"),
                json!({"on": today(&world)}),
            )
            .await
            .expect(200)
            .json();
        assert_eq!(settled["status"], "settled");
        he.post(
            &format!("/api/v1/batches/{number}/posting"),
            json!({"on": today(&world)}),
        )
        .await
        .expect(409);
        he.post(
            &format!("/api/v1/payments/{}/posting", ids[0]),
            json!({"on": today(&world)}),
        )
        .await
        .expect(409);
        he.post(&format!("/api/v1/payments/{}/failure", ids[0]), fail("x"))
            .await
            .expect(409);
        assert_eq!(status(&world, &one).await, Status::Paid);
        assert_eq!(status(&world, &two).await, Status::Approved);

        let again = he
            .post("/api/v1/batches", batch_of(&world, &[&two.number]))
            .await
            .expect(201)
            .json();
        assert!(again["number"].as_str().expect("a number").ends_with("-02"));
        assert_eq!(again["payments"].as_array().expect("list").len(), 1);
    });
}

#[test]
fn claimant_approver_and_payer_are_three() {
    on_both(|world| async move {
        let he = world.as_("he").await;
        entity_account(&world, &he).await;
        let mut grants = Vec::new();
        for who in ["wang", "zhao"] {
            grants.push(world.id(who).await);
        }
        world.grant_payer(grants).await;
        give_account(&world, "wang", card("王敏")).await;
        let claim = approved(&world, "wang").await;
        for who in ["wang", "zhao"] {
            let client = world.as_(who).await;
            let waiting = client.get("/api/v1/payments").await.expect(200).json();
            let why = if who == "wang" { "claimant" } else { "approver" };
            assert_eq!(waiting["payables"][0]["blocked"], why);
            let refused = client
                .post("/api/v1/batches", batch_of(&world, &[&claim.number]))
                .await
                .expect(403)
                .json();
            assert_eq!(refused["code"], "duties");
        }
        for who in ["li", "audit", "greta"] {
            let client = world.as_(who).await;
            client
                .post("/api/v1/batches", batch_of(&world, &[&claim.number]))
                .await
                .expect(403);
        }
        world.as_("li").await.get("/api/v1/payments").await.expect(403);
        world.as_("audit").await.get("/api/v1/payments").await.expect(200);
        he.post("/api/v1/batches", batch_of(&world, &[&claim.number]))
            .await
            .expect(201);
    });
}

#[test]
fn of_two_batches_at_once_one_wins() {
    on_both(|world| async move {
        let he = world.as_("he").await;
        entity_account(&world, &he).await;
        give_account(&world, "wang", card("王敏")).await;
        let claim = approved(&world, "wang").await;
        let body = batch_of(&world, &[&claim.number]);
        let tries = (0..6).map(|_| he.post("/api/v1/batches", body.clone()));
        let mut answers: Vec<u16> = futures::future::join_all(tries)
            .await
            .into_iter()
            .map(|a| a.status)
            .collect();
        answers.sort_unstable();
        assert_eq!(answers, [201, 409, 409, 409, 409, 409]);
        let batches = he.get("/api/v1/batches").await.expect(200).json();
        assert_eq!(batches["batches"].as_array().expect("list").len(), 1);
    });
}

#[test]
fn files_are_exact_and_always_the_same() {
    on_both(|world| async move {
        let he = world.as_("he").await;
        entity_account(&world, &he).await;
        let mut numbers = Vec::new();
        for who in ["wang", "li", "chen"] {
            give_account(&world, who, card("收款人 & <乙>")).await;
            numbers.push(approved(&world, who).await.number);
        }
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        let batch = he
            .post("/api/v1/batches", batch_of(&world, &numbers))
            .await
            .expect(201)
            .json();
        let number = batch["number"].as_str().expect("a number");
        let path = format!("/payments/batches/{number}/file.xml");
        let file = he.get(&path).await.expect(200);
        assert!(file.text.contains(NAMESPACE) && file.text.contains("untested with a bank"));
        let sums: Vec<&str> = between(&file.text, "<CtrlSum>", "</CtrlSum>");
        let amounts = between(&file.text, "<InstdAmt Ccy=\"CNY\">", "</InstdAmt>");
        let cents = |text: &str| -> i64 { text.replace('.', "").parse().expect("digits") };
        assert_eq!(amounts.len(), 3);
        assert_eq!(cents(sums[0]), amounts.iter().map(|a| cents(a)).sum::<i64>());
        assert_eq!(sums[0], "462.00");
        assert_eq!(he.get(&path).await.expect(200).text, file.text);
        let table = he
            .get(&format!("/payments/batches/{number}/file.csv"))
            .await
            .expect(200);
        assert!(
            table.text.trim_start_matches('\u{feff}').starts_with("序号,收款人户名"),
            "{}",
            table.text
        );
        assert_eq!(table.text.matches(payee::CARD).count(), 3);
        world.as_("audit").await.get(&path).await.expect(403);
        world.as_("li").await.get(&path).await.expect(404);
        validate(&file.text);
    });
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    text.split(open)
        .skip(1)
        .filter_map(|rest| rest.split(close).next())
        .collect()
}

/// Against the official schema, where it is at hand.
fn validate(xml: &str) {
    let Ok(schema) = std::env::var("OUTLAY_PAIN_XSD") else {
        eprintln!("NOT VALIDATED: OUTLAY_PAIN_XSD names no schema");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("batch.xml");
    std::fs::write(&file, xml).expect("written");
    let answer = std::process::Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema", &schema])
        .arg(&file)
        .output()
        .expect("xmllint");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
}

#[test]
fn the_banks_answer_is_shown_first_and_done_once() {
    on_both(|world| async move {
        let he = world.as_("he").await;
        entity_account(&world, &he).await;
        let mut claims = Vec::new();
        for who in ["wang", "li"] {
            give_account(&world, who, card("某人")).await;
            claims.push(approved(&world, who).await);
        }
        let numbers = [claims[0].number.as_str(), claims[1].number.as_str()];
        let batch = he
            .post("/api/v1/batches", batch_of(&world, &numbers))
            .await
            .expect(201)
            .json();
        let number = batch["number"].as_str().expect("a number");
        let path = format!("/api/v1/batches/{number}/answers");
        let day = today(&world);
        let good =
            format!("end_to_end_id,status,reason,date\n{number}-0001,posted,,{day}\n{number}-0002,failed,户名不符,\n");
        let seen = he
            .post(&path, json!({"csv": good, "preview": true}))
            .await
            .expect(200)
            .json();
        assert_eq!((&seen["applied"], &seen["good"]), (&json!(false), &json!(true)));
        assert_eq!(
            status(&world, &claims[0]).await,
            Status::Paying,
            "a preview does nothing"
        );
        let stray = format!("{good}{number}-0009,posted,,\n");
        let refused = he.post(&path, json!({"csv": stray})).await.expect(422).json();
        assert_eq!(refused["fields"][0]["code"], "answer-unknown");
        assert_eq!(status(&world, &claims[0]).await, Status::Paying, "nothing is half done");
        he.post(&path, json!({"csv": "x,y\n1,2\n"})).await.expect(422);
        he.post(&path, json!({"csv": good})).await.expect(200);
        assert_eq!(status(&world, &claims[0]).await, Status::Paid);
        assert_eq!(status(&world, &claims[1]).await, Status::Approved);
        let again = he.post(&path, json!({"csv": good})).await.expect(200).json();
        assert!(
            again["rows"]
                .as_array()
                .expect("list")
                .iter()
                .all(|r| r["effect"] == "done-before")
        );
        let other = good.replace("posted,", "failed,x");
        let refused = he.post(&path, json!({"csv": other})).await.expect(422).json();
        assert_eq!(refused["fields"][0]["code"], "answer-contradicts");
        let page = he.get(&format!("/payments/batches/{number}")).await.expect(200);
        assert!(page.text.contains("户名不符") && page.text.contains("未经银行实测"));
    });
}

#[test]
fn the_pages_do_what_the_api_does() {
    on_both(|world| async move {
        let he = world.as_("he").await;
        he.get("/payments/accounts").await.expect(200);
        let set = [
            ("holder", "澜石科技"),
            ("number", "110060149018010000001"),
            ("bank", "华源银行"),
        ];
        he.form(&format!("/payments/entity-accounts/{}", world.cn), &set)
            .await
            .expect(303);
        give_account(&world, "wang", card("王敏")).await;
        let claim = approved(&world, "wang").await;
        let page = he.get("/payments").await.expect(200);
        assert!(page.text.contains(&claim.number) && page.text.contains("154.00"));
        let (entity, day) = (world.cn.to_string(), today(&world));
        let fields = [
            ("entity", entity.as_str()),
            ("execute_on", day.as_str()),
            ("claim", claim.number.as_str()),
        ];
        let made = he.form("/payments/batches", &fields).await.expect(303);
        let place = made.headers["location"].to_str().expect("text").to_owned();
        assert!(he.get(&place).await.expect(200).text.contains(&claim.number));
        assert!(
            he.get("/payments/batches")
                .await
                .expect(200)
                .text
                .contains("1 笔等待银行")
        );
        he.form(&format!("{place}/posting"), &[("on", &day)]).await.expect(303);
        assert_eq!(status(&world, &claim).await, Status::Paid);
        he.form("/payments/batches", &[("entity", &entity), ("execute_on", &day)])
            .await
            .expect(422);
    });
}

#[test]
fn a_batch_is_read_page_by_page_and_settled_as_a_whole() {
    on_both(|world| async move {
        let he = world.as_("he").await;
        entity_account(&world, &he).await;
        give_account(&world, "wang", card("王敏")).await;
        let claim = approved(&world, "wang").await;
        let batch = he
            .post("/api/v1/batches", batch_of(&world, &[&claim.number]))
            .await
            .expect(201)
            .json();
        let number = batch["number"].as_str().expect("a number").to_owned();
        let id = batch["payments"][0]["end_to_end_id"]
            .as_str()
            .expect("an id")
            .to_owned();
        // 120 refused ones before it, as the table has them: each try of a payment is one.
        let of = id.clone();
        world
            .app
            .db
            .write(move |sql| {
                let of = of.clone();
                Box::pin(async move {
                    for n in 0..120 {
                        sql.run(
                            "INSERT INTO payment (id, batch_id, claim_id, end_to_end_id, account_id, minor, currency, status, \
                             reason) SELECT $1, batch_id, claim_id, $2, account_id, minor, currency, 'failed', 'AC04' \
                             FROM payment WHERE end_to_end_id = $3",
                            outlay::args![uuid::Uuid::now_v7(), format!("000-{n:03}"), &of],
                        )
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
            .expect("written");
        let path = format!("/api/v1/batches/{number}");
        let ids = |view: &Value| -> Vec<String> {
            let all = view["payments"].as_array().expect("a list").iter();
            all.filter_map(|p| p["end_to_end_id"].as_str().map(str::to_owned))
                .collect()
        };
        let first = he.get(&path).await.expect(200).json();
        let next = first["next"].as_str().expect("a second page").to_owned();
        let second = he.get(&format!("{path}?after={next}")).await.expect(200).json();
        assert_eq!((ids(&first).len(), &second["next"]), (100, &Value::Null));
        assert_eq!((&first["pending"], &second["pending"]), (&json!(1), &json!(1)));
        let mut expected: Vec<String> = (0..120).map(|n| format!("000-{n:03}")).collect();
        expected.push(id.clone());
        assert_eq!([ids(&first), ids(&second)].concat(), expected);

        let page = he.get(&format!("/payments/batches/{number}")).await.expect(200).text;
        assert!(page.contains(&format!("/payments/batches/{number}?after={next}")) && !page.contains(&id));
        let page = he
            .get(&format!("/payments/batches/{number}?after={next}"))
            .await
            .expect(200)
            .text;
        assert!(page.contains(&id) && page.contains("posting"), "{page}");
        // One of the second page is found by the bank's answer, and posted with the whole batch.
        let answer = json!({"csv": format!("end_to_end_id,status,reason\n{id},posted,\n"), "preview": true});
        let answers = he.post(&format!("{path}/answers"), answer).await.expect(200).json();
        assert_eq!(answers["rows"][0]["effect"], "does", "{answers}");
        let settled = he
            .post(&format!("{path}/posting"), json!({"on": today(&world)}))
            .await
            .expect(200)
            .json();
        assert_eq!(settled["pending"], 0);
        assert_eq!(status(&world, &claim).await, Status::Paid);
    });
}
