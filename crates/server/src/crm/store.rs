//! Storing canonical records, each once by its id in the CRM, whether it came by poll, push or file.

use jiff::Timestamp;
use jiff::civil::Date;
use outlay_connect::{Canonical, Object, Record, StageKind};
use outlay_core::Money;
use outlay_core::ids::{ClaimId, ConnectionId, EmployeeId};
use uuid::Uuid;

use super::awaited::{self, Reference};
use crate::app::App;
use crate::args;
use crate::clock::{day, now};
use crate::db::{Sql, Value, dialect};
use crate::drafts::{self, Event, News};
use crate::edits;
use crate::error::Error;
use crate::people::maybe;
use crate::search;

pub use super::awaited::find;
pub use super::rights::{record_facts, visible};

/// What storing a record did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its id in Outlay.
    pub id: String,
    /// Whether anything was written.
    pub change: Change,
    /// The draft that it began.
    pub drafted: Option<ClaimId>,
}

/// Whether a record was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Made,
    /// Something in it differs.
    Changed,
    /// It was stored as it is; nothing was written.
    Same,
}

/// The table of an object.
pub fn table(object: Object) -> &'static str {
    match object {
        Object::Account => "account",
        Object::Contact => "contact",
        Object::Deal => "deal",
        Object::Project => "project",
        Object::Order => "sales_order",
        Object::Activity => "activity",
        Object::CrmUser => "crm_user",
    }
}

/// Stores a record of `connection`, or one of Outlay's own without it, and begins the draft that it calls for; within
/// the transaction of `sql`. Own records name their owner by personnel number or mail address.
///
/// What it refers to may come later. A deal is won when its stored state was another, or when it is first seen and was
/// won in the last days: older ones are history and begin nothing. A record that is older than what is stored, as one that
/// was read before another came, changes nothing.
pub async fn apply(
    sql: &mut Sql,
    app: &App,
    connection: Option<ConnectionId>,
    record: &Record,
) -> Result<Applied, Error> {
    apply_as(sql, app, connection, record, Reading::First).await
}

/// As [`apply`], of a stored raw record that is read again by other rules. It is no news: a deal that is won by the new rules
/// begins a draft only if it was won in the last days, as one that is first seen; and what was archived stays archived.
pub async fn apply_again(
    sql: &mut Sql,
    app: &App,
    connection: ConnectionId,
    mut record: Record,
) -> Result<Applied, Error> {
    if record.object != Object::CrmUser {
        let text = format!(
            "SELECT id FROM {} WHERE connection_id = $1 AND external_id = $2 AND deleted = $3 AND revision = $4",
            table(record.object)
        );
        let gone: Vec<(String,)> = sql
            .all_built(text, args![connection, &record.external_id, true, &record.revision])
            .await?;
        record.deleted |= !gone.is_empty();
    }
    apply_as(sql, app, Some(connection), &record, Reading::Again).await
}

/// Why a record is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// It came.
    First,
    /// It is stored, and the rules changed.
    Again,
}

async fn apply_as(
    sql: &mut Sql,
    app: &App,
    connection: Option<ConnectionId>,
    record: &Record,
    reading: Reading,
) -> Result<Applied, Error> {
    let known = known(sql, connection, record).await?;
    if let Some(known) = known
        .as_ref()
        .filter(|k| connection.is_some() && is_older(record, &k.revision))
    {
        return Ok(Applied {
            id: known.id.clone(),
            change: Change::Same,
            drafted: None,
        });
    }
    take(sql, app, connection, record, known, reading).await
}

/// Whether a record was read before the one that is stored. Of revisions such as `TIME~DIGEST` the time alone tells.
pub(crate) fn is_older(record: &Record, stored: &str) -> bool {
    let time = |revision: &str| revision.split('~').next().unwrap_or_default().to_owned();
    time(&record.revision) < time(stored)
}

/// As [`apply`], even if the record is older than what is stored: a CRM that was set back holds such ones.
pub async fn mend(sql: &mut Sql, app: &App, connection: ConnectionId, record: &Record) -> Result<Applied, Error> {
    let connection = Some(connection);
    let known = known(sql, connection, record).await?;
    take(sql, app, connection, record, known, Reading::First).await
}

async fn take(
    sql: &mut Sql,
    app: &App,
    connection: Option<ConnectionId>,
    record: &Record,
    known: Option<Known>,
    reading: Reading,
) -> Result<Applied, Error> {
    let mut shape = shape(sql, connection, record, known.as_ref(), reading).await?;
    let (mut columns, missing) = awaited::resolve(sql, connection, std::mem::take(&mut shape.references)).await?;
    columns.append(&mut shape.columns);
    let (id, change) = write(sql, connection, record, known.as_ref(), columns).await?;
    if reading == Reading::First && connection.is_some() && known.as_ref().is_some_and(|k| k.edits > 0) {
        edits::arrived(sql, record, &id).await?;
    }
    // Other rules may give other search words and other records to wait for, which are in no column.
    if change == Change::Same && reading == Reading::First {
        // A CRM user's row has no revision of its own, and a reconcile compares revisions.
        if record.object == Object::CrmUser {
            keep_raw(sql, connection, record).await?;
        }
        return Ok(Applied {
            id,
            change,
            drafted: None,
        });
    }
    awaited::remember(sql, connection, record.object, &id, &missing).await?;
    if let Some(project) = shape.project {
        match awaited::find(sql, connection, Object::Project, project).await? {
            Some(project) => awaited::set_project(sql, &project, &id).await?,
            None => {
                let missing = Reference {
                    field: "project_id",
                    object: Object::Project,
                    external_id: Some(project),
                };
                awaited::remember_also(sql, connection, record.object, &id, &missing).await?;
            }
        }
    }
    if change == Change::Made {
        awaited::arrived(sql, connection, record.object, &record.external_id, &id).await?;
    }
    keep_raw(sql, connection, record).await?;
    let texts: Vec<&str> = shape.texts.iter().map(String::as_str).collect();
    if record.object != Object::CrmUser {
        search::index(
            sql,
            record.object.as_str(),
            &id,
            if record.deleted { &[] } else { &texts },
        )
        .await?;
    }
    let drafted = match &record.body {
        _ if record.deleted || change == Change::Same => None,
        Canonical::CrmUser(_) => {
            let before = known.and_then(|k| k.owner);
            if let Some(owner) = shape.owner.filter(|o| before.as_deref() != Some(&o.to_string())) {
                own(sql, app, connection, &record.external_id, owner).await?;
            }
            None
        }
        _ => match &shape.news {
            Some(news) => drafts::happened(sql, app, news, &id).await?,
            None => None,
        },
    };
    Ok(Applied { id, change, drafted })
}

/// What is stored of a record before.
struct Known {
    id: String,
    revision: String,
    stage_kind: Option<String>,
    won_at: Option<i64>,
    owner: Option<String>,
    /// Edits made here that its coming may settle.
    edits: i64,
}

async fn known(sql: &mut Sql, connection: Option<ConnectionId>, record: &Record) -> Result<Option<Known>, Error> {
    let extra = match record.object {
        Object::Deal => "revision, stage_kind, won_at, owner_id",
        Object::CrmUser => "'', NULL, CAST(NULL AS BIGINT), employee_id",
        _ => "revision, NULL, CAST(NULL AS BIGINT), NULL",
    };
    let (condition, values) = awaited::key(connection, &record.external_id);
    let text = format!(
        "SELECT id, {extra}, (SELECT COUNT(*) FROM record_edit e WHERE e.record_id = r.id AND (e.state IN ('pending', 'conflict') \
         OR (e.tried_at IS NOT NULL AND e.seen_at IS NULL))) FROM {} r WHERE {condition}",
        table(record.object)
    );
    type Row = (String, String, Option<String>, Option<i64>, Option<String>, i64);
    let rows: Vec<Row> = sql.all_built(text, values).await?;
    Ok(rows
        .into_iter()
        .next()
        .map(|(id, revision, stage_kind, won_at, owner, edits)| Known {
            id,
            revision,
            stage_kind,
            won_at,
            owner,
            edits,
        }))
}

/// What a record means for our tables.
struct Shape<'a> {
    columns: Vec<(&'static str, Value)>,
    references: Vec<Reference<'a>>,
    texts: Vec<String>,
    owner: Option<EmployeeId>,
    /// What may begin a draft.
    news: Option<News>,
    project: Option<&'a str>,
}

async fn shape<'a>(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    record: &'a Record,
    known: Option<&Known>,
    reading: Reading,
) -> Result<Shape<'a>, Error> {
    let of = |object, field, id: &'a Option<String>| Reference {
        field,
        object,
        external_id: id.as_deref(),
    };
    let account = |id| of(Object::Account, "account_id", id);
    let contact = |id| of(Object::Contact, "contact_id", id);
    let deal = |id| of(Object::Deal, "deal_id", id);
    let text = |t: &Option<String>| Value::from(clean(t.as_deref().unwrap_or_default()));
    let mut shape = Shape {
        columns: Vec::new(),
        references: Vec::new(),
        texts: vec![record.body.label().to_owned(), record.external_id.clone()],
        owner: None,
        news: None,
        project: None,
    };
    let label = Value::from(clean(record.body.label()));
    match &record.body {
        Canonical::Account(a) => {
            shape.columns = vec![
                ("name", label),
                ("tax_id", text(&a.tax_id)),
                ("city", text(&a.city)),
                ("country", text(&a.country)),
                ("phone", text(&a.phone)),
                ("email", text(&a.email)),
                ("website", text(&a.website)),
            ];
            shape.texts.extend(a.tax_id.clone());
            shape.texts.extend(a.code.clone());
            if known.is_none() {
                let new_on = drafts::new_on(sql, connection, record).await?;
                shape.columns.push(("new_on", Value::from(new_on)));
            }
            shape.news = Some(News {
                event: Event::Customer,
                on: None,
                kind: String::new(),
                fresh: false,
            });
            shape.owned_by(sql, connection, a.owner.as_deref()).await?;
        }
        Canonical::Contact(c) => {
            shape.columns = vec![
                ("name", label),
                ("title", text(&c.title)),
                ("email", text(&c.email)),
                ("phone", text(&c.phone)),
            ];
            shape.references = vec![account(&c.account)];
        }
        Canonical::Deal(d) => {
            let (won_at, fresh) = winning(d.stage_kind, d.close_on, record, known, reading);
            shape.news = won_at.map(|at| News {
                event: Event::Won,
                on: Some(day(crate::clock::moment(at), "UTC")),
                kind: String::new(),
                fresh,
            });
            shape.columns = vec![
                ("name", label),
                ("stage", Value::from(clean(&d.stage))),
                ("stage_kind", Value::from(d.stage_kind.as_str())),
                ("close_on", Value::from(d.close_on)),
                ("won_at", Value::from(won_at)),
            ];
            shape.columns.extend(amount(d.amount));
            shape.references = vec![account(&d.account), contact(&d.contact)];
            shape.texts.extend(d.number.clone());
            shape.project = d.project.as_deref();
            shape.owned_by(sql, connection, d.owner.as_deref()).await?;
        }
        Canonical::Project(p) => {
            shape.columns = vec![("name", label)];
            shape.references = vec![account(&p.account)];
            // Without a deal of its own it keeps the one that names it.
            if p.deal.is_some() {
                shape.references.push(deal(&p.deal));
            }
            shape.texts.extend(p.code.clone());
        }
        Canonical::Order(o) => {
            shape.columns = vec![
                ("number", label),
                ("state", Value::from(clean(&o.state))),
                ("ordered_on", Value::from(o.ordered_on)),
            ];
            shape.columns.extend(amount(o.amount));
            shape.references = vec![account(&o.account), deal(&o.deal)];
        }
        Canonical::Activity(a) => {
            shape.columns = vec![
                ("kind", Value::from(clean(&a.kind))),
                ("subject", label),
                ("happened_on", Value::from(visited(a.on, record))),
                (
                    "until",
                    Value::from(a.until.filter(|until| a.on.is_some_and(|on| on < *until))),
                ),
                ("place", text(&a.place)),
            ];
            shape.references = vec![account(&a.account), contact(&a.contact), deal(&a.deal)];
            let on = visited(a.on, record);
            shape.news = Some(News {
                event: Event::Visit,
                on: Some(a.until.unwrap_or(on).max(on)),
                kind: clean(&a.kind),
                fresh: false,
            });
            shape.owned_by(sql, connection, a.owner.as_deref()).await?;
        }
        Canonical::CrmUser(u) => {
            let email = u.email.as_deref().unwrap_or_default().trim().to_lowercase();
            shape.owner = match known.and_then(|k| k.owner.clone()) {
                Some(linked) => maybe(Some(linked))?,
                None => employee_by_email(sql, &email).await?,
            };
            shape.columns = vec![
                ("name", label),
                ("email", Value::from(email)),
                ("employee_id", Value::from(shape.owner)),
            ];
        }
    }
    Ok(shape)
}

impl Shape<'_> {
    async fn owned_by(
        &mut self,
        sql: &mut Sql,
        connection: Option<ConnectionId>,
        crm_owner: Option<&str>,
    ) -> Result<(), Error> {
        self.owner = match crm_owner {
            Some(crm_owner) => owner(sql, connection, crm_owner).await?,
            None => None,
        };
        self.columns.push(("owner_id", Value::from(self.owner)));
        self.columns.push(("crm_owner", Value::from(crm_owner)));
        Ok(())
    }
}

fn amount(amount: Option<Money>) -> [(&'static str, Value); 2] {
    [
        ("amount_minor", Value::from(amount.map(|m| m.minor))),
        ("currency", Value::from(amount.map(|m| m.currency.code()))),
    ]
}

/// Names go into titles and pages: no control characters.
fn clean(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.trim().to_owned()
}

fn visited(on: Option<Date>, record: &Record) -> Date {
    on.unwrap_or_else(|| day(record.modified_at, "UTC"))
}

/// When the deal was won, and whether that happened before our eyes: then it is news at any age.
fn winning(
    kind: StageKind,
    close_on: Option<Date>,
    record: &Record,
    known: Option<&Known>,
    reading: Reading,
) -> (Option<i64>, bool) {
    if kind != StageKind::Won {
        return (None, false);
    }
    if let Some(before) = known {
        if before.stage_kind.as_deref() == Some("won") {
            return (before.won_at, false);
        }
        if reading == Reading::First {
            return (Some(record.modified_at.as_microsecond()), true);
        }
    }
    let changed = day(record.modified_at, "UTC");
    let on = close_on.filter(|on| *on < changed);
    let at = on.map_or(record.modified_at, drafts::midnight);
    (Some(at.as_microsecond()), false)
}

/// The employee behind a CRM user; for own records, whoever has that personnel number or mail address.
async fn owner(sql: &mut Sql, connection: Option<ConnectionId>, crm_owner: &str) -> Result<Option<EmployeeId>, Error> {
    let (condition, values) = awaited::key(connection, crm_owner);
    let text = format!("SELECT employee_id FROM crm_user WHERE {condition}");
    let rows: Vec<(Option<String>,)> = sql.all_built(text, values).await?;
    if let Some((linked,)) = rows.into_iter().next() {
        return maybe(linked);
    }
    if connection.is_some() {
        return Ok(None);
    }
    let row: Option<(String,)> = sql
        .maybe(
            "SELECT id FROM employee WHERE number = $1 OR email = $2",
            args![crm_owner, crm_owner.to_lowercase()],
        )
        .await?;
    maybe(row.map(|(id,)| id))
}

async fn employee_by_email(sql: &mut Sql, email: &str) -> Result<Option<EmployeeId>, Error> {
    if email.is_empty() {
        return Ok(None);
    }
    let row: Option<(String,)> = sql
        .maybe("SELECT id FROM employee WHERE email = $1", args![email])
        .await?;
    maybe(row.map(|(id,)| id))
}

async fn write(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    record: &Record,
    known: Option<&Known>,
    mut columns: Vec<(&'static str, Value)>,
) -> Result<(String, Change), Error> {
    let table = table(record.object);
    let full = record.object != Object::CrmUser;
    if full {
        columns.push(("revision", Value::from(&record.revision)));
        columns.push(("deleted", Value::from(record.deleted)));
        columns.push(("url", Value::from(record.url.as_deref())));
    }
    let read_at = now().as_microsecond();
    let Some(known) = known else {
        let id = Uuid::now_v7();
        columns.push(("id", Value::from(id)));
        columns.push(("connection_id", Value::from(connection)));
        columns.push(("external_id", Value::from(&record.external_id)));
        if full {
            columns.push(("read_at", Value::from(read_at)));
        }
        let (names, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
        let text = format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            names.join(", "),
            dialect::list(1, values.len())
        );
        sql.run_built(text, values).await?;
        return Ok((id.to_string(), Change::Made));
    };
    let (names, mut values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    let sets: Vec<String> = (1..).zip(&names).map(|(n, name)| format!("{name} = ${n}")).collect();
    let differs: Vec<String> = (1..)
        .zip(&names)
        .map(|(n, name)| format!("{name} IS DISTINCT FROM ${n}"))
        .collect();
    let count = values.len();
    values.push(Value::from(&known.id));
    let read = if full {
        values.push(Value::from(read_at));
        format!(", read_at = ${}", count + 2)
    } else {
        String::new()
    };
    let text = format!(
        "UPDATE {table} SET {}{read} WHERE id = ${} AND ({})",
        sets.join(", "),
        count + 1,
        differs.join(" OR ")
    );
    let touched = sql.run_built(text, values).await?;
    let change = if touched == 0 { Change::Same } else { Change::Changed };
    Ok((known.id.clone(), change))
}

/// Marks a record as gone from the CRM; what it belongs to and what it cost stays.
pub async fn archive(sql: &mut Sql, connection: ConnectionId, object: Object, external_id: &str) -> Result<(), Error> {
    if object == Object::CrmUser {
        return Ok(());
    }
    let text = format!(
        "UPDATE {} SET deleted = $1, read_at = $2 WHERE connection_id = $3 AND external_id = $4 RETURNING id",
        table(object)
    );
    let values = args![true, now().as_microsecond(), connection, external_id];
    let rows: Vec<(String,)> = sql.all_built(text, values).await?;
    for (id,) in rows {
        search::index(sql, object.as_str(), &id, &[]).await?;
    }
    Ok(())
}

async fn keep_raw(sql: &mut Sql, connection: Option<ConnectionId>, record: &Record) -> Result<(), Error> {
    let Some(connection) = connection else { return Ok(()) };
    sql.run(
        "INSERT INTO crm_raw (connection_id, object, external_id, revision, body, read_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (connection_id, object, external_id) DO UPDATE SET revision = excluded.revision, body = excluded.body, \
         read_at = excluded.read_at WHERE crm_raw.revision <> excluded.revision OR crm_raw.body <> excluded.body",
        args![
            connection,
            record.object.as_str(),
            &record.external_id,
            &record.revision,
            record.raw.to_string(),
            now().as_microsecond()
        ],
    )
    .await?;
    Ok(())
}

/// Links a CRM user to an employee, which then owns all that this user owns, and begins what they missed.
pub async fn link(sql: &mut Sql, app: &App, crm_user: &str, employee: Option<EmployeeId>) -> Result<bool, Error> {
    let row: Option<(Option<String>, String, Option<String>)> = sql
        .maybe(
            "SELECT connection_id, external_id, employee_id FROM crm_user WHERE id = $1",
            args![crm_user],
        )
        .await?;
    let (connection, external_id, before) = row.ok_or(Error::NotFound("crm_user"))?;
    if before == employee.map(|e| e.to_string()) {
        return Ok(false);
    }
    sql.run(
        "UPDATE crm_user SET employee_id = $1 WHERE id = $2",
        args![employee, crm_user],
    )
    .await?;
    let connection = maybe(connection)?;
    match employee {
        Some(employee) => own(sql, app, connection, &external_id, employee).await?,
        None => set_owner(sql, connection, &external_id, None).await?,
    }
    Ok(true)
}

/// Links CRM users that nobody linked yet to employees of the same mail address; after people were added.
pub async fn link_employees(sql: &mut Sql, app: &App) -> Result<usize, Error> {
    let found: Vec<(String, String)> = sql
        .all(
            "SELECT u.id, e.id FROM crm_user u JOIN employee e ON e.email = u.email WHERE u.employee_id IS NULL AND u.email <> ''",
            args![],
        )
        .await?;
    for (user, employee) in &found {
        link(sql, app, user, maybe(Some(employee.clone()))?).await?;
    }
    Ok(found.len())
}

async fn own(
    sql: &mut Sql,
    app: &App,
    connection: Option<ConnectionId>,
    crm_owner: &str,
    employee: EmployeeId,
) -> Result<(), Error> {
    set_owner(sql, connection, crm_owner, Some(employee)).await?;
    drafts::missed(sql, app, employee).await
}

async fn set_owner(
    sql: &mut Sql,
    connection: Option<ConnectionId>,
    crm_owner: &str,
    employee: Option<EmployeeId>,
) -> Result<(), Error> {
    for table in ["account", "deal", "activity"] {
        let (whose, mut values) = match connection {
            Some(connection) => ("connection_id = $3", args![employee, crm_owner, connection]),
            None => ("connection_id IS NULL", args![employee, crm_owner]),
        };
        let text = format!("UPDATE {table} SET owner_id = $1 WHERE crm_owner = $2 AND {whose}");
        sql.run_built(text, std::mem::take(&mut values)).await?;
    }
    Ok(())
}

/// A record of ours, as it is stored without a CRM.
pub fn own_record(external_id: String, revision: String, modified_at: Timestamp, body: Canonical) -> Record {
    Record {
        object: body.object(),
        external_id,
        revision,
        modified_at,
        deleted: false,
        raw: serde_json::Value::Null,
        body,
        url: None,
    }
}
