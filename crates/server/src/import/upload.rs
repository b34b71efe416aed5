//! A file as it is sent: a form, or the body itself.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{HeaderName, StatusCode, header};
use futures::StreamExt;
use outlay_connect::tables::MAX_BYTES;

use crate::error::Error;

/// A request with more bytes is not even read to its end.
pub const MAX_DRAINED: usize = 200 * 1024 * 1024;

/// A file, and what the form says it holds.
#[derive(Default)]
pub struct Upload {
    /// The field `kind` of the form.
    pub kind: Option<String>,
    /// The file's name, if it was sent.
    pub name: String,
    /// Its bytes; none if there was no file.
    pub bytes: Vec<u8>,
}

fn said(request: &Request, name: HeaderName) -> String {
    let value = request.headers().get(name).and_then(|v| v.to_str().ok());
    value.unwrap_or_default().to_owned()
}

fn too_large() -> Error {
    Error::TooLarge((MAX_BYTES >> 20) as u64)
}

impl Upload {
    /// Reads it. One that is too large is read to its end and forgotten: a browser that is still sending does not look at
    /// the answer.
    pub async fn of(request: Request) -> Result<Upload, Error> {
        let announced = said(&request, header::CONTENT_LENGTH).parse::<usize>().ok();
        if announced.is_some_and(|n| n > MAX_DRAINED) {
            return Err(too_large());
        }
        let upload = if said(&request, header::CONTENT_TYPE).starts_with("multipart/form-data") {
            Upload::form(request).await?
        } else {
            Upload::body(request).await?
        };
        if upload.bytes.is_empty() {
            return Err(Error::field("file", "missing"));
        }
        Ok(upload)
    }

    async fn form(request: Request) -> Result<Upload, Error> {
        let mut form = Multipart::from_request(request, &())
            .await
            .map_err(|_| Error::field("file", "not-a-form"))?;
        let (mut upload, mut total) = (Upload::default(), 0);
        while let Some(mut part) = form.next_field().await.map_err(refused)? {
            let is_kind = part.name() == Some("kind");
            if part.file_name().is_none() && !is_kind {
                continue;
            }
            let name = part.file_name().unwrap_or_default().to_owned();
            let mut bytes = Vec::new();
            while let Some(chunk) = part.chunk().await.map_err(refused)? {
                total += chunk.len();
                if total <= MAX_BYTES {
                    bytes.extend_from_slice(&chunk);
                } else {
                    bytes = Vec::new();
                }
            }
            if is_kind {
                upload.kind = String::from_utf8(bytes).ok();
            } else {
                (upload.name, upload.bytes) = (name, bytes);
            }
        }
        if total > MAX_BYTES {
            Err(too_large())
        } else {
            Ok(upload)
        }
    }

    async fn body(request: Request) -> Result<Upload, Error> {
        let (mut upload, mut total) = (Upload::default(), 0);
        let mut chunks = request.into_body().into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Error::field("file", "unreadable"))?;
            total += chunk.len();
            if total > MAX_DRAINED {
                return Err(too_large());
            }
            if total <= MAX_BYTES {
                upload.bytes.extend_from_slice(&chunk);
            } else {
                upload.bytes = Vec::new();
            }
        }
        if total > MAX_BYTES {
            Err(too_large())
        } else {
            Ok(upload)
        }
    }
}

fn refused(error: MultipartError) -> Error {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        too_large()
    } else {
        Error::field("file", "not-a-form")
    }
}
