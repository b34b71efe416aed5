//! Batches as CSV after a template of columns, for banks that take a table.

use serde::{Deserialize, Serialize};

use super::{Batch, Payment, PaymentError};
use crate::claim::Problem;

/// A template typical for batch payments at Chinese banks.
pub const CN_BATCH: &str = include_str!("../../templates/cn-batch.yaml");

/// Which columns a file has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// What people call it.
    pub name: String,
    /// How the text becomes bytes.
    #[serde(default)]
    pub encoding: Encoding,
    /// What stands between two cells: one ASCII sign, a comma by default.
    #[serde(default = "comma")]
    pub delimiter: char,
    /// The columns, in order.
    pub columns: Vec<Column>,
}

fn comma() -> char {
    ','
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its title.
    pub header: String,
    /// What it holds.
    pub field: Field,
    /// What [`Field::Fixed`] writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// 1, 2, 3 …
    Number,
    /// Whose account is paid to.
    CreditorName,
    /// Its number.
    CreditorAccount,
    /// Its bank.
    CreditorBank,
    /// Its bank's number in China's clearing system.
    CreditorBranch,
    /// Its bank's BIC.
    CreditorBic,
    /// Whose account pays.
    DebtorName,
    /// Its number.
    DebtorAccount,
    /// Digits with a point.
    Amount,
    /// Three letters.
    Currency,
    /// What the payee reads.
    Remittance,
    /// By which the answer finds the payment.
    EndToEndId,
    /// The day to pay, as 2026-11-24.
    ExecuteOn,
    /// The same text in each row.
    Fixed,
}

/// How the text becomes bytes; the caller encodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8 with a byte order mark, which spreadsheets need.
    #[default]
    Utf8Bom,
    /// UTF-8.
    Utf8,
    /// GB 18030, as older bank clients want.
    Gb18030,
}

/// Why a text is no template.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Not YAML of this shape.
    #[error("the column template cannot be read: {0}")]
    Shape(#[from] serde_norway::Error),
    /// No columns.
    #[error("columns: is empty: list at least one, like {{header: 金额, field: amount}}")]
    Empty,
    /// A delimiter that is no single ASCII sign.
    #[error("delimiter: {0:?} cannot stand between cells: use a comma, a semicolon, a tab or |")]
    Delimiter(char),
    /// A fixed column without text, or text where none is written.
    #[error("columns[{0}].text: belongs to `field: fixed`, and only there")]
    Text(usize),
    /// Without it a file pays nobody, or not what it should.
    #[error("columns: no column has `field: {0}`: every bank needs it")]
    Lacks(&'static str),
}

impl Template {
    /// Reads a template from YAML.
    pub fn from_yaml(text: &str) -> Result<Template, TemplateError> {
        let template: Template = serde_norway::from_str(text)?;
        if template.columns.is_empty() {
            return Err(TemplateError::Empty);
        }
        if ![',', ';', '\t', '|'].contains(&template.delimiter) {
            return Err(TemplateError::Delimiter(template.delimiter));
        }
        for (i, column) in template.columns.iter().enumerate() {
            if (column.field == Field::Fixed) != column.text.is_some() {
                return Err(TemplateError::Text(i));
            }
        }
        for (field, name) in [
            (Field::CreditorName, "creditor_name"),
            (Field::CreditorAccount, "creditor_account"),
            (Field::Amount, "amount"),
        ] {
            if !template.columns.iter().any(|c| c.field == field) {
                return Err(TemplateError::Lacks(name));
            }
        }
        Ok(template)
    }
}

/// The table, one row a payment under one of headers, without a byte order mark. Cells that a spreadsheet would take
/// for a formula do not occur: names and banks begin with a letter or digit, free text is written without such signs.
pub fn render(batch: &Batch, template: &Template) -> Result<String, PaymentError> {
    batch.validate()?;
    let fail = |_| PaymentError {
        problems: vec![Problem::new("payments", "unwritable")],
    };
    let mut out = csv::WriterBuilder::new()
        .delimiter(u8::try_from(template.delimiter).unwrap_or(b','))
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    out.write_record(template.columns.iter().map(|c| &c.header))
        .map_err(fail)?;
    for (i, payment) in batch.payments.iter().enumerate() {
        let row = template.columns.iter().map(|column| cell(batch, i, payment, column));
        out.write_record(row).map_err(fail)?;
    }
    let bytes = out.into_inner().unwrap_or_default();
    Ok(String::from_utf8(bytes).unwrap_or_default())
}

fn cell(batch: &Batch, i: usize, payment: &Payment, column: &Column) -> String {
    let to = &payment.creditor;
    match column.field {
        Field::Number => (i + 1).to_string(),
        Field::CreditorName => to.holder.clone(),
        Field::CreditorAccount => to.number.clone(),
        Field::CreditorBank => to.bank.clone().unwrap_or_default(),
        Field::CreditorBranch => to.branch.clone().unwrap_or_default(),
        Field::CreditorBic => to.bic.clone().unwrap_or_default(),
        Field::DebtorName => batch.debtor.holder.clone(),
        Field::DebtorAccount => batch.debtor.number.clone(),
        Field::Amount => payment.amount.plain(),
        Field::Currency => payment.amount.currency.code().to_owned(),
        Field::Remittance => payment.remittance(),
        Field::EndToEndId => payment.end_to_end_id.clone(),
        Field::ExecuteOn => batch.execute_on.to_string(),
        Field::Fixed => column.text.clone().unwrap_or_default(),
    }
}
