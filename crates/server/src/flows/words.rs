//! A flow, and what is wrong with one, in words.

use outlay_core::claim::Problem;
use outlay_core::flow::{Fallback, Field, Flow, FlowError, LateAct, Mode, SamePerson, Step, Unreached, When, Who};
use outlay_core::org::Org;
use outlay_core::words::Lang;

use super::conditions::LINKS;
use crate::policies::Rules;
use crate::sheets::feel_words;
use crate::shell::W;

/// What is needed to say a flow in words.
pub struct Words<'a> {
    /// The reader's language.
    pub w: W,
    /// The organisation, for the names of people and departments.
    pub org: &'a Org,
    /// What a category is called.
    pub rules: &'a Rules,
}

impl Words<'_> {
    /// Things in a list.
    pub fn join(&self, all: impl IntoIterator<Item = String>) -> String {
        let all: Vec<String> = all.into_iter().collect();
        all.join(if self.w.zh() { "、" } else { ", " })
    }

    /// Somebody by personnel number.
    pub fn person(&self, number: &str) -> String {
        let found = self.org.employees().find(|e| e.number == number);
        found.map_or_else(|| number.to_owned(), |e| format!("{} {number}", e.name))
    }

    /// What holds for all steps.
    pub fn settings(&self, flow: &Flow) -> Vec<String> {
        let fallback = |key: &str, fallback: &Fallback| match fallback {
            Fallback::Refuse => self.w.t(&format!("{key}-refuse")),
            Fallback::HeadAbove => self.w.t(&format!("{key}-head")),
            Fallback::StandIn(number) => self.w.t1(&format!("{key}-stand-in"), "name", self.person(number)),
        };
        vec![
            self.w.t(match flow.settings.same_person {
                SamePerson::Once => "flow-same-once",
                SamePerson::Consecutive => "flow-same-consecutive",
                SamePerson::Every => "flow-same-every",
            }),
            fallback("flow-nobody", &flow.settings.if_nobody),
            fallback("flow-own", &flow.settings.if_own),
        ]
    }

    /// Who is asked.
    pub fn who(&self, who: &Who) -> String {
        let w = self.w;
        match who {
            Who::DepartmentHead(n) => w.n("flow-who-head", n),
            Who::HeadsUpTo(n) => w.n("flow-who-heads", n),
            Who::Role(role) => w.t(&format!("route-holds-{}", role.code().replace('_', "-"))),
            Who::CostCenterOwner => w.t("flow-who-cost-center"),
            Who::ProjectOwner => w.t("route-owns-project"),
            Who::DealOwner => w.t("route-owns-deal"),
            Who::Position(title) => w.t1("route-position", "name", title),
            Who::Employee(number) => self.person(number),
            Who::Chosen(_) => w.t("route-chosen"),
            Who::Expression(text) => w.t1("flow-who-expression", "text", text),
        }
    }

    /// How many of them must sign.
    pub fn mode(&self, who: &Who, mode: Mode) -> String {
        if matches!(who, Who::HeadsUpTo(_)) {
            return self.w.t("flow-mode-order");
        }
        match mode {
            Mode::Any => self.w.t("flow-mode-any"),
            Mode::All => self.w.t("flow-mode-all"),
            Mode::InOrder => self.w.t("flow-mode-order"),
            Mode::Share(share) => self.w.t1(
                "flow-mode-share",
                "share",
                (share * rust_decimal::Decimal::ONE_HUNDRED).normalize(),
            ),
        }
    }

    /// Each condition.
    pub fn when(&self, when: &When) -> Vec<String> {
        let w = self.w;
        let mut all = Vec::new();
        let mut say = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                all.push(w.t1(key, "value", value));
            }
        };
        let money = |m: outlay_core::Money| format!("{}{}", m.currency.sign(), m.grouped());
        let list = |texts: &Option<Vec<String>>| texts.clone().map(|t| self.join(t));
        say("flow-when-from", when.amount_from.map(money));
        say("flow-when-below", when.amount_below.map(money));
        let categories = when.categories.as_ref();
        say(
            "flow-when-categories",
            categories.map(|all| self.join(all.iter().map(|c| self.rules.category_name(c, w.0)))),
        );
        say(
            "flow-when-finding",
            when.finding_from
                .map(|s| w.t(&format!("flow-severity-{}", format!("{s:?}").to_lowercase()))),
        );
        say("flow-when-grade", when.grade_from.map(|g| g.code().to_owned()));
        say(
            "flow-when-over",
            when.over_share_from
                .map(|s| (s * rust_decimal::Decimal::ONE_HUNDRED).normalize().to_string()),
        );
        say("flow-when-claimant-grade", list(&when.claimant_grades));
        say("flow-when-claimant-position", list(&when.claimant_positions));
        let name = |code: &String| {
            let found = self.org.departments().find(|d| d.code == *code);
            found.map_or_else(|| code.clone(), |d| d.name.clone())
        };
        let departments = when.departments.as_ref();
        say(
            "flow-when-department",
            departments.map(|all| self.join(all.iter().map(name))),
        );
        say("flow-when-stage", list(&when.deal_stages));
        say("flow-when-expression", when.expression.clone());
        match when.deal_linked {
            Some(true) => all.push(w.t("flow-when-deal")),
            Some(false) => all.push(w.t("flow-when-no-deal")),
            None => {}
        }
        if let Some(kinds) = &when.linked_to {
            let named = LINKS.iter().filter(|(_, kind)| kinds.contains(kind));
            let named = self.join(named.map(|(code, _)| w.t(&format!("fedit-link-{code}"))));
            all.push(w.t1("flow-when-linked", "value", named));
        }
        all
    }

    /// What a step does beside who signs: what those asked may change, and what happens when nobody answers.
    pub fn duties(&self, step: &Step) -> Vec<String> {
        let mut notes = Vec::new();
        if !step.may_edit.is_empty() {
            let fields = step.may_edit.iter().map(|f| self.w.t(field(*f)));
            notes.push(self.w.t1("flow-may-edit", "fields", self.join(fields)));
        }
        notes.extend(step.late.iter().map(|late| {
            let key = match late.act {
                LateAct::Remind => "flow-late-remind",
                LateAct::Escalate => "flow-late-escalate",
                LateAct::Return => "flow-late-return",
            };
            self.w.n(key, late.after)
        }));
        notes
    }
}

/// The words of something that an approver may change.
pub fn field(field: Field) -> &'static str {
    match field {
        Field::Category => "name-category",
        Field::Claimed => "name-claimed",
        Field::Tax => "name-tax",
        Field::Description => "name-description",
        Field::Allocations => "name-allocations",
    }
}

/// What is wrong with a flow, at `steps.ID`, `settings`, or `body` for its text as a whole.
pub fn problem(error: &FlowError) -> Problem {
    let at = |code: &str| match error.step() {
        Some(step) => Problem::new(format!("steps.{step}"), code).with("step", step),
        None => Problem::new("body", code),
    };
    match error {
        FlowError::TooLong(most) => at("flow-too-long").with("most", most),
        FlowError::Shape(error) => {
            let said = outlay_core::yaml::said(error);
            at("flow-shape").with("text", &said.en).with("zh", &said.zh)
        }
        FlowError::Twice(_) => at("flow-twice"),
        FlowError::Open => Problem::new("steps", "flow-open"),
        FlowError::Level(_) => at("flow-level"),
        FlowError::Unreachable { because, .. } => at(match because {
            Unreached::BranchBefore => "flow-unreached-branch",
            Unreached::EmptyList => "flow-unreached-list",
            Unreached::NoAmount => "flow-unreached-amount",
            Unreached::NoStage => "flow-unreached-stage",
        }),
        FlowError::Share(_) => at("flow-share"),
        FlowError::Branches(_) => at("flow-branches"),
        FlowError::Choice(_) => at("flow-choice"),
        FlowError::Expression { error, .. } => at("flow-expression")
            .with("zh", feel_words(W(Lang::Zh), &error.problem))
            .with("en", feel_words(W(Lang::En), &error.problem))
            .with("at", error.at),
        FlowError::Late(_) => at("flow-late"),
        FlowError::Unknown { step, what, name } => {
            let code = match *what {
                "post" => "flow-no-post",
                "department" => "flow-no-department",
                _ => "flow-no-employee",
            };
            let place = match error.step() {
                Some(step) => format!("steps.{step}"),
                None => step.clone(),
            };
            Problem::new(place, code).with("name", name)
        }
    }
}

/// All that keeps a text from being published as a flow: what cannot run, and what it names and the organisation does not
/// have.
pub fn problems(text: &str, org: &Org) -> Vec<Problem> {
    match Flow::read(text) {
        Ok(flow) => problems_of(&flow, org),
        Err(error) => vec![problem(&error)],
    }
}

/// As [`problems`], of a flow that was read.
pub fn problems_of(flow: &Flow, org: &Org) -> Vec<Problem> {
    let all = flow.problems().into_iter().chain(flow.unknown_names(org));
    all.map(|e| problem(&e)).collect()
}
