//! Words in the reader's language, from Fluent message files.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use outlay_core::words::Lang;

static ZH: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("zh-CN", &SOURCES_ZH));
static EN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle("en", &SOURCES_EN));

macro_rules! sources {
    ($($name:literal),+ $(,)?) => {
        /// The message files of Chinese.
        pub static SOURCES_ZH: [&str; [$($name),+].len()] = [$(include_str!(concat!("../../locales/zh-CN/", $name, ".ftl"))),+];
        /// The message files of English.
        pub static SOURCES_EN: [&str; [$($name),+].len()] = [$(include_str!(concat!("../../locales/en/", $name, ".ftl"))),+];
    };
}

sources![
    "shell",
    "problems",
    "settings",
    "jobs",
    "mail",
    "chat",
    "tokens",
    "payments",
    "claims",
    "evidence",
    "tax",
    "verify",
    "show",
    "inbox",
    "flow",
    "flows",
    "home",
    "search",
    "me",
    "crm",
    "edits",
    "connections",
    "insights",
    "organisation",
    "import",
    "folders",
    "exports",
    "audit",
    "drafts",
    "meters",
    "sheet",
    "rules",
];

fn bundle(tag: &str, sources: &[&str]) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![tag.parse().unwrap_or_default()]);
    bundle.set_use_isolating(false);
    for source in sources {
        let resource = match FluentResource::try_new((*source).to_owned()) {
            Ok(resource) => resource,
            Err((resource, errors)) => {
                tracing::error!(?errors, tag, "message file");
                resource
            }
        };
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(?errors, tag, "message file");
        }
    }
    bundle
}

/// A reader's words. Templates call `w.t("key")`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct W(pub Lang);

impl W {
    /// The message of a key; the key itself where there is none, which a test forbids.
    pub fn t(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// The message of a key with one value for `$name`.
    pub fn t1(&self, key: &str, name: &str, value: impl ToString) -> String {
        self.args(key, &[(name.to_owned(), value.to_string())])
    }

    /// The message of a key with a number `$n`, which also chooses the plural.
    pub fn n(&self, key: &str, n: impl std::fmt::Display) -> String {
        let n: i64 = n.to_string().parse().unwrap_or(i64::MAX);
        let mut args = FluentArgs::new();
        args.set("n", FluentValue::from(n));
        self.format(key, Some(&args))
    }

    /// The message of a key with several values.
    pub fn args(&self, key: &str, values: &[(String, String)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(name.clone(), FluentValue::from(value.clone()));
        }
        self.format(key, Some(&args))
    }

    /// Whether there is such a message.
    pub fn knows(&self, key: &str) -> bool {
        self.bundle().has_message(key)
    }

    /// Whether the reader reads Chinese.
    pub fn zh(&self) -> bool {
        self.0 == Lang::Zh
    }

    fn bundle(&self) -> &'static FluentBundle<FluentResource> {
        match self.0 {
            Lang::Zh => &ZH,
            Lang::En => &EN,
        }
    }

    fn format(&self, key: &str, args: Option<&FluentArgs>) -> String {
        let Some(pattern) = self.bundle().get_message(key).and_then(|m| m.value()) else {
            return key.to_owned();
        };
        self.bundle()
            .format_pattern(pattern, args, &mut Vec::new())
            .into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn keys(sources: &[&str]) -> BTreeSet<String> {
        sources
            .iter()
            .flat_map(|s| s.lines())
            .filter(|l| l.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|l| Some(l.split_once('=')?.0.trim().to_owned()))
            .collect()
    }

    #[test]
    fn both_languages_have_the_same_messages() {
        let (zh, en) = (keys(&SOURCES_ZH), keys(&SOURCES_EN));
        let only: Vec<_> = zh.symmetric_difference(&en).collect();
        assert!(only.is_empty(), "{only:?}");
    }

    #[test]
    fn every_message_is_well_formed() {
        for source in SOURCES_ZH.iter().chain(&SOURCES_EN) {
            assert!(FluentResource::try_new((*source).to_owned()).is_ok(), "{source}");
        }
    }

    #[test]
    fn every_key_in_a_template_has_a_message() {
        let mut missing = Vec::new();
        let mut folders = vec![std::path::PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/templates"
        ))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).expect("a template");
                for call in ["w.t(\"", "w.t1(\"", "w.n(\"", "w.args(\"", "f.count(\""] {
                    for rest in text.split(call).skip(1) {
                        let key = rest.split('"').next().unwrap_or_default();
                        if !W(Lang::Zh).knows(key) {
                            missing.push(format!("{}: {key}", path.display()));
                        }
                    }
                }
            }
        }
        assert!(missing.is_empty(), "{missing:#?}");
    }
}
