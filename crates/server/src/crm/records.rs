//! Records as pages and programs read them: one by its id, or a list as narrow as the reader's rights.

use outlay_connect::Object;
use outlay_core::org::Org;
use outlay_core::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::rights::visible;
use super::store::table;
use crate::args;
use crate::auth::Person;
use crate::clock::moment;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::search;

/// Another record, by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Named {
    /// Its id in Outlay.
    pub id: String,
    /// What people call it.
    pub name: String,
}

/// A CRM record. What its kind does not have is absent.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordView {
    /// Its id in Outlay.
    pub id: String,
    /// Its kind: `account`, `contact`, `deal`, `project`, `order`, `activity`.
    pub object: &'static str,
    /// Its id in the CRM, or the one Outlay gave it.
    pub external_id: String,
    /// The connection it came by; absent if Outlay is its master.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<Named>,
    /// Changes with every change.
    pub revision: String,
    /// When it was read, RFC 3339.
    pub read_at: String,
    /// Its page in the CRM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Name, number or subject.
    pub name: String,
    /// Its customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<Named>,
    /// Its contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Named>,
    /// Its deal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal: Option<Named>,
    /// The employee who owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Named>,
    /// The owner as the CRM names them, where no employee is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crm_owner: Option<String>,
    /// Stage of a deal or state of an order, as the CRM names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// `open`, `won`, `lost`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_kind: Option<String>,
    /// Value of a deal or order.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>, example = json!({"amount": "12.30", "currency": "CNY"}))]
    pub amount: Option<Money>,
    /// Expected end of a deal, day of an order or activity: `2026-11-24`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Last day of an activity that lasts longer than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Kind of an activity, such as `visit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Where an activity took place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Tax number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// ISO 3166 alpha-2 country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Telephone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Position of a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What a deal or account of a list costs, a currency each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spend: Option<Vec<Sum>>,
    /// Open deals of an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_deals: Option<i64>,
    /// What the won deals of an account are worth, a currency each.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub won: Option<Vec<Money>>,
}

/// What a record costs in one currency.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Sum {
    /// Claimed, approved or paid.
    #[schema(value_type = Object)]
    pub spent: Money,
    /// Of that, not paid yet.
    #[schema(value_type = Object)]
    pub pending: Money,
}

/// A page of records, newest in Outlay first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RecordsView {
    /// The records.
    pub records: Vec<RecordView>,
    /// Pass it as `before` for the next page; absent on the last.
    pub next: Option<String>,
}

/// Which records.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
pub struct RecordsWanted {
    /// Words to be found in name, number or tax number.
    pub q: Option<String>,
    /// Only those of this customer.
    pub account: Option<String>,
    /// Only those of this deal.
    pub deal: Option<String>,
    /// Only those owned by this employee.
    pub owner: Option<String>,
    /// Only deals of this kind of stage: `open`, `won`, `lost`.
    pub stage_kind: Option<String>,
    /// The `next` of the page before.
    pub before: Option<String>,
    /// At most so many, 1 to 200; 50 if absent.
    pub limit: Option<usize>,
}

const TEXTS: [&str; 28] = [
    "id",
    "connection_id",
    "connection",
    "external_id",
    "revision",
    "url",
    "name",
    "account_id",
    "account",
    "contact_id",
    "contact",
    "deal_id",
    "deal",
    "owner_id",
    "owner",
    "crm_owner",
    "stage",
    "stage_kind",
    "currency",
    "happened",
    "until",
    "kind",
    "place",
    "tax_id",
    "city",
    "country",
    "phone",
    "email",
];

/// Where a kind of record has its fields: (field, expression).
fn fields(object: Object) -> &'static [(&'static str, &'static str)] {
    match object {
        Object::Account => &[
            ("name", "r.name"),
            ("owner_id", "r.owner_id"),
            ("crm_owner", "r.crm_owner"),
            ("tax_id", "r.tax_id"),
            ("city", "r.city"),
            ("country", "r.country"),
            ("phone", "r.phone"),
            ("email", "r.email"),
            ("website", "r.website"),
        ],
        Object::Contact => &[
            ("name", "r.name"),
            ("account_id", "r.account_id"),
            ("phone", "r.phone"),
            ("email", "r.email"),
            ("title", "r.title"),
        ],
        Object::Deal => &[
            ("name", "r.name"),
            ("account_id", "r.account_id"),
            ("contact_id", "r.contact_id"),
            ("owner_id", "r.owner_id"),
            ("crm_owner", "r.crm_owner"),
            ("stage", "r.stage"),
            ("stage_kind", "r.stage_kind"),
            ("currency", "r.currency"),
            ("happened", "r.close_on"),
        ],
        Object::Project => &[
            ("name", "r.name"),
            ("account_id", "r.account_id"),
            ("deal_id", "r.deal_id"),
        ],
        Object::Order => &[
            ("name", "r.number"),
            ("account_id", "r.account_id"),
            ("deal_id", "r.deal_id"),
            ("stage", "r.state"),
            ("currency", "r.currency"),
            ("happened", "r.ordered_on"),
        ],
        Object::Activity => &[
            ("name", "r.subject"),
            ("account_id", "r.account_id"),
            ("contact_id", "r.contact_id"),
            ("deal_id", "r.deal_id"),
            ("owner_id", "r.owner_id"),
            ("crm_owner", "r.crm_owner"),
            ("happened", "r.happened_on"),
            ("until", "r.until"),
            ("kind", "r.kind"),
            ("place", "r.place"),
        ],
        Object::CrmUser => &[],
    }
}

fn has(object: Object, field: &str) -> Option<&'static str> {
    fields(object).iter().find(|(f, _)| *f == field).map(|(_, e)| *e)
}

/// The one query for records `r` of a kind, to which a condition is added.
fn query(object: Object) -> String {
    let mut columns = vec![
        "r.id AS id".to_owned(),
        "r.connection_id AS connection_id".to_owned(),
        "n.name AS connection".to_owned(),
        "r.external_id AS external_id".to_owned(),
        "r.revision AS revision".to_owned(),
        "r.url AS url".to_owned(),
        "r.read_at AS read_at".to_owned(),
    ];
    let mut joins = "LEFT JOIN connection n ON n.id = r.connection_id".to_owned();
    for (name, other) in [
        ("account", "account"),
        ("contact", "contact"),
        ("deal", "deal"),
        ("owner", "employee"),
    ] {
        match has(object, &format!("{name}_id")) {
            Some(id) => {
                joins.push_str(&format!(" LEFT JOIN {other} x_{name} ON x_{name}.id = {id}"));
                columns.push(format!("x_{name}.name AS {name}"));
            }
            None => columns.push(format!("CAST(NULL AS TEXT) AS {name}")),
        }
    }
    for field in TEXTS.into_iter().chain(["title", "website"]) {
        let fixed = ["id", "connection_id", "connection", "external_id", "revision", "url"];
        if fixed.contains(&field) || ["account", "contact", "deal", "owner"].contains(&field) {
            continue;
        }
        columns.push(format!(
            "{} AS {field}",
            has(object, field).unwrap_or("CAST(NULL AS TEXT)")
        ));
    }
    let amount = if has(object, "currency").is_some() {
        "r.amount_minor"
    } else {
        "CAST(NULL AS BIGINT)"
    };
    columns.push(format!("{amount} AS amount_minor"));
    format!("SELECT {} FROM {} r {joins}", columns.join(", "), table(object))
}

#[derive(serde::Deserialize)]
struct Row {
    id: String,
    connection_id: Option<String>,
    connection: Option<String>,
    external_id: String,
    revision: String,
    url: Option<String>,
    read_at: i64,
    name: String,
    account_id: Option<String>,
    account: Option<String>,
    contact_id: Option<String>,
    contact: Option<String>,
    deal_id: Option<String>,
    deal: Option<String>,
    owner_id: Option<String>,
    owner: Option<String>,
    crm_owner: Option<String>,
    stage: Option<String>,
    stage_kind: Option<String>,
    currency: Option<String>,
    amount_minor: Option<i64>,
    happened: Option<String>,
    until: Option<String>,
    kind: Option<String>,
    place: Option<String>,
    tax_id: Option<String>,
    city: Option<String>,
    country: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    title: Option<String>,
    website: Option<String>,
}

impl Row {
    fn view(self, object: Object) -> RecordView {
        let named = |id: Option<String>, name: Option<String>| Some(Named { id: id?, name: name? });
        let filled = |text: Option<String>| text.filter(|t| !t.is_empty());
        let currency = self.currency.and_then(|c| Currency::parse(&c).ok());
        let owner = named(self.owner_id, self.owner);
        RecordView {
            id: self.id,
            object: object.as_str(),
            external_id: self.external_id,
            connection: named(self.connection_id, self.connection),
            revision: self.revision,
            read_at: moment(self.read_at).to_string(),
            url: self
                .url
                .filter(|u| u.starts_with("https://") || u.starts_with("http://")),
            name: self.name,
            account: named(self.account_id, self.account),
            contact: named(self.contact_id, self.contact),
            deal: named(self.deal_id, self.deal),
            crm_owner: self.crm_owner.filter(|_| owner.is_none()),
            owner,
            stage: filled(self.stage),
            stage_kind: self.stage_kind,
            amount: self.amount_minor.zip(currency).map(|(minor, c)| Money::new(minor, c)),
            on: self.happened,
            until: self.until,
            kind: self.kind,
            place: filled(self.place),
            tax_id: filled(self.tax_id),
            city: filled(self.city),
            country: filled(self.country),
            phone: filled(self.phone),
            email: filled(self.email),
            title: filled(self.title),
            website: filled(self.website),
            spend: None,
            open_deals: None,
            won: None,
        }
    }
}

/// A record by its id in Outlay; whether the reader may see it is the caller's to check.
pub async fn one(sql: &mut Sql, object: Object, id: &str) -> Result<RecordView, Error> {
    let text = format!("{} WHERE r.id = $1", query(object));
    let rows: Vec<Row> = sql.all_built(text, args![id]).await?;
    let row = rows.into_iter().next().ok_or(Error::NotFound(object.as_str()))?;
    Ok(row.view(object))
}

/// Records that the reader may see.
pub async fn list(
    sql: &mut Sql,
    person: &Person,
    org: &Org,
    object: Object,
    wanted: &RecordsWanted,
) -> Result<RecordsView, Error> {
    let limit = wanted.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Error::field("limit", "out-of-range"));
    }
    let (rights, mut values) = visible(person, org, object, 1);
    let mut all = vec![rights];
    let mut also = |condition: &str, value: Value| {
        values.push(value);
        all.push(condition.replace("$n", &format!("${}", values.len())));
    };
    also("r.deleted = $n", Value::from(false));
    for (field, value) in [
        ("account_id", &wanted.account),
        ("deal_id", &wanted.deal),
        ("owner_id", &wanted.owner),
        ("stage_kind", &wanted.stage_kind),
    ] {
        let Some(value) = value.as_deref().filter(|v| !v.is_empty()) else {
            continue;
        };
        let column = has(object, field).ok_or_else(|| Error::field(field.trim_end_matches("_id"), "not-here"))?;
        also(&format!("{column} = $n"), Value::from(value));
    }
    if let Some(before) = &wanted.before {
        also("r.id < $n", Value::from(before));
    }
    if let Some(words) = wanted.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        let found = search::find(sql, object.as_str(), words, 500).await?;
        if found.is_empty() {
            return Ok(RecordsView {
                records: Vec::new(),
                next: None,
            });
        }
        all.push(format!("r.id IN ({})", dialect::list(values.len() + 1, found.len())));
        values.extend(found.iter().map(Value::from));
    }
    values.push(Value::from(limit + 1));
    let text = format!(
        "{} WHERE {} ORDER BY r.id DESC LIMIT ${}",
        query(object),
        all.join(" AND "),
        values.len()
    );
    let rows: Vec<Row> = sql.all_built(text, values).await?;
    let mut records: Vec<RecordView> = rows.into_iter().map(|row| row.view(object)).collect();
    let next = (records.len() > limit).then(|| {
        records.truncate(limit);
        records.last().map(|r| r.id.clone())
    });
    Ok(RecordsView {
        records,
        next: next.flatten(),
    })
}
