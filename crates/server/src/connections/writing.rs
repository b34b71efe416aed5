//! Trying to write into a CRM on a scratch record: figures, a note, a to-do, and reading it back.

use jiff::Timestamp;
use outlay_connect::{Canonical, Connector, Error, Record, SCRATCH, Target, Todo, Write, Written};
use outlay_core::{Currency, Money};

use super::probe::{Line, Outcome, Scratch};
use crate::clock::{day, now};

/// What note and to-do are found by.
const MARKER: &str = "outlay-check";

/// Writes all that this CRM takes on the scratch record, reads it back, and deletes it if it was made for this.
pub(super) async fn on(connector: &dyn Connector, scratch: &Scratch) -> Vec<Line> {
    let mut lines = Vec::new();
    let target = match scratch {
        Scratch::Named(target) => target.clone(),
        Scratch::Made => match connector.scratch().await {
            Ok(target) => {
                lines.push(line("make", &target, Ok("a scratch record".into())));
                target
            }
            Err(Error::Setup(text)) => {
                lines.push(Line {
                    outcome: Outcome::Lacks,
                    what: "write".into(),
                    text,
                });
                return lines;
            }
            Err(error) => {
                lines.push(Line {
                    outcome: Outcome::Failed,
                    what: "write".into(),
                    text: error.to_string(),
                });
                return lines;
            }
        },
    };
    let (can, at) = (connector.capabilities(), now());
    // The figures of a record that is in use are not touched.
    if can.cost_figures && (*scratch == Scratch::Made || is_scratch(connector, &target).await) {
        lines.push(line("figures", &target, figures(connector, &target, at).await));
    }
    if can.notes {
        lines.push(line("note", &target, note(connector, &target, at).await));
    }
    if can.todos {
        lines.push(line("to-do", &target, todo(connector, &target, at).await));
    }
    lines.push(line("read back", &target, back(connector, &target).await));
    if *scratch == Scratch::Made {
        let gone = connector.discard(&target).await;
        lines.push(line("delete", &target, gone.map(|()| "gone again".into())));
    }
    lines
}

fn line(what: &str, target: &Target, result: Result<String, Error>) -> Line {
    let what = format!("{what} {}:{}", target.object, target.external_id);
    match result {
        Ok(text) => Line {
            outcome: Outcome::Ok,
            what,
            text,
        },
        Err(error) => Line {
            outcome: Outcome::Failed,
            what,
            text: error.to_string(),
        },
    }
}

async fn push(connector: &dyn Connector, write: Write, what: &str, at: Timestamp) -> Result<Written, Error> {
    connector
        .push(&write, &format!("check-{what}-{}", at.as_second()))
        .await
}

/// Whether it is an account that bears the name of a scratch record.
async fn is_scratch(connector: &dyn Connector, target: &Target) -> bool {
    let ids = std::slice::from_ref(&target.external_id);
    let fetched = connector.fetch(target.object, ids).await.unwrap_or_default();
    let is = |record: &Record| matches!(&record.body, Canonical::Account(account) if account.name == SCRATCH);
    fetched.records.iter().any(is)
}

/// Nothing paid and nothing pending, so that nobody's sums change.
async fn figures(connector: &dyn Connector, target: &Target, at: Timestamp) -> Result<String, Error> {
    let mut last = Error::Setup("no currency was taken".into());
    for currency in [Currency::CNY, Currency::EUR, Currency::USD] {
        let none = Money::new(0, currency);
        let write = Write::CostFigures {
            target: target.clone(),
            paid: none,
            pending: none,
            as_of: at,
        };
        match push(connector, write, "figures", at).await {
            Ok(written) => {
                let how = if written.changed { "written" } else { "there already" };
                return Ok(format!("{currency} 0 paid, 0 pending: {how}"));
            }
            // A CRM may know some currencies alone.
            Err(error @ Error::Setup(_)) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

async fn note(connector: &dyn Connector, target: &Target, at: Timestamp) -> Result<String, Error> {
    let write = Write::Note {
        target: target.clone(),
        marker: MARKER.into(),
        revision: u64::try_from(at.as_second()).unwrap_or(0),
        text: format!("Outlay can write here. Checked at {at:.0}; this note may be deleted."),
    };
    let written = push(connector, write, "note", at).await?;
    Ok(format!("note {}", written.external_id))
}

async fn todo(connector: &dyn Connector, target: &Target, at: Timestamp) -> Result<String, Error> {
    let due = day(at, "UTC");
    let open = Todo {
        summary: "Outlay check".into(),
        text: "Outlay can write here. This to-do is done at once.".into(),
        due,
        who: None,
    };
    let write = |open| Write::Todo {
        target: target.clone(),
        marker: MARKER.into(),
        open,
    };
    let made = push(connector, write(Some(open)), "todo", at).await?;
    push(connector, write(None), "done", at).await?;
    Ok(format!("to-do {}, opened and closed", made.external_id))
}

async fn back(connector: &dyn Connector, target: &Target) -> Result<String, Error> {
    let ids = std::slice::from_ref(&target.external_id);
    let fetched = connector.fetch(target.object, ids).await?;
    match (fetched.records.first(), fetched.rejected.first()) {
        (Some(record), _) => Ok(format!("revision {}", record.revision)),
        (None, Some(rejected)) => Ok(format!("it is there, and not understood: {}", rejected.reason)),
        (None, None) => Err(Error::Gone {
            object: target.object,
            external_id: target.external_id.clone(),
        }),
    }
}
