//! What the card of a task shows: enough to decide on, or what became of it.

use outlay_connect::chat::{Ask, Card, Tone};
use outlay_core::claim::{Claim, Status};
use outlay_core::ids::TaskId;
use outlay_core::org::Org;
use outlay_core::policy::Severity;

use crate::app::App;
use crate::clock::{day, now};
use crate::db::Sql;
use crate::error::Error;
use crate::inbox::decided;
use crate::shell::{self, W};

/// Lines that are named; more are counted.
const LINES: usize = 6;

/// The card of a task as it is now.
pub async fn shown(sql: &mut Sql, app: &App, w: W, claim: &Claim, task: TaskId) -> Result<Card, Error> {
    let (org, rules) = (app.org(sql).await?, app.rules(sql).await?);
    let content = &claim.content;
    let zone = org.entity(content.entity).map_or("UTC", |e| e.zone.as_str());
    let today = day(now(), zone);
    let who = org
        .employee(content.claimant)
        .map(|e| e.name.clone())
        .unwrap_or_default();
    let open = claim.status() == Status::InReview && claim.open_tasks().any(|t| t.id == task);
    let pair = |key: &str, value: String| (w.t(key), value);
    let mut facts = vec![
        pair("chat-claimant", who.clone()),
        pair("chat-amount", content.claimed().to_string()),
        pair("chat-about", content.title.clone()),
    ];
    for line in content.lines.iter().take(LINES) {
        let on = shell::short_day(w, line.incurred_on, today);
        facts.push((
            on,
            format!("{}  {}", rules.category_name(&line.category, w.0), line.claimed),
        ));
    }
    if content.lines.len() > LINES {
        facts.push((String::new(), w.n("chat-more-lines", content.lines.len() - LINES)));
    }
    let found = claim.judged.iter().flat_map(|j| &j.findings);
    let loud = found.filter(|f| f.severity > Severity::Info).count();
    if loud > 0 && open {
        facts.push(pair("chat-findings", w.n("chat-findings-n", loud)));
    }
    let path = shell::link("/inbox", &[("peek", &claim.number)]);
    let (tone, note) = if open {
        (Tone::Asks, None)
    } else {
        over(w, &org, claim, task)
    };
    let title = if open { "chat-title" } else { "chat-title-over" };
    Ok(Card {
        title: w.args(title, &[("who".into(), who), ("number".into(), claim.number.clone())]),
        tone,
        facts,
        note,
        open: (w.t("chat-open"), format!("{}{path}", app.config.public_url())),
        ask: open.then(|| Ask {
            task: task.to_string(),
            hash: content.hash(),
            approve: w.t("do-approve"),
            reject: w.t("do-reject"),
            reason: w.t("chat-reason"),
        }),
    })
}

/// What became of a task that is no longer open.
fn over(w: W, org: &Org, claim: &Claim, task: TaskId) -> (Tone, Option<String>) {
    let Some(Error::Decided { by, outcome, at, .. }) = decided(claim, task, org) else {
        return (Tone::Over, Some(w.t("chat-over")));
    };
    let tone = match outcome {
        "approved" | "advised" => Tone::Good,
        "rejected" => Tone::Bad,
        "returned" => Tone::Warn,
        _ => Tone::Over,
    };
    let values = [("by", by), ("outcome", outcome.to_owned()), ("at", at)];
    let values = values.map(|(name, value)| (name.to_owned(), value));
    (tone, Some(w.args("chat-decided", &values)))
}

/// Takes the question off a card: whoever has it may no longer act.
pub fn withdraw(w: W, card: &mut Card) {
    if card.ask.take().is_some() {
        card.tone = Tone::Over;
        card.note = Some(w.t("chat-over"));
    }
}
