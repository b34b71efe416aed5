//! /me/account: one's own account. /payments/accounts: accounts that wait for a second person, and what entities pay from.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use outlay_core::ids::EntityId;

use super::debtor::{self, EntityAccountView};
use super::pages::Tabs;
use super::payee::{self, AccountView, FullAccount, NewAccount, Verdict};
use super::payee_api::account_id;
use super::store;
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::db::Sql;
use crate::error::Error;
use crate::shell::{self, Frame, W, field_words};

/// What `templates/parts/payee.html` shows, as `payee`: the accounts of somebody and the form to propose one.
pub struct PayeeSection {
    active: Option<AccountView>,
    proposed: Option<AccountView>,
    form: NewAccount,
    errors: Vec<(String, String)>,
}

impl PayeeSection {
    /// The reader's own section.
    pub async fn load(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<PayeeSection, Error> {
        let me = visitor.person.id();
        let all = payee::of_employee(sql, app, visitor, me).await?;
        let find = |state: &str| all.iter().find(|a| a.state == state).cloned();
        Ok(PayeeSection {
            active: find("active"),
            proposed: find("proposed"),
            form: NewAccount {
                holder: visitor.person.employee.name.clone(),
                number: String::new(),
                bank: None,
                bic: None,
                branch: None,
            },
            errors: Vec::new(),
        })
    }

    fn error(&self, field: &str) -> Option<&str> {
        self.errors
            .iter()
            .find(|(f, _)| f == field)
            .map(|(_, words)| words.as_str())
    }

    fn shown<'a>(&'a self, value: &'a Option<String>) -> &'a str {
        value.as_deref().unwrap_or("")
    }
}

#[derive(Template)]
#[template(path = "pages/account-mine.html")]
struct MinePage {
    f: Frame,
    payee: PayeeSection,
}

/// GET /me/account.
pub async fn mine(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let payee = PayeeSection::load(&mut sql, &app, &visitor).await?;
    let f = Frame::load(&mut sql, &app, &visitor, &headers, "me").await?;
    shell::page(&MinePage { f, payee })
}

/// POST /me/account: what is wrong is shown beside its field.
pub async fn propose(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(new): Form<NewAccount>,
) -> Result<Response, Error> {
    let me = visitor.person.id();
    let permit = visitor.permit(&app, Action::ProposePayee, &Resource::Person(me))?;
    match payee::propose(&app, &permit, me, &new).await {
        Ok(_) => Ok(Redirect::to("/me/account").into_response()),
        Err(Error::Invalid(problems)) => {
            let mut sql = app.db.read();
            let mut payee = PayeeSection::load(&mut sql, &app, &visitor).await?;
            let w = W(visitor.lang);
            payee.errors = problems.iter().map(|p| (p.field.clone(), field_words(w, p))).collect();
            payee.form = new;
            let f = Frame::load(&mut sql, &app, &visitor, &headers, "me").await?;
            let html = shell::page(&MinePage { f, payee })?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, html).into_response())
        }
        Err(error) => Err(error),
    }
}

/// POST /me/account/withdrawal.
pub async fn withdraw(State(app): State<Arc<App>>, visitor: Visitor) -> Result<Redirect, Error> {
    let me = visitor.person.id();
    let permit = visitor.permit(&app, Action::ProposePayee, &Resource::Person(me))?;
    payee::withdraw(&app, &permit, me).await?;
    Ok(Redirect::to("/me/account"))
}

#[derive(Template)]
#[template(path = "pages/payee-accounts.html")]
struct WaitingPage {
    f: Frame,
    tabs: Tabs,
    accounts: Vec<AccountView>,
    entities: Vec<EntityAccountView>,
    open: Option<FullAccount>,
}

impl WaitingPage {
    fn doubts(&self, full: &FullAccount) -> Vec<String> {
        full.doubts.iter().map(|p| field_words(self.f.w, p)).collect()
    }
}

async fn page(
    app: &Arc<App>,
    visitor: &Visitor,
    headers: &HeaderMap,
    open: Option<FullAccount>,
) -> Result<Html<String>, Error> {
    let mut sql = app.db.read();
    let f = Frame::load(&mut sql, app, visitor, headers, "payments").await?;
    let accounts = payee::waiting(&mut sql, app, visitor).await?;
    let entities = debtor::list(&mut sql, app, visitor).await?;
    let counts = store::counts(&mut sql, app, visitor).await?;
    if accounts.is_empty() && entities.is_empty() && !f.payments {
        return Err(Error::Forbidden(Action::ConfirmPayee.code().to_owned()));
    }
    let tabs = Tabs {
        here: "accounts",
        counts,
    };
    shell::page(&WaitingPage {
        f,
        tabs,
        accounts,
        entities,
        open,
    })
}

/// GET /payments/accounts.
pub async fn waiting(State(app): State<Arc<App>>, visitor: Visitor, headers: HeaderMap) -> Result<Html<String>, Error> {
    page(&app, &visitor, &headers, None).await
}

/// GET /payments/accounts/{id}: with the whole number, for the second person; audited.
pub async fn one(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Html<String>, Error> {
    let open = payee::reveal(&app, &visitor, account_id(&id)?).await?;
    page(&app, &visitor, &headers, Some(open)).await
}

/// POST /payments/accounts/{id}/confirmation.
pub async fn confirm(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    payee::decide(&app, &visitor, account_id(&id)?, Verdict::Confirm).await?;
    Ok(Redirect::to("/payments/accounts"))
}

/// POST /payments/accounts/{id}/refusal.
pub async fn refuse(State(app): State<Arc<App>>, visitor: Visitor, Path(id): Path<String>) -> Result<Redirect, Error> {
    payee::decide(&app, &visitor, account_id(&id)?, Verdict::Refuse).await?;
    Ok(Redirect::to("/payments/accounts"))
}

/// POST /payments/entity-accounts/{entity}.
pub async fn set_entity_account(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(entity): Path<String>,
    Form(new): Form<NewAccount>,
) -> Result<Redirect, Error> {
    let entity: EntityId = entity.parse().map_err(|_| Error::NotFound("entity"))?;
    let permit = debtor::permit(&app, &visitor, entity)?;
    debtor::set(&app, &permit, entity, &new).await?;
    Ok(Redirect::to("/payments/accounts"))
}
