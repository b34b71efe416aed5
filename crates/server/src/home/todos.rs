//! What somebody is to do: claims that came back, drafts that lack something, tasks.

use outlay_core::Money;
use outlay_core::claim::{Claim, State, Status};
use outlay_core::org::Org;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::args;
use crate::auth::Visitor;
use crate::db::Sql;
use crate::error::Error;
use crate::inbox::{self, Wanted};
use crate::shell::{self, W};

/// Something to do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TodoView {
    /// `returned`, `draft`, `task`.
    pub kind: &'static str,
    /// The claim's number.
    pub claim: String,
    /// What it is about.
    pub title: String,
    /// What is to be done, or what was said.
    pub hint: String,
    /// What is asked for.
    #[schema(value_type = Object)]
    pub amount: Money,
    /// Since when, RFC 3339.
    pub since: String,
    /// Where to do it.
    pub href: String,
}

impl TodoView {
    /// Tone and icon.
    pub fn look(&self) -> (&'static str, &'static str) {
        match self.kind {
            "returned" => ("warn", "undo-2"),
            "draft" => ("neutral", "paperclip"),
            _ => ("accent", "check"),
        }
    }

    /// Since when, in words.
    pub fn ago(&self, w: &W) -> String {
        self.since.parse().map(|at| shell::ago(*w, at)).unwrap_or_default()
    }
}

const EACH: i64 = 4;

/// The first few of each kind, and how many there are in all.
pub async fn todos(sql: &mut Sql, app: &App, visitor: &Visitor) -> Result<(Vec<TodoView>, i64), Error> {
    let org = app.org(sql).await?;
    let w = W(visitor.lang);
    let me = visitor.person.id();
    let mut out = Vec::new();
    let mut count = 0;
    for (kind, status) in [("returned", "returned"), ("draft", "draft")] {
        // Proposals – drafts from the CRM that nobody has touched – have a place of their own.
        let (all,): (i64,) = sql
            .one(
                "SELECT COUNT(*) FROM claim WHERE claimant_id = $1 AND status = $2 AND (origin IS NULL OR version > 1)",
                args![me, status],
            )
            .await?;
        count += all;
        let rows: Vec<(String, i64)> = sql
            .all(
                "SELECT body, updated_at FROM claim WHERE claimant_id = $1 AND status = $2 \
                 AND (origin IS NULL OR version > 1) ORDER BY updated_at DESC LIMIT $3",
                args![me, status, EACH],
            )
            .await?;
        for (body, at) in rows {
            let claim: Claim = serde_json::from_str(&body)?;
            out.push(TodoView {
                kind,
                title: title(&claim, w),
                hint: hint(&claim, &org, w),
                amount: claim.content.claimed(),
                since: crate::clock::moment(at).to_string(),
                href: format!("/claims/{}/edit", claim.number),
                claim: claim.number,
            });
        }
    }
    let open = inbox::inbox(sql, app, visitor, &Wanted::default()).await?;
    count += open.counts.todo;
    let tasks = open.groups.into_iter().flat_map(|g| g.tasks);
    for task in tasks.take(usize::try_from(EACH).unwrap_or(0)) {
        let finding = task.finding.map(|f| format!(" · {}", f.rule)).unwrap_or_default();
        out.push(TodoView {
            kind: "task",
            title: w.t1("home-approve", "title", &task.title),
            hint: format!("{}{finding}", task.claimant),
            amount: task.amount,
            since: task.since,
            href: shell::link("/inbox", &[("peek", &task.claim)]),
            claim: task.claim,
        });
    }
    Ok((out, count))
}

fn title(claim: &Claim, w: W) -> String {
    if claim.content.title.is_empty() {
        w.t("home-untitled")
    } else {
        claim.content.title.clone()
    }
}

/// What was said, or what is lacking.
fn hint(claim: &Claim, org: &Org, w: W) -> String {
    if let State::Returned { by, reason, .. } = &claim.state {
        let Some(by) = by else { return w.t("returned-late") };
        let by = org.employee(*by).map(|e| e.name.clone()).unwrap_or_default();
        return w.args(
            "home-said",
            &[("who".to_owned(), by), ("said".to_owned(), reason.clone())],
        );
    }
    let bare = claim.content.lines.iter().filter(|l| l.evidence.is_none()).count();
    let gaps = claim.content.gaps().len();
    debug_assert_eq!(claim.status(), Status::Draft);
    if claim.content.lines.is_empty() {
        w.t("home-no-lines")
    } else if gaps > 0 {
        w.n("home-gaps", gaps)
    } else if bare > 0 {
        w.n("home-no-receipts", bare)
    } else {
        w.t("home-ready")
    }
}
