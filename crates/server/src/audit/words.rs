//! What an entry says, in words. It is stored as codes, and told in the reader's language.

use outlay_core::org::Org;

use crate::shell::W;

/// Who did it: a name, or the part of Outlay.
pub fn who(w: W, actor: &str) -> String {
    match actor.strip_prefix("system:") {
        Some(part) => format!("{} · {part}", w.t("event-system")),
        None => actor.to_owned(),
    }
}

/// What the thing is, where it has no name of its own.
pub fn thing(w: W, resource: &str) -> String {
    let (kind, id) = resource.split_once(':').unwrap_or((resource, ""));
    let key = format!("audit-thing-{}", kind.replace('_', "-"));
    if !w.knows(&key) {
        return resource.to_owned();
    }
    match kind {
        "import" => format!("{} · {}", w.t(&key), w.t(&format!("import-{id}"))),
        "fx_rate" => format!("{} · {id}", w.t(&key)),
        _ => w.t(&key),
    }
}

/// What happened to `resource`. A detail that means nothing here stays as it is.
pub fn detail(w: W, org: &Org, resource: &str, detail: &str) -> String {
    if resource.starts_with("claim:") {
        let events = detail.split_whitespace();
        let words: Vec<String> = events.map(|code| known(w, "audit-event", code)).collect();
        return words.join(if w.zh() { "、" } else { ", " });
    }
    let args = |key: &str, values: &[(&str, &str)]| {
        let values: Vec<_> = values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        w.args(key, &values)
    };
    if let Some(change) = detail.strip_prefix("drafts ") {
        return drafts(w, change).unwrap_or_else(|| detail.to_owned());
    }
    match detail.split_whitespace().collect::<Vec<_>>().as_slice() {
        [word @ ("retry" | "answer" | "posted" | "failed" | "exported"), n] => w.n(&format!("audit-did-n-{word}"), n),
        ["granted", role, "all"] => w.t1("audit-did-granted", "role", known(w, "role", role)),
        ["granted", role, entity] => {
            let named = entity
                .parse()
                .ok()
                .and_then(|id| org.entity(id))
                .map(|e| e.name.as_str());
            let (role, entity) = (known(w, "role", role), named.unwrap_or(entity));
            args("audit-did-granted-for", &[("role", &role), ("entity", entity)])
        }
        ["revoked", role] => w.t1("audit-did-revoked", "role", known(w, "role", role)),
        [made, "made,", changed, "changed,", refused, "refused"] => args(
            "audit-did-tables",
            &[("made", made), ("changed", changed), ("refused", refused)],
        ),
        ["mapping", object, fields @ ..] => {
            let object = known(w, "crm-object", object);
            args(
                "audit-did-mapping",
                &[("object", &object), ("fields", &fields.join(", "))],
            )
        }
        ["edit", fields @ ..] => w.t1("audit-did-edit", "fields", fields.join(", ")),
        ["policies", fields @ ..] => w.t1("audit-did-policies", "fields", fields.join(", ")),
        [word @ ("keep-ours" | "keep-theirs"), field] => w.t1(&format!("audit-did-{word}"), "field", field),
        [value, "of", on, "imported"] => args("audit-did-rate", &[("value", value), ("on", on)]),
        words => known(w, "audit-did", &words.join("-")),
    }
}

/// A change of the draft rules: its version, and the names of rules as they were then.
fn drafts(w: W, change: &str) -> Option<String> {
    let (version, what) = change.split_once(' ')?;
    let what: serde_json::Value = serde_json::from_str(what).ok()?;
    let between = if w.zh() { "、" } else { ", " };
    let mut parts = Vec::new();
    for kind in ["added", "changed", "removed"] {
        let ids = what[kind].as_array().into_iter().flatten().filter_map(|id| id.as_str());
        let names: Vec<String> = ids.map(|id| known(w, "draft-event", id)).collect();
        if !names.is_empty() {
            parts.push(w.t1(&format!("draft-did-{kind}"), "names", names.join(between)));
        }
    }
    if what["reordered"] == true {
        parts.push(w.t("draft-did-reordered"));
    }
    let values = [("version", version.to_owned()), ("did", parts.join(" · "))];
    let values: Vec<_> = values.map(|(n, v)| (n.to_owned(), v)).into();
    Some(w.args("audit-did-drafts", &values))
}

/// The words of a code, or the code itself.
fn known(w: W, of: &str, code: &str) -> String {
    for key in [format!("{of}-{code}"), format!("{of}-{}", code.replace('_', "-"))] {
        if w.knows(&key) {
            return w.t(&key);
        }
    }
    code.to_owned()
}

#[cfg(test)]
mod tests {
    use outlay_core::words::Lang;

    use super::*;

    #[test]
    fn codes_are_told_in_words_and_what_is_unknown_stays() {
        let org = Org::new(vec![], vec![], vec![], vec![], vec![], vec![]);
        let told = |resource: &str, text: &str| detail(W(Lang::En), &org, resource, text);
        assert_eq!(
            told("claim:x", "approved passed"),
            "approved by one of those asked, approved"
        );
        assert_eq!(told("batch:B-1", "posted 3"), "3 payments posted");
        assert_eq!(
            told("employee:x", "granted sales_ops all"),
            "role Sales operations given"
        );
        assert_eq!(
            told("import:people", "2 made, 1 changed, 0 refused"),
            "2 new, 1 changed, 0 rejected"
        );
        assert_eq!(
            told("fx_rate:EUR-CNY", "7.61 of 2026-11-02 imported"),
            "7.61 of 2026-11-02 imported"
        );
        assert_eq!(
            told("connection:x", "mapping deal amount stage_kind"),
            "rules of Deals changed: amount, stage_kind"
        );
        assert_eq!(told("document:x", "application/pdf"), "application/pdf");
        assert_eq!(told("person:x", ""), "");
        assert_eq!(thing(W(Lang::En), "import:people"), "Import · People");
        assert_eq!(who(W(Lang::En), "system:jobs"), "Outlay · jobs");
    }
}
