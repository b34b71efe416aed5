//! Top-level values of a YAML text, read and set where they stand, so that comments and order stay.

/// The plain value of a top-level key.
pub fn value<'a>(body: &'a str, key: &str) -> Option<&'a str> {
    let line = body.lines().find_map(|line| after(line, key))?;
    let bare = line.split(" #").next().unwrap_or(line).trim();
    Some(bare.trim_matches(|c| c == '"' || c == '\''))
}

/// The text with a top-level key set to a plain value; put first where it is missing.
pub fn stamp(body: &str, key: &str, value: &str) -> String {
    let set = format!("{key}: {value}");
    let mut found = false;
    let mut lines: Vec<&str> = Vec::new();
    for line in body.lines() {
        if !found && after(line, key).is_some() {
            found = true;
            lines.push(&set);
        } else {
            lines.push(line);
        }
    }
    if !found {
        lines.insert(0, &set);
    }
    lines.join("\n") + "\n"
}

fn after<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(':')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_set_where_they_stand() {
        let body = "# ours\nid: \"a\" # the id\nversion: 3\nrules:\n  - id: b\n    version: 9\n";
        assert_eq!(value(body, "id"), Some("a"));
        assert_eq!(value(body, "name"), None);
        let set = stamp(body, "version", "4");
        assert_eq!(
            set,
            "# ours\nid: \"a\" # the id\nversion: 4\nrules:\n  - id: b\n    version: 9\n"
        );
        assert_eq!(stamp("a: 1", "version", "4"), "version: 4\na: 1\n");
    }
}
