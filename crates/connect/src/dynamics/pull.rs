//! Reading records: all of a table, what changed since, records by id, and the list for a reconcile.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Dynamics,
    cursor::{Cursor, Part, Stage},
    rest::Rows,
    source::{self, Source},
};
use crate::{
    canonical::Object,
    connector::{Error, Mark, Marks, Page},
};

/// The largest page.
pub const MAX_PAGE: usize = 2000;
/// Ids in one filter.
const MAX_IDS: usize = 30;
/// Steps for one page at most.
const MAX_STEPS: usize = 20;
/// Dataverse's code for a link whose changes are kept no more, where it does not answer 410.
const EXPIRED: &str = "0x80044352";

/// What a step gave.
#[derive(Default)]
struct Step {
    rows: Vec<Value>,
    gone: Vec<String>,
    done: bool,
}

impl Dynamics {
    pub(super) async fn pull_page(&self, object: Object, stored: Option<&Value>, size: usize) -> Result<Page, Error> {
        let sources = Source::all(object);
        let mut cursor = Cursor::open(stored, object)?;
        let size = size.clamp(1, MAX_PAGE);
        let mut page = Page::default();
        for _ in 0..MAX_STEPS {
            let source = &sources[cursor.turn];
            let changes = cursor.parts[cursor.turn].stage == Stage::Changes;
            let step = self.step(source, &mut cursor.parts[cursor.turn], size).await?;
            let (records, rejected, none) = self.sort(source, step.rows);
            page.records.extend(records);
            page.rejected.extend(rejected);
            page.gone.extend(step.gone);
            if changes {
                // One that was an activity with a customer, and is none any more.
                page.gone.extend(none);
            }
            if step.done {
                cursor.turn = (cursor.turn + 1) % sources.len();
                page.done = cursor.turn == 0;
            }
            if page.done || page.records.len() + page.gone.len() + page.rejected.len() >= size {
                break;
            }
        }
        page.next = cursor.store()?;
        Ok(page)
    }

    async fn step(&self, source: &Source, part: &mut Part, size: usize) -> Result<Step, Error> {
        let Some(there) = self.rest.columns(source.table).await? else {
            // What this environment does not have holds nothing new; `check` tells of it.
            return Ok(Step {
                done: true,
                ..Step::default()
            });
        };
        let wanted = source.wanted(self.mapping.get(&source.object), &there);
        let select = ("$select", wanted.as_str());
        let mut step = match part.stage {
            Stage::Fill => self.fill(source, part, select, size).await?,
            Stage::Changes => self.changes(part, size).await?,
            Stage::List => self.list(source, part, select, size).await?,
        };
        self.enrich(source, &mut step.rows).await?;
        Ok(step)
    }

    /// The next page of all records.
    async fn fill(&self, source: &Source, part: &mut Part, select: (&str, &str), size: usize) -> Result<Step, Error> {
        let asked = match &part.link {
            Some(link) => self.rest.follow(link, size).await,
            None => self.rest.rows(source.set, &[select], size, true).await,
        };
        let found = match asked {
            Ok(found) => found,
            // The place in the list is kept no more.
            Err(Error::Refused { status: 410, .. }) if part.link.is_some() => {
                *part = Part::default();
                return Ok(Step::default());
            }
            // Changes of this table are not tracked, or not shown to this user.
            Err(Error::Refused {
                status: 400 | 403 | 501,
                text,
            }) if part.link.is_none() => {
                tracing::warn!(
                    table = source.table,
                    text,
                    "changes are not tracked: they are read by their time"
                );
                part.stage = Stage::List;
                return Ok(Step::default());
            }
            Err(other) => return Err(other),
        };
        let began = found.now.unwrap_or_else(Timestamp::now).as_second();
        let begun = *part.begun.get_or_insert(began);
        let mut step = Step {
            rows: found.rows,
            ..Step::default()
        };
        match (found.next, found.delta) {
            (Some(next), _) => part.turn(next)?,
            (None, Some(delta)) => {
                *part = Part {
                    stage: Stage::Changes,
                    delta: Some(delta),
                    ..Part::default()
                };
                step.done = true;
            }
            // It did not want to track them, and did not say so.
            (None, None) => {
                *part = Part {
                    stage: Stage::List,
                    since: Some(begun),
                    ..Part::default()
                };
                step.done = true;
            }
        }
        Ok(step)
    }

    /// The next page of what changed.
    async fn changes(&self, part: &mut Part, size: usize) -> Result<Step, Error> {
        let link = part.link.clone().or_else(|| part.delta.clone());
        let found = match self.rest.follow(&link.unwrap_or_default(), size).await {
            Ok(found) => found,
            Err(error) if is_expired(&error) => {
                tracing::warn!(
                    "Dataverse keeps the changes no more: all is read anew, and a reconcile finds what was deleted meanwhile"
                );
                *part = Part::default();
                return Ok(Step::default());
            }
            Err(other) => return Err(other),
        };
        let mut step = Step::default();
        for row in found.rows {
            let context = row["@odata.context"].as_str().unwrap_or_default();
            match context.ends_with("/$deletedEntity") {
                true => step
                    .gone
                    .extend(row["id"].as_str().filter(|id| source::is_id(id)).map(str::to_owned)),
                false => step.rows.push(row),
            }
        }
        match (found.next, found.delta) {
            (Some(next), _) => part.turn(next)?,
            (None, Some(delta)) => {
                (part.link, part.delta) = (None, Some(delta));
                step.done = true;
            }
            (None, None) => return Err(Error::Broken("changes without a link to those that follow".into())),
        }
        Ok(step)
    }

    /// The next page of what changed by its own time. Of deletions it tells nothing: a reconcile finds them.
    async fn list(&self, source: &Source, part: &mut Part, select: (&str, &str), size: usize) -> Result<Step, Error> {
        let found = match &part.link {
            Some(link) => match self.rest.follow(link, size).await {
                Err(Error::Refused { status: 410, .. }) => {
                    (part.link, part.begun) = (None, None);
                    return Ok(Step::default());
                }
                found => found?,
            },
            None => {
                let mut query = vec![select, ("$orderby", "modifiedon asc")];
                let since = part.since.and_then(|since| Timestamp::from_second(since).ok());
                let filter = since.map(|since| format!("modifiedon ge {since:.0}"));
                if let Some(filter) = &filter {
                    query.push(("$filter", filter));
                }
                self.rest.rows(source.set, &query, size, false).await?
            }
        };
        let now = found.now.unwrap_or_else(Timestamp::now).as_second();
        let begun = *part.begun.get_or_insert(now);
        let mut step = Step {
            rows: found.rows,
            ..Step::default()
        };
        match found.next {
            Some(next) => part.turn(next)?,
            None => {
                let since = begun - self.overlap.as_secs();
                *part = Part {
                    stage: Stage::List,
                    since: Some(part.since.map_or(since, |old| old.max(since))),
                    ..Part::default()
                };
                step.done = true;
            }
        }
        Ok(step)
    }

    /// These records of `source` as they are now.
    pub(super) async fn records(&self, source: &Source, ids: &[String]) -> Result<Vec<Value>, Error> {
        let Some(there) = self.rest.columns(source.table).await? else {
            return Ok(Vec::new());
        };
        let wanted = source.wanted(self.mapping.get(&source.object), &there);
        let ids: Vec<&String> = ids.iter().filter(|id| source::is_id(id)).collect();
        let mut rows = Vec::new();
        for some in ids.chunks(MAX_IDS) {
            let each: Vec<String> = some.iter().map(|id| format!("{} eq {id}", source.key)).collect();
            let query = [("$select", wanted.as_str()), ("$filter", &each.join(" or "))];
            rows.extend(self.rest.rows(source.set, &query, MAX_IDS, false).await?.rows);
        }
        self.enrich(source, &mut rows).await?;
        Ok(rows)
    }

    /// A page of all living records by id and revision, in the order of Dataverse's own keys.
    pub(super) async fn scan_page(&self, object: Object, after: Option<&Value>, size: usize) -> Result<Marks, Error> {
        let sources = Source::all(object);
        let after = after.cloned().unwrap_or_default();
        let turn = after["turn"]
            .as_u64()
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(0);
        let source = sources
            .get(turn)
            .ok_or_else(|| Error::Cursor("there is nothing more to list".into()))?;
        let mut marks = Vec::new();
        let mut next = None;
        if let Some(there) = self.rest.columns(source.table).await? {
            let wanted = source.wanted(self.mapping.get(&source.object), &there);
            let link = after["link"].as_str();
            let size = size.clamp(1, MAX_PAGE);
            let found: Rows = match link {
                Some(link) => self.rest.follow(link, size).await?,
                None => {
                    self.rest
                        .rows(source.set, &[("$select", wanted.as_str())], size, false)
                        .await?
                }
            };
            if link.is_some() && link == found.next.as_deref() {
                return Err(Error::Cursor("Dataverse leads to the same page of a list again".into()));
            }
            let mut rows = found.rows;
            self.enrich(source, &mut rows).await?;
            let (records, rejected, _) = self.sort(source, rows);
            marks.extend(
                records
                    .iter()
                    .filter(|r| !r.deleted)
                    .map(crate::canonical::Record::mark),
            );
            // What cannot be understood is there all the same.
            marks.extend(rejected.into_iter().filter_map(|r| {
                Some(Mark {
                    external_id: r.external_id?,
                    revision: r.reason,
                })
            }));
            next = found.next;
        }
        Ok(Marks {
            marks,
            done: next.is_none() && turn + 1 >= sources.len(),
            next: match next {
                Some(link) => json!({ "turn": turn, "link": link }),
                None => json!({ "turn": turn + 1 }),
            },
        })
    }
}

fn is_expired(error: &Error) -> bool {
    match error {
        Error::Refused { status: 410, .. } => true,
        Error::Refused { text, .. } => text.starts_with(EXPIRED),
        _ => false,
    }
}
