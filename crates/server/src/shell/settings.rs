//! The list of settings beside every page of them: only what the reader may see.

use crate::app::App;
use crate::args;
use crate::auth::{Action, Resource, Visitor};
use crate::db::Sql;
use crate::error::Error;

/// What `templates/parts/settings-nav.html` shows; a page of settings has one as `nav`.
#[derive(Debug, Clone)]
pub struct SettingsNav {
    /// The page one is on, such as `jobs`.
    pub here: &'static str,
    /// Whether people and organisation may be read.
    pub people: bool,
    /// Whether policies, flows and rights may be read.
    pub rules: bool,
    /// Whether the approvals may be watched.
    pub watch: bool,
    /// Whether CRM connections may be kept.
    pub connections: bool,
    /// Whether tables may be imported.
    pub import: bool,
    /// Whether jobs may be kept.
    pub jobs: bool,
    /// Dead jobs.
    pub dead: i64,
    /// Whether the audit may be read.
    pub audit: bool,
}

impl SettingsNav {
    /// Gathers it for the page `here`.
    pub async fn load(sql: &mut Sql, app: &App, visitor: &Visitor, here: &'static str) -> Result<SettingsNav, Error> {
        let may = |action| app.rights.may(&visitor.person, action, &Resource::Outlay);
        let jobs = may(Action::ManageJobs);
        let (dead,): (i64,) = if jobs {
            sql.one("SELECT COUNT(*) FROM job WHERE state = $1", args!["dead"])
                .await?
        } else {
            (0,)
        };
        Ok(SettingsNav {
            here,
            people: crate::people::may_read(app, visitor),
            rules: may(Action::ReadSettings),
            watch: !visitor.person.finance.is_empty() || !visitor.person.auditor.is_empty(),
            connections: may(Action::ManageConnections),
            import: !crate::import::kinds(app, visitor).is_empty(),
            jobs,
            dead,
            audit: may(Action::ReadAudit),
        })
    }

    /// ` aria-current="page"` for the page one is on.
    pub fn at(&self, page: &str) -> &'static str {
        if self.here == page {
            " aria-current=\"page\""
        } else {
            ""
        }
    }
}
