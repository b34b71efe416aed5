//! Which way a claim goes, and why: what the policy said, who is asked, who will be.

use outlay_core::claim::{Claim, Judgement, OutcomeKind, Problem, Progress, Refusal, Status};
use outlay_core::flow::{self, Approver, Resolved, Why};
use outlay_core::ids::EmployeeId;
use outlay_core::org::Org;
use outlay_core::policy::{Finding, Policy, Severity};
use outlay_core::words::Text;
use serde::Serialize;
use utoipa::ToSchema;

use super::act::preview;
use super::around::Around;
use super::choice::ChoiceView;
use super::store;
use super::view::FindingView;
use crate::app::App;
use crate::db::Sql;
use crate::error::{Error, Failure};
use crate::policies::Rules;
use crate::shell::{W, field_words, short_moment};

/// One step or one person's part of it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepView {
    /// The step's name.
    pub name: String,
    /// Who; none yet if it waits for nobody in particular.
    pub person: Option<String>,
    /// Why them.
    pub why: Option<String>,
    /// `done`, `now`, `next`, `back`, `stop`.
    pub state: &'static str,
    /// When it ended, or since when it is open; for people.
    pub when: String,
    /// What they said.
    pub comment: String,
    /// Whether it is the reader's turn.
    pub yours: bool,
}

impl StepView {
    /// The icon of its dot.
    pub fn icon(&self) -> &'static str {
        match self.state {
            "done" => "check",
            "now" => "chevron-right",
            "back" => "undo-2",
            "stop" => "x",
            _ => "circle",
        }
    }
}

/// What is known of a claim's way: of a draft, by looking ahead.
pub struct Look {
    judged: Option<Judgement>,
    ahead: Option<Result<Claim, Refusal>>,
    choices: Vec<(String, Text, flow::Choice)>,
    rules: std::sync::Arc<Rules>,
    lines: Vec<outlay_core::ids::LineId>,
}

impl Look {
    /// Looks at a claim.
    pub async fn at(sql: &mut Sql, app: &App, claim: &Claim) -> Result<Look, Error> {
        let rules = app.rules(sql).await?;
        let lines = claim.content.lines.iter().map(|l| l.id).collect();
        let mut look = Look {
            judged: claim.judged.clone(),
            ahead: None,
            choices: Vec::new(),
            rules,
            lines,
        };
        if claim.status().is_editable() {
            // Without a policy in force there is nothing to look ahead with, and the draft can still be read.
            match preview(sql, app, claim).await {
                Ok(ahead) => {
                    look.judged = Some(ahead.judged);
                    look.ahead = Some(ahead.outcome);
                    look.choices = ahead.choices;
                }
                Err(Error::Invalid(_)) => look.judged = None,
                Err(error) => return Err(error),
            }
        }
        Ok(look)
    }

    fn policy(&self) -> Option<&Policy> {
        self.judged.as_ref().and_then(|j| self.rules.version(&j.policy))
    }

    /// What the policy found, in words.
    pub fn findings(&self, w: W) -> Vec<FindingView> {
        let Some((judged, policy)) = self.judged.as_ref().zip(self.policy()) else {
            return Vec::new();
        };
        let mut all: Vec<&Finding> = judged.findings.iter().collect();
        all.sort_by_key(|f| std::cmp::Reverse(f.severity));
        all.into_iter()
            .map(|finding| finding_view(w, policy, finding, &self.lines))
            .collect()
    }

    /// Why it passes by itself or not, in words.
    pub fn reasons(&self, w: W) -> Vec<String> {
        let Some((judged, policy)) = self.judged.as_ref().zip(self.policy()) else {
            return Vec::new();
        };
        judged.auto.reasons().iter().map(|r| policy.reason(r, w.0)).collect()
    }

    /// Whether it passes without a person.
    pub fn passes(&self) -> bool {
        self.judged.as_ref().is_some_and(|j| j.auto.passes())
    }

    /// Why it could not be submitted now, beyond what the findings say.
    pub fn refusal(&self, w: W) -> Option<String> {
        match self.ahead.as_ref()? {
            Ok(_) | Err(Refusal::Blocked { .. }) => None,
            Err(Refusal::Problems { problems }) => problems.first().map(|p| at_field(w, p)),
            Err(Refusal::NotChosen { step }) => Some(w.t1("problem-not-chosen", "step", self.step_name(w, step))),
            Err(refusal) => {
                let failure = Failure::from(&Error::from(refusal.clone()));
                Some(w.args(&format!("problem-{}", failure.code), &failure.args))
            }
        }
    }

    /// The steps whose signers the claimant chooses before handing in; none where nobody needs to sign.
    pub fn choices(&self, w: W, org: &Org, claim: &Claim) -> Vec<ChoiceView> {
        let all = self.choices.iter().filter(|_| !self.passes());
        all.map(|step| ChoiceView::of(w, org, claim, step)).collect()
    }

    /// What a step that is left to the claimant is called; its id if it is none of those.
    fn step_name(&self, w: W, step: &str) -> String {
        let found = self.choices.iter().find(|(id, ..)| id == step);
        found.map_or_else(|| step.to_owned(), |(_, name, _)| name.get(w.0).to_owned())
    }

    /// The policy's name and version.
    pub fn policy_label(&self, w: W) -> Option<String> {
        let policy = self.policy()?;
        Some(format!("{} v{}", policy.name.get(w.0), policy.version))
    }
}

/// A finding of a policy in words; `lines` are those of the content it is about.
pub fn finding_view(w: W, policy: &Policy, finding: &Finding, lines: &[outlay_core::ids::LineId]) -> FindingView {
    let words = policy.words(finding, w.0);
    FindingView {
        severity: match finding.severity {
            Severity::Block => "block",
            Severity::Warn => "warn",
            Severity::Info => "info",
        },
        rule: finding.rule.clone(),
        line: finding
            .line
            .and_then(|id| lines.iter().position(|l| *l == id))
            .map(|i| i + 1),
        title: words.title,
        text: words.text,
        fix: words.fix,
        rule_label: words.rule_label,
        href: format!(
            "/settings/policies/{}@{}#{}",
            finding.policy.id, finding.policy.version, finding.rule
        ),
    }
}

/// What is wrong with a field, with its name.
pub fn at_field(w: W, problem: &Problem) -> String {
    w.args(
        "field-at",
        &[
            ("field".to_owned(), field_name(w, &problem.field)),
            ("words".to_owned(), field_words(w, problem)),
        ],
    )
}

/// A field by the name people know.
pub fn field_name(w: W, path: &str) -> String {
    if let Some((i, field)) = path.strip_prefix("lines[").and_then(|r| r.split_once("].")) {
        let n = i.parse::<i64>().map_or(0, |i| i + 1);
        let last = field.split(['[', '.']).next().unwrap_or_default();
        return w.args(
            "field-of-line",
            &[
                ("n".to_owned(), n.to_string()),
                ("field".to_owned(), w.t(&format!("name-{}", last.replace('_', "-")))),
            ],
        );
    }
    w.t(&format!("name-{}", path.trim_start_matches("links.").replace('_', "-")))
}

/// The steps, those that wait with the people they would ask today.
pub async fn route(
    sql: &mut Sql,
    app: &App,
    w: W,
    claim: &Claim,
    look: &Look,
    reader: EmployeeId,
    zone: &str,
) -> Result<Vec<StepView>, Error> {
    let org = app.org(sql).await?;
    let ahead = look.ahead.as_ref().and_then(|a| a.as_ref().ok());
    let of = ahead.unwrap_or(claim);
    let around = Around::of(sql, &of.content).await?;
    let findings = of.judged.as_ref().map_or(&[][..], |j| &j.findings);
    let ask = around.ask(&org, of, &of.settings, findings, store::today(&org, &of.content)?);
    let name = |id: EmployeeId| org.employee(id).map(|e| e.name.clone());
    let mut steps = Vec::new();
    if let Some(at) = claim.submitted_at.filter(|_| ahead.is_none()) {
        steps.push(StepView {
            name: w.t("route-submitted"),
            person: name(claim.content.claimant),
            why: None,
            state: "done",
            when: short_moment(w, at, zone),
            comment: String::new(),
            yours: false,
        });
    }
    let live = ahead.is_some() || claim.status() == Status::InReview || claim.status() == Status::Submitted;
    for step in &of.run {
        let title = step.name.get(w.0).to_owned();
        for task in &step.tasks {
            let ended = task.outcome.as_ref().filter(|_| ahead.is_none());
            if ended.is_some_and(|o| o.kind == OutcomeKind::Void) {
                continue;
            }
            let state = match ended.map(|o| o.kind) {
                None if ahead.is_some() => "next",
                None => "now",
                Some(OutcomeKind::Revoked) => "back",
                Some(
                    OutcomeKind::Approved | OutcomeKind::Transferred | OutcomeKind::Delegated | OutcomeKind::Advised,
                ) => "done",
                Some(OutcomeKind::Returned) => "back",
                Some(_) => "stop",
            };
            let yours = state == "now" && task.assignee == reader;
            steps.push(StepView {
                name: title.clone(),
                person: name(task.assignee),
                why: Some(why(w, &org, &task.why)),
                state,
                when: match ended {
                    Some(outcome) => short_moment(w, outcome.at, zone),
                    None if yours => w.t("route-yours"),
                    None if ahead.is_some() => String::new(),
                    None => w.t1("route-since", "when", short_moment(w, task.opened_at, zone)),
                },
                comment: ended.map(|o| o.comment.clone()).unwrap_or_default(),
                yours,
            });
        }
        if step.progress == Progress::Waiting && live {
            let people: Vec<Approver> = match ask.resolve(&step.who, &step.id) {
                Ok(Resolved::People(people)) => people,
                _ => Vec::new(),
            };
            // Whoever signed an earlier step is not asked again; the same face is not shown twice.
            let names: Vec<String> = people.iter().filter_map(|p| name(p.employee)).collect();
            if people.is_empty() {
                continue;
            }
            steps.push(StepView {
                name: title,
                person: Some(names.join(if w.zh() { "、" } else { ", " })),
                why: people.first().map(|p| why(w, &org, &p.why)),
                state: "next",
                when: String::new(),
                comment: String::new(),
                yours: false,
            });
        }
    }
    if let Some(step) = payment(w, claim, zone) {
        steps.push(step);
    }
    Ok(steps)
}

fn payment(w: W, claim: &Claim, zone: &str) -> Option<StepView> {
    use outlay_core::claim::State;
    let (state, when) = match &claim.state {
        State::Paid { on, .. } => ("done", on.to_string()),
        State::Archived { at } => ("done", short_moment(w, *at, zone)),
        State::Paying { .. } => ("now", w.t("state-paying")),
        State::Rejected { .. } | State::Withdrawn { .. } => return None,
        _ => ("next", String::new()),
    };
    Some(StepView {
        name: w.t("route-payment"),
        person: None,
        why: None,
        state,
        when,
        comment: String::new(),
        yours: false,
    })
}

/// Why somebody is asked, in words.
pub fn why(w: W, org: &Org, why: &Why) -> String {
    let name = |id: EmployeeId| org.employee(id).map(|e| e.name.clone()).unwrap_or_default();
    match why {
        Why::Heads(id) => {
            let department = org.department(*id).map(|d| d.name.clone()).unwrap_or_default();
            w.t1("route-heads", "department", department)
        }
        Why::Holds(role) => w.t(&format!("route-holds-{}", role.code().replace('_', "-"))),
        Why::OwnsDeal => w.t("route-owns-deal"),
        Why::OwnsProject => w.t("route-owns-project"),
        Why::OwnsCostCenter(id) => {
            let center = org.cost_center(*id).map(|c| c.name.clone()).unwrap_or_default();
            w.t1("route-owns-cost-center", "name", center)
        }
        Why::Position(title) => w.t1("route-position", "name", title),
        Why::Chosen => w.t("route-chosen"),
        Why::Expression => w.t("route-expression"),
        Why::Instead => w.t("route-instead"),
        Why::DelegatedBy(id) => w.t1("route-delegated", "name", name(*id)),
        Why::AddedBy(id) => w.t1("route-added", "name", name(*id)),
        Why::BackFrom(id) => w.t1("route-back-from", "name", name(*id)),
        Why::EscalatedFrom(id) => w.t1("route-escalated", "name", name(*id)),
        Why::StraightBack => w.t("route-straight-back"),
        Why::Named => w.t("route-named"),
        Why::StandsIn(id) => w.t1("route-stands-in", "name", name(*id)),
        Why::TransferredBy(id) => w.t1("route-transferred", "name", name(*id)),
    }
}
