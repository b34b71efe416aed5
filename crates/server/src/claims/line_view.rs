//! The lines of a claim as they are read.

use std::collections::HashMap;

use outlay_core::claim::{Allocation, Claim, Line};
use rust_decimal::Decimal;

use super::input::TripInput;
use super::per_diem::{self, Journey};
use super::view::{AllocationView, FindingView, LineView, RateView};
use crate::app::App;
use crate::db::{Sql, Value, dialect};
use crate::drafts::{by_rule, per_diem_words};
use crate::error::Error;
use crate::evidence::store::Document;
use crate::evidence::tax;
use crate::shell::W;

/// All lines, each with the findings about it, and what of its tax may be asked back by what `documents` say.
pub async fn lines(
    sql: &mut Sql,
    app: &App,
    w: W,
    claim: &Claim,
    findings: &[FindingView],
    documents: &[Document],
) -> Result<Vec<LineView>, Error> {
    let names = Names::of(sql, app, claim).await?;
    let rules = app.rules(sql).await?;
    let org = app.org(sql).await?;
    let today = super::store::today(&org, &claim.content)?;
    let judged = claim.judged.as_ref().and_then(|j| rules.version(&j.policy));
    let policy = judged.or_else(|| rules.policy(claim.content.entity, today));
    let source = |line: &Line| {
        let field = format!("lines.{}", line.id);
        claim.sources.iter().find(|s| s.field == field)
    };
    let mut reckoned = Vec::new();
    let mut taxes = Vec::new();
    for line in &claim.content.lines {
        let granted = match Journey::of(claim, line) {
            Some(journey) => journey.granted(sql, app).await?,
            None => None,
        };
        reckoned.push(granted.map(|(day, granted)| per_diem::words(w, &day, &granted)));
    }
    for line in &claim.content.lines {
        let entity = org.entity(claim.content.entity);
        taxes.push(
            entity
                .map(|e| tax::of_line(w, line, e, documents))
                .transpose()?
                .flatten(),
        );
    }
    let view = |(i, line): (usize, &Line)| LineView {
        rule: source(line)
            .and_then(|s| s.rule.as_deref())
            .map(|name| by_rule(w, claim, name)),
        reckoned: reckoned[i].clone().or_else(|| {
            let of = source(line).and_then(|s| s.per_diem.as_ref());
            of.map(|p| per_diem_words(w, &rules, p, line.incurred_on))
        }),
        trip: line.trip.as_ref().map(TripInput::of),
        id: line.id.to_string(),
        n: i + 1,
        category: line.category.clone(),
        category_name: policy
            .and_then(|p| p.category(&line.category))
            .map_or_else(|| line.category.clone(), |c| c.name.get(w.0).to_owned()),
        incurred_on: line.incurred_on.to_string(),
        description: line.description.clone(),
        place: line.place.clone(),
        quantity: line.quantity,
        paid: line.paid.into(),
        rate: line.rate.as_ref().map(|r| RateView {
            value: r.value.normalize().to_string(),
            source: r.source.clone(),
            on: r.on.to_string(),
        }),
        claimed: line.claimed.into(),
        tax: line.tax.map(Into::into),
        input_tax: taxes[i].clone(),
        document: line.evidence.as_ref().map(|e| e.document.to_string()),
        grade: format!("{:?}", line.grade()),
        allocations: names.allocations(line),
        findings: findings.iter().filter(|f| f.line == Some(i + 1)).cloned().collect(),
    };
    Ok(claim.content.lines.iter().enumerate().map(view).collect())
}

/// Names of what the parts serve.
struct Names {
    records: HashMap<String, String>,
    centers: HashMap<String, String>,
}

impl Names {
    async fn of(sql: &mut Sql, app: &App, claim: &Claim) -> Result<Names, Error> {
        let all = || claim.content.lines.iter().flat_map(|l| &l.allocations);
        let mut records = HashMap::new();
        let wanted: [(&str, Vec<String>); 3] = [
            (
                "account",
                all().filter_map(|a| a.account).map(|i| i.to_string()).collect(),
            ),
            ("deal", all().filter_map(|a| a.deal).map(|i| i.to_string()).collect()),
            (
                "project",
                all().filter_map(|a| a.project).map(|i| i.to_string()).collect(),
            ),
        ];
        for (table, mut ids) in wanted {
            ids.sort();
            ids.dedup();
            if ids.is_empty() {
                continue;
            }
            let text = format!(
                "SELECT id, name FROM {table} WHERE id IN ({})",
                dialect::list(1, ids.len())
            );
            let rows: Vec<(String, String)> = sql.all_built(text, ids.into_iter().map(Value::from).collect()).await?;
            records.extend(rows);
        }
        let org = app.org(sql).await?;
        let centers = org.cost_centers().map(|c| (c.id.to_string(), c.name.clone())).collect();
        Ok(Names { records, centers })
    }

    fn allocations(&self, line: &Line) -> Vec<AllocationView> {
        let total = line.claimed.decimal();
        let percent = |amount: Decimal| {
            let share = (amount * Decimal::ONE_HUNDRED).checked_div(total).unwrap_or_default();
            share.round_dp(1).normalize()
        };
        let mut begin = Decimal::ZERO;
        let mut views = Vec::new();
        for part in &line.allocations {
            let share = percent(part.amount.decimal());
            let (name, account_name) = self.name(part);
            views.push(AllocationView {
                name,
                account_name,
                account: part.account.map(|i| i.to_string()),
                deal: part.deal.map(|i| i.to_string()),
                project: part.project.map(|i| i.to_string()),
                cost_center: part.cost_center.map(|i| i.to_string()),
                amount: part.amount.into(),
                share: format!("{share}%"),
                bar: (format!("{begin}%"), format!("{share}%")),
            });
            begin += share;
        }
        views
    }

    /// The nearest record's name, and its customer's.
    fn name(&self, part: &Allocation) -> (String, String) {
        let record = |id: Option<String>| id.and_then(|i| self.records.get(&i)).cloned();
        let account = record(part.account.map(|i| i.to_string())).unwrap_or_default();
        let nearest = record(part.project.map(|i| i.to_string()))
            .or_else(|| record(part.deal.map(|i| i.to_string())))
            .or_else(|| part.cost_center.and_then(|c| self.centers.get(&c.to_string()).cloned()));
        match nearest {
            Some(name) => (name, account),
            None => (account, String::new()),
        }
    }
}
