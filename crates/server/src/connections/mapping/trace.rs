//! Where each canonical field of a record comes from: by its rule, or found by trying.

use std::collections::{BTreeMap, BTreeSet};

use outlay_connect::mapping::{self, Kind, Rules};
use outlay_connect::{Connector, Object, Record};
use serde_json::Value as Json;

use super::view::{Outcome, RawValue, RecordView};

/// Values of a raw record that are told by their paths.
const LEAVES: usize = 400;

/// A record read by the rules in force, and which of its values each field comes from.
pub(super) struct Reading {
    /// Its canonical fields.
    pub texts: BTreeMap<&'static str, String>,
    sources: BTreeMap<&'static str, Vec<String>>,
    /// As it is shown.
    pub view: RecordView,
}

impl Reading {
    /// Reads a record by `connector`; `outcome` is what that gives.
    pub fn of(
        connector: &dyn Connector,
        object: Object,
        rules: &Rules,
        id: &str,
        raw: &Json,
        outcome: Outcome,
    ) -> Reading {
        let leaves = mapping::leaves(raw, LEAVES);
        let (texts, label, refused) = match &outcome {
            Ok(Some(record)) => (mapping::texts(&record.body), record.body.label().to_owned(), None),
            Ok(None) => (BTreeMap::new(), id.to_owned(), None),
            Err(rejected) => (BTreeMap::new(), id.to_owned(), Some(rejected.reason.clone())),
        };
        let mut sources: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        let mut used: BTreeSet<&str> = BTreeSet::new();
        for (field, _) in mapping::fields(object) {
            let Some(rule) = rules.get(*field) else { continue };
            let currency = rule.currency.iter().flat_map(|c| &c.from);
            let paths: Vec<&String> = rule.from.iter().chain(currency).collect();
            let under = |leaf: &str| {
                let within = |path: &&&String| {
                    leaf.strip_prefix(path.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                };
                paths.iter().any(|path| within(&path))
            };
            let mine: Vec<&str> = leaves
                .iter()
                .map(|(path, _)| path.as_str())
                .filter(|leaf| under(leaf))
                .collect();
            used.extend(&mine);
            sources.insert(field, mine.into_iter().map(str::to_owned).collect());
        }
        if let Ok(Some(whole)) = &outcome {
            let without = Without {
                connector,
                whole,
                raw,
                texts: &texts,
            };
            let mut guessed: Vec<(&'static str, &String)> = Vec::new();
            for (path, text) in &leaves {
                let fields = match without.fields(path) {
                    Found::Nothing => continue,
                    Found::Fields(fields) => fields,
                    Found::Needed => {
                        let bears = |t: &&String| *t == text || t.split(' ').any(|word| word == text);
                        let bearing = texts.iter().filter(|(_, t)| bears(t));
                        guessed.extend(bearing.map(|(field, _)| (*field, path)));
                        Vec::new()
                    }
                };
                used.insert(path);
                for field in fields.into_iter().filter(|f| !rules.contains_key(*f)) {
                    sources.entry(field).or_default().push(path.clone());
                }
            }
            let known: BTreeSet<&'static str> = sources.keys().copied().collect();
            // An amount is known by its number, and its currency by its text.
            for (field, path) in guessed {
                let money = mapping::fields(object).contains(&(field, Kind::Money));
                if !rules.contains_key(field) && (money || !known.contains(field)) && *path != "id" {
                    sources.entry(field).or_default().push(path.clone());
                }
            }
        }
        let values = leaves.iter().map(|(path, value)| RawValue {
            path: path.clone(),
            value: value.clone(),
            // Marks of the format, such as Tryton's `__class__`, are no fields.
            mapped: used.contains(path.as_str()) || path.rsplit('.').next().is_some_and(|step| step.starts_with("__")),
        });
        Reading {
            view: RecordView {
                external_id: id.to_owned(),
                label,
                refused,
                raw: serde_json::to_string_pretty(raw).unwrap_or_default(),
                values: values.collect(),
            },
            texts,
            sources,
        }
    }

    /// What a field comes from.
    pub fn sources(&self, field: &str) -> Vec<RawValue> {
        let paths = self.sources.get(field).into_iter().flatten();
        paths
            .filter_map(|path| self.view.values.iter().find(|v| v.path == *path))
            .cloned()
            .collect()
    }
}

/// A record without one of its values. What the connector's own code reads is found by trying.
struct Without<'a> {
    connector: &'a dyn Connector,
    whole: &'a Record,
    raw: &'a Json,
    texts: &'a BTreeMap<&'static str, String>,
}

/// What comes from a value.
enum Found {
    /// No field, and neither id nor time.
    Nothing,
    /// These fields, or id and time alone.
    Fields(Vec<&'static str>),
    /// Without it nothing is understood: what comes from it is told by its text.
    Needed,
}

impl Without<'_> {
    fn fields(&self, path: &str) -> Found {
        let Ok(record) = self.read(path) else {
            let around = path.rsplit_once('.').and_then(|(around, _)| self.read(around).ok());
            let near = around.map(|record| self.differing(&record)).unwrap_or_default();
            return if near.is_empty() {
                Found::Needed
            } else {
                Found::Fields(near)
            };
        };
        let fields = self.differing(&record);
        let same = record.mark() == self.whole.mark() && record.deleted == self.whole.deleted;
        match fields.is_empty() && same {
            true => Found::Nothing,
            false => Found::Fields(fields),
        }
    }

    fn read(&self, path: &str) -> Result<Record, ()> {
        let mut raw = self.raw.clone();
        mapping::empty(&mut raw, path);
        self.connector
            .understand(self.whole.object, &raw)
            .ok()
            .flatten()
            .ok_or(())
    }

    fn differing(&self, record: &Record) -> Vec<&'static str> {
        let now = mapping::texts(&record.body);
        let fields = mapping::fields(record.object).iter().map(|(field, _)| *field);
        fields.filter(|f| now.get(f) != self.texts.get(f)).collect()
    }
}
