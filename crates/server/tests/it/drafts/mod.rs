//! Drafts by rules: what they hold, for whom, and never twice.

mod once;
mod pages;
mod rules;

use jiff::ToSpan;
use jiff::civil::Date;
use outlay::crm::Applied;
use outlay::{args, clock};
use outlay_connect::{Account, Activity, Canonical, CrmUser, Deal, StageKind};
use outlay_core::claim::Claim;
use outlay_core::ids::{ClaimId, ConnectionId};
use outlay_core::{Currency, Money};
use serde_json::{Value, json};

use crate::crm::{apply, record};
use crate::world::{Client, World};

pub fn today() -> Date {
    clock::day(clock::now(), "UTC")
}

/// 王敏 as a user of the CRM, and a customer in Hangzhou.
pub async fn furnish(world: &World, c: ConnectionId) {
    for (id, who) in [("U1", "wang"), ("U2", "li")] {
        let user = Canonical::CrmUser(CrmUser {
            name: who.into(),
            email: Some(format!("{who}@example.com")),
            login: None,
            active: true,
        });
        apply(world, Some(c), record(id, "1", user)).await;
    }
    apply(world, Some(c), record("A1", "1", account("恒川精密"))).await;
}

pub fn account(name: &str) -> Canonical {
    Canonical::Account(Account {
        name: name.into(),
        city: Some("杭州市".into()),
        country: Some("CN".into()),
        owner: Some("U2".into()),
        ..Account::default()
    })
}

pub fn deal(kind: StageKind, yuan: i64) -> Canonical {
    Canonical::Deal(Deal {
        name: "二期".into(),
        account: Some("A1".into()),
        owner: Some("U1".into()),
        stage: kind.as_str().into(),
        stage_kind: kind,
        amount: Some(Money::new(yuan * 100, Currency::CNY)),
        ..Deal::default()
    })
}

/// A visit that began so many days ago and lasted so many.
pub fn visit(kind: &str, ago: i64, days: i64, place: &str) -> Canonical {
    let on = today() - ago.days();
    Canonical::Activity(Activity {
        kind: kind.into(),
        account: Some("A1".into()),
        owner: Some("U1".into()),
        subject: "产线走访".into(),
        on: Some(on),
        until: Some(on + (days - 1).days()),
        place: Some(place.into()).filter(|p: &String| !p.is_empty()),
        ..Activity::default()
    })
}

pub async fn claim(world: &World, applied: &Applied) -> Claim {
    let id = applied.drafted.expect("a draft");
    load(world, id).await
}

pub async fn load(world: &World, id: ClaimId) -> Claim {
    let mut sql = world.app.db.read();
    outlay::claims::store::load(&mut sql, id).await.expect("a claim")
}

pub async fn drafts(world: &World) -> i64 {
    let mut sql = world.app.db.read();
    let text = "SELECT COUNT(*) FROM claim WHERE origin IS NOT NULL";
    let (n,): (i64,) = sql.one(text, args![]).await.expect("read");
    n
}

/// Puts these rules into force in place of all others.
pub async fn put(admin: &Client, rules: Value) -> Value {
    let version = admin.get("/api/v1/draft-rules").await.expect(200).json()["version"].clone();
    let body = json!({"version": version, "rules": rules});
    admin.put("/api/v1/draft-rules", body).await.expect(200).json()
}
