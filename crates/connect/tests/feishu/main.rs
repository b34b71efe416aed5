//! 飞书: what goes out and comes back, held against a stand-in, with what a network and a busy chat do wrong.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use outlay_connect::{
    Error, Guard, Hook,
    chat::{self, Act, Ask, Card, Chat, Contact, Delivery, Toast, Tone},
};
use outlay_fakes::{
    Fault,
    feishu::{APP_ID, APP_SECRET, Callback, ENCRYPT_KEY, FakeFeishu, VERIFICATION_TOKEN},
};
use serde_json::json;

const FANG: &str = "ou_fang";

fn open(url: &str, secret: &str) -> Box<dyn Chat> {
    let settings: BTreeMap<String, String> = [
        ("url", url),
        ("app_id", APP_ID),
        ("app_secret", secret),
        ("encrypt_key", ENCRYPT_KEY),
        ("verification_token", VERIFICATION_TOKEN),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .into();
    chat::open("feishu", &settings, &Guard::allowing(["127.0.0.1"])).expect("a chat")
}

async fn ready() -> (FakeFeishu, Box<dyn Chat>) {
    let fake = FakeFeishu::default();
    fake.hire("fang@example.com", "13800000000", FANG);
    let chat = open(&fake.serve().await, APP_SECRET);
    (fake, chat)
}

fn card(title: &str) -> Card {
    Card {
        title: title.to_owned(),
        tone: Tone::Asks,
        facts: vec![("报销人".into(), "王芳 <at id=all></at>".into())],
        note: None,
        open: ("查看".into(), "https://outlay.example/inbox".into()),
        ask: Some(Ask {
            task: "t1".into(),
            hash: "h1".into(),
            approve: "同意".into(),
            reject: "拒绝".into(),
            reason: "理由".into(),
        }),
    }
}

fn received(chat: &dyn Chat, callback: &Callback) -> Result<Delivery, Error> {
    chat.receive(&Hook {
        method: "POST",
        url: "https://outlay.example/hooks/chat/feishu",
        headers: &callback.headers,
        body: callback.body.as_bytes(),
        at: Timestamp::UNIX_EPOCH,
    })
}

#[tokio::test]
async fn people_are_found_by_mail_address_or_mobile_number() {
    let (_fake, chat) = ready().await;
    let by = |email: &'static str, mobile: Option<&'static str>| Contact { email, mobile };
    let found = chat.find(&by("fang@example.com", None)).await.expect("asked");
    assert_eq!(found.as_deref(), Some(FANG));
    let found = chat
        .find(&by("other@example.com", Some("13800000000")))
        .await
        .expect("asked");
    assert_eq!(found.as_deref(), Some(FANG));
    assert_eq!(chat.find(&by("nobody@example.com", None)).await.expect("asked"), None);
}

#[tokio::test]
async fn a_card_is_sent_once_by_its_key_and_changed_in_place() {
    let (fake, chat) = ready().await;
    fake.faults.pass(1);
    fake.faults.next(1, Fault::LostAnswer);
    assert!(
        chat.send(FANG, &card("one"), "chat:t1")
            .await
            .expect_err("lost")
            .is_transient()
    );
    let id = chat.send(FANG, &card("one"), "chat:t1").await.expect("sent");
    assert_eq!(fake.cards_of(FANG).len(), 1, "the first try had arrived");
    assert_ne!(chat.send(FANG, &card("two"), "chat:t2").await.expect("sent"), id);
    let done = Card {
        ask: None,
        tone: Tone::Good,
        note: Some("王芳已同意".into()),
        ..card("one")
    };
    assert!(chat.update(&id, &done).await.expect("changed"));
    let message = fake.cards_of(FANG).remove(0);
    assert_eq!(message.card["header"]["template"], "green");
    assert!(
        !message.card.to_string().contains("\"form\""),
        "nothing is left to press"
    );
    fake.db().messages[0].closed = true;
    assert!(!chat.update(&id, &done).await.expect("told"), "after 14 days");
}

#[tokio::test]
async fn an_ended_token_is_renewed_and_a_limit_told_with_its_time() {
    let (fake, chat) = ready().await;
    chat.send(FANG, &card("one"), "a").await.expect("sent");
    fake.faults.next(1, Fault::Expired);
    chat.send(FANG, &card("two"), "b").await.expect("sent with a new token");
    assert_eq!((fake.tokens(), fake.cards_of(FANG).len()), (2, 2));
    fake.faults.next(1, Fault::TooMany("52".into()));
    let busy = chat.send(FANG, &card("three"), "c").await.expect_err("busy");
    assert_eq!(busy.retry_after(), Some(Duration::from_secs(52)));
    fake.faults.next(1, Fault::ErrorInOk);
    assert!(
        chat.send(FANG, &card("three"), "c")
            .await
            .expect_err("busy")
            .is_transient()
    );
    fake.faults.next(1, Fault::Status(502));
    assert!(
        chat.send(FANG, &card("three"), "c")
            .await
            .expect_err("away")
            .is_transient()
    );
    let stranger = chat
        .send("ou_stranger", &card("four"), "d")
        .await
        .expect_err("no availability");
    assert!(matches!(stranger, Error::Refused { .. }), "{stranger}");
}

#[tokio::test]
async fn a_wrong_secret_is_told_as_such() {
    let fake = FakeFeishu::default();
    let chat = open(&fake.serve().await, "wrong");
    assert!(matches!(chat.check().await, Err(Error::Auth(_))));
}

#[tokio::test]
async fn a_press_is_believed_only_if_sealed_and_signed() {
    let (fake, chat) = ready().await;
    let id = chat.send(FANG, &card("one"), "a").await.expect("sent");
    let pressed = fake.press(&id, FANG, "reject", "太贵");
    let Ok(Delivery::Presses(presses)) = received(chat.as_ref(), &pressed) else {
        panic!("a press")
    };
    let press = &presses[0];
    assert_eq!(
        (press.act, press.reason.as_str(), press.account.as_str()),
        (Act::Reject, "太贵", FANG)
    );
    assert_eq!((press.task.as_str(), press.hash.as_str()), ("t1", "h1"));

    let refused = |callback: Callback| matches!(received(chat.as_ref(), &callback), Err(Error::Auth(_)));
    assert!(refused(pressed.clone().forged()));
    let mut unsigned = pressed.clone();
    unsigned.headers.clear();
    assert!(refused(unsigned));
    let mut plain = pressed.clone();
    plain.body = json!({ "header": { "event_type": "card.action.trigger" } }).to_string();
    assert!(refused(plain));
    let mut torn = pressed.clone();
    torn.body = json!({ "encrypt": "AAAA" }).to_string();
    assert!(refused(torn));
    let inner = |token: &str, app: &str| json!({ "header": { "event_id": "e", "event_type": "card.action.trigger", "token": token, "app_id": app } });
    assert!(refused(Callback::of(&inner("wrong", APP_ID))));
    assert!(refused(Callback::of(&inner(VERIFICATION_TOKEN, "cli_other"))));
    let other = received(chat.as_ref(), &Callback::of(&inner(VERIFICATION_TOKEN, APP_ID)));
    assert_eq!(other.expect("taken"), Delivery::Other, "a press of nothing of ours");
}

#[tokio::test]
async fn the_trial_of_an_address_is_answered_by_its_challenge() {
    let (_fake, chat) = ready().await;
    let hello = received(chat.as_ref(), &Callback::hello("x")).expect("taken");
    assert_eq!(hello, Delivery::Hello(json!({ "challenge": "x" })));
    let forged = Callback::of(&json!({ "type": "url_verification", "challenge": "x", "token": "no" }));
    assert!(matches!(received(chat.as_ref(), &forged), Err(Error::Auth(_))));
}

#[tokio::test]
async fn an_answer_bears_a_word_and_the_card() {
    let (fake, chat) = ready().await;
    let id = chat.send(FANG, &card("one"), "a").await.expect("sent");
    let toast = Toast {
        done: true,
        text: "已同意".into(),
    };
    let answer = chat.answer(&toast, Some(&card("two")));
    assert_eq!(answer["toast"]["type"], "success");
    fake.take_answer(&id, &answer);
    assert_eq!(fake.cards_of(FANG)[0].card["header"]["title"]["content"], "two");
}
