//! The table of a rule: short in a policy's text, a decision table of DMN where it is asked, edited and exported.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::PolicySet;
use super::cell::{from_feel, quoted, to_feel};
use super::fact::{Fact, Values};
use super::number::Amount;
use crate::feel::{Kind, Value, constant};
use crate::money::parse_decimal;
use crate::table::{Compiled, HitPolicy, Input, Output, Place, Row, Table, TableError};
use crate::words::Text;

/// A table as finance writes it: columns that ask, one that answers, and rows of short cells.
///
/// ```yaml
/// hit: first
/// inputs: [grade, tier, season]
/// rows:
///   - [P9+, t1, "-", 1200]
///   - P9+ | - | - | 900
///   - ["-", "-", "-", none, "# no limit elsewhere"]
/// ```
/// A row is a list, or one text with `|` between the cells; what begins with `#` at its end is a remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleTable {
    /// Which rows count where several match: `first`, `unique`, `any`, `priority`, `least` or `greatest`.
    #[serde(default = "first", with = "hit")]
    pub hit: HitPolicy,
    /// What the columns ask, by the names of [`Fact`].
    pub inputs: Vec<String>,
    /// The rows, from the top.
    pub rows: Vec<RuleRow>,
}

/// A row of short cells: one for each input, and the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleRow {
    /// The cells, the answer last.
    pub cells: Vec<String>,
    /// A remark for people; has no effect.
    pub note: String,
}

fn first() -> HitPolicy {
    HitPolicy::First
}

/// What a table answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gives {
    /// An amount in the policy's currency, or `none`.
    Amount,
    /// An amount for one unit, with up to four decimals, or `none`: a kilometre, a night.
    Rate,
    /// A number of days, or `none`.
    Days,
    /// A grade of proof: `A`, `B`, `C` or `D`.
    Grade,
    /// The highest class of the policy that is allowed, or `none`.
    Class,
    /// `pass` or `person`.
    Decision,
    /// A share from 0 to 1: `5%` or `0.05`.
    Share,
}

impl Gives {
    /// The name of the column.
    pub fn code(self) -> &'static str {
        match self {
            Gives::Amount | Gives::Rate => "limit",
            Gives::Days => "days",
            Gives::Grade => "least",
            Gives::Class => "highest",
            Gives::Decision => "decision",
            Gives::Share => "share",
        }
    }

    /// The name of the column for people.
    pub fn name(self, lang: crate::words::Lang) -> &'static str {
        let (zh, en) = self.names();
        match lang {
            crate::words::Lang::Zh => zh,
            crate::words::Lang::En => en,
        }
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Gives::Amount => ("金额", "amount"),
            Gives::Rate => ("单价", "amount each"),
            Gives::Days => ("天数", "days"),
            Gives::Grade => ("最低证据等级", "least proof"),
            Gives::Class => ("最高席别", "highest class"),
            Gives::Decision => ("决定", "decision"),
            Gives::Share => ("比例", "share"),
        }
    }

    /// What may be written for it.
    fn expected(self, set: &PolicySet) -> Text {
        match self {
            Gives::Amount | Gives::Rate => Text::of(
                "金额，如 600 或 \"12.50\"，或 none",
                "an amount like 600 or \"12.50\", or the word none",
            ),
            Gives::Days => Text::of(
                "整数天数，如 90，或 none",
                "a whole number of days like 90, or the word none",
            ),
            Gives::Grade => Text::of("A、B、C、D 之一", "one of A, B, C, D"),
            Gives::Class => {
                let all: Vec<&str> = set.classes.iter().map(|c| c.code.as_str()).collect();
                let all = all.join(", ");
                Text::of(
                    format!("[{all}] 之一，或 none"),
                    format!("one of [{all}], or the word none"),
                )
            }
            Gives::Decision => Text::of("pass 或 person", "pass or person"),
            Gives::Share => Text::of("比例，如 5% 或 \"0.05\"", "a share like 5% or \"0.05\""),
        }
    }

    /// Its values where they can be listed, the strictest first.
    fn codes(self, set: &PolicySet) -> Vec<String> {
        match self {
            Gives::Grade => ["A", "B", "C", "D"].map(str::to_owned).to_vec(),
            Gives::Class => set.classes.iter().map(|c| c.code.clone()).collect(),
            Gives::Decision => ["person", "pass"].map(str::to_owned).to_vec(),
            Gives::Amount | Gives::Rate | Gives::Days | Gives::Share => Vec::new(),
        }
    }

    fn output(self, set: &PolicySet) -> Output {
        let codes = self.codes(set);
        let (zh, en) = self.names();
        Output {
            name: self.code().to_owned(),
            label: format!("{zh} {en}"),
            kind: if codes.is_empty() { Kind::Number } else { Kind::String }
                .name()
                .to_owned(),
            allowed: quoted(&codes),
            ..Output::default()
        }
    }

    /// A written answer in FEEL.
    fn feel(self, text: &str, set: &PolicySet) -> Result<String, Text> {
        let text = text.trim();
        let wrong = || {
            let expected = self.expected(set);
            Text::of(
                format!("{text:?} 不能作为结果：请写{}", expected.zh),
                format!("{text:?} is no answer here: write {}", expected.en),
            )
        };
        match self {
            Gives::Amount | Gives::Rate | Gives::Days | Gives::Class if matches!(text, "none" | "null") => {
                Ok("null".to_owned())
            }
            Gives::Amount | Gives::Rate => {
                if !text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
                    return Err(wrong());
                }
                let amount = Amount::parse(text).map_err(|said| Text::of(wrong().zh, said))?;
                if self == Gives::Rate && amount.scale() > 4 {
                    Err(Text::of(
                        format!("{text:?} 超过 4 位小数：请四舍五入"),
                        format!("{text:?} has more than 4 decimals: round it"),
                    ))
                } else if self == Gives::Rate || amount.fits(set.currency) {
                    Ok(text.to_owned())
                } else {
                    {
                        let (currency, decimals) = (set.currency, set.currency.decimals());
                        Err(Text::of(
                            format!("{currency} 有 {decimals} 位小数"),
                            format!("{currency} has {decimals} decimals"),
                        ))
                    }
                }
            }
            Gives::Days => text.parse::<u32>().map(|d| d.to_string()).map_err(|_| wrong()),
            Gives::Share => {
                let share = match text.strip_suffix(['%', '％']) {
                    Some(percent) => parse_decimal(percent.trim(), 4)
                        .ok()
                        .map(|d| d / rust_decimal::Decimal::ONE_HUNDRED),
                    None => parse_decimal(text, 6).ok(),
                };
                let share = share.filter(|s| *s <= rust_decimal::Decimal::ONE).ok_or_else(wrong)?;
                Ok(share.normalize().to_string())
            }
            Gives::Grade | Gives::Class | Gives::Decision => {
                let code = text.trim_matches('"');
                let known = self.codes(set).iter().any(|c| c == code);
                if known {
                    Ok(Value::text(code).to_string())
                } else {
                    Err(wrong())
                }
            }
        }
    }

    fn short(self, text: &str) -> String {
        match (self, constant(text.trim())) {
            (Gives::Amount | Gives::Rate | Gives::Days | Gives::Class, Some(Value::Null)) => "none".to_owned(),
            (_, None) if text.trim().is_empty() => "none".to_owned(),
            (_, Some(Value::Text(code))) => code.to_string(),
            _ => text.trim().to_owned(),
        }
    }
}

/// A place in a rule's table, for people: rows are counted from 1; the column is the name of an input, or of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CellPlace {
    /// The rule's id.
    pub rule: String,
    /// The row.
    pub row: Option<u32>,
    /// The column.
    pub column: Option<String>,
}

/// One thing wrong with a rule's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellProblem {
    /// The row, from 0.
    pub row: Option<usize>,
    /// The column, from 0; the answer comes after the inputs.
    pub column: Option<usize>,
    /// What, and how to mend it.
    pub message: Text,
}

impl RuleTable {
    /// What the columns ask; headings that are no [`Fact`] are problems.
    pub fn facts(&self) -> Result<Vec<Fact>, Vec<CellProblem>> {
        let mut problems = Vec::new();
        let mut facts: Vec<Fact> = Vec::new();
        for (column, heading) in self.inputs.iter().enumerate() {
            let mut say = |message| {
                problems.push(CellProblem {
                    row: None,
                    column: Some(column),
                    message,
                })
            };
            match Fact::parse(heading) {
                None => {
                    let all: Vec<&str> = Fact::ALL.iter().map(|f| f.code()).collect();
                    let all = all.join(", ");
                    say(Text::of(
                        format!("列不能问 {heading:?}：请用 {all} 之一"),
                        format!("{heading:?} is nothing a column can ask: use one of {all}"),
                    ));
                }
                Some(fact) if facts.contains(&fact) => say(Text::of(
                    format!("{heading:?} 有两列：请删除一列"),
                    format!("{heading:?} is there twice: remove one column"),
                )),
                Some(fact) => facts.push(fact),
            }
        }
        if problems.is_empty() { Ok(facts) } else { Err(problems) }
    }

    /// As a decision table with the rule's id; or all that is wrong with its cells.
    pub fn table(&self, id: &str, name: &str, gives: Gives, set: &PolicySet) -> Result<Table, Vec<CellProblem>> {
        let facts = self.facts()?;
        let mut problems = Vec::new();
        let values: Vec<Values> = facts.iter().map(|f| f.values(set)).collect();
        let mut rows = Vec::with_capacity(self.rows.len());
        for (at, row) in self.rows.iter().enumerate() {
            let wanted = facts.len() + 1;
            if row.cells.len() != wanted {
                problems.push(CellProblem {
                    row: Some(at),
                    column: None,
                    message: {
                        let (found, inputs, answer) = (row.cells.len(), self.inputs.join(", "), gives.code());
                        Text::of(
                            format!("此行有 {found} 格，而列有 {wanted}（{inputs} 和 {answer}）：请增减"),
                            format!("the row has {found} cells for {wanted} columns ({inputs}, and {answer}): add or remove some"),
                        )
                    },
                });
                continue;
            }
            let mut cell = |column: usize, read: Result<String, Text>| match read {
                Ok(feel) => feel,
                Err(message) => {
                    problems.push(CellProblem {
                        row: Some(at),
                        column: Some(column),
                        message,
                    });
                    String::new()
                }
            };
            rows.push(Row {
                inputs: (0..facts.len())
                    .map(|c| cell(c, to_feel(&row.cells[c], &values[c])))
                    .collect(),
                outputs: vec![cell(facts.len(), gives.feel(&row.cells[facts.len()], set))],
                note: row.note.clone(),
                ..Row::default()
            });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let input = |(fact, values): (&Fact, &Values)| {
            use crate::words::Lang;
            let (kind, allowed) = values.typed();
            Input {
                label: format!("{} {}", fact.name(Lang::Zh), fact.name(Lang::En)),
                expression: fact.code().to_owned(),
                kind: kind.name().to_owned(),
                allowed,
                ..Input::default()
            }
        };
        Ok(Table {
            id: id.to_owned(),
            name: name.to_owned(),
            hit: self.hit,
            inputs: facts.iter().zip(&values).map(input).collect(),
            outputs: vec![gives.output(set)],
            rows,
        })
    }

    /// A decision table in short cells. Headings are understood by name in either language; types and lists of values are the
    /// policy's, not the table's. What cannot stand in a policy is a problem.
    pub fn from_table(table: &Table, gives: Gives, set: &PolicySet) -> Result<RuleTable, Vec<CellProblem>> {
        let whole = |message: Text| {
            vec![CellProblem {
                row: None,
                column: None,
                message,
            }]
        };
        if table.outputs.len() != 1 {
            let (found, name) = (table.outputs.len(), gives.code());
            return Err(whole(Text::of(
                format!("表有 {found} 个结果列：请只保留 {name}"),
                format!("the table answers in {found} columns: keep the one named {name}"),
            )));
        }
        let mut made = RuleTable {
            hit: table.hit,
            inputs: table.inputs.iter().map(|i| i.expression.trim().to_owned()).collect(),
            rows: Vec::with_capacity(table.rows.len()),
        };
        for (name, input) in made.inputs.iter_mut().zip(&table.inputs) {
            let fact = Fact::parse(name).or_else(|| Fact::parse(&input.label));
            if let Some(fact) = fact {
                *name = fact.code().to_owned();
            }
        }
        let values: Vec<Values> = made.facts()?.iter().map(|f| f.values(set)).collect();
        let wanted = values.len();
        for (at, row) in table.rows.iter().enumerate() {
            if row.inputs.len() != wanted || row.outputs.len() != 1 {
                return Err(vec![CellProblem {
                    row: Some(at),
                    column: None,
                    message: {
                        let (found, wanted) = (row.inputs.len() + row.outputs.len(), wanted + 1);
                        Text::of(
                            format!("此行有 {found} 格，而列有 {wanted}：请增减"),
                            format!("the row has {found} cells for {wanted} columns: add or remove some"),
                        )
                    },
                }]);
            }
            let mut cells: Vec<String> = row.inputs.iter().zip(&values).map(|(c, v)| from_feel(c, v)).collect();
            cells.push(gives.short(&row.outputs[0]));
            made.rows.push(RuleRow {
                cells,
                note: row.note.clone(),
            });
        }
        made.table(&table.id, &table.name, gives, set)?;
        Ok(made)
    }
}

/// What the engine says of a table, in terms of the rule's columns.
pub(super) fn told(error: &TableError) -> Vec<CellProblem> {
    let one = |place: &Place, message: Text| {
        let column = place.column.map(|c| match c {
            crate::table::Column::Input(n) => n as usize - 1,
            crate::table::Column::Output(_) => usize::MAX,
        });
        CellProblem {
            row: place.row.map(|r| r as usize - 1),
            column,
            message,
        }
    };
    error
        .problems
        .iter()
        .map(|p| {
            one(
                &p.place,
                Text::of(format!("表格有误（{}）", p.kind), p.kind.to_string()),
            )
        })
        .collect()
}

/// A table that is ready to be asked.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    pub compiled: Compiled,
    pub facts: Vec<Fact>,
    pub gives: Gives,
}

/// The words of hit policies in a policy's text.
const HITS: [(&str, HitPolicy); 6] = [
    ("first", HitPolicy::First),
    ("unique", HitPolicy::Unique),
    ("any", HitPolicy::Any),
    ("priority", HitPolicy::Priority),
    ("least", HitPolicy::Min),
    ("greatest", HitPolicy::Max),
];

/// Hit policies whose answer is one value, as a rule needs.
pub fn hits() -> impl Iterator<Item = (&'static str, HitPolicy)> {
    HITS.into_iter()
}

mod hit {
    use super::{HITS, HitPolicy};
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(hit: &HitPolicy, to: S) -> Result<S::Ok, S::Error> {
        let word = HITS.iter().find(|(_, h)| h == hit).map_or(hit.sign(), |(word, _)| word);
        to.serialize_str(word)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<HitPolicy, D::Error> {
        let text = String::deserialize(from)?;
        let found = HITS.iter().find(|(word, h)| *word == text || h.sign() == text);
        found.map(|(_, h)| *h).ok_or_else(|| {
            D::Error::custom(format_args!(
                "{text:?} is no way to choose a row here: write first, unique, any, priority, least or greatest"
            ))
        })
    }
}

/// A cell: text, a whole number, or yes and no; never a float.
struct Cell(String);

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Cell;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a cell: text or a whole number")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Cell, E> {
                Ok(Cell(text.to_owned()))
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Cell, E> {
                Ok(Cell(n.to_string()))
            }
            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<Cell, E> {
                Ok(Cell(n.to_string()))
            }
            fn visit_bool<E: serde::de::Error>(self, is: bool) -> Result<Cell, E> {
                Ok(Cell(if is { "yes" } else { "no" }.to_owned()))
            }
            fn visit_unit<E: serde::de::Error>(self) -> Result<Cell, E> {
                Ok(Cell("null".to_owned()))
            }
            fn visit_f64<E: serde::de::Error>(self, n: f64) -> Result<Cell, E> {
                Err(E::custom(format_args!(
                    "{n} would lose digits: put numbers with decimals in quotes, like \"12.50\""
                )))
            }
        }
        from.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for RuleRow {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Cells;
        impl<'de> Visitor<'de> for Cells {
            type Value = Vec<String>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a row: a list of cells, or one text with | between them")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
                let mut cells = Vec::new();
                while let Some(Cell(cell)) = seq.next_element()? {
                    if cells.len() > crate::table::MAX_COLUMNS {
                        return Err(A::Error::custom("the row has too many cells"));
                    }
                    cells.push(cell);
                }
                Ok(cells)
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<String>, E> {
                Ok(text.split('|').map(|c| c.trim().to_owned()).collect())
            }
        }
        let mut cells = from.deserialize_any(Cells)?;
        let note = match cells.last().and_then(|last| last.trim().strip_prefix('#')) {
            Some(note) => {
                let note = note.trim().to_owned();
                cells.pop();
                note
            }
            None => String::new(),
        };
        Ok(RuleRow { cells, note })
    }
}

impl Serialize for RuleRow {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut cells = self.cells.clone();
        if !self.note.is_empty() {
            cells.push(format!("# {}", self.note));
        }
        let plain = |c: &String| !c.contains('|') && !c.trim().is_empty() && c.trim() == c;
        if cells.len() > 1 && cells.iter().all(plain) {
            to.serialize_str(&cells.join(" | "))
        } else {
            cells.serialize(to)
        }
    }
}
