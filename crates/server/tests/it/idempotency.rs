//! A creating request sent twice makes one thing.

use outlay::args;
use serde_json::{Value, json};

use crate::world::{Answer, Client, World, on_both};

async fn post(client: &Client, key: &str, body: Value) -> Answer {
    let request = client.http.post(format!("{}/api/v1/tokens", client.base));
    client.send(request.header("idempotency-key", key).json(&body)).await
}

async fn tokens(world: &World) -> i64 {
    let mut sql = world.app.db.read();
    let (n,): (i64,) = sql
        .one("SELECT COUNT(*) FROM api_token", args![])
        .await
        .expect("counted");
    n
}

#[test]
fn the_same_request_gets_the_same_answer() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let first = post(&wang, "k-1", json!({"name": "one"})).await.expect(201);
        assert!(!first.headers.contains_key("idempotency-replayed"));
        let again = post(&wang, "k-1", json!({"name": "one"})).await.expect(201);
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.json(), first.json());
        assert_eq!(tokens(&world).await, 1);
        // A key is its owner's.
        post(&world.as_("li").await, "k-1", json!({"name": "two"}))
            .await
            .expect(201);
        assert_eq!(tokens(&world).await, 2);
    });
}

#[test]
fn another_request_under_the_same_key_is_refused() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        post(&wang, "k-1", json!({"name": "one"})).await.expect(201);
        let other = post(&wang, "k-1", json!({"name": "two"})).await.expect(422).json();
        assert_eq!(other["fields"][0]["field"], "Idempotency-Key");
        assert_eq!(other["fields"][0]["code"], "idempotency-other");
        post(&wang, "with space", json!({"name": "two"})).await.expect(422);
        assert_eq!(tokens(&world).await, 1);
    });
}

#[test]
fn a_refused_request_may_be_mended_and_sent_again() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        post(&wang, "k-1", json!({"name": ""})).await.expect(422);
        post(&wang, "k-1", json!({"name": "mended"})).await.expect(201);
    });
}

#[test]
fn of_many_at_once_one_is_carried_out() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let all = futures::future::join_all((0..12).map(|_| post(&wang, "k-1", json!({"name": "one"})))).await;
        let secrets: std::collections::BTreeSet<String> = all.into_iter().map(|a| a.expect(201).text).collect();
        assert_eq!(secrets.len(), 1);
        assert_eq!(tokens(&world).await, 1);
    });
}

#[test]
fn a_lost_answer_is_not_carried_out_again() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        post(&wang, "k-1", json!({"name": "one"})).await.expect(201);
        // As after a crash between the commit and the answer.
        world
            .app
            .db
            .write(|sql| {
                Box::pin(async move {
                    sql.run("UPDATE idempotency SET status = 1, body = ''", args![]).await?;
                    Ok(())
                })
            })
            .await
            .expect("written");
        let answer = post(&wang, "k-1", json!({"name": "one"})).await.expect(409).json();
        assert_eq!(answer["code"], "answer-lost");
        assert_eq!(tokens(&world).await, 1);
    });
}

#[test]
fn what_a_killed_process_had_not_committed_is_done_by_the_next() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        post(&wang, "k-1", json!({"name": "one"})).await.expect(201);
        let abandoned = |age: i64| {
            let at = outlay::clock::now().as_microsecond() - age;
            world.app.db.write(move |sql| {
                Box::pin(async move {
                    sql.run(
                        "UPDATE idempotency SET status = 0, body = '', created_at = $1",
                        args![at],
                    )
                    .await?;
                    sql.run("DELETE FROM api_token", args![]).await?;
                    Ok(())
                })
            })
        };
        abandoned(300_000_000).await.expect("written");
        let answer = post(&wang, "k-1", json!({"name": "one"})).await.expect(201);
        assert!(!answer.headers.contains_key("idempotency-replayed"));
        assert_eq!(tokens(&world).await, 1);
    });
}
