//! Draft rules as data: which event begins a draft, for whom, and what it holds.

use outlay_connect::Object;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::claims::AmountInput;

/// What happens in a CRM that may begin a draft.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A deal was won.
    Won,
    /// A visit, call or meeting was logged; it counts once it is over.
    #[default]
    Visit,
    /// A customer was seen for the first time, after the connection's first full pull.
    Customer,
}

impl Event {
    /// All.
    pub const ALL: [Event; 3] = [Event::Won, Event::Visit, Event::Customer];

    /// The name used in storage, URLs and JSON; also the first part of a claim's origin.
    pub const fn code(self) -> &'static str {
        match self {
            Event::Won => "won",
            Event::Visit => "visit",
            Event::Customer => "customer",
        }
    }

    /// The event of a code.
    pub fn of(code: &str) -> Option<Event> {
        Event::ALL.into_iter().find(|e| e.code() == code)
    }

    /// The kind of record that it happens to.
    pub const fn object(self) -> Object {
        match self {
            Event::Won => Object::Deal,
            Event::Visit => Object::Activity,
            Event::Customer => Object::Account,
        }
    }

    /// The origin of the draft that it begins for a record of ours; a claim's origin is unique, so there is one for ever.
    pub fn origin(self, record: &str) -> String {
        format!("{}:{record}", self.code())
    }
}

/// One rule. Of those in their order, the first that is on and whose conditions hold begins the draft; an event of a
/// record begins one draft for ever, whichever rule it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DraftRule {
    /// Its id, kept over versions; a new rule is given one.
    pub id: String,
    /// What people call it; a rule without a name is called by its event.
    pub name: String,
    /// Whether it begins drafts.
    pub on: bool,
    /// What happens.
    pub event: Event,
    /// When it counts.
    pub when: Conditions,
    /// Whose claim it is.
    pub whom: Whom,
    /// The title, with `{account}`, `{deal}`, `{subject}`, `{on}`, `{until}`, `{place}`; empty for customer and deal.
    pub title: String,
    /// The purpose, with the same; empty for what the visit was about.
    pub purpose: String,
    /// Lines to put in.
    pub lines: Vec<DraftLine>,
    /// The event is at most so many days old, 1 to 90. A deal that turns won before our eyes is news at any age.
    pub days: u32,
}

/// Conditions; all that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Conditions {
    /// Id of the connection that the record comes from; `own` for records of Outlay's own; empty for any.
    pub connection: String,
    /// Id of the entity where the claimant works; empty for any.
    pub entity: String,
    /// The deal is worth no less; one in another currency is not.
    pub at_least: Option<AmountInput>,
    /// Kinds of activity, such as `visit`; any if empty.
    pub kinds: Vec<String>,
    /// Cities in the place of the visit or the customer's address, or the customer's country in two letters; any if empty.
    pub places: Vec<String>,
    /// Whether the deal has a project.
    pub project: Option<bool>,
}

/// Whose claim a draft is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Whom {
    /// Who it is.
    pub who: Who,
    /// With `employee`: the id.
    pub employee: String,
}

/// Who it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// The owner of the deal, visit or customer.
    #[default]
    Owner,
    /// The owner of its customer.
    AccountOwner,
    /// A certain employee, who may read the record.
    Employee,
}

/// A line to put in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DraftLine {
    /// A category of the policy.
    pub category: String,
    /// Where its amount comes from.
    pub how: How,
    /// With `fixed`: the amount, in the entity's currency.
    pub amount: String,
    /// With `tiers`: an amount a day for each tier; the one without a tier is for everywhere else.
    pub rates: Vec<TierRate>,
    /// What it was, with the placeholders of a title.
    pub description: String,
    /// What it serves.
    pub serves: Serves,
}

/// Where the amount of a line comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The claimant fills it in.
    #[default]
    Open,
    /// It is the same each time.
    Fixed,
    /// Per diem: the days of the visit, each at what the policy in force allows there.
    Policy,
    /// Per diem: the days of the visit, each at the rule's rate for the tier of the place.
    Tiers,
}

impl How {
    /// The name used in JSON and forms.
    pub const fn code(self) -> &'static str {
        match self {
            How::Open => "open",
            How::Fixed => "fixed",
            How::Policy => "policy",
            How::Tiers => "tiers",
        }
    }

    /// Whether the visit's days count.
    pub const fn is_per_diem(self) -> bool {
        matches!(self, How::Policy | How::Tiers)
    }
}

/// A rate for a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TierRate {
    /// Code of a tier of the policy in force; empty for all other places.
    pub tier: String,
    /// In the entity's currency.
    pub amount: String,
}

/// What a line serves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Serves {
    /// Project, deal and customer, as far as the record has them.
    #[default]
    Record,
    /// The customer alone.
    Account,
}

/// The age limit of the standard rules.
pub const DAYS: u32 = 7;

/// The rules before anybody changed them: a won deal and a visit begin a draft for their owner.
pub fn standard() -> Vec<DraftRule> {
    let rule = |event: Event, kinds: Vec<String>| DraftRule {
        id: event.code().to_owned(),
        on: event != Event::Customer,
        event,
        when: Conditions {
            kinds,
            ..Conditions::default()
        },
        days: DAYS,
        ..DraftRule::default()
    };
    vec![
        rule(Event::Won, Vec::new()),
        rule(Event::Visit, vec!["visit".to_owned()]),
        rule(Event::Customer, Vec::new()),
    ]
}
