//! Whether all is there that a full service needs.

use serde_json::json;

use super::{Odoo, manifest, source, write};
use crate::{
    canonical::Object,
    connector::{Error, Ready, SCRATCH, Target},
};

impl Odoo {
    pub(super) async fn readiness(&self) -> Result<Ready, Error> {
        let mut warnings = Vec::new();
        for object in &manifest().objects {
            let (model, object) = (object.source.as_str(), object.object);
            self.schema.forget(model);
            if self.schema.fields(&self.rpc, model).await?.is_none() {
                warnings.push(format!(
                    "Odoo's module {} is not installed: there is nothing to read as {object}",
                    source::module(object)
                ));
                continue;
            }
            if !self.may(model, "read").await? {
                warnings.push(format!("this key may not read {model}: {object} cannot be pulled"));
                continue;
            }
            if !matches!(object, Object::Account | Object::Deal) {
                continue;
            }
            if !self.may(model, "write").await? {
                warnings.push(format!(
                    "this key may not write {model}: cost figures, notes and changes of {object} cannot be written"
                ));
            }
            let lacking = self.lacking(model).await?;
            if !lacking.is_empty() && !self.may("ir.model.fields", "create").await? {
                warnings.push(write::advice(model, &lacking));
            }
        }
        Ok(Ready { warnings })
    }

    pub(super) async fn make_scratch(&self) -> Result<Target, Error> {
        let vals = json!({ "name": SCRATCH, "is_company": true });
        let made = self
            .rpc
            .call("res.partner", "create", None, json!({ "vals_list": [vals] }))
            .await?;
        let id = made.value.get(0).and_then(|id| id.as_i64());
        let id = id.ok_or_else(|| Error::Broken("a record was made without an id".into()))?;
        Ok(Target::account(id.to_string()))
    }

    pub(super) async fn drop_scratch(&self, scratch: &Target) -> Result<(), Error> {
        let (model, id) = self.place_of(scratch)?;
        self.rpc.call(model, "unlink", Some(&[id]), json!({})).await.map(drop)
    }

    /// Whether the key's owner has this right over the model as a whole.
    async fn may(&self, model: &str, operation: &str) -> Result<bool, Error> {
        let asked = json!({ "operation": operation });
        match self.rpc.call(model, "has_access", Some(&[]), asked).await {
            Ok(answer) => Ok(answer.value == true),
            Err(Error::Refused { status: 403, .. }) => Ok(false),
            // Before 18 the question had another name.
            Err(Error::Refused { .. }) => {
                let asked = json!({ "operation": operation, "raise_exception": false });
                let answer = self.rpc.call(model, "check_access_rights", None, asked).await?;
                Ok(answer.value == true)
            }
            Err(other) => Err(other),
        }
    }
}
