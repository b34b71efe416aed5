//! Whether all is there that a full service needs.

use serde_json::json;

use super::{Dynamics, manifest, source::Source, write};
use crate::{
    canonical::Object,
    connector::{Error, Ready, SCRATCH, Target},
};

impl Dynamics {
    pub(super) async fn readiness(&self) -> Result<Ready, Error> {
        let mut warnings = Vec::new();
        for object in manifest().objects.iter().map(|o| o.object) {
            for source in Source::all(object) {
                self.rest.forget(source.table);
                let table = source.table;
                if self.rest.columns(table).await?.is_none() {
                    warnings.push(format!("this environment has no table {table}: it is left out"));
                    continue;
                }
                let select = [("$select", source.key)];
                match self.rest.rows(source.set, &select, 1, true).await {
                    Ok(_) => {}
                    Err(Error::Refused { .. }) => match self.rest.rows(source.set, &select, 1, false).await {
                        Ok(_) => warnings.push(format!(
                            "changes of {table} are not tracked, or this user may not read all of it: deletions are found by the \
                             daily reconcile alone. Turn on Track changes in the table's properties, and let the application \
                             user's role read {table} of the whole organisation"
                        )),
                        Err(Error::Refused { .. }) => warnings.push(format!("this user may not read {table}")),
                        Err(other) => return Err(other),
                    },
                    Err(other) => return Err(other),
                }
                if matches!(object, Object::Account | Object::Deal) {
                    let lacking = self.lacking(source).await?;
                    if !lacking.is_empty() {
                        warnings.push(write::advice(table, &lacking));
                    }
                }
            }
        }
        if self.zone.is_none() {
            warnings.push("no time zone is entered: days of appointments and calls are those of UTC".into());
        }
        Ok(Ready { warnings })
    }

    pub(super) async fn make_scratch(&self) -> Result<Target, Error> {
        let made = self.rest.post("accounts", &json!({ "name": SCRATCH })).await?;
        let id = made["accountid"].as_str();
        let id = id.ok_or_else(|| Error::Broken("a record was made without an id".into()))?;
        Ok(Target::account(id))
    }

    pub(super) async fn drop_scratch(&self, scratch: &Target) -> Result<(), Error> {
        self.rest.delete(&format!("accounts({})", scratch.external_id)).await
    }
}
