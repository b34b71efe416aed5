//! The bank's answer to a batch: first what it would do, then all of it or nothing. Read twice, it does nothing more.

use std::sync::Arc;

use jiff::civil::Date;
use outlay_core::claim::Problem;
use outlay_core::payment::{Answer, Outcome as Said, read_answers};

use super::settle::{self, Outcome};
use super::view::{AnswerRow, AnswersView, BatchView, PaymentView};
use crate::app::App;
use crate::audit;
use crate::auth::Permit;
use crate::error::Error;
use crate::people::stored;

/// The text of a file that somebody uploaded: UTF-8, else GB 18030 as Chinese spreadsheets write it.
pub fn text(bytes: &[u8]) -> Result<String, Error> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    let (text, _, broken) = encoding_rs::GB18030.decode(bytes);
    if broken {
        return Err(Error::field("file", "encoding"));
    }
    Ok(text.into_owned())
}

/// What an answer would do to a batch, given today where the entity is.
pub fn preview(batch: &BatchView, csv: &str) -> Result<AnswersView, Error> {
    let answers = read_answers(csv).map_err(|errors| {
        let all = errors.iter().map(|e| Problem::new("csv", "answer").with("text", e));
        Error::Invalid(all.collect())
    })?;
    let rows: Vec<AnswerRow> = answers.iter().map(|a| row(batch, a)).collect();
    Ok(AnswersView {
        applied: false,
        good: rows.iter().all(|r| matches!(r.effect.as_str(), "does" | "done-before")),
        rows,
    })
}

fn row(batch: &BatchView, answer: &Answer) -> AnswerRow {
    let payment = batch.payments.iter().find(|p| p.end_to_end_id == answer.end_to_end_id);
    let (outcome, on, reason) = match &answer.outcome {
        Said::Posted { on } => {
            let on = on.map_or_else(|| batch.today.clone().min(batch.execute_on.clone()), |d| d.to_string());
            ("posted", Some(on), None)
        }
        Said::Failed { reason } => ("failed", None, Some(reason.clone())),
    };
    let effect = match payment {
        None => "unknown",
        Some(p) => effect(batch, p, outcome, on.as_deref()),
    };
    AnswerRow {
        end_to_end_id: answer.end_to_end_id.clone(),
        claim: payment.map(|p| p.claim.clone()),
        payee: payment.map(|p| p.payee.clone()),
        amount: payment.map(|p| p.amount),
        outcome: outcome.to_owned(),
        on,
        reason,
        effect: effect.to_owned(),
    }
}

fn effect(batch: &BatchView, payment: &PaymentView, outcome: &str, on: Option<&str>) -> &'static str {
    if payment.status == outcome {
        "done-before"
    } else if payment.status != "pending" {
        "contradicts"
    } else if on.is_some_and(|on| on > batch.today.as_str()) {
        "future"
    } else {
        "does"
    }
}

/// Does what [`preview`] said; refused as a whole if any row cannot be done.
pub async fn apply(app: &Arc<App>, permit: &Permit, batch: &BatchView, csv: &str) -> Result<AnswersView, Error> {
    let view = preview(batch, csv)?;
    if !view.good {
        let bad = view.rows.iter().enumerate();
        let bad = bad.filter(|(_, r)| !matches!(r.effect.as_str(), "does" | "done-before"));
        let problems = bad.map(|(i, r)| {
            Problem::new(format!("rows[{i}]"), &format!("answer-{}", r.effect)).with("id", &r.end_to_end_id)
        });
        return Err(Error::Invalid(problems.collect()));
    }
    let mut todo = Vec::new();
    for row in view.rows.iter().filter(|r| r.effect == "does") {
        let Some(payment) = batch.payments.iter().find(|p| p.end_to_end_id == row.end_to_end_id) else {
            continue;
        };
        let outcome = match (&row.on, &row.reason) {
            (Some(on), _) => Outcome::Posted(stored::<Date>(on)?),
            (None, reason) => Outcome::Failed(reason.clone().unwrap_or_default()),
        };
        todo.push((payment.id, outcome));
    }
    let (shared, permit, number) = (app.clone(), permit.clone(), batch.number.clone());
    let todo = Arc::new(todo);
    app.db
        .write(move |sql| {
            let (app, permit, number, todo) = (shared.clone(), permit.clone(), number.clone(), todo.clone());
            Box::pin(async move {
                for (id, outcome) in todo.iter() {
                    let payment = settle::find(sql, *id).await?;
                    settle::settle_in(sql, &app, &permit, &payment, outcome).await?;
                }
                let detail = format!("answer {}", todo.len());
                audit::note(
                    sql,
                    permit.actor(),
                    permit.action(),
                    &format!("batch:{number}"),
                    &detail,
                )
                .await
            })
        })
        .await?;
    app.live.wake();
    Ok(AnswersView { applied: true, ..view })
}
