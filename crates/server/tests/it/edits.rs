//! Fields changed here that go to the CRM: a fake Odoo behind a real connection, edited by its owner over HTTP.

use std::time::Duration;

use outlay::args;
use outlay::connections::pull;
use outlay::jobs::{Handlers, Pace, Runner};
use outlay_core::ids::ConnectionId;
use outlay_fakes::odoo::{FakeOdoo, KEY};
use outlay_fakes::{Fault, odoo};
use serde_json::{Value, json};

use crate::world::{Client, World, on_both};

/// A company whose CRM has 恒川 with a phone, a contact and an open deal, all 王敏's.
struct Sales {
    odoo: FakeOdoo,
    connection: ConnectionId,
    account: String,
    contact: String,
    deal: String,
    /// Ids in Odoo.
    partner: i64,
    lead: i64,
    wang: Client,
}

const PHONE: &str = "021-1111";

async fn sales(world: &World) -> Sales {
    let fake = FakeOdoo::new(19);
    let (partner, lead) = {
        let mut db = fake.db();
        db.clock = outlay::clock::now().as_microsecond() - 3_600_000_000;
        let user = db.add_user("王敏", "wang");
        let partner = db.add(
            "res.partner",
            json!({"name": "恒川", "is_company": true, "phone": PHONE, "city": "上海", "user_id": user, "partner_share": true}),
        );
        db.add(
            "res.partner",
            json!({"name": "何工", "parent_id": partner, "email": "he@hc.cn", "partner_share": true}),
        );
        let lead = db.add(
            "crm.lead",
            json!({"name": "二期", "partner_id": partner, "user_id": user, "expected_revenue": 1000.5}),
        );
        // So that the stages are known.
        for stage in [2, 3] {
            db.add("crm.lead", json!({"name": "旧", "user_id": 1, "stage_id": stage}));
        }
        (partner, lead)
    };
    let ange = world.as_("ange").await;
    let new = json!({"kind": "odoo", "name": "Odoo", "settings": {"url": fake.serve().await, "key": KEY, "login": odoo::LOGIN}});
    let made = ange.post("/api/v1/connections", new).await.expect(201).json();
    let connection: ConnectionId = made["id"].as_str().expect("an id").parse().expect("an id");
    let mut sales = Sales {
        odoo: fake,
        connection,
        account: String::new(),
        contact: String::new(),
        deal: String::new(),
        partner,
        lead,
        wang: world.as_("wang").await,
    };
    sales.pull(world).await;
    let id = async |text: &'static str, name: &str| {
        let (id,): (String,) = world.app.db.read().one(text, args![name]).await.expect(text);
        id
    };
    sales.account = id(
        "SELECT id FROM account WHERE name = $1 AND connection_id IS NOT NULL",
        "恒川",
    )
    .await;
    sales.contact = id("SELECT id FROM contact WHERE name = $1", "何工").await;
    sales.deal = id("SELECT id FROM deal WHERE name = $1", "二期").await;
    sales
}

impl Sales {
    async fn pull(&self, world: &World) {
        let report = pull(&world.app, self.connection).await.expect("pulled");
        assert_eq!((report.error, report.refused), (None, 0));
    }

    /// Lets somebody change a record in Odoo, whose clock has moved on.
    fn change(&self, model: &str, id: i64, vals: Value) {
        let mut db = self.odoo.db();
        db.pass(60);
        db.set(model, id, vals);
    }

    /// Sets Odoo's clock so many seconds after ours.
    fn set_clock(&self, seconds: i64) {
        self.odoo.db().clock = outlay::clock::now().as_microsecond() + seconds * 1_000_000;
    }

    /// Loses the answer to the next write of an account: it is asked for language, fields and record before.
    fn lose_the_answer(&self) {
        self.odoo.faults.pass(3);
        self.odoo.faults.next(1, Fault::LostAnswer);
    }

    fn held(&self, model: &str, id: i64, field: &str) -> Value {
        self.odoo.db().model(model).rows[&id][field].clone()
    }

    async fn edit(&self, path: &str, fields: Value) -> Value {
        let body = json!({"fields": fields});
        patch(&self.wang, path, body).await.expect(202).json()
    }

    async fn edit_phone(&self, phone: &str) -> String {
        let edits = self.edit(&self.at_account(), json!({"phone": phone})).await;
        edits[0]["id"].as_str().expect("an id").to_owned()
    }

    fn at_account(&self) -> String {
        format!("/api/v1/accounts/{}", self.account)
    }

    async fn account(&self) -> Value {
        self.wang.get(&self.at_account()).await.expect(200).json()
    }

    /// State and reason of the account's newest edit.
    async fn newest(&self) -> (String, String) {
        let account = self.account().await;
        let text = |name: &str| account["edits"][0][name].as_str().unwrap_or_default().to_owned();
        (text("state"), text("reason"))
    }

    async fn policy(&self, world: &World, policy: &str) {
        let ange = world.as_("ange").await;
        let path = format!("/api/v1/connections/{}/write-policies", self.connection);
        let body = json!([{"object": "account", "field": "phone", "policy": policy}]);
        ange.put(&path, body).await.expect(204);
    }
}

async fn patch(client: &Client, path: &str, body: Value) -> crate::world::Answer {
    client
        .send(client.http.patch(format!("{}{path}", client.base)).json(&body))
        .await
}

/// Does the jobs that are due.
async fn work(world: &World) {
    let pace = Pace {
        first_wait: Duration::ZERO,
        patience: Duration::ZERO,
        ..Pace::default()
    };
    let runner = Runner::new(world.app.clone(), Handlers::ours(&world.app).expect("handlers"), pace);
    runner.pass().await.expect("worked");
}

#[test]
fn a_phone_changed_here_is_in_the_crm_after_one_pass_of_the_jobs() {
    on_both(|world| async move {
        let s = sales(&world).await;
        let fields = s
            .wang
            .get(&format!("{}/fields", s.at_account()))
            .await
            .expect(200)
            .json();
        let names: Vec<&str> = fields["fields"]
            .as_array()
            .expect("fields")
            .iter()
            .filter_map(|f| f["field"].as_str())
            .collect();
        assert_eq!(names, ["name", "tax_id", "city", "phone", "email", "website"]);
        let edits = s
            .edit(
                &s.at_account(),
                json!({"phone": " 021-2222 ", "city": "上海", "website": "https://hc.cn"}),
            )
            .await;
        assert_eq!(
            edits.as_array().map(Vec::len),
            Some(2),
            "what is as it was is no change: {edits}"
        );
        // Shown at once, on its way.
        let account = s.account().await;
        assert_eq!(
            (&account["phone"], &account["website"]),
            (&json!("021-2222"), &json!("https://hc.cn"))
        );
        assert_eq!(account["edits"][0]["state"], "pending");
        let page = s
            .wang
            .get(&format!("/crm/accounts/{}", s.account))
            .await
            .expect(200)
            .text;
        assert!(page.contains("021-2222") && page.contains("正在写入 Odoo"), "{page}");
        // A pull that still brings the old value undoes nothing.
        s.change("res.partner", s.partner, json!({"comment": "x"}));
        s.pull(&world).await;
        assert_eq!(s.account().await["phone"], "021-2222");
        assert_eq!(s.newest().await.0, "pending");
        work(&world).await;
        assert_eq!(s.held("res.partner", s.partner, "phone"), "021-2222");
        assert_eq!(s.held("res.partner", s.partner, "website"), "https://hc.cn");
        let account = s.account().await;
        assert_eq!(
            (&account["phone"], &account["edits"][0]["state"]),
            (&json!("021-2222"), &json!("written"))
        );
        assert!(account["edits"][0]["seen_at"].is_string(), "our own echo: {account}");
        let page = s
            .wang
            .get(&format!("/crm/accounts/{}", s.account))
            .await
            .expect(200)
            .text;
        assert!(page.contains("起已在 Odoo 中"), "{page}");
        let (audited,): (i64,) = world
            .app
            .db
            .read()
            .one(
                "SELECT COUNT(*) FROM audit_entry WHERE action = 'writeRecord' AND detail = 'edit phone website'",
                args![],
            )
            .await
            .expect("counted");
        assert_eq!(audited, 1);
    });
}

#[test]
fn the_form_of_the_page_changes_contact_and_deal() {
    on_both(|world| async move {
        let s = sales(&world).await;
        let page = s
            .wang
            .get(&format!("/crm/deals/{}?edit=true", s.deal))
            .await
            .expect(200)
            .text;
        assert!(
            page.contains("name=\"seen.stage\"") && page.contains("保存到 Odoo"),
            "{page}"
        );
        let form = [
            ("seen.stage", "新商机"),
            ("stage", "已确认"),
            ("seen.amount", "1000.50 CNY"),
            ("amount", "2,500"),
            ("currency.amount", "CNY"),
        ];
        let path = format!("/crm/deals/{}/fields", s.deal);
        s.wang.form(&path, &form).await.expect(422);
        let form = form.map(|(name, value)| (name, if value == "2,500" { "2500" } else { value }));
        s.wang.form(&path, &form).await.expect(303);
        let path = format!("/crm/contacts/{}/fields", s.contact);
        s.wang.form(&path, &[("email", "he")]).await.expect(422);
        s.wang
            .form(&path, &[("email", "he@new.cn"), ("title", "总工")])
            .await
            .expect(303);
        work(&world).await;
        assert_eq!(s.held("crm.lead", s.lead, "stage_id"), 2);
        assert_eq!(s.held("crm.lead", s.lead, "expected_revenue").as_f64(), Some(2500.0));
        let page = s
            .wang
            .get(&format!("/crm/contacts/{}", s.contact))
            .await
            .expect(200)
            .text;
        assert!(page.contains("he@new.cn") && page.contains("总工"), "{page}");
    });
}

#[test]
fn what_the_crm_changed_meanwhile_is_settled_by_the_policy_of_the_field() {
    on_both(|world| async move {
        let s = sales(&world).await;
        // (policy, whether the CRM's change is older than ours, what the CRM holds in the end, state, reason)
        let cases = [
            ("latest", true, "ours", "written", ""),
            ("ask", false, "theirs", "conflict", ""),
            ("crm", false, "theirs", "withdrawn", "crm"),
            ("outlay", false, "ours", "written", ""),
            ("latest", false, "theirs", "withdrawn", "latest"),
        ];
        for (n, (policy, older, holds, state, reason)) in cases.into_iter().enumerate() {
            s.policy(&world, policy).await;
            let (theirs, ours) = (format!("theirs {n}"), format!("ours {n}"));
            if !older {
                s.set_clock(60 * (i64::try_from(n).expect("few") + 1));
            }
            s.edit_phone(&ours).await;
            s.change("res.partner", s.partner, json!({"phone": theirs}));
            // By the push for some, by a pull for others.
            if n % 2 == 0 {
                s.pull(&world).await;
            }
            work(&world).await;
            let held = s.held("res.partner", s.partner, "phone");
            assert_eq!(
                held,
                if holds == "ours" { &*ours } else { &*theirs },
                "{policy} {older}"
            );
            assert_eq!(
                s.newest().await,
                (state.to_owned(), reason.to_owned()),
                "{policy} {older}"
            );
            assert_eq!(
                s.account().await["phone"],
                held,
                "{policy}: the page shows what the CRM holds"
            );
        }
        // Only what is empty.
        s.policy(&world, "blanks").await;
        patch(&s.wang, &s.at_account(), json!({"fields": {"phone": "x"}}))
            .await
            .expect(422);
        s.change("res.partner", s.partner, json!({"phone": false}));
        s.pull(&world).await;
        s.edit_phone("ours at last").await;
        work(&world).await;
        assert_eq!(s.held("res.partner", s.partner, "phone"), "ours at last");
        s.policy(&world, "off").await;
        let refused = patch(&s.wang, &s.at_account(), json!({"fields": {"phone": "x"}}))
            .await
            .expect(422);
        assert!(refused.text.contains("edit-read-only"), "{}", refused.text);
        let page = s
            .wang
            .get(&format!("/crm/accounts/{}?edit=true", s.account))
            .await
            .expect(200)
            .text;
        assert!(page.contains("name=\"city\"") && !page.contains("name=\"phone\""));
    });
}

#[test]
fn a_conflict_shows_both_values_and_a_person_chooses() {
    on_both(|world| async move {
        let s = sales(&world).await;
        for keep in ["ours", "theirs"] {
            let ours = format!("ours, keep {keep}");
            let edit = s.edit_phone(&ours).await;
            s.change("res.partner", s.partner, json!({"phone": format!("theirs {keep}")}));
            work(&world).await;
            let account = s.account().await;
            assert_eq!(account["edits"][0]["theirs"], format!("theirs {keep}"));
            let page = s
                .wang
                .get(&format!("/crm/accounts/{}", s.account))
                .await
                .expect(200)
                .text;
            assert!(
                page.contains("用我们的") && page.contains(&format!("theirs {keep}")),
                "{page}"
            );
            let home = s.wang.get("/").await.expect(200).text;
            assert!(home.contains(&format!("/crm/accounts/{}", s.account)), "{home}");
            let ange = world.as_("ange").await;
            let list = format!("/settings/connections/{}/write-back?state=conflict", s.connection);
            let list = ange.get(&list).await.expect(200).text;
            assert!(
                list.contains(&format!("theirs {keep}")) && !list.contains("name=\"keep\""),
                "{list}"
            );
            let counted = ange
                .get(&format!("/api/v1/connections/{}", s.connection))
                .await
                .expect(200)
                .json();
            assert_eq!(counted["edits"]["conflict"], 1);
            let path = format!("/api/v1/edits/{edit}/decision");
            ange.post(&path, json!({"keep": "ours"})).await.expect(404);
            s.wang.post(&path, json!({"keep": keep})).await.expect(204);
            s.wang.post(&path, json!({"keep": keep})).await.expect(409);
            work(&world).await;
            let wanted = if keep == "ours" { ours } else { format!("theirs {keep}") };
            assert_eq!(s.held("res.partner", s.partner, "phone"), wanted);
            assert_eq!(s.account().await["phone"], wanted);
        }
    });
}

#[test]
fn edits_made_one_after_the_other_end_in_the_last_even_if_an_answer_was_lost() {
    on_both(|world| async move {
        let s = sales(&world).await;
        s.edit_phone("one").await;
        s.edit_phone("two").await;
        work(&world).await;
        assert_eq!(s.held("res.partner", s.partner, "phone"), "two");
        // Written, and the answer does not come.
        s.edit_phone("three").await;
        s.lose_the_answer();
        let runner = Runner::new(
            world.app.clone(),
            Handlers::ours(&world.app).expect("handlers"),
            Pace {
                first_wait: Duration::from_secs(3600),
                ..Pace::default()
            },
        );
        runner.pass().await.expect("worked");
        s.odoo.faults.clear();
        assert_eq!(s.held("res.partner", s.partner, "phone"), "three");
        assert_eq!(s.newest().await, ("pending".into(), "unreachable".into()));
        // Another one on top of it, made while that was open: its own earlier value is no conflict.
        s.edit_phone("four").await;
        let text = "UPDATE job SET run_at = 0 WHERE kind = 'edit' AND state = 'ready'";
        world
            .app
            .db
            .write(move |sql| Box::pin(async move { Ok(sql.run(text, args![]).await.map(|_| ())?) }))
            .await
            .expect("due");
        work(&world).await;
        assert_eq!(s.held("res.partner", s.partner, "phone"), "four");
        assert_eq!(s.newest().await.0, "written");
        // A lost answer alone: found there and counted as written, by the next try or by the pull that brings it.
        for pulled in [false, true] {
            let phone = format!("five {pulled}");
            s.edit_phone(&phone).await;
            s.lose_the_answer();
            runner.pass().await.expect("worked");
            s.odoo.faults.clear();
            if pulled {
                s.pull(&world).await;
                assert_eq!(s.newest().await.0, "written");
            }
            world
                .app
                .db
                .write(move |sql| Box::pin(async move { Ok(sql.run(text, args![]).await.map(|_| ())?) }))
                .await
                .expect("due");
            work(&world).await;
            assert_eq!(
                (s.newest().await.0, s.account().await["phone"].clone()),
                ("written".into(), json!(phone))
            );
        }
    });
}

#[test]
fn a_deal_won_here_begins_its_draft_once_and_drifts_by_no_edit_of_ours() {
    on_both(|world| async move {
        let s = sales(&world).await;
        let path = format!("/api/v1/deals/{}", s.deal);
        let wrong = patch(&s.wang, &path, json!({"fields": {"stage": "无此阶段"}}))
            .await
            .expect(422);
        assert!(wrong.text.contains("edit-stage"), "{}", wrong.text);
        s.edit(&path, json!({"stage": "赢单"})).await;
        work(&world).await;
        s.pull(&world).await;
        s.pull(&world).await;
        let drafts: Vec<(String,)> = world
            .app
            .db
            .read()
            .all("SELECT number FROM claim WHERE origin LIKE 'won:%'", args![])
            .await
            .expect("read");
        assert_eq!(drafts.len(), 1, "{drafts:?}");
        // The draft bears the deal's name; renaming the deal here is no drift, renaming it in the CRM is.
        let drift = async || {
            let claim = s
                .wang
                .get(&format!("/api/v1/claims/{}", drafts[0].0))
                .await
                .expect(200)
                .json();
            let links = claim["links"].as_array().expect("links").clone();
            let deal = links.into_iter().find(|l| l["object"] == "deal").expect("the deal");
            deal["drift"].clone()
        };
        s.edit(&path, json!({"name": "二期 扩容"})).await;
        work(&world).await;
        assert_eq!(drift().await, json!([]));
        s.change("crm.lead", s.lead, json!({"name": "三期"}));
        s.pull(&world).await;
        assert_eq!(drift().await[0]["is"], "三期");
    });
}

#[test]
fn only_the_owner_and_sales_operations_may_and_own_records_have_no_crm() {
    on_both(|world| async move {
        let s = sales(&world).await;
        let body = json!({"fields": {"phone": "x"}});
        // Those who may read it, and those who may not know of it.
        for (who, status) in [
            ("chen", 403),
            ("zhao", 403),
            ("audit", 403),
            ("ange", 404),
            ("jonas", 404),
        ] {
            patch(&world.as_(who).await, &s.at_account(), body.clone())
                .await
                .expect(status);
            let fields = world.as_(who).await.get(&format!("{}/fields", s.at_account())).await;
            assert!(fields.status == 404 || fields.json()["fields"] == json!([]), "{who}");
        }
        let own = format!("/api/v1/accounts/{}", world.account);
        patch(&s.wang, &own, body.clone()).await.expect(403);
        patch(&world.as_("ops").await, &s.at_account(), body.clone())
            .await
            .expect(202);
        let policies = format!("/api/v1/connections/{}/write-policies", s.connection);
        s.wang.put(&policies, json!([])).await.expect(403);
        // Nothing goes through a connection that is left alone.
        let ange = world.as_("ange").await;
        ange.post(&format!("/api/v1/connections/{}/pause", s.connection), json!({}))
            .await
            .expect(204);
        patch(&s.wang, &s.at_account(), json!({"fields": {"phone": "y"}}))
            .await
            .expect(422);
        let page = s
            .wang
            .get(&format!("/crm/accounts/{}", s.account))
            .await
            .expect(200)
            .text;
        assert!(!page.contains("?edit=true"));
    });
}

#[test]
fn what_the_crm_refuses_is_told_in_words_and_can_be_tried_again() {
    on_both(|world| async move {
        let s = sales(&world).await;
        s.odoo.db().denied.insert(("res.partner".into(), "write".into()));
        let edit = s.edit_phone("021-9").await;
        work(&world).await;
        assert_eq!(s.newest().await, ("failed".into(), "refused".into()));
        let account = s.account().await;
        assert_eq!(account["phone"], PHONE, "what the CRM holds");
        let page = s
            .wang
            .get(&format!("/crm/accounts/{}", s.account))
            .await
            .expect(200)
            .text;
        assert!(page.contains("Odoo 拒绝") && page.contains("重试"), "{page}");
        s.odoo.db().denied.clear();
        let back = format!("/crm/accounts/{}", s.account);
        s.wang
            .form(&format!("/edits/{edit}/decision"), &[("keep", "ours"), ("back", &back)])
            .await
            .expect(303);
        work(&world).await;
        assert_eq!(s.held("res.partner", s.partner, "phone"), "021-9");
        assert_eq!(s.newest().await.0, "written");
    });
}

#[test]
fn a_value_that_the_crm_refuses_keeps_no_other_from_being_written() {
    on_both(|world| async move {
        let s = sales(&world).await;
        s.odoo.db().refused.insert(("res.partner".into(), "email".into()));
        s.edit(
            &s.at_account(),
            json!({"phone": "021-7", "email": "odd@hc.cn", "city": "苏州"}),
        )
        .await;
        work(&world).await;
        let held = |field| s.held("res.partner", s.partner, field);
        assert_eq!((held("phone"), held("city")), (json!("021-7"), json!("苏州")));
        let states: Vec<(String, String)> = world
            .app
            .db
            .read()
            .all("SELECT field, state FROM record_edit ORDER BY field", args![])
            .await
            .expect("asked");
        let states: Vec<(&str, &str)> = states.iter().map(|(f, s)| (f.as_str(), s.as_str())).collect();
        assert_eq!(states, [("city", "written"), ("email", "failed"), ("phone", "written")]);
    });
}
