//! Whether all is there that a full service needs.

use serde_json::json;

use super::{Salesforce, manifest, source::Source, write};
use crate::{
    canonical::Object,
    connector::{Error, Ready, SCRATCH, Target},
};

impl Salesforce {
    pub(super) async fn readiness(&self) -> Result<Ready, Error> {
        let mut warnings = Vec::new();
        for object in manifest().objects.iter().map(|o| o.object) {
            for source in Source::all(object)? {
                self.rest.forget(source.name);
                let Some(there) = self.rest.fields(source.name).await? else {
                    warnings.push(format!(
                        "this organisation has no {}, or does not show it to this user: it is left out",
                        source.name
                    ));
                    continue;
                };
                if object == Object::Deal && !there.contains_key("CurrencyIsoCode") && self.currency.is_none() {
                    warnings.push(
                        "this organisation has one currency and does not tell which: enter it in the settings, or amounts are set aside"
                            .into(),
                    );
                }
                if matches!(object, Object::Account | Object::Deal) {
                    let lacking = self.lacking(source).await?;
                    if !lacking.is_empty() {
                        warnings.push(write::advice(source.name, &lacking));
                    }
                }
            }
        }
        if self.rest.fields("ContentNote").await?.is_none() {
            warnings.push(write::lacks_notes().to_string());
        }
        Ok(Ready { warnings })
    }

    pub(super) async fn make_scratch(&self) -> Result<Target, Error> {
        let made = self.rest.post("sobjects/Account", &json!({ "Name": SCRATCH })).await?;
        let id = made["id"].as_str();
        let id = id.ok_or_else(|| Error::Broken("a record was made without an id".into()))?;
        Ok(Target::account(id))
    }

    pub(super) async fn drop_scratch(&self, scratch: &Target) -> Result<(), Error> {
        let path = format!("sobjects/Account/{}", scratch.external_id);
        self.rest.delete(&path).await.map(drop)
    }
}
