//! Which fields Odoo has for this key. One that is missing or forbidden fails a whole read, so only these are asked for.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};

use super::rpc::Rpc;
use crate::connector::Error;

/// The names of a model's fields.
pub type Fields = BTreeSet<String>;

/// What was learnt of models so far; none where Odoo has no such model.
#[derive(Default)]
pub struct Schema(Mutex<HashMap<String, Option<Arc<Fields>>>>);

impl Schema {
    /// The fields of `model` that the key may read; none if no installed module brings the model.
    pub async fn fields(&self, rpc: &Rpc, model: &str) -> Result<Option<Arc<Fields>>, Error> {
        if let Some(known) = self.known().get(model) {
            return Ok(known.clone());
        }
        let asked = rpc
            .call(model, "fields_get", None, json!({ "attributes": ["type"] }))
            .await;
        let found = match asked {
            Ok(answer) => match answer.value {
                // Every model has these; without them it is an answer to something else, and fields would be lost in silence.
                Value::Object(fields) if fields.contains_key("id") && fields.contains_key("write_date") => {
                    Some(Arc::new(fields.into_iter().map(|(name, _)| name).collect()))
                }
                _ => return Err(Error::Broken(format!("the fields of {model} came as something else"))),
            },
            Err(Error::Refused { text, .. }) if text.contains("exist") && text.contains(model) => None,
            Err(error) => return Err(error),
        };
        self.known().insert(model.to_owned(), found.clone());
        Ok(found)
    }

    /// Lets the next question about `model` go to Odoo: rights or fields may have changed.
    pub fn forget(&self, model: &str) {
        self.known().remove(model);
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, Option<Arc<Fields>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
