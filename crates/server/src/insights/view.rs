//! What pages and API say of costs.

use outlay_core::ids::EntityId;
use outlay_core::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Rows of an answer and of a table to download; the rest is added up.
pub const MOST: usize = 200;

/// What is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Customers.
    #[default]
    Account,
    /// Deals.
    Deal,
    /// Departments, as booked.
    Department,
    /// Categories of the policy.
    Category,
    /// Months of the expense.
    Month,
}

impl By {
    /// All, in the order of the tabs.
    pub const ALL: [By; 5] = [By::Account, By::Deal, By::Department, By::Category, By::Month];

    /// The word in addresses and in `spend`.
    pub fn code(self) -> &'static str {
        match self {
            By::Account => "account",
            By::Deal => "deal",
            By::Department => "department",
            By::Category => "category",
            By::Month => "month",
        }
    }
}

/// Whose costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// The whole entity's: for its finance and its auditors.
    Entity,
    /// Those of departments that the reader heads, with all below.
    Departments,
    /// The reader's own.
    Own,
}

impl Whose {
    /// The word in addresses.
    pub fn code(self) -> &'static str {
        match self {
            Whose::Entity => "entity",
            Whose::Departments => "departments",
            Whose::Own => "own",
        }
    }

    /// The scope of the list of claims that holds them all.
    pub fn list(self) -> &'static str {
        match self {
            Whose::Entity => "all",
            Whose::Departments => "department",
            Whose::Own => "mine",
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// What is added up; customers if absent.
    #[param(inline)]
    pub by: Option<By>,
    /// Whose; the widest that the reader may see if absent.
    #[param(inline)]
    pub scope: Option<Whose>,
    /// The entity that pays; the reader's own if absent.
    #[param(value_type = Option<uuid::Uuid>)]
    pub entity: Option<EntityId>,
    /// First month, `2026-01`; eleven before `to` if absent.
    pub from: Option<String>,
    /// Last month; the present one if absent.
    pub to: Option<String>,
}

/// Money asked for or paid.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Cost {
    /// Pending and paid together.
    #[schema(value_type = Object)]
    pub sum: Money,
    /// Submitted, not yet paid.
    #[schema(value_type = Object)]
    pub pending: Money,
    /// Paid.
    #[schema(value_type = Object)]
    pub paid: Money,
}

impl Cost {
    /// Of minor units.
    pub fn new(pending: i64, paid: i64, currency: Currency) -> Cost {
        Cost {
            sum: Money::new(pending.saturating_add(paid), currency),
            pending: Money::new(pending, currency),
            paid: Money::new(paid, currency),
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Row {
    /// The customer's, deal's or department's id, the category's code, or the month; none for costs that serve none.
    pub key: Option<String>,
    /// Its name in the reader's language; empty for costs that serve none.
    pub name: String,
    /// What it cost.
    pub cost: Cost,
    /// Its part of the whole, in percent with one decimal.
    pub share: String,
    /// Amounts of won deals of the period, for customers and deals.
    #[schema(value_type = Option<Object>)]
    pub won: Option<Money>,
    /// Cost by won amount, in percent with two decimals.
    pub ratio: Option<String>,
    /// The sums of each month.
    #[schema(value_type = Vec<Object>)]
    pub months: Vec<Money>,
    /// The list of its claims.
    pub claims: String,
}

/// A category over the months.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Series {
    /// Its code; none for all the small ones together.
    pub key: Option<String>,
    /// Its name in the reader's language.
    pub name: String,
    /// The sums of each month.
    #[schema(value_type = Vec<Object>)]
    pub months: Vec<Money>,
}

/// Somebody or something to choose.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Choice {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Costs of one entity in one currency over some months.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct InsightsView {
    /// What is added up.
    pub by: By,
    /// Whose.
    pub scope: Whose,
    /// What else the reader may choose.
    pub scopes: Vec<Whose>,
    /// The entity that pays.
    #[schema(value_type = uuid::Uuid)]
    pub entity: EntityId,
    /// Entities to choose from.
    pub entities: Vec<Choice>,
    /// Its currency, in which all amounts are.
    pub currency: String,
    /// The months, first to last.
    pub months: Vec<String>,
    /// Everything together.
    pub total: Cost,
    /// Won amounts of the period in that currency, for who may see all of the entity.
    #[schema(value_type = Option<Object>)]
    pub won: Option<Money>,
    /// Cost by won amount, in percent.
    pub ratio: Option<String>,
    /// The rows, the dearest first; months in their order.
    pub rows: Vec<Row>,
    /// The rows beyond the first 200, together.
    pub others: Option<Cost>,
    /// How many those are.
    pub other_count: usize,
    /// Categories over the months, the dearest first, five at most and the rest.
    pub trend: Vec<Series>,
    /// The claims of each month.
    pub month_claims: Vec<String>,
    /// Whether the figures count claims that the reader may not open.
    pub hidden_claims: bool,
}
