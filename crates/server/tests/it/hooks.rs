//! What a CRM tells by itself.

use std::time::Duration;

use outlay::args;
use outlay::connections::pull::pull_with;
use outlay::connections::{hooks, probe};
use outlay::error::Error;
use outlay_connect::{Hook, Object, StageKind};
use outlay_core::ids::ConnectionId;

use crate::crm::connection;
use crate::fake_crm::{Fake, crm, deal};
use crate::world::{World, on_both};

async fn tell(world: &World, c: ConnectionId, fake: &Fake, signature: &str, body: &str) -> Result<usize, Error> {
    let headers = [("x-signature".to_owned(), signature.to_owned())];
    let hook = Hook {
        method: "POST",
        url: "https://outlay.example.com/hooks/x",
        headers: &headers,
        body: body.as_bytes(),
        at: outlay::clock::now(),
    };
    hooks::take(&world.app, c, fake, &hook).await
}

async fn count(world: &World, text: &'static str, c: ConnectionId) -> i64 {
    let (n,): (i64,) = world.app.db.read().one(text, args![c]).await.expect("read");
    n
}

#[test]
fn a_delivery_is_checked_and_each_event_is_read_once() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let fake = crm(3);
        let forged = tell(&world, c, &fake, "bad", "e1 deal D1").await;
        assert!(matches!(forged, Err(Error::Unauthenticated)));
        assert_eq!(
            tell(&world, c, &fake, "good", "e1 deal D1\ne2 deal D2\ne3 deal D1")
                .await
                .expect("taken"),
            3
        );
        assert_eq!(
            tell(&world, c, &fake, "good", "e2 deal D2\ne1 deal D1")
                .await
                .expect("taken"),
            0
        );
        let (jobs, ids): (i64, String) = world
            .app
            .db
            .read()
            .one("SELECT COUNT(*), MAX(payload) FROM job WHERE kind = 'hint'", args![])
            .await
            .expect("read");
        assert_eq!(jobs, 1);
        assert!(ids.contains("[\"D1\",\"D2\"]"), "{ids}");
    });
}

#[test]
fn a_hint_reads_the_record_and_never_sets_it_back() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let mut fake = crm(2);
        pull_with(&world.app, c, &fake).await.expect("pulled");
        let place = fake.records.iter().position(|r| r.external_id == "D1").expect("there");
        let older = std::mem::replace(&mut fake.records[place], deal(1, "5", StageKind::Lost));
        let ids = ["D1".to_owned(), "D9".to_owned()];
        hooks::read(&world.app, c, &fake, Object::Deal, &ids)
            .await
            .expect("read");
        let lost = "SELECT COUNT(*) FROM deal WHERE connection_id = $1 AND external_id = 'D1' AND stage_kind = 'lost'";
        assert_eq!(count(&world, lost, c).await, 1);
        // An answer that was given before that change, and comes after it.
        fake.records[place] = older;
        hooks::read(&world.app, c, &fake, Object::Deal, &ids[..1])
            .await
            .expect("read");
        assert_eq!(count(&world, lost, c).await, 1);
        // Two changes of one moment, told apart by a digest that sorts by nothing.
        for (revision, kind, n) in [("6~b", StageKind::Open, 0), ("6~a", StageKind::Lost, 1)] {
            fake.records[place] = deal(1, revision, kind);
            hooks::read(&world.app, c, &fake, Object::Deal, &ids[..1])
                .await
                .expect("read");
            assert_eq!(count(&world, lost, c).await, n, "{revision}");
        }
        fake.records.remove(place);
        hooks::read(&world.app, c, &fake, Object::Deal, &ids[..1])
            .await
            .expect("read");
        let gone = "SELECT COUNT(*) FROM deal WHERE connection_id = $1 AND external_id = 'D1' AND deleted";
        assert_eq!(count(&world, gone, c).await, 1);
    });
}

#[test]
fn a_crm_without_hooks_has_none() {
    on_both(|world| async move {
        let admin = world.as_("ange").await;
        let body = serde_json::json!({"kind": "tryton", "name": "T", "settings": {
            "url": "https://tryton.example.com", "database": "crm", "key": "k"}});
        let made = admin.post("/api/v1/connections", body).await.expect(201).json();
        let id = made["id"].as_str().expect("an id");
        world
            .stranger()
            .post(&format!("/hooks/{id}"), serde_json::json!([]))
            .await
            .expect(404);
        world
            .stranger()
            .post("/hooks/none", serde_json::json!([]))
            .await
            .expect(404);
    });
}

#[test]
fn a_hook_is_proved_by_what_comes_and_told_when_nothing_does() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let fake = crm(1);
        // What came before does not count, nor what is forged.
        tell(&world, c, &fake, "good", "e1 deal D0").await.expect("taken");
        let (forged, line) = tokio::join!(
            tell(&world, c, &fake, "bad", "e2 deal D0"),
            probe::hook(&world.app, c, Duration::from_millis(400))
        );
        forged.expect_err("forged");
        let line = line.expect("a line");
        assert_eq!(line.outcome, probe::Outcome::Failed);
        assert!(line.text.contains(&format!("/hooks/{c}")), "{}", line.text);
        let late = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            tell(&world, c, &fake, "good", "e3 deal D0").await
        };
        let (told, line) = tokio::join!(late, probe::hook(&world.app, c, Duration::from_secs(60)));
        told.expect("taken");
        assert_eq!(line.expect("a line").outcome, probe::Outcome::Ok);
    });
}
