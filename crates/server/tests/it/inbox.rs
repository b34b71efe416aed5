//! The inbox, the first page, search and the profile, as people use them.

use outlay_core::claim::{Claim, Command, Status};
use serde_json::json;

use crate::seed;
use crate::world::{Client, PASSWORD, World, on_both};

async fn submitted(world: &World, who: &str) -> Claim {
    let claim = seed::draft(world, who).await;
    seed::act(world, world.id(who).await, claim.id, Command::Submit).await
}

/// The first open task of somebody: id and hash.
pub(crate) async fn task(client: &Client) -> (String, String) {
    let list = client.get("/api/v1/tasks").await.expect(200).json();
    let task = &list["groups"][0]["tasks"][0];
    let text = |key: &str| {
        task[key]
            .as_str()
            .unwrap_or_else(|| panic!("{key} in {list}"))
            .to_owned()
    };
    (text("id"), text("hash"))
}

async fn now(world: &World, claim: &Claim) -> Claim {
    outlay::claims::store::load(&mut world.app.db.read(), claim.id)
        .await
        .expect("there")
}

#[test]
fn an_approver_sees_and_approves_and_finance_follows() {
    on_both(|world| async move {
        let claim = submitted(&world, "wang").await;
        let (chen, zhao) = (world.as_("chen").await, world.as_("zhao").await);
        let page = chen.get(&format!("/inbox?peek={}", claim.number)).await.expect(200);
        assert!(
            page.text.contains("王敏") && page.text.contains("轮到你"),
            "{}",
            page.text
        );
        let (id, hash) = task(&chen).await;
        let answer = chen
            .form(&format!("/tasks/{id}/approval"), &[("hash", &hash), ("comment", "好")])
            .await
            .expect(303);
        assert_eq!(answer.headers["location"], "/inbox");
        let done = chen.get("/api/v1/tasks?tab=done").await.expect(200).json();
        assert_eq!(done["groups"][0]["tasks"][0]["outcome"], "approved");
        assert_eq!(done["counts"]["todo"], 0);

        let (id, hash) = task(&zhao).await;
        let outcome = zhao
            .post(&format!("/api/v1/tasks/{id}/approval"), json!({"hash": hash}))
            .await
            .expect(200)
            .json();
        assert_eq!(outcome, json!({"claim": claim.number, "status": "approved"}));
        let started = world
            .as_("wang")
            .await
            .get("/api/v1/tasks?tab=started")
            .await
            .expect(200)
            .json();
        assert_eq!(started["groups"][0]["tasks"][0]["status"], "approved");
    });
}

#[test]
fn of_two_at_once_one_wins_and_the_other_hears_who() {
    on_both(|world| async move {
        let claim = submitted(&world, "wang").await;
        let chen = world.as_("chen").await;
        let (id, hash) = task(&chen).await;
        let path = format!("/api/v1/tasks/{id}/approval");
        let (first, second) = tokio::join!(
            chen.post(&path, json!({"hash": hash})),
            chen.post(&path, json!({"hash": hash}))
        );
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", first.text, second.text);
        let lost = if first.status == 409 { first } else { second }.json();
        assert_eq!(lost["code"], "decided");
        assert!(lost["title"].as_str().expect("words").contains("陈屿"), "{lost}");
        assert_eq!(
            now(&world, &claim).await.open_tasks().count(),
            1,
            "only finance is asked"
        );

        let page = chen
            .form(&format!("/tasks/{id}/rejection"), &[("reason", "不行")])
            .await
            .expect(409);
        assert!(
            page.text.contains("没有生效") && page.text.contains("同意了"),
            "{}",
            page.text
        );
        assert_eq!(now(&world, &claim).await.status(), Status::InReview);
    });
}

#[test]
fn what_was_not_seen_cannot_be_approved() {
    on_both(|world| async move {
        let claim = submitted(&world, "wang").await;
        let chen = world.as_("chen").await;
        let (id, _) = task(&chen).await;
        let path = format!("/api/v1/tasks/{id}/approval");
        let answer = chen.post(&path, json!({"hash": "0000"})).await.expect(409).json();
        assert_eq!(answer["code"], "changed");
        chen.post(&path, json!({"hash": "0", "extra": 1})).await.expect(422);
        let rejection = format!("/api/v1/tasks/{id}/rejection");
        chen.post(&rejection, json!({"hash": "0000", "reason": "x"}))
            .await
            .expect(409);
        chen.post(&rejection, json!({"reason": " "})).await.expect(422);
        assert_eq!(now(&world, &claim).await.status(), Status::InReview);
    });
}

#[test]
fn returned_and_withdrawn_claims_leave_the_inbox() {
    on_both(|world| async move {
        let claim = submitted(&world, "wang").await;
        let chen = world.as_("chen").await;
        let (id, _) = task(&chen).await;
        chen.form(&format!("/tasks/{id}/return"), &[("reason", "请补充用餐人数")])
            .await
            .expect(303);
        assert_eq!(now(&world, &claim).await.status(), Status::Returned);
        let home = world.as_("wang").await.get("/").await.expect(200);
        assert!(home.text.contains("请补充用餐人数"), "{}", home.text);

        seed::act(&world, world.id("wang").await, claim.id, Command::Submit).await;
        let (id, hash) = task(&chen).await;
        let withdraw = Command::Withdraw { reason: String::new() };
        seed::act(&world, world.id("wang").await, claim.id, withdraw).await;
        let answer = chen
            .post(&format!("/api/v1/tasks/{id}/approval"), json!({"hash": hash}))
            .await
            .expect(409)
            .json();
        assert!(answer["title"].as_str().expect("words").contains("撤回"), "{answer}");
        let list = chen.get("/api/v1/tasks").await.expect(200).json();
        assert_eq!(list["counts"]["todo"], 0);
    });
}

#[test]
fn a_task_is_transferred_to_a_colleague() {
    on_both(|world| async move {
        submitted(&world, "wang").await;
        let chen = world.as_("chen").await;
        let (id, _) = task(&chen).await;
        let path = format!("/api/v1/tasks/{id}/transfer");
        for (to, field) in [("nobody", "unknown"), ("", "missing")] {
            let answer = chen
                .post(&path, json!({"to": to, "reason": "休假"}))
                .await
                .expect(422)
                .json();
            assert_eq!(answer["fields"][0]["code"], field, "{answer}");
        }
        chen.post(&path, json!({"to": "wang@example.com", "reason": "休假"}))
            .await
            .expect(422);
        let options = chen.get("/inbox/people?to=%E6%9D%8E").await.expect(200);
        assert!(
            options.text.contains("李哲") && !options.text.contains("王敏"),
            "{}",
            options.text
        );
        chen.form(&format!("/tasks/{id}/transfer"), &[("to", "李哲"), ("reason", "休假")])
            .await
            .expect(303);
        let li = world.as_("li").await;
        let page = li.get("/inbox").await.expect(200);
        assert!(page.text.contains("王敏"));
        let (_, hash) = task(&li).await;
        assert!(!hash.is_empty());
    });
}

#[test]
fn strangers_to_a_claim_learn_nothing_of_it() {
    on_both(|world| async move {
        let claim = submitted(&world, "wang").await;
        let (chen, li, wang) = (world.as_("chen").await, world.as_("li").await, world.as_("wang").await);
        let (id, hash) = task(&chen).await;
        let path = format!("/api/v1/tasks/{id}/approval");
        li.post(&path, json!({"hash": hash})).await.expect(404);
        wang.post(&path, json!({"hash": hash})).await.expect(403);
        li.get(&format!("/inbox/peek/{}", claim.number)).await.expect(404);
        li.get(&format!("/inbox?peek={}", claim.number)).await.expect(404);
        chen.post("/api/v1/tasks/none/approval", json!({"hash": hash}))
            .await
            .expect(404);
        let found = li.get("/search?q=BX").await.expect(200);
        assert!(!found.text.contains(&claim.number));
        assert_eq!(world.stranger().get("/api/v1/tasks").await.status, 401);
    });
}

#[test]
fn the_list_goes_page_by_page() {
    on_both(|world| async move {
        const CLAIMS: usize = 53;
        for _ in 0..CLAIMS {
            submitted(&world, "wang").await;
        }
        let chen = world.as_("chen").await;
        let mut seen = Vec::new();
        let mut path = "/api/v1/tasks?filter=weak".to_owned();
        loop {
            let list = chen.get(&path).await.expect(200).json();
            assert_eq!(list["counts"]["todo"], CLAIMS);
            for group in list["groups"].as_array().expect("groups") {
                assert_eq!(group["count"], CLAIMS);
                seen.extend(
                    group["tasks"]
                        .as_array()
                        .expect("tasks")
                        .iter()
                        .map(|t| t["claim"].as_str().expect("number").to_owned()),
                );
            }
            match list["next"].as_str() {
                Some(next) => path = format!("/api/v1/tasks?filter=weak&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), CLAIMS);
        let mut sorted = seen.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), CLAIMS);
        assert_eq!(seen, sorted, "longest waiting first");
        chen.get("/api/v1/tasks?after=x").await.expect(422);
        let page = chen.get("/inbox").await.expect(200);
        assert!(page.text.contains("下一页"));
    });
}

#[test]
fn the_palette_finds_numbers_words_names_and_amounts() {
    on_both(|world| async move {
        let claim = submitted(&world, "wang").await;
        let chen = world.as_("chen").await;
        let amount = claim.content.claimed().grouped();
        for q in [claim.number.to_lowercase().as_str(), "王敏", amount.as_str()] {
            let found = chen.get(&outlay_link(q)).await.expect(200).json();
            assert_eq!(found["claims"][0]["number"], *claim.number, "{q}: {found}");
        }
        let nothing = chen.get("/api/v1/search?q=%E4%B8%8D%E5%AD%98").await.expect(200).json();
        assert_eq!(nothing["claims"], json!([]));
        assert_eq!(nothing["people"], json!([]));
        let admin = world
            .as_("ange")
            .await
            .get(&outlay_link("王敏"))
            .await
            .expect(200)
            .json();
        assert_eq!(admin["people"][0]["name"], "王敏");
        assert_eq!(admin["claims"], json!([]), "administrators read no claims");
        chen.get("/api/v1/search").await.expect(200);
    });
}

fn outlay_link(q: &str) -> String {
    outlay::shell::link("/api/v1/search", &[("q", q)])
}

#[test]
fn the_first_page_tells_of_money_on_the_way_and_drafts() {
    on_both(|world| async move {
        let claim = submitted(&world, "wang").await;
        let draft = seed::draft(&world, "wang").await;
        let wang = world.as_("wang").await;
        let home = wang.get("/api/v1/home").await.expect(200).json();
        assert_eq!(home["way"][0]["claim"], *claim.number);
        assert_eq!(
            (&home["way"][0]["done"], &home["way"][0]["steps"]),
            (&json!(1), &json!(4))
        );
        assert_eq!(home["way_totals"][0]["amount"], claim.content.claimed().plain());
        assert_eq!(home["todos"][0]["claim"], *draft.number);
        assert_eq!(home["deals"][0]["pending"]["amount"], claim.content.claimed().plain());
        let page = wang.get("/").await.expect(200);
        assert!(page.text.contains("在路上的钱"), "{}", page.text);
    });
}

#[test]
fn a_proposal_from_the_crm_is_shown_with_its_source_and_can_be_dismissed() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let id = world.id("wang").await;
        let start = outlay::claims::Start::Deal(world.deal);
        let mut new = outlay::claims::fill(&mut world.app.db.read(), &world.app, id, start)
            .await
            .expect("filled");
        new.origin = Some(format!("won:{}", world.deal));
        let claim = seed::begin(&world, new).await;
        let home = wang.get("/api/v1/home").await.expect(200).json();
        assert_eq!(home["proposals"][0]["claim"], *claim.number);
        assert_eq!(home["proposals"][0]["record"], "OPP-1");
        assert_eq!(home["todos"], json!([]), "a proposal is not a duty");
        let page = wang.get("/").await.expect(200);
        assert!(
            page.text.contains("OPP-1") && page.text.contains("赢单"),
            "{}",
            page.text
        );
        let path = format!("/claims/{}/withdrawal", claim.number);
        let answer = wang.form(&path, &[("back", "/")]).await.expect(303);
        assert_eq!(answer.headers["location"], "/");
        assert_eq!(now(&world, &claim).await.status(), Status::Withdrawn);
        let home = wang.get("/api/v1/home").await.expect(200).json();
        assert_eq!(home["proposals"], json!([]));
    });
}

#[test]
fn preferences_are_kept() {
    on_both(|world| async move {
        let wang = world.as_("wang").await;
        let answer = wang
            .form(
                "/me/preferences",
                &[("language", "en"), ("theme", "dark"), ("keys_shown", "1")],
            )
            .await
            .expect(303);
        let cookies: Vec<&str> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|c| c.to_str().ok())
            .collect();
        for cookie in ["outlay_lang=en;", "outlay_theme=dark;", "outlay_keys=off;"] {
            assert!(cookies.iter().any(|c| c.starts_with(cookie)), "{cookie} in {cookies:?}");
        }
        let page = wang.get("/me").await.expect(200);
        assert!(
            page.text.contains("Log out everywhere"),
            "the locale holds without a cookie"
        );
        wang.put("/api/v1/me/preferences", json!({"locale": "zh-CN"}))
            .await
            .expect(204);
        wang.put("/api/v1/me/preferences", json!({"locale": "tlh"}))
            .await
            .expect(422);
        wang.form("/me/preferences", &[("theme", "pink")]).await.expect(422);
        assert_eq!(wang.get("/api/v1/me").await.expect(200).json()["locale"], "zh-CN");
    });
}

#[test]
fn a_new_password_ends_other_sessions() {
    on_both(|world| async move {
        let (here, there) = (world.as_("wang").await, world.as_("wang").await);
        let wrong = here
            .form("/me/password", &[("current", "no"), ("new", "battery staple")])
            .await
            .expect(422);
        assert!(wrong.text.contains("aria-invalid"), "{}", wrong.text);
        let short = json!({"current": PASSWORD, "new": "short"});
        let answer = here.post("/api/v1/me/password", short).await.expect(422).json();
        assert_eq!(answer["fields"][0]["code"], "too-short");
        let answer = here
            .form("/me/password", &[("current", PASSWORD), ("new", "battery staple")])
            .await
            .expect(303);
        assert!(
            answer.headers["set-cookie"]
                .to_str()
                .expect("text")
                .starts_with("outlay_session=")
        );
        assert_eq!(there.get("/api/v1/me").await.status, 401);
        let form = [("email", "wang@example.com"), ("password", "battery staple")];
        world.stranger().form("/login", &form).await.expect(303);
    });
}

#[test]
fn logging_out_everywhere_ends_every_session() {
    on_both(|world| async move {
        let (here, there) = (world.as_("wang").await, world.as_("wang").await);
        here.form("/me/sessions/end", &[]).await.expect(303);
        assert_eq!(
            (
                here.get("/api/v1/me").await.status,
                there.get("/api/v1/me").await.status
            ),
            (401, 401)
        );
    });
}
