//! The steps of a claim as people read them: who did what, who is asked and why, who comes next.

use outlay_core::claim::{Claim, OutcomeKind, Progress, RunStep, State, Status, Task};
use outlay_core::flow::{Ask, Resolved, Why};
use outlay_core::ids::EmployeeId;
use outlay_core::org::Org;

use crate::shell::{self, W};

/// A step on a page.
#[derive(Debug, Clone)]
pub struct StepView {
    /// `done`, `now`, `next`, `back`, `stop`.
    pub dot: &'static str,
    /// The icon in it.
    pub icon: &'static str,
    /// Whose step it is.
    pub who: String,
    /// What they did or are to do.
    pub what: String,
    /// When, or how long it has waited.
    pub when: String,
}

/// What the words are made with.
pub struct Reader<'a> {
    /// Their language.
    pub w: W,
    /// Who reads.
    pub me: EmployeeId,
    /// The organisation.
    pub org: &'a Org,
    /// The zone of the claim's entity.
    pub zone: &'a str,
}

impl Reader<'_> {
    fn name(&self, id: EmployeeId) -> String {
        self.org.employee(id).map(|e| e.name.clone()).unwrap_or_default()
    }

    fn at(&self, at: jiff::Timestamp) -> String {
        shell::short_moment(self.w, at, self.zone)
    }

    /// Why somebody is asked.
    pub fn why(&self, why: &Why) -> String {
        let w = self.w;
        match why {
            Why::Heads(department) => {
                let name = self.org.department(*department).map_or("", |d| d.name.as_str());
                w.t1("why-heads", "department", name)
            }
            Why::Holds(role) => w.t(&format!("why-role-{}", role.code())),
            Why::OwnsDeal => w.t("why-owns-deal"),
            Why::Named => w.t("why-named"),
            Why::StandsIn(other) => w.t1("why-stands-in", "name", self.name(*other)),
            Why::TransferredBy(other) => w.t1("why-transferred", "name", self.name(*other)),
        }
    }
}

/// All steps of a claim that was handed in, from submission to payment.
pub fn steps(claim: &Claim, ask: &Ask, reader: &Reader) -> Vec<StepView> {
    let w = reader.w;
    let Some(submitted) = claim.submitted_at else {
        return Vec::new();
    };
    let mut out = vec![StepView {
        dot: "done",
        icon: "check",
        who: reader.name(claim.content.claimant),
        what: w.t("step-submitted"),
        when: reader.at(submitted),
    }];
    for step in &claim.run {
        of_step(step, ask, reader, &mut out);
    }
    match &claim.state {
        State::Withdrawn { .. } => out.push(StepView {
            dot: "back",
            icon: "corner-up-left",
            who: reader.name(claim.content.claimant),
            what: w.t("step-withdrawn"),
            when: String::new(),
        }),
        State::Rejected { .. } | State::Returned { .. } => {}
        _ => out.push(payment(claim, reader)),
    }
    out
}

fn of_step(step: &RunStep, ask: &Ask, reader: &Reader, out: &mut Vec<StepView>) {
    let w = reader.w;
    let name = step.name.get(w.0);
    for task in &step.tasks {
        let Some(outcome) = &task.outcome else { continue };
        let (dot, icon) = match outcome.kind {
            OutcomeKind::Approved => ("done", "check"),
            OutcomeKind::Transferred => ("done", "arrow-right"),
            OutcomeKind::Returned => ("back", "undo-2"),
            OutcomeKind::Rejected => ("stop", "x"),
            OutcomeKind::Void => continue,
        };
        let mut values = vec![
            ("step".to_owned(), name.to_owned()),
            ("comment".to_owned(), outcome.comment.clone()),
        ];
        let key = format!("step-{}", outcome.kind.code());
        let key = if outcome.comment.is_empty() {
            key
        } else {
            format!("{key}-said")
        };
        values.push(("why".to_owned(), reader.why(&task.why)));
        out.push(StepView {
            dot,
            icon,
            who: reader.name(task.assignee),
            what: w.args(&key, &values),
            when: reader.at(outcome.at),
        });
    }
    let open: Vec<&Task> = step.tasks.iter().filter(|t| t.outcome.is_none()).collect();
    match step.progress {
        Progress::Open if !open.is_empty() => {
            let mine = open.iter().any(|t| t.assignee == reader.me);
            let since = open.iter().map(|t| t.opened_at).min().unwrap_or_default();
            out.push(StepView {
                dot: "now",
                icon: "chevron-right",
                who: joined(w, open.iter().map(|t| reader.name(t.assignee))),
                what: w.t1(if mine { "step-yours" } else { "step-asked" }, "step", name),
                when: w.t1("step-waiting", "wait", shell::waited(w, since)),
            });
        }
        Progress::Waiting => {
            let people = match ask.resolve(&step.who, &step.id) {
                Ok(Resolved::People(people)) => people,
                _ => Vec::new(),
            };
            out.push(StepView {
                dot: "next",
                icon: "circle",
                who: joined(w, people.iter().map(|p| reader.name(p.employee))),
                what: name.to_owned(),
                when: String::new(),
            });
        }
        Progress::Skipped => out.push(StepView {
            dot: "done",
            icon: "check",
            who: String::new(),
            what: w.t1("step-skipped", "step", name),
            when: String::new(),
        }),
        Progress::Open | Progress::Done => {}
    }
}

fn payment(claim: &Claim, reader: &Reader) -> StepView {
    let w = reader.w;
    let (dot, icon, what) = match claim.status() {
        Status::Paid | Status::Archived => ("done", "check", "step-paid"),
        Status::Paying => ("now", "chevron-right", "step-paying"),
        Status::Approved => ("now", "chevron-right", "step-to-pay"),
        _ => ("next", "circle", "step-payment"),
    };
    let when = match &claim.state {
        State::Paid { on, .. } => shell::short_day(w, *on, crate::clock::day(crate::clock::now(), reader.zone)),
        State::Approved { at, .. } => reader.at(*at),
        _ => String::new(),
    };
    StepView {
        dot,
        icon,
        who: String::new(),
        what: w.t(what),
        when,
    }
}

/// `甲、乙`, `A, B`.
fn joined(w: W, names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(if w.zh() { "、" } else { ", " })
}
