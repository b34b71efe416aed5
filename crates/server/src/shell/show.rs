//! Small things that many pages show alike: a status, an evidence grade, a wait.

use std::borrow::Borrow;

use outlay_core::Currency;
use outlay_core::claim::Status;
use outlay_core::policy::Severity;

use super::W;

/// The tone and icon of a claim's status.
pub fn status_look(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Draft => ("neutral", "circle-dashed"),
        Status::Submitted => ("info", "send"),
        Status::InReview => ("accent", "circle-dot"),
        Status::Returned => ("warn", "undo-2"),
        Status::Approved => ("ok", "circle-check"),
        Status::Paying => ("info", "loader"),
        Status::Paid => ("ok", "badge-check"),
        Status::Archived => ("neutral", "archive"),
        Status::Withdrawn => ("neutral", "corner-up-left"),
        Status::Rejected => ("bad", "circle-x"),
    }
}

/// The status in words.
pub fn status_words(w: W, status: Status) -> String {
    w.t(&format!("state-{}", status.code().replace('_', "-")))
}

/// The badge of a status: tinted, with icon and words.
pub fn status_badge(w: impl Borrow<W>, status: impl Borrow<Status>) -> String {
    let (w, status) = (*w.borrow(), *status.borrow());
    let (tone, icon) = status_look(status);
    format!(
        "<span class=\"badge {tone}\">{}{}</span>",
        super::icon(icon),
        status_words(w, status)
    )
}

/// As [`status_badge`], without a ground.
pub fn status_flat(w: impl Borrow<W>, status: impl Borrow<Status>) -> String {
    let (w, status) = (*w.borrow(), *status.borrow());
    let (tone, icon) = status_look(status);
    format!(
        "<span class=\"st {tone}\">{}{}</span>",
        super::icon(icon),
        status_words(w, status)
    )
}

/// The tone and icon of a finding.
pub fn severity_look(severity: Severity) -> (&'static str, &'static str) {
    match severity {
        Severity::Info => ("info", "info"),
        Severity::Warn => ("warn", "triangle-alert"),
        Severity::Block => ("bad", "octagon-x"),
    }
}

/// Bars and letter of an evidence grade, which must be `A`, `B`, `C` or `D`.
pub fn evidence(w: impl Borrow<W>, grade: &str) -> String {
    let grade = if matches!(grade, "A" | "B" | "C") { grade } else { "D" };
    format!(
        "<span class=\"ev ev-{}\"><span class=\"sr\">{} </span>{grade}</span>",
        grade.to_lowercase(),
        w.borrow().t("evidence")
    )
}

/// How long something has waited: `20 小时`, `2 d`.
pub fn waited(w: W, since: jiff::Timestamp) -> String {
    let seconds = (crate::clock::now().as_second() - since.as_second()).max(0);
    match seconds {
        0..3600 => w.n("wait-minutes", seconds / 60),
        3600..172_800 => w.n("wait-hours", seconds / 3600),
        _ => w.n("wait-days", seconds / 86_400),
    }
}

/// Currencies to choose from: `first`, as they come, then what most people need; each once.
pub fn currencies(first: impl IntoIterator<Item = Currency>) -> Vec<&'static str> {
    const COMMON: [&str; 6] = ["CNY", "EUR", "USD", "JPY", "GBP", "HKD"];
    let mut all = Vec::new();
    for code in first.into_iter().map(|c| c.code()).chain(COMMON) {
        if !all.contains(&code) {
            all.push(code);
        }
    }
    all
}

/// A path on this site; anything else becomes `otherwise`.
pub fn local<'a>(path: &'a str, otherwise: &'a str) -> &'a str {
    let good = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains('\\')
        && !path.contains(|c: char| c.is_control());
    if good { path } else { otherwise }
}

/// Customer and deal in one line; the deal alone where its name begins with the customer's, as CRMs often have it.
pub fn deal_title(account: Option<&str>, deal: &str) -> String {
    let first = deal.split([' ', '·', '–', '-']).next().unwrap_or_default().trim();
    match account {
        Some(account) if first.is_empty() || !account.contains(first) => format!("{account} · {deal}"),
        _ => deal.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::deal_title;

    #[test]
    fn a_customer_is_named_once() {
        assert_eq!(
            deal_title(Some("上海恒川精密科技有限公司"), "恒川精密 · 产线检测二期"),
            "恒川精密 · 产线检测二期"
        );
        assert_eq!(deal_title(Some("恒川精密"), "产线检测二期"), "恒川精密 · 产线检测二期");
        assert_eq!(deal_title(None, "产线检测二期"), "产线检测二期");
    }
}
