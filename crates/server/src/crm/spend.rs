//! What a deal or an account costs, from the table that the commit keeps. Currencies are never added up.

use std::collections::BTreeMap;

use outlay_core::claim::Status;
use outlay_core::words::Lang;
use outlay_core::{Currency, Money};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;
use utoipa::ToSchema;

use super::records::{Named, RecordView};
use super::view::WrittenView;
use crate::args;
use crate::auth::Person;
use crate::claims::scope;
use crate::clock::moment;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::people::stored;
use crate::policies::Rules;

/// The spend of a record in one currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SpendView {
    /// Claimed, approved or paid.
    #[schema(value_type = Object)]
    pub spent: Money,
    /// Of that, not paid yet.
    #[schema(value_type = Object)]
    pub pending: Money,
    /// Of that, paid.
    #[schema(value_type = Object)]
    pub paid: Money,
    /// Spent in per cent of the deal's amount, two decimals; absent without an amount of this currency.
    pub share: Option<String>,
    /// What the spend leaves of a deal's amount; absent without an amount of this currency, with spend in
    /// another too, and for a lost deal.
    pub margin: Option<Margin>,
    /// By category, largest first.
    pub categories: Vec<CategorySpend>,
}

/// What the spend leaves of a deal's amount. What the order itself costs is not known here.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Margin {
    /// The amount less the spend; below nothing if that is more.
    #[schema(value_type = Object)]
    pub left: Money,
    /// In per cent of the amount, two decimals.
    pub share: String,
}

/// The spend of one category.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CategorySpend {
    /// Its code, such as `lodging`.
    pub category: String,
    /// Its name in the reader's language.
    pub name: String,
    /// Claimed, approved or paid.
    #[schema(value_type = Object)]
    pub spent: Money,
    /// Of that, not paid yet.
    #[schema(value_type = Object)]
    pub pending: Money,
    /// Of that, paid.
    #[schema(value_type = Object)]
    pub paid: Money,
    /// Spent in per cent of all, two decimals.
    pub share: String,
    /// Paid, and not paid yet, in per cent of the largest category.
    #[serde(skip)]
    pub bar: (String, String),
}

/// A claim with a part for this record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClaimShare {
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Who claims.
    pub claimant: Named,
    /// Its status, such as `in_review`.
    pub status: String,
    /// What it asks for in all.
    #[schema(value_type = Object)]
    pub claimed: Money,
    /// The part for this record.
    #[schema(value_type = Object)]
    pub allocated: Money,
    /// When it last changed, RFC 3339.
    pub updated_at: String,
}

impl ClaimShare {
    /// Its status, as the core knows it.
    pub fn state(&self) -> Status {
        Status::ALL
            .into_iter()
            .find(|s| s.code() == self.status)
            .unwrap_or(Status::Draft)
    }

    /// Whether only a part is for this record.
    pub fn is_part(&self) -> bool {
        self.allocated != self.claimed
    }
}

/// `part` of `whole` in per cent with two decimals; none if `whole` is nothing.
pub fn percent(part: i64, whole: i64) -> Option<String> {
    if whole == 0 {
        return None;
    }
    let share = Decimal::from(part) * Decimal::from(100) / Decimal::from(whole);
    Some(format!(
        "{:.2}",
        share.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
    ))
}

/// The spend on `dim` (`deal`, `account`, `project`) with id `key`, a currency each; `amount` is what shares are of.
pub async fn spend(
    sql: &mut Sql,
    rules: &Rules,
    lang: Lang,
    dim: &str,
    key: &str,
    amount: Option<Money>,
) -> Result<Vec<SpendView>, Error> {
    let rows: Vec<(String, String, i64, i64)> = sql
        .all(
            "SELECT currency, category, CAST(SUM(pending_minor) AS BIGINT), CAST(SUM(paid_minor) AS BIGINT) FROM spend \
             WHERE dim = $1 AND key = $2 AND employee_id = '' GROUP BY currency, category",
            args![dim, key],
        )
        .await?;
    let mut by_currency: BTreeMap<String, Vec<(String, i64, i64)>> = BTreeMap::new();
    for (currency, category, pending, paid) in rows {
        by_currency.entry(currency).or_default().push((category, pending, paid));
    }
    let mut all = Vec::new();
    for (code, rows) in by_currency {
        let currency = Currency::parse(&code).map_err(|e| Error::Broken(e.to_string()))?;
        let money = |minor| Money::new(minor, currency);
        let (pending, paid) = rows
            .iter()
            .find(|(category, ..)| category.is_empty())
            .map_or((0, 0), |(_, pending, paid)| (*pending, *paid));
        if pending == 0 && paid == 0 {
            continue;
        }
        let named = rows.iter().filter(|(category, ..)| !category.is_empty());
        let largest = named.map(|(_, in_hand, done)| in_hand + done).max().unwrap_or_default();
        let mut categories: Vec<CategorySpend> = rows
            .iter()
            .filter(|(category, pending, paid)| !category.is_empty() && (*pending != 0 || *paid != 0))
            .map(|(category, in_hand, done)| CategorySpend {
                category: category.clone(),
                name: rules.category_name(category, lang),
                spent: money(in_hand + done),
                pending: money(*in_hand),
                paid: money(*done),
                share: percent(in_hand + done, pending + paid).unwrap_or_default(),
                bar: (
                    percent(*done, largest).unwrap_or_default(),
                    percent(*in_hand, largest).unwrap_or_default(),
                ),
            })
            .collect();
        categories.sort_by(|a, b| (b.spent.minor, &a.category).cmp(&(a.spent.minor, &b.category)));
        all.push(SpendView {
            spent: money(pending + paid),
            pending: money(pending),
            paid: money(paid),
            share: amount
                .filter(|a| a.currency == currency)
                .and_then(|a| percent(pending + paid, a.minor)),
            margin: None,
            categories,
        });
    }
    all.sort_by_key(|s| (amount.map(|a| a.currency) != Some(s.spent.currency), s.spent.currency));
    if let ("deal", Some(amount), [only]) = (dim, amount, all.as_mut_slice()) {
        only.margin = margin(amount, only.spent);
    }
    Ok(all)
}

fn margin(amount: Money, spent: Money) -> Option<Margin> {
    if amount.minor <= 0 || amount.currency != spent.currency {
        return None;
    }
    let left = amount.minor.checked_sub(spent.minor)?;
    Some(Margin {
        left: Money::new(left, amount.currency),
        share: percent(left, amount.minor)?,
    })
}

/// The sums alone, for many records at once: (id, pending, paid), one row a currency.
pub async fn sums(sql: &mut Sql, dim: &str, ids: &[&str]) -> Result<Vec<(String, Money, Money)>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT key, currency, CAST(SUM(pending_minor) AS BIGINT), CAST(SUM(paid_minor) AS BIGINT) FROM spend \
         WHERE dim = $1 AND employee_id = '' AND category = '' AND key IN ({}) GROUP BY key, currency ORDER BY key, currency",
        dialect::list(2, ids.len())
    );
    let mut values = args![dim];
    values.extend(ids.iter().map(|id| Value::from(*id)));
    let rows: Vec<(String, String, i64, i64)> = sql.all_built(text, values).await?;
    rows.into_iter()
        .filter(|(_, _, pending, paid)| *pending != 0 || *paid != 0)
        .map(|(key, currency, pending, paid)| {
            let currency = Currency::parse(&currency).map_err(|e| Error::Broken(e.to_string()))?;
            Ok((key, Money::new(pending, currency), Money::new(paid, currency)))
        })
        .collect()
}

/// The newest claims of a record, to which its view keeps however many there are.
const NEWEST: usize = 100;

/// The newest claims of a record.
#[derive(Debug)]
pub struct Newest {
    /// Those that the reader may see, the last changed first.
    pub shown: Vec<ClaimShare>,
    /// How many of the others are in the figures.
    pub hidden: i64,
    /// Whether there are older ones.
    pub more: bool,
}

/// The newest claims with a part for the record, as far as the reader may see them.
pub async fn newest(sql: &mut Sql, person: &Person, dim: &'static str, key: &str) -> Result<Newest, Error> {
    let (readable, mut values) = scope::readable(person, 2);
    values.insert(0, Value::from(key));
    // Ids rise with time, so the index has the newest claims at its end and the walk ends with them.
    let text = format!(
        "WITH newest AS (SELECT claim_id, CAST(SUM(minor) AS BIGINT) AS minor FROM allocation WHERE {dim}_id = $1 \
         GROUP BY claim_id ORDER BY claim_id DESC LIMIT {}) \
         SELECT c.number, c.title, c.claimant_id, e.name, c.status, c.currency, c.claimed_minor, n.minor, c.updated_at, \
         ({readable}) AS shown FROM newest n JOIN claim c ON c.id = n.claim_id JOIN employee e ON e.id = c.claimant_id \
         ORDER BY n.claim_id DESC",
        NEWEST + 1
    );
    type Found = (String, String, String, String, String, String, i64, i64, i64, bool);
    let mut rows: Vec<Found> = sql.all_built(text, values).await?;
    let more = rows.len() > NEWEST;
    rows.truncate(NEWEST);
    rows.sort_by_key(|row| std::cmp::Reverse(row.8));
    let (mut shown, mut hidden) = (Vec::new(), 0);
    for (number, title, claimant, name, status, currency, claimed, allocated, updated, readable) in rows {
        let currency = Currency::parse(&currency).map_err(|e| Error::Broken(e.to_string()))?;
        let share = ClaimShare {
            number,
            title,
            claimant: Named { id: claimant, name },
            status,
            claimed: Money::new(claimed, currency),
            allocated: Money::new(allocated, currency),
            updated_at: moment(updated).to_string(),
        };
        if readable {
            shown.push(share);
        } else if share.state().is_pending() || share.state().is_paid() {
            hidden += 1;
        }
    }
    Ok(Newest { shown, hidden, more })
}

/// Something that happened around a record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Happening {
    /// When, RFC 3339.
    pub at: String,
    /// What: the kind of a claim's event, `activity` or `written_back`.
    pub what: String,
    /// Who did it, where a person did.
    pub who: Option<String>,
    /// The claim's number, or what the activity was about.
    pub about: String,
}

/// What happened around a deal lately, newest first: events of claims that the reader may see, activities, write-backs.
pub async fn timeline(
    sql: &mut Sql,
    shares: &[ClaimShare],
    activities: &[RecordView],
    written: Option<&WrittenView>,
) -> Result<Vec<Happening>, Error> {
    let mut all: Vec<Happening> = activities
        .iter()
        .filter_map(|a| {
            let on: jiff::civil::Date = stored(a.on.as_deref()?).ok()?;
            Some(Happening {
                at: crate::drafts::midnight(on).to_string(),
                what: "activity".into(),
                who: a.owner.as_ref().map(|o| o.name.clone()),
                about: a.name.clone(),
            })
        })
        .collect();
    let numbers: Vec<&str> = shares.iter().take(30).map(|s| s.number.as_str()).collect();
    if !numbers.is_empty() {
        let text = format!(
            "SELECT e.kind, e.at, c.number, p.name FROM event e JOIN claim c ON c.id = e.claim_id \
             LEFT JOIN employee p ON p.id = e.actor WHERE c.number IN ({}) AND e.kind IN ('submitted', 'approved', \
             'passed', 'rejected', 'returned', 'withdrawn', 'batched', 'payment_posted', 'payment_failed') \
             ORDER BY e.at DESC LIMIT 40",
            dialect::list(1, numbers.len())
        );
        let rows: Vec<(String, i64, String, Option<String>)> = sql
            .all_built(text, numbers.into_iter().map(Value::from).collect())
            .await?;
        all.extend(rows.into_iter().map(|(what, at, about, who)| Happening {
            at: moment(at).to_string(),
            what,
            who,
            about,
        }));
    }
    all.extend(written.map(|w| Happening {
        at: w.at.clone(),
        what: "written_back".into(),
        who: None,
        about: String::new(),
    }));
    all.sort_by(|a, b| b.at.cmp(&a.at));
    all.truncate(40);
    Ok(all)
}
