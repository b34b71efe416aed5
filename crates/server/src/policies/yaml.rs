//! YAML as it is read on a page: a line each, with the place that findings point at.

/// A line in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The id of the rule or step that begins here.
    pub anchor: Option<String>,
    /// Space and dashes before the key.
    pub indent: String,
    /// The key, without its colon.
    pub key: Option<String>,
    /// What follows.
    pub value: String,
    /// The comment, with its sign.
    pub comment: Option<String>,
}

/// The lines of a text.
pub fn lines(text: &str) -> Vec<Line> {
    text.lines().map(line).collect()
}

fn line(text: &str) -> Line {
    let (text, comment) = match comment(text) {
        Some(at) => (&text[..at], Some(text[at..].to_owned())),
        None => (text, None),
    };
    let start = text.find(|c: char| c != ' ' && c != '-').unwrap_or(text.len());
    let (indent, rest) = text.split_at(start);
    let key = rest.split_once(':').map(|(key, _)| key).filter(|key| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '-';
        !key.is_empty() && key.chars().all(plain)
    });
    let value = match key {
        Some(key) => &rest[key.len() + 1..],
        None => rest,
    };
    let anchor = (key == Some("id") && indent.contains('-')).then(|| value.trim().trim_matches('"').to_owned());
    Line {
        anchor,
        indent: indent.to_owned(),
        key: key.map(str::to_owned),
        value: value.to_owned(),
        comment,
    }
}

/// Where a comment begins: a `#` at the start or after a space, outside quotes.
fn comment(text: &str) -> Option<usize> {
    let (mut quote, mut before) = (None, ' ');
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '#') if before == ' ' => return Some(at),
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_and_rules_have_places() {
        for text in [outlay_core::policy::CN_STANDARD, outlay_core::flow::STANDARD] {
            let all = lines(text);
            let again: Vec<String> = all
                .iter()
                .map(|l| {
                    let key = l.key.as_ref().map(|k| format!("{k}:")).unwrap_or_default();
                    format!("{}{key}{}{}", l.indent, l.value, l.comment.as_deref().unwrap_or(""))
                })
                .collect();
            assert_eq!(again.join("\n"), text.trim_end_matches('\n'));
            assert!(all.iter().any(|l| l.anchor.is_some()));
        }
        let l = line("  - id: lodging-limit # first");
        assert_eq!(l.anchor.as_deref(), Some("lodging-limit"));
        assert_eq!(l.comment.as_deref(), Some("# first"));
        assert_eq!(line("a: \"x # y\"").comment, None);
    }
}
