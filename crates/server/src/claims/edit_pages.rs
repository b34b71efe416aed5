//! The edit page: plain posts that lose nothing, nicer with scripts.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::claim::{Claim, Command, Problem, Refusal};

use super::api::allowed;
use super::choice::ChoiceView;
use super::edit_view::{EditView, Typed, default_allocation, edit_view};
use super::form::{Button, Posted};
use super::input::ClaimInput;
use super::resolve::resolve;
use super::route_view::{Look, StepView, route};
use super::view::FindingView;
use super::{act, edit, store};
use crate::app::App;
use crate::auth::{Action, Permit, Visitor};
use crate::db::Sql;
use crate::error::{Error, Failure};
use crate::evidence::{self, veil};
use crate::shell::{Frame, W, page};

#[derive(Template)]
#[template(path = "pages/claim-edit.html")]
struct EditPage {
    f: Frame,
    number: String,
    n: u32,
    status: &'static str,
    returned: Option<String>,
    v: EditView,
    check: Check,
    trouble: Option<Trouble>,
}

impl EditPage {
    /// Tone, icon and word of the state.
    fn badge(&self) -> (&'static str, &'static str, String) {
        super::view::badge(&self.f.w, self.status)
    }
}

/// What hindered the last try.
struct Trouble {
    title: String,
    claim: Option<String>,
}

/// What would happen if it were submitted as typed.
struct Check {
    /// Whether what is typed can be judged at all.
    known: bool,
    findings: Vec<FindingView>,
    reasons: Vec<String>,
    passes: bool,
    refusal: Option<String>,
    policy: Option<String>,
    steps: Vec<StepView>,
    /// Steps whose signers the claimant chooses.
    choices: Vec<ChoiceView>,
}

#[derive(Template)]
#[template(path = "parts/claim-check.html")]
struct CheckPart {
    w: W,
    check: Check,
}

async fn check_of(sql: &mut Sql, app: &App, visitor: &Visitor, claim: &Claim) -> Result<Check, Error> {
    let w = W(visitor.lang);
    let look = Look::at(sql, app, claim).await?;
    let org = app.org(sql).await?;
    let zone = org
        .entity(claim.content.entity)
        .map_or("UTC", |e| e.zone.as_str())
        .to_owned();
    Ok(Check {
        known: true,
        findings: look.findings(w),
        reasons: look.reasons(w),
        passes: look.passes(),
        refusal: look.refusal(w),
        policy: look.policy_label(w),
        choices: look.choices(w, &org, claim),
        steps: route(sql, app, w, claim, &look, visitor.person.id(), &zone).await?,
    })
}

const UNKNOWN: Check = Check {
    known: false,
    findings: Vec::new(),
    reasons: Vec::new(),
    passes: false,
    refusal: None,
    policy: None,
    steps: Vec::new(),
    choices: Vec::new(),
};

/// The claim as typed, if it can be read.
async fn typed(sql: &mut Sql, app: &App, visitor: &Visitor, claim: &Claim, input: &ClaimInput) -> Result<Claim, Error> {
    let base = (&claim.content, claim.sources.as_slice());
    let (content, sources) = resolve(sql, app, &visitor.person, Some(claim.id), base, input).await?;
    let today = store::today(&*app.org(sql).await?, &content)?;
    let problems = content.problems(today);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    Ok(Claim {
        content,
        sources,
        ..claim.clone()
    })
}

/// GET /claims/{no}/edit.
pub async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(no): Path<String>,
) -> Result<Response, Error> {
    let (claim, _) = allowed(&app, &visitor, &no, Action::EditClaim).await?;
    if !claim.status().is_editable() {
        return Ok(Redirect::to(&format!("/claims/{no}")).into_response());
    }
    let shown = Shown {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        claim: &claim,
    };
    let input = ClaimInput::of(&claim.content);
    Ok(shown.page(claim.n, input, &[], None).await?.into_response())
}

struct Shown<'a> {
    app: &'a Arc<App>,
    visitor: &'a Visitor,
    headers: &'a HeaderMap,
    claim: &'a Claim,
}

impl Shown<'_> {
    async fn page(
        &self,
        n: u32,
        input: ClaimInput,
        problems: &[Problem],
        trouble: Option<Trouble>,
    ) -> Result<Html<String>, Error> {
        let (app, visitor, claim) = (self.app, self.visitor, self.claim);
        let mut sql = app.db.read();
        let check = match typed(&mut sql, app, visitor, claim, &input).await {
            Ok(claim) => check_of(&mut sql, app, visitor, &claim).await?,
            Err(Error::Invalid(_)) => UNKNOWN,
            Err(error) => return Err(error),
        };
        page(&EditPage {
            f: Frame::load(&mut sql, app, visitor, self.headers, "claims").await?,
            number: claim.number.clone(),
            n,
            status: claim.status().code(),
            returned: match &claim.state {
                outlay_core::claim::State::Returned { reason, .. } => Some(reason.clone()),
                _ => None,
            },
            v: edit_view(&mut sql, app, visitor, claim, input, problems).await?,
            check,
            trouble,
        })
    }
}

/// POST /claims/{no}: keeps what was typed, hands it in, or rearranges the form, as the button says.
pub async fn post(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(no): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let (claim, permit) = allowed(&app, &visitor, &no, Action::EditClaim).await?;
    let mut posted = Posted::read(&pairs);
    if posted.n == 0 {
        posted.n = claim.n;
    }
    let typed_over = posted.choices.over(&claim);
    let shown = Shown {
        app: &app,
        visitor: &visitor,
        headers: &headers,
        claim: &typed_over,
    };
    if let Button::Use(id) = &posted.button {
        let id = id.clone();
        add_document(&app, &visitor, &claim, &mut posted.input, &id).await?;
        return Ok(shown.page(posted.n, posted.input, &[], None).await?.into_response());
    }
    if posted.rearrange() {
        reckon(&app, &claim, &mut posted).await?;
        return Ok(shown.page(posted.n, posted.input, &[], None).await?.into_response());
    }
    let w = W(visitor.lang);
    match carry_out(&app, &visitor, &permit, &claim, &posted).await {
        Ok(at) => Ok(Redirect::to(&at).into_response()),
        Err(error) if error.status().is_client_error() => {
            let error = veil(&app, &visitor.person, error).await;
            let failure = Failure::from(&error);
            let trouble = Trouble {
                title: w.args(&format!("problem-{}", failure.code), &failure.args),
                claim: failure.claim.clone(),
            };
            // What was kept before the refusal is what the form now stands on.
            let kept = matches!(&error, Error::Refused(r) if !matches!(r, Refusal::Problems { .. }))
                && posted.button == Button::Submit;
            let now = store::load(&mut app.db.read(), claim.id).await?;
            let with_choices = posted.choices.over(&now);
            let shown = Shown {
                claim: &with_choices,
                ..shown
            };
            let n = if kept { now.n } else { posted.n };
            let html = shown.page(n, posted.input, &failure.fields, Some(trouble)).await?;
            let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            Ok((status, html).into_response())
        }
        Err(error) => Err(error),
    }
}

/// Puts in what the policy grants where a journey is told and no amount, or where the button asks for it.
async fn reckon(app: &App, claim: &Claim, posted: &mut Posted) -> Result<(), Error> {
    if let Button::Reckon(i) = posted.button
        && let Some(line) = posted.input.lines.get_mut(i)
        && line.trip.is_some()
    {
        line.paid.amount.clear();
    }
    let mut sql = app.db.read();
    let entity = posted.input.entity.parse().unwrap_or(claim.content.entity);
    for i in 0..posted.input.lines.len() {
        let line = &posted.input.lines[i];
        if line.trip.is_none() || !line.paid.amount.is_empty() {
            continue;
        }
        let typed = Typed {
            claim,
            entity,
            input: &posted.input,
        };
        if let Some((_, granted)) = typed.granted(&mut sql, app, line).await? {
            let paid = &mut posted.input.lines[i].paid;
            paid.amount = granted.amount.plain();
            paid.currency = granted.amount.currency.code().to_owned();
        }
    }
    Ok(())
}

async fn carry_out(
    app: &Arc<App>,
    visitor: &Visitor,
    permit: &Permit,
    claim: &Claim,
    posted: &Posted,
) -> Result<String, Error> {
    let kept = edit::edit(app, permit, &visitor.person, claim.id, posted.n, posted.input.clone()).await?;
    posted.choices.keep(app, visitor, &kept).await?;
    if posted.button != Button::Submit {
        return Ok(format!("/claims/{}/edit", kept.number));
    }
    let (_, permit) = allowed(app, visitor, &kept.number, Action::SubmitClaim).await?;
    act(app, &permit, kept.id, Command::Submit).await?;
    Ok(format!("/claims/{}", kept.number))
}

/// A line for a document: in place of the first line without one that has the same amount, else a new one.
async fn add_document(
    app: &App,
    visitor: &Visitor,
    claim: &Claim,
    input: &mut ClaimInput,
    id: &str,
) -> Result<(), Error> {
    let mut sql = app.db.read();
    if input.lines.iter().any(|l| l.document == id) {
        return Ok(());
    }
    let document = evidence::store::readable(&mut sql, app, &visitor.person, id).await?;
    if let Some(identity) = &document.invoice_identity {
        evidence::free(&mut sql, app, &visitor.person, identity, Some(claim.id)).await?;
    }
    let rules = app.rules(&mut sql).await?;
    let org = app.org(&mut sql).await?;
    let policy = rules.policy(claim.content.entity, store::today(&org, &claim.content)?);
    let entity = org.entity(claim.content.entity);
    let learnt = evidence::learnt::of_document(&mut sql, claim.content.entity, policy, &document).await?;
    let mut line = evidence::line(&document, policy, entity, claim.content.currency, learnt.as_ref())?;
    line.allocations = vec![default_allocation(input)];
    let same = |l: &&mut super::input::LineInput| {
        l.document.is_empty()
            && !line.paid.amount.is_empty()
            && l.paid == line.paid
            && l.incurred_on == line.incurred_on
    };
    let blank = |l: &&mut super::input::LineInput| {
        l.document.is_empty() && l.paid.amount.is_empty() && l.description.is_empty()
    };
    if let Some(known) = input.lines.iter_mut().find(same) {
        known.document = line.document;
        if known.tax.is_none() {
            known.tax = line.tax;
        }
    } else if let Some(empty) = input.lines.iter_mut().find(blank) {
        line.id.clone_from(&empty.id);
        *empty = line;
    } else {
        input.lines.push(line);
    }
    Ok(())
}

/// POST /claims/{no}/check: what would happen if it were submitted as typed. Nothing is kept.
pub async fn check(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(no): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Html<String>, Error> {
    let (claim, _) = allowed(&app, &visitor, &no, Action::EditClaim).await?;
    let posted = Posted::read(&pairs);
    let mut sql = app.db.read();
    let claim = posted.choices.over(&claim);
    let check = match typed(&mut sql, &app, &visitor, &claim, &posted.input).await {
        Ok(claim) => check_of(&mut sql, &app, &visitor, &claim).await?,
        Err(Error::Invalid(_)) => UNKNOWN,
        Err(error) => return Err(error),
    };
    page(&CheckPart {
        w: W(visitor.lang),
        check,
    })
}
