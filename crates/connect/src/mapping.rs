//! How a CRM's fields become canonical ones, as data: connectors bring a mapping, administrators change it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use outlay_core::{Currency, Money};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::{Account, Activity, Canonical, Contact, CrmUser, Deal, Object, Order, Project, StageKind};

/// The rules for each object. What no rule speaks of stays empty; the raw record is kept whole beside.
pub type Mapping = BTreeMap<Object, Rules>;
/// The rule for each canonical field, by its name in JSON.
pub type Rules = BTreeMap<String, Rule>;

/// Where one canonical field comes from. In YAML and JSON a rule of nothing but one path may be written as that path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", default)]
pub struct Rule {
    /// Paths into the raw record, such as `properties.amount` or `partner_id.0`; the first that is not empty counts.
    pub from: Vec<String>,
    /// Joins what all paths give by this text, instead of taking the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<String>,
    /// Replaces whole values: a stage by `won`, `RMB` by `CNY`. Other values stay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub words: BTreeMap<String, String>,
    /// For an amount: where its currency comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Box<Rule>>,
    /// For an amount: rounds half up to the currency's smallest unit instead of refusing more decimals.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub round: bool,
    /// For a share: the number that stands for the whole, 1 or 100; 100 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<u32>,
    /// What an empty field becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "write a path, or a rule with from, join, words, currency, round, whole and default"
)]
enum Written {
    Path(String),
    Rule(Full),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Full {
    #[serde(default)]
    from: OneOrMany,
    join: Option<String>,
    #[serde(default)]
    words: BTreeMap<String, String>,
    currency: Option<Box<Rule>>,
    #[serde(default)]
    round: bool,
    whole: Option<u32>,
    default: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        OneOrMany::Many(Vec::new())
    }
}

impl From<Written> for Rule {
    fn from(written: Written) -> Self {
        match written {
            Written::Path(path) => Rule {
                from: vec![path],
                ..Rule::default()
            },
            Written::Rule(rule) => Rule {
                from: match rule.from {
                    OneOrMany::One(path) => vec![path],
                    OneOrMany::Many(paths) => paths,
                },
                join: rule.join,
                words: rule.words,
                currency: rule.currency,
                round: rule.round,
                whole: rule.whole,
                default: rule.default,
            },
        }
    }
}

/// What a canonical field holds, which decides how a raw value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Text; numbers are written out.
    Text,
    /// The id of another record: a text, a number, `[id, name]` or an object with `id`.
    Reference,
    /// Money, with the rule's currency.
    Money,
    /// A day: `2026-11-24`, a time in RFC 3339 or `YYYY-MM-DD HH:MM:SS` (UTC), or milliseconds since 1970.
    Date,
    /// Whole per cent.
    Percent,
    /// `true`, `false`, 1, 0.
    Truth,
    /// `open`, `won` or `lost`.
    Stage,
}

/// The canonical fields of an object, in the order that people read them, and what each holds.
pub const fn fields(object: Object) -> &'static [(&'static str, Kind)] {
    use Kind::{Date, Money, Percent, Reference, Stage, Text, Truth};
    match object {
        Object::Account => &[
            ("name", Text),
            ("code", Text),
            ("tax_id", Text),
            ("country", Text),
            ("city", Text),
            ("owner", Reference),
            ("phone", Text),
            ("email", Text),
            ("website", Text),
            ("industry", Text),
        ],
        Object::Contact => &[
            ("name", Text),
            ("account", Reference),
            ("email", Text),
            ("phone", Text),
            ("title", Text),
        ],
        Object::Deal => &[
            ("name", Text),
            ("number", Text),
            ("account", Reference),
            ("contact", Reference),
            ("owner", Reference),
            ("stage", Text),
            ("stage_kind", Stage),
            ("amount", Money),
            ("close_on", Date),
            ("probability", Percent),
            ("project", Reference),
        ],
        Object::Project => &[
            ("name", Text),
            ("code", Text),
            ("account", Reference),
            ("deal", Reference),
            ("owner", Reference),
            ("state", Text),
        ],
        Object::Order => &[
            ("number", Text),
            ("account", Reference),
            ("deal", Reference),
            ("amount", Money),
            ("state", Text),
            ("ordered_on", Date),
        ],
        Object::Activity => &[
            ("kind", Text),
            ("account", Reference),
            ("contact", Reference),
            ("deal", Reference),
            ("owner", Reference),
            ("on", Date),
            ("until", Date),
            ("place", Text),
            ("subject", Text),
        ],
        Object::CrmUser => &[("name", Text), ("email", Text), ("login", Text), ("active", Truth)],
    }
}

/// The field without which a record is of no use.
const fn needed(object: Object) -> &'static str {
    match object {
        Object::Order => "number",
        Object::Activity => "subject",
        _ => "name",
    }
}

/// Reads `raw` by `rules`. Fails with the field and what is wrong with it: `amount: "RMB" is no ISO 4217 currency`.
pub fn build(object: Object, rules: &Rules, raw: &Value) -> Result<Canonical, String> {
    let body = match object {
        Object::Account => Canonical::Account(Account::default()),
        Object::Contact => Canonical::Contact(Contact::default()),
        Object::Deal => Canonical::Deal(Deal::default()),
        Object::Project => Canonical::Project(Project::default()),
        Object::Order => Canonical::Order(Order::default()),
        Object::Activity => Canonical::Activity(Activity::default()),
        Object::CrmUser => Canonical::CrmUser(CrmUser {
            active: true,
            ..CrmUser::default()
        }),
    };
    overlay(body, rules, raw)
}

/// Replaces those fields of `body` that `rules` speak of. As [`build`] otherwise.
pub fn overlay(body: Canonical, rules: &Rules, raw: &Value) -> Result<Canonical, String> {
    let object = body.object();
    let mut json = serde_json::to_value(&body).map_err(|e| e.to_string())?;
    for (field, kind) in fields(object) {
        let Some(rule) = rules.get(*field) else { continue };
        let value = rule.read(*kind, raw).map_err(|reason| format!("{field}: {reason}"))?;
        match value {
            Some(value) => json[*field] = value,
            None if *kind == Kind::Truth => {}
            None => _ = json.as_object_mut().and_then(|members| members.remove(*field)),
        }
    }
    let needed = needed(object);
    if json[needed].as_str().is_none_or(str::is_empty) {
        return Err(format!("{needed}: is empty"));
    }
    serde_json::from_value(json).map_err(|e| e.to_string())
}

/// Refuses rules for fields that `object` does not have, naming the first.
pub fn check(object: Object, rules: &Rules) -> Result<(), String> {
    let known = |field: &&String| fields(object).iter().any(|(name, _)| name == field);
    match rules.keys().find(|field| !known(field)) {
        Some(field) => Err(format!("{field}: {object} has no such field")),
        None => Ok(()),
    }
}

impl Rule {
    /// A rule of one path.
    pub fn path(path: &str) -> Rule {
        Written::Path(path.into()).into()
    }

    /// What it makes of `raw` for a field of this kind, as it stands in the canonical record's JSON; none if all it
    /// reads is empty. Fails with what is wrong.
    pub fn read(&self, kind: Kind, raw: &Value) -> Result<Option<Value>, String> {
        let Some(text) = self.text(kind, raw) else {
            return Ok(None);
        };
        let value = match kind {
            Kind::Text | Kind::Reference => Value::String(text),
            Kind::Money => {
                let currency = self.currency.as_ref().and_then(|rule| rule.text(Kind::Text, raw));
                let currency = currency.ok_or("has no currency")?;
                let currency = Currency::parse(&currency.to_uppercase())
                    .map_err(|_| format!("{currency:?} is no ISO 4217 currency"))?;
                serde_json::to_value(self.money(&text, currency)?).map_err(|e| e.to_string())?
            }
            Kind::Date => Value::String(date(&text).ok_or_else(|| format!("{text:?} is no day"))?.to_string()),
            Kind::Percent => {
                let share: Decimal = number(&text)?;
                let whole = Decimal::from(self.whole.unwrap_or(100));
                let share = (share * Decimal::ONE_HUNDRED / whole)
                    .round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
                let share = u8::try_from(share).ok().filter(|s| *s <= 100);
                Value::from(share.ok_or_else(|| format!("{text} is no share"))?)
            }
            Kind::Truth => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" => Value::Bool(true),
                "false" | "0" | "no" => Value::Bool(false),
                _ => return Err(format!("{text:?} is neither true nor false")),
            },
            Kind::Stage => {
                let known = [StageKind::Open, StageKind::Won, StageKind::Lost];
                let kind = known.iter().find(|k| k.as_str() == text);
                // A stage that no word speaks of is one on the way.
                Value::from(kind.copied().unwrap_or(StageKind::Open).as_str())
            }
        };
        Ok(Some(value))
    }

    /// What the paths give, after `words` and `default`.
    fn text(&self, kind: Kind, raw: &Value) -> Option<String> {
        // Odoo writes `false` for "empty".
        let empty = |value: &Value| value == &Value::Bool(false) && kind != Kind::Truth;
        let values = self.from.iter().map(|path| at(raw, path));
        let mut found = values.filter(|value| !empty(value)).filter_map(plain);
        let text = match &self.join {
            Some(between) => Some(found.collect::<Vec<_>>().join(between)).filter(|t| !t.is_empty()),
            None => found.next(),
        };
        let text = text.map(|t| self.words.get(&t).cloned().unwrap_or(t));
        text.or_else(|| self.default.clone()).filter(|t| !t.is_empty())
    }

    fn money(&self, text: &str, currency: Currency) -> Result<Money, String> {
        let mut exact = number(text)?;
        if self.round {
            exact = exact.round_dp_with_strategy(currency.decimals(), RoundingStrategy::MidpointAwayFromZero);
        }
        Money::parse(&exact.normalize().to_string(), currency).map_err(|e| e.to_string())
    }
}

fn number(text: &str) -> Result<Decimal, String> {
    let exact = text.parse().or_else(|_| Decimal::from_scientific(text));
    exact.map_err(|_| format!("{text:?} is no number"))
}

/// The value at a path of names and positions, joined by dots; a name that itself holds dots is tried first.
pub fn at<'v>(raw: &'v Value, path: &str) -> &'v Value {
    if let Some(value) = raw.get(path) {
        return value;
    }
    path.split('.')
        .try_fold(raw, |value, step| match step.parse::<usize>() {
            Ok(n) => value.get(n),
            Err(_) => value.get(step),
        })
        .unwrap_or(&Value::Null)
}

/// The paths of all that is no list and no object in `raw`, at most `most`, each with its text; empty ones are left out.
pub fn leaves(raw: &Value, most: usize) -> Vec<(String, String)> {
    fn walk(value: &Value, path: &str, most: usize, found: &mut Vec<(String, String)>) {
        let under = |step: &str| match path {
            "" => step.to_owned(),
            _ => format!("{path}.{step}"),
        };
        match value {
            _ if found.len() >= most => {}
            Value::Object(members) => {
                for (name, value) in members {
                    walk(value, &under(name), most, found);
                }
            }
            Value::Array(items) => {
                for (n, value) in items.iter().enumerate() {
                    walk(value, &under(&n.to_string()), most, found);
                }
            }
            _ => found.extend(plain(value).map(|text| (path.to_owned(), text))),
        }
    }
    let mut found = Vec::new();
    walk(raw, "", most, &mut found);
    found
}

/// Empties the value at a path that [`leaves`] gave.
pub fn empty(raw: &mut Value, path: &str) {
    if let Some(value) = raw.get_mut(path) {
        *value = Value::Null;
        return;
    }
    let mut place = raw;
    for step in path.split('.') {
        let next = match step.parse::<usize>() {
            Ok(n) if place.is_array() => place.get_mut(n),
            _ => place.get_mut(step),
        };
        match next {
            Some(next) => place = next,
            None => return,
        }
    }
    *place = Value::Null;
}

/// A canonical record's fields as text, by name; empty ones are left out. An amount reads `12400.50 CNY`.
pub fn texts(body: &Canonical) -> BTreeMap<&'static str, String> {
    let json = serde_json::to_value(body).unwrap_or_default();
    let text = |(field, kind): &(&'static str, Kind)| {
        let value = &json[*field];
        let text = match kind {
            Kind::Money => serde_json::from_value::<Money>(value.clone()).ok()?.to_string(),
            _ => plain(value)?,
        };
        Some((*field, text))
    };
    fields(body.object()).iter().filter_map(text).collect()
}

/// A value as text; none if there is nothing to read. Of `[id, name]` and `{"id": …}` it is the id.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Array(items) => return plain(items.first()?),
        Value::Object(members) => return plain(members.get("id")?),
        Value::Null => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn date(text: &str) -> Option<Date> {
    if let Ok(millis) = text.parse::<i64>() {
        return Some(
            TimeZone::UTC
                .to_datetime(Timestamp::from_millisecond(millis).ok()?)
                .date(),
        );
    }
    let day = text.get(..10)?;
    day.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(yaml: &str) -> Rules {
        serde_norway::from_str(yaml).expect("rules")
    }

    fn deal(yaml: &str, raw: &Value) -> Result<Deal, String> {
        match build(Object::Deal, &rules(yaml), raw)? {
            Canonical::Deal(deal) => Ok(deal),
            _ => unreachable!("a deal was asked for"),
        }
    }

    const DEAL: &str = "
        name: name
        account: partner_id
        owner: {from: [user.id, user_id]}
        stage: stage_id.1
        stage_kind: {from: status, words: {closedwon: won, closedlost: lost}}
        amount: {from: revenue, currency: {from: money.code, words: {RMB: CNY}, default: EUR}}
        close_on: closes
        probability: {from: chance, whole: 1}
    ";

    #[test]
    fn a_deal_is_read_by_rules_alone() {
        let raw = json!({
            "name": " 华东二期 ", "partner_id": [42, "Lanstone"], "user_id": 7, "stage_id": [3, "Won"], "status": "closedwon",
            "revenue": 12400.5, "money": {"code": "RMB"}, "closes": "2026-11-24 16:30:00", "chance": 0.455, "extra": 1
        });
        let deal = deal(DEAL, &raw).expect("a deal");
        assert_eq!((deal.name.as_str(), deal.stage.as_str()), ("华东二期", "Won"));
        assert_eq!(
            (deal.account.as_deref(), deal.owner.as_deref()),
            (Some("42"), Some("7"))
        );
        assert_eq!(deal.stage_kind, StageKind::Won);
        assert_eq!(deal.amount.map(|m| m.to_string()).as_deref(), Some("12400.50 CNY"));
        assert_eq!(deal.close_on.map(|d| d.to_string()).as_deref(), Some("2026-11-24"));
        assert_eq!(deal.probability, Some(46));
    }

    #[test]
    fn what_is_empty_stays_empty() {
        let raw = json!({"name": "x", "partner_id": false, "stage_id": null, "revenue": "", "closes": false});
        let found = deal(DEAL, &raw).expect("a deal");
        assert_eq!(found.account, None);
        assert_eq!((found.stage.as_str(), found.stage_kind), ("", StageKind::Open));
        assert_eq!((found.amount, found.close_on, found.probability), (None, None, None));
        assert_eq!(deal(DEAL, &json!({"partner_id": 1})), Err("name: is empty".into()));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_field() {
        let wrong = |raw: Value| deal(DEAL, &raw).expect_err("refused");
        assert_eq!(
            wrong(json!({"name": "x", "revenue": 1, "money": {"code": "RMBX"}})),
            "amount: \"RMBX\" is no ISO 4217 currency"
        );
        assert!(wrong(json!({"name": "x", "revenue": "12400.125"})).starts_with("amount: EUR has 2 decimals"));
        assert_eq!(
            wrong(json!({"name": "x", "revenue": "many"})),
            "amount: \"many\" is no number"
        );
        assert_eq!(
            wrong(json!({"name": "x", "closes": "soon"})),
            "close_on: \"soon\" is no day"
        );
        assert!(check(Object::Deal, &rules("nome: name")).is_err());
    }

    #[test]
    fn amounts_are_rounded_only_where_asked() {
        let raw = json!({"name": "x", "revenue": "12400.125"});
        let yaml = "{name: name, amount: {from: revenue, round: true, currency: {default: CNY}}}";
        let amount = deal(yaml, &raw).expect("a deal").amount;
        assert_eq!(amount.map(|m| m.to_string()).as_deref(), Some("12400.13 CNY"));
    }

    #[test]
    fn a_change_of_one_rule_leaves_the_other_fields_alone() {
        let body = Canonical::Contact(Contact {
            name: "王芳".into(),
            phone: Some("1".into()),
            ..Contact::default()
        });
        let raw = json!({"mobile": "+86 139", "names": {"first": "Fang", "last": "Wang"}});
        let changed = overlay(body, &rules("phone: mobile"), &raw).expect("a contact");
        assert!(matches!(&changed, Canonical::Contact(c) if c.name == "王芳" && c.phone.as_deref() == Some("+86 139")));
        let joined = "name: {from: [names.first, names.last], join: ' '}";
        let changed = overlay(changed, &rules(joined), &raw).expect("a contact");
        assert_eq!(changed.label(), "Fang Wang");
    }

    #[test]
    fn a_raw_record_is_told_by_its_paths() {
        let mut raw = json!({"a": {"b.c": 1, "d": [true, {"e": " x "}]}, "f": null, "g": ""});
        let texts = |raw: &Value| {
            leaves(raw, 9)
                .into_iter()
                .map(|(p, t)| format!("{p}={t}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(texts(&raw), ["a.b.c=1", "a.d.0=true", "a.d.1.e=x"]);
        assert_eq!(leaves(&raw, 1).len(), 1);
        empty(&mut raw, "a.d.1.e");
        assert_eq!(texts(&raw), ["a.b.c=1", "a.d.0=true"]);
        let body = deal(
            "{name: a.b, amount: {from: n, currency: {default: CNY}}}",
            &json!({"a": {"b": "x"}, "n": 5}),
        );
        let texts = super::texts(&Canonical::Deal(body.expect("a deal")));
        assert_eq!((texts["name"].as_str(), texts["amount"].as_str()), ("x", "5.00 CNY"));
        assert_eq!((texts["stage_kind"].as_str(), texts.get("project")), ("open", None));
    }

    #[test]
    fn every_canonical_field_can_be_mapped() {
        for object in Object::ALL {
            let raw = json!({"name": "x", "number": "x", "subject": "x"});
            let rules = ["name", "number", "subject"].map(|f| (f.to_owned(), Rule::path(f)));
            let rules = rules
                .into_iter()
                .filter(|(f, _)| fields(object).iter().any(|(n, _)| n == f))
                .collect();
            let json = serde_json::to_value(build(object, &rules, &raw).expect("built")).expect("JSON");
            let mut held: Vec<&str> = json.as_object().expect("members").keys().map(String::as_str).collect();
            held.retain(|k| *k != "object");
            let mut known: Vec<&str> = fields(object).iter().map(|(n, _)| *n).collect();
            held.sort_unstable();
            known.sort_unstable();
            assert_eq!(held, known, "{object}");
        }
    }
}
