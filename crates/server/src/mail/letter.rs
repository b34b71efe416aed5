//! What a mail says: in the language of its reader, without amounts, with a link to the claim and, for a task, one to approve.

use askama::Template;
use outlay_core::claim::{Claim, Notice, State};
use outlay_core::words::Lang;

use crate::app::App;
use crate::claims::{self, MailJob};
use crate::error::Error;
use crate::people::stored;
use crate::shell::{self, W};

/// A mail to be sent.
pub(super) struct Letter {
    pub to: String,
    pub name: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

#[derive(Template)]
#[template(path = "mail/mail.txt")]
struct Text<'a> {
    greeting: &'a str,
    body: &'a str,
    reason: Option<&'a str>,
    action: &'a str,
    link: &'a str,
    approve: Option<&'a (String, String)>,
    footer: &'a str,
}

#[derive(Template)]
#[template(path = "mail/mail.html")]
struct Html<'a> {
    lang: &'a str,
    subject: &'a str,
    greeting: &'a str,
    body: &'a str,
    reason: Option<&'a str>,
    action: &'a str,
    link: &'a str,
    approve: Option<&'a (String, String)>,
    footer: &'a str,
}

/// Writes the mail of a job; none if its reader has left or no longer has anything to do.
pub(super) async fn write(app: &App, job: &MailJob) -> Result<Option<Letter>, Error> {
    let mut sql = app.db.read();
    let claim = claims::store::load(&mut sql, stored(&job.claim)?).await?;
    let org = app.org(&mut sql).await?;
    let Some(reader) = org.employee(job.to).filter(|e| e.active) else {
        return Ok(None);
    };
    if matches!(job.notice, Notice::TaskOpened | Notice::Reminder) && !claim.open_tasks().any(|t| t.assignee == job.to)
    {
        return Ok(None);
    }
    let w = W(Lang::parse(&reader.locale).unwrap_or_default());
    let code = code(job.notice);
    let who = org
        .employee(claim.content.claimant)
        .map(|e| e.name.clone())
        .unwrap_or_default();
    let values = [
        ("who".to_owned(), who),
        ("number".to_owned(), claim.number.clone()),
        ("title".to_owned(), claim.content.title.clone()),
    ];
    let say = |part: &str| w.args(&format!("mail-{code}-{part}"), &values);
    let (subject, body, action) = (say("subject"), say("body"), say("action"));
    let greeting = w.t1("mail-greeting", "name", &reader.name);
    let footer = w.t("mail-footer");
    let reason = reason(&claim, job.notice).map(|r| w.t1("mail-reason", "reason", r));
    let path = match job.notice {
        Notice::TaskOpened | Notice::Reminder => shell::link("/inbox", &[("peek", &claim.number)]),
        _ => format!("/claims/{}", claim.number),
    };
    let link = format!("{}{path}", app.config.public_url());
    let task = claim.open_tasks().find(|t| t.assignee == job.to);
    let approve = match task.filter(|_| matches!(job.notice, Notice::TaskOpened | Notice::Reminder)) {
        Some(task) => {
            let path = super::link::issue(app, &claim, task.id, job.to).await?;
            Some((w.t("mail-link-title"), format!("{}{path}", app.config.public_url())))
        }
        None => None,
    };
    let (reason, lang) = (reason.as_deref(), w.0.tag());
    let broken = |e: askama::Error| Error::Broken(format!("template: {e}"));
    let text = Text {
        greeting: &greeting,
        body: &body,
        reason,
        action: &action,
        link: &link,
        approve: approve.as_ref(),
        footer: &footer,
    };
    let html = Html {
        lang,
        subject: &subject,
        greeting: &greeting,
        body: &body,
        reason,
        action: &action,
        link: &link,
        approve: approve.as_ref(),
        footer: &footer,
    };
    Ok(Some(Letter {
        to: reader.email.clone(),
        name: reader.name.clone(),
        text: text.render().map_err(broken)?,
        html: html.render().map_err(broken)?,
        subject,
    }))
}

fn code(notice: Notice) -> &'static str {
    match notice {
        Notice::TaskOpened => "task_opened",
        Notice::Reminder => "reminder",
        Notice::Copied => "copied",
        Notice::Amended => "amended",
        Notice::Approved => "approved",
        Notice::Rejected => "rejected",
        Notice::Returned => "returned",
        Notice::Paid => "paid",
        Notice::PaymentFailed => "payment_failed",
        Notice::Reversed => "reversed",
    }
}

fn reason(claim: &Claim, notice: Notice) -> Option<&str> {
    match (notice, &claim.state) {
        (Notice::Rejected, State::Rejected { reason, .. }) | (Notice::Returned, State::Returned { reason, .. }) => {
            Some(reason.as_str()).filter(|r| !r.is_empty())
        }
        _ => None,
    }
}
