//! The frame around every page: rail, user, counts.

use axum::http::HeaderMap;
use axum::response::Html;
use outlay_core::ids::EntityId;
use outlay_core::org::Org;

use super::words::W;
use crate::app::App;
use crate::auth::{Action, Resource, Visitor, cookie};
use crate::claims;
use crate::db::Sql;
use crate::error::Error;

/// What `templates/frame.html` shows; every page has one as `f`.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The reader's words.
    pub w: W,
    /// The zone of the reader's legal entity.
    pub zone: String,
    /// The place in the rail, such as `claims`.
    pub nav: &'static str,
    /// `light`, `dark`, or empty to follow the system.
    pub theme: String,
    /// Whether single keys act.
    pub keys: bool,
    /// The company's name.
    pub company: String,
    /// The reader's name.
    pub name: String,
    /// What they are here.
    pub position: String,
    /// Open tasks of the reader.
    pub inbox: i64,
    /// Whether the rail shows payments.
    pub payments: bool,
    /// Whether it shows settings.
    pub settings: bool,
    /// The connected CRM: when it was last read, and whether that went well. None without a CRM.
    pub sync: Option<Sync>,
}

/// How fresh the CRM's records are.
#[derive(Debug, Clone)]
pub struct Sync {
    /// Whether the last pull went well.
    pub good: bool,
    /// When the last pull ended, as people say it.
    pub ago: String,
}

impl Frame {
    /// Gathers the frame for a page at `nav`.
    pub async fn load(
        sql: &mut Sql,
        app: &App,
        visitor: &Visitor,
        headers: &HeaderMap,
        nav: &'static str,
    ) -> Result<Frame, Error> {
        let org = app.org(sql).await?;
        let w = W(visitor.lang);
        let me = visitor.person.id();
        let inbox = claims::scope::count(sql, &visitor.person).await?;
        let today = crate::clock::day(crate::clock::now(), "UTC");
        let place = org.primary(me, today);
        let entity = place
            .and_then(|p| org.entity(p.entity))
            .or_else(|| org.entities().next());
        let may = |action, resource: Resource| app.rights.may(&visitor.person, action, &resource);
        Ok(Frame {
            w,
            zone: visitor.zone.clone(),
            nav,
            theme: cookie(headers, "outlay_theme")
                .filter(|t| matches!(*t, "light" | "dark"))
                .unwrap_or("")
                .to_owned(),
            keys: cookie(headers, "outlay_keys") != Some("off"),
            company: entity.map(|e| e.name.clone()).unwrap_or_default(),
            name: visitor.person.employee.name.clone(),
            position: place.map(|p| p.position.clone()).unwrap_or_default(),
            inbox,
            payments: entities(&org).any(|e| may(Action::ReadPayments, Resource::Entity(e))),
            settings: may(Action::ReadSettings, Resource::Outlay),
            sync: sync(sql, w).await?,
        })
    }

    /// ` aria-current="page"` for the place in the rail.
    pub fn here(&self, nav: &str) -> &'static str {
        if self.nav == nav { " aria-current=\"page\"" } else { "" }
    }

    /// The day of a stored moment where the reader is: `11-21`, `21 Nov`.
    pub fn day_of(&self, at: &str) -> String {
        let Ok(at) = at.parse() else {
            return at.to_owned();
        };
        let today = crate::clock::day(crate::clock::now(), &self.zone);
        super::short_day(self.w, crate::clock::day(at, &self.zone), today)
    }

    /// A count with its thousands apart: `18,366`.
    pub fn number(&self, n: &i64) -> String {
        let sign = if *n < 0 { "-" } else { "" };
        format!("{sign}{}", super::grouped(&n.unsigned_abs().to_string()))
    }

    /// Why a CRM could not be read or written, as the reader reads it.
    pub fn crm_said(&self, text: &str) -> String {
        super::crm_said::crm_said(self.w, text)
    }

    /// An avatar's colour, 1 to 6, always the same for a name.
    pub fn hue(&self) -> u32 {
        hue(&self.name)
    }

    /// An avatar's letters.
    pub fn letters(&self) -> String {
        letters(&self.name)
    }
}

fn entities(org: &Org) -> impl Iterator<Item = EntityId> {
    org.entities().map(|e| e.id).collect::<Vec<_>>().into_iter()
}

async fn sync(sql: &mut Sql, w: W) -> Result<Option<Sync>, Error> {
    let last: Option<(i64, Option<String>)> = sql
        .maybe(
            "SELECT ended_at, error FROM sync_run WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 1",
            vec![],
        )
        .await?;
    Ok(last.map(|(ended, error)| Sync {
        good: error.is_none(),
        ago: super::ago(w, crate::clock::moment(ended)),
    }))
}

/// An avatar's colour, 1 to 6, always the same for a name.
pub fn hue(name: &str) -> u32 {
    name.chars()
        .map(u32::from)
        .fold(0u32, |a, c| a.wrapping_mul(31).wrapping_add(c))
        % 6
        + 1
}

/// An avatar's letters: the last hanzi, or two initials.
pub fn letters(name: &str) -> String {
    match name.chars().last() {
        Some(last) if u32::from(last) >= 0x2E80 => last.to_string(),
        _ => name
            .split_whitespace()
            .filter_map(|word| word.chars().next())
            .take(2)
            .flat_map(char::to_uppercase)
            .collect(),
    }
}

/// A rendered page.
pub fn page(template: &impl askama::Template) -> Result<Html<String>, Error> {
    template
        .render()
        .map(Html)
        .map_err(|e| Error::Broken(format!("template: {e}")))
}
