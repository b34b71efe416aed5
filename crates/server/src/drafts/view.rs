//! Rules as they are shown: one view for the pages and the API.

use jiff::civil::Date;
use outlay_core::claim::{Claim, PerDiem};
use serde::Serialize;
use utoipa::ToSchema;

use super::rule::{DraftRule, Event};
use super::store;
use crate::app::App;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::db::Sql;
use crate::error::Error;
use crate::policies::Rules;
use crate::shell::W;

/// The rules in force.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RulesView {
    /// Their version, to be sent back with a change; 0 for the standard rules.
    pub version: i64,
    /// Who made it; none for the standard rules.
    pub changed_by: Option<String>,
    /// When, in RFC 3339.
    pub changed_at: Option<String>,
    /// The rules, in the order in which they are asked.
    pub rules: Vec<DraftRule>,
}

/// The permit to read and change draft rules.
pub fn may(app: &App, visitor: &Visitor) -> Result<Permit, Error> {
    visitor.permit(app, Action::ManageConnections, &Resource::Outlay)
}

/// The rules in force.
pub async fn rules(sql: &mut Sql, app: &App) -> Result<RulesView, Error> {
    let (version, rules) = store::load(sql).await?;
    let org = app.org(sql).await?;
    let last = store::versions(sql, &org, 1, |r| r.id.clone()).await?.pop();
    Ok(RulesView {
        version,
        changed_by: last.as_ref().and_then(|v| v.changed_by.clone()),
        changed_at: last.map(|v| v.changed_at),
        rules,
    })
}

/// What a rule is called: its name, else its event in the reader's language.
pub fn rule_name(w: W, rule: &DraftRule) -> String {
    if rule.name.is_empty() {
        w.t(&format!("draft-event-{}", rule.event.code()))
    } else {
        rule.name.clone()
    }
}

/// `by rule NAME`, of a rule that began `claim`; one without a name is called by the claim's event.
pub fn by_rule(w: W, claim: &Claim, name: &str) -> String {
    let event = claim.origin.as_deref().and_then(|o| Event::of(o.split(':').next()?));
    let name = match event {
        Some(event) if name.is_empty() => w.t(&format!("draft-event-{}", event.code())),
        _ => name.to_owned(),
    };
    w.t1("draft-by-rule", "rule", name)
}

/// How a per diem of a line of the day `on` was reckoned.
pub fn per_diem_words(w: W, rules: &Rules, per_diem: &PerDiem, on: Date) -> String {
    let policy = per_diem.policy.as_ref().and_then(|p| rules.version(p));
    let tier = per_diem.tier.as_ref().map(|code| {
        let named = policy.and_then(|p| p.tiers.iter().find(|t| t.code == *code));
        named.map_or_else(|| code.clone(), |t| t.name.get(w.0).to_owned())
    });
    let days = days(per_diem.from, per_diem.until);
    let values = |more: &[(&str, String)]| -> Vec<(String, String)> {
        more.iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    };
    let each = per_diem.each.to_string();
    let reckoned = if per_diem.days == 1 && days > 1 {
        let n = self::days(per_diem.from, on);
        w.args(
            "per-diem-day",
            &values(&[("n", n.to_string()), ("of", days.to_string()), ("each", each)]),
        )
    } else {
        let span = [
            ("days", per_diem.days.to_string()),
            ("each", each),
            ("from", per_diem.from.to_string()),
            ("until", per_diem.until.to_string()),
        ];
        let key = if per_diem.days == 1 {
            "per-diem-one"
        } else {
            "per-diem-days"
        };
        w.args(key, &values(&span))
    };
    let by = match (&per_diem.policy, per_diem.by_policy) {
        (Some(policy), true) => {
            let reference = format!("{}@{}", policy.id, policy.version);
            Some(w.t1("per-diem-policy", "policy", reference))
        }
        _ => Some(w.t("per-diem-rule")),
    };
    let parts = [Some(reckoned), per_diem.place.clone(), tier, by];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Days from one to another, both counted.
fn days(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24 + 1
}
