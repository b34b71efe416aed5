//! What all pages share: words, failures, assets, the frame around a page.

pub mod assets;
mod body;
mod crm_said;
mod frame;
pub mod problems;
mod settings;
mod show;
mod text;
mod words;

use axum::http::HeaderMap;
use outlay_core::claim::Problem;

pub use body::Body;
pub use frame::{Frame, hue, letters, page};
pub use settings::SettingsNav;
pub use show::{
    currencies, deal_title, evidence, local, severity_look, status_badge, status_flat, status_look, status_words,
    waited,
};
pub use text::{grouped, listed};
pub use words::W;

/// The markup of an icon of the sprite; a template writes `{{ crate::shell::icon("check")|safe }}`.
pub fn icon(name: &str) -> String {
    format!(
        "<svg class=\"i\" aria-hidden=\"true\"><use href=\"{}#{name}\"/></svg>",
        assets::url("icons.svg")
    )
}

/// The id of a request, set before any handler sees it.
pub fn request_id(headers: &HeaderMap) -> &str {
    headers.get("x-request-id").and_then(|v| v.to_str().ok()).unwrap_or("-")
}

/// What is wrong with a field, in words.
pub fn field_words(w: W, problem: &Problem) -> String {
    w.args(&format!("field-{}", problem.code), &problem.args)
}

/// A path with a query, every value escaped.
pub fn link(path: &str, query: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (i, (name, value)) in query.iter().enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(byte as char),
                other => out.push_str(&format!("%{other:02X}")),
            }
        }
    }
    out
}

/// A moment as people say it on a list: `40 秒前`, `昨天 18:05`, `11-21 18:42`; in UTC where no zone is known.
pub fn ago(w: W, at: jiff::Timestamp) -> String {
    let seconds = (crate::clock::now().as_second() - at.as_second()).max(0);
    match seconds {
        0..60 => w.n("ago-seconds", seconds),
        60..3600 => w.n("ago-minutes", seconds / 60),
        3600..86_400 => w.n("ago-hours", seconds / 3600),
        _ => w.n("ago-days", seconds / 86_400),
    }
}

/// A day on a list: `11-21` in Chinese, `21 Nov` in English; with the year if it is another than `today`'s.
pub fn short_day(w: W, day: jiff::civil::Date, today: jiff::civil::Date) -> String {
    let same = day.year() == today.year();
    let format = match (w.zh(), same) {
        (true, true) => "%m-%d",
        (true, false) => "%Y-%m-%d",
        (false, true) => "%-d %b",
        (false, false) => "%-d %b %Y",
    };
    day.strftime(format).to_string()
}

/// A moment in a zone: `11-21 18:42`, `21 Nov 18:42`.
pub fn short_moment(w: W, at: jiff::Timestamp, zone: &str) -> String {
    let zoned = at.to_zoned_datetime(jiff::tz::TimeZone::get(zone).unwrap_or(jiff::tz::TimeZone::UTC));
    let this_year = crate::clock::day(crate::clock::now(), zone).year() == zoned.date().year();
    let format = match (w.zh(), this_year) {
        (true, true) => "%m-%d %H:%M",
        (true, false) => "%Y-%m-%d %H:%M",
        (false, true) => "%-d %b %H:%M",
        (false, false) => "%-d %b %Y %H:%M",
    };
    zoned.strftime(format).to_string()
}
