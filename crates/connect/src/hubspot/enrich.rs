//! What HubSpot's records lack and canonical ones need: names of stages, ties to others, the portal's currency and zone.
//! All of it is put into the raw record under names that begin with `@`, so that it can be read again without asking.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::{
    HubSpot,
    rest::rows,
    source::{Source, id},
};
use crate::connector::Error;

/// How long names of stages are believed.
const STAGES_HOLD: Duration = Duration::from_secs(600);

/// A stage of a pipeline.
#[derive(Debug)]
pub struct Stage {
    pub pipeline: String,
    pub id: String,
    pub label: String,
    /// `open`, `won` or `lost`.
    pub kind: &'static str,
}

/// When they were read, and all stages of a kind of record.
pub type Stages = HashMap<&'static str, (Instant, Arc<Vec<Stage>>)>;

impl HubSpot {
    /// Adds what lacks to rows of `source`.
    pub(super) async fn enrich(&self, source: &'static Source, rows: &mut [Value]) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        if source.is_owner() {
            for row in rows {
                row["@name"] = first_name(row, &["firstName", "lastName"], &["email", "id"]).into();
            }
            return Ok(());
        }
        let account = self.account().await?.clone();
        let zone = account["zone"].as_str().and_then(|name| TimeZone::get(name).ok());
        let stages = match source.stage {
            Some(keys) => Some((keys, self.stages(source).await?)),
            None => None,
        };
        let ids: Vec<String> = rows.iter().filter_map(|row| id(row).map(str::to_owned)).collect();
        let mut links = Vec::new();
        for to in source.links {
            links.push((*to, self.links(source, to, &ids).await?));
        }
        for row in rows {
            row["@account"] = account.clone();
            if source.name == "contacts" {
                let names = ["firstname", "lastname"];
                let name = first_name(&row["properties"], &names, &["email", "phone", "hs_object_id"]);
                row["@name"] = name.into();
            }
            if let Some(((pipeline, stage), stages)) = &stages {
                let (pipeline, stage) = (&row["properties"][pipeline], &row["properties"][stage]);
                let found = stages.iter().find(|s| *stage == s.id && *pipeline == s.pipeline);
                if let Some(found) = found.or_else(|| stages.iter().find(|s| *stage == s.id)) {
                    row["@stage"] = json!({ "label": found.label, "kind": found.kind });
                }
            }
            let mut days = Map::new();
            for property in source.days {
                let at = row["properties"][property]
                    .as_str()
                    .and_then(|t| t.parse::<Timestamp>().ok());
                if let (Some(at), Some(zone)) = (at, &zone) {
                    days.insert((*property).into(), zone.to_datetime(at).date().to_string().into());
                }
            }
            row["@days"] = days.into();
            let mut own = Map::new();
            for (to, found) in &links {
                if let Some(ids) = id(row).and_then(|id| found.get(id)) {
                    own.insert((*to).into(), json!(ids));
                }
            }
            row["@links"] = own.into();
        }
        Ok(())
    }

    /// The portal's number, address for people, currency and zone; what it does not tell is absent.
    pub(super) async fn account(&self) -> Result<&Value, Error> {
        let ask = async || {
            let told = match self.rest.get("/account-info/v3/details", &[]).await {
                Ok(reply) => reply.value,
                Err(Error::Refused { status: 403 | 404, .. }) => Value::Null,
                Err(other) => return Err(other),
            };
            let portal = self
                .portal
                .clone()
                .or_else(|| told["portalId"].as_u64().map(|n| n.to_string()));
            Ok(json!({
                "portal": portal,
                "domain": told["uiDomain"].as_str().unwrap_or("app.hubspot.com"),
                "currency": told["companyCurrency"],
                "zone": told["timeZone"],
            }))
        };
        self.account.get_or_try_init(ask).await
    }

    /// All stages of a kind of record; none where HubSpot has no pipelines of it.
    pub(super) async fn stages(&self, source: &'static Source) -> Result<Arc<Vec<Stage>>, Error> {
        let mut known = self.stages.lock().await;
        if let Some((read, stages)) = known.get(source.name)
            && read.elapsed() < STAGES_HOLD
        {
            return Ok(stages.clone());
        }
        let path = format!("/crm/v3/pipelines/{}", source.name);
        let pipelines = match self.rest.get(&path, &[]).await {
            Ok(mut reply) => rows(&mut reply.value)?,
            Err(Error::Refused {
                status: 400 | 403 | 404,
                ..
            }) => Vec::new(),
            Err(other) => return Err(other),
        };
        let mut stages = Vec::new();
        for pipeline in &pipelines {
            for stage in pipeline["stages"].as_array().into_iter().flatten() {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                stages.push(Stage {
                    pipeline: text(&pipeline["id"]),
                    id: text(&stage["id"]),
                    label: text(&stage["label"]),
                    kind: kind(&stage["metadata"]),
                });
            }
        }
        let stages = Arc::new(stages);
        known.insert(source.name, (Instant::now(), stages.clone()));
        Ok(stages)
    }

    /// What these records are tied to, the primary one first. Nothing if the token may not know.
    async fn links(&self, source: &Source, to: &str, ids: &[String]) -> Result<HashMap<String, Vec<String>>, Error> {
        let path = format!("/crm/v4/associations/{}/{to}/batch/read", source.name);
        let inputs: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        let found = match self.rest.batch(&path, &json!({ "inputs": inputs })).await {
            Ok(found) => found,
            Err(Error::Refused { status: 403, .. }) => Vec::new(),
            Err(other) => return Err(other),
        };
        let mut links = HashMap::new();
        for row in &found {
            let from = row["from"]["id"].as_str().unwrap_or_default();
            let mut ties: Vec<&Value> = row["to"].as_array().into_iter().flatten().collect();
            ties.sort_by_key(|tie| !is_primary(tie));
            // HubSpot writes these ids as numbers or as text.
            let ids = ties.iter().filter_map(|tie| match &tie["toObjectId"] {
                Value::String(id) => Some(id.clone()),
                Value::Number(id) => Some(id.to_string()),
                _ => None,
            });
            links.insert(from.to_owned(), ids.collect());
        }
        Ok(links)
    }
}

fn is_primary(tie: &Value) -> bool {
    let types = tie["associationTypes"].as_array();
    types.into_iter().flatten().any(|t| t["label"] == "Primary")
}

/// What a stage means. Stages of deals tell a chance: 1.0 is won, 0.0 lost, wherever they are the last ones.
fn kind(metadata: &Value) -> &'static str {
    let text = |key: &str| match &metadata[key] {
        Value::String(text) => text.to_ascii_lowercase(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let chance: Option<f64> = text("probability").parse().ok();
    match (text("isClosed").as_str(), chance) {
        ("false", _) => "open",
        (_, Some(chance)) if chance >= 1.0 => "won",
        (_, Some(chance)) if chance <= 0.0 => "lost",
        _ => "open",
    }
}

/// The names joined, else the first of `others` that is not empty.
fn first_name(row: &Value, names: &[&str], others: &[&str]) -> String {
    let text = |key: &&str| row[key].as_str().map(str::trim).filter(|t| !t.is_empty());
    let names: Vec<&str> = names.iter().filter_map(text).collect();
    match names.is_empty() {
        false => names.join(" "),
        true => others.iter().find_map(text).unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_mean_what_their_chance_says() {
        for (metadata, meant) in [
            (json!({"isClosed": "true", "probability": "1.0"}), "won"),
            (json!({"isClosed": "true", "probability": "0.0"}), "lost"),
            (json!({"isClosed": "false", "probability": "0.0"}), "open"),
            (json!({"isClosed": "false", "probability": "0.9"}), "open"),
            (json!({"probability": "1"}), "won"),
            (json!({"isClosed": true, "probability": 0.0}), "lost"),
            (json!({}), "open"),
        ] {
            assert_eq!(kind(&metadata), meant, "{metadata}");
        }
    }
}
