//! What a record means for our tables.

use jiff::civil::Date;
use outlay_connect::{Canonical, Record, StageKind};
use outlay_core::Money;
use outlay_core::ids::EmployeeId;

use super::awaited::Reference;
use super::known::{self, Around, Known};
use super::store::Reading;
use crate::clock::day;
use crate::db::Value;
use crate::drafts::{self, Event, News};
use crate::error::Error;
use crate::people::maybe;

/// What a record means for our tables.
pub struct Shape<'a> {
    /// Columns of its row and their values; of one kind of record always the same in the same order, but for references
    /// that it may lack.
    pub columns: Vec<(&'static str, Value)>,
    /// What it refers to and has not come yet.
    pub missing: Vec<Reference<'a>>,
    /// Our id of the project that a deal names, if that has come.
    pub project: Option<String>,
    /// What it is found by.
    pub texts: Vec<&'a str>,
    /// The employee who owns it; of a CRM user whoever stands behind it.
    pub owner: Option<EmployeeId>,
    /// What may begin a draft.
    pub news: Option<News>,
}

/// Puts a record into the shape of our tables.
pub fn shape<'a>(
    record: &'a Record,
    known: Option<&Known>,
    around: &Around,
    reading: Reading,
) -> Result<Shape<'a>, Error> {
    let mut shape = Shape {
        columns: Vec::with_capacity(16),
        missing: Vec::new(),
        project: None,
        texts: vec![record.body.label(), &record.external_id],
        owner: around.owner(&record.body),
        news: None,
    };
    for reference in known::references(&record.body) {
        let found = around.found.id(&reference).cloned();
        if found.is_none() && reference.external_id.is_some() {
            shape.missing.push(reference);
        }
        match reference.field {
            "project_id" => shape.project = found,
            field => shape.columns.push((field, Value::Text(found))),
        }
    }
    let text = |t: &Option<String>| Value::from(clean(t.as_deref().unwrap_or_default()));
    let label = Value::from(clean(record.body.label()));
    let owned = |shape: &mut Shape<'_>| {
        shape.columns.push(("owner_id", Value::from(shape.owner)));
        let crm_owner = known::crm_owner(&record.body);
        shape.columns.push(("crm_owner", Value::from(crm_owner)));
    };
    match &record.body {
        Canonical::Account(a) => {
            shape.columns.extend([
                ("name", label),
                ("tax_id", text(&a.tax_id)),
                ("city", text(&a.city)),
                ("country", text(&a.country)),
                ("phone", text(&a.phone)),
                ("email", text(&a.email)),
                ("website", text(&a.website)),
            ]);
            shape.texts.extend(a.tax_id.as_deref());
            shape.texts.extend(a.code.as_deref());
            if known.is_none() {
                let new_on = drafts::new_on(record).filter(|_| around.are_new);
                shape.columns.push(("new_on", Value::from(new_on)));
            }
            shape.news = Some(News {
                event: Event::Customer,
                on: None,
                kind: String::new(),
                fresh: false,
            });
            owned(&mut shape);
        }
        Canonical::Contact(c) => shape.columns.extend([
            ("name", label),
            ("title", text(&c.title)),
            ("email", text(&c.email)),
            ("phone", text(&c.phone)),
        ]),
        Canonical::Deal(d) => {
            let (won_at, fresh) = winning(d.stage_kind, d.close_on, record, known, reading);
            shape.news = won_at.map(|at| News {
                event: Event::Won,
                on: Some(day(crate::clock::moment(at), "UTC")),
                kind: String::new(),
                fresh,
            });
            shape.columns.extend([
                ("name", label),
                ("stage", Value::from(clean(&d.stage))),
                ("stage_kind", Value::from(d.stage_kind.as_str())),
                ("close_on", Value::from(d.close_on)),
                ("won_at", Value::from(won_at)),
            ]);
            shape.columns.extend(amount(d.amount));
            shape.texts.extend(d.number.as_deref());
            owned(&mut shape);
        }
        Canonical::Project(p) => {
            shape.columns.push(("name", label));
            shape.texts.extend(p.code.as_deref());
        }
        Canonical::Order(o) => {
            shape.columns.extend([
                ("number", label),
                ("state", Value::from(clean(&o.state))),
                ("ordered_on", Value::from(o.ordered_on)),
            ]);
            shape.columns.extend(amount(o.amount));
        }
        Canonical::Activity(a) => {
            let on = visited(a.on, record);
            let until = a.until.filter(|until| a.on.is_some_and(|on| on < *until));
            shape.columns.extend([
                ("kind", Value::from(clean(&a.kind))),
                ("subject", label),
                ("happened_on", Value::from(on)),
                ("until", Value::from(until)),
                ("place", text(&a.place)),
            ]);
            shape.news = Some(News {
                event: Event::Visit,
                on: Some(a.until.unwrap_or(on).max(on)),
                kind: clean(&a.kind),
                fresh: false,
            });
            owned(&mut shape);
        }
        Canonical::CrmUser(_) => {
            shape.owner = match known.and_then(|k| k.owner.clone()) {
                Some(linked) => maybe(Some(linked))?,
                None => around.colleague(&record.body),
            };
            let email = known::email(&record.body).unwrap_or_default();
            shape.columns.extend([
                ("name", label),
                ("email", Value::from(email)),
                ("employee_id", Value::from(shape.owner)),
            ]);
            return Ok(shape);
        }
    }
    shape.columns.extend([
        ("revision", Value::from(&record.revision)),
        ("deleted", Value::from(record.deleted)),
        ("url", Value::from(record.url.as_deref())),
    ]);
    Ok(shape)
}

fn amount(amount: Option<Money>) -> [(&'static str, Value); 2] {
    [
        ("amount_minor", Value::from(amount.map(|m| m.minor))),
        ("currency", Value::from(amount.map(|m| m.currency.code()))),
    ]
}

/// Names go into titles and pages: no control characters.
fn clean(text: &str) -> String {
    if text.chars().any(char::is_control) {
        let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        return plain.trim().to_owned();
    }
    text.trim().to_owned()
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
        if reading != Reading::Again {
            return (Some(record.modified_at.as_microsecond()), true);
        }
    }
    let changed = day(record.modified_at, "UTC");
    let on = close_on.filter(|on| *on < changed);
    let at = on.map_or(record.modified_at, drafts::midnight);
    (Some(at.as_microsecond()), false)
}
