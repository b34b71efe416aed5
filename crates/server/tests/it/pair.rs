//! Two servers, each a process with a worker beside it, on one PostgreSQL: no step is doubled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use outlay::app::App;
use outlay::args;
use outlay_core::claim::Claim;
use serde_json::{Value, json};

use crate::kill::servers::{Place, Server};
use crate::kill::{Heard, Person, facts};
use crate::world::own_database;

/// Claims whose time limits run out, and claims that are approved.
const EACH: usize = 8;

#[test]
fn two_servers_on_one_postgresql_double_no_step() {
    let Ok(server) = std::env::var("OUTLAY_TEST_POSTGRES") else {
        return eprintln!("NOT RUN: OUTLAY_TEST_POSTGRES is not set");
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let database = own_database(&server).await;
        let place = Arc::new(Place::make(folder.path().join("data"), Some(database)));
        let first = Server::start(place.clone()).await;
        let numbers = hand_in(&place).await;
        // Both begin anew, and at once, with claims whose limits are over: each looks for such as soon as it runs.
        drop(first);
        let (late, asked) = numbers.split_at(EACH);
        let app = App::beside(place.config()).await.expect("opened");
        for number in late {
            overdue(&app, number).await;
        }
        let other = Arc::new(place.beside());
        let (_one, _two) = tokio::join!(Server::start(place.clone()), Server::start(other.clone()));
        for who in ["chen", "zhao"] {
            approve_on_both(&app, [&place.address, &other.address], who, asked).await;
        }
        for number in late {
            wait_for(&app, number, "fired", 2).await;
        }
        // Whoever came second has had time to do it again.
        tokio::time::sleep(Duration::from_secs(2)).await;
        for number in late {
            let told = kinds(&app, number).await;
            assert_eq!(
                told.get("fired"),
                Some(&2),
                "{number}: one reminder, one escalation: {told:?}"
            );
            assert_eq!(told.get("transferred"), Some(&1), "{number}: {told:?}");
        }
        for number in asked {
            let told = kinds(&app, number).await;
            assert_eq!(told.get("approved"), Some(&2), "{number}: two levels: {told:?}");
        }
        let mut sql = app.db.read();
        let torn: Vec<(String,)> = sql
            .all(
                "SELECT c.number FROM claim c JOIN event e ON e.claim_id = c.id GROUP BY c.id, c.number, c.version \
                 HAVING COUNT(e.n) <> c.version OR MAX(e.n) <> c.version",
                args![],
            )
            .await
            .expect("read");
        assert_eq!(torn, [], "events are not 1..=n");
        let payable: (i64, i64) = sql
            .one(
                "SELECT COUNT(*), COUNT(DISTINCT p.claim_id) FROM payable p JOIN claim c ON c.id = p.claim_id WHERE c.title LIKE 'pair-%'",
                args![],
            )
            .await
            .expect("read");
        let each = i64::try_from(EACH).expect("few");
        assert_eq!(payable, (each, each), "each that was approved is payable once");
    });
}

/// Claims of 王敏's that wait for 陈屿, by number.
async fn hand_in(place: &Arc<Place>) -> Vec<String> {
    let heard = Arc::new(Heard::default());
    let me = Person::log_in(&place.address, "wang", &heard).await;
    let (_, deals) = facts(place).await;
    let day = outlay::clock::day(outlay::clock::now(), "Asia/Shanghai").to_string();
    let line =
        |category: &str, amount: &str| json!({"category": category, "incurred_on": day, "paid": {"amount": amount}});
    let mut numbers = Vec::new();
    for n in 0..2 * EACH {
        let content = json!({
            "title": format!("pair-{n}"), "purpose": "产线检测", "links": {"deal": deals["wang"]},
            "lines": [line("travel.taxi", "88.00"), line("meals", "61.00")],
        });
        let (status, made) = me
            .create("/api/v1/claims", &format!("pair-{n}"), &json!({"content": content}))
            .await
            .expect("an answer");
        assert_eq!(status, 201, "{made}");
        let number = made["number"].as_str().expect("a number").to_owned();
        let (status, answer) = me
            .post(&format!("/api/v1/claims/{number}/submission"), &json!({}))
            .await
            .expect("an answer");
        assert_eq!(status, 200, "{answer}");
        numbers.push(number);
    }
    numbers
}

/// Lets the time limits of a claim be over.
async fn overdue(app: &Arc<App>, number: &str) {
    let mut claim: Claim = outlay::claims::store::by_number(&mut app.db.read(), number)
        .await
        .expect("there");
    let timers = claim.run.iter_mut().flat_map(|s| &mut s.timers);
    for (n, timer) in timers.enumerate() {
        timer.at = outlay::clock::moment(i64::try_from(n).expect("few") + 1);
    }
    let (id, body) = (claim.id, serde_json::to_string(&claim).expect("JSON"));
    app.db
        .write(move |sql| {
            let body = body.clone();
            Box::pin(async move {
                let text = "UPDATE claim SET body = $1, due_at = 1 WHERE id = $2";
                Ok(sql.run(text, args![body, id]).await?)
            })
        })
        .await
        .expect("changed");
}

/// Approves the tasks of somebody at both servers at once, twice each: one of the four counts.
async fn approve_on_both(app: &Arc<App>, addresses: [&str; 2], who: &str, claims: &[String]) {
    let heard = Arc::new(Heard::default());
    let one = Person::log_in(addresses[0], who, &heard).await;
    let two = Person::log_in(addresses[1], who, &heard).await;
    let org = app.org(&mut app.db.read()).await.expect("the organisation");
    let email = outlay::demo::email(who);
    let me = org.employees().find(|e| e.email == email).expect("known").id;
    let mut all = tokio::task::JoinSet::new();
    for number in claims {
        let claim = outlay::claims::store::by_number(&mut app.db.read(), number)
            .await
            .expect("there");
        let task = claim.open_tasks().find(|t| t.assignee == me).expect("their task").id;
        let path = format!("/api/v1/tasks/{task}/approval");
        let body = json!({"hash": claim.content.hash()});
        let (one, two, number) = (one.clone(), two.clone(), number.clone());
        all.spawn(async move {
            let answers = tokio::join!(
                one.post(&path, &body),
                two.post(&path, &body),
                one.post(&path, &body),
                two.post(&path, &body)
            );
            let answers: [Option<(u16, Value)>; 4] = answers.into();
            let done = answers.iter().flatten().filter(|(status, _)| *status == 200).count();
            let late = answers.iter().flatten().filter(|(status, _)| *status == 409).count();
            assert_eq!((done, late), (1, 3), "{number}: {answers:?}");
        });
    }
    while let Some(done) = all.join_next().await {
        done.expect("approved once");
    }
}

/// How often each kind of event is in the trail of a claim.
async fn kinds(app: &Arc<App>, number: &str) -> BTreeMap<String, i64> {
    let text =
        "SELECT e.kind, COUNT(*) FROM event e JOIN claim c ON c.id = e.claim_id WHERE c.number = $1 GROUP BY e.kind";
    let rows: Vec<(String, i64)> = app.db.read().all(text, args![number]).await.expect("read");
    rows.into_iter().collect()
}

async fn wait_for(app: &Arc<App>, number: &str, kind: &str, times: i64) {
    for _ in 0..600 {
        if kinds(app, number).await.get(kind).is_some_and(|n| *n >= times) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{number}: {kind} did not come");
}
