//! A claim as it is read, by page and API alike.

use outlay_core::claim::{Claim, Source, State, Status};
use outlay_core::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;

use super::choice::ChoiceView;
use super::input::{ClaimInput, TripInput};
use super::route_view::{Look, StepView, route};
use super::store;
use super::timeline::{EventView, timeline};
use crate::app::App;
use crate::args;
use crate::auth::{Action, Resource, Visitor};
use crate::db::Sql;
use crate::drafts;
use crate::error::Error;
use crate::evidence;
use crate::evidence::view::DocumentView;
use crate::shell::{W, short_moment, status_look};

/// An amount, exactly.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MoneyView {
    /// Plain decimals: `1234.50`.
    pub amount: String,
    /// ISO 4217.
    pub currency: &'static str,
    /// For people: `1,234.50`.
    #[serde(skip)]
    pub grouped: String,
    /// For people: `¥`.
    #[serde(skip)]
    pub sign: &'static str,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        MoneyView {
            amount: money.plain(),
            currency: money.currency.code(),
            grouped: money.grouped(),
            sign: money.currency.sign(),
        }
    }
}

/// Somebody or something with a name.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Which CRM record a field came from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SourceView {
    /// The kind of record.
    pub object: String,
    /// Its own id in the CRM.
    pub external_id: String,
    /// Its revision when it was read.
    pub revision: String,
    /// When, in RFC 3339.
    pub read_at: String,
    /// The value then.
    pub value: String,
    /// The draft rule that filled it in, by its name then; empty for a rule without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where it is shown here, if it has a page.
    pub href: Option<String>,
    /// When it was read, for people.
    #[serde(skip)]
    pub when: String,
}

/// A source as it is read, its moment in `zone`; `id` is the record's in Outlay.
pub fn source_view(w: W, zone: &str, source: &Source, id: &str) -> SourceView {
    let folder = match source.object.as_str() {
        "deal" => Some("deals"),
        "account" => Some("accounts"),
        _ => None,
    };
    SourceView {
        object: source.object.clone(),
        external_id: source.external_id.clone(),
        revision: source.revision.clone(),
        read_at: source.read_at.to_string(),
        value: source.value.clone(),
        rule: source.rule.clone(),
        href: folder.filter(|_| !id.is_empty()).map(|f| format!("/crm/{f}/{id}")),
        when: short_moment(w, source.read_at, zone),
    }
}

/// A CRM record that the claim belongs to.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LinkView {
    /// `account`, `contact`, `deal`, `project`, `order`, `activity`.
    pub object: &'static str,
    /// Its id in Outlay.
    pub id: String,
    /// Its name.
    pub name: String,
    /// A deal's stage, a visit's place.
    pub note: String,
    /// Where it came from.
    pub source: Option<SourceView>,
    /// What the CRM says otherwise by now, while the claim is not approved.
    pub drift: Vec<DriftView>,
}

/// A fact that filled the claim and that the CRM changed since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DriftView {
    /// `name`, `owner`, `visited_on`, `account`, or `gone` if the record is not there any more.
    pub what: &'static str,
    /// What it was when it filled the claim.
    pub was: String,
    /// What it is now; empty if gone.
    pub is: String,
}

/// A part of a line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AllocationView {
    /// What it serves, for people.
    pub name: String,
    /// Whose, for people.
    pub account_name: String,
    /// The customer's id.
    pub account: Option<String>,
    /// The deal's id.
    pub deal: Option<String>,
    /// The project's id.
    pub project: Option<String>,
    /// The cost centre's id.
    pub cost_center: Option<String>,
    /// The part.
    pub amount: MoneyView,
    /// Its share, such as `70%`.
    pub share: String,
    /// Where its bar begins and how long it is, in percent.
    #[serde(skip)]
    pub bar: (String, String),
}

/// One expense.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LineView {
    /// Its id.
    pub id: String,
    /// Its place, from 1.
    pub n: usize,
    /// The category's code.
    pub category: String,
    /// Its name.
    pub category_name: String,
    /// The day.
    pub incurred_on: String,
    /// What it was.
    pub description: String,
    /// The city.
    pub place: Option<String>,
    /// Nights, persons, kilometres.
    pub quantity: u32,
    /// What was paid.
    pub paid: MoneyView,
    /// The rate, exactly; none within one currency.
    pub rate: Option<RateView>,
    /// What is asked for.
    pub claimed: MoneyView,
    /// Input tax.
    pub tax: Option<MoneyView>,
    /// What of its document's tax may be asked back, by the rules of the entity's country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tax: Option<evidence::tax::InputTaxView>,
    /// The document.
    pub document: Option<String>,
    /// How good a proof it is: A to D.
    pub grade: String,
    /// Whom it served.
    pub allocations: Vec<AllocationView>,
    /// The journey, for a per diem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trip: Option<TripInput>,
    /// The draft rule that put its amount in, in words; none once somebody changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// How a per diem was reckoned, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reckoned: Option<String>,
    /// What the policy says of it.
    pub findings: Vec<FindingView>,
}

/// An exchange rate.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RateView {
    /// Units of the claim's currency for one unit paid.
    pub value: String,
    /// Who published it.
    pub source: String,
    /// The day it is of.
    pub on: String,
}

/// What a rule of the policy found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FindingView {
    /// `block`, `warn`, `info`.
    pub severity: &'static str,
    /// The rule.
    pub rule: String,
    /// The line it is about, from 1.
    pub line: Option<usize>,
    /// A few words.
    pub title: String,
    /// One sentence.
    pub text: String,
    /// What to do.
    pub fix: String,
    /// Name, version and rule of the policy.
    pub rule_label: String,
    /// Where the rule is shown.
    pub href: String,
}

impl FindingView {
    /// The tone of the page for it.
    pub fn tone(&self) -> &'static str {
        match self.severity {
            "block" => "bad",
            "warn" => "warn",
            _ => "info",
        }
    }

    /// The icon for it.
    pub fn icon(&self) -> &'static str {
        match self.severity {
            "block" => "circle-x",
            "warn" => "triangle-alert",
            _ => "info",
        }
    }
}

/// What the reader may do now.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct MayView {
    /// Change it.
    pub edit: bool,
    /// Hand it in.
    pub submit: bool,
    /// Take it back.
    pub withdraw: bool,
    /// Say something.
    pub comment: bool,
    /// Begin a new one like it.
    pub copy: bool,
    /// The reader's open task.
    pub task: Option<String>,
}

/// A claim.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClaimView {
    /// Its id.
    pub id: String,
    /// The number people use.
    pub number: String,
    /// How many events it has had; an edit must name it.
    pub n: u32,
    /// `draft`, `in_review` …
    pub status: &'static str,
    /// What it is about.
    pub title: String,
    /// Why the money was spent.
    pub purpose: String,
    /// Whose money is asked for.
    pub claimant: Named,
    /// Which entity pays.
    pub entity: Named,
    /// Where it is booked.
    pub department: Named,
    /// What is asked for.
    pub claimed: MoneyView,
    /// Input tax in all.
    pub tax: MoneyView,
    /// The weakest proof.
    pub grade: String,
    /// What an approver approves.
    pub content_hash: String,
    /// The draft rule that began it, in words; none where a person did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// CRM records.
    pub links: Vec<LinkView>,
    /// The expenses.
    pub lines: Vec<LineView>,
    /// What the policy says: of a draft now, else when it was submitted.
    pub findings: Vec<FindingView>,
    /// Why it goes this way.
    pub reasons: Vec<String>,
    /// Whether it passes without a person.
    pub passes: bool,
    /// Why it could not be submitted as it is.
    pub refusal: Option<String>,
    /// The policy that judged it: name and version.
    pub policy: Option<String>,
    /// Who is asked, and why.
    pub steps: Vec<StepView>,
    /// Of a draft: the steps whose signers its claimant chooses before it is submitted.
    pub choices: Vec<ChoiceView>,
    /// Why it was returned, rejected or withdrawn.
    pub reason: Option<String>,
    /// Its documents.
    pub documents: Vec<DocumentView>,
    /// What happened, the latest first.
    pub timeline: Vec<EventView>,
    /// Last four digits of the account it is paid to.
    pub payee_last4: Option<String>,
    /// What the reader may do now.
    pub may: MayView,
    /// What else they may do on its run.
    pub acts: super::acts::ActsView,
    /// When it was begun, in RFC 3339.
    pub created_at: String,
    /// When it was last handed in.
    pub submitted_at: Option<String>,
    /// The content in the shape that an edit takes.
    pub content: ClaimInput,
}

impl ClaimView {
    /// Tone, icon and word of its state.
    pub fn badge(&self, w: &W) -> (&'static str, &'static str, String) {
        badge(w, self.status)
    }

    /// Whether it was ever decided on by rules.
    pub fn decided(&self) -> bool {
        self.submitted_at.is_some()
    }

    /// First and last day of the expenses.
    pub fn days(&self) -> Option<(String, String)> {
        let mut days: Vec<&String> = self.lines.iter().map(|l| &l.incurred_on).collect();
        days.sort();
        Some(((*days.first()?).clone(), (*days.last()?).clone()))
    }
}

/// Tone, icon and word of a state.
pub fn badge(w: &W, status: &str) -> (&'static str, &'static str, String) {
    let (tone, icon) = status_look(Status::parse(status).unwrap_or(Status::Draft));
    (tone, icon, w.t(&format!("state-{}", status.replace('_', "-"))))
}

/// Gathers what `visitor` reads of a claim; the caller has checked that they may.
pub async fn claim_view(sql: &mut Sql, app: &App, visitor: &Visitor, claim: &Claim) -> Result<ClaimView, Error> {
    let org = app.org(sql).await?;
    let w = W(visitor.lang);
    let content = &claim.content;
    let zone = org.entity(content.entity).map_or("UTC", |e| e.zone.as_str()).to_owned();
    let look = Look::at(sql, app, claim).await?;
    let findings = look.findings(w);
    let kept = evidence::store::of_claim(sql, claim).await?;
    let lines = super::line_view::lines(sql, app, w, claim, &findings, &kept).await?;
    let mut documents = Vec::new();
    for document in &kept {
        documents.push(evidence::view::document_view(sql, app, visitor, document).await?);
    }
    let payee: Option<(String,)> = sql
        .maybe(
            "SELECT last4 FROM payee_account WHERE id = COALESCE((SELECT p.account_id FROM payable p WHERE p.claim_id = $1), \
             (SELECT a.id FROM payee_account a WHERE a.employee_id = $2 AND a.state = 'active'))",
            args![claim.id, content.claimant],
        )
        .await?;
    let entity = org.entity(content.entity);
    let department = org.department(content.department);
    Ok(ClaimView {
        id: claim.id.to_string(),
        number: claim.number.clone(),
        n: claim.n,
        status: claim.status().code(),
        title: content.title.clone(),
        purpose: content.purpose.clone(),
        claimant: Named {
            id: content.claimant.to_string(),
            name: org
                .employee(content.claimant)
                .map(|e| e.name.clone())
                .unwrap_or_default(),
        },
        entity: Named {
            id: content.entity.to_string(),
            name: entity.map(|e| e.name.clone()).unwrap_or_default(),
        },
        department: Named {
            id: content.department.to_string(),
            name: department.map(|d| d.name.clone()).unwrap_or_default(),
        },
        claimed: content.claimed().into(),
        tax: content.tax().into(),
        grade: format!("{:?}", content.grade()),
        content_hash: content.hash(),
        links: super::link_view::links(sql, w, &zone, claim).await?,
        lines,
        reasons: look.reasons(w),
        passes: look.passes(),
        refusal: look.refusal(w),
        policy: look.policy_label(w),
        findings,
        rule: claim
            .sources
            .iter()
            .find_map(|s| s.rule.as_deref())
            .map(|name| drafts::by_rule(w, claim, name)),
        choices: look.choices(w, &org, claim),
        steps: route(sql, app, w, claim, &look, visitor.person.id(), &zone).await?,
        reason: match &claim.state {
            State::Returned { reason, .. } | State::Rejected { reason, .. } | State::Withdrawn { reason } => {
                Some(reason.clone()).filter(|r| !r.is_empty())
            }
            _ => None,
        },
        documents,
        timeline: timeline(sql, app, w, claim, &zone).await?,
        payee_last4: payee.map(|(last4,)| last4),
        may: may(app, visitor, claim),
        acts: super::acts::acts(sql, app, visitor, claim).await?,
        created_at: claim.created_at.to_string(),
        submitted_at: claim.submitted_at.map(|t| t.to_string()),
        content: ClaimInput::of(content),
    })
}

/// What `visitor` may do with a claim in its state.
pub fn may(app: &App, visitor: &Visitor, claim: &Claim) -> MayView {
    let facts = store::facts(claim);
    let resource = Resource::Claim(&facts);
    let may = |action| app.rights.may(&visitor.person, action, &resource);
    let status = claim.status();
    let me = visitor.person.id();
    let open = matches!(
        status,
        Status::Draft | Status::Returned | Status::Submitted | Status::InReview
    );
    MayView {
        edit: status.is_editable() && may(Action::EditClaim),
        submit: status.is_editable() && may(Action::SubmitClaim),
        withdraw: open && may(Action::WithdrawClaim),
        comment: status != Status::Draft && may(Action::CommentClaim),
        copy: claim.content.claimant == me,
        task: super::acts::task_of(claim, &visitor.person)
            .filter(|_| may(Action::DecideClaim))
            .map(|t| t.id.to_string()),
    }
}

/// The currency in words, as the caption of a table says it.
pub fn currency_of(view: &ClaimView) -> Option<Currency> {
    Currency::parse(view.claimed.currency).ok()
}
