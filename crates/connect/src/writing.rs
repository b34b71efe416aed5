//! Writing back as every CRM wants it done: figures only when they are news, one note found by its marker, and changed
//! fields only where the CRM still holds what the person saw. A connector says how each is read and sent ([`Writes`]).

use async_trait::async_trait;
use jiff::Timestamp;
use outlay_core::{Currency, Money};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Map, Value};

use crate::{
    canonical::{Object, Record},
    connector::{Conflict, Error, FieldChange, Target, Write, Written, no_todos},
    edit::{same, text},
    manifest::ObjectManifest,
    mapping::{self, Kind, Mapping},
};

/// Characters of a note.
pub const MAX_NOTE: usize = 20_000;
/// How often changed fields are compared anew when somebody else is quicker.
const ROUNDS: usize = 3;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Cost figures.
    Costs,
    /// A note.
    Note,
    /// Changed fields.
    Fields,
}

/// Totals to be written, of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// What was paid so far.
    pub paid: Money,
    /// What is not paid yet.
    pub pending: Money,
    /// When they were taken, in whole seconds, since many CRMs keep no finer ones.
    pub as_of: Timestamp,
}

/// Totals as the CRM holds them; what it lacks is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Held {
    /// What was paid.
    pub paid: Option<Decimal>,
    /// What was not paid yet.
    pub pending: Option<Decimal>,
    /// The code of their currency.
    pub currency: Option<String>,
    /// When they were taken.
    pub as_of: Option<Timestamp>,
}

/// A note to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note<'a> {
    /// What it is found by.
    pub marker: &'a str,
    /// Its rising number.
    pub revision: u64,
    /// Plain text, in lines.
    pub text: &'a str,
}

/// How one CRM is written to. All of it may be repeated after a lost answer.
#[async_trait]
pub trait Writes: Sync {
    /// Refuses a target that is not written to, or whose id is none of this CRM. Asks nothing of the network.
    fn place(&self, target: &Target, what: What) -> Result<(), Error>;

    /// The target as it is now; [`Error::Gone`] if it is not there any more.
    async fn living(&self, target: &Target) -> Result<Record, Error>;

    /// The figures that the target bears; [`Error::Gone`] as before, [`Error::Setup`] with advice if the CRM lacks the fields.
    async fn held(&self, target: &Target) -> Result<Held, Error>;

    /// Sets the figures.
    async fn put_figures(&self, target: &Target, figures: &Figures) -> Result<(), Error>;

    /// The notes that bear this marker, oldest first, each with its revision.
    async fn notes(&self, target: &Target, marker: &str) -> Result<Vec<(String, u64)>, Error>;

    /// Writes the note in place of the one whose id is `old`, or anew; gives its id.
    async fn put_note(&self, target: &Target, note: Note<'_>, old: Option<&str>) -> Result<String, Error>;

    /// Takes a note away that bears the marker of another.
    async fn drop_note(&self, id: &str) -> Result<(), Error>;

    /// The CRM's name of a canonical field and what it holds; refused if it cannot be written. See [`writable`].
    fn writable(&self, object: Object, field: &str) -> Result<(&'static str, Kind), Error>;

    /// The new value of `field` as the CRM takes it.
    async fn value(&self, kind: Kind, field: &str, change: &FieldChange, record: &Record) -> Result<Value, Error>;

    /// Changes fields of `record`; false if somebody changed it since it was read, and then nothing is written.
    async fn change(&self, target: &Target, record: &Record, values: Map<String, Value>) -> Result<bool, Error>;
}

/// Does a write. This is [`crate::Connector::push`] for whatever can be written to so.
pub async fn push(crm: &impl Writes, write: &Write) -> Result<Written, Error> {
    match write {
        Write::CostFigures {
            target,
            paid,
            pending,
            as_of,
        } => {
            if paid.currency != pending.currency {
                return Err(Error::Setup("paid and pending must be of one currency".into()));
            }
            let as_of = Timestamp::from_second(as_of.as_second()).unwrap_or(*as_of);
            let figures = Figures {
                paid: *paid,
                pending: *pending,
                as_of,
            };
            costs(crm, target, &figures).await
        }
        Write::Note {
            target,
            marker,
            revision,
            text,
        } => {
            let note = Note {
                marker,
                revision: *revision,
                text,
            };
            one_note(crm, target, note).await
        }
        Write::Fields { target, changes } => fields(crm, target, changes).await,
        Write::Todo { .. } => Err(no_todos()),
    }
}

async fn costs(crm: &impl Writes, target: &Target, figures: &Figures) -> Result<Written, Error> {
    crm.place(target, What::Costs)?;
    let held = crm.held(target).await?;
    let theirs = held.as_of.map(Timestamp::as_second);
    let ours = figures.as_of.as_second();
    let same = theirs == Some(ours)
        && held.currency.as_deref() == Some(figures.paid.currency.code())
        && is_amount(held.paid, figures.paid)
        && is_amount(held.pending, figures.pending);
    let changed = !same && theirs.is_none_or(|theirs| theirs <= ours);
    if changed {
        crm.put_figures(target, figures).await?;
    }
    Ok(Written {
        external_id: target.external_id.clone(),
        changed,
        revision: Some(crm.living(target).await?.revision),
        conflicts: Vec::new(),
    })
}

async fn one_note(crm: &impl Writes, target: &Target, note: Note<'_>) -> Result<Written, Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if note.marker.is_empty() || note.marker.len() > 80 || !note.marker.chars().all(plain) {
        return Err(Error::Setup(
            "a note's marker is 1 to 80 letters, digits, - or .".into(),
        ));
    }
    if note.text.chars().count() > MAX_NOTE {
        return Err(Error::Setup(format!("a note has at most {MAX_NOTE} characters")));
    }
    crm.place(target, What::Note)?;
    crm.living(target).await?;
    let found = crm.notes(target, note.marker).await?;
    // Two tries at once may have written two: the oldest stays, and others of this marker would mislead.
    for (extra, _) in found.iter().skip(1) {
        crm.drop_note(extra).await?;
    }
    let (external_id, changed) = match found.first() {
        Some((id, held)) if *held >= note.revision => (id.clone(), false),
        old => (crm.put_note(target, note, old.map(|(id, _)| id.as_str())).await?, true),
    };
    Ok(Written {
        external_id,
        changed,
        revision: None,
        conflicts: Vec::new(),
    })
}

async fn fields(crm: &impl Writes, target: &Target, changes: &[FieldChange]) -> Result<Written, Error> {
    crm.place(target, What::Fields)?;
    for _ in 0..ROUNDS {
        let record = crm.living(target).await?;
        let (mut values, mut conflicts) = (Map::new(), Vec::new());
        for change in changes {
            let (field, kind) = crm.writable(target.object, &change.field)?;
            let theirs = text(&record, &change.field);
            if same(kind, &theirs, &change.after) {
                continue;
            }
            if !same(kind, &theirs, &change.before) {
                conflicts.push(Conflict {
                    field: change.field.clone(),
                    theirs,
                });
                continue;
            }
            values.insert(field.to_owned(), crm.value(kind, field, change, &record).await?);
        }
        let written = |changed, revision| Written {
            external_id: target.external_id.clone(),
            changed,
            revision: Some(revision),
            conflicts,
        };
        if values.is_empty() {
            return Ok(written(false, record.revision));
        }
        if crm.change(target, &record, values).await? {
            return Ok(written(true, crm.living(target).await?.revision));
        }
    }
    Err(Error::Retry { after: None })
}

/// The CRM's name of a canonical field, if the manifest lets it be written and the rules in force read it from there, in
/// the paths that `reads` tells from the field's name.
pub fn writable(
    crm: &str,
    source: Option<&'static ObjectManifest>,
    mapping: &Mapping,
    field: &str,
    reads: impl Fn(&str, &str) -> bool,
) -> Result<(&'static str, Kind), Error> {
    let found = source.and_then(|source| {
        let (_, kind) = mapping::fields(source.object).iter().find(|(name, _)| *name == field)?;
        Some((source, source.writes.get(field)?, *kind))
    });
    let Some((source, theirs, kind)) = found else {
        return Err(Error::Setup(format!("{field} cannot be changed in {crm} from here")));
    };
    let rule = mapping.get(&source.object).and_then(|rules| rules.get(field));
    if !rule.is_some_and(|rule| rule.from.iter().any(|path| reads(path, theirs))) {
        return Err(Error::Setup(format!(
            "{field} of a {} is not read from {crm}'s {theirs}: it cannot be changed from here",
            source.object
        )));
    }
    Ok((theirs, kind))
}

/// What marks a note within its text or title.
pub fn mark(note: Note<'_>) -> String {
    format!("outlay:{}:{}", note.marker, note.revision)
}

/// The revision in a text that bears this marker.
pub fn marked(text: &str, marker: &str) -> Option<u64> {
    let after = text.split_once(&format!("outlay:{marker}:"))?.1;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Lines of plain text as HTML.
pub fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    for (n, line) in text.lines().enumerate() {
        if n > 0 {
            html.push_str("<br>");
        }
        for c in line.chars() {
            match c {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&quot;"),
                '\'' => html.push_str("&#39;"),
                c => html.push(c),
            }
        }
    }
    html
}

/// FNV-1a, to tell whether a text is another than before.
pub fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The error that the target is gone.
pub fn gone(target: &Target) -> Error {
    Error::Gone {
        object: target.object,
        external_id: target.external_id.clone(),
    }
}

/// An amount as a JSON number; its text goes over digit by digit.
pub fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A JSON number or a text as an exact number.
pub fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(n) => n.to_string(),
        _ => return None,
    };
    text.parse().or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// Reads `1200.50` or `1200.50 CNY`.
pub fn amount(text: &str) -> Option<(Decimal, Option<Currency>)> {
    let read = |number: &str| decimal(&Value::String(number.into()));
    match text.trim().split_once(' ') {
        Some((number, currency)) => Some((read(number)?, Some(Currency::parse(currency.trim()).ok()?))),
        None => Some((read(text)?, None)),
    }
}

fn is_amount(held: Option<Decimal>, amount: Money) -> bool {
    let decimals = amount.currency.decimals();
    held.map(|d| d.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)) == Some(amount.decimal())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_stays_text_and_the_marker_is_found() {
        assert_eq!(
            html("已支付 <b> & \"x\"\n第二行"),
            "已支付 &lt;b&gt; &amp; &quot;x&quot;<br>第二行"
        );
        let note = Note {
            marker: "cost.1",
            revision: 3,
            text: "",
        };
        let title = format!("已支付 [{}]", mark(note));
        assert_eq!(marked(&title, "cost.1"), Some(3));
        assert_eq!(marked(&title, "cost.11"), None);
        assert_eq!(marked(&title, "cost"), None);
    }

    #[test]
    fn amounts_are_read_and_compared_exactly() {
        let read = |text| amount(text).map(|(d, c)| (d.to_string(), c));
        assert_eq!(read("1200.50 CNY"), Some(("1200.50".into(), Some(Currency::CNY))));
        assert_eq!(read("7"), Some(("7".into(), None)));
        assert_eq!(read("7 XXXX"), None);
        assert_eq!(number("12345678901.23").to_string(), "12345678901.23");
        assert!(is_amount(
            decimal(&json!(10.100000000000001)),
            Money::new(1010, Currency::EUR)
        ));
        assert!(!is_amount(decimal(&json!("10.11")), Money::new(1010, Currency::EUR)));
        assert!(!is_amount(decimal(&json!(null)), Money::zero(Currency::EUR)));
        assert!(same(Kind::Money, "1200.5", "1200.50 CNY"));
    }
}
