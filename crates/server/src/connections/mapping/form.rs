//! A rule as a form: paths one a line, words as lines `from = to`.

use std::collections::BTreeMap;

use outlay_connect::Rule;
use outlay_connect::mapping::Kind;
use outlay_core::claim::Problem;
use serde::Deserialize;

/// What the form of one field holds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Entered {
    /// The kind of record.
    pub object: String,
    /// The canonical field.
    pub field: String,
    /// The record that is looked at.
    pub record: String,
    /// Paths, one a line.
    pub from: String,
    /// `all`, to join what all paths give.
    pub pick: String,
    /// What stands between them.
    pub join: String,
    /// Lines `from = to`.
    pub words: String,
    /// Of an amount: paths of its currency, one a line.
    pub currency: String,
    /// Of an amount: lines `from = to` for its currency.
    pub currency_words: String,
    /// Of an amount: its currency where the record has none.
    pub currency_default: String,
    /// Whether amounts are rounded.
    pub round: bool,
    /// `1` or `100`.
    pub whole: String,
    /// What an empty field becomes.
    pub default: String,
    /// A path to add to `from`.
    pub add: String,
    /// A path to add to `currency`.
    pub add_currency: String,
    /// Whether the usual rule shall hold again.
    pub usual: bool,
}

impl Entered {
    /// The form of a field, filled with its rule.
    pub fn of(object: &str, field: &str, record: &str, rule: Option<&Rule>) -> Entered {
        let rule = rule.cloned().unwrap_or_default();
        let currency = rule.currency.as_deref().cloned().unwrap_or_default();
        Entered {
            object: object.to_owned(),
            field: field.to_owned(),
            record: record.to_owned(),
            from: rule.from.join("\n"),
            pick: if rule.join.is_some() { "all" } else { "" }.to_owned(),
            join: rule.join.unwrap_or_else(|| " ".into()),
            words: written(&rule.words),
            currency: currency.from.join("\n"),
            currency_words: written(&currency.words),
            currency_default: currency.default.unwrap_or_default(),
            round: rule.round,
            whole: rule.whole.unwrap_or(100).to_string(),
            default: rule.default.unwrap_or_default(),
            ..Entered::default()
        }
    }

    /// Adds the paths that were picked; whether there were any.
    pub fn picked(&mut self) -> bool {
        let mut any = false;
        for (path, to) in [
            (&mut self.add, &mut self.from),
            (&mut self.add_currency, &mut self.currency),
        ] {
            let path = std::mem::take(path);
            any |= !path.is_empty();
            if !path.is_empty() && !to.lines().any(|line| line.trim() == path) {
                *to = format!("{}\n{path}", to.trim_end()).trim_start().to_owned();
            }
        }
        any
    }

    /// The rule, for a field of this kind; parts of the form that such a field has not are passed over.
    pub fn rule(&self, kind: Kind) -> Result<Rule, Vec<Problem>> {
        let mut wrong = Vec::new();
        let place = format!("rules.{}", self.field);
        let speaks = matches!(kind, Kind::Text | Kind::Reference | Kind::Stage);
        let mut words = |of: &str, text: &str| match read(text) {
            Ok(words) => words,
            Err(line) => {
                wrong.push(Problem::new(format!("{place}.{of}"), "mapping-line").with("line", line));
                BTreeMap::new()
            }
        };
        let rule = Rule {
            from: lines(&self.from),
            join: (self.pick == "all" && kind == Kind::Text).then(|| self.join.clone()),
            words: if speaks {
                words("words", &self.words)
            } else {
                BTreeMap::new()
            },
            currency: (kind == Kind::Money).then(|| {
                Box::new(Rule {
                    from: lines(&self.currency),
                    words: words("currency.words", &self.currency_words),
                    default: filled(&self.currency_default),
                    ..Rule::default()
                })
            }),
            round: self.round && kind == Kind::Money,
            whole: (kind == Kind::Percent && self.whole == "1").then_some(1),
            default: filled(&self.default),
        };
        if wrong.is_empty() { Ok(rule) } else { Err(wrong) }
    }

    /// The form's fields, to be sent again.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        let mut pairs = vec![
            ("object", self.object.as_str()),
            ("field", &self.field),
            ("record", &self.record),
            ("from", &self.from),
            ("pick", &self.pick),
            ("join", &self.join),
            ("words", &self.words),
            ("currency", &self.currency),
            ("currency_words", &self.currency_words),
            ("currency_default", &self.currency_default),
            ("whole", &self.whole),
            ("default", &self.default),
        ];
        for (name, is) in [("round", self.round), ("usual", self.usual)] {
            if is {
                pairs.push((name, "true"));
            }
        }
        pairs
    }
}

fn filled(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}

fn lines(text: &str) -> Vec<String> {
    text.lines().filter_map(filled).collect()
}

fn written(words: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = words.iter().map(|(from, to)| format!("{from} = {to}")).collect();
    lines.join("\n")
}

/// The line that is none, if there is one.
fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
    let line = |line: String| match line.rsplit_once('=') {
        Some((from, to)) if !from.trim().is_empty() => Ok((from.trim().to_owned(), to.trim().to_owned())),
        _ => Err(line),
    };
    lines(text).into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_survives_its_form() {
        let currency = Rule {
            from: vec!["currency.code".into()],
            words: BTreeMap::from([("RMB".into(), "CNY".into()), ("a=b".into(), "EUR".into())]),
            default: Some("CNY".into()),
            ..Rule::default()
        };
        let rule = Rule {
            from: vec!["amount".into(), "total".into()],
            currency: Some(Box::new(currency)),
            round: true,
            default: Some("0".into()),
            ..Rule::default()
        };
        let form = Entered::of("deal", "amount", "", Some(&rule));
        assert_eq!(form.rule(Kind::Money), Ok(rule));
        let name = Rule {
            from: vec!["first".into(), "last".into()],
            join: Some(" ".into()),
            words: BTreeMap::from([("x".into(), "y".into())]),
            ..Rule::default()
        };
        let mut form = Entered::of("contact", "name", "", Some(&name));
        assert_eq!(form.rule(Kind::Text), Ok(name));
        form.words = "no such line".into();
        let wrong = form.rule(Kind::Text).expect_err("refused");
        assert_eq!(
            (wrong[0].field.as_str(), wrong[0].code.as_str()),
            ("rules.name.words", "mapping-line")
        );
    }

    #[test]
    fn a_path_is_picked_once() {
        let mut form = Entered::of("deal", "name", "", None);
        for path in ["a.b", "c", "a.b"] {
            form.add = path.into();
            assert!(form.picked());
        }
        assert_eq!(form.from, "a.b\nc");
        assert!(!form.picked());
    }
}
