//! Whether HubSpot answers, takes the token, and lets it do all that it is wanted for.

use serde_json::{Value, json};

use super::{
    HubSpot,
    source::{SOURCES, Source},
    write,
};
use crate::{
    canonical::Object,
    connector::{Error, Ready, SCRATCH, Target},
};

/// What is written, and the scope that it takes.
const WRITES: [(&str, &str); 3] = [
    ("crm.objects.deals.write", "nothing can be written to deals"),
    ("crm.objects.companies.write", "nothing can be written to companies"),
    (
        "crm.objects.contacts.write",
        "neither contacts nor notes can be written",
    ),
];

const COMPANIES: &str = "/crm/v3/objects/companies";

impl HubSpot {
    pub(super) async fn make_scratch(&self) -> Result<Target, Error> {
        let company = json!({ "properties": { "name": SCRATCH }, "associations": [] });
        let made = self.rest.post(COMPANIES, &company).await?;
        let id = made.value["id"].as_str();
        let id = id.ok_or_else(|| Error::Broken("a record was made without an id".into()))?;
        Ok(Target::account(id))
    }

    pub(super) async fn drop_scratch(&self, scratch: &Target) -> Result<(), Error> {
        let path = format!("{COMPANIES}/{}", scratch.external_id);
        self.rest.delete(&path).await.map(drop)
    }

    pub(super) async fn look_around(&self) -> Result<Ready, Error> {
        let mut warnings = Vec::new();
        let account = self.account().await?;
        if account["currency"].is_null() {
            warnings.push(
                "HubSpot does not tell this token the company's currency: deals without a currency of their own are set aside"
                    .into(),
            );
        }
        let scopes = self.scopes().await?;
        for source in &SOURCES {
            let query = [("limit", "1")];
            match self.rest.get(source.path, &query).await {
                Ok(_) => {}
                Err(Error::Refused { status: 403, .. }) => warnings.push(format!(
                    "the token lacks the scope {}: {} cannot be read",
                    source.scope, source.name
                )),
                Err(Error::Refused { status: 404, .. }) if source.optional => {
                    warnings.push(format!("this portal has no {}: they are left out", source.name));
                }
                Err(other) => return Err(other),
            }
        }
        let may = |scope: &str| scopes.as_ref().is_none_or(|scopes| scopes.iter().any(|s| s == scope));
        for (scope, lacks) in WRITES {
            if !may(scope) {
                warnings.push(format!("the token lacks the scope {scope}: {lacks}"));
            }
        }
        for object in [Object::Deal, Object::Account] {
            let source = Source::of(object)?;
            let lacking = match self.lacking(source).await {
                Ok(lacking) => !lacking.is_empty(),
                Err(Error::Refused { status: 403, .. }) => true,
                Err(other) => return Err(other),
            };
            if lacking && !may(&format!("crm.schemas.{}.write", source.name)) {
                warnings.push(write::advice(source));
            }
        }
        Ok(Ready { warnings })
    }

    /// The scopes of the token, if HubSpot tells: only private apps are told.
    async fn scopes(&self) -> Result<Option<Vec<String>>, Error> {
        let body = json!({ "tokenKey": self.token });
        let told = match self
            .rest
            .post("/oauth/v2/private-apps/get/access-token-info", &body)
            .await
        {
            Ok(reply) => reply.value,
            Err(Error::Refused { .. } | Error::Broken(_) | Error::Failed { .. }) => return Ok(None),
            Err(other) => return Err(other),
        };
        let scopes = told["scopes"].as_array();
        Ok(scopes.map(|all| all.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
    }
}
