//! Reading whole lists: BottleCRM filters none of them by time of change, and orders most by ids that are random.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    BottleCrm,
    cursor::{Cursor, OVERLAP},
    source::{self, SOURCES, Source, home, id, is_id, tidy_interaction},
};
use crate::{
    canonical::{Object, Record},
    connector::{Connector as _, Error, Fetched, Page, Rejected},
};

/// The largest page.
pub const MAX_PAGE: usize = 200;
/// Records whose interactions are read for one page.
const HOMES_A_PAGE: usize = 25;
/// What interactions are logged on, and what BottleCRM calls that; those on leads and tickets are none of ours.
const HOMES: [(Object, &str); 3] = [
    (Object::Account, "account"),
    (Object::Contact, "contact"),
    (Object::Deal, "opportunity"),
];

impl BottleCrm {
    pub(super) async fn pull_page(&self, object: Object, stored: Option<&Value>, size: usize) -> Result<Page, Error> {
        let mut cursor = Cursor::open(stored, object)?;
        let every = match object {
            Object::Activity => self.activities_every,
            _ => self.scan_every,
        };
        let (rows, done) = if cursor.rests(Timestamp::now(), every) {
            (Vec::new(), true)
        } else {
            self.step(object, &mut cursor, size).await?
        };
        let (mut records, rejected) = self.sort(object, rows);
        records.sort_by(|a, b| (&a.revision, &a.external_id).cmp(&(&b.revision, &b.external_id)));
        Ok(Page {
            records,
            rejected,
            gone: Vec::new(),
            next: cursor.store()?,
            done,
        })
    }

    /// The next rows of `object`, and whether they were the last.
    pub(super) async fn step(
        &self,
        object: Object,
        cursor: &mut Cursor,
        size: usize,
    ) -> Result<(Vec<Value>, bool), Error> {
        if object != Object::Activity {
            let limit = size.clamp(2 * OVERLAP, MAX_PAGE);
            let (rows, end) = self.list(Source::of(object)?, cursor, limit).await?;
            return Ok((rows, end && cursor.finish(1)));
        }
        let Some((of, name)) = HOMES.get(cursor.home).copied() else {
            return Err(Error::Cursor("it is none of this connector's".into()));
        };
        let (homes, end) = self.list(Source::of(of)?, cursor, HOMES_A_PAGE).await?;
        let mut rows = Vec::new();
        for record in homes.iter().filter_map(|row| id(of, row)) {
            rows.extend(self.interactions(name, &record).await?);
        }
        Ok((rows, end && cursor.finish(HOMES.len())))
    }

    /// The rows of a list from the cursor on, and whether they were the last.
    async fn list(&self, source: &Source, cursor: &mut Cursor, limit: usize) -> Result<(Vec<Value>, bool), Error> {
        let (offset, most) = (cursor.offset.to_string(), limit.to_string());
        let query = [("limit", most.as_str()), ("offset", offset.as_str())];
        let mut answer = match self.rest.get(source.path, &query).await {
            Err(error) if source.is_lacking(&error) => return Ok((Vec::new(), true)),
            answer => answer?,
        };
        let (mut rows, mut end) = (Vec::new(), true);
        for place in source.lists {
            let Some(Value::Array(some)) = answer.pointer_mut(place).map(Value::take) else {
                return Err(Error::Broken(format!("{} came without {place}", source.path)));
            };
            end &= some.len() < limit;
            rows.extend(some.into_iter().map(|row| source.tidy(row)));
        }
        cursor.turn(limit, rows.first().and_then(|row| id(source.object, row)))?;
        if source.object == Object::Deal {
            self.enrich(&mut rows).await?;
        }
        Ok((rows, end))
    }

    /// All interactions logged on a record; none if it is gone.
    async fn interactions(&self, name: &str, record: &str) -> Result<Vec<Value>, Error> {
        let mut found: Vec<Value> = Vec::new();
        loop {
            let offset = found.len().to_string();
            let query = [(name, record), ("limit", "200"), ("offset", offset.as_str())];
            let mut answer = match self.rest.get("interactions", &query).await {
                Err(Error::Refused { status: 403 | 404, .. }) => break,
                answer => answer?,
            };
            let Value::Array(some) = answer["interactions"].take() else {
                return Err(Error::Broken("interactions came as something else than a list".into()));
            };
            let end = some.len() < 200;
            found.extend(some);
            if end {
                break;
            }
        }
        // A record's timeline shows what was logged on others too; each comes by its own home.
        let own = found.into_iter().filter(|row| home(row) == Some((name, record)));
        Ok(own.map(tidy_interaction).collect())
    }

    /// Adds the company's currency, in which deals without one of their own are kept.
    async fn enrich(&self, rows: &mut [Value]) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        let currency = self.currency().await?;
        for row in rows {
            row["@currency"] = currency.clone();
        }
        Ok(())
    }

    async fn currency(&self) -> Result<Value, Error> {
        let ask = || async {
            match self.rest.get("org/settings", &[]).await {
                Ok(settings) => Ok(settings["default_currency"].clone()),
                Err(Error::Refused { .. }) => Ok(Value::Null),
                Err(error) => Err(error),
            }
        };
        self.currency.get_or_try_init(ask).await.cloned()
    }

    /// One record as it is now; none if it is gone.
    pub(super) async fn one(&self, source: &Source, id: &str) -> Result<Option<Value>, Error> {
        let Some(mut answer) = self.whole(source, id).await? else {
            return Ok(None);
        };
        let row = answer.pointer_mut(source.one).map(Value::take);
        let row = row.ok_or_else(|| Error::Broken(format!("{} came without {}", source.path, source.one)))?;
        let mut rows = [source.tidy(row)];
        if source.object == Object::Deal {
            self.enrich(&mut rows).await?;
        }
        let [row] = rows;
        Ok(Some(row))
    }

    /// All that BottleCRM tells with a record, such as its comments; none if it is gone.
    pub(super) async fn whole(&self, source: &Source, id: &str) -> Result<Option<Value>, Error> {
        if !is_id(id) {
            return Ok(None);
        }
        match self.rest.get(&format!("{}/{id}", source.path), &[]).await {
            Ok(answer) => Ok(Some(answer)),
            Err(Error::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn fetch_some(&self, object: Object, ids: &[String]) -> Result<Fetched, Error> {
        let mut rows = Vec::new();
        match object {
            Object::Activity => {
                let mut homes: BTreeMap<(&str, &str), BTreeSet<&String>> = BTreeMap::new();
                for id in ids {
                    if let Some((name, (record, _))) =
                        id.split_once('.').and_then(|(n, r)| Some((n, r.split_once('.')?)))
                        && HOMES.iter().any(|(_, home)| *home == name)
                        && is_id(record)
                    {
                        homes.entry((name, record)).or_default().insert(id);
                    }
                }
                for ((name, record), wanted) in homes {
                    let found = self.interactions(name, record).await?;
                    rows.extend(
                        found
                            .into_iter()
                            .filter(|row| id(object, row).is_some_and(|id| wanted.contains(&id))),
                    );
                }
            }
            // A user is asked for by the id of the account, which no record tells.
            Object::CrmUser => {
                let mut cursor = Cursor::open(None, object)?;
                let mut done = false;
                while !done {
                    let (some, end) = self.step(object, &mut cursor, MAX_PAGE).await?;
                    rows.extend(
                        some.into_iter()
                            .filter(|row| id(object, row).is_some_and(|id| ids.contains(&id))),
                    );
                    done = end;
                }
            }
            _ => {
                let source = Source::of(object)?;
                for id in ids {
                    rows.extend(self.one(source, id).await?);
                }
            }
        }
        let there: BTreeSet<String> = rows.iter().filter_map(|row| id(object, row)).collect();
        let gone = ids.iter().filter(|id| !there.contains(*id)).cloned().collect();
        let (records, rejected) = self.sort(object, rows);
        Ok(Fetched {
            records,
            rejected,
            gone,
        })
    }

    /// Understands rows, those that can be and those that cannot.
    pub(super) fn sort(&self, object: Object, rows: Vec<Value>) -> (Vec<Record>, Vec<Rejected>) {
        let (mut records, mut rejected) = (Vec::new(), Vec::new());
        for row in rows {
            match self.understand(object, &row) {
                Ok(record) => records.extend(record),
                Err(refused) => rejected.push(*refused),
            }
        }
        (records, rejected)
    }

    pub(super) async fn look_around(&self) -> Result<crate::connector::Ready, Error> {
        let mut warnings = Vec::new();
        let settings = self.rest.get("org/settings", &[]).await;
        match settings {
            Ok(_) | Err(Error::Refused { .. }) => {}
            Err(error) => return Err(error),
        }
        for source in &SOURCES {
            match self.rest.get(source.path, &[("limit", "1")]).await {
                Ok(_) => {}
                Err(Error::Refused { status: 403, text }) => {
                    warnings.push(format!("{} cannot be read: {text}", source.path));
                }
                Err(Error::Refused { status: 404, .. }) if source.optional => {
                    warnings.push(format!("this company does not use {}: they are left out", source.path));
                }
                Err(error) => return Err(error),
            }
        }
        for source in SOURCES
            .iter()
            .filter(|s| matches!(s.object, Object::Account | Object::Deal))
        {
            let lacking = match self.lacking(source).await {
                Ok(lacking) => !lacking.is_empty(),
                Err(Error::Refused { .. }) => true,
                Err(error) => return Err(error),
            };
            if lacking {
                warnings.push(super::write::advice(source));
            }
        }
        if self.hook_secret.is_none() {
            warnings.push(
                "no secret of a web hook is entered: changes are seen by reading all records again and again".into(),
            );
        }
        Ok(crate::connector::Ready { warnings })
    }
}

/// The cursor of [`crate::Connector::scan`], which is that of a pull without its rests.
pub fn scan_cursor(after: Option<&Value>, object: Object) -> Result<Cursor, Error> {
    let mut cursor = Cursor::open(after, object)?;
    // A list of marks is asked for: it never rests.
    cursor.rests(Timestamp::now(), jiff::SignedDuration::ZERO);
    Ok(cursor)
}

/// What a raw record is refused as.
pub fn refused(object: Object, raw: &Value, reason: String) -> Box<Rejected> {
    Box::new(Rejected {
        object,
        external_id: source::id(object, raw),
        reason,
        raw: json!(raw),
    })
}
