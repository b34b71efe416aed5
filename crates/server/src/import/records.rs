//! Rows about CRM records and CRM users. Outlay's own are written; those of a CRM may stand in a file as they are, and
//! change in the CRM alone.

use std::collections::{HashMap, HashSet};

use outlay_connect::tables::Row;
use outlay_connect::{Account, Activity, Canonical, Contact, Deal, Object, Order, Project, StageKind};
use outlay_core::Currency;
use outlay_core::claim::Problem;
use outlay_core::ids::ConnectionId;

use super::check::Verdict;
use super::fields::{Fields, Layout};
use super::kind::Kind;
use super::organisation::{Organisation, is_address, is_country};
use super::write::{CrmUser, Write};
use crate::args;
use crate::clock::now;
use crate::connections::Connection;
use crate::crm::store;
use crate::db::Sql;
use crate::error::Error;

/// The connections by name, and what all rows share.
pub struct Records {
    connections: HashMap<String, ConnectionId>,
    currency: Currency,
    /// Outlay's own customers, contacts and deals, to which rows refer.
    own: HashSet<(Object, String)>,
    /// Names for people that tables from a CRM use which is not connected, with the number of whoever is linked to one.
    users: HashMap<String, Option<String>>,
    /// Whether a CRM delivers records of this kind, and so is their master.
    from_crm: bool,
    revision: String,
    whole: Layout,
}

impl Records {
    /// Reads what rows of `kind` may refer to.
    pub async fn load(sql: &mut Sql, kind: Kind, organisation: &Organisation) -> Result<Records, Error> {
        let mut records = Records {
            connections: HashMap::new(),
            currency: organisation.currency(),
            own: HashSet::new(),
            users: HashMap::new(),
            from_crm: false,
            revision: format!("file:{}", now()),
            whole: Layout::whole(kind),
        };
        let Some(object) = object(kind) else {
            return Ok(records);
        };
        records.connections = Connection::all(sql)
            .await?
            .into_iter()
            .map(|c| (c.name, c.id))
            .collect();
        if object == Object::CrmUser {
            return Ok(records);
        }
        let users: Vec<(String, Option<String>)> = sql
            .all(
                "SELECT u.external_id, e.number FROM crm_user u LEFT JOIN employee e ON e.id = u.employee_id \
                 WHERE u.connection_id IS NULL",
                args![],
            )
            .await?;
        records.users = users.into_iter().collect();
        for (column, object) in REFERENCES {
            if kind.columns().iter().any(|c| c.code == column) {
                let text = format!(
                    "SELECT external_id FROM {} WHERE connection_id IS NULL",
                    store::table(object)
                );
                let found: Vec<(String,)> = sql.all_built(text, args![]).await?;
                records.own.extend(found.into_iter().map(|(id,)| (object, id)));
            }
        }
        let text = format!(
            "SELECT id FROM {} WHERE connection_id IS NOT NULL LIMIT 1",
            store::table(object)
        );
        let found: Vec<(String,)> = sql.all_built(text, args![]).await?;
        records.from_crm = !found.is_empty();
        Ok(records)
    }

    /// Decides a row, of which `stored` is what is there already.
    pub fn row(
        &self,
        kind: Kind,
        organisation: &Organisation,
        fields: &mut Fields<'_>,
        stored: Option<&[String]>,
    ) -> Option<Verdict> {
        let connection = match fields.filled("connection") {
            None => None,
            Some(name) if !self.connections.contains_key(name) => {
                fields.wrong("connection", "no-connection");
                return None;
            }
            name => name,
        };
        if kind == Kind::CrmUsers {
            return self.crm_user(connection, organisation, fields, stored);
        }
        if connection.is_none() {
            for (column, object) in REFERENCES {
                let Some(text) = fields.filled(column) else { continue };
                if !self.own.contains(&(object, text.to_owned())) {
                    fields.wrong(column, "no-record");
                }
            }
            if !self.users.contains_key(fields.text("owner")) {
                organisation.named(fields, "owner");
            }
            if fields.filled("country").is_some_and(|c| !is_country(&c.to_uppercase())) {
                fields.wrong("country", "not-a-country");
            }
            if fields.filled("email").is_some_and(|e| !is_address(e)) {
                fields.wrong("email", "not-mail");
            }
        }
        let new = self.body(kind, organisation, fields)?;
        if !fields.is_good() {
            return None;
        }
        let old = stored.and_then(|cells| {
            let row = Row {
                line_no: 0,
                cells: cells.to_vec(),
            };
            self.body(kind, organisation, &mut Fields::new(kind, &row, &self.whole, None))
        });
        if old.as_ref() == Some(&new) {
            return Some(Verdict::Same);
        }
        if let Some(connection) = connection {
            fields.problem(Problem::new("id", "of-crm").with("connection", connection));
            return None;
        }
        if stored.is_none() && self.from_crm {
            fields.wrong("id", "crm-is-master");
            return None;
        }
        let record = store::own_record(fields.text("id").to_owned(), self.revision.clone(), now(), new);
        let write = Write::Record(Box::new(record));
        Some(match stored {
            None => Verdict::Made(write),
            Some(_) => Verdict::Changed(write),
        })
    }

    fn body(&self, kind: Kind, organisation: &Organisation, fields: &mut Fields<'_>) -> Option<Canonical> {
        let name = fields.text("name").to_owned();
        let (account, contact, deal) = (fields.owned("account"), fields.owned("contact"), fields.owned("deal"));
        // Their number, however they are named here; a name that nobody is linked to stays.
        let owner = fields.owned("owner").map(|text| {
            let number = organisation.person(&text).map(|e| e.number.clone());
            let linked = || self.users.get(&text).cloned().flatten();
            number.or_else(linked).unwrap_or(text)
        });
        Some(match kind {
            Kind::Accounts => Canonical::Account(Account {
                name,
                tax_id: fields.owned("tax_id"),
                country: fields.owned("country").map(|c| c.to_uppercase()),
                city: fields.owned("city"),
                phone: fields.owned("phone"),
                owner,
                ..Account::default()
            }),
            Kind::Contacts => Canonical::Contact(Contact {
                name,
                account,
                email: fields.owned("email"),
                phone: fields.owned("phone"),
                title: fields.owned("title"),
            }),
            Kind::Deals => Canonical::Deal(Deal {
                name,
                account,
                contact,
                owner,
                stage: fields.text("stage").to_owned(),
                stage_kind: stage_kind(fields)?,
                amount: fields.amount(self.currency),
                close_on: fields.date("close_on"),
                ..Deal::default()
            }),
            Kind::Projects => Canonical::Project(Project {
                name,
                account,
                deal,
                ..Project::default()
            }),
            Kind::Orders => Canonical::Order(Order {
                number: fields.owned("number").unwrap_or_else(|| fields.text("id").to_owned()),
                account,
                deal,
                amount: fields.amount(self.currency),
                state: fields.text("state").to_owned(),
                ordered_on: fields.date("ordered_on"),
            }),
            Kind::Visits => Canonical::Activity(Activity {
                kind: match fields.text("kind") {
                    "" | "拜访" => "visit".to_owned(),
                    "电话" => "call".to_owned(),
                    "会议" => "meeting".to_owned(),
                    other => other.to_lowercase(),
                },
                account,
                contact,
                deal,
                owner,
                on: fields.date("on"),
                until: fields.date("until"),
                place: fields.owned("place"),
                subject: fields.text("subject").to_owned(),
            }),
            _ => return None,
        })
    }

    fn crm_user(
        &self,
        connection: Option<&str>,
        organisation: &Organisation,
        fields: &mut Fields<'_>,
        stored: Option<&[String]>,
    ) -> Option<Verdict> {
        let employee = organisation.named(fields, "employee");
        if !fields.is_good() {
            return None;
        }
        let external_id = fields.text("crm_user").to_owned();
        let write = Write::CrmUser(CrmUser {
            connection: connection.and_then(|name| self.connections.get(name).copied()),
            name: fields.filled("name").unwrap_or(&external_id).to_owned(),
            external_id,
            employee,
        });
        // The last column: who they are so far.
        let before = stored
            .and_then(|cells| organisation.person(cells.last()?))
            .map(|e| e.id);
        Some(match stored {
            None => Verdict::Made(write),
            Some(_) if before == employee => Verdict::Same,
            Some(_) => Verdict::Changed(write),
        })
    }
}

/// Columns that name another record.
const REFERENCES: [(&str, Object); 3] = [
    ("account", Object::Account),
    ("contact", Object::Contact),
    ("deal", Object::Deal),
];

fn stage_kind(fields: &mut Fields<'_>) -> Option<StageKind> {
    match fields.text("stage_kind").to_lowercase().as_str() {
        "" | "open" | "未结" => Some(StageKind::Open),
        "won" | "赢单" | "已赢单" => Some(StageKind::Won),
        "lost" | "丢单" | "已丢单" => Some(StageKind::Lost),
        _ => {
            fields.wrong("stage_kind", "stage-kind");
            None
        }
    }
}

fn object(kind: Kind) -> Option<Object> {
    Some(match kind {
        Kind::CrmUsers => Object::CrmUser,
        Kind::Accounts => Object::Account,
        Kind::Contacts => Object::Contact,
        Kind::Deals => Object::Deal,
        Kind::Projects => Object::Project,
        Kind::Orders => Object::Order,
        Kind::Visits => Object::Activity,
        _ => return None,
    })
}
