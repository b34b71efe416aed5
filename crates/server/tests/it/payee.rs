//! Payee accounts: checked, sealed, confirmed by a second person, never overwritten.

use outlay::args;
use serde_json::{Value, json};

use crate::world::{Client, World, on_both};

/// A good card of an invented bank.
pub const CARD: &str = "6225880100006205";

/// Proposes as somebody and confirms as 赵蓉.
pub async fn give_account(world: &World, who: &str, account: Value) {
    let id = world.id(who).await;
    let client = world.as_(who).await;
    let all = client
        .post(&format!("/api/v1/employees/{id}/payee-accounts"), account)
        .await
        .expect(201)
        .json();
    let account = all[0]["id"].as_str().expect("an id").to_owned();
    let second = if who == "zhao" { "he" } else { "zhao" };
    confirm(&world.as_(second).await, &account).await.expect(204);
}

pub fn card(holder: &str) -> Value {
    json!({"holder": holder, "number": CARD, "bank": "华源银行上海分行"})
}

async fn confirm(client: &Client, id: &str) -> crate::world::Answer {
    client
        .post(&format!("/api/v1/payee-accounts/{id}/confirmation"), json!(null))
        .await
}

#[test]
fn a_second_person_confirms_and_nobody_else() {
    on_both(|world| async move {
        let (wang, zhao, he, ange) = (
            world.as_("wang").await,
            world.as_("zhao").await,
            world.as_("he").await,
            world.as_("ange").await,
        );
        let id = world.id("wang").await;
        let path = format!("/api/v1/employees/{id}/payee-accounts");
        let first = ange.post(&path, card("王敏")).await.expect(201).json();
        let first = first[0]["id"].as_str().expect("an id").to_owned();
        confirm(&wang, &first).await.expect(403);
        confirm(&ange, &first).await.expect(403);
        confirm(&world.as_("li").await, &first).await.expect(403);
        zhao.get("/api/v1/payee-accounts").await.expect(200);
        confirm(&zhao, &first).await.expect(204);
        confirm(&he, &first).await.expect(409);

        let second = wang
            .post(
                &path,
                json!({"holder": "王敏", "number": "DE89 3704 0044 0532 0130 00"}),
            )
            .await
            .expect(201)
            .json();
        let second = second[0]["id"].as_str().expect("an id").to_owned();
        he.post(&format!("/api/v1/payee-accounts/{second}/refusal"), json!(null))
            .await
            .expect(204);
        let third = wang
            .post(&path, json!({"holder": "王敏", "number": "DE89370400440532013000"}))
            .await
            .expect(201)
            .json();
        let third = third[0]["id"].as_str().expect("an id").to_owned();
        confirm(&he, &third).await.expect(204);
        let all = wang.get(&path).await.expect(200).json();
        let states: Vec<&str> = all
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|a| a["state"].as_str())
            .collect();
        assert_eq!(states, ["active", "refused", "replaced"]);
        assert!(!all.to_string().contains("370400440532"), "no number in a list");
    });
}

#[test]
fn the_number_is_sealed_and_each_reading_is_noted() {
    on_both(|world| async move {
        let (wang, he) = (world.as_("wang").await, world.as_("he").await);
        let id = world.id("wang").await;
        let made = wang
            .post(&format!("/api/v1/employees/{id}/payee-accounts"), card("王 敏敏"))
            .await
            .expect(201)
            .json();
        let account = made[0]["id"].as_str().expect("an id");
        let mut sql = world.app.db.read();
        let (sealed,): (String,) = sql
            .one("SELECT sealed FROM payee_account WHERE id = $1", args![account])
            .await
            .expect("stored");
        assert!(!sealed.contains(CARD) && !sealed.contains("王"));
        let page = he.get("/payments/accounts").await.expect(200);
        assert!(page.text.contains("6205") && !page.text.contains(CARD));
        let path = format!("/payments/accounts/{account}");
        wang.get(&path).await.expect(403);
        let page = he.get(&path).await.expect(200);
        assert!(page.text.contains(CARD));
        assert!(page.text.contains("户名与员工姓名"), "another holder is pointed out");
        let (readings,): (i64,) = sql
            .one(
                "SELECT COUNT(*) FROM audit_entry WHERE action = 'readPayeeAccount' AND resource = $1",
                args![format!("payee_account:{account}")],
            )
            .await
            .expect("read");
        assert_eq!(readings, 1);
    });
}

#[test]
fn what_is_wrong_is_said_beside_its_field() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let id = world.id("wang").await;
        let path = format!("/api/v1/employees/{id}/payee-accounts");
        for (account, field, code) in [
            (
                json!({"holder": "王敏", "number": "DE88370400440532013000"}),
                "number",
                "iban-checksum",
            ),
            (
                json!({"holder": "王敏", "number": "6222x", "bank": "b"}),
                "number",
                "digits-only",
            ),
            (
                json!({"holder": "王敏", "number": "123456", "bank": "b"}),
                "number",
                "length",
            ),
            (json!({"holder": "王敏", "number": CARD}), "bank", "missing"),
            (json!({"holder": " ", "number": CARD, "bank": "b"}), "holder", "missing"),
            (
                json!({"holder": "=1+1", "number": CARD, "bank": "b"}),
                "holder",
                "first-character",
            ),
            (
                json!({"holder": "王敏", "number": CARD, "bank": "b", "branch": "12"}),
                "branch",
                "branch-form",
            ),
            (json!({"holder": "王敏", "number": ""}), "number", "missing"),
        ] {
            let answer = wang.post(&path, account.clone()).await.expect(422).json();
            let fields = answer["fields"].as_array().expect("fields");
            assert!(
                fields.iter().any(|f| f["field"] == field && f["code"] == code),
                "{account}: {answer}"
            );
        }
        let page = wang
            .form("/me/account", &[("holder", "王敏"), ("number", "123"), ("bank", "b")])
            .await
            .expect(422);
        assert!(page.text.contains("应为 8–32 位，现在是 3 位"), "{}", page.text);
        wang.form(
            "/me/account",
            &[
                ("holder", "王敏"),
                ("number", CARD),
                ("bank", "b"),
                ("branch", ""),
                ("bic", ""),
            ],
        )
        .await
        .expect(303);
        assert!(
            wang.get("/me/account")
                .await
                .expect(200)
                .text
                .contains("等待第二人复核：尾号 6205")
        );
        wang.form("/me/account/withdrawal", &[]).await.expect(303);
        wang.form("/me/account/withdrawal", &[]).await.expect(409);
        world.as_("li").await.post(&path, card("李哲")).await.expect(403);
    });
}
