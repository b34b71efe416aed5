//! Deciding from a card in a chat: what goes out, what comes back, and what must not count twice or for somebody else.

use outlay::args;
use outlay_core::claim::{Claim, Command, Status};
use outlay_fakes::Fault;
use outlay_fakes::feishu::{APP_ID, APP_SECRET, Callback, ENCRYPT_KEY, FakeFeishu, VERIFICATION_TOKEN};
use serde_json::{Value, json};

use crate::inbox::task;
use crate::seed;
use crate::world::{World, on_both};

const PEOPLE: [&str; 5] = ["chen", "zhao", "wang", "li", "boss"];

/// A 飞书 in which the company's people have accounts `ou_NAME`, connected.
async fn connected(world: &World) -> FakeFeishu {
    let fake = FakeFeishu::default();
    for who in PEOPLE {
        fake.hire(&format!("{who}@example.com"), "", &format!("ou_{who}"));
    }
    let settings = json!({ "settings": {
        "url": fake.serve().await, "app_id": APP_ID, "app_secret": APP_SECRET,
        "encrypt_key": ENCRYPT_KEY, "verification_token": VERIFICATION_TOKEN,
    } });
    let ange = world.as_("ange").await;
    ange.put("/api/v1/chats/feishu", settings).await.expect(204);
    world.work().await;
    fake
}

/// A claim of 王敏's that waits for 陈屿, who has the card.
async fn asked(world: &World, fake: &FakeFeishu) -> (Claim, String) {
    let claim = seed::draft(world, "wang").await;
    let claim = seed::act(world, world.id("wang").await, claim.id, Command::Submit).await;
    world.work().await;
    let message = fake.cards_of("ou_chen").pop().expect("a card").id;
    (claim, message)
}

async fn sent(world: &World, callback: &Callback, status: u16) -> Value {
    let stranger = world.stranger();
    let mut request = stranger.http.post(format!("{}/hooks/chat/feishu", stranger.base));
    for (name, value) in &callback.headers {
        request = request.header(name, value);
    }
    let answer = stranger.send(request.body(callback.body.clone())).await.expect(status);
    serde_json::from_str(&answer.text).unwrap_or(Value::Null)
}

async fn now(world: &World, claim: &Claim) -> Claim {
    outlay::claims::store::load(&mut world.app.db.read(), claim.id)
        .await
        .expect("there")
}

async fn signers(world: &World, claim: &Claim) -> usize {
    now(world, claim).await.signers().count()
}

fn said(answer: &Value) -> &str {
    answer["toast"]["content"].as_str().unwrap_or_default()
}

#[test]
fn a_card_goes_out_once_for_a_task_and_changes_when_it_ends_by_whatever_way() {
    on_both(|world| async move {
        let fake = connected(&world).await;
        let (claim, _) = asked(&world, &fake).await;
        world.work().await;
        let cards = fake.cards_of("ou_chen");
        assert_eq!(cards.len(), 1, "one card for a task");
        let text = cards[0].card.to_string();
        assert!(
            text.contains(&claim.number) && text.contains("王敏") && text.contains("154.00"),
            "{text}"
        );
        let chen = world.as_("chen").await;
        let (id, hash) = task(&chen).await;
        chen.post(&format!("/api/v1/tasks/{id}/approval"), json!({ "hash": hash }))
            .await
            .expect(200);
        world.work().await;
        let card = fake.cards_of("ou_chen").remove(0).card.to_string();
        assert!(
            card.contains("陈屿已于") && card.contains("同意") && !card.contains("\"form\""),
            "{card}"
        );
        assert_eq!(fake.cards_of("ou_zhao").len(), 1, "finance is next");
        // The claimant takes nothing back here: finance rejects on the page, and its card says so.
        let zhao = world.as_("zhao").await;
        let (id, _) = task(&zhao).await;
        zhao.post(&format!("/api/v1/tasks/{id}/rejection"), json!({ "reason": "缺附件" }))
            .await
            .expect(200);
        world.work().await;
        let card = fake.cards_of("ou_zhao").remove(0).card;
        assert_eq!(card["header"]["template"], "red");
    });
}

#[test]
fn a_press_approves_once_and_a_replay_says_the_same() {
    on_both(|world| async move {
        let fake = connected(&world).await;
        let (claim, message) = asked(&world, &fake).await;
        let press = fake.press(&message, "ou_chen", "approve", "");
        for _ in 0..3 {
            let answer = sent(&world, &press, 200).await;
            assert_eq!(said(&answer), "已同意");
            fake.take_answer(&message, &answer);
        }
        let signed: Vec<_> = now(&world, &claim).await.signers().collect();
        assert_eq!(signed, [world.id("chen").await]);
        let card = fake.cards_of("ou_chen").remove(0).card;
        assert_eq!(card["header"]["template"], "green");
        // A late press of the old card has no effect, and says so.
        let late = fake.press_as(&message, Some(0), "ou_chen", "reject", "不行", "event-late");
        assert_eq!(said(&sent(&world, &late, 200).await), "已有人处理，您的操作没有生效。");
        assert_eq!(now(&world, &claim).await.status(), Status::InReview);
        world.work().await;
    });
}

#[test]
fn a_press_counts_only_as_the_person_whose_account_it_is() {
    on_both(|world| async move {
        let fake = connected(&world).await;
        let (claim, message) = asked(&world, &fake).await;
        // 李哲 is known by a card of their own, but was not asked; nobody knows the other account.
        seen(&world, "li", "ou_li").await;
        let answer = sent(&world, &fake.press(&message, "ou_li", "approve", ""), 200).await;
        assert_eq!(said(&answer), "这不是您的审批事项。");
        assert!(answer["card"].is_null(), "nor may they read it");
        let answer = sent(&world, &fake.press(&message, "ou_nobody", "approve", ""), 200).await;
        assert!(
            said(&answer).contains("没有对应的同事") && answer["card"].is_null(),
            "{answer}"
        );
        // An account counts only while the mail address is still theirs.
        world
            .app
            .db
            .write(|sql| {
                Box::pin(async move {
                    let text = "UPDATE chat_account SET contact = 'old@example.com' WHERE account = 'ou_chen'";
                    Ok(sql.run(text, args![]).await?)
                })
            })
            .await
            .expect("changed");
        let answer = sent(&world, &fake.press(&message, "ou_chen", "approve", ""), 200).await;
        assert!(said(&answer).contains("没有对应的同事"), "{answer}");
        assert_eq!(signers(&world, &claim).await, 0);
    });
}

async fn seen(world: &World, who: &str, account: &'static str) {
    let (id, email) = (world.id(who).await, format!("{who}@example.com"));
    world
        .app
        .db
        .write(move |sql| {
            let email = email.clone();
            Box::pin(async move {
                let text = "INSERT INTO chat_account (kind, employee_id, mobile, contact, account) VALUES ('feishu', $1, '', $2, $3)";
                Ok(sql.run(text, args![id, email, account]).await?)
            })
        })
        .await
        .expect("written");
}

#[test]
fn a_rejection_needs_its_reason() {
    on_both(|world| async move {
        let fake = connected(&world).await;
        let (claim, message) = asked(&world, &fake).await;
        let answer = sent(&world, &fake.press(&message, "ou_chen", "reject", "  "), 200).await;
        assert_eq!(said(&answer), "拒绝需要填写理由。");
        assert_eq!(now(&world, &claim).await.status(), Status::InReview);
        let answer = sent(&world, &fake.press(&message, "ou_chen", "reject", "不合规"), 200).await;
        assert_eq!(said(&answer), "已拒绝");
        assert_eq!(now(&world, &claim).await.status(), Status::Rejected);
    });
}

#[test]
fn a_press_on_what_was_changed_decides_nothing_and_shows_the_claim_as_it_is() {
    on_both(|world| async move {
        let fake = connected(&world).await;
        let (claim, message) = asked(&world, &fake).await;
        let mut changed = claim.clone();
        changed.content.title = "改过的事由".into();
        let (id, body) = (claim.id, serde_json::to_string(&changed).expect("JSON"));
        world
            .app
            .db
            .write(move |sql| {
                let body = body.clone();
                Box::pin(async move {
                    Ok(sql
                        .run("UPDATE claim SET body = $1 WHERE id = $2", args![body, id])
                        .await?)
                })
            })
            .await
            .expect("changed");
        let answer = sent(&world, &fake.press(&message, "ou_chen", "approve", ""), 200).await;
        assert!(said(&answer).contains("有修改"), "{answer}");
        assert_eq!(signers(&world, &claim).await, 0);
        fake.take_answer(&message, &answer);
        assert!(fake.cards_of("ou_chen")[0].card.to_string().contains("改过的事由"));
        let answer = sent(&world, &fake.press(&message, "ou_chen", "approve", ""), 200).await;
        assert_eq!(said(&answer), "已同意", "what is shown now can be approved");
    });
}

/// Others take the provider's id, the number and the status as the key, and lose all but one of a batch.
#[test]
fn batch_callbacks_from_chat_are_not_taken_for_duplicates() {
    on_both(|world| async move {
        let fake = connected(&world).await;
        let (one, first) = asked(&world, &fake).await;
        let (two, second) = asked(&world, &fake).await;
        assert_ne!(first, second);
        let press = |message: &str| fake.press_as(message, None, "ou_chen", "approve", "", "event-of-the-batch");
        let both = [press(&first), press(&second)];
        for _ in 0..2 {
            for callback in &both {
                assert_eq!(said(&sent(&world, callback, 200).await), "已同意");
            }
        }
        assert_eq!((signers(&world, &one).await, signers(&world, &two).await), (1, 1));
        let (presses,): (i64,) = world
            .app
            .db
            .read()
            .one("SELECT COUNT(*) FROM chat_press", args![])
            .await
            .expect("counted");
        assert_eq!(presses, 2, "each once");
    });
}

#[test]
fn what_does_not_prove_where_it_comes_from_is_refused() {
    on_both(|world| async move {
        let fake = connected(&world).await;
        let (claim, message) = asked(&world, &fake).await;
        sent(&world, &fake.press(&message, "ou_chen", "approve", "").forged(), 401).await;
        assert_eq!(signers(&world, &claim).await, 0);
        let answer = sent(&world, &Callback::hello("abc"), 200).await;
        assert_eq!(answer, json!({ "challenge": "abc" }));
        let ange = world.as_("ange").await;
        ange.post("/api/v1/chats/feishu/pause", json!(null)).await.expect(204);
        sent(&world, &fake.press(&message, "ou_chen", "approve", ""), 404).await;
        assert_eq!(signers(&world, &claim).await, 0);
        let wang = world.as_("wang").await;
        wang.get("/api/v1/chats").await.expect(403);
    });
}

#[test]
fn a_chat_that_is_away_or_busy_is_tried_again_and_sends_one_card() {
    on_both(|world| async move {
        let fake = connected(&world).await;
        // The token is given, the person found, and the answer to the card is lost.
        fake.faults.pass(2);
        fake.faults.next(1, Fault::LostAnswer);
        let claim = seed::draft(&world, "wang").await;
        seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        world.work().await;
        let job = |world: World| async move {
            let row: (String, i64) = world
                .app
                .db
                .read()
                .one(
                    "SELECT state, waits FROM job WHERE kind = 'chat' AND key LIKE 'chat:%'",
                    args![],
                )
                .await
                .expect("a job");
            (world, row)
        };
        let (world, row) = job(world).await;
        assert_eq!(row, ("ready".to_owned(), 1), "it waits as mail does");
        for fault in [Fault::TooMany("1".into()), Fault::Expired, Fault::Status(503)] {
            fake.faults.next(1, fault);
            world
                .app
                .db
                .write(|sql| Box::pin(async move { Ok(sql.run("UPDATE job SET run_at = 0", args![]).await?) }))
                .await
                .expect("due");
            world.work().await;
        }
        fake.faults.clear();
        world
            .app
            .db
            .write(|sql| Box::pin(async move { Ok(sql.run("UPDATE job SET run_at = 0", args![]).await?) }))
            .await
            .expect("due");
        world.work().await;
        let (_, row) = job(world).await;
        assert_eq!(row.0, "done");
        assert_eq!(fake.cards_of("ou_chen").len(), 1);
    });
}

#[test]
fn keys_are_sealed_and_people_are_found_by_mobile_number_too() {
    on_both(|world| async move {
        let fake = connected(&world).await;
        fake.hire("private@example.org", "+4915100000000", "ou_jonas");
        let ange = world.as_("ange").await;
        let view = ange.get("/api/v1/chats").await.expect(200);
        for secret in [APP_SECRET, ENCRYPT_KEY, VERIFICATION_TOKEN] {
            assert!(!view.text.contains(secret));
        }
        let (settings, sealed): (String, String) = world
            .app
            .db
            .read()
            .one("SELECT settings, sealed FROM chat", args![])
            .await
            .expect("kept");
        assert!(!settings.contains("secret") && !sealed.contains(APP_SECRET));
        let tried = ange.post("/api/v1/chats/feishu/test", json!(null)).await.expect(200);
        assert_eq!(tried.json()["ok"], true);
        // Another address must not get the stored keys.
        let elsewhere = json!({ "settings": { "url": "http://127.0.0.1:9", "app_id": APP_ID } });
        ange.put("/api/v1/chats/feishu", elsewhere).await.expect(422);
        let jonas = world.id("jonas").await;
        let path = format!("/api/v1/employees/{jonas}/chat");
        ange.put(&path, json!({ "mobile": "not a number" })).await.expect(422);
        ange.put(&path, json!({ "mobile": "+49 151 0000-0000" }))
            .await
            .expect(204);
        world.work().await;
        let person = ange.get(&format!("/api/v1/employees/{jonas}")).await.expect(200).json();
        assert_eq!(person["chat"]["account"], "ou_jonas", "{person}");
        let page = ange.get(&format!("/settings/people/{jonas}")).await.expect(200);
        assert!(
            page.text.contains("ou_jonas") && page.text.contains("飞书"),
            "{}",
            page.text
        );
        let page = ange.get("/settings/chat").await.expect(200);
        assert!(
            page.text.contains("/hooks/chat/feishu") && page.text.contains("已连接"),
            "{}",
            page.text
        );
        world
            .as_("wang")
            .await
            .put(&path, json!({ "mobile": "" }))
            .await
            .expect(403);
    });
}

#[test]
fn whoever_acts_for_somebody_away_has_a_card_too_until_they_no_longer_do() {
    on_both(|world| async move {
        let fake = connected(&world).await;
        let (claim, chens) = asked(&world, &fake).await;
        assert!(fake.cards_of("ou_boss").is_empty());
        let chen = world.as_("chen").await;
        let today = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai");
        let away = json!({ "to": "boss@example.com", "since": today.to_string(), "until": today.to_string() });
        let given = chen
            .post("/api/v1/me/delegations", away.clone())
            .await
            .expect(201)
            .json();
        world.work().await;
        let card = fake
            .cards_of("ou_boss")
            .pop()
            .expect("a card for who acts")
            .card
            .to_string();
        assert!(
            card.contains("代为审批") && card.contains("陈屿") && card.contains("\"form\""),
            "{card}"
        );
        assert_eq!(fake.cards_of("ou_chen").len(), 1, "and the one that was there stays");

        let id = given["id"].as_str().expect("an id");
        chen.form(&format!("/me/away/{id}/end"), &[]).await.expect(303);
        world.work().await;
        let over = fake.cards_of("ou_boss").remove(0).card.to_string();
        assert!(over.contains("此事项已结束") && !over.contains("\"form\""), "{over}");
        let late = fake.press_as(
            &fake.cards_of("ou_boss").remove(0).id,
            Some(0),
            "ou_boss",
            "approve",
            "",
            "event-late",
        );
        assert_eq!(said(&sent(&world, &late, 200).await), "这不是您的审批事项。");

        chen.post("/api/v1/me/delegations", away).await.expect(201);
        world.work().await;
        let message = fake.cards_of("ou_boss").pop().expect("the card").id;
        let answer = sent(&world, &fake.press(&message, "ou_boss", "approve", ""), 200).await;
        assert_eq!(said(&answer), "已同意");
        let signed: Vec<_> = now(&world, &claim).await.signers().collect();
        assert!(signed.contains(&world.id("boss").await), "{signed:?}");
        world.work().await;
        for account in ["ou_chen", "ou_boss"] {
            let card = fake.cards_of(account).remove(0).card.to_string();
            assert!(!card.contains("\"form\""), "{account}: {card}");
        }
        assert_ne!(chens, message);
    });
}

#[test]
fn what_waited_before_the_chat_was_there_or_knew_them_gets_its_card_then() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "wang").await;
        seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        world.work().await;
        let fake = connected(&world).await;
        let cards = fake.cards_of("ou_chen");
        assert_eq!(cards.len(), 1, "the task was open when the chat was connected");
        assert!(cards[0].card.to_string().contains(&claim.number));

        // Finance is asked next, and unknown until somebody enters their number.
        fake.dismiss("ou_zhao");
        let message = cards[0].id.clone();
        sent(&world, &fake.press(&message, "ou_chen", "approve", ""), 200).await;
        world.work().await;
        assert!(fake.cards_of("ou_zhao_new").is_empty());
        fake.hire("other@example.org", "+8613800000000", "ou_zhao_new");
        let path = format!("/api/v1/employees/{}/chat", world.id("zhao").await);
        let mobile = json!({ "mobile": "+8613800000000" });
        world.as_("ange").await.put(&path, mobile).await.expect(204);
        world.work().await;
        assert_eq!(fake.cards_of("ou_zhao_new").len(), 1);
        world.work().await;
        assert_eq!(fake.cards_of("ou_zhao_new").len(), 1, "once");
    });
}
