//! The first reading of much, by a job of the Bulk API 2.0: a page of it holds more, and all of it costs the organisation few
//! of its daily requests.

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{
    Salesforce,
    cursor::{Part, Stage},
    pull::Step,
    rest::Fields,
    source::Source,
};
use crate::connector::Error;

/// How often a job is asked for within one pull.
const ASKS: u32 = 5;
/// How many of such pulls a job may last before all is read without it.
const PATIENCE: u32 = 2000;

impl Salesforce {
    /// Begins a reading from the start: by a job, if there is much.
    pub(super) async fn start(&self, source: &Source, part: &mut Part) -> Result<Step, Error> {
        let found = self
            .rest
            .query(&format!("SELECT COUNT() FROM {}{}", source.name, source.and(&[])))
            .await?;
        if found.total < self.bulk_above {
            part.plainly();
            return Ok(Step::default());
        }
        let there = self.rest.fields(source.name).await?.unwrap_or_default();
        let fields = source.wanted(self.mapping.get(&source.object), &there);
        let soql = format!("SELECT {fields} FROM {}{}", source.name, source.and(&[]));
        let begun = found.began.unwrap_or_else(Timestamp::now);
        let body = json!({ "operation": "queryAll", "query": soql });
        match self.rest.post("jobs/query", &body).await {
            Ok(job) => {
                let id = job["id"].as_str().filter(|id| super::source::is_id(id));
                let id = id.ok_or_else(|| Error::Broken("a job without an id".into()))?;
                *part = Part::default();
                part.stage = Stage::Job;
                part.job = Some(id.to_owned());
                part.begun = Some(begun.as_second() * 1000);
            }
            // Not every edition has it, and not every object.
            Err(Error::Refused {
                status: 400 | 403 | 404,
                ..
            }) => part.plainly(),
            Err(other) => return Err(other),
        }
        Ok(Step {
            rest: true,
            ..Step::default()
        })
    }

    /// The next piece of what the job found, or waits for it.
    pub(super) async fn job(&self, source: &Source, part: &mut Part, room: usize) -> Result<Step, Error> {
        let rest = Step {
            rest: true,
            ..Step::default()
        };
        let Some(job) = part.job.clone() else {
            *part = Part::default();
            return Ok(rest);
        };
        if part.locator.is_none() && !self.is_complete(&job, part).await? {
            return Ok(rest);
        }
        let most = room.max(self.bulk_page).to_string();
        let mut query = vec![("maxRecords", most.as_str())];
        let before = part.locator.clone();
        if let Some(locator) = &before {
            query.push(("locator", locator));
        }
        let path = format!("jobs/query/{job}/results");
        let answer = self.rest.send(Method::GET, &path, &query, |r| r).await?;
        if matches!(answer.status.as_u16(), 404 | 410) {
            // Salesforce keeps a result for seven days.
            *part = Part::default();
            return Ok(rest);
        }
        let next = answer
            .header("sforce-locator")
            .filter(|l| *l != "null" && !l.is_empty());
        let next = next.map(str::to_owned);
        let count: Option<usize> = answer.header("sforce-numberofrecords").and_then(|n| n.parse().ok());
        let csv = self.rest.read_csv(answer)?;
        let there = self.rest.fields(source.name).await?.unwrap_or_default();
        let mut rows = rows(&csv, &there)?;
        if count.is_some_and(|count| count != rows.len()) {
            return Err(Error::Broken("a CSV that breaks off".into()));
        }
        self.enrich(source, &mut rows).await?;
        match next {
            Some(next) if before.as_ref() == Some(&next) => {
                return Err(Error::Cursor("the job's result does not advance".into()));
            }
            Some(next) => part.locator = Some(next),
            None => part.filled(self.overlap),
        }
        Ok(Step { rows, ..rest })
    }

    /// Whether the job is done. A job that failed, or that nobody knows any more, is given up in `part`.
    async fn is_complete(&self, job: &str, part: &mut Part) -> Result<bool, Error> {
        for ask in 0..ASKS {
            let told = match self.rest.get(&format!("jobs/query/{job}"), &[]).await {
                Ok(told) => told,
                Err(Error::Refused { status: 404 | 410, .. }) => {
                    *part = Part::default();
                    return Ok(false);
                }
                Err(other) => return Err(other),
            };
            match told["state"].as_str().unwrap_or_default() {
                "JobComplete" => return Ok(true),
                "UploadComplete" | "InProgress" if part.asked < PATIENCE => {}
                state => {
                    tracing::warn!(state, "a job of Salesforce came to nothing: all is read without it");
                    part.plainly();
                    return Ok(false);
                }
            }
            if ask + 1 < ASKS {
                tokio::time::sleep(self.ask_again).await;
            }
        }
        part.asked += 1;
        Ok(false)
    }
}

/// Rows as JSON would have given them, as far as that matters: texts, truths, and nothing for what is empty.
fn rows(csv: &str, there: &Fields) -> Result<Vec<Value>, Error> {
    let broken = |e: csv::Error| Error::Broken(format!("CSV that cannot be read: {e}"));
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names = reader.headers().map_err(broken)?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let mut row = Map::new();
        for (name, text) in names.iter().zip(&record) {
            let is_truth = there.get(name).is_some_and(|field| field.kind == "boolean");
            let value = match text {
                "" => Value::Null,
                text if is_truth => Value::Bool(text == "true"),
                text => text.into(),
            };
            row.insert(name.to_owned(), value);
        }
        rows.push(row.into());
    }
    Ok(rows)
}
