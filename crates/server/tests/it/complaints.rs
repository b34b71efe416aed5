//! What goes wrong elsewhere, from public issue trackers of other products, where it takes a server to show that it does not go wrong
//! here. What the core alone decides is in `crates/core/tests/complaints.rs`.

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::civil::date;
use outlay::app::App;
use outlay::auth::Permit;
use outlay::{args, http, policies};
use outlay_core::claim::{Command, Status};
use outlay_core::flow;
use serde_json::{Value, json};

use crate::inbox::task;
use crate::seed;
use crate::world::{Client, World, on_both};

/// The world's server and two more on the same database; on SQLite, where one alone may write, the same one three times.
async fn three_replicas(world: &World, who: &str) -> [Client; 3] {
    let me = world.as_(who).await;
    let secret = me.cookie.clone();
    let mut others = Vec::new();
    for _ in 0..2 {
        let mut base = me.base.clone();
        if world.app.db.is_shared() {
            let app = App::open(world.app.config.clone()).await.expect("opened");
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            base = format!("http://{}", listener.local_addr().expect("an address"));
            let router = http::router(app).into_make_service_with_connect_info::<SocketAddr>();
            tokio::spawn(async move { axum::serve(listener, router).await });
        }
        others.push(Client {
            base,
            cookie: secret.clone(),
            http: me.http.clone(),
        });
    }
    let [second, third] = <[Client; 2]>::try_from(others).unwrap_or_else(|_| unreachable!("two"));
    [me, second, third]
}

async fn count(world: &World, kind: &str, number: &str) -> i64 {
    let text = "SELECT COUNT(*) FROM event e JOIN claim c ON c.id = e.claim_id WHERE e.kind = $1 AND c.number = $2";
    let (n,): (i64,) = world
        .app
        .db
        .read()
        .one(text, args![kind, number])
        .await
        .expect("counted");
    n
}

async fn publish_flow(world: &World, body: String) {
    let (entity, permit) = (world.cn, Permit::system("test", "publish"));
    world
        .app
        .db
        .write(move |sql| {
            let (body, permit) = (body.clone(), permit.clone());
            Box::pin(async move { policies::publish_flow(sql, &permit, entity, date(2020, 1, 1), &body).await })
        })
        .await
        .expect("published");
}

#[test]
fn with_three_replicas_each_level_is_approved_twice() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "wang").await;
        seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        for level in ["chen", "zhao"] {
            let replicas = three_replicas(&world, level).await;
            let (id, hash) = task(&replicas[0]).await;
            let path = format!("/api/v1/tasks/{id}/approval");
            let ask = |client: &Client| {
                let (url, body) = (format!("{}{path}", client.base), json!({"hash": hash}));
                client.http.post(url).json(&body)
            };
            let [one, two, three] = &replicas;
            let (a, b, c) = tokio::join!(one.send(ask(one)), two.send(ask(two)), three.send(ask(three)));
            let mut statuses = [a.status, b.status, c.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409, 409], "{level}: {} {} {}", a.text, b.text, c.text);
        }
        assert_eq!(count(&world, "approved", &claim.number).await, 2, "one for each level");
        let now = outlay::claims::store::load(&mut world.app.db.read(), claim.id)
            .await
            .expect("there");
        assert_eq!(now.status(), Status::Approved);
    });
}

#[test]
fn the_document_is_edited_after_the_approvers_mail_went_out() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "wang").await;
        let wang = world.id("wang").await;
        seed::act(&world, wang, claim.id, Command::Submit).await;
        let (chen, zhao) = (world.as_("chen").await, world.as_("zhao").await);
        let (_, old) = task(&chen).await;
        // Taken back, made dearer, handed in again: what the mail showed is not what would be approved.
        seed::act(&world, wang, claim.id, Command::Recall).await;
        let mut content = claim.content.clone();
        content.lines[0].paid.minor += 1_00;
        content.lines[0].claimed = content.lines[0].paid;
        content.lines[0].allocations[0].amount = content.lines[0].paid;
        let sources = claim.sources.clone();
        seed::act(&world, wang, claim.id, Command::Edit { content, sources }).await;
        seed::act(&world, wang, claim.id, Command::Submit).await;
        let (id, hash) = task(&chen).await;
        assert_ne!(hash, old);
        let path = format!("/api/v1/tasks/{id}/approval");
        let refused = chen.post(&path, json!({"hash": old})).await.expect(409).json();
        assert_eq!(refused["code"], "changed");
        assert_eq!(count(&world, "approved", &claim.number).await, 0);
        chen.post(&path, json!({"hash": hash})).await.expect(200);
        // Cut by finance, it is another content again: whoever signed is asked anew.
        let (id, hash) = task(&zhao).await;
        zhao.post(&format!("/api/v1/tasks/{id}/approval"), json!({"hash": old}))
            .await
            .expect(409);
        zhao.post(&format!("/api/v1/tasks/{id}/approval"), json!({"hash": hash}))
            .await
            .expect(200);
    });
}

#[test]
fn a_changed_definition_hides_running_documents() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "wang").await;
        seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        let (head, _) = flow::STANDARD.split_once("steps:").expect("steps");
        let step = "steps:\n  - { id: boss, name: { zh: 总经理, en: Boss }, who: !role finance }\n";
        publish_flow(&world, format!("{}{step}", head.replace("version: 1", "version: 2"))).await;
        let (wang, chen, zhao) = (
            world.as_("wang").await,
            world.as_("chen").await,
            world.as_("zhao").await,
        );
        let started = wang.get("/api/v1/tasks?tab=started").await.expect(200).json();
        assert_eq!(
            started["groups"][0]["tasks"][0]["claim"],
            json!(claim.number),
            "{started}"
        );
        chen.get(&format!("/claims/{}", claim.number)).await.expect(200);
        for who in [&chen, &zhao] {
            let (id, hash) = task(who).await;
            who.post(&format!("/api/v1/tasks/{id}/approval"), json!({"hash": hash}))
                .await
                .expect(200);
        }
        let seen = wang
            .get(&format!("/api/v1/claims/{}", claim.number))
            .await
            .expect(200)
            .json();
        assert_eq!(seen["status"], "approved");
        let flows: Vec<(String,)> = world
            .app
            .db
            .read()
            .all(
                "SELECT DISTINCT flow FROM event WHERE claim_id = $1 AND kind = 'approved'",
                args![claim.id],
            )
            .await
            .expect("read");
        assert_eq!(
            flows,
            [("standard@1".to_owned(),)],
            "it ends on the version that it began on"
        );
    });
}

#[test]
fn removing_an_employee_erases_the_history() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "wang").await;
        seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        let (chen, zhao, ange) = (
            world.as_("chen").await,
            world.as_("zhao").await,
            world.as_("ange").await,
        );
        let (id, hash) = task(&chen).await;
        chen.post(&format!("/api/v1/tasks/{id}/approval"), json!({"hash": hash}))
            .await
            .expect(200);
        for who in ["chen", "wang"] {
            let path = format!("/api/v1/employees/{}", world.id(who).await);
            ange.post(&format!("{path}/deactivation"), json!(null))
                .await
                .expect(204);
            // There is no other way to be rid of somebody.
            let removed = ange.send(ange.http.delete(format!("{}{path}", ange.base))).await;
            assert_eq!(removed.status, 405, "{}", removed.text);
        }
        let page = zhao.get(&format!("/claims/{}", claim.number)).await.expect(200);
        assert!(
            page.text.contains("陈屿") && page.text.contains("王敏"),
            "{}",
            page.text
        );
        assert_eq!(count(&world, "approved", &claim.number).await, 1);
        let now = outlay::claims::store::load(&mut world.app.db.read(), claim.id)
            .await
            .expect("there");
        assert_eq!(now.signers().collect::<Vec<_>>(), [world.id("chen").await]);
    });
}

#[test]
fn a_deleted_user_blocks_even_the_admin() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "wang").await;
        seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        let ange = world.as_("ange").await;
        let chen = world.id("chen").await;
        ange.post(&format!("/api/v1/employees/{chen}/deactivation"), json!(null))
            .await
            .expect(204);
        // Whoever stands in is asked at once, and the claim ends.
        for who in ["boss", "zhao"] {
            let client = world.as_(who).await;
            let (id, hash) = task(&client).await;
            client
                .post(&format!("/api/v1/tasks/{id}/approval"), json!({"hash": hash}))
                .await
                .expect(200);
        }
        let now = outlay::claims::store::load(&mut world.app.db.read(), claim.id)
            .await
            .expect("there");
        assert_eq!(now.status(), Status::Approved);
    });
}

#[test]
fn an_admin_deletes_the_audit_messages() {
    on_both(|world| async move {
        let claim = seed::draft(&world, "wang").await;
        seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        let (ange, audit) = (world.as_("ange").await, world.as_("audit").await);
        let before = audit.get("/api/v1/audit").await.expect(200).json();
        let events = count(&world, "submitted", &claim.number).await;
        // No address takes anything away from the trail, whoever asks.
        for path in ["/api/v1/audit".to_owned(), format!("/api/v1/claims/{}", claim.number)] {
            for client in [&ange, &audit] {
                let gone = client.send(client.http.delete(format!("{}{path}", client.base))).await;
                assert!(
                    [403, 404, 405].contains(&gone.status),
                    "{path}: {} {}",
                    gone.status,
                    gone.text
                );
            }
        }
        let api: Value = ange.get("/api/openapi.json").await.expect(200).json();
        let paths = api["paths"].as_object().expect("paths");
        let erasing = paths
            .iter()
            .filter(|(path, _)| path.contains("audit") || path.contains("event"))
            .filter(|(_, verbs)| ["delete", "put", "patch"].iter().any(|verb| verbs.get(verb).is_some()));
        assert_eq!(erasing.count(), 0, "{paths:?}");
        let after = audit.get("/api/v1/audit").await.expect(200).json();
        assert_eq!(before["entries"], after["entries"]);
        assert_eq!((events, count(&world, "submitted", &claim.number).await), (1, 1));
    });
}

/// Publishing under load, and an older text published again: each claim ends on the version that it was judged by.
#[test]
fn a_definition_published_or_rolled_back_under_load_changes_running_documents() {
    on_both(|world| async move {
        let world = Arc::new(world);
        let wang = world.id("wang").await;
        let (head, _) = flow::STANDARD.split_once("steps:").expect("steps");
        let alone =
            format!("{head}steps:\n  - {{ id: finance, name: {{ zh: 财务, en: Finance }}, who: !role finance }}\n");
        let mut running = Vec::new();
        let mut all = Vec::new();
        // In each round claims are handed in and signed while a version is published: odd ones ask two, even ones finance alone.
        for version in 2..8u32 {
            let body = if version % 2 == 0 {
                alone.as_str()
            } else {
                flow::STANDARD
            };
            let body = body.replace("version: 1", &format!("version: {version}"));
            let mut tasks = tokio::task::JoinSet::new();
            for claim in std::mem::take(&mut running) {
                let world = world.clone();
                tasks.spawn(async move {
                    sign_once(&world, claim).await;
                    claim
                });
            }
            for _ in 0..3 {
                let world = world.clone();
                tasks.spawn(async move {
                    let claim = seed::draft(&world, "wang").await;
                    seed::act(&world, wang, claim.id, Command::Submit).await.id
                });
            }
            publish_flow(&world, body).await;
            while let Some(done) = tasks.join_next().await {
                let claim = done.expect("no task failed");
                running.push(claim);
                all.push(claim);
            }
        }
        all.sort_unstable();
        all.dedup();
        let mut seen = std::collections::BTreeSet::new();
        for id in all {
            let claim = seed::approve(&world, id).await;
            assert_eq!(claim.status(), Status::Approved, "{}", claim.number);
            let text = "SELECT DISTINCT flow FROM event WHERE claim_id = $1 AND flow IS NOT NULL";
            let flows: Vec<(String,)> = world.app.db.read().all(text, args![id]).await.expect("read");
            let [(version,)] = flows.as_slice() else {
                panic!("{} ran on {flows:?}", claim.number)
            };
            let number: u32 = version.trim_start_matches("standard@").parse().expect("a number");
            let signers = if number.is_multiple_of(2) { 1 } else { 2 };
            assert_eq!(claim.signers().count(), signers, "{} on {version}", claim.number);
            assert_eq!(
                count(&world, "approved", &claim.number).await,
                i64::try_from(signers).expect("few")
            );
            seen.insert(number);
        }
        assert!(seen.len() >= 4, "the load met too few versions: {seen:?}");
    });
}

/// Signs the first open task of a claim, if it has one.
async fn sign_once(world: &World, id: outlay_core::ids::ClaimId) {
    let claim = outlay::claims::store::load(&mut world.app.db.read(), id)
        .await
        .expect("there");
    let Some(task) = claim.open_tasks().next() else { return };
    let command = Command::Approve {
        task: task.id,
        hash: claim.content.hash(),
        comment: String::new(),
    };
    seed::act(world, task.assignee, id, command).await;
}
