//! What a draft that runs along has found, in words and figures.

use outlay_core::history::Brief;
use serde::Serialize;
use utoipa::ToSchema;

use super::shadow::{Counts, Found};
use crate::args;
use crate::auth::Visitor;
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::history::shape;
use crate::shell::{W, short_moment};

/// Claims shown, the last submitted first.
const MOST: i64 = 20;

/// A draft that runs along: what was submitted since is decided under it, too, without effect.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RulesShadowView)]
pub struct ShadowView {
    /// Since when, RFC 3339; a save of the draft begins anew.
    pub since: String,
    /// Since when, for people.
    #[serde(skip)]
    pub when: String,
    /// Submissions looked at.
    pub claims: i64,
    /// Of people erased meanwhile; nothing can be said of them.
    pub erased: i64,
    /// That differ in anything.
    pub differ: i64,
    /// That go another way.
    pub routes: i64,
    /// From people to automatic approval.
    pub to_auto: i64,
    /// From automatic approval to people.
    pub from_auto: i64,
    /// About which other rules speak.
    pub findings: i64,
    /// That the draft could not decide.
    pub failed: i64,
    /// The last of those that differ, at most 20.
    pub last: Vec<ShadowClaim>,
}

/// A submission that a draft which runs along decides another way.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RulesShadowClaim)]
pub struct ShadowClaim {
    /// The claim's number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Which of its events was decided on.
    pub n: i64,
    /// When, RFC 3339.
    pub at: String,
    /// What was claimed.
    pub claimed: String,
    /// What was claimed, for people.
    #[serde(skip)]
    pub money: String,
    /// What was decided, in words.
    pub old: String,
    /// What the draft would decide, in words; empty if it could not.
    pub new: String,
    /// What differs beyond that, in words: who is asked, or which rules speak.
    pub notes: Vec<String>,
    /// Whether the draft could not decide.
    pub failed: bool,
}

#[derive(serde::Deserialize)]
struct ClaimRow {
    number: String,
    title: String,
    n: i64,
    at: i64,
    found: String,
}

impl ShadowView {
    /// Of a draft, for a visitor who may read it; none if it does not run along.
    pub async fn of(sql: &mut Sql, visitor: &Visitor, draft: &str) -> Result<Option<ShadowView>, Error> {
        let begun = "SELECT begun_at FROM rules_shadow WHERE draft_id = $1";
        let Some((begun_at,)) = sql.maybe::<(i64,)>(begun, args![draft]).await? else {
            return Ok(None);
        };
        let sums: Counts = sql
            .one(
                "SELECT claims, erased, differ, routes, to_auto, from_auto, findings, failed FROM rules_shadow WHERE draft_id = $1",
                args![draft],
            )
            .await?;
        let rows: Vec<ClaimRow> = sql
            .all(
                "SELECT c.number, c.title, s.n, s.at, s.found FROM rules_shadow_claim s JOIN claim c ON c.id = s.claim_id \
                 WHERE s.draft_id = $1 ORDER BY s.seq DESC LIMIT $2",
                args![draft, MOST],
            )
            .await?;
        let w = W(visitor.lang);
        Ok(Some(ShadowView {
            since: moment(begun_at).to_string(),
            when: short_moment(w, moment(begun_at), &visitor.zone),
            claims: sums.claims,
            erased: sums.erased,
            differ: sums.differ,
            routes: sums.routes,
            to_auto: sums.to_auto,
            from_auto: sums.from_auto,
            findings: sums.findings,
            failed: sums.failed,
            last: rows.into_iter().map(|r| claim(w, r)).collect::<Result<_, _>>()?,
        }))
    }
}

fn claim(w: W, row: ClaimRow) -> Result<ShadowClaim, Error> {
    let found: Found = serde_json::from_str(&row.found)?;
    let old = shape(w, found.old.shape());
    let new = found.new.as_ref().map(|n| shape(w, n.shape())).unwrap_or_default();
    Ok(ShadowClaim {
        notes: notes(w, &found, old == new),
        number: row.number,
        title: row.title,
        n: row.n,
        at: moment(row.at).to_string(),
        claimed: found.claimed.to_string(),
        money: format!("{}{}", found.claimed.currency.sign(), found.claimed.grouped()),
        failed: found.failed(),
        old,
        new,
    })
}

fn notes(w: W, found: &Found, same_shape: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if found.failed() {
        notes.push(w.t("shadow-cannot"));
    }
    let Some(new) = &found.new else {
        return notes;
    };
    if found.routes() && same_shape {
        notes.push(w.t("shadow-others"));
    }
    let only = |a: &Brief, b: &Brief| a.rules.difference(&b.rules).cloned().collect::<Vec<_>>();
    for (key, rules) in [
        ("shadow-more", only(new, &found.old)),
        ("shadow-less", only(&found.old, new)),
    ] {
        if !rules.is_empty() {
            notes.push(w.t1(key, "rules", rules.join(", ")));
        }
    }
    notes
}
