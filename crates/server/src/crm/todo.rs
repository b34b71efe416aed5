//! A draft that Outlay began from a CRM record is a to-do in that CRM for whoever got it, until it is handed in.

use std::sync::Arc;

use jiff::ToSpan;
use outlay_connect::{Connector, Error as CrmError, Object, Target, Todo, Write};
use outlay_core::claim::Claim;
use outlay_core::ids::{ClaimId, ConnectionId};

use crate::app::App;
use crate::args;
use crate::claims;
use crate::clock::{day, now};
use crate::connections::{Connection, usage};
use crate::db::Sql;
use crate::error::Error;
use crate::jobs::{Done, Failed, Job};
use crate::people::stored;
use crate::shell::W;

/// Days until a to-do is due.
const DAYS: i64 = 7;

/// The handler of `todo` jobs.
pub async fn job(app: Arc<App>, job: Job) -> Result<Done, Failed> {
    let id: ClaimId = serde_json::from_str(&job.payload).map_err(Error::from)?;
    let Some(place) = place(&app, id).await? else {
        return Ok(None);
    };
    let connection = Connection::load(&mut app.db.read(), place.connection).await?;
    let connector = connection.connector(&app)?;
    let told = tell(&app, id, &connection, connector.as_ref()).await;
    usage::note(&app, connection.id, connector.as_ref()).await;
    told?;
    Ok(None)
}

/// A record in a CRM.
struct Place {
    connection: ConnectionId,
    target: Target,
    /// Whether a to-do may stand there already.
    is_open: bool,
}

/// Where the to-do of a claim stands, or belongs: beside its deal, else beside its account.
async fn place(app: &App, id: ClaimId) -> Result<Option<Place>, Error> {
    let mut sql = app.db.read();
    let claim = claims::store::load(&mut sql, id).await?;
    let known: Option<(String, String, String, bool)> = sql
        .maybe(
            "SELECT connection_id, object, external_id, is_open FROM crm_todo WHERE claim_id = $1",
            args![id],
        )
        .await?;
    match known {
        Some((connection, object, external_id, true)) => Ok(Some(Place {
            connection: stored(&connection)?,
            target: Target {
                object: object.parse().map_err(|_| Error::NotFound("record"))?,
                external_id,
            },
            is_open: true,
        })),
        _ if claim.status().is_editable() => belongs(&mut sql, &claim).await,
        _ => Ok(None),
    }
}

async fn belongs(sql: &mut Sql, claim: &Claim) -> Result<Option<Place>, Error> {
    let links = &claim.content.links;
    let (object, id) = match (links.deal, links.account) {
        (Some(deal), _) => (Object::Deal, deal.to_string()),
        (None, Some(account)) => (Object::Account, account.to_string()),
        (None, None) => return Ok(None),
    };
    let text = format!(
        "SELECT connection_id, external_id FROM {} WHERE id = $1 AND deleted = $2 AND connection_id IS NOT NULL",
        super::store::table(object)
    );
    let rows: Vec<(String, String)> = sql.all_built(text, args![id, false]).await?;
    let Some((connection, external_id)) = rows.into_iter().next() else {
        return Ok(None);
    };
    Ok(Some(Place {
        connection: stored(&connection)?,
        target: Target { object, external_id },
        is_open: false,
    }))
}

/// Opens or closes the to-do of a claim, as the claim is now; by a connector at hand.
pub async fn tell(
    app: &Arc<App>,
    id: ClaimId,
    connection: &Connection,
    connector: &dyn Connector,
) -> Result<(), Error> {
    let Some(place) = place(app, id).await? else {
        return Ok(());
    };
    let claim = claims::store::load(&mut app.db.read(), id).await?;
    let open = claim.status().is_editable();
    if open && !place.is_open {
        if !connector.capabilities().todos || !connection.place.todos() {
            return Ok(());
        }
        // Before it is written: a try that dies half-way leaves nothing that is never closed.
        remember(app, id, &place, true).await?;
    }
    let write = Write::Todo {
        target: place.target.clone(),
        marker: format!("outlay-todo-{id}"),
        open: match open {
            true => Some(todo(app, &claim, connection).await?),
            false => None,
        },
    };
    match connector.push(&write, &format!("todo:{id}:{}", claim.n)).await {
        // With the record its to-dos went, too.
        Ok(_) | Err(CrmError::Gone { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    if !open {
        remember(app, id, &place, false).await?;
    }
    Ok(())
}

async fn todo(app: &App, claim: &Claim, connection: &Connection) -> Result<Todo, Error> {
    let who: Option<(String,)> = app
        .db
        .read()
        .maybe(
            "SELECT external_id FROM crm_user WHERE connection_id = $1 AND employee_id = $2 ORDER BY external_id LIMIT 1",
            args![connection.id, claim.content.claimant],
        )
        .await?;
    let w = W(connection.lang());
    let values = [
        ("number".to_owned(), claim.number.clone()),
        ("title".to_owned(), claim.content.title.clone()),
    ];
    let today = day(now(), "UTC");
    Ok(Todo {
        summary: w.args("crm-todo-summary", &values),
        text: format!(
            "{}\n{}/claims/{}",
            w.t("crm-todo-text"),
            app.config.public_url(),
            claim.number
        ),
        due: today.checked_add(DAYS.days()).unwrap_or(today),
        who: who.map(|(id,)| id),
    })
}

async fn remember(app: &App, id: ClaimId, place: &Place, is_open: bool) -> Result<(), Error> {
    let values = args![
        id,
        place.connection,
        place.target.object.as_str(),
        &place.target.external_id,
        is_open,
        now().as_microsecond()
    ];
    app.db
        .write(move |sql| {
            let values = values.clone();
            Box::pin(async move {
                sql.run(
                    "INSERT INTO crm_todo (claim_id, connection_id, object, external_id, is_open, written_at) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (claim_id) DO UPDATE SET connection_id = excluded.connection_id, \
                     object = excluded.object, external_id = excluded.external_id, is_open = excluded.is_open, \
                     written_at = excluded.written_at",
                    values,
                )
                .await?;
                Ok(())
            })
        })
        .await
}
