//! Proving a live connection: what works, what lacks, what fails. Stores nothing.

use std::str::FromStr;
use std::time::{Duration, Instant};

use outlay_connect::{Connector, Error, Object, Target};
use outlay_core::ids::ConnectionId;

use crate::app::App;
use crate::args;
use crate::clock::now;

use super::writing;

/// How often it is looked whether a delivery came.
const LOOK: Duration = Duration::from_millis(250);

/// What was tried, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// How it ended.
    pub outcome: Outcome,
    /// What was tried: `key`, `read deal`, `list deal`, `hooks`, `write deal:42`.
    pub what: String,
    /// What was found.
    pub text: String,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It works.
    Ok,
    /// It works, but for something that an administrator of the CRM can add; or the CRM has no such thing.
    Lacks,
    /// It does not work.
    Failed,
}

impl Outcome {
    /// The word printed: `ok`, `lacks`, `failed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Lacks => "lacks",
            Outcome::Failed => "failed",
        }
    }
}

/// On what writing is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scratch {
    /// An account made for it, and deleted afterwards.
    Made,
    /// A record of the CRM: what is written stays there.
    Named(Target),
}

impl FromStr for Scratch {
    type Err = String;

    /// Reads `deal:ID`, `account:ID`, or nothing for one to be made.
    fn from_str(text: &str) -> Result<Scratch, String> {
        if text.is_empty() {
            return Ok(Scratch::Made);
        }
        let (object, id) = text.split_once(':').ok_or("write deal:ID or account:ID")?;
        Ok(Scratch::Named(Target {
            object: object.parse::<Object>().map_err(|e| e.to_string())?,
            external_id: id.to_owned(),
        }))
    }
}

/// Tries everything: the key, a page of each kind of record twice with its cursor, the list for a reconcile, web hooks, and
/// writing on a scratch record, if that is wished.
pub async fn probe(connector: &dyn Connector, write: Option<&Scratch>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |outcome, what: &str, text: String| {
        lines.push(Line {
            outcome,
            what: what.to_owned(),
            text,
        });
    };
    match connector.check().await {
        Ok(ready) if ready.warnings.is_empty() => add(Outcome::Ok, "key", "taken".into()),
        Ok(ready) => {
            for warning in ready.warnings {
                add(Outcome::Lacks, "key", warning);
            }
        }
        Err(error) => {
            add(Outcome::Failed, "key", error.to_string());
            return lines;
        }
    }
    let can = connector.capabilities();
    for one in &can.objects {
        let object = one.object;
        match read(connector, object).await {
            Ok(text) => add(Outcome::Ok, &format!("read {object}"), text),
            Err(error) => add(Outcome::Failed, &format!("read {object}"), error.to_string()),
        }
        match connector.scan(object, None, can.max_page).await {
            Ok(page) => {
                let more = if page.done { "all of them" } else { "more follow" };
                add(
                    Outcome::Ok,
                    &format!("list {object}"),
                    format!("{}, {more}", page.marks.len()),
                );
            }
            Err(error) => add(Outcome::Failed, &format!("list {object}"), error.to_string()),
        }
    }
    if can.hooks {
        add(Outcome::Ok, "hooks", "deliveries are checked by their signature".into());
    } else {
        add(
            Outcome::Lacks,
            "hooks",
            format!("{} has none that can be checked: it is polled", can.crm),
        );
    }
    if let Some(scratch) = write {
        lines.extend(writing::on(connector, scratch).await);
    }
    lines
}

/// Waits for the CRM to tell something by itself, at most `patience`: somebody changes a record there meanwhile, and a running
/// Outlay takes the delivery. Only one whose signature holds counts.
pub async fn hook(app: &App, connection: ConnectionId, patience: Duration) -> Result<Line, crate::error::Error> {
    let began = now().as_microsecond();
    let waited = Instant::now();
    let what = "hook".to_owned();
    loop {
        let (told,): (i64,) = app
            .db
            .read()
            .one(
                "SELECT COUNT(*) FROM hook_event WHERE connection_id = $1 AND at >= $2",
                args![connection, began],
            )
            .await?;
        if told > 0 {
            let text = format!("{told} told within {} s", waited.elapsed().as_secs());
            return Ok(Line {
                outcome: Outcome::Ok,
                what,
                text,
            });
        }
        if waited.elapsed() >= patience {
            let text = format!(
                "nothing came within {} s: can the CRM reach {}/hooks/{connection}, does Outlay run there, and is the secret the same on both sides?",
                patience.as_secs(),
                app.config.public_url()
            );
            return Ok(Line {
                outcome: Outcome::Failed,
                what,
                text,
            });
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn read(connector: &dyn Connector, object: Object) -> Result<String, Error> {
    let first = connector.pull(object, None, 1).await?;
    let mut seen = first.records.len() + first.rejected.len();
    if !first.done {
        let second = connector.pull(object, Some(&first.next), 1).await?;
        if !second.done && second.next == first.next {
            return Err(Error::Cursor("two pages end at one place".into()));
        }
        seen += second.records.len() + second.rejected.len();
    }
    let sample = first.records.first().map_or("", |r| r.external_id.as_str());
    Ok(match (seen, sample) {
        (0, _) => "none there".into(),
        (n, "") => format!("{n} read"),
        (n, id) => format!("{n} read, the first is {id}"),
    })
}
