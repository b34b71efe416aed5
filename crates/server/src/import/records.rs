//! Rows about CRM records and CRM users. Without a connection they are Outlay's own.

use std::collections::HashMap;

use outlay_connect::{Account, Activity, Canonical, Contact, Deal, Object, Order, Project, Record, StageKind};
use outlay_core::Currency;
use outlay_core::ids::ConnectionId;
use uuid::Uuid;

use super::fields::Fields;
use super::kind::Kind;
use super::organisation::Organisation;
use crate::app::App;
use crate::args;
use crate::clock::now;
use crate::crm::{self, Change, Connection, store};
use crate::db::Sql;
use crate::error::Error;

/// The connections by name, and what all rows share.
pub struct Records {
    connections: HashMap<String, ConnectionId>,
    currency: Currency,
    revision: String,
}

impl Records {
    /// Reads the connections within the transaction of `sql`.
    pub async fn load(sql: &mut Sql, organisation: &Organisation) -> Result<Records, Error> {
        let all = Connection::all(sql).await?;
        Ok(Records {
            connections: all.into_iter().map(|c| (c.name, c.id)).collect(),
            currency: organisation.currency(),
            revision: format!("{}{}", store::BY_FILE, now()),
        })
    }

    /// Whether a table is about records.
    pub fn has(&self, kind: Kind) -> bool {
        object(kind).is_some()
    }

    /// Takes a row; nothing is written where something is wrong with it.
    pub async fn row(
        &mut self,
        sql: &mut Sql,
        app: &App,
        kind: Kind,
        organisation: &Organisation,
        fields: &mut Fields<'_>,
    ) -> Result<Option<Change>, Error> {
        let connection = match fields.filled("connection") {
            None => None,
            Some(name) => match self.connections.get(name) {
                Some(id) => Some(*id),
                None => {
                    fields.wrong("connection", "no-connection");
                    None
                }
            },
        };
        if kind == Kind::CrmUsers {
            return self.crm_user(sql, app, connection, organisation, fields).await;
        }
        for (column, other) in [
            ("account", Object::Account),
            ("contact", Object::Contact),
            ("deal", Object::Deal),
        ] {
            let Some(text) = fields.filled(column).filter(|_| fields.is_good()) else {
                continue;
            };
            if store::find(sql, connection, other, text).await?.is_none() {
                fields.wrong(column, "no-record");
            }
        }
        let owner = match (fields.owned("owner"), connection) {
            // Their number, however they are named here.
            (Some(_), None) => {
                organisation.named(fields, "owner");
                organisation.person(fields.text("owner")).map(|e| e.number.clone())
            }
            (owner, _) => owner,
        };
        let Some(body) = self.body(kind, owner, fields) else {
            return Ok(None);
        };
        if !fields.is_good() {
            return Ok(None);
        }
        let record = Record {
            object: body.object(),
            external_id: fields.text("id").to_owned(),
            revision: self.revision.clone(),
            modified_at: now(),
            deleted: false,
            raw: serde_json::Value::Null,
            body,
            url: None,
        };
        Ok(Some(crm::apply(sql, app, connection, &record).await?.change))
    }

    fn body(&self, kind: Kind, owner: Option<String>, fields: &mut Fields<'_>) -> Option<Canonical> {
        let name = fields.text("name").to_owned();
        let (account, contact, deal) = (fields.owned("account"), fields.owned("contact"), fields.owned("deal"));
        Some(match kind {
            Kind::Accounts => Canonical::Account(Account {
                name,
                tax_id: fields.owned("tax_id"),
                country: fields.owned("country"),
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
            Kind::Deals => {
                let stage_kind = match fields.text("stage_kind").to_lowercase().as_str() {
                    "" | "open" | "未结" => StageKind::Open,
                    "won" | "赢单" | "已赢单" => StageKind::Won,
                    "lost" | "丢单" | "已丢单" => StageKind::Lost,
                    _ => {
                        fields.wrong("stage_kind", "stage-kind");
                        return None;
                    }
                };
                Canonical::Deal(Deal {
                    name,
                    account,
                    contact,
                    owner,
                    stage: fields.text("stage").to_owned(),
                    stage_kind,
                    amount: fields.amount(self.currency),
                    close_on: fields.date("close_on"),
                    ..Deal::default()
                })
            }
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
                place: fields.owned("place"),
                subject: fields.text("subject").to_owned(),
            }),
            _ => return None,
        })
    }

    async fn crm_user(
        &self,
        sql: &mut Sql,
        app: &App,
        connection: Option<ConnectionId>,
        organisation: &Organisation,
        fields: &mut Fields<'_>,
    ) -> Result<Option<Change>, Error> {
        let employee = organisation.named(fields, "employee");
        if !fields.is_good() {
            return Ok(None);
        }
        let external_id = fields.text("crm_user");
        let (id, made) = match store::find(sql, connection, Object::CrmUser, external_id).await? {
            Some(id) => (id, false),
            None => {
                let id = Uuid::now_v7().to_string();
                let name = fields.filled("name").unwrap_or(external_id);
                sql.run(
                    "INSERT INTO crm_user (id, connection_id, external_id, name, email) VALUES ($1, $2, $3, $4, '')",
                    args![&id, connection, external_id, name],
                )
                .await?;
                (id, true)
            }
        };
        let linked = store::link(sql, app, &id, employee).await?;
        Ok(Some(match (made, linked) {
            (true, _) => Change::Made,
            (false, true) => Change::Changed,
            (false, false) => Change::Same,
        }))
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
