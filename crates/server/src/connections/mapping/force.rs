//! Putting rules into force: they are stored, and a job reads all stored records again by them, page by page. Each page and
//! how far it got are one transaction, so the job may be killed at any time. Where a rule speaks of what no stored record has,
//! the records are asked for anew: some CRMs are asked only for what the rules speak of.

use std::collections::BTreeSet;
use std::sync::Arc;

use outlay_connect::mapping::Rules;
use outlay_connect::{Connector, Fetched, Object, Record, Rejected, Rule};
use outlay_core::ids::ConnectionId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::trial::{MOST, astray};
use super::{check, newest};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::now;
use crate::connections::{Connection, dead};
use crate::crm::store::{self, Change, Reading};
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{self, Done, Failed, Job, NewJob};

/// Records of one transaction.
const PAGE: usize = 100;
/// Pages of one job; the next job goes on.
const PAGES: usize = 40;
const KIND: &str = "mapping";

/// How the changed rules of a kind of record are to be changed.
#[derive(Debug, Clone)]
pub enum Edit {
    /// These and no others.
    All(Rules),
    /// The rule of one field; without one, the usual rule holds again.
    One(String, Option<Rule>),
}

/// A job: reading one kind of record again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Again {
    connection: ConnectionId,
    object: Object,
    run: String,
}

/// The changed rules of `object` after `edit`. A rule that is the usual one is no change.
pub(super) fn edited(connection: &Connection, object: Object, edit: Edit) -> Rules {
    let mut rules = match edit {
        Edit::All(rules) => rules,
        Edit::One(field, rule) => {
            let mut rules = connection.mapping.get(&object).cloned().unwrap_or_default();
            match rule {
                Some(rule) => _ = rules.insert(field, rule),
                None => _ = rules.remove(&field),
            }
            rules
        }
    };
    let usual = connection.manifest.object(object).map(|o| &o.fields);
    rules.retain(|field, rule| usual.and_then(|u| u.get(field)) != Some(rule));
    rules
}

/// Stores changed rules and begins to read again what is stored. Nothing happens if they are in force already.
/// [`Error::Invalid`] names what is wrong with them; [`Error::Conflict`] if somebody else changed rules meanwhile.
pub async fn put(app: &Arc<App>, permit: Permit, id: ConnectionId, object: Object, edit: Edit) -> Result<(), Error> {
    let mut sql = app.db.read();
    let connection = Connection::load(&mut sql, id).await?;
    if connection.manifest.object(object).is_none() {
        return Err(Error::field("object", "unknown"));
    }
    let before = connection.mapping.get(&object).cloned().unwrap_or_default();
    let rules = edited(&connection, object, edit);
    let problems = check::problems(object, &rules);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    if rules == before {
        return Ok(());
    }
    let fields: BTreeSet<&String> = before.keys().chain(rules.keys()).collect();
    let touched: Vec<&str> = fields
        .into_iter()
        .filter(|f| before.get(*f) != rules.get(*f))
        .map(String::as_str)
        .collect();
    let detail = format!("mapping {object} {}", touched.join(" "));
    let mut fresh = connection.manifest.mapping(&connection.mapping);
    fresh.entry(object).or_default().extend(rules.clone());
    let mut fresh = fresh.remove(&object).unwrap_or_default();
    fresh.retain(|field, _| touched.contains(&field.as_str()));
    let anew = !astray(&fresh, &newest(&mut sql, id, object, MOST).await?).is_empty();
    drop(sql);
    let mut mapping = connection.mapping.clone();
    if rules.is_empty() {
        mapping.remove(&object);
    } else {
        mapping.insert(object, rules);
    }
    let before = serde_json::to_string(&connection.mapping)?;
    let new = Arc::new((serde_json::to_string(&mapping)?, before, detail));
    app.db
        .write(move |sql| {
            let (permit, new) = (permit.clone(), new.clone());
            Box::pin(async move {
                let (mapping, before, detail) = new.as_ref();
                let stored = sql
                    .run(
                        "UPDATE connection SET mapping = $1 WHERE id = $2 AND mapping = $3",
                        args![mapping, id, before],
                    )
                    .await?;
                if stored == 0 {
                    return Err(Error::Conflict);
                }
                audit::note(
                    sql,
                    permit.actor(),
                    permit.action(),
                    &format!("connection:{id}"),
                    detail,
                )
                .await?;
                begin(sql, id, object, anew).await
            })
        })
        .await?;
    app.live.wake();
    Ok(())
}

/// In place of the run before, which ends when it sees that it is not the last any more.
async fn begin(sql: &mut Sql, connection: ConnectionId, object: Object, anew: bool) -> Result<(), Error> {
    let run = Uuid::now_v7().to_string();
    let (total,): (i64,) = sql
        .one(
            "SELECT (SELECT COUNT(*) FROM sync_refused WHERE connection_id = $1 AND object = $2) \
             + (SELECT COUNT(*) FROM crm_raw r WHERE r.connection_id = $1 AND r.object = $2 AND NOT EXISTS (SELECT 1 FROM \
             sync_refused d WHERE d.connection_id = $1 AND d.object = $2 AND d.external_id = r.external_id))",
            args![connection, object.as_str()],
        )
        .await?;
    sql.run(
        "INSERT INTO mapping_run (connection_id, object, run_id, started_at, total, seen, changed, refused, drafted, anew, phase, \
         position) VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, $6, 'refused', '') ON CONFLICT (connection_id, object) DO UPDATE SET \
         run_id = excluded.run_id, started_at = excluded.started_at, ended_at = NULL, total = excluded.total, seen = 0, \
         changed = 0, refused = 0, drafted = 0, anew = excluded.anew, phase = excluded.phase, position = excluded.position",
        args![connection, object.as_str(), &run, now().as_microsecond(), total, anew],
    )
    .await?;
    let again = Again {
        connection,
        object,
        run,
    };
    enqueue(sql, &again, "").await
}

async fn enqueue(sql: &mut Sql, again: &Again, from: &str) -> Result<(), Error> {
    let job = NewJob {
        kind: KIND,
        key: format!("{KIND}:{}:{from}", again.run),
        ordering: Some(format!("{KIND}:{}", again.connection)),
    };
    jobs::enqueue(sql, job, again).await
}

/// The handler of these jobs.
pub async fn job(app: Arc<App>, job: Job) -> Result<Done, Failed> {
    let again: Again = serde_json::from_str(&job.payload).map_err(|e| Failed::Never(e.to_string()))?;
    let connection = Connection::load(&mut app.db.read(), again.connection).await?;
    let connector = connection.connector(&app)?;
    match read_again(&app, &again, Arc::from(connector), PAGES).await {
        Err(Error::Conflict) => Err(Failed::Again("the connection is being read".into())),
        other => Ok(other.map(|()| None)?),
    }
}

/// Reads at most `pages` pages again by `connector`, and leaves the rest to another job. A run that another has taken the place
/// of ends at once. [`Error::Conflict`] while a pull is under way: it may still read by the rules before.
pub async fn read_again(
    app: &Arc<App>,
    again: &Again,
    connector: Arc<dyn Connector>,
    pages: usize,
) -> Result<(), Error> {
    for left in (0..pages).rev() {
        let asked = match again.to_ask(&mut app.db.read()).await? {
            Some(ids) => Some(Arc::new(ask(connector.as_ref(), again.object, ids).await?)),
            None => None,
        };
        let (shared, mine, connector) = (app.clone(), again.clone(), connector.clone());
        let more = app
            .db
            .write(move |sql| {
                let (app, mine, connector, asked) = (shared.clone(), mine.clone(), connector.clone(), asked.clone());
                Box::pin(async move {
                    mine.page(sql, &app, connector.as_ref(), asked.as_deref(), left == 0)
                        .await
                })
            })
            .await?;
        if !more {
            break;
        }
    }
    app.live.wake();
    Ok(())
}

/// Records asked for by their ids, of which the last one tells how far that goes.
struct AskedFor {
    ids: Vec<String>,
    found: Fetched,
}

async fn ask(connector: &dyn Connector, object: Object, ids: Vec<String>) -> Result<AskedFor, Error> {
    let found = if ids.is_empty() {
        Fetched::default()
    } else {
        connector.fetch(object, &ids).await?
    };
    Ok(AskedFor { ids, found })
}

#[derive(Default)]
struct Took {
    seen: i64,
    changed: i64,
    refused: i64,
    drafted: i64,
}

const STORED: &str = "FROM crm_raw r WHERE r.connection_id = $1 AND r.object = $2 AND r.external_id > $3 AND NOT EXISTS \
    (SELECT 1 FROM sync_refused d WHERE d.connection_id = $1 AND d.object = $2 AND d.external_id = r.external_id) \
    ORDER BY r.external_id LIMIT $4";

impl Again {
    fn lease(&self) -> String {
        format!("pull:{}", self.connection)
    }

    /// Phase, position, and whether the CRM is asked; none if the run has ended or another took its place.
    async fn at(&self, sql: &mut Sql) -> Result<Option<(String, String, bool)>, Error> {
        Ok(sql
            .maybe(
                "SELECT phase, position, anew FROM mapping_run WHERE connection_id = $1 AND object = $2 AND run_id = $3 \
                 AND ended_at IS NULL",
                args![self.connection, self.object.as_str(), &self.run],
            )
            .await?)
    }

    /// The ids of the next page, if the CRM is to be asked for it.
    async fn to_ask(&self, sql: &mut Sql) -> Result<Option<Vec<String>>, Error> {
        match self.at(sql).await? {
            Some((phase, position, true)) if phase == "stored" => {
                let text = format!("SELECT r.external_id {STORED}");
                let values = args![self.connection, self.object.as_str(), position, PAGE];
                let rows: Vec<(String,)> = sql.all_built(text, values).await?;
                Ok(Some(rows.into_iter().map(|(id,)| id).collect()))
            }
            _ => Ok(None),
        }
    }

    /// One page; whether more follow.
    async fn page(
        &self,
        sql: &mut Sql,
        app: &App,
        connector: &dyn Connector,
        asked: Option<&AskedFor>,
        last: bool,
    ) -> Result<bool, Error> {
        let Some((phase, position, _)) = self.at(sql).await? else {
            self.leave(sql).await?;
            return Ok(false);
        };
        // Pulls keep out meanwhile, and this waits for the one under way: it may still read by the rules before.
        jobs::lease::take(sql, &self.lease(), &self.run).await?;
        let mut took = Took::default();
        let ids = match asked {
            Some(asked) => {
                self.take(sql, app, &mut took, &asked.found.records, &asked.found.rejected)
                    .await?;
                asked.ids.clone()
            }
            None => self.read(sql, app, connector, (&phase, &position), &mut took).await?,
        };
        took.seen = super::count(ids.len());
        let full = ids.len() == PAGE;
        let at = ids.last().cloned().unwrap_or(position);
        let (phase, at, ended) = match (full, phase.as_str()) {
            (true, _) => (phase, at, None),
            (false, "refused") => ("stored".to_owned(), String::new(), None),
            (false, _) => (phase, at, Some(now().as_microsecond())),
        };
        let from = format!("{phase}:{at}");
        sql.run(
            "UPDATE mapping_run SET phase = $1, position = $2, ended_at = $3, seen = seen + $4, changed = changed + $5, \
             refused = refused + $6, drafted = drafted + $7 WHERE connection_id = $8 AND object = $9 AND run_id = $10",
            args![
                phase,
                at,
                ended,
                took.seen,
                took.changed,
                took.refused,
                took.drafted,
                self.connection,
                self.object.as_str(),
                &self.run
            ],
        )
        .await?;
        let more = ended.is_none();
        if more && last {
            enqueue(sql, self, &from).await?;
        }
        if !more || last {
            self.leave(sql).await?;
        }
        Ok(more)
    }

    /// Reads a page as it is stored; the ids.
    async fn read(
        &self,
        sql: &mut Sql,
        app: &App,
        connector: &dyn Connector,
        (phase, position): (&str, &str),
        took: &mut Took,
    ) -> Result<Vec<String>, Error> {
        let dead = phase == "refused";
        let text = if dead {
            // The first is the one whose id is illegible.
            "SELECT external_id, raw FROM sync_refused WHERE connection_id = $1 AND object = $2 \
             AND (external_id > $3 OR ($3 = '' AND external_id = '')) ORDER BY external_id LIMIT $4"
                .to_owned()
        } else {
            // A dead letter is newer than what is stored under its id.
            format!("SELECT r.external_id, r.body {STORED}")
        };
        let values = args![self.connection, self.object.as_str(), position, PAGE];
        let rows: Vec<(String, String)> = sql.all_built(text, values).await?;
        let mut ids = Vec::with_capacity(rows.len());
        let (mut records, mut refused) = (Vec::new(), Vec::new());
        for (id, raw) in rows {
            match connector.understand(self.object, &serde_json::from_str(&raw)?) {
                Ok(None) => {}
                Ok(Some(record)) => {
                    records.push(record);
                    if dead {
                        dead::remove(sql, self.connection, self.object, &id).await?;
                    }
                }
                Err(rejected) => {
                    let external_id = Some(id.clone()).filter(|id| !id.is_empty());
                    refused.push(Rejected {
                        external_id,
                        ..*rejected
                    });
                }
            }
            ids.push(id);
        }
        self.take(sql, app, took, &records, &refused).await?;
        Ok(ids)
    }

    async fn take(
        &self,
        sql: &mut Sql,
        app: &App,
        took: &mut Took,
        records: &[Record],
        refused: &[Rejected],
    ) -> Result<(), Error> {
        dead::forget(sql, self.connection, records).await?;
        for applied in store::apply_all(sql, app, Some(self.connection), records, Reading::Again).await? {
            took.changed += i64::from(applied.change != Change::Same);
            took.drafted += i64::from(applied.drafted.is_some());
        }
        for rejected in refused {
            took.refused += 1;
            dead::keep(sql, self.connection, rejected).await?;
        }
        Ok(())
    }

    async fn leave(&self, sql: &mut Sql) -> Result<(), Error> {
        sql.run(
            "DELETE FROM lease WHERE name = $1 AND holder = $2",
            args![self.lease(), &self.run],
        )
        .await?;
        Ok(())
    }
}
