//! Documents: each under a random name, sealed with a key of its own, on disk before any row speaks of it.

use std::path::Path;
use std::sync::Arc;

use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};

use crate::error::Error;
use crate::vault::{Key, Vault};

/// The folder of documents.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
}

impl Files {
    /// Opens a folder, which is made if absent.
    pub fn open(folder: &Path) -> Result<Files, Error> {
        Files::open_with(folder, true)
    }

    /// As [`Files::open`], without waiting for the disk: for the demo alone, whose receipts may be made again.
    pub fn open_unsynced(folder: &Path) -> Result<Files, Error> {
        Files::open_with(folder, false)
    }

    fn open_with(folder: &Path, fsync: bool) -> Result<Files, Error> {
        std::fs::create_dir_all(folder)?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(broken)?
            .with_fsync(fsync);
        Ok(Files { store: Arc::new(store) })
    }

    /// Stores `bytes` under `id`; they are durable when this returns. Gives the sealed key for the row.
    pub async fn put(&self, vault: &Vault, id: &str, bytes: Vec<u8>) -> Result<String, Error> {
        let key = Key::random();
        let name = id.to_owned();
        let sealing = key.clone();
        let sealed = tokio::task::spawn_blocking(move || sealing.seal_bytes(&name, &bytes))
            .await
            .map_err(|e| Error::Broken(e.to_string()))??;
        self.store
            .put(&path(id), PutPayload::from(sealed))
            .await
            .map_err(broken)?;
        vault.master().seal(&format!("document {id}"), key.bytes())
    }

    /// Reads what was stored under `id`.
    pub async fn get(&self, vault: &Vault, id: &str, sealed_key: &str) -> Result<Vec<u8>, Error> {
        let key = Key::from_bytes(&vault.master().open(&format!("document {id}"), sealed_key)?)?;
        let found = self.store.get(&path(id)).await.map_err(broken)?;
        key.open_bytes(id, &found.bytes().await.map_err(broken)?)
    }
}

fn path(id: &str) -> object_store::path::Path {
    let shard = id.get(id.len().saturating_sub(2)..).unwrap_or("00");
    object_store::path::Path::from(format!("{shard}/{id}"))
}

fn broken(error: object_store::Error) -> Error {
    Error::Broken(format!("documents: {error}"))
}
