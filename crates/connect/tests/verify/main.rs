//! The contract of verification gateways, held against a stand-in, with what a network and a busy bureau do wrong.

use std::time::Duration;

use jiff::civil::date;
use outlay_connect::verify::gateway::{Gateway, holds, sign};
use outlay_connect::verify::{Question, State, Verifier};
use outlay_connect::{Error, Guard};
use outlay_fakes::Fault;
use outlay_fakes::verify::{FakeGateway, SECRET};

const NUMBER: &str = "26112000000645678912";

fn question() -> Question {
    Question {
        number: NUMBER.to_owned(),
        code: None,
        issued_on: date(2026, 1, 9),
        gross: "850.00".to_owned(),
        currency: "CNY".to_owned(),
        seller_tax_id: None,
        buyer_tax_id: None,
    }
}

async fn ready() -> (FakeGateway, Gateway) {
    let fake = FakeGateway::default();
    let url = fake.serve().await;
    let gateway = Gateway::new(&url, SECRET, &Guard::allowing(["127.0.0.1"])).expect("a way");
    (fake, gateway)
}

#[tokio::test]
async fn each_state_is_told() {
    let (fake, gateway) = ready().await;
    gateway.check().await.expect("it takes the key");
    let ask = async |key: &str| gateway.ask(&question(), key).await.expect("an answer");
    assert_eq!(ask("1").await.state, State::NotFound);
    for (key, state) in [("2", State::Valid), ("3", State::Reversed), ("4", State::Void)] {
        fake.know(NUMBER, "2026-01-09", "850.00", state.code());
        assert_eq!(ask(key).await.state, state);
    }
    fake.know(NUMBER, "2026-01-09", "85.00", "valid");
    let answer = ask("5").await;
    assert_eq!(
        (answer.state, answer.fields),
        (State::Mismatch, vec!["gross".to_owned()])
    );
    assert_eq!(answer.provider, "测试查验网关");
}

#[tokio::test]
async fn one_key_is_one_question_whatever_the_network_does() {
    let (fake, gateway) = ready().await;
    fake.know(NUMBER, "2026-01-09", "850.00", "valid");
    for fault in [
        Fault::LostAnswer,
        Fault::BrokenLine,
        Fault::Truncated,
        Fault::Status(502),
    ] {
        fake.faults.next(1, fault.clone());
        assert!(gateway.ask(&question(), "once").await.is_err(), "{fault:?}");
    }
    // It was reversed meanwhile; the key still has its first answer, and another key the new one.
    fake.know(NUMBER, "2026-01-09", "850.00", "reversed");
    assert_eq!(
        gateway.ask(&question(), "once").await.expect("told").state,
        State::Valid
    );
    assert_eq!(
        gateway.ask(&question(), "again").await.expect("told").state,
        State::Reversed
    );
    assert_eq!(fake.db().charged, 2);
}

#[tokio::test]
async fn the_limit_of_a_day_says_when_to_come_back() {
    let (fake, gateway) = ready().await;
    fake.db().left = Some(0);
    let error = gateway.ask(&question(), "1").await.expect_err("no answer");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3600)), "{error}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn who_does_not_know_the_secret_is_believed_in_neither_direction() {
    let (fake, gateway) = ready().await;
    fake.know(NUMBER, "2026-01-09", "850.00", "valid");
    fake.db().forges = true;
    assert!(matches!(gateway.ask(&question(), "1").await, Err(Error::Auth(_))));
    fake.db().forges = false;
    let url = fake.serve().await;
    let wrong = Gateway::new(&url, "another secret", &Guard::allowing(["127.0.0.1"])).expect("a way");
    assert!(matches!(wrong.check().await, Err(Error::Auth(_))));
    assert!(matches!(wrong.ask(&question(), "2").await, Err(Error::Auth(_))));
}

#[test]
fn parts_do_not_run_together() {
    let signed = sign("secret", &["/v1/check", "12", "key", "{}"]);
    assert!(holds("secret", &["/v1/check", "12", "key", "{}"], &signed));
    assert!(!holds("secret", &["/v1/check", "1", "2key", "{}"], &signed));
    assert!(!holds("secret", &["/v1/check", "12", "key", "{}"], &signed[..62]));
    assert!(!holds("secret", &["/v1/check", "12", "key", "{}"], "发票"));
}
