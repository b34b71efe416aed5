//! What the page and the API say of meters.

use std::sync::Arc;

use outlay_core::Money;
use outlay_core::ids::EntityId;
use outlay_core::policy::Meter;
use outlay_core::words::Lang;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::store;
use crate::app::App;
use crate::auth::{Action, Permit, Resource, Visitor};
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;

/// First year that revenue is kept for.
const FIRST: i16 = 2000;
/// Last one.
const LAST: i16 = 2199;

/// Where an entity stands in a year, by one rule of its policy. Amounts are in its currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MeterView {
    /// The entity.
    #[schema(value_type = uuid::Uuid)]
    pub entity: EntityId,
    /// Its name.
    pub entity_name: String,
    /// Its currency.
    pub currency: String,
    /// The year.
    pub year: i16,
    /// The rule of the policy.
    pub rule: String,
    /// What the rule is called, in the reader's language.
    pub name: String,
    /// Where the rule comes from.
    pub source: Option<String>,
    /// What finance set as the year's revenue.
    #[schema(value_type = Option<Object>)]
    pub revenue: Option<Money>,
    /// What was spent, paid or asked for.
    #[schema(value_type = Object)]
    pub spent: Money,
    /// The share of it that may count.
    #[schema(value_type = Object)]
    pub by_share: Money,
    /// What may count at most; none where the revenue is not known.
    #[schema(value_type = Option<Object>)]
    pub cap: Option<Money>,
    /// What counts: the lesser of both.
    #[schema(value_type = Option<Object>)]
    pub deductible: Option<Money>,
    /// By how much the share exceeds the cap; nought if it does not.
    #[schema(value_type = Option<Object>)]
    pub excess: Option<Money>,
}

impl MeterView {
    /// Whether the share is past the cap.
    pub fn is_past(&self) -> bool {
        self.excess.is_some_and(|e| e.minor > 0)
    }

    /// The revenue as a form holds it.
    pub fn revenue_text(&self) -> String {
        self.revenue.map(Money::plain).unwrap_or_default()
    }
}

/// A year's revenue.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRevenue {
    /// In the entity's currency, such as `12500000.00`.
    pub revenue: String,
}

/// Leave to see and set an entity's figures: for who writes its policies.
fn permit(app: &App, visitor: &Visitor, entity: EntityId) -> Result<Permit, Error> {
    visitor.permit(app, Action::ManagePolicies, &Resource::Entity(entity))
}

/// The meters of the entities whose policies the reader may write, for a year, or for this year where each is.
pub async fn list(sql: &mut Sql, app: &App, visitor: &Visitor, year: Option<i16>) -> Result<Vec<MeterView>, Error> {
    let org = app.org(sql).await?;
    let rules = app.rules(sql).await?;
    let mut all = Vec::new();
    for entity in org.entities().filter(|e| permit(app, visitor, e.id).is_ok()) {
        let today = day(now(), &entity.zone);
        let year = year.unwrap_or(today.year());
        let Some(policy) = rules.policy(entity.id, today) else {
            continue;
        };
        for (rule, categories, share, of_revenue) in policy.meters() {
            let spent = store::spent(sql, entity.id, year, categories, policy.currency).await?;
            let revenue = store::revenue(sql, entity.id, year, policy.currency).await?;
            let meter = Meter::new(spent, revenue, share, of_revenue);
            let name = match visitor.lang {
                Lang::Zh => &rule.text.zh.name,
                Lang::En => &rule.text.en.name,
            };
            all.push(MeterView {
                entity: entity.id,
                entity_name: entity.name.clone(),
                currency: policy.currency.code().to_owned(),
                year,
                rule: rule.id.clone(),
                name: name.clone(),
                source: rule.source.clone(),
                revenue,
                spent,
                by_share: meter.by_share,
                cap: meter.cap,
                deductible: meter.deductible,
                excess: meter.excess,
            });
        }
    }
    all.sort_by(|a, b| (&a.entity_name, &a.rule).cmp(&(&b.entity_name, &b.rule)));
    Ok(all)
}

/// Sets an entity's revenue of a year.
pub async fn set(app: &Arc<App>, visitor: &Visitor, entity: EntityId, year: i16, text: &str) -> Result<(), Error> {
    let permit = permit(app, visitor, entity)?;
    if !(FIRST..=LAST).contains(&year) {
        return Err(Error::field("year", "not-a-date"));
    }
    let org = app.org(&mut app.db.read()).await?;
    let currency = org.entity(entity).ok_or(Error::NotFound("entity"))?.currency;
    let revenue = Money::parse(text.trim(), currency).ok().filter(|m| m.minor >= 0);
    let revenue = revenue.ok_or_else(|| Error::field("revenue", "not-a-number"))?;
    app.db
        .write(move |sql| {
            let permit = permit.clone();
            Box::pin(async move { store::set_revenue(sql, &permit, entity, year, revenue).await })
        })
        .await
}
