//! Getting in: a token by client credentials, or by a JWT that a private key signs.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use reqwest::Url;
use rustls::{
    SignatureScheme,
    crypto::ring::sign::any_supported_type,
    pki_types::{PrivateKeyDer, pem::PemObject},
    sign::SigningKey,
};
use serde_json::json;
use std::sync::Arc;

use crate::{
    connector::Error,
    guard::Guard,
    http::{Http, one_line},
};

/// How long a JWT is good for; Salesforce takes at most five minutes.
const JWT_HOLDS: i64 = 180;

/// What proves who we are.
pub enum Proof {
    /// The app's own secret.
    Secret(String),
    /// A user's name, whose log-in Salesforce takes a JWT for, and the key that signs it.
    Key {
        username: String,
        audience: String,
        key: Arc<dyn SigningKey>,
    },
}

/// What a token opens.
#[derive(Clone)]
pub struct Grant {
    pub token: String,
    /// Where the organisation lives.
    pub instance: Url,
}

/// Reads an RSA key in PEM, of PKCS#1 or PKCS#8.
pub fn key(pem: &str) -> Result<Arc<dyn SigningKey>, Error> {
    let unfit = || Error::Setup("the private key is no RSA key in PEM".into());
    let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| unfit())?;
    let key = any_supported_type(&der).map_err(|_| unfit())?;
    match key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]) {
        Some(_) => Ok(key),
        None => Err(unfit()),
    }
}

impl Proof {
    /// Asks for a token at `base`, the organisation's own domain.
    pub async fn ask(&self, http: &Http, guard: &Guard, base: &Url, client_id: &str) -> Result<Grant, Error> {
        let jwt;
        let form = match self {
            Proof::Secret(secret) => vec![
                ("grant_type", "client_credentials"),
                ("client_id", client_id),
                ("client_secret", secret),
            ],
            Proof::Key {
                username,
                audience,
                key,
            } => {
                jwt = signed(key.as_ref(), client_id, username, audience)?;
                vec![
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("assertion", jwt.as_str()),
                ]
            }
        };
        let mut url = base.clone();
        url.set_path("/services/oauth2/token");
        let answer = http.send(http.client().post(url).form(&form)).await?;
        if matches!(answer.status.as_u16(), 400 | 401)
            && let Some(told) = answer.peek()
        {
            let text = ["error_description", "error"].iter().find_map(|key| told[key].as_str());
            return Err(Error::Auth(one_line(text.unwrap_or("it gives no reason"))));
        }
        let told = answer.json(|_| None)?;
        let text = |key: &str| told[key].as_str().filter(|t| !t.is_empty());
        let (Some(token), Some(instance)) = (text("access_token"), text("instance_url")) else {
            return Err(Error::Broken("a token without the address that it is for".into()));
        };
        // The token goes to this address: it is judged as if a person had entered it.
        let instance = guard.parse(instance).map_err(|e| Error::Setup(e.to_string()))?;
        Ok(Grant {
            token: token.to_owned(),
            instance,
        })
    }
}

fn signed(key: &dyn SigningKey, client_id: &str, username: &str, audience: &str) -> Result<String, Error> {
    let claims = json!({
        "iss": client_id,
        "sub": username,
        "aud": audience.trim_end_matches('/'),
        "exp": Timestamp::now().as_second() + JWT_HOLDS,
    });
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let body = format!(
        "{}.{}",
        part(json!({ "alg": "RS256" }).to_string()),
        part(claims.to_string())
    );
    let signer = key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]);
    let signature = signer.and_then(|signer| signer.sign(body.as_bytes()).ok());
    let signature = signature.ok_or_else(|| Error::Setup("the private key cannot sign".into()))?;
    Ok(format!("{body}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
