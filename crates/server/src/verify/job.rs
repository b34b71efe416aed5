//! The handler of `verify` jobs. A job that comes late or again finds its question answered, and does nothing.

use std::sync::Arc;

use outlay_connect::verify::{Answer, Question, State};

use super::config::{self, words};
use super::{VerifyJob, key};
use crate::app::App;
use crate::args;
use crate::audit;
use crate::auth::Permit;
use crate::clock::now;
use crate::db::Sql;
use crate::error::Error;
use crate::evidence;
use crate::jobs::{Done, Failed, Job};

/// The note on a job that asked nobody since no service is connected any more.
pub const NO_SERVICE: &str = "not asked: no verification service connected";

/// The handler of `verify` jobs.
pub async fn job(app: Arc<App>, job: Job) -> Result<Done, Failed> {
    let about: VerifyJob = serde_json::from_str(&job.payload).map_err(|e| Failed::Never(e.to_string()))?;
    let mut sql = app.db.read();
    let open: Option<(String,)> = sql
        .maybe(
            "SELECT question FROM verification WHERE document_id = $1 AND n = $2 AND pending",
            args![&about.document, about.n],
        )
        .await
        .map_err(Error::from)?;
    let Some((question,)) = open else { return Ok(None) };
    let question: Question = serde_json::from_str(&question).map_err(|e| Failed::Never(e.to_string()))?;
    let Some(verifier) = config::active(&mut sql, &app).await? else {
        end(&app, about, None).await?;
        return Ok(Some(NO_SERVICE.to_owned()));
    };
    drop(sql);
    match verifier.ask(&question, &key(&about.document, about.n)).await {
        Ok(answer) => {
            end(&app, about, Some(answer)).await?;
            app.live.wake();
            Ok(None)
        }
        Err(error @ outlay_connect::Error::Refused { .. }) => {
            end(&app, about, None).await?;
            Err(Failed::Never(words(&error)))
        }
        Err(error @ outlay_connect::Error::Broken(_)) => Err(Failed::Again(words(&error))),
        Err(error) => Err(Failed::Later {
            after: error.retry_after(),
            error: words(&error),
        }),
    }
}

/// Closes a question, with its answer if there is one.
async fn end(app: &Arc<App>, about: VerifyJob, answer: Option<Answer>) -> Result<(), Error> {
    let shared = Arc::new((app.clone(), about, answer));
    app.db
        .write(move |sql| {
            let shared = shared.clone();
            Box::pin(async move { write(sql, &shared.0, &shared.1, shared.2.as_ref()).await })
        })
        .await
}

async fn write(sql: &mut Sql, app: &App, about: &VerifyJob, answer: Option<&Answer>) -> Result<(), Error> {
    let closed = sql
        .run(
            "UPDATE verification SET pending = $1, at = $2 WHERE document_id = $3 AND n = $4 AND pending",
            args![false, now().as_microsecond(), &about.document, about.n],
        )
        .await?;
    // Another worker may have taken the job over and ended it meanwhile.
    let Some(answer) = answer.filter(|_| closed > 0) else {
        return Ok(());
    };
    sql.run(
        "UPDATE verification SET state = $1, fields = $2, provider = $3, asked_at = $4, answered = question \
         WHERE document_id = $5",
        args![
            answer.state.code(),
            answer.fields.join(","),
            answer.provider.chars().take(80).collect::<String>(),
            answer.asked_at.as_microsecond(),
            &about.document
        ],
    )
    .await?;
    let permit = Permit::system("verification", "verifyInvoice");
    let resource = format!("document:{}", about.document);
    audit::note(sql, permit.actor(), permit.action(), &resource, answer.state.code()).await?;
    if matches!(answer.state, State::Reversed | State::Void) {
        evidence::reversed_by_bureau(sql, app, &about.document).await?;
    }
    Ok(())
}
