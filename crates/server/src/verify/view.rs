//! What is known of an invoice from the tax bureau, in words.

use jiff::Timestamp;
use outlay_connect::verify::Question;
use serde::Serialize;
use utoipa::ToSchema;

use super::{config, question};
use crate::args;
use crate::clock::moment;
use crate::db::Sql;
use crate::error::Error;
use crate::evidence::store::Document;
use crate::shell::{W, short_moment};

/// What a verification service said of a document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VerificationView {
    /// `unasked`, `valid`, `reversed`, `void`, `not_found` or `mismatch`: what was answered last.
    pub state: String,
    /// Whether a question is on its way.
    pub pending: bool,
    /// The state in words; where no service is connected, that nobody was asked.
    pub words: String,
    /// What to do, in words, where it is not valid.
    pub fix: Option<String>,
    /// Of `mismatch`: the fields that differ: `number`, `code`, `issued_on`, `gross`, `currency`, `seller_tax_id`,
    /// `buyer_tax_id`.
    pub fields: Vec<String>,
    /// Who asked the bureau.
    pub provider: Option<String>,
    /// When, in RFC 3339.
    pub asked_at: Option<String>,
    /// What was asked: number, code, day, total, currency and tax ids as they were read.
    #[schema(value_type = Option<Object>)]
    pub asked: Option<Question>,
    /// Whether it can be asked now.
    pub may_ask: bool,
    /// When and by whom, for people.
    #[serde(skip)]
    pub when: String,
}

#[derive(serde::Deserialize)]
struct Row {
    pending: bool,
    state: Option<String>,
    fields: Option<String>,
    provider: Option<String>,
    asked_at: Option<i64>,
    answered: Option<String>,
}

/// What is known of a document; none where it says no invoice.
pub async fn of_document(
    sql: &mut Sql,
    w: W,
    zone: &str,
    document: &Document,
) -> Result<Option<VerificationView>, Error> {
    let Some(invoice) = document.read()? else {
        return Ok(None);
    };
    let askable = question(&invoice).is_some();
    let row: Option<Row> = sql
        .maybe(
            "SELECT pending, state, fields, provider, asked_at, answered FROM verification WHERE document_id = $1",
            args![&document.id],
        )
        .await?;
    let on = config::is_on(sql).await?;
    let pending = row.as_ref().is_some_and(|r| r.pending);
    let state = row.as_ref().and_then(|r| r.state.clone());
    let state = state.unwrap_or_else(|| "unasked".to_owned());
    let fields: Vec<String> = row
        .as_ref()
        .and_then(|r| r.fields.as_deref())
        .map(|f| f.split(',').filter(|f| !f.is_empty()).map(str::to_owned).collect())
        .unwrap_or_default();
    let key = state.replace('_', "-");
    let words = match state.as_str() {
        "unasked" if !on => w.t("verify-nobody"),
        "mismatch" => {
            let named: Vec<String> = fields
                .iter()
                .map(|f| w.t(&format!("verify-field-{}", f.replace('_', "-"))))
                .collect();
            w.t1("verify-mismatch", "fields", named.join(&w.t("verify-and")))
        }
        _ => w.t(&format!("verify-{key}")),
    };
    let asked_at = row.as_ref().and_then(|r| r.asked_at).map(moment);
    let provider = row.as_ref().and_then(|r| r.provider.clone());
    let when = |at: Timestamp| {
        let values = [
            ("when".to_owned(), short_moment(w, at, zone)),
            ("who".to_owned(), provider.clone().unwrap_or_default()),
        ];
        w.args("verify-when", &values)
    };
    Ok(Some(VerificationView {
        fix: (!matches!(state.as_str(), "unasked" | "valid")).then(|| w.t(&format!("verify-fix-{key}"))),
        when: asked_at.map(when).unwrap_or_default(),
        asked: row
            .and_then(|r| r.answered)
            .map(|q| serde_json::from_str(&q))
            .transpose()?,
        asked_at: asked_at.map(|t| t.to_string()),
        may_ask: on && askable && !pending,
        provider,
        pending,
        words,
        fields,
        state,
    }))
}

impl VerificationView {
    /// Its tone.
    pub fn tone(&self) -> &'static str {
        match self.state.as_str() {
            "valid" => "ok",
            "reversed" | "void" => "bad",
            "mismatch" | "not_found" => "warn",
            _ => "info",
        }
    }

    /// Its icon.
    pub fn icon(&self) -> &'static str {
        match self.state.as_str() {
            "valid" => "shield-check",
            "reversed" | "void" => "octagon-x",
            "mismatch" | "not_found" => "triangle-alert",
            _ => "info",
        }
    }
}
