//! Reading a real BottleCRM: OUTLAY_BOTTLECRM holds its address, a token and an administrator's session.

use std::collections::{BTreeMap, BTreeSet};

use outlay_connect::{Canonical, Connector, Error, Object, Record, StageKind, bottlecrm::Place};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{connect, eager, pull_all};

/// The tests share one company, and some change it.
pub static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

pub struct Live {
    pub url: String,
    pub token: String,
    session: String,
}

impl Live {
    pub fn find() -> Option<Live> {
        let Ok(line) = std::env::var("OUTLAY_BOTTLECRM") else {
            println!(
                "NOT RUN: OUTLAY_BOTTLECRM is not set; `cargo xtask test connect` sets it where Python 3.12 is found"
            );
            return None;
        };
        let json: Value = serde_json::from_str(&line).expect("OUTLAY_BOTTLECRM is JSON");
        let text = |name: &str| json[name].as_str().expect(name).to_owned();
        Some(Live {
            url: text("url"),
            token: text("token"),
            session: text("session"),
        })
    }

    pub fn place(&self) -> Place {
        eager(&self.url, &self.token)
    }

    /// Asks BottleCRM itself, as an administrator at its pages.
    pub async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        // The connector may not have been asked before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut request = client
            .request(method.clone(), format!("{}/api/{path}", self.url))
            .bearer_auth(&self.session);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("BottleCRM answers");
        let status = answer.status();
        let text = answer.text().await.expect("a text");
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub async fn deal(&self, name: &str) -> String {
        let body = json!({"name": name, "amount": "1200.50", "currency": "CNY", "stage": "PROSPECTING"});
        let made = self.ask(Method::POST, "opportunities/", body).await;
        made["id"].as_str().expect("an id").to_owned()
    }
}

fn marks(records: &[Record]) -> BTreeMap<String, String> {
    records
        .iter()
        .map(|r| (r.external_id.clone(), r.revision.clone()))
        .collect()
}

#[tokio::test]
async fn every_object_comes_whole_in_small_pages() {
    let Some(live) = Live::find() else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    let crm = connect(live.place());
    let warnings = crm.check().await.expect("a check").warnings;
    assert!(!warnings.iter().any(|w| w.contains("cannot be read")), "{warnings:?}");
    let mut found = BTreeMap::new();
    for ability in crm.capabilities().objects {
        let object = ability.object;
        let (small, _) = pull_all(&crm, object, 20).await;
        let (mut large, _) = pull_all(&crm, object, 200).await;
        assert_eq!(marks(&small), marks(&large), "{object}");
        // Pages overlap, and what lies in two of them comes twice; all in one page comes once.
        assert!(
            object == Object::Activity || large.len() == marks(&large).len(),
            "{object}"
        );
        large.sort_by(|a, b| a.external_id.cmp(&b.external_id));
        large.dedup_by(|a, b| a.external_id == b.external_id);
        // A scan tells the same revisions, and so does each record alone.
        let (mut scanned, mut after) = (BTreeMap::new(), None);
        loop {
            let page = crm.scan(object, after.as_ref(), 50).await.expect("marks");
            scanned.extend(page.marks.into_iter().map(|m| (m.external_id, m.revision)));
            after = Some(page.next);
            if page.done {
                break;
            }
        }
        let living: Vec<Record> = large.iter().filter(|r| !r.deleted).cloned().collect();
        assert_eq!(scanned, marks(&living), "{object}");
        let some: Vec<String> = large.iter().take(3).map(|r| r.external_id.clone()).collect();
        let fetched = crm.fetch(object, &some).await.expect("fetched");
        assert_eq!(fetched.gone, [""; 0], "{object}");
        let told = marks(&large);
        assert_eq!(fetched.records.len(), some.len());
        for record in &fetched.records {
            assert_eq!(Some(&record.revision), told.get(&record.external_id), "{object}");
        }
        println!("{object}: {} records", large.len());
        found.insert(object, large);
    }
    let counted = live.ask(Method::GET, "opportunities/?limit=1", Value::Null).await;
    assert_eq!(json!(found[&Object::Deal].len()), counted["opportunities_count"]);
    assert!(found[&Object::Account].iter().any(|r| r.deleted));
    assert_eq!(found[&Object::Activity].len(), 15);
    refer(&found);
}

/// Each reference leads to a record that was pulled.
fn refer(found: &BTreeMap<Object, Vec<Record>>) {
    let known = |object: Object, id: &Option<String>| {
        let all = &found[&object];
        id.as_deref().is_none_or(|id| all.iter().any(|r| r.external_id == id))
    };
    let mut kinds = BTreeSet::new();
    for record in found.values().flatten() {
        match &record.body {
            Canonical::Deal(deal) => {
                kinds.insert(deal.stage_kind.as_str());
                assert!(known(Object::Account, &deal.account), "{deal:?}");
                assert!(known(Object::Contact, &deal.contact), "{deal:?}");
                assert!(known(Object::CrmUser, &deal.owner), "{deal:?}");
                assert!(deal.stage_kind != StageKind::Won || deal.amount.is_some());
            }
            Canonical::Contact(contact) => assert!(known(Object::Account, &contact.account)),
            Canonical::Project(project) => {
                assert!(project.account.is_some() && known(Object::Account, &project.account));
                assert!(known(Object::Deal, &project.deal));
            }
            Canonical::Activity(activity) => {
                assert!(known(Object::CrmUser, &activity.owner) && activity.on.is_some());
                assert!(known(Object::Deal, &activity.deal) && known(Object::Account, &activity.account));
            }
            Canonical::Account(account) => assert!(known(Object::CrmUser, &account.owner)),
            Canonical::CrmUser(user) => assert!(user.login.is_some() && user.active),
            Canonical::Order(_) => panic!("BottleCRM has no orders"),
        }
    }
    assert_eq!(kinds.len(), 3, "{kinds:?}");
}

#[tokio::test]
async fn what_is_made_changed_and_erased_there_is_seen() {
    let Some(live) = Live::find() else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    let crm = connect(live.place());
    let before = marks(&pull_all(&crm, Object::Account, 50).await.0);
    let made = live
        .ask(
            Method::POST,
            "accounts/",
            json!({"name": "嘉兴精工", "phone": "+86 573 8222 1000"}),
        )
        .await;
    let id = made["id"].as_str().expect("an id").to_owned();
    let with = marks(&pull_all(&crm, Object::Account, 50).await.0);
    let new: Vec<&String> = with.keys().filter(|id| !before.contains_key(*id)).collect();
    assert_eq!(new, [&id]);
    assert!(before.iter().all(|(id, revision)| with.get(id) == Some(revision)));
    // BottleCRM tells no time of a change of an account: the digest alone tells it.
    live.ask(Method::PATCH, &format!("accounts/{id}/"), json!({"city": "嘉兴"}))
        .await;
    let (records, _) = pull_all(&crm, Object::Account, 50).await;
    let changed: Vec<&Record> = records
        .iter()
        .filter(|r| with.get(&r.external_id) != Some(&r.revision))
        .collect();
    let [changed] = changed.as_slice() else {
        panic!("one changed, not {}", changed.len())
    };
    assert_eq!(changed.external_id, id);
    assert!(matches!(&changed.body, Canonical::Account(a) if a.city.as_deref() == Some("嘉兴")));
    let time = |revision: &str| revision.split('~').next().map(str::to_owned);
    assert_eq!(time(&changed.revision), time(&with[&id]));
    live.ask(Method::DELETE, &format!("accounts/{id}/"), Value::Null).await;
    let gone = crm
        .fetch(Object::Account, std::slice::from_ref(&id))
        .await
        .expect("asked");
    assert_eq!((gone.records, gone.gone), (Vec::new(), vec![id.clone()]));
    assert_eq!(marks(&pull_all(&crm, Object::Account, 50).await.0), before);
}

#[tokio::test]
async fn a_pull_rests_between_two_scans() {
    let Some(live) = Live::find() else { return };
    let _alone = ONE_AT_A_TIME.lock().await;
    let crm = connect(Place::new(&live.url, &live.token));
    let (all, cursor) = pull_all(&crm, Object::Deal, 200).await;
    assert!(!all.is_empty());
    let page = crm.pull(Object::Deal, Some(&cursor), 200).await.expect("a page");
    assert!(page.done && page.records.is_empty());
    assert_eq!(page.next, cursor);
}

#[tokio::test]
async fn a_wrong_token_is_said_without_showing_it() {
    let Some(live) = Live::find() else { return };
    let stranger = connect(eager(&live.url, "bcrm_pat_wrong"));
    let error = stranger.check().await.expect_err("refused");
    assert!(matches!(error, Error::Auth(_)), "{error}");
    assert!(!format!("{error:?}").contains("bcrm_pat_wrong"));
}
