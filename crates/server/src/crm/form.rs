//! The form of one of Outlay's own records: its fields by kind, filled, and read back.

use std::collections::HashMap;

use outlay_connect::Object;
use outlay_core::Currency;

use super::edit::{AmountInput, RecordInput};
use super::records::{RecordView, RecordsWanted};
use super::view;
use crate::app::App;
use crate::auth::Visitor;
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::shell;

/// A field of the form.
pub struct FormField {
    /// Its name, in the form and in the API.
    pub name: &'static str,
    /// The key of its label.
    pub label: &'static str,
    /// `text`, `date`, `amount`, `select`.
    pub kind: &'static str,
    /// Whether it must be filled.
    pub required: bool,
    /// What stands in it.
    pub value: String,
    /// Of a select: (value, words, whether chosen).
    pub options: Vec<(String, String, bool)>,
}

type Plan = &'static [(&'static str, &'static str, &'static str, bool)];

fn plan(object: Object) -> Plan {
    const NAME: (&str, &str, &str, bool) = ("name", "crm-name", "text", true);
    const ACCOUNT: (&str, &str, &str, bool) = ("account", "crm-account", "account", true);
    const CONTACT: (&str, &str, &str, bool) = ("contact", "crm-contact", "contact", false);
    const DEAL: (&str, &str, &str, bool) = ("deal", "crm-deal", "deal", false);
    const OWNER: (&str, &str, &str, bool) = ("owner", "crm-owner", "owner", true);
    const AMOUNT: (&str, &str, &str, bool) = ("amount", "crm-amount", "amount", false);
    const CURRENCY: (&str, &str, &str, bool) = ("currency", "crm-currency", "currency", true);
    match object {
        Object::Account => &[
            NAME,
            OWNER,
            ("tax_id", "crm-tax-id", "text", false),
            ("city", "crm-city", "text", false),
            ("country", "crm-country", "text", false),
            ("phone", "crm-phone", "text", false),
        ],
        Object::Contact => &[
            NAME,
            ACCOUNT,
            ("title", "crm-title", "text", false),
            ("email", "crm-email", "text", false),
            ("phone", "crm-phone", "text", false),
        ],
        Object::Deal => &[
            NAME,
            ACCOUNT,
            CONTACT,
            OWNER,
            ("stage", "crm-stage", "text", false),
            ("stage_kind", "crm-stage-kind", "stage", true),
            AMOUNT,
            CURRENCY,
            ("on", "crm-close-on", "date", false),
        ],
        Object::Project => &[NAME, ACCOUNT, DEAL],
        Object::Order => &[
            ("name", "crm-number", "text", true),
            ACCOUNT,
            DEAL,
            ("stage", "crm-state", "text", false),
            AMOUNT,
            CURRENCY,
            ("on", "crm-ordered-on", "date", false),
        ],
        Object::Activity => &[
            ("name", "crm-subject", "text", true),
            ("kind", "crm-kind", "kind", true),
            ACCOUNT,
            CONTACT,
            DEAL,
            OWNER,
            ("on", "crm-happened-on", "date", true),
            ("until", "crm-until", "date", false),
            ("place", "crm-place", "text", false),
        ],
        Object::CrmUser => &[],
    }
}

/// The fields of a kind of record, filled with `given`.
pub async fn fields(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    object: Object,
    given: &HashMap<String, String>,
) -> Result<Vec<FormField>, Error> {
    let mut all = Vec::new();
    for &(name, label, kind, required) in plan(object) {
        let value = given.get(name).cloned().unwrap_or_default();
        let mut options = match kind {
            "account" => records(sql, app, visitor, Object::Account, None).await?,
            "contact" => records(sql, app, visitor, Object::Contact, given.get("account")).await?,
            "deal" => records(sql, app, visitor, Object::Deal, given.get("account")).await?,
            "owner" => view::owners(sql, app, visitor)
                .await?
                .into_iter()
                .map(|(id, name)| (id.to_string(), name))
                .collect(),
            "stage" => coded(visitor, "crm-stage-", &["open", "won", "lost"]),
            "kind" => coded(visitor, "crm-kind-", &["visit", "call", "meeting"]),
            "currency" => currencies(sql, app, visitor, &value).await?,
            _ => Vec::new(),
        };
        let is_select = !matches!(kind, "text" | "date" | "amount");
        if is_select && !required {
            options.insert(0, (String::new(), "—".to_owned()));
        }
        let chosen = if kind == "owner" && value.is_empty() {
            visitor.person.id().to_string()
        } else {
            value.clone()
        };
        all.push(FormField {
            name,
            label,
            kind: if is_select { "select" } else { kind },
            required,
            value,
            options: options.into_iter().map(|(v, w)| (v.clone(), w, v == chosen)).collect(),
        });
    }
    Ok(all)
}

/// Of the reader's own legal entity, of the record, of the other entities, and others.
async fn currencies(sql: &mut Sql, app: &App, visitor: &Visitor, value: &str) -> Result<Vec<(String, String)>, Error> {
    let org = app.org(sql).await?;
    let home = org.primary(visitor.person.id(), day(now(), &visitor.zone));
    let home = home.and_then(|place| org.entity(place.entity)).map(|e| e.currency);
    let mut entities: Vec<_> = org.entities().collect();
    entities.sort_by(|a, b| a.code.cmp(&b.code));
    let of_entities = entities.iter().map(|e| e.currency);
    let all = shell::currencies(home.into_iter().chain(Currency::parse(value).ok()).chain(of_entities));
    Ok(all.into_iter().map(|code| (code.to_owned(), code.to_owned())).collect())
}

fn coded(visitor: &Visitor, prefix: &str, codes: &[&str]) -> Vec<(String, String)> {
    let w = shell::W(visitor.lang);
    codes
        .iter()
        .map(|code| ((*code).to_owned(), w.t(&format!("{prefix}{code}"))))
        .collect()
}

async fn records(
    sql: &mut Sql,
    app: &App,
    visitor: &Visitor,
    object: Object,
    account: Option<&String>,
) -> Result<Vec<(String, String)>, Error> {
    let wanted = RecordsWanted {
        account: account.cloned(),
        limit: Some(200),
        ..RecordsWanted::default()
    };
    let found = view::list(sql, app, visitor, object, &wanted).await?;
    let own = found.records.into_iter().filter(|r| r.connection.is_none());
    Ok(own.map(|r| (r.id, r.name)).collect())
}

/// What stands in the fields of a record.
pub fn values(record: &RecordView) -> HashMap<String, String> {
    let id = |named: &Option<super::records::Named>| named.as_ref().map(|n| n.id.clone());
    [
        ("name", Some(record.name.clone())),
        ("account", id(&record.account)),
        ("contact", id(&record.contact)),
        ("deal", id(&record.deal)),
        ("owner", id(&record.owner)),
        ("stage", record.stage.clone()),
        ("stage_kind", record.stage_kind.clone()),
        ("amount", record.amount.map(|m| m.plain())),
        ("currency", record.amount.map(|m| m.currency.code().to_owned())),
        ("on", record.on.clone()),
        ("until", record.until.clone()),
        ("kind", record.kind.clone()),
        ("place", record.place.clone()),
        ("tax_id", record.tax_id.clone()),
        ("city", record.city.clone()),
        ("country", record.country.clone()),
        ("phone", record.phone.clone()),
        ("email", record.email.clone()),
        ("title", record.title.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

/// What the form says.
pub fn input(mut values: HashMap<String, String>) -> RecordInput {
    let mut take = |name: &str| values.remove(name).filter(|v| !v.trim().is_empty());
    let currency = take("currency");
    RecordInput {
        name: take("name").unwrap_or_default(),
        revision: take("revision"),
        account: take("account"),
        contact: take("contact"),
        deal: take("deal"),
        owner: take("owner"),
        stage: take("stage"),
        stage_kind: take("stage_kind"),
        amount: take("amount").map(|amount| AmountInput { amount, currency }),
        on: take("on"),
        until: take("until"),
        kind: take("kind"),
        place: take("place"),
        tax_id: take("tax_id"),
        city: take("city"),
        country: take("country"),
        phone: take("phone"),
        email: take("email"),
        title: take("title"),
    }
}
