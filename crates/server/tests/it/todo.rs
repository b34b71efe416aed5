//! A draft that came from the CRM is a to-do there, until it is handed in.

use outlay::args;
use outlay::connections::Connection;
use outlay::connections::pull::pull_with;
use outlay::crm::todo::tell;
use outlay_connect::{StageKind, Target, Write};
use outlay_core::claim::Command;
use outlay_core::ids::{ClaimId, ConnectionId};

use crate::crm::connection;
use crate::fake_crm::{Fake, crm, deal};
use crate::seed;
use crate::world::{World, on_both};

/// A won deal, and the draft that it began.
async fn begun(world: &World, c: ConnectionId) -> (Fake, ClaimId) {
    let mut fake = crm(1);
    fake.records.push(deal(1, "1", StageKind::Won));
    let report = pull_with(&world.app, c, &fake).await.expect("a report");
    assert_eq!((report.error, report.drafted), (None, 1));
    let (id,): (String,) = world
        .app
        .db
        .read()
        .one("SELECT id FROM claim WHERE origin LIKE 'won:%'", args![])
        .await
        .expect("a claim");
    (fake, id.parse().expect("an id"))
}

async fn told(world: &World, c: ConnectionId, fake: &Fake, id: ClaimId) -> Result<(), outlay::error::Error> {
    let connection = Connection::load(&mut world.app.db.read(), c)
        .await
        .expect("a connection");
    tell(&world.app, id, &connection, fake).await
}

async fn jobs(world: &World) -> i64 {
    let text = "SELECT COUNT(*) FROM job WHERE kind = 'todo'";
    let (n,): (i64,) = world.app.db.read().one(text, args![]).await.expect("a count");
    n
}

#[test]
fn it_is_opened_for_whoever_got_the_draft_and_closed_with_it() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let (fake, id) = begun(&world, c).await;
        assert_eq!(jobs(&world).await, 1);
        *fake.fails_writes.lock().expect("a lock") = 1;
        told(&world, c, &fake, id).await.expect_err("no answer");
        for _ in 0..2 {
            told(&world, c, &fake, id).await.expect("told");
        }
        let written = fake.written.lock().expect("a lock").clone();
        assert_eq!(written.len(), 2, "the connector finds what is there by its marker");
        let Write::Todo { target, marker, open } = &written[0] else {
            panic!("{written:?}");
        };
        assert_eq!((target, marker), (&Target::deal("D1"), &format!("outlay-todo-{id}")));
        let open = open.as_ref().expect("something to be done");
        assert_eq!(open.who.as_deref(), Some("U1"));
        assert!(open.summary.contains("商机1"), "{}", open.summary);
        assert!(open.text.contains("/claims/"), "{}", open.text);
        let wang = world.id("wang").await;
        seed::act(&world, wang, id, Command::Withdraw { reason: String::new() }).await;
        assert_eq!(jobs(&world).await, 2);
        for _ in 0..2 {
            told(&world, c, &fake, id).await.expect("told");
        }
        let written = fake.written.lock().expect("a lock").clone();
        assert_eq!(written.len(), 3, "once closed, it is left alone");
        assert!(matches!(&written[2], Write::Todo { open: None, .. }), "{written:?}");
    });
}

#[test]
fn a_try_that_died_half_way_is_closed_all_the_same() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let (fake, id) = begun(&world, c).await;
        *fake.fails_writes.lock().expect("a lock") = 1;
        told(&world, c, &fake, id).await.expect_err("no answer");
        let wang = world.id("wang").await;
        seed::act(&world, wang, id, Command::Withdraw { reason: String::new() }).await;
        told(&world, c, &fake, id).await.expect("told");
        let written = fake.written.lock().expect("a lock").clone();
        assert!(matches!(written[..], [Write::Todo { open: None, .. }]), "{written:?}");
    });
}

#[test]
fn where_none_is_wanted_none_is_written() {
    on_both(|world| async move {
        let c = connection(&world).await;
        let (fake, id) = begun(&world, c).await;
        let written = world.app.db.write(|sql| {
            Box::pin(async move {
                Ok(sql
                    .run("UPDATE connection SET settings = '{\"todos\":false}'", args![])
                    .await?)
            })
        });
        written.await.expect("written");
        told(&world, c, &fake, id).await.expect("told");
        assert!(fake.written.lock().expect("a lock").is_empty());
    });
}
