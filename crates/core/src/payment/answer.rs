//! What the bank answers, as a table that people can also write by hand.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::batch::MAX_END_TO_END_ID;

/// Longest answer, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// Most rows of one answer.
const MAX_ROWS: usize = 20_000;
/// Most errors reported at once.
const MAX_ERRORS: usize = 50;

/// What became of one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The payment.
    pub end_to_end_id: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Money has moved.
    Posted {
        /// The bank's day, where it was told.
        on: Option<Date>,
    },
    /// It has not.
    Failed {
        /// Why.
        reason: String,
    },
}

/// One thing wrong with an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Too large a text.
    #[error("the answer is longer than {MAX_BYTES} bytes or {MAX_ROWS} rows: split it")]
    TooLong,
    /// A column that must be there is not.
    #[error("the column {0:?} is missing: the first row must be end_to_end_id,status,reason and, if known, date")]
    Column(&'static str),
    /// A column that nobody knows.
    #[error("the column {0:?} is not known: use end_to_end_id, status, reason, date")]
    Unknown(String),
    /// No rows.
    #[error("the answer has no rows")]
    Empty,
    /// A row that is not like the first.
    #[error("row {row}: {message}")]
    Row {
        /// Line of the file, from 1.
        row: u64,
        /// What, and how to mend it.
        message: String,
    },
}

/// Reads a CSV with the columns `end_to_end_id`, `status` (`posted` or `failed`), `reason` (needed for `failed`) and
/// optionally `date` (of posting). All of it is good, or everything wrong is told and nothing is taken.
pub fn read_answers(text: &str) -> Result<Vec<Answer>, Vec<AnswerError>> {
    if text.len() > MAX_BYTES {
        return Err(vec![AnswerError::TooLong]);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let columns = Columns::find(reader.headers().map_err(|e| vec![row_error(&e)])?)?;
    let mut seen = BTreeSet::new();
    let mut answers = Vec::new();
    let mut errors = Vec::new();
    for record in reader.records() {
        if answers.len() >= MAX_ROWS {
            return Err(vec![AnswerError::TooLong]);
        }
        match record {
            Ok(record) if record.iter().all(str::is_empty) => {}
            Ok(record) => {
                let row = record.position().map_or(0, csv::Position::line);
                match columns.read(&record) {
                    Ok(answer) if seen.insert(answer.end_to_end_id.clone()) => answers.push(answer),
                    Ok(answer) => errors.push(AnswerError::Row {
                        row,
                        message: format!("{:?} is in an earlier row: keep one", answer.end_to_end_id),
                    }),
                    Err(message) => errors.push(AnswerError::Row { row, message }),
                }
            }
            Err(error) => errors.push(row_error(&error)),
        }
        if errors.len() >= MAX_ERRORS {
            break;
        }
    }
    if errors.is_empty() && answers.is_empty() {
        errors.push(AnswerError::Empty);
    }
    if errors.is_empty() { Ok(answers) } else { Err(errors) }
}

struct Columns {
    id: usize,
    status: usize,
    reason: usize,
    date: Option<usize>,
}

impl Columns {
    fn find(headers: &csv::StringRecord) -> Result<Columns, Vec<AnswerError>> {
        let at = |name: &str| headers.iter().position(|h| h.eq_ignore_ascii_case(name));
        let need = |name: &'static str| at(name).ok_or_else(|| vec![AnswerError::Column(name)]);
        let columns = Columns {
            id: need("end_to_end_id")?,
            status: need("status")?,
            reason: need("reason")?,
            date: at("date"),
        };
        let known = ["end_to_end_id", "status", "reason", "date"];
        let unknown: Vec<AnswerError> = headers
            .iter()
            .filter(|h| !known.iter().any(|k| h.eq_ignore_ascii_case(k)))
            .take(MAX_ERRORS)
            .map(|h| AnswerError::Unknown(clip(h)))
            .collect();
        if unknown.is_empty() { Ok(columns) } else { Err(unknown) }
    }

    fn read(&self, record: &csv::StringRecord) -> Result<Answer, String> {
        let cell = |at: usize| record.get(at).unwrap_or_default();
        let id = cell(self.id);
        if id.is_empty() {
            return Err("end_to_end_id is empty: every row names a payment".to_owned());
        }
        if id.chars().count() > MAX_END_TO_END_ID {
            return Err(format!(
                "{:?} is no end_to_end_id: it has at most {MAX_END_TO_END_ID} characters",
                clip(id)
            ));
        }
        let reason = cell(self.reason);
        let date = self.date.map(cell).filter(|d| !d.is_empty());
        let outcome = match cell(self.status).to_ascii_lowercase().as_str() {
            "posted" => Outcome::Posted {
                on: date
                    .map(|d| {
                        d.parse()
                            .map_err(|_| format!("date {:?} is no day: write 2026-11-24", clip(d)))
                    })
                    .transpose()?,
            },
            "failed" if reason.is_empty() => return Err("reason is empty: say why it failed".to_owned()),
            "failed" => Outcome::Failed {
                reason: super::text::line(reason, 500),
            },
            other => return Err(format!("status {:?} is not known: write posted or failed", clip(other))),
        };
        Ok(Answer {
            end_to_end_id: id.to_owned(),
            outcome,
        })
    }
}

fn row_error(error: &csv::Error) -> AnswerError {
    let row = error.position().map_or(1, csv::Position::line);
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} cells where the first row has {expected_len}")
        }
        _ => "cannot be read as CSV in UTF-8".to_owned(),
    };
    AnswerError::Row { row, message }
}

fn clip(text: &str) -> String {
    text.chars().take(80).collect()
}
