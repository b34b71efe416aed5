//! Reading records: what changed, what was deleted, records by id, and the list for a reconcile.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Salesforce,
    cursor::{Cursor, Part, Stage, millis},
    source::{self, Source, id, moment},
};
use crate::{
    canonical::Object,
    connector::{Error, Mark, Marks, Page},
    writing,
};

/// The largest page of a question.
pub const MAX_PAGE: usize = 2000;
/// Ids in one question, whose address may have 16,384 bytes.
const MAX_IDS: usize = 300;
/// Steps for one page at most, so that a pull over much that is known returns now and then.
const MAX_STEPS: usize = 20;
/// Salesforce keeps its log of deletions for 15 days; within the last hour of them it may be purged at any time.
const LOG_HOLDS: SignedDuration = SignedDuration::from_hours(15 * 24 - 1);
/// The log knows minutes alone.
const MINUTE: i64 = 60_000;

/// What a step gave.
#[derive(Default)]
pub struct Step {
    pub rows: Vec<Value>,
    pub gone: Vec<String>,
    /// Nothing newer is there of this kind for now.
    pub done: bool,
    /// The cursor must be stored before the next step.
    pub rest: bool,
}

impl Salesforce {
    pub(super) async fn pull_page(&self, object: Object, stored: Option<&Value>, size: usize) -> Result<Page, Error> {
        let sources = Source::all(object)?;
        let mut cursor = Cursor::open(stored, object, sources)?;
        let size = size.clamp(1, MAX_PAGE);
        let (mut rows, mut gone, mut done) = (Vec::new(), Vec::new(), false);
        for _ in 0..MAX_STEPS {
            let room = size.saturating_sub(rows.len() + gone.len()).max(1);
            let (source, part) = (&sources[cursor.turn], &mut cursor.parts[cursor.turn]);
            let step = self.step(source, part, room).await?;
            rows.extend(step.rows);
            gone.extend(step.gone);
            if step.done {
                cursor.turn = (cursor.turn + 1) % sources.len();
                done = cursor.turn == 0;
            }
            if done || step.rest || rows.len() + gone.len() >= size {
                break;
            }
        }
        let (records, rejected) = self.sort(object, rows);
        Ok(Page {
            records,
            rejected,
            gone,
            next: cursor.store()?,
            done,
        })
    }

    /// How many records there are; what this organisation does not have counts as none.
    pub(super) async fn how_many(&self, object: Object) -> Result<Option<u64>, Error> {
        let mut all = 0;
        for source in Source::all(object)? {
            if self.rest.fields(source.name).await?.is_some() {
                let soql = format!("SELECT COUNT() FROM {}{}", source.name, source.and(&[]));
                all += self.rest.query(&soql).await?.total;
            }
        }
        Ok(Some(all))
    }

    async fn step(&self, source: &Source, part: &mut Part, room: usize) -> Result<Step, Error> {
        if self.rest.fields(source.name).await?.is_none() {
            // What this organisation does not have, or does not show, holds nothing new; `check` tells of it.
            return Ok(Step {
                done: true,
                ..Step::default()
            });
        }
        match part.stage {
            Stage::Start => self.start(source, part).await,
            Stage::Job => self.job(source, part, room).await,
            Stage::Changes => self.changes(source, part, room).await,
            Stage::Sweep => self.sweep(source, part, room).await,
        }
    }

    /// What changed after the place where `part` stands.
    async fn changes(&self, source: &Source, part: &mut Part, room: usize) -> Result<Step, Error> {
        let after = part.at.map(|at| {
            let at = source::literal(Timestamp::from_millisecond(at).unwrap_or(Timestamp::MIN));
            match part.id.as_str() {
                "" => format!("SystemModstamp >= {at}"),
                // The first half lets Salesforce use its index.
                id => format!("SystemModstamp >= {at} AND (SystemModstamp > {at} OR Id > '{id}')"),
            }
        });
        let conditions: Vec<String> = after.into_iter().collect();
        let order = format!("ORDER BY SystemModstamp, Id LIMIT {room}");
        let found = self.ask(source, &conditions, &order).await?;
        for row in &found.rows {
            let at = source::changed(row).zip(id(row));
            let (at, id) = at.ok_or_else(|| Error::Broken(format!("{} without id or time", source.name)))?;
            part.advance(at.as_millisecond(), id)?;
        }
        part.reached(found.began, self.overlap);
        let end = found.whole && found.rows.len() < room;
        let mut rows = found.rows;
        self.enrich(source, &mut rows).await?;
        rows.retain(|row| {
            let at = source::changed(row).map_or(0, Timestamp::as_millisecond);
            id(row).is_none_or(|id| part.is_new(id, at, writing::digest(&row.to_string())))
        });
        part.settle();
        let mut step = Step {
            rows,
            done: end,
            ..Step::default()
        };
        if !end {
            return Ok(step);
        }
        part.finish();
        if source.deletable {
            let now = found.began.unwrap_or_else(Timestamp::now).as_millisecond();
            // Of what was deleted before the first reading nothing is known here.
            let swept = *part.swept.get_or_insert(now);
            if now - swept >= millis(self.sweep_every) {
                part.stage = Stage::Sweep;
                part.begun = Some(now);
                step.done = false;
            }
        }
        Ok(step)
    }

    /// The next entries of the log of deletions. It alone tells of what was erased for good; a record that is there all
    /// the same, since somebody took it out of the bin again, is given as it is.
    async fn sweep(&self, source: &Source, part: &mut Part, room: usize) -> Result<Step, Error> {
        let to = part.begun.unwrap_or_else(|| Timestamp::now().as_millisecond());
        let from = part.swept.unwrap_or(to) - millis(self.overlap);
        let mut step = Step {
            done: true,
            ..Step::default()
        };
        if from < to - millis(LOG_HOLDS) {
            tracing::warn!(
                object = source.name,
                "Salesforce's log of deletions does not reach back to the last reading: what was erased is found by a reconcile"
            );
            part.sweep_ends(to);
            return Ok(step);
        }
        let time = |at: i64| {
            let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::MIN);
            at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
        };
        let (start, end) = (time(from - MINUTE), time(to + MINUTE));
        let path = format!("sobjects/{}/deleted", source.name);
        let told = match self.rest.get(&path, &[("start", &start), ("end", &end)]).await {
            Ok(told) => told,
            Err(Error::Refused { text, .. })
                if text.starts_with("INVALID_REPLICATION_DATE") || text.starts_with("EXCEEDED_ID_LIMIT") =>
            {
                tracing::warn!(object = source.name, text, "deletions are found by a reconcile");
                part.sweep_ends(to);
                return Ok(step);
            }
            Err(other) => return Err(other),
        };
        let deleted = told["deletedRecords"].as_array();
        let deleted = deleted.ok_or_else(|| Error::Broken("a log without deletedRecords".into()))?;
        let entry = |entry: &Value| {
            let id = entry["id"].as_str().filter(|id| source::is_id(id))?;
            Some((moment(&entry["deletedDate"])?, id.to_owned()))
        };
        let mut ids: Vec<(Timestamp, String)> = deleted.iter().filter_map(entry).collect();
        ids.sort_unstable();
        ids.dedup();
        let some: Vec<String> = ids
            .iter()
            .skip(part.skip)
            .take(room)
            .map(|(_, id)| id.clone())
            .collect();
        part.skip += some.len();
        step.done = part.skip >= ids.len();
        step.rows = self.rows(source, &some).await?;
        let there: Vec<&str> = step.rows.iter().filter_map(id).collect();
        step.gone = some
            .iter()
            .filter(|id| !there.contains(&id.as_str()))
            .cloned()
            .collect();
        if step.done {
            let covered = moment(&told["latestDateCovered"]).map_or(to, Timestamp::as_millisecond);
            part.sweep_ends(covered.min(to));
        }
        Ok(step)
    }

    /// Asks for rows of `source`; if a field has vanished since they were learnt, with those that are left.
    async fn ask(&self, source: &Source, conditions: &[String], order: &str) -> Result<super::rest::Found, Error> {
        let mut again = true;
        loop {
            let there = self.rest.fields(source.name).await?;
            let there = there.ok_or_else(|| Error::Setup(format!("Salesforce has no {}", source.name)))?;
            let fields = source.wanted(self.mapping.get(&source.object), &there);
            let soql = format!("SELECT {fields} FROM {}{} {order}", source.name, source.and(conditions));
            match self.rest.query(soql.trim_end()).await {
                Err(Error::Refused { text, .. }) if again && text.starts_with("INVALID_FIELD") => {
                    self.rest.forget(source.name);
                    again = false;
                }
                found => return found,
            }
        }
    }

    /// These records of `source` as they are now; those that are none of it are left out.
    pub(super) async fn rows(&self, source: &Source, ids: &[String]) -> Result<Vec<Value>, Error> {
        let mut rows = Vec::new();
        let ids: Vec<&String> = ids.iter().filter(|id| source::is_id(id)).collect();
        for some in ids.chunks(MAX_IDS) {
            let list: Vec<String> = some.iter().map(|id| format!("'{id}'")).collect();
            let found = self.ask(source, &[format!("Id IN ({})", list.join(", "))], "").await?;
            if !found.whole {
                return Err(Error::Retry { after: None });
            }
            rows.extend(found.rows);
        }
        self.enrich(source, &mut rows).await?;
        Ok(rows)
    }

    /// A page of all living records by id and revision.
    pub(super) async fn scan_page(&self, object: Object, after: Option<&Value>, size: usize) -> Result<Marks, Error> {
        let sources = Source::all(object)?;
        let after = after.cloned().unwrap_or_default();
        let turn = after["turn"]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0);
        let source = sources
            .get(turn)
            .ok_or_else(|| Error::Cursor("there is nothing more to list".into()))?;
        let last = after["id"].as_str().unwrap_or_default();
        let next = |turn: usize, id: &str| json!({ "turn": turn, "id": id });
        if self.rest.fields(source.name).await?.is_none() {
            return Ok(Marks {
                marks: Vec::new(),
                next: next(turn + 1, ""),
                done: turn + 1 >= sources.len(),
            });
        }
        let mut conditions = Vec::new();
        if source.deletable {
            conditions.push("IsDeleted = false".to_owned());
        }
        if !last.is_empty() {
            if !source::is_id(last) {
                return Err(Error::Cursor("a list goes on after an id".into()));
            }
            conditions.push(format!("Id > '{last}'"));
        }
        let size = size.clamp(1, MAX_PAGE);
        let found = self
            .ask(source, &conditions, &format!("ORDER BY Id LIMIT {size}"))
            .await?;
        let end = found.whole && found.rows.len() < size;
        let mut rows = found.rows;
        let ids: Vec<String> = rows.iter().filter_map(|row| id(row).map(str::to_owned)).collect();
        if ids.iter().any(|id| id == last) {
            return Err(Error::Cursor(format!("{last} came again in a list")));
        }
        self.enrich(source, &mut rows).await?;
        let (records, rejected) = self.sort(object, rows);
        // What cannot be understood is there all the same.
        let unread = rejected.into_iter().filter_map(|r| {
            Some(Mark {
                external_id: r.external_id?,
                revision: r.reason,
            })
        });
        let next = match (end, ids.last()) {
            (true, _) => next(turn + 1, ""),
            (false, Some(id)) => next(turn, id),
            (false, None) => return Err(Error::Cursor("a list that does not advance".into())),
        };
        Ok(Marks {
            marks: records
                .iter()
                .map(crate::canonical::Record::mark)
                .chain(unread)
                .collect(),
            next,
            done: end && turn + 1 >= sources.len(),
        })
    }
}
