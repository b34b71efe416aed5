//! To-dos beside a record: Odoo's activities, found by their marker.

use serde_json::{Value, json};

use super::{
    Odoo,
    note::{body, check_marker},
    value,
    write::{gone, or_gone},
};
use crate::connector::{Error, Target, Todo, Written};

impl Odoo {
    /// Makes a to-do unless it is there, or marks it as done. One that a person has done already stays so.
    pub(super) async fn write_todo(
        &self,
        target: &Target,
        marker: &str,
        open: Option<&Todo>,
    ) -> Result<Written, Error> {
        check_marker(marker)?;
        let (model, id) = self.place_of(target)?;
        let there = self.find_todos(model, id, marker).await?;
        let written = |id: i64, changed| Written {
            external_id: id.to_string(),
            changed,
            revision: None,
            conflicts: Vec::new(),
        };
        let (Some(todo), None) = (open, there.first()) else {
            let extra = if open.is_some() { &there[1..] } else { &there[..] };
            if !extra.is_empty() {
                // Two tries at once may have made two.
                self.rpc
                    .call("mail.activity", "action_feedback", Some(extra), json!({}))
                    .await?;
            }
            return Ok(written(there.first().copied().unwrap_or_default(), !extra.is_empty()));
        };
        let mut args = json!({
            "act_type_xmlid": "mail.mail_activity_data_todo",
            "date_deadline": todo.due.to_string(),
            "summary": todo.summary,
            "note": body(marker, 1, &todo.text),
        });
        if let Some(who) = &todo.who {
            let who: i64 = who
                .parse()
                .map_err(|_| Error::Setup(format!("{who:?} is no id of Odoo")))?;
            args["user_id"] = who.into();
        }
        let made = self.rpc.call(model, "activity_schedule", Some(&[id]), args).await;
        made.map_err(|e| or_gone(e, target))?;
        match self.find_todos(model, id, marker).await?.first() {
            Some(todo) => Ok(written(*todo, true)),
            // Of a record that is gone Odoo makes none, and says nothing.
            None => Err(gone(target)),
        }
    }

    /// What is still to be done of this record with this marker, oldest first.
    async fn find_todos(&self, model: &str, id: i64, marker: &str) -> Result<Vec<i64>, Error> {
        let args = json!({
            "domain": [
                ["res_model", "=", model], ["res_id", "=", id], ["note", "ilike", format!("outlay:{marker}:")],
            ],
            "fields": ["id"],
            "order": "id",
            "context": { "active_test": true },
        });
        let found = self.rpc.call("mail.activity", "search_read", None, args).await?.value;
        let rows: &[Value] = found.as_array().map_or(&[], Vec::as_slice);
        Ok(rows.iter().filter_map(value::id).collect())
    }
}
