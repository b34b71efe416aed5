//! A decision in words: which rules, what they found, whom they asked and why, and what they looked at.

use std::sync::Arc;

use outlay_core::claim::Claim;
use outlay_core::flow::{Flow, Mode};
use outlay_core::history::{Brief, Input, Is, Outcome, Route, Shape};
use outlay_core::org::Org;
use outlay_core::policy::{Fact, Policy};
use outlay_core::words::Lang;
use serde::Serialize;
use utoipa::ToSchema;

use super::record::{Kept, snapshot};
use super::replay::{Same, replay};
use crate::app::App;
use crate::claims::route_view::{finding_view, why};
use crate::claims::view::FindingView;
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::sheets::policy::{names, said};
use crate::shell::{W, short_moment};

/// A decision on record.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DecisionView {
    /// Which of the claim's events.
    pub n: u32,
    /// When, RFC 3339.
    pub at: String,
    /// When, for people.
    #[serde(skip)]
    pub when: String,
    /// The policy asked, `ID@VERSION`.
    pub policy: String,
    /// The flow asked, `ID@VERSION`.
    pub flow: String,
    /// The snapshot of the organisation, by its SHA-256.
    pub organisation: String,
    /// SHA-256 of what was handed in.
    pub content_hash: String,
    /// SHA-256 of what was decided, with a salt.
    pub outcome_hash: String,
    /// Whether deciding it again gives the same bytes.
    pub replayed: Same,
    /// What was decided; none once the person was erased.
    pub outcome: Option<OutcomeView>,
}

/// What was decided, in words.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OutcomeView {
    /// The policy's name and version.
    pub policy: String,
    /// The flow's name and version.
    pub flow: String,
    /// `auto`, `people`, `nobody`, `blocked`.
    pub is: &'static str,
    /// What came out, in words.
    pub said: String,
    /// What the rules found.
    pub findings: Vec<FindingView>,
    /// Why it passed by itself, or did not.
    pub reasons: Vec<String>,
    /// The rows of decision tables that spoke, with what their cells asked and got.
    pub rows: Vec<RowView>,
    /// Who is asked, step by step.
    pub steps: Vec<AskedView>,
    /// What was looked at: a name and a value each.
    pub facts: Vec<FactView>,
}

/// A row of a decision table as it was asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RowView {
    /// The rule whose table it is.
    pub rule: String,
    /// The row, from 1.
    pub row: u32,
    /// Its cells.
    pub cells: Vec<CellView>,
    /// What it answers.
    pub answer: String,
}

/// A cell of such a row.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CellView {
    /// What is asked, such as `City tier`.
    pub name: String,
    /// What the cell lets pass.
    pub test: String,
    /// What it was given.
    pub value: String,
    /// Whether that passed.
    pub matched: bool,
}

/// A step with those whom it asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AskedView {
    /// The step's name.
    pub name: String,
    /// How many of them must sign, where several are asked.
    pub mode: Option<String>,
    /// Who and why.
    pub people: Vec<PersonWhy>,
}

/// Somebody who is asked, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PersonWhy {
    /// Who.
    pub name: String,
    /// The fact of the organisation that made it them.
    pub why: String,
}

/// Something that was looked at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FactView {
    /// What.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// The word of what came out.
pub fn word(is: Is) -> &'static str {
    match is {
        Is::Auto => "auto",
        Is::People => "people",
        Is::Nobody => "nobody",
        Is::Blocked => "blocked",
    }
}

/// What came out, in words: `Two in order`.
pub fn shape(w: W, shape: Shape) -> String {
    match shape.is {
        Is::People => w.n("why-people", shape.steps),
        is => w.t(&format!("why-{}", word(is))),
    }
}

/// Whoever looks at decisions: their words, and the names of today.
pub struct Reader<'a> {
    /// Their words.
    pub w: W,
    /// The organisation as it is now; a snapshot holds no names.
    pub org: &'a Org,
}

impl Reader<'_> {
    /// An outcome in words.
    pub fn outcome(&self, policy: &Policy, flow: &Flow, input: &Input, outcome: &Outcome) -> OutcomeView {
        let w = self.w;
        let lines: Vec<_> = input.content.lines.iter().map(|l| l.id).collect();
        let mut findings: Vec<_> = outcome.judged.findings.iter().collect();
        findings.sort_by_key(|f| std::cmp::Reverse(f.severity));
        let brief = Brief::of(outcome);
        OutcomeView {
            policy: format!("{} v{}", policy.name.get(w.0), policy.version),
            flow: format!("{} v{}", flow.name.get(w.0), flow.version),
            is: word(brief.is),
            said: shape(w, brief.shape()),
            findings: findings
                .into_iter()
                .map(|f| finding_view(w, policy, f, &lines))
                .collect(),
            reasons: outcome
                .judged
                .auto
                .reasons()
                .iter()
                .map(|r| policy.reason(r, w.0))
                .collect(),
            rows: self.rows(policy, outcome),
            steps: match &outcome.route {
                Route::People(steps) => steps.iter().map(|s| self.step(s)).collect(),
                Route::Blocked | Route::Auto | Route::Nobody(_) => Vec::new(),
            },
            facts: self.facts(input),
        }
    }

    /// The rows that made findings and reasons, each once.
    fn rows(&self, policy: &Policy, outcome: &Outcome) -> Vec<RowView> {
        let tables = policy.rule_tables();
        let of_findings = outcome.judged.findings.iter().filter_map(|f| f.trace.as_deref());
        let of_reasons = outcome.judged.auto.reasons().iter().filter_map(|r| r.trace.as_deref());
        let names = names(policy, self.w);
        let mut rows: Vec<RowView> = Vec::new();
        for trace in of_findings.chain(of_reasons) {
            let Some(of) = tables.iter().find(|t| t.id == &*trace.table) else {
                continue;
            };
            let name = of.text.map_or_else(
                || self.w.t("why-auto-table"),
                |text| match self.w.0 {
                    Lang::Zh => text.zh.name.clone(),
                    Lang::En => text.en.name.clone(),
                },
            );
            for row in &trace.chosen {
                let Some(written) = (*row as usize).checked_sub(1).and_then(|at| of.table.rows.get(at)) else {
                    continue;
                };
                let cells = of.table.inputs.iter().enumerate().filter_map(|(at, heading)| {
                    Some(CellView {
                        name: Fact::parse(heading)
                            .map_or_else(|| heading.clone(), |fact| fact.name(self.w.0).to_owned()),
                        test: said(&names, written.cells.get(at)?, self.w),
                        value: said(&names, &trace.inputs.get(at)?.to_string(), self.w),
                        matched: trace.cells.matched(*row, u32::try_from(at).ok()? + 1)?,
                    })
                });
                let view = RowView {
                    rule: name.clone(),
                    row: *row,
                    cells: cells.collect(),
                    answer: said(&names, written.cells.last().map_or("", String::as_str), self.w),
                };
                let same = |r: &RowView| {
                    let values = |r: &RowView| r.cells.iter().map(|c| c.value.clone()).collect::<Vec<_>>();
                    r.rule == view.rule && r.row == view.row && values(r) == values(&view)
                };
                if !rows.iter().any(same) {
                    rows.push(view);
                }
            }
        }
        rows
    }

    fn step(&self, step: &outlay_core::history::Asked) -> AskedView {
        let several = step.people.len() > 1;
        let mode = match step.mode {
            Mode::Any => self.w.t("why-any"),
            Mode::All => self.w.t("why-all"),
            Mode::InOrder => self.w.t("why-in-order"),
            Mode::Share(share) => {
                let percent = (share * rust_decimal::Decimal::ONE_HUNDRED).normalize();
                self.w.t1("why-by-share", "share", percent)
            }
        };
        AskedView {
            name: step.name.get(self.w.0).to_owned(),
            mode: several.then_some(mode),
            people: step
                .people
                .iter()
                .map(|p| PersonWhy {
                    name: self.name(p.employee),
                    why: why(self.w, self.org, &p.why),
                })
                .collect(),
        }
    }

    fn name(&self, id: outlay_core::ids::EmployeeId) -> String {
        self.org.employee(id).map(|e| e.name.clone()).unwrap_or_default()
    }

    fn facts(&self, input: &Input) -> Vec<FactView> {
        let (w, content) = (self.w, &input.content);
        let total = content.claimed();
        let department = self.org.department(content.department).map(|d| d.name.clone());
        let mut facts = vec![
            ("why-fact-day", Some(input.facts.today.to_string())),
            (
                "why-fact-total",
                Some(format!("{} {}", total.currency.code(), total.grouped())),
            ),
            ("why-fact-lines", Some(content.lines.len().to_string())),
            ("why-fact-evidence", Some(format!("{:?}", content.grade()))),
            ("why-fact-grade", input.facts.grade.clone()),
            ("why-fact-department", department),
            ("why-fact-owner", input.deal_owner.map(|o| self.name(o))),
        ];
        for (at, line) in content.lines.iter().enumerate() {
            let Some(known) = input.facts.lines.get(&line.id) else {
                continue;
            };
            let mut said = Vec::new();
            if known.buyer_matches == Some(false) {
                said.push(w.t1("why-line-buyer", "buyer", known.buyer.clone().unwrap_or_default()));
            }
            if !known.failed_checks.is_empty() {
                said.push(w.t1("why-line-failed", "checks", known.failed_checks.join(", ")));
            }
            if let Some(on) = known.used_on {
                said.push(w.t1("why-line-used", "on", on));
            }
            if !known.similar.is_empty() {
                let others: Vec<&str> = known.similar.iter().map(|s| s.claim.as_str()).collect();
                said.push(w.t1("why-line-similar", "claims", others.join(", ")));
            }
            if !said.is_empty() {
                facts.push((
                    "",
                    Some(format!("{} {}", w.t1("edit-on-line", "n", at + 1), said.join(" · "))),
                ));
            }
        }
        facts
            .into_iter()
            .filter_map(|(key, value)| {
                let name = if key.is_empty() { w.t("why-fact-line") } else { w.t(key) };
                Some(FactView { name, value: value? })
            })
            .collect()
    }
}

/// All decisions on a claim, the last first, each decided again.
pub async fn decisions(
    sql: &mut Sql,
    app: &Arc<App>,
    w: W,
    zone: &str,
    claim: &Claim,
) -> Result<Vec<DecisionView>, Error> {
    let org = app.org(sql).await?;
    let rules = app.rules(sql).await?;
    let reader = Reader { w, org: &org };
    let mut all = Vec::new();
    for kept in Kept::of(sql, claim.id).await? {
        let done = replay(sql, app, &kept).await?;
        let versions = rules
            .version(&kept.policy)
            .zip(rules.flow_version(kept.entity, &kept.flow));
        let outcome = done.found.zip(versions);
        all.push(DecisionView {
            n: kept.n,
            at: moment(kept.at).to_string(),
            when: short_moment(w, moment(kept.at), zone),
            policy: format!("{}@{}", kept.policy.id, kept.policy.version),
            flow: format!("{}@{}", kept.flow.id, kept.flow.version),
            organisation: kept.org,
            content_hash: kept.content_hash,
            outcome_hash: kept.outcome_hash,
            replayed: done.same,
            outcome: outcome.map(|((input, out), (policy, flow))| reader.outcome(policy, flow, &input, &out)),
        });
    }
    Ok(all)
}

/// A decision beside what other rules would make of it: as it was, and as it would be. None once the person was erased.
pub async fn beside(
    sql: &mut Sql,
    app: &Arc<App>,
    w: W,
    kept: &Kept,
    tried: &super::Tried,
) -> Result<Option<(OutcomeView, OutcomeView)>, Error> {
    let Some(opened) = kept.open(sql, app).await? else {
        return Ok(None);
    };
    let (org, rules) = (app.org(sql).await?, app.rules(sql).await?);
    let then = snapshot(sql, &kept.org).await?;
    let gone = || Error::NotFound("version");
    let policy = rules.version(&kept.policy).ok_or_else(gone)?;
    let flow = rules.flow_version(kept.entity, &kept.flow).ok_or_else(gone)?;
    let (new_policy, new_flow) = (
        tried.policy.as_ref().unwrap_or(policy),
        tried.flow.as_ref().unwrap_or(flow),
    );
    let reader = Reader { w, org: &org };
    let view = |policy: &Policy, flow: &Flow| {
        let outcome = opened.input.outcome(policy, flow, &then);
        reader.outcome(policy, flow, &opened.input, &outcome)
    };
    Ok(Some((view(policy, flow), view(new_policy, new_flow))))
}
