//! Deciding a task: approve, reject, return, transfer, ask for advice, add a signer, take back.

use std::sync::Arc;

use outlay_core::claim::{Claim, Command, Content, OutcomeKind, Place, Refusal, State};
use outlay_core::ids::{EmployeeId, TaskId};
use outlay_core::org::Org;

use crate::app::App;
use crate::args;
use crate::auth::{Action, Person, Resource, Visitor};
use crate::claims::{self, scope, store};
use crate::clock;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;

/// What somebody decides. A hash, where given, must be that of the content they saw.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// 同意
    Approve { hash: String, comment: String },
    /// 拒绝
    Reject { hash: Option<String>, reason: String },
    /// 退回
    Return {
        hash: Option<String>,
        reason: String,
        /// The id of an earlier step; the claimant if absent.
        to: Option<String>,
        /// Comes straight back to the sender.
        straight: bool,
    },
    /// 转交; `to` is an id, a personnel number, a mail address, or a name that only one active colleague has.
    Transfer {
        hash: Option<String>,
        to: String,
        reason: String,
    },
    /// 委派; `to` as for a transfer.
    Advice {
        hash: Option<String>,
        to: String,
        reason: String,
    },
    /// 加签; `to` as for a transfer.
    Signer {
        hash: Option<String>,
        to: String,
        place: Place,
        reason: String,
    },
    /// 修改; the hash is that of the content before.
    Amend {
        hash: String,
        content: Box<Content>,
        reason: String,
    },
    /// 拿回
    TakeBack,
}

/// Carries a verdict out on a task of the visitor's; the claim afterwards.
pub async fn decide(app: &Arc<App>, visitor: &Visitor, task: &str, verdict: Verdict) -> Result<Claim, Error> {
    let mut sql = app.db.read();
    let claim = claim_of(&mut sql, task).await?;
    let task: TaskId = task.parse().map_err(|_| Error::NotFound("task"))?;
    let facts = store::facts(&claim);
    let resource = Resource::Claim(&facts);
    let permit = match visitor.permit(app, Action::DecideClaim, &resource) {
        Err(Error::Forbidden(_)) if !app.rights.may(&visitor.person, Action::ReadClaim, &resource) => {
            return Err(Error::NotFound("task"));
        }
        other => other?,
    };
    let org = app.org(&mut sql).await?;
    let (hash, command) = command(&org, task, verdict)?;
    if hash.is_some_and(|h| h != claim.content.hash()) {
        return Err(Refusal::Changed.into());
    }
    match claims::act(app, &permit, claim.id, command).await {
        Err(Error::Refused(Refusal::TaskClosed | Refusal::State { .. })) => {
            let claim = store::load(&mut app.db.read(), claim.id).await?;
            Err(decided(&claim, task, &org).unwrap_or(Error::Refused(Refusal::TaskClosed)))
        }
        other => other,
    }
}

/// The claim that a task belongs to.
pub async fn claim_of(sql: &mut Sql, task: &str) -> Result<Claim, Error> {
    let row: Option<(String,)> = sql
        .maybe("SELECT claim_id FROM task WHERE id = $1", args![task])
        .await?;
    let (id,) = row.ok_or(Error::NotFound("task"))?;
    store::load(sql, stored(&id)?).await
}

fn command(org: &Org, task: TaskId, verdict: Verdict) -> Result<(Option<String>, Command), Error> {
    Ok(match verdict {
        Verdict::Approve { hash, comment } => (None, Command::Approve { task, hash, comment }),
        Verdict::Reject { hash, reason } => (hash, Command::Reject { task, reason }),
        Verdict::Return {
            hash,
            reason,
            to,
            straight,
        } => {
            let command = Command::SendBack {
                task,
                to,
                straight,
                reason,
            };
            (hash, command)
        }
        Verdict::Advice { hash, to, reason } => {
            let to = colleague(org, &to)?;
            (hash, Command::Delegate { task, to, reason })
        }
        Verdict::Signer {
            hash,
            to,
            place,
            reason,
        } => {
            let who = colleague(org, &to)?;
            let command = Command::AddSigner {
                task,
                who,
                place,
                reason,
            };
            (hash, command)
        }
        Verdict::Amend { hash, content, reason } => {
            let command = Command::Amend {
                task,
                hash,
                content: *content,
                reason,
            };
            (None, command)
        }
        Verdict::TakeBack => (None, Command::TakeBack { task }),
        Verdict::Transfer { hash, to, reason } => {
            let to = colleague(org, &to)?;
            (hash, Command::Transfer { task, to, reason })
        }
    })
}

/// The active colleague that a text names.
pub fn colleague(org: &Org, text: &str) -> Result<EmployeeId, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::field("to", "missing"));
    }
    let active = || org.employees().filter(|e| e.active);
    let exact = active().find(|e| e.id.to_string() == text || e.number == text || e.email.eq_ignore_ascii_case(text));
    let mut named = active().filter(|e| e.name == text);
    match (exact, named.next(), named.next()) {
        (Some(e), _, _) | (None, Some(e), None) => Ok(e.id),
        (None, Some(_), Some(_)) => Err(Error::field("to", "several")),
        (None, None, _) => Err(Error::field("to", "unknown")),
    }
}

/// What became of a task that is no longer open.
pub fn decided(claim: &Claim, task: TaskId, org: &Org) -> Option<Error> {
    let step = claim.run.iter().find(|s| s.tasks.iter().any(|t| t.id == task));
    let own = step
        .into_iter()
        .flat_map(|s| &s.tasks)
        .find(|t| t.id == task)
        .and_then(|t| {
            let outcome = t.outcome.as_ref()?;
            Some((outcome.by.unwrap_or(t.assignee), outcome))
        });
    let spoken = OutcomeKind::is_act;
    let (by, outcome, at) = match own {
        Some((by, outcome)) if spoken(outcome.kind) => (by, outcome.kind.code(), outcome.at),
        Some((_, outcome)) => match claim
            .run
            .iter()
            .flat_map(|s| &s.tasks)
            .filter_map(|t| {
                let outcome = t.outcome.as_ref()?;
                Some((outcome.by.unwrap_or(t.assignee), outcome))
            })
            .find(|(_, o)| o.at == outcome.at && spoken(o.kind))
        {
            Some((by, other)) => (by, other.kind.code(), other.at),
            None => (claim.content.claimant, "withdrawn", outcome.at),
        },
        None => match &claim.state {
            State::InReview | State::Draft | State::Submitted => {
                (claim.content.claimant, "resubmitted", claim.submitted_at?)
            }
            _ => return None,
        },
    };
    let zone = org.entity(claim.content.entity).map_or("UTC", |e| e.zone.as_str());
    let at = at.to_zoned_datetime(jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC));
    Some(Error::Decided {
        claim: claim.number.clone(),
        by: org.employee(by).map(|e| e.name.clone()).unwrap_or_default(),
        outcome,
        at: at.strftime("%Y-%m-%d %H:%M").to_string(),
    })
}

/// The visitor's open task after `task`'s place in the list, so that one decision leads to the next; a claim's number.
pub async fn next(sql: &mut Sql, me: &Person, task: &str) -> Result<Option<String>, Error> {
    let (waiting, values) = scope::waiting(me, 2);
    let text = format!(
        "SELECT c.number FROM task t JOIN claim c ON c.id = t.claim_id WHERE {waiting} \
         AND t.opened_at >= (SELECT d.opened_at FROM task d WHERE d.id = $1) ORDER BY t.opened_at, t.id LIMIT 1"
    );
    let values = args![task].into_iter().chain(values).collect();
    let row: Option<(String,)> = sql.all_built(text, values).await?.into_iter().next();
    Ok(row.map(|(number,)| number))
}

/// Active colleagues whose name, number or mail address contains `text`, at most 20; number, name, department.
pub async fn people(app: &App, sql: &mut Sql, text: &str) -> Result<Vec<(String, String, String)>, Error> {
    let org = app.org(sql).await?;
    let text = text.trim().to_lowercase();
    let today = clock::day(clock::now(), "UTC");
    let mut found: Vec<_> = org
        .employees()
        .filter(|e| e.active)
        .filter(|e| {
            e.name.to_lowercase().contains(&text)
                || e.number.to_lowercase().contains(&text)
                || e.email.to_lowercase().contains(&text)
        })
        .map(|e| {
            let department = org.primary(e.id, today).and_then(|a| org.department(a.department));
            (
                e.number.clone(),
                e.name.clone(),
                department.map(|d| d.name.clone()).unwrap_or_default(),
            )
        })
        .collect();
    found.sort();
    found.truncate(20);
    Ok(found)
}

/// Most tasks approved at once.
const MOST: usize = 50;

/// What became of one of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The task, as it was named.
    pub task: String,
    /// The claim's number and title; none for a task that the visitor may not know of.
    pub claim: Option<(String, String)>,
    /// What became of it.
    pub end: End,
}

/// What became of one of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Approved.
    Approved,
    /// Left as it was, since it is of another kind than the first.
    OtherKind,
    /// Left as it was, since the claim says something else by now.
    Changed,
    /// Left as it was, since somebody else came first.
    Decided {
        /// Who.
        by: String,
        /// What they did.
        outcome: &'static str,
        /// When, for people.
        at: String,
    },
    /// Left as it was, since it is not theirs to approve.
    NotYours,
    /// Left as it was for another reason: its stable code.
    Refused(&'static str),
}

impl End {
    /// The stable word.
    pub fn code(&self) -> &'static str {
        match self {
            End::Approved => "approved",
            End::OtherKind => "other-kind",
            End::Changed => "changed",
            End::Decided { .. } => "decided",
            End::NotYours => "not-yours",
            End::Refused(code) => code,
        }
    }

    fn of(error: Error) -> Result<End, Error> {
        Ok(match error {
            Error::Refused(Refusal::Changed) => End::Changed,
            Error::Refused(Refusal::NotYours | Refusal::Duties) | Error::Forbidden(_) | Error::NotFound(_) => {
                End::NotYours
            }
            Error::Decided { by, outcome, at, .. } => End::Decided { by, outcome, at },
            error @ (Error::Refused(_) | Error::Invalid(_) | Error::Conflict) => End::Refused(error.code()),
            other => return Err(other),
        })
    }
}

/// The kind of a task: those of one kind – the same step of the same flow, one currency – are approved together.
pub fn kind(claim: &Claim, task: TaskId) -> Option<String> {
    let step = claim.task(task).map(|(at, _)| &claim.run[at])?;
    Some(format!(
        "{}/{}/{}",
        step.flow.id,
        step.id,
        claim.content.currency.code()
    ))
}

/// Approves several tasks, each with the hash of what was seen and by itself: what cannot be approved is left as it was and told, and
/// holds up no other. Only those of the first one's kind.
pub async fn approve_many(app: &Arc<App>, visitor: &Visitor, picked: &[(String, String)]) -> Result<Vec<Ended>, Error> {
    if picked.is_empty() {
        return Err(Error::field("tasks", "missing"));
    }
    if picked.len() > MOST {
        return Err(Error::field("tasks", "too-many"));
    }
    let mut first = None;
    let mut ended = Vec::new();
    for (id, hash) in picked {
        let (claim, end) = approve_one(app, visitor, id, hash, &mut first).await?;
        ended.push(Ended {
            task: id.clone(),
            claim,
            end,
        });
    }
    Ok(ended)
}

async fn approve_one(
    app: &Arc<App>,
    visitor: &Visitor,
    id: &str,
    hash: &str,
    first: &mut Option<String>,
) -> Result<(Option<(String, String)>, End), Error> {
    let claim = match claim_of(&mut app.db.read(), id).await {
        Ok(claim) => claim,
        Err(Error::NotFound(_)) => return Ok((None, End::NotYours)),
        Err(error) => return Err(error),
    };
    let facts = store::facts(&claim);
    if !app
        .rights
        .may(&visitor.person, Action::ReadClaim, &Resource::Claim(&facts))
    {
        return Ok((None, End::NotYours));
    }
    let named = Some((claim.number.clone(), claim.content.title.clone()));
    let own = id.parse().ok().and_then(|task| kind(&claim, task));
    // A task whose step is gone has ended; deciding tells how.
    if let Some(own) = own
        && *first.get_or_insert_with(|| own.clone()) != own
    {
        return Ok((named, End::OtherKind));
    }
    let verdict = Verdict::Approve {
        hash: hash.to_owned(),
        comment: String::new(),
    };
    let end = match decide(app, visitor, id, verdict).await {
        Ok(_) => End::Approved,
        Err(error) => End::of(error)?,
    };
    Ok((named, end))
}
