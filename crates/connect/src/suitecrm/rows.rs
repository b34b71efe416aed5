//! Reading records: by time of change, by id, and as a list.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{SuiteCrm, query, source, source::Module, value};
use crate::{
    canonical::Object,
    connector::Error,
    keyset::{Keyset, Place},
    soap::{Arg, Node},
};

/// Requests for one page at most, so that a pull over much that is known returns now and then.
const MAX_STEPS: usize = 20;
/// Ids in one condition.
const MAX_IDS: usize = 100;
/// Currencies read at most.
const MAX_CURRENCIES: usize = 500;

/// Rows, and when the request for them began, by SuiteCRM's clock.
pub struct Found {
    pub rows: Vec<Value>,
    pub began: Option<Timestamp>,
}

/// What to ask a module for.
pub struct Ask<'a> {
    pub module: &'a Module,
    pub query: String,
    pub order: &'a str,
    pub limit: usize,
    /// Whether deleted rows are wanted too.
    pub deleted: bool,
}

impl SuiteCrm {
    /// Gives up to `size` new rows after `cursor`, and whether that was all.
    pub(super) async fn page(
        &self,
        object: Object,
        cursor: &mut Keyset,
        size: usize,
    ) -> Result<(Vec<Value>, bool), Error> {
        let modules = source::modules(object);
        let mut rows = Vec::new();
        for _ in 0..MAX_STEPS {
            let Some(module) = modules.get(cursor.turn) else {
                cursor.turn = 0;
                return Ok((rows, true));
            };
            let room = size - rows.len();
            if room == 0 {
                break;
            }
            let (found, end) = self.step(object, module, cursor.place(module.name), room).await?;
            rows.extend(found);
            if end {
                cursor.turn += 1;
            }
            if cursor.turn == modules.len() {
                cursor.turn = 0;
                return Ok((rows, true));
            }
        }
        Ok((rows, false))
    }

    async fn step(
        &self,
        object: Object,
        module: &Module,
        place: &mut Place,
        room: usize,
    ) -> Result<(Vec<Value>, bool), Error> {
        let ask = Ask {
            module,
            query: query::after(module.table, place)?,
            order: query::BY_TIME,
            limit: room,
            deleted: true,
        };
        let found = self.list(object, &ask).await?;
        let end = found.rows.len() < room;
        let mut rows = found.rows;
        // A contact of two accounts comes twice.
        rows.dedup_by(|a, b| a["id"] == b["id"]);
        let at = |row: &Value| value::modified(row).map(Timestamp::as_second);
        let placed = rows.iter().map(|row| at(row).zip(value::id(row)));
        let placed: Option<Vec<(i64, &str)>> = placed.collect();
        place.advance(object, placed.ok_or_else(|| query::placeless(object))?)?;
        rows.retain(|row| match (at(row), value::id(row)) {
            (Some(at), Some(id)) => place.is_new(id, at, row),
            _ => false,
        });
        place.reached(
            found.began.map(Timestamp::as_second),
            i64::try_from(self.overlap.as_secs()).unwrap_or(i64::MAX),
        );
        if end {
            place.finish();
        } else {
            place.settle();
        }
        Ok((rows, end))
    }

    /// These records of `object` as they are now, deleted ones too.
    pub(super) async fn rows(&self, object: Object, ids: &[&str]) -> Result<Vec<Value>, Error> {
        let mut rows = Vec::new();
        for some in ids.chunks(MAX_IDS) {
            for module in source::modules(object) {
                let ask = Ask {
                    module,
                    query: query::among(module.table, some)?,
                    order: "id",
                    limit: some.len() * 2,
                    deleted: true,
                };
                rows.extend(self.list(object, &ask).await?.rows);
            }
        }
        rows.dedup_by(|a, b| a["id"] == b["id"]);
        Ok(rows)
    }

    /// How many living records there are.
    pub(super) async fn how_many(&self, object: Object) -> Result<Option<u64>, Error> {
        let mut all = 0;
        for module in source::modules(object) {
            let args = [Arg::Text(module.name), Arg::Text(""), Arg::Int(0)];
            let answered = self.session.call("get_entries_count", &args).await?;
            let given = answered.given.child("return").map_or("", |r| r.text_of("result_count"));
            let count = given.trim().parse::<u64>();
            all += count.map_err(|_| Error::Broken(format!("{} cannot be counted", module.name)))?;
        }
        Ok(Some(all))
    }

    /// Records that fulfil a condition, with what belongs to them put beside their own fields.
    pub(super) async fn list(&self, object: Object, ask: &Ask<'_>) -> Result<Found, Error> {
        let fields = source::wanted(object, self.mapping.get(&object));
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let mut found = self.entries(ask, &fields).await?;
        for row in &mut found.rows {
            row["@module"] = ask.module.name.into();
            if object == Object::Deal {
                row["@currency"] = self.currency(row["currency_id"].as_str().unwrap_or_default()).await?;
            }
            if object == Object::Activity {
                let (kind, id) = (&row["parent_type"], &row["parent_id"]);
                if let (Some(kind), Some(id)) = (kind.as_str(), id.as_str().filter(|id| !id.is_empty())) {
                    row["@parent"] = json!({ kind: id });
                }
                row["@kind"] = doing(ask.module.name, row).into();
            }
        }
        Ok(found)
    }

    /// As SuiteCRM gives them: each row's fields, and under `@link` the ids of what it is linked with.
    pub(super) async fn entries(&self, ask: &Ask<'_>, fields: &[&str]) -> Result<Found, Error> {
        let limit = i64::try_from(ask.limit).unwrap_or(i64::MAX);
        let args = [
            Arg::Text(ask.module.name),
            Arg::Text(&ask.query),
            Arg::Text(ask.order),
            Arg::Int(0),
            Arg::texts(fields.iter().copied()),
            links(ask.module),
            Arg::Int(limit),
            Arg::Int(ask.deleted.into()),
            Arg::Truth(false),
        ];
        let answered = self.session.call("get_entry_list", &args).await?;
        let given = answered.given.child("return").cloned().unwrap_or_default();
        let rows = rows(&given, ask.module)?;
        if rows.len() > ask.limit {
            return Err(Error::Broken(format!(
                "{} came with {} records where {} were asked for",
                ask.module.name,
                rows.len(),
                ask.limit
            )));
        }
        Ok(Found {
            rows,
            began: answered.began,
        })
    }

    /// One record of a module, or none.
    pub(super) async fn entry(&self, module: &Module, id: &str, fields: &[&str]) -> Result<Option<Value>, Error> {
        let args = [
            Arg::Text(module.name),
            Arg::Text(query::safe(id)?),
            Arg::texts(fields.iter().copied()),
            links(module),
            Arg::Truth(false),
        ];
        let answered = self.session.call("get_entry", &args).await?;
        let given = answered.given.child("return").cloned().unwrap_or_default();
        let row = rows(&given, module)?.into_iter().next();
        // Of one that is gone comes a warning, with `deleted`.
        Ok(row.filter(|row| row["deleted"] != "1"))
    }

    /// The ISO code of a currency: the system's own has no record.
    async fn currency(&self, id: &str) -> Result<Value, Error> {
        if matches!(id, "" | "-99") {
            return Ok(self.currency.code().into());
        }
        let known = self.currencies.get_or_try_init(|| async {
            const CURRENCIES: Module = Module {
                name: "Currencies",
                table: "currencies",
                links: &[],
            };
            let ask = Ask {
                module: &CURRENCIES,
                query: "(currencies.deleted = 0)".into(),
                order: "id",
                limit: MAX_CURRENCIES,
                deleted: false,
            };
            let found = match self.entries(&ask, &["id", "iso4217"]).await {
                // An amount without a currency is told record by record.
                Err(Error::Refused { .. }) => return Ok(HashMap::new()),
                other => other?,
            };
            let text = |value: &Value| Some(value.as_str()?.trim().to_owned());
            let pairs = found.rows.iter();
            Ok(pairs
                .filter_map(|row| Some((text(&row["id"])?, text(&row["iso4217"])?)))
                .collect())
        });
        let known: &HashMap<String, String> = known.await?;
        Ok(known.get(id).map_or(Value::Null, |code| code.as_str().into()))
    }
}

fn links(module: &Module) -> Arg<'static> {
    let link = |name: &&'static str| {
        Arg::Struct(
            "tns:link_name_to_fields_array",
            vec![("name", Arg::Text(name)), ("value", Arg::texts(["id"]))],
        )
    };
    Arg::List("tns:link_name_to_fields_array", module.links.iter().map(link).collect())
}

/// What an activity is: a meeting somewhere is a visit.
fn doing(module: &str, row: &Value) -> &'static str {
    let place = row["location"].as_str().unwrap_or_default().trim();
    match module {
        "Calls" => "call",
        _ if place.is_empty() => "meeting",
        _ => "visit",
    }
}

/// The rows of `entry_list`, and beside each, by its position, what `relationship_list` holds.
fn rows(given: &Node, module: &Module) -> Result<Vec<Value>, Error> {
    let broken = |what: &str| Error::Broken(format!("{} came {what}", module.name));
    let list = given.child("entry_list").ok_or_else(|| broken("without entry_list"))?;
    let linked = given
        .child("relationship_list")
        .map(|l| l.children.as_slice())
        .unwrap_or_default();
    if !linked.is_empty() && linked.len() != list.children.len() {
        return Err(broken("with links to other records than its own"));
    }
    let mut rows = Vec::with_capacity(list.children.len());
    for (n, entry) in list.children.iter().enumerate() {
        let mut row: Map<String, Value> = Map::new();
        for pair in entry.child("name_value_list").into_iter().flat_map(|l| &l.children) {
            row.insert(
                pair.text_of("name").to_owned(),
                value::plain(pair.text_of("value")).into(),
            );
        }
        row.insert("id".into(), entry.text_of("id").into());
        if let Some(links) = linked.get(n) {
            let mut found = Vec::new();
            named(links, &mut found);
            for link in module.links {
                let of = found.iter().filter(|l| l.text_of("name") == *link);
                let mut ids = Vec::new();
                of.filter_map(|l| l.child("records"))
                    .for_each(|records| collect_ids(records, &mut ids));
                row.insert(format!("@{link}"), ids.into());
            }
        }
        rows.push(Value::Object(row));
    }
    Ok(rows)
}

/// All `name` with `records` within: how deep they lie depends on the version.
fn named<'n>(node: &'n Node, found: &mut Vec<&'n Node>) {
    if node.child("records").is_some() && node.child("name").is_some() {
        found.push(node);
        return;
    }
    node.children.iter().for_each(|child| named(child, found));
}

fn collect_ids(node: &Node, ids: &mut Vec<Value>) {
    if node.text_of("name") == "id" && node.child("value").is_some() {
        ids.push(node.text_of("value").into());
        return;
    }
    node.children.iter().for_each(|child| collect_ids(child, ids));
}
