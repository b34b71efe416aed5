//! What pages and API say of payments.

use outlay_core::Money;
use outlay_core::ids::{BatchId, EntityId, PaymentId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An entity whose payments the reader may see.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntityChoice {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: EntityId,
    /// Its name.
    pub name: String,
    /// Its currency.
    pub currency: String,
    /// Whether the reader may pay for it.
    pub may_pay: bool,
}

/// An approved claim that waits for its payment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PayableView {
    /// The claim's number.
    pub claim: String,
    /// What it is about.
    pub title: String,
    /// Who is paid.
    pub payee: String,
    /// How much.
    #[schema(value_type = Object)]
    pub amount: Money,
    /// Since when it waits, RFC 3339.
    pub approved_at: String,
    /// The last characters of the account; none if there is no account.
    pub last4: Option<String>,
    /// Whether the account is the one of the approval; else it is the one active now.
    pub as_approved: bool,
    /// Why it cannot be batched by the reader: `no-account`, `claimant`, `approver`, `no-right`.
    pub blocked: Option<String>,
}

/// What waits for payment by one entity.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WaitingView {
    /// The entity shown.
    #[schema(value_type = uuid::Uuid)]
    pub entity: EntityId,
    /// The currency shown.
    pub currency: String,
    /// Entities to choose from.
    pub entities: Vec<EntityChoice>,
    /// The account that pays, masked by its last characters.
    pub debtor_last4: Option<String>,
    /// The oldest first, 500 at most.
    pub payables: Vec<PayableView>,
    /// How many there are.
    pub count: i64,
    /// Their sum.
    #[schema(value_type = Object)]
    pub total: Money,
    /// The sum of those shown that can be batched.
    #[schema(value_type = Object)]
    pub selectable: Money,
    /// How many those are.
    pub selectable_count: usize,
    /// Today where the entity is.
    pub today: String,
}

/// Which payables.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct WaitingWanted {
    /// The entity that pays; if absent, the reader's own, else the first one.
    #[param(value_type = Option<uuid::Uuid>)]
    pub entity: Option<EntityId>,
}

/// A batch in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BatchRow {
    /// Its number.
    pub number: String,
    /// The entity's name.
    pub entity: String,
    /// The day the bank should pay.
    pub execute_on: String,
    /// `open` or `settled`.
    pub status: String,
    /// How many payments.
    pub count: i64,
    /// How many of them wait for the bank.
    pub pending: i64,
    /// How many failed.
    pub failed: i64,
    /// The sum.
    #[schema(value_type = Object)]
    pub total: Money,
}

/// Batches, newest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BatchesView {
    /// At most 50.
    pub batches: Vec<BatchRow>,
    /// Pass it as `before` for the next page.
    pub next: Option<String>,
}

/// Which batches.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct BatchesWanted {
    /// The `next` of the page before.
    pub before: Option<String>,
}

/// Which payments of a batch.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct BatchWanted {
    /// The `next` of the page before.
    #[serde(default)]
    pub after: String,
}

/// A payment of a batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: PaymentId,
    /// By which the bank's answer finds it.
    pub end_to_end_id: String,
    /// The claim's number.
    pub claim: String,
    /// Who is paid.
    pub payee: String,
    /// The last characters of their account.
    pub last4: String,
    /// How much.
    #[schema(value_type = Object)]
    pub amount: Money,
    /// `pending`, `posted` or `failed`.
    pub status: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// The bank's day, if posted.
    pub settled_on: Option<String>,
}

/// A batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BatchView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: BatchId,
    /// Its number.
    pub number: String,
    /// The entity that pays.
    #[schema(value_type = uuid::Uuid)]
    pub entity: EntityId,
    /// Its name.
    pub entity_name: String,
    /// The last characters of the account that pays.
    pub debtor_last4: String,
    /// The day the bank should pay.
    pub execute_on: String,
    /// `open` or `settled`.
    pub status: String,
    /// Who made it.
    pub created_by: String,
    /// When, RFC 3339.
    pub created_at: String,
    /// The sum of all payments, failed ones included.
    #[schema(value_type = Object)]
    pub total: Money,
    /// How many payments it has.
    pub count: i64,
    /// How many of them wait for the bank.
    pub pending: i64,
    /// The payments by `end_to_end_id`, at most 100.
    pub payments: Vec<PaymentView>,
    /// Pass it as `after` for the next page.
    pub next: Option<String>,
    /// Whether the reader may settle it and take its file.
    pub may_pay: bool,
    /// Today where the entity is.
    pub today: String,
    /// No bank has tried the files of this version.
    pub untested_with_a_bank: bool,
}

/// What a row of the bank's answer does.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswerRow {
    /// As the bank returned it.
    pub end_to_end_id: String,
    /// The claim paid, if the payment is of this batch.
    pub claim: Option<String>,
    /// Who is paid.
    pub payee: Option<String>,
    /// How much.
    #[schema(value_type = Option<Object>)]
    pub amount: Option<Money>,
    /// `posted` or `failed`.
    pub outcome: String,
    /// The bank's day or, for a posted payment without one, the day of the batch.
    pub on: Option<String>,
    /// Why it failed.
    pub reason: Option<String>,
    /// `does` (it will be or was done), `done-before`, or what is wrong: `unknown`, `contradicts`, `future`.
    pub effect: String,
}

/// What an answer of the bank does.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AnswersView {
    /// Whether it was done; a preview does nothing.
    pub applied: bool,
    /// Whether every row can be done.
    pub good: bool,
    /// The rows.
    pub rows: Vec<AnswerRow>,
}
