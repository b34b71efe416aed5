//! What a receipt is compared with, and where it is proposed to belong.

use jiff::ToSpan;
use jiff::civil::Date;
use outlay_core::claim::Claim;
use outlay_core::org::LegalEntity;
use outlay_core::policy::Policy;
use outlay_core::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;

use super::matching::{self, Candidate, Match, Paper, Reason, Target};
use super::store::Document;
use super::{line, shelf::Shelf};
use crate::app::App;
use crate::args;
use crate::auth::Visitor;
use crate::clock;
use crate::db::Sql;
use crate::error::Error;
use crate::shell::{W, short_day};

/// Most open drafts that are looked at, the last changed first.
const DRAFTS: u32 = 40;
/// Most visits that are looked at.
const VISITS: u32 = 80;

/// Where a receipt may belong.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MatchView {
    /// `line` of a draft, `draft` (a new line), or `visit` (a new claim).
    pub kind: &'static str,
    /// The draft's number.
    pub claim: Option<String>,
    /// The line's id.
    pub line: Option<String>,
    /// The visit's id.
    pub activity: Option<String>,
    /// What people call it.
    pub label: String,
    /// The points of its reasons together.
    pub score: u32,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// Whether it is far ahead of the next.
    pub clear: bool,
}

impl MatchView {
    /// The message of the act that puts the receipt there.
    pub fn verb(&self) -> &'static str {
        match self.kind {
            "line" => "match-to-line",
            "draft" => "match-to-draft",
            _ => "match-to-visit",
        }
    }
}

/// What the receipts of a person are compared with.
pub struct Surroundings {
    candidates: Vec<Candidate>,
    policy: Option<std::sync::Arc<crate::policies::Rules>>,
    entity: Option<LegalEntity>,
    today: Date,
}

#[derive(serde::Deserialize)]
struct Visit {
    id: String,
    subject: String,
    happened_on: String,
    until: Option<String>,
    place: String,
    account: Option<String>,
    city: Option<String>,
}

impl Surroundings {
    /// Gathers the open drafts of a person, and their visits around the days of `documents`.
    pub async fn gather(sql: &mut Sql, app: &App, visitor: &Visitor, documents: &[Document]) -> Result<Self, Error> {
        let w = W(visitor.lang);
        let me = visitor.person.id();
        let today = clock::day(clock::now(), &visitor.zone);
        let org = app.org(sql).await?;
        let entity = org.primary(me, today).and_then(|p| org.entity(p.entity));
        let mut around = Surroundings {
            candidates: Vec::new(),
            policy: Some(app.rules(sql).await?),
            entity: entity.cloned(),
            today,
        };
        let mut days: Vec<Date> = Vec::new();
        for document in documents.iter().filter(|d| d.shelf() == Shelf::Ready) {
            days.extend(around.paper(document)?.and_then(|p| p.on));
        }
        let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) else {
            return Ok(around);
        };
        let drafts: Vec<(String,)> = sql
            .all(
                "SELECT body FROM claim WHERE claimant_id = $1 AND status IN ('draft', 'returned') \
                 ORDER BY updated_at DESC LIMIT $2",
                args![me, DRAFTS],
            )
            .await?;
        let mut drafted = Vec::new();
        for (body,) in &drafts {
            let claim: Claim = serde_json::from_str(body)?;
            drafted.extend(
                claim
                    .content
                    .links
                    .activity
                    .map(|a| (a.to_string(), claim.number.clone())),
            );
            around.candidates.extend(lines(&claim));
        }
        // A trip may have begun long before, and be found by its last day.
        let from = first.saturating_sub(31.days());
        let until = last.saturating_add(3.days());
        let visits: Vec<Visit> = sql
            .all(
                "SELECT a.id, a.subject, a.happened_on, a.until, a.place, c.name AS account, c.city FROM activity a \
                 LEFT JOIN account c ON c.id = a.account_id WHERE a.owner_id = $1 AND a.happened_on >= $2 AND \
                 a.happened_on <= $3 AND a.deleted = $4 ORDER BY a.happened_on DESC LIMIT $5",
                args![me, from, until, false, VISITS],
            )
            .await?;
        for visit in visits {
            let Ok(on) = visit.happened_on.parse::<Date>() else {
                continue;
            };
            let last = visit.until.as_deref().and_then(|d| d.parse().ok()).unwrap_or(on);
            let customer = visit.account.unwrap_or_default();
            let draft = drafted.iter().find(|(activity, _)| *activity == visit.id);
            let what = if customer.is_empty() {
                visit.subject
            } else {
                customer.clone()
            };
            let values = [("day".to_owned(), short_day(w, on, today)), ("what".to_owned(), what)];
            let label = w.args("match-visit", &values);
            around.candidates.push(Candidate {
                label: match draft {
                    Some((_, number)) => format!("{number} · {label}"),
                    None => label,
                },
                target: match draft {
                    Some((_, number)) => Target::Draft { claim: number.clone() },
                    None => Target::Visit { activity: visit.id },
                },
                amount: None,
                days: Some((on, last)),
                category: String::new(),
                place: if visit.place.is_empty() {
                    visit.city.unwrap_or_default()
                } else {
                    visit.place
                },
                customer,
            });
        }
        Ok(around)
    }

    fn policy(&self) -> Option<&Policy> {
        self.policy.as_ref()?.policy(self.entity.as_ref()?.id, self.today)
    }

    /// What is known of a document; nothing of one that was not read.
    fn paper(&self, document: &Document) -> Result<Option<Paper>, Error> {
        let Some(invoice) = document.read()? else {
            return Ok(None);
        };
        let currency = self.entity.as_ref().map_or(Currency::CNY, |e| e.currency);
        let filled = line(document, self.policy(), self.entity.as_ref(), currency, None)?;
        let stations = invoice.travel.iter().flat_map(|t| [t.from.clone(), t.to.clone()]);
        let texts = stations.flatten().chain(invoice.seller.name.clone());
        Ok(Some(Paper {
            // Only what is surely read: a line takes nothing else.
            gross: Money::parse(&filled.paid.amount, invoice.currency).ok(),
            on: filled.incurred_on.parse().ok(),
            category: filled.category,
            texts: texts.chain([filled.place]).collect(),
        }))
    }

    /// Where a document may belong; nowhere unless it is ready.
    pub fn of(&self, w: W, document: &Document) -> Result<Vec<MatchView>, Error> {
        if document.shelf() != Shelf::Ready {
            return Ok(Vec::new());
        }
        let Some(paper) = self.paper(document)? else {
            return Ok(Vec::new());
        };
        let found = matching::matches(&paper, &self.candidates);
        let clear = matching::is_clear(&found);
        let views = found.into_iter().enumerate();
        Ok(views.map(|(n, m)| view(w, m, clear && n == 0)).collect())
    }
}

/// The lines of a draft that have no evidence.
fn lines(claim: &Claim) -> impl Iterator<Item = Candidate> {
    let without = claim.content.lines.iter().filter(|l| l.evidence.is_none());
    without.map(|l| Candidate {
        target: Target::Line {
            claim: claim.number.clone(),
            line: l.id.to_string(),
        },
        label: match l.description.as_str() {
            "" => claim.number.clone(),
            text => format!("{} · {text}", claim.number),
        },
        amount: Some(l.paid),
        days: Some((l.incurred_on, l.incurred_on)),
        category: l.category.clone(),
        place: l.place.clone().unwrap_or_default(),
        customer: String::new(),
    })
}

fn view(w: W, found: Match, clear: bool) -> MatchView {
    let reason = |reason: &Reason| match reason {
        Reason::SameAmount => w.t("match-same-amount"),
        Reason::SameDay => w.t("match-same-day"),
        Reason::NearDay(n) => w.n("match-near-day", n),
        Reason::SameCategory => w.t("match-same-category"),
        Reason::Place(place) => w.t1("match-place", "place", place),
        Reason::Customer(name) => w.t1("match-customer", "name", name),
    };
    let reasons = found.reasons.iter().map(reason).collect();
    let (kind, claim, line, activity) = match found.target {
        Target::Line { claim, line } => ("line", Some(claim), Some(line), None),
        Target::Draft { claim } => ("draft", Some(claim), None, None),
        Target::Visit { activity } => ("visit", None, None, Some(activity)),
    };
    MatchView {
        kind,
        claim,
        line,
        activity,
        label: found.label,
        score: found.score,
        reasons,
        clear,
    }
}
