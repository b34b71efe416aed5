//! JSON bodies of requests, refused by the path of the field at fault.

use axum::extract::{FromRequest, Request};
use outlay_core::claim::Problem;
use serde::de::DeserializeOwned;

use crate::error::Error;

/// Largest JSON body, in megabytes.
const MAX_MEGABYTES: usize = 4;

/// The JSON body of a request. An empty body is `{}`. Whatever does not fit is [`Error::Invalid`] with its path.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let bytes = axum::body::to_bytes(request.into_body(), MAX_MEGABYTES * 1024 * 1024)
            .await
            .map_err(|_| Error::TooLarge(MAX_MEGABYTES as u64))?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let mut reader = serde_json::Deserializer::from_slice(text);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
            let path = e.path().to_string();
            let field = if path == "." { "body".to_owned() } else { path };
            Error::Invalid(vec![Problem::new(field, "json").with("said", e.inner())])
        })?;
        reader
            .end()
            .map_err(|e| Error::Invalid(vec![Problem::new("body", "json").with("said", e)]))?;
        Ok(Body(value))
    }
}
