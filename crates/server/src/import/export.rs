//! Tables out: what an export holds, an import takes.

use outlay_connect::tables::{self, Cell};
use outlay_core::words::Lang;
use outlay_core::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::kind::Kind;
use crate::args;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// CSV in UTF-8 with a byte order mark.
    Csv,
    /// CSV in GBK, for programs that read nothing else; what GBK lacks is written as GB 18030 has it.
    CsvGbk,
    /// An Excel workbook.
    Xlsx,
}

impl Format {
    /// All of them.
    pub const ALL: &'static [Format] = &[Format::Csv, Format::CsvGbk, Format::Xlsx];

    /// Its name in addresses and commands.
    pub fn code(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::CsvGbk => "csv-gbk",
            Format::Xlsx => "xlsx",
        }
    }

    /// By its name; [`Error::Invalid`] for another.
    pub fn parse(code: &str) -> Result<Format, Error> {
        let found = Format::ALL.iter().copied().find(|f| f.code() == code);
        found.ok_or_else(|| Error::field("format", "file-format"))
    }

    /// The end of its files' names.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Csv | Format::CsvGbk => "csv",
            Format::Xlsx => "xlsx",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::CsvGbk => "text/csv; charset=gbk",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// The query of a kind; its columns are those of the kind, as text, in their order; amounts as minor units.
fn query(kind: Kind) -> &'static str {
    match kind {
        Kind::Entities => "SELECT code, name, country, currency, zone FROM legal_entity ORDER BY code",
        Kind::CostCenters => {
            "SELECT c.code, c.name, l.code, e.number FROM cost_center c JOIN legal_entity l ON l.id = c.entity_id \
             LEFT JOIN employee e ON e.id = c.owner_id ORDER BY c.code"
        }
        Kind::People => {
            "SELECT number, name, email, locale, CASE WHEN active THEN 'true' ELSE 'false' END FROM employee ORDER BY number"
        }
        Kind::Departments => {
            "SELECT d.code, d.name, p.code, d.valid_from, d.valid_to FROM department d \
             LEFT JOIN department p ON p.id = d.parent_id ORDER BY d.code"
        }
        Kind::Managers => {
            "SELECT d.code, e.number FROM department d JOIN employee e ON e.id = d.head_id ORDER BY d.code"
        }
        Kind::Assignments => {
            "SELECT e.number, d.code, l.code, c.code, a.position, a.grade, \
             CASE WHEN a.is_primary THEN 'true' ELSE 'false' END, a.valid_from, a.valid_to FROM assignment a \
             JOIN employee e ON e.id = a.employee_id JOIN department d ON d.id = a.department_id \
             JOIN legal_entity l ON l.id = a.entity_id LEFT JOIN cost_center c ON c.id = a.cost_center_id \
             ORDER BY e.number, a.valid_from"
        }
        Kind::Roles => {
            "SELECT e.number, g.role, l.code FROM role_grant g JOIN employee e ON e.id = g.employee_id \
             LEFT JOIN legal_entity l ON l.id = g.entity_id ORDER BY e.number, g.role"
        }
        // The number stays here; its last digits tell an import that it is the same.
        Kind::PayeeAccounts => {
            "SELECT e.number, '****' || a.last4, NULL, NULL, NULL, NULL FROM payee_account a \
             JOIN employee e ON e.id = a.employee_id WHERE a.state = 'active' ORDER BY e.number"
        }
        Kind::CrmUsers => {
            "SELECT n.name, u.external_id, u.name, e.number FROM crm_user u LEFT JOIN connection n ON n.id = u.connection_id \
             LEFT JOIN employee e ON e.id = u.employee_id ORDER BY n.name, u.external_id"
        }
        Kind::Accounts => {
            "SELECT r.external_id, r.name, r.tax_id, r.country, r.city, r.phone, COALESCE(e.number, r.crm_owner), n.name FROM account r \
             LEFT JOIN employee e ON e.id = r.owner_id LEFT JOIN connection n ON n.id = r.connection_id WHERE r.deleted = $1 ORDER BY r.external_id, r.id"
        }
        Kind::Contacts => {
            "SELECT r.external_id, r.name, a.external_id, r.title, r.email, r.phone, n.name FROM contact r \
             LEFT JOIN account a ON a.id = r.account_id LEFT JOIN connection n ON n.id = r.connection_id \
             WHERE r.deleted = $1 ORDER BY r.external_id, r.id"
        }
        Kind::Deals => {
            "SELECT r.external_id, r.name, a.external_id, c.external_id, COALESCE(e.number, r.crm_owner), r.stage, r.stage_kind, \
             CAST(r.amount_minor AS TEXT), r.currency, r.close_on, n.name FROM deal r \
             LEFT JOIN employee e ON e.id = r.owner_id \
             LEFT JOIN account a ON a.id = r.account_id LEFT JOIN contact c ON c.id = r.contact_id \
             LEFT JOIN connection n ON n.id = r.connection_id WHERE r.deleted = $1 ORDER BY r.external_id, r.id"
        }
        Kind::Projects => {
            "SELECT r.external_id, r.name, a.external_id, d.external_id, n.name FROM project r \
             LEFT JOIN account a ON a.id = r.account_id LEFT JOIN deal d ON d.id = r.deal_id \
             LEFT JOIN connection n ON n.id = r.connection_id WHERE r.deleted = $1 ORDER BY r.external_id, r.id"
        }
        Kind::Orders => {
            "SELECT r.external_id, r.number, a.external_id, d.external_id, CAST(r.amount_minor AS TEXT), r.currency, \
             r.state, r.ordered_on, n.name FROM sales_order r LEFT JOIN account a ON a.id = r.account_id \
             LEFT JOIN deal d ON d.id = r.deal_id LEFT JOIN connection n ON n.id = r.connection_id \
             WHERE r.deleted = $1 ORDER BY r.external_id, r.id"
        }
        Kind::Visits => {
            "SELECT r.external_id, r.subject, r.kind, a.external_id, c.external_id, d.external_id, \
             COALESCE(e.number, r.crm_owner), r.happened_on, r.until, r.place, n.name FROM activity r \
             LEFT JOIN employee e ON e.id = r.owner_id LEFT JOIN account a ON a.id = r.account_id \
             LEFT JOIN contact c ON c.id = r.contact_id LEFT JOIN deal d ON d.id = r.deal_id \
             LEFT JOIN connection n ON n.id = r.connection_id WHERE r.deleted = $1 ORDER BY r.external_id, r.id"
        }
        Kind::FxRates => {
            "SELECT published_on, base, quote, value, source FROM fx_rate ORDER BY base, quote, published_on"
        }
    }
}

/// A row of text cells, as many as its query has.
#[derive(serde::Deserialize)]
struct Texts(Vec<Option<String>>);

/// All of a kind, as text: cells in the order of its columns, empty where there is nothing.
pub async fn rows(sql: &mut Sql, kind: Kind) -> Result<Vec<Vec<String>>, Error> {
    let text = query(kind);
    let rows: Vec<Texts> = sql.all(text, values(text)).await?;
    Ok(cells(kind, rows))
}

/// As [`rows`], those of which `expression`, one of the kind's query, is among `wanted`; in no order.
pub async fn rows_of(
    sql: &mut Sql,
    kind: Kind,
    expression: &'static str,
    wanted: impl ExactSizeIterator<Item = &str>,
) -> Result<Vec<Vec<String>>, Error> {
    let text = query(kind);
    let mut values = values(text);
    let text = text.split(" ORDER BY ").next().unwrap_or(text);
    let joint = if text.contains(" WHERE ") { "AND" } else { "WHERE" };
    let list = dialect::list(values.len() + 1, wanted.len());
    values.extend(wanted.map(Value::from));
    let rows: Vec<Texts> = sql
        .all_built(format!("{text} {joint} {expression} IN ({list})"), values)
        .await?;
    Ok(cells(kind, rows))
}

/// What a query of a kind is asked with: records not deleted.
fn values(query: &str) -> Vec<Value> {
    if query.contains("$1") { args![false] } else { args![] }
}

fn cells(kind: Kind, rows: Vec<Texts>) -> Vec<Vec<String>> {
    let at = |code: &str| kind.columns().iter().position(|c| c.code == code);
    let amount = at("amount").zip(at("currency"));
    let texts = rows.into_iter().map(|Texts(row)| {
        let mut row: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        if let Some((amount, currency)) = amount {
            row[amount] = decimal(&row[amount], &row[currency]);
        }
        row
    });
    texts.collect()
}

fn decimal(minor: &str, currency: &str) -> String {
    let money = minor.parse().ok().zip(Currency::parse(currency).ok());
    money.map_or_else(String::new, |(minor, currency)| {
        Money::new(minor, currency).decimal().to_string()
    })
}

/// A file of everything of a kind, or just of its columns, with headers in `lang`; and the number of rows.
pub async fn export(
    sql: &mut Sql,
    kind: Kind,
    format: Format,
    lang: Lang,
    empty: bool,
) -> Result<(Vec<u8>, usize), Error> {
    let rows = if empty { Vec::new() } else { rows(sql, kind).await? };
    let columns = kind.columns();
    let headers: Vec<&str> = columns.iter().map(|c| c.name(lang == Lang::Zh)).collect();
    let count = rows.len();
    let cells = rows.iter().map(|row| {
        let cells = row.iter().zip(columns);
        cells
            .map(|(text, column)| cell(column.code, text))
            .collect::<Vec<Cell>>()
    });
    let broken = |e: tables::TableError| Error::Broken(e.to_string());
    let bytes = match format {
        Format::Csv | Format::CsvGbk => {
            let mut bytes = Vec::new();
            tables::write_csv(&mut bytes, &headers, cells).map_err(broken)?;
            if format == Format::CsvGbk { gbk(&bytes) } else { bytes }
        }
        Format::Xlsx => tables::write_xlsx(kind.code(), &headers, cells).map_err(broken)?,
    };
    Ok((bytes, count))
}

/// A text in UTF-8 with its mark, as GBK without.
fn gbk(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    encoding_rs::GB18030.encode(text).0.into_owned()
}

/// A cell in its own type; what is no such value stays text.
fn cell(code: &str, text: &str) -> Cell {
    if text.is_empty() {
        return Cell::Empty;
    }
    let typed = match code {
        "amount" | "rate" => text.parse().ok().map(Cell::Number),
        "from" | "to" | "on" | "until" | "close_on" | "ordered_on" => text.parse().ok().map(Cell::Date),
        _ => None,
    };
    typed.unwrap_or_else(|| Cell::from(text))
}
