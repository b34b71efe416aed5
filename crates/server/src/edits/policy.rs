//! What happens to an edit when the CRM holds something else than the person saw: chosen for each field of a connection.

use std::collections::BTreeMap;
use std::fmt;

use outlay_connect::{Object, mapping};
use outlay_core::ids::ConnectionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::connections::Connection;
use crate::db::Sql;
use crate::error::Error;

/// The policy of a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Cannot be changed here.
    Off,
    /// A person decides, seeing both values.
    #[default]
    Ask,
    /// The CRM's value stays; the edit is dropped and its author told.
    Crm,
    /// The edit is written over the CRM's value.
    Outlay,
    /// The later of the two stays: the CRM's by the time its record was last changed, the edit by when it was made.
    Latest,
    /// Only what is empty in the CRM can be filled.
    Blanks,
}

impl Policy {
    /// All of them, in the order of a menu.
    pub const ALL: [Policy; 6] = [
        Policy::Ask,
        Policy::Outlay,
        Policy::Crm,
        Policy::Latest,
        Policy::Blanks,
        Policy::Off,
    ];

    /// The name used in storage and JSON.
    pub const fn code(self) -> &'static str {
        match self {
            Policy::Off => "off",
            Policy::Ask => "ask",
            Policy::Crm => "crm",
            Policy::Outlay => "outlay",
            Policy::Latest => "latest",
            Policy::Blanks => "blanks",
        }
    }

    fn parse(code: &str) -> Option<Policy> {
        Policy::ALL.into_iter().find(|p| p.code() == code)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A field of a connection that can be written, and its policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldPolicy {
    /// `account`, `contact` or `deal`.
    pub object: String,
    /// The canonical field, such as `phone`.
    pub field: String,
    /// What happens when the CRM holds something else.
    pub policy: Policy,
}

/// The policies of a kind of record, by field; what is absent is [`Policy::Ask`].
pub async fn of(sql: &mut Sql, connection: &str, object: &str) -> Result<BTreeMap<String, Policy>, Error> {
    let rows: Vec<(String, String)> = sql
        .all(
            "SELECT field, policy FROM write_policy WHERE connection_id = $1 AND object = $2",
            args![connection, object],
        )
        .await?;
    let read = |(field, code): (String, String)| Some((field, Policy::parse(&code)?));
    Ok(rows.into_iter().filter_map(read).collect())
}

/// Every field that can be written by the rules in force, with its policy.
pub async fn all(sql: &mut Sql, connection: &Connection) -> Result<Vec<FieldPolicy>, Error> {
    let mut all = Vec::new();
    for object in Object::ALL {
        let set = of(sql, &connection.id.to_string(), object.as_str()).await?;
        all.extend(connection.writes(object).into_iter().map(|field| FieldPolicy {
            object: object.as_str().to_owned(),
            field: field.to_owned(),
            policy: set.get(field).copied().unwrap_or_default(),
        }));
    }
    Ok(all)
}

/// Sets the policies of fields; others stay as they are.
pub async fn set(
    sql: &mut Sql,
    permit: &Permit,
    connection: ConnectionId,
    wanted: &[FieldPolicy],
) -> Result<(), Error> {
    let mut changed = Vec::new();
    for (n, one) in wanted.iter().enumerate() {
        let object: Result<Object, _> = one.object.parse();
        let known = object.is_ok_and(|o| mapping::fields(o).iter().any(|(field, _)| *field == one.field));
        if !known {
            return Err(Error::field(format!("[{n}].field"), "unknown"));
        }
        let now = of(sql, &connection.to_string(), &one.object).await?;
        if now.get(&one.field).copied().unwrap_or_default() == one.policy {
            continue;
        }
        sql.run(
            "INSERT INTO write_policy (connection_id, object, field, policy) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (connection_id, object, field) DO UPDATE SET policy = excluded.policy",
            args![connection, &one.object, &one.field, one.policy.code()],
        )
        .await?;
        changed.push(format!("{}.{}={}", one.object, one.field, one.policy));
    }
    if changed.is_empty() {
        return Ok(());
    }
    let detail = format!("policies {}", changed.join(" "));
    audit::note(
        sql,
        permit.actor(),
        permit.action(),
        &format!("connection:{connection}"),
        &detail,
    )
    .await
}

/// As [`set`], in a transaction of its own; [`Error::NotFound`] if there is no such connection.
pub async fn put(
    app: &std::sync::Arc<App>,
    permit: Permit,
    connection: ConnectionId,
    wanted: Vec<FieldPolicy>,
) -> Result<(), Error> {
    Connection::load(&mut app.db.read(), connection).await?;
    let wanted = std::sync::Arc::new(wanted);
    app.db
        .write(move |sql| {
            let (permit, wanted) = (permit.clone(), wanted.clone());
            Box::pin(async move { set(sql, &permit, connection, &wanted).await })
        })
        .await
}
