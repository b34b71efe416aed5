//! BottleCRM's REST interface, as far as it is needed here.

use reqwest::{Method, Url};
use serde_json::Value;

use crate::{connector::Error, http::Http, pace::Pace};

/// What BottleCRM says to a token that it does not take; it answers 403 to that, as to a missing right.
const NO_TOKEN: [&str; 5] = [
    "Invalid token",
    "Token revoked or expired",
    "Token owner or org is inactive",
    "Given token not valid for any token type",
    "Authentication credentials were not provided.",
];

/// The interface as the owner of one token.
pub struct Rest {
    http: Http,
    base: Url,
    token: String,
}

impl Rest {
    /// `base` is the address of the server, without `/api`.
    pub fn new(http: Http, mut base: Url, token: String) -> Self {
        base.set_query(None);
        base.set_fragment(None);
        Rest { http, base, token }
    }

    /// How fast it is asked.
    pub fn pace(&self) -> Option<&Pace> {
        self.http.pace()
    }

    /// Reads; `path` is what follows `/api/`, without a slash at either end.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Error> {
        self.send(Method::GET, path, query, None).await
    }

    /// Makes something.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    /// Changes what `body` names.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.send(Method::PATCH, path, &[], Some(body)).await
    }

    /// Erases something.
    pub async fn delete(&self, path: &str) -> Result<Value, Error> {
        self.send(Method::DELETE, path, &[], None).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}/api/{path}/", self.base.path().trim_end_matches('/')));
        let mut request = self.http.client().request(method, url).query(query);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.http.send(request.bearer_auth(&self.token)).await?;
        let value = answer.json(|told| self.reason(told)).map_err(|error| match error {
            Error::Refused { status: 403, text } if NO_TOKEN.contains(&text.as_str()) => Error::Auth(text),
            other => other,
        })?;
        if value["error"] == true {
            let text = self.reason(&value).unwrap_or_else(|| "no reason given".into());
            return Err(Error::Refused { status: 200, text });
        }
        Ok(value)
    }

    /// BottleCRM's sentence, without the token should it be quoted there.
    fn reason(&self, told: &Value) -> Option<String> {
        let told = [&told["detail"], &told["errors"], told];
        let found = told.into_iter().find_map(sentence)?;
        Some(found.replace(&self.token, "…"))
    }
}

/// The first sentence in what may be a text, a list, or sentences by field.
fn sentence(told: &Value) -> Option<String> {
    match told {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.iter().find_map(sentence),
        Value::Object(members) => members.iter().find_map(|(field, told)| match field.as_str() {
            "detail" | "errors" | "non_field_errors" => sentence(told),
            _ => Some(format!("{field}: {}", sentence(told)?)),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn refusals_of_all_shapes_are_read() {
        let of = |told: Value| sentence(&told).unwrap_or_default();
        assert_eq!(of(json!(["Enter a number."])), "Enter a number.");
        assert_eq!(
            of(json!({"amount": ["A valid number is required."]})),
            "amount: A valid number is required."
        );
        assert_eq!(
            of(json!({"custom_fields": {"tier": "must be one of ['A']"}})),
            "custom_fields: tier: must be one of ['A']"
        );
        assert_eq!(of(json!({"error": true})), "");
    }
}
