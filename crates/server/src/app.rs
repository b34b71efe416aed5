//! What all handlers and jobs share.

use std::sync::{Arc, RwLock};

use outlay_core::org::Org;

use crate::auth::Rights;
use crate::auth::session::Limiter;
use crate::config::Config;
use crate::db::{Db, Sql};
use crate::drafts::{self, DraftRule};
use crate::error::Error;
use crate::evidence::originals::Originals;
use crate::files::Files;
use crate::idempotency;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::people;
use crate::policies::{self, Rules};
use crate::vault::Vault;

/// A running installation.
pub struct App {
    /// Its settings.
    pub config: Config,
    /// Its database.
    pub db: Db,
    /// Its keys.
    pub vault: Vault,
    /// Its policies of rights.
    pub rights: Rights,
    /// Its documents.
    pub files: Files,
    /// Counts failed log-ins.
    pub limiter: Limiter,
    /// Wakes open pages.
    pub live: Live,
    /// Counts for monitoring.
    pub metrics: Metrics,
    /// Pages of documents as drawn.
    pub originals: Originals,
    org: Kept<Org>,
    rules: Kept<Rules>,
    draft_rules: Kept<Vec<DraftRule>>,
    snapshot: Kept<String>,
}

impl App {
    /// Opens database, keys and folders as configured.
    pub async fn open(config: Config) -> Result<Arc<App>, Error> {
        let app = App::beside(config).await?;
        if !app.db.is_shared() {
            idempotency::free_abandoned(&app.db).await?;
        }
        Ok(app)
    }

    /// As [`App::open`], for reading while a server may run on the same database.
    pub async fn beside(config: Config) -> Result<Arc<App>, Error> {
        std::fs::create_dir_all(&config.data)?;
        let vault = Vault::open(&config.data, std::env::var("OUTLAY_MASTER_KEY").ok().as_deref())?;
        let db = Db::open_with(&config.database_url(), config.group_commit).await?;
        let files = Files::open(&config.data.join("documents"))?;
        Ok(Arc::new(App {
            db,
            vault,
            rights: Rights::load()?,
            files,
            limiter: Limiter::default(),
            live: Live::default(),
            metrics: Metrics::default(),
            originals: Originals::default(),
            org: Kept::default(),
            rules: Kept::default(),
            draft_rules: Kept::default(),
            snapshot: Kept::default(),
            config,
        }))
    }

    /// The organisation as it is now.
    pub async fn org(&self, sql: &mut Sql) -> Result<Arc<Org>, Error> {
        let n = sql.mark("org").await?;
        if let Some(org) = self.org.get(n) {
            return Ok(org);
        }
        Ok(self.org.put(n, people::load(sql).await?))
    }

    /// The hash of the organisation's snapshot as it is now; see [`outlay_core::history::Snapshot`].
    pub async fn snapshot(&self, sql: &mut Sql, org: &Org) -> Result<Arc<String>, Error> {
        let n = sql.mark("org").await?;
        if let Some(hash) = self.snapshot.get(n) {
            return Ok(hash);
        }
        let (_, hash) = outlay_core::history::Snapshot::of(org).sealed();
        Ok(self.snapshot.put(n, hash))
    }

    /// The policies and flows as they are now.
    pub async fn rules(&self, sql: &mut Sql) -> Result<Arc<Rules>, Error> {
        let n = sql.mark("policies").await?;
        if let Some(rules) = self.rules.get(n) {
            return Ok(rules);
        }
        Ok(self.rules.put(n, policies::load(sql).await?))
    }

    /// The draft rules as they are now.
    pub async fn draft_rules(&self, sql: &mut Sql) -> Result<Arc<Vec<DraftRule>>, Error> {
        let n = sql.mark("drafts").await?;
        if let Some(rules) = self.draft_rules.get(n) {
            return Ok(rules);
        }
        Ok(self.draft_rules.put(n, drafts::load(sql).await?.1))
    }
}

/// Something kept in memory with the generation it was read at.
struct Kept<T>(RwLock<Option<(i64, Arc<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept(RwLock::new(None))
    }
}

impl<T> Kept<T> {
    fn get(&self, n: i64) -> Option<Arc<T>> {
        let kept = self.0.read().ok()?;
        kept.as_ref().filter(|(at, _)| *at == n).map(|(_, value)| value.clone())
    }

    fn put(&self, n: i64, value: T) -> Arc<T> {
        let value = Arc::new(value);
        if let Ok(mut kept) = self.0.write() {
            *kept = Some((n, value.clone()));
        }
        value
    }
}
