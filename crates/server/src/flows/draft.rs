//! A draft's flow: read out of its text, and put back into it.

use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::flow::{Flow, FlowError, with_flow};
use outlay_core::org::Org;

use super::words::{problem, problems_of};
use crate::app::App;
use crate::auth::Visitor;
use crate::error::Error;
use crate::rules::{self, RulesDraftView, SavedDraft};

/// A draft of a flow, with what its text says as far as it can be read.
pub struct Opened {
    /// The draft.
    pub view: RulesDraftView,
    /// What its text says; why it cannot be read.
    pub flow: Result<Flow, FlowError>,
    /// Whether the reader may change it.
    pub may_write: bool,
    /// The organisation.
    pub org: Arc<Org>,
}

impl Opened {
    /// One that the reader may see; [`Error::NotFound`] for a policy's.
    pub async fn load(app: &App, visitor: &Visitor, id: &str) -> Result<Opened, Error> {
        let view = RulesDraftView::of(app, visitor, id).await?;
        if !view.row.kind.is_flow() {
            return Err(Error::NotFound("draft"));
        }
        Ok(Opened {
            flow: Flow::read(&view.body),
            may_write: view.row.state.is_open() && rules::permit(app, visitor, view.row.entity).is_ok(),
            org: app.org(&mut app.db.read()).await?,
            view,
        })
    }

    /// What its text says; [`Error::Invalid`] where it cannot be read.
    pub fn readable(&self) -> Result<&Flow, Error> {
        self.flow.as_ref().map_err(|e| Error::Invalid(vec![problem(e)]))
    }

    async fn save(
        &self,
        app: &App,
        visitor: &Visitor,
        version: i64,
        body: String,
        effective_from: Option<Date>,
    ) -> Result<(), Error> {
        let permit = rules::permit(app, visitor, self.view.row.entity)?;
        let saved = SavedDraft {
            version,
            body,
            effective_from,
        };
        rules::save(app, permit, &self.view.row.id, saved).await
    }
}

/// A change of a draft's flow that is asked for.
pub struct Change<'a> {
    /// The draft.
    pub id: &'a str,
    /// The count of saves that was seen.
    pub version: i64,
    /// The first day that it is to count, if that changes, too.
    pub effective_from: Option<Date>,
}

/// Changes a draft's flow; the rest of its text stays as it is written, comments too. [`Error::Conflict`] if somebody saved
/// since `asked.version`; [`Error::Invalid`] with the step and the mend where the flow has something wrong that it had not
/// before, and nothing is saved then.
pub async fn change<T>(
    app: &App,
    visitor: &Visitor,
    asked: Change<'_>,
    change: impl FnOnce(&mut Flow, &Org) -> Result<T, Error>,
) -> Result<T, Error> {
    let opened = Opened::load(app, visitor, asked.id).await?;
    if opened.view.row.version != asked.version {
        return Err(Error::Conflict);
    }
    let before = opened.readable()?;
    let mut flow = before.clone();
    let made = change(&mut flow, &opened.org)?;
    let had = problems_of(before, &opened.org);
    let mut found = problems_of(&flow, &opened.org);
    found.retain(|problem| !had.contains(problem));
    if !found.is_empty() {
        return Err(Error::Invalid(found));
    }
    let body = with_flow(&opened.view.body, &flow).map_err(|e| Error::Invalid(vec![problem(&e)]))?;
    opened
        .save(app, visitor, asked.version, body, asked.effective_from)
        .await?;
    Ok(made)
}

/// Saves a draft's text as it is written; what is wrong with it is told afterwards.
pub async fn save_text(app: &App, visitor: &Visitor, id: &str, version: i64, body: String) -> Result<(), Error> {
    let opened = Opened::load(app, visitor, id).await?;
    opened.save(app, visitor, version, body, None).await
}
