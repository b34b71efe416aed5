//! The form of a step or branch as it is posted: fields by name become what a flow says.

use outlay_core::Money;
use outlay_core::claim::{Grade, Problem};
use outlay_core::flow::{Branch, Choice, CopyStep, Field, Late, LateAct, Mode, Node, Step, Who};
use outlay_core::org::{Org, Role};
use outlay_core::words::Text;
use rust_decimal::Decimal;

use super::conditions::Conditions;
use crate::error::Error;
use crate::inbox::colleague;

/// The fields of a form as they were sent.
#[derive(Debug, Clone, Default)]
pub struct Sent(pub Vec<(String, String)>);

impl Sent {
    /// What stands in a field, the last of the name; empty if it was not sent.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().rev().find(|(n, _)| n == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// All that stands in the fields of a name, also what is empty.
    pub fn all(&self, name: &str) -> Vec<String> {
        let of = self.0.iter().filter(|(n, _)| n == name);
        of.map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// What was chosen of a name.
    pub fn chosen(&self, name: &str) -> Vec<String> {
        let mut all = self.all(name);
        all.retain(|value| !value.is_empty());
        all
    }

    /// The version that the form was made of; that of nobody if it is no number.
    pub fn version(&self) -> i64 {
        self.get("version").parse().unwrap_or(-1)
    }

    /// The button that sent it.
    pub fn act(&self) -> &str {
        self.get("act")
    }
}

/// The kinds of people whom a step may ask, in the order of the form.
pub const WHO: [&str; 10] = [
    "department_head",
    "heads_up_to",
    "role",
    "position",
    "employee",
    "cost_center_owner",
    "deal_owner",
    "project_owner",
    "chosen",
    "expression",
];

/// The ways of signing, in the order of the form.
pub const MODES: [&str; 4] = ["any", "all", "share", "in_order"];

/// What an approver may be let change, in the order of the form.
pub const EDITS: [(&str, Field); 5] = [
    ("category", Field::Category),
    ("claimed", Field::Claimed),
    ("tax", Field::Tax),
    ("description", Field::Description),
    ("allocations", Field::Allocations),
];

/// What happens when nobody answers, in the order of the form.
pub const LATE: [(&str, LateAct); 3] = [
    ("remind", LateAct::Remind),
    ("escalate", LateAct::Escalate),
    ("return", LateAct::Return),
];

/// What the form of a step, a copy or a branch holds, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Typed {
    /// Its name in Chinese.
    pub zh: String,
    /// Its name in English.
    pub en: String,
    /// One of [`WHO`].
    pub who: String,
    /// How many levels up.
    pub level: String,
    /// The role asked.
    pub role: String,
    /// The title of the post asked.
    pub position: String,
    /// The employee asked, or those whom the claimant may choose.
    pub people: Vec<String>,
    /// A role whose holders the claimant may choose.
    pub choice_role: String,
    /// Whether the claimant may choose several.
    pub several: bool,
    /// The formula.
    pub formula: String,
    /// One of [`MODES`].
    pub mode: String,
    /// With `share`, in per cent.
    pub share: String,
    /// Of [`EDITS`].
    pub may_edit: Vec<String>,
    /// Days and one of [`LATE`].
    pub late: Vec<(String, String)>,
    /// When it applies.
    pub when: Conditions,
}

impl Typed {
    /// What was sent.
    pub fn read(sent: &Sent) -> Typed {
        let of = |name: &str| sent.get(name).to_owned();
        Typed {
            zh: of("zh"),
            en: of("en"),
            who: of("who"),
            level: of("level"),
            role: of("role"),
            position: of("position"),
            people: sent.chosen("to"),
            choice_role: of("choice_role"),
            several: !sent.get("several").is_empty(),
            formula: of("formula"),
            mode: of("mode"),
            share: of("share"),
            may_edit: sent.chosen("may_edit"),
            late: sent.all("after").into_iter().zip(sent.all("do")).collect(),
            when: Conditions::read(sent),
        }
    }

    /// What a step says.
    pub fn of_step(step: &Step, org: &Org) -> Typed {
        let mut typed = Typed {
            mode: match step.mode {
                Mode::Any => "any",
                Mode::All => "all",
                Mode::Share(_) => "share",
                Mode::InOrder => "in_order",
            }
            .to_owned(),
            may_edit: EDITS
                .iter()
                .filter(|(_, f)| step.may_edit.contains(f))
                .map(|(code, _)| (*code).to_owned())
                .collect(),
            late: step
                .late
                .iter()
                .map(|l| (l.after.to_string(), late_code(l.act).to_owned()))
                .collect(),
            when: Conditions::of(&step.when),
            ..Typed::of_who(&step.name, &step.who, org)
        };
        if let Mode::Share(share) = step.mode {
            typed.share = (share * Decimal::ONE_HUNDRED).normalize().to_string();
        }
        typed
    }

    /// What a copy says.
    pub fn of_copy(copy: &CopyStep, org: &Org) -> Typed {
        Typed {
            when: Conditions::of(&copy.when),
            ..Typed::of_who(&copy.name, &copy.to, org)
        }
    }

    /// What a branch says.
    pub fn of_branch(branch: &Branch) -> Typed {
        Typed {
            zh: branch.name.zh.clone(),
            en: branch.name.en.clone(),
            when: Conditions::of(&branch.when),
            ..Typed::default()
        }
    }

    fn of_who(name: &Text, who: &Who, org: &Org) -> Typed {
        let mut typed = Typed {
            zh: name.zh.clone(),
            en: name.en.clone(),
            level: "1".to_owned(),
            role: Role::Finance.code().to_owned(),
            mode: "any".to_owned(),
            ..Typed::default()
        };
        let kind = match who {
            Who::DepartmentHead(n) => {
                typed.level = n.to_string();
                "department_head"
            }
            Who::HeadsUpTo(n) => {
                typed.level = n.to_string();
                "heads_up_to"
            }
            Who::Role(role) => {
                role.code().clone_into(&mut typed.role);
                "role"
            }
            Who::CostCenterOwner => "cost_center_owner",
            Who::ProjectOwner => "project_owner",
            Who::DealOwner => "deal_owner",
            Who::Position(title) => {
                typed.position.clone_from(title);
                "position"
            }
            Who::Employee(number) => {
                typed.people.push(called(org, number));
                "employee"
            }
            Who::Chosen(choice) => {
                typed
                    .people
                    .extend(choice.from.iter().map(|number| called(org, number)));
                typed.choice_role = choice.role.map(|r| r.code().to_owned()).unwrap_or_default();
                typed.several = choice.several;
                "chosen"
            }
            Who::Expression(text) => {
                typed.formula.clone_from(text);
                "expression"
            }
        };
        kind.clone_into(&mut typed.who);
        typed
    }

    /// The step that it asks for, with this id.
    pub fn step(&self, id: &str, org: &Org) -> Result<Node, Error> {
        let mut found = Vec::new();
        let (name, who) = (self.name(&mut found), self.who(org, &mut found));
        let mode = match self.mode.as_str() {
            "all" => Mode::All,
            "in_order" => Mode::InOrder,
            "share" => Mode::Share(percent(&self.share, "share", &mut found)),
            _ => Mode::Any,
        };
        let step = Step {
            id: id.to_owned(),
            name,
            who,
            mode,
            when: self.when.said(&mut found),
            may_edit: EDITS
                .iter()
                .filter(|(code, _)| self.may_edit.iter().any(|e| e == code))
                .map(|(_, field)| *field)
                .collect(),
            late: self.lates(&mut found),
        };
        sound(found, Node::Step(Box::new(step)))
    }

    /// The copy that it asks for, with this id.
    pub fn copy(&self, id: &str, org: &Org) -> Result<Node, Error> {
        let mut found = Vec::new();
        let copy = CopyStep {
            id: id.to_owned(),
            name: self.name(&mut found),
            to: self.who(org, &mut found),
            when: self.when.said(&mut found),
        };
        sound(found, Node::Copy(Box::new(copy)))
    }

    /// Changes a branch into what it asks for.
    pub fn branch(&self, branch: &mut Branch) -> Result<(), Error> {
        let mut found = Vec::new();
        branch.name = self.name(&mut found);
        branch.when = self.when.said(&mut found);
        sound(found, ())
    }

    /// The name in both languages; one that is missing is taken from the other.
    pub fn name(&self, found: &mut Vec<Problem>) -> Text {
        if self.zh.is_empty() && self.en.is_empty() {
            found.push(Problem::new("name", "missing"));
        }
        let or = |a: &String, b: &String| if a.is_empty() { b.clone() } else { a.clone() };
        Text {
            zh: or(&self.zh, &self.en),
            en: or(&self.en, &self.zh),
        }
    }

    fn who(&self, org: &Org, found: &mut Vec<Problem>) -> Who {
        let level = self.level.parse().unwrap_or(0);
        match self.who.as_str() {
            "department_head" => Who::DepartmentHead(level),
            "heads_up_to" => Who::HeadsUpTo(level),
            "role" => Who::Role(Role::parse(&self.role).unwrap_or_else(|| {
                found.push(Problem::new("role", "missing"));
                Role::Finance
            })),
            "position" => {
                if self.position.is_empty() {
                    found.push(Problem::new("position", "missing"));
                }
                Who::Position(self.position.clone())
            }
            "employee" => Who::Employee(self.numbers(org, found).into_iter().next().unwrap_or_else(|| {
                if self.people.is_empty() {
                    found.push(Problem::new("to", "missing"));
                }
                String::new()
            })),
            "cost_center_owner" => Who::CostCenterOwner,
            "deal_owner" => Who::DealOwner,
            "project_owner" => Who::ProjectOwner,
            "chosen" => Who::Chosen(Choice {
                from: self.numbers(org, found),
                role: Role::parse(&self.choice_role),
                several: self.several,
            }),
            "expression" => Who::Expression(self.formula.clone()),
            _ => {
                found.push(Problem::new("who", "missing"));
                Who::DepartmentHead(1)
            }
        }
    }

    fn numbers(&self, org: &Org, found: &mut Vec<Problem>) -> Vec<String> {
        let mut numbers = Vec::new();
        for text in &self.people {
            match number(org, text) {
                Ok(number) => numbers.push(number),
                Err(problem) => found.push(problem),
            }
        }
        numbers
    }

    fn lates(&self, found: &mut Vec<Problem>) -> Vec<Late> {
        let mut all = Vec::new();
        for (after, act) in self.late.iter().filter(|(after, _)| !after.is_empty()) {
            let Ok(after) = after.parse() else {
                found.push(Problem::new("after", "flow-days"));
                continue;
            };
            let act = LATE
                .iter()
                .find(|(code, _)| code == act)
                .map_or(LateAct::Remind, |l| l.1);
            all.push(Late { after, act });
        }
        all
    }
}

fn sound<T>(found: Vec<Problem>, made: T) -> Result<T, Error> {
    if found.is_empty() {
        Ok(made)
    } else {
        Err(Error::Invalid(found))
    }
}

fn late_code(act: LateAct) -> &'static str {
    LATE.iter().find(|l| l.1 == act).map_or("remind", |l| l.0)
}

/// The personnel number of whoever is meant by a number, a mail address or a name that only one active colleague has.
pub fn number(org: &Org, text: &str) -> Result<String, Problem> {
    match colleague(org, text) {
        Ok(id) => Ok(org.employee(id).map(|e| e.number.clone()).unwrap_or_default()),
        Err(Error::Invalid(problems)) => {
            let code = problems.first().map_or("unknown", |p| p.code.as_str());
            Err(Problem::new("to", &format!("flow-person-{code}")).with("name", text))
        }
        Err(_) => Err(Problem::new("to", "flow-person-unknown").with("name", text)),
    }
}

/// What somebody is called in a form: their name if nobody else has it, else their number.
pub fn called(org: &Org, number: &str) -> String {
    let Some(employee) = org.employees().find(|e| e.number == number && e.active) else {
        return number.to_owned();
    };
    let same = org.employees().filter(|e| e.active && e.name == employee.name).count();
    if same == 1 {
        employee.name.clone()
    } else {
        number.to_owned()
    }
}

/// A share that was typed in per cent.
pub fn percent(text: &str, field: &str, found: &mut Vec<Problem>) -> Decimal {
    let typed = text.trim_end_matches(['%', '％']).trim();
    match typed.parse::<Decimal>() {
        Ok(percent) => (percent / Decimal::ONE_HUNDRED).normalize(),
        Err(_) => {
            found.push(Problem::new(field, "flow-percent"));
            Decimal::ONE
        }
    }
}

/// An amount that was typed; none if nothing was.
pub fn money(text: &str, currency: &str, field: &str, found: &mut Vec<Problem>) -> Option<Money> {
    if text.is_empty() {
        return None;
    }
    let currency = outlay_core::Currency::parse(currency).ok();
    let typed = text.replace([',', '，'], "");
    let money = currency.and_then(|c| Money::parse(&typed, c).ok());
    if money.is_none() {
        found.push(Problem::new(field, "not-a-number"));
    }
    money
}

/// A grade of evidence by its letter.
pub fn grade(code: &str) -> Option<Grade> {
    [Grade::A, Grade::B, Grade::C, Grade::D]
        .into_iter()
        .find(|g| g.code() == code)
}
