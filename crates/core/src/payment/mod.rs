//! Payments (付款): accounts that can be paid to, files for the bank, and what the bank answers.

mod account;
mod answer;
mod batch;
pub mod columns;
pub mod pain001;
mod text;

pub use account::{BankAccount, Scheme};
pub use answer::{Answer, AnswerError, Outcome, read_answers};
pub use batch::{Batch, Payment, PaymentError};
