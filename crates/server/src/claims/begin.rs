//! Beginning claims: from CRM records, from documents, from another claim.

use std::sync::Arc;

use outlay_connect::Object;
use outlay_core::claim::{Claim, Content};
use outlay_core::ids::LineId;
use uuid::Uuid;

use super::edit_view::default_allocation;
use super::input::{ClaimInput, LineInput};
use super::resolve::resolve;
use super::{NewDraft, Start, fill, records, store};
use crate::app::App;
use crate::auth::{Action, ClaimFacts, Permit, Resource, Visitor};
use crate::db::Sql;
use crate::error::Error;
use crate::evidence::{self, veil};

/// What was asked to begin from; at most one of the three.
pub fn start(deal: Option<&str>, account: Option<&str>, activity: Option<&str>) -> Result<Start, Error> {
    let given = |id: Option<&str>| id.filter(|i| !i.is_empty()).map(str::to_owned);
    Ok(match (given(deal), given(account), given(activity)) {
        (None, None, None) => Start::Nothing,
        (Some(id), None, None) => Start::Deal(id.parse().map_err(|_| Error::NotFound("deal"))?),
        (None, Some(id), None) => Start::Account(id.parse().map_err(|_| Error::NotFound("account"))?),
        (None, None, Some(id)) => Start::Activity(id.parse().map_err(|_| Error::NotFound("activity"))?),
        _ => return Err(Error::field("deal", "only-one")),
    })
}

/// The permit to begin a claim of one's own.
pub fn permit(app: &App, visitor: &Visitor, content: &Content) -> Result<Permit, Error> {
    let facts = ClaimFacts {
        id: String::new(),
        claimant: visitor.person.id(),
        stand_in: None,
        entity: content.entity,
        department: content.department,
        status: "draft".to_owned(),
        asked: Vec::new(),
        claimed: None,
    };
    visitor.permit(app, Action::EditClaim, &Resource::Claim(&facts))
}

/// What the CRM says of the start, if the visitor may read it.
pub async fn filled(sql: &mut Sql, app: &App, visitor: &Visitor, start: Start) -> Result<NewDraft, Error> {
    let record = match start {
        Start::Nothing => None,
        Start::Account(id) => Some((Object::Account, id.to_string())),
        Start::Deal(id) => Some((Object::Deal, id.to_string())),
        Start::Activity(id) => Some((Object::Activity, id.to_string())),
    };
    if let Some((object, id)) = record
        && records::readable(sql, app, &visitor.person, object, &id)
            .await?
            .is_none()
    {
        return Err(Error::NotFound(object.as_str()));
    }
    fill(sql, app, visitor.person.id(), start).await
}

/// Begins a draft. Documents become lines as far as they say enough; `content` is added to what the record gives.
pub async fn begin(
    app: &Arc<App>,
    visitor: &Visitor,
    start: Start,
    documents: &[String],
    content: Option<ClaimInput>,
) -> Result<Claim, Error> {
    let mut sql = app.db.read();
    let mut new = filled(&mut sql, app, visitor, start).await?;
    let permit = permit(app, visitor, &new.content)?;
    let stated = content.is_some();
    let mut input = over(ClaimInput::of(&new.content), content.unwrap_or_default());
    let org = app.org(&mut sql).await?;
    let today = store::today(&org, &new.content)?;
    let rules = app.rules(&mut sql).await?;
    let mut titles = Vec::new();
    for id in documents {
        let document = evidence::store::readable(&mut sql, app, &visitor.person, id).await?;
        titles.extend(document.seller.clone());
        let policy = rules.policy(new.content.entity, today);
        let learnt = evidence::learnt::of_document(&mut sql, new.content.entity, policy, &document).await?;
        let entity = org.entity(new.content.entity);
        let mut line = evidence::line(&document, policy, entity, new.content.currency, learnt.as_ref())?;
        if let Some(identity) = &document.invoice_identity {
            evidence::free(&mut sql, app, &visitor.person, identity, None).await?;
        }
        if is_complete(&line) {
            line.allocations = vec![default_allocation(&input)];
            input.lines.push(line);
        }
    }
    if input.title.trim().is_empty() {
        input.title = titles
            .into_iter()
            .next()
            .unwrap_or_else(|| crate::shell::W(visitor.lang).t("new-claim"));
    }
    if stated || !documents.is_empty() {
        let base = (&new.content.clone(), new.sources.as_slice());
        let (content, sources) = resolve(&mut sql, app, &visitor.person, None, base, &input).await?;
        new.content = content;
        new.sources = sources;
    } else {
        new.content.title = input.title;
    }
    match super::draft(app, &permit, new).await {
        Ok(claim) => Ok(claim),
        Err(error) => Err(veil(app, &visitor.person, error).await),
    }
}

/// Whether a line from a document says all that a draft must.
pub fn is_complete(line: &LineInput) -> bool {
    !line.category.is_empty() && !line.incurred_on.is_empty() && !line.paid.amount.is_empty()
}

/// What was stated, over what the record gives.
fn over(filled: ClaimInput, stated: ClaimInput) -> ClaimInput {
    let or = |stated: String, filled: String| if stated.is_empty() { filled } else { stated };
    let (links, from) = (stated.links, filled.links);
    ClaimInput {
        title: or(stated.title, filled.title),
        purpose: or(stated.purpose, filled.purpose),
        entity: or(stated.entity, filled.entity),
        links: super::input::LinksInput {
            account: or(links.account, from.account),
            contact: or(links.contact, from.contact),
            deal: or(links.deal, from.deal),
            project: or(links.project, from.project),
            order: or(links.order, from.order),
            activity: or(links.activity, from.activity),
        },
        lines: stated.lines,
    }
}

/// Begins a draft like the claim `no` of the visitor's own. What another live claim holds is left behind.
pub async fn copy(app: &Arc<App>, visitor: &Visitor, no: &str) -> Result<Claim, Error> {
    let (claim, _) = super::api::allowed(app, visitor, no, Action::ReadClaim).await?;
    if claim.content.claimant != visitor.person.id() {
        return Err(Error::Forbidden("editClaim".to_owned()));
    }
    let mut content = claim.content.clone();
    let holds = claim.status().is_live();
    for line in &mut content.lines {
        line.id = LineId(Uuid::now_v7());
        if holds {
            line.evidence = None;
        }
    }
    let permit = permit(app, visitor, &content)?;
    let new = NewDraft {
        content,
        sources: claim.sources.clone(),
        origin: None,
    };
    match super::draft(app, &permit, new).await {
        Ok(claim) => Ok(claim),
        Err(error) => Err(veil(app, &visitor.person, error).await),
    }
}
