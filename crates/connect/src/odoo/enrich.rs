//! What Odoo's records only point to, looked up for a whole page at once and put beside their own fields.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::{Odoo, pull::MAX_IDS, value};
use crate::{canonical::Object, connector::Error};

impl Odoo {
    /// Adds `@customer`, `@tags` and `@won_status` where they belong.
    pub(super) async fn enrich(&self, object: Object, rows: &mut [Value]) -> Result<(), Error> {
        match object {
            Object::CrmUser | Object::Account | Object::Contact => Ok(()),
            Object::Deal => {
                self.add_won_status(rows).await?;
                self.add_customer(rows).await
            }
            Object::Project | Object::Order => self.add_customer(rows).await,
            Object::Activity => {
                self.add_attendees(rows).await?;
                self.add_tags(rows).await?;
                self.add_customer(rows).await
            }
        }
    }

    /// A record's partner may be a person, a company or an address: tells the account and the contact.
    async fn add_customer(&self, rows: &mut [Value]) -> Result<(), Error> {
        let ids: BTreeSet<i64> = rows.iter().flat_map(partners).collect();
        let fields = ["commercial_partner_id", "is_company", "type", "partner_share"];
        let known = self.look_up("res.partner", ids, &fields).await?;
        for row in rows {
            let attended = row.get("partner_ids").is_some();
            let mut found: Vec<&Value> = partners(row)
                .filter_map(|id| known.get(&id))
                .filter(|p| !attended || p["partner_share"] == true)
                .collect();
            // Whoever is a person tells more than a company does.
            found.sort_by_key(|p| !is_contact(p));
            let Some(partner) = found.first() else { continue };
            let id = value::id(partner);
            row["@customer"] = json!({
                "account": value::reference(&partner["commercial_partner_id"]).or(id),
                "contact": id.filter(|_| is_contact(partner)),
            });
        }
        Ok(())
    }

    /// A search leaves out who was archived since, whatever it is told of archived records; a reading by id does not.
    async fn add_attendees(&self, rows: &mut [Value]) -> Result<(), Error> {
        let ids: Vec<i64> = rows.iter().filter_map(value::id).collect();
        let mut invited = HashMap::new();
        for some in ids.chunks(MAX_IDS) {
            let args = json!({ "fields": ["partner_ids"] });
            let answer = self.rpc.call("calendar.event", "read", Some(some), args).await?.value;
            for row in answer.as_array().into_iter().flatten() {
                invited.extend(value::id(row).map(|id| (id, row["partner_ids"].clone())));
            }
        }
        for row in rows {
            if let Some(partners) = value::id(row).and_then(|id| invited.remove(&id)) {
                row["partner_ids"] = partners;
            }
        }
        Ok(())
    }

    async fn add_tags(&self, rows: &mut [Value]) -> Result<(), Error> {
        let ids: BTreeSet<i64> = rows.iter().flat_map(|row| linked(&row["categ_ids"])).collect();
        let known = self.look_up("calendar.event.type", ids, &["name"]).await?;
        for row in rows {
            let names: Vec<&Value> = linked(&row["categ_ids"])
                .filter_map(|id| Some(&known.get(&id)?["name"]))
                .collect();
            row["@tags"] = json!(names);
        }
        Ok(())
    }

    /// Older versions do not tell themselves whether a deal is won or lost.
    async fn add_won_status(&self, rows: &mut [Value]) -> Result<(), Error> {
        let untold = |row: &&mut Value| row.get("won_status").is_none();
        let stages = rows.iter().filter(|row| row.get("won_status").is_none());
        let ids: BTreeSet<i64> = stages.filter_map(|row| value::reference(&row["stage_id"])).collect();
        let known = self.look_up("crm.stage", ids, &["is_won"]).await?;
        for row in rows.iter_mut().filter(untold) {
            let stage = value::reference(&row["stage_id"]).and_then(|id| known.get(&id));
            let chance = row["probability"].as_f64().unwrap_or_default();
            let is_won = stage.is_some_and(|s| s["is_won"] == true) && chance >= 100.0;
            row["@won_status"] = match row["active"] == false && chance <= 0.0 {
                _ if is_won => "won",
                true => "lost",
                false => "pending",
            }
            .into();
        }
        Ok(())
    }

    /// Reads these fields of records of `model`, as far as they are there.
    async fn look_up(&self, model: &str, ids: BTreeSet<i64>, fields: &[&str]) -> Result<HashMap<i64, Value>, Error> {
        let mut known = HashMap::new();
        if ids.is_empty() {
            return Ok(known);
        }
        let Some(there) = self.schema.fields(&self.rpc, model).await? else {
            return Ok(known);
        };
        let fields: Vec<&&str> = fields.iter().filter(|f| there.contains(**f)).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        for some in ids.chunks(MAX_IDS) {
            let args = json!({ "domain": [["id", "in", some]], "fields": fields });
            let answer = self.rpc.call(model, "search_read", None, args).await?.value;
            let Value::Array(rows) = answer else {
                return Err(Error::Broken(format!("{model} came as something else than a list")));
            };
            known.extend(rows.into_iter().filter_map(|row| Some((value::id(&row)?, row))));
        }
        Ok(known)
    }
}

fn partners(row: &Value) -> impl Iterator<Item = i64> + '_ {
    value::reference(&row["partner_id"])
        .into_iter()
        .chain(linked(&row["partner_ids"]))
}

fn linked(value: &Value) -> impl Iterator<Item = i64> + '_ {
    value.as_array().into_iter().flatten().filter_map(Value::as_i64)
}

fn is_contact(partner: &Value) -> bool {
    let own = value::reference(&partner["commercial_partner_id"]);
    own != value::id(partner) && partner["is_company"] == false && partner["type"] == "contact"
}
