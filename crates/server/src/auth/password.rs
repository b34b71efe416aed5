//! Passwords: Argon2id (RFC 9106), hashed off the async threads.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use crate::error::Error;

/// Shortest password taken.
pub const MIN_LENGTH: usize = 10;

/// The PHC string of a password.
pub async fn hash(password: String) -> Result<String, Error> {
    off_thread(move || {
        let salt: [u8; 16] = rand::random();
        Argon2::default()
            .hash_password_with_salt(password.as_bytes(), &salt)
            .map(|h| h.to_string())
            .map_err(|e| Error::Broken(format!("argon2: {e}")))
    })
    .await?
}

/// Whether a password fits a PHC string. With no string it takes as long and says no, so that the time tells nobody
/// whether an address is known.
pub async fn verify(password: String, stored: Option<String>) -> Result<bool, Error> {
    let Some(stored) = stored else {
        hash(password).await?;
        return Ok(false);
    };
    off_thread(move || {
        let parsed = PasswordHash::new(&stored).map_err(|e| Error::Broken(format!("argon2: {e}")))?;
        Ok(Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
    })
    .await?
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::Broken(e.to_string()))
}
