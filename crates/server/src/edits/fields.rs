//! The fields of a record that can be changed here: what the CRM last said of each, and what may be entered.

use std::collections::BTreeMap;
use std::sync::Arc;

use outlay_connect::mapping::{self, Kind};
use outlay_connect::{Connector, Object};
use outlay_core::ids::ConnectionId;
use outlay_core::{Currency, Money};
use serde::Serialize;
use utoipa::ToSchema;

use super::policy::{self, Policy};
use super::save;
use super::view::{EditView, of_record};
use crate::app::App;
use crate::args;
use crate::auth::Visitor;
use crate::connections::Connection;
use crate::crm::store::table;
use crate::crm::view::readable;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

/// A field of a record that can be written to its CRM.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldView {
    /// The canonical field, such as `phone`.
    pub field: String,
    /// What it holds: `text`, `money` (`1200.50 CNY`), `date` (`2026-11-24`) or `stage`.
    pub kind: &'static str,
    /// What it is here: the CRM's value, or the one on its way there. Empty for nothing.
    pub value: String,
    /// What the CRM last said that it is.
    pub crm: String,
    /// What happens when the CRM holds something else by then.
    pub policy: Policy,
    /// Of a stage: those that are known.
    pub options: Vec<String>,
}

impl FieldView {
    /// Whether this is its value.
    pub fn is(&self, value: &str) -> bool {
        self.value == value
    }

    /// Whether its value is one of the options.
    pub fn is_known(&self) -> bool {
        self.options.contains(&self.value)
    }

    /// Whether its value is not what the CRM holds yet.
    pub fn is_on_way(&self) -> bool {
        self.value != self.crm
    }
}

/// What can be changed in a record, and what was.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldsView {
    /// Fields that can be changed.
    pub fields: Vec<FieldView>,
    /// Edits that are on their way, wait for a decision or ended in the last day; newest first.
    pub edits: Vec<EditView>,
}

/// A record and the way to its CRM.
#[derive(Clone)]
pub struct Place {
    pub connection: Connection,
    pub connector: Arc<dyn Connector>,
    pub external_id: String,
}

impl Place {
    /// Of a record that came by a connection; [`Error::NotFound`] if it is gone from the CRM.
    pub async fn load(sql: &mut Sql, app: &App, object: Object, id: &str) -> Result<Place, Error> {
        let text = format!(
            "SELECT connection_id, external_id FROM {} WHERE id = $1 AND deleted = $2",
            table(object)
        );
        let rows: Vec<(Option<String>, String)> = sql.all_built(text, args![id, false]).await?;
        let Some((Some(connection), external_id)) = rows.into_iter().next() else {
            return Err(Error::NotFound(object.as_str()));
        };
        let connection = Connection::load(sql, stored(&connection)?).await?;
        let connector: Arc<dyn Connector> = Arc::from(connection.connector(app)?);
        Ok(Place {
            connection,
            connector,
            external_id,
        })
    }

    /// What the CRM last said of the record, by canonical field.
    pub async fn said(&self, sql: &mut Sql, object: Object) -> Result<BTreeMap<&'static str, String>, Error> {
        let row: Option<(String,)> = sql
            .maybe(
                "SELECT body FROM crm_raw WHERE connection_id = $1 AND object = $2 AND external_id = $3",
                args![self.connection.id, object.as_str(), &self.external_id],
            )
            .await?;
        let (raw,) = row.ok_or(Error::NotFound(object.as_str()))?;
        let record = self.connector.understand(object, &serde_json::from_str(&raw)?);
        let record = record.map_err(|rejected| Error::Broken(rejected.reason))?;
        Ok(record.map(|r| mapping::texts(&r.body)).unwrap_or_default())
    }
}

/// What a field of `object` holds.
pub fn kind(object: Object, field: &str) -> Kind {
    let all = mapping::fields(object).iter();
    all.filter(|(name, _)| *name == field)
        .map(|(_, kind)| *kind)
        .next()
        .unwrap_or(Kind::Text)
}

/// Whether two texts of a field mean the same: `7.5 CNY` is `7.50 CNY`.
pub fn same(object: Object, field: &str, one: &str, other: &str) -> bool {
    let money = |text: &str| {
        let (amount, currency) = text.trim().split_once(' ')?;
        Money::parse(amount, Currency::parse(currency).ok()?).ok()
    };
    match kind(object, field) {
        Kind::Money => one.trim() == other.trim() || money(one).is_some() && money(one) == money(other),
        _ => one.trim() == other.trim(),
    }
}

/// The stages that deals of a connection are known to have: open ones first, then won, then lost.
pub async fn stages(sql: &mut Sql, connection: ConnectionId) -> Result<Vec<String>, Error> {
    let rows: Vec<(String, i64)> = sql
        .all(
            "SELECT stage, MIN(CASE stage_kind WHEN 'open' THEN 0 WHEN 'won' THEN 1 ELSE 2 END) AS place FROM deal \
             WHERE connection_id = $1 AND stage <> '' GROUP BY stage ORDER BY place, stage LIMIT 100",
            args![connection],
        )
        .await?;
    Ok(rows.into_iter().map(|(stage, _)| stage).collect())
}

/// The fields of a record that the visitor may change, and its edits; none where they may not.
pub async fn fields(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    object: Object,
    id: &str,
) -> Result<FieldsView, Error> {
    let facts = readable(sql, app, visitor, object, id).await?;
    let edits = of_record(sql, app, visitor, &facts, object, id).await?;
    if !save::may_write(sql, app, visitor, &facts, object, id).await? {
        return Ok(FieldsView {
            fields: Vec::new(),
            edits,
        });
    }
    let place = Place::load(sql, app, object, id).await?;
    let said = place.said(sql, object).await?;
    let policies = policy::of(sql, &place.connection.id.to_string(), object.as_str()).await?;
    let known = stages(sql, place.connection.id).await?;
    let mut fields = Vec::new();
    for field in place.connection.writes(object) {
        let policy = policies.get(field).copied().unwrap_or_default();
        let crm = said.get(field).cloned().unwrap_or_default();
        let full = policy == Policy::Blanks && !crm.is_empty();
        if policy == Policy::Off || full {
            continue;
        }
        let on_way = edits.iter().find(|e| e.field == field && e.is_shown());
        fields.push(FieldView {
            field: field.to_owned(),
            kind: match (field, kind(object, field)) {
                ("stage", _) => "stage",
                (_, Kind::Money) => "money",
                (_, Kind::Date) => "date",
                _ => "text",
            },
            value: on_way.map_or_else(|| crm.clone(), |e| e.value.clone()),
            options: if field == "stage" { known.clone() } else { Vec::new() },
            crm,
            policy,
        });
    }
    Ok(FieldsView { fields, edits })
}
