//! Titles and descriptions with placeholders.

use super::facts::Facts;

/// The placeholders there are.
pub const NAMES: [&str; 6] = ["account", "deal", "subject", "on", "until", "place"];

/// Fills in a template. What is empty takes the separators around it along: `{account} · {deal}` without a deal is the
/// customer's name alone.
pub fn fill(template: &str, facts: &Facts) -> String {
    let mut text = String::new();
    for (between, name) in parts(template) {
        text.push_str(between);
        let Some(name) = name else { continue };
        match name {
            "account" => text.push_str(&facts.account),
            "deal" => text.push_str(&facts.deal),
            "subject" => text.push_str(&facts.name),
            "on" => text.push_str(&facts.on.to_string()),
            "until" => text.push_str(&facts.until.to_string()),
            "place" => text.push_str(if facts.place.is_empty() {
                &facts.city
            } else {
                &facts.place
            }),
            _ => {}
        }
    }
    tidy(&text)
}

/// A placeholder that is none, if there is one.
pub fn unknown(template: &str) -> Option<&str> {
    parts(template)
        .filter_map(|(_, name)| name)
        .find(|name| !NAMES.contains(name))
}

/// Text, and the placeholder that follows it.
fn parts(template: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut rest = template;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let found = rest
            .split_once('{')
            .and_then(|(before, after)| Some((before, after.split_once('}')?)));
        Some(match found {
            Some((before, (name, after))) => {
                rest = after;
                (before, Some(name.trim()))
            }
            None => (std::mem::take(&mut rest), None),
        })
    })
}

const SEPARATORS: [char; 6] = ['·', '|', '/', '–', '—', '-'];

fn tidy(text: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    let is_separator = |word: &str| !word.is_empty() && word.chars().all(|c| SEPARATORS.contains(&c));
    for word in text.split_whitespace() {
        if is_separator(word) && words.last().is_none_or(|last| is_separator(last)) {
            continue;
        }
        words.push(word);
    }
    while words.last().is_some_and(|last| is_separator(last)) {
        words.pop();
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::rule::Event;
    use super::*;

    #[test]
    fn what_is_empty_takes_its_separators_along() {
        let mut facts = Facts {
            event: Event::Visit,
            id: String::new(),
            connection: None,
            external_id: String::new(),
            revision: String::new(),
            read_at: 0,
            name: "验收 - 二期".into(),
            on: date(2026, 11, 2),
            until: date(2026, 11, 4),
            kind: "visit".into(),
            place: String::new(),
            city: "上海".into(),
            country: "CN".into(),
            account: "恒川精密".into(),
            deal: String::new(),
            amount: None,
            owner: None,
            account_owner: None,
            project: false,
        };
        let usual = "{account} · {deal}";
        assert_eq!(fill(usual, &facts), "恒川精密");
        facts.deal = "二期".into();
        assert_eq!(fill(usual, &facts), "恒川精密 · 二期");
        facts.account = String::new();
        assert_eq!(fill(usual, &facts), "二期");
        assert_eq!(
            fill("{place} {subject}（{ on }–{until}）", &facts),
            "上海 验收 - 二期（2026-11-02–2026-11-04）"
        );
        facts.place = "虹桥".into();
        assert_eq!(fill("拜访 | {place}", &facts), "拜访 | 虹桥");
        assert_eq!(fill("50 % {off", &facts), "50 % {off");
        assert_eq!(unknown("{account} {owner}"), Some("owner"));
        assert_eq!(unknown("{account} {"), None);
    }
}
