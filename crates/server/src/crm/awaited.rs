//! References between records, as the CRM's own ids; a record may come before what it refers to.

use std::collections::{BTreeSet, HashMap};

use outlay_connect::Object;
use outlay_core::ids::ConnectionId;

use super::store::table;
use crate::args;
use crate::db::{Row, Sql, Value, dialect};
use crate::error::Error;

/// A reference that a record makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The column that holds it; `project_id` is held by the project, as `deal_id`.
    pub field: &'static str,
    /// What kind of record is meant.
    pub object: Object,
    /// Its id in the CRM.
    pub external_id: Option<&'a str>,
}

/// A record that waits for another.
pub struct Waiting<'a> {
    /// Its own id.
    pub child_id: &'a str,
    /// What it waits for.
    pub reference: Reference<'a>,
}

/// Our id of a record by its id in the CRM.
pub async fn find(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    object: Object,
    external_id: &str,
) -> Result<Option<String>, Error> {
    let rows: Vec<(String,)> = rows(sql, connection, table(object), "id", &[external_id]).await?;
    Ok(rows.into_iter().next().map(|(id,)| id))
}

/// `columns` of those rows `r` of `table` that are the records of `connection`, or of none, with these ids in the CRM.
pub async fn rows<T: Row>(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    table: &str,
    columns: &str,
    external_ids: &[&str],
) -> Result<Vec<T>, Error> {
    if external_ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = vec![dialect::texts(external_ids.iter().copied())];
    let whose = match connection {
        Some(connection) => {
            values.push(connection.into());
            "r.connection_id = $2"
        }
        None => "r.connection_id IS NULL",
    };
    let among = dialect::among(sql, 1);
    let text = format!("SELECT {columns} FROM {table} r WHERE r.external_id {among} AND {whose}");
    Ok(sql.all_built(text, values).await?)
}

/// Our ids of what records refer to, by kind and id in the CRM.
#[derive(Debug, Default)]
pub struct Found(HashMap<(Object, String), String>);

impl Found {
    /// Looks up all of `references`, with one query for each kind.
    pub async fn look_up(
        sql: &mut Sql,
        connection: Option<ConnectionId>,
        references: &[Reference<'_>],
    ) -> Result<Found, Error> {
        let wanted: BTreeSet<(Object, &str)> = references
            .iter()
            .filter_map(|r| Some((r.object, r.external_id?)))
            .collect();
        let mut found = HashMap::with_capacity(wanted.len());
        for object in Object::ALL {
            let ids = wanted.iter().filter(|(o, _)| *o == object).map(|(_, id)| *id);
            let ids: Vec<&str> = ids.collect();
            let of: Vec<(String, String)> = rows(sql, connection, table(object), "external_id, id", &ids).await?;
            found.extend(of.into_iter().map(|(external_id, id)| ((object, external_id), id)));
        }
        Ok(Found(found))
    }

    /// Our id of what is referred to, if it has come.
    pub fn id(&self, reference: &Reference<'_>) -> Option<&String> {
        self.0.get(&(reference.object, reference.external_id?.to_owned()))
    }
}

/// Remembers what records of `child` still wait for; of those in `known`, who may have waited before, in place of that.
pub async fn remember(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    child: Object,
    known: &[&str],
    waiting: &[Waiting<'_>],
) -> Result<(), Error> {
    if !known.is_empty() {
        let text = format!("DELETE FROM crm_awaited WHERE child_id {}", dialect::among(sql, 1));
        sql.run_built(text, vec![dialect::texts(known.iter().copied())]).await?;
    }
    let whose = text_of(connection);
    let row = |w: &Waiting<'_>| {
        let r = &w.reference;
        args![
            w.child_id,
            r.field,
            child.as_str(),
            &whose,
            r.object.as_str(),
            r.external_id
        ]
    };
    let columns = ["child_id", "field", "child", "connection", "object", "external_id"];
    let rows: Vec<Vec<Value>> = waiting.iter().map(row).collect();
    sql.insert_all("crm_awaited", &columns, rows, "").await?;
    Ok(())
}

/// Records of `object` have come: those that waited for them refer to them now.
pub async fn arrived(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    object: Object,
    external_ids: &[&str],
) -> Result<(), Error> {
    if external_ids.is_empty() {
        return Ok(());
    }
    let these = format!(
        "w.connection = $1 AND w.object = $2 AND w.external_id {}",
        dialect::among(sql, 3)
    );
    let values = args![
        text_of(connection),
        object.as_str(),
        dialect::texts(external_ids.iter().copied())
    ];
    let text = format!("SELECT DISTINCT w.child, w.field FROM crm_awaited w WHERE {these}");
    let kinds: Vec<(String, String)> = sql.all_built(text, values.clone()).await?;
    if kinds.is_empty() {
        return Ok(());
    }
    let own = match connection {
        Some(_) => "p.connection_id = $1",
        None => "p.connection_id IS NULL",
    };
    for (child, field) in kinds {
        let child: Object = child.parse().map_err(|e| Error::Broken(format!("crm_awaited: {e}")))?;
        let (child, parent) = (table(child), table(object));
        let text = match ["account_id", "contact_id", "deal_id"]
            .into_iter()
            .find(|f| *f == field)
        {
            Some(field) => format!(
                "UPDATE {child} AS c SET {field} = p.id FROM crm_awaited w JOIN {parent} p ON p.external_id = w.external_id \
                 AND {own} WHERE c.id = w.child_id AND w.field = '{field}' AND {these}"
            ),
            // A deal names its project; the project holds the reference. Of several the first to come counts.
            None => format!(
                "UPDATE {parent} AS p SET deal_id = (SELECT MIN(w.child_id) FROM crm_awaited w WHERE w.field = 'project_id' \
                 AND w.connection = $1 AND w.object = $2 AND w.external_id = p.external_id) WHERE p.deal_id IS NULL AND {own} \
                 AND p.external_id IN (SELECT w.external_id FROM crm_awaited w WHERE w.field = 'project_id' AND {these})"
            ),
        };
        sql.run_built(text, values.clone()).await?;
    }
    let text = format!("DELETE FROM crm_awaited AS w WHERE {these}");
    sql.run_built(text, values).await?;
    Ok(())
}

fn text_of(connection: Option<ConnectionId>) -> String {
    connection.map(|c| c.to_string()).unwrap_or_default()
}
