//! Decision tables and what they stand in, as they are written: plain data to store, show, edit and hash.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::canonical;

/// A decision table (决策表). Cells are texts, in FEEL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its id, unique in its model.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Which rows count when several match.
    pub hit: HitPolicy,
    /// What the rows ask, from left to right.
    pub inputs: Vec<Input>,
    /// What the rows answer.
    pub outputs: Vec<Output>,
    /// The rows, from the top.
    pub rows: Vec<Row>,
}

/// A column that asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its id; may be empty.
    pub id: String,
    /// Its heading; may be empty.
    pub label: String,
    /// What is asked about, such as the name of a value.
    pub expression: String,
    /// The type of what is asked about, by name; empty for any.
    pub kind: String,
    /// The values that may come, as the tests of a cell; empty for all.
    pub allowed: String,
}

/// A column that answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Its id; may be empty.
    pub id: String,
    /// Its name in the result; empty in a table of one output.
    pub name: String,
    /// Its heading; may be empty.
    pub label: String,
    /// Its type by name; empty for any.
    pub kind: String,
    /// The values it may have, the most important first; empty for all.
    pub allowed: String,
    /// Its value where no row matches; empty for none.
    pub default: String,
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its id; may be empty.
    pub id: String,
    /// A cell for each input: `-` or nothing asks nothing.
    pub inputs: Vec<String>,
    /// A cell for each output.
    pub outputs: Vec<String>,
    /// A remark for people; has no effect.
    pub note: String,
}

/// Which rows count when several match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HitPolicy {
    /// One row at most may match.
    #[default]
    #[serde(rename = "U")]
    Unique,
    /// Several may match if they answer the same.
    #[serde(rename = "A")]
    Any,
    /// The answer that stands first in the outputs' lists of values.
    #[serde(rename = "P")]
    Priority,
    /// The first row that matches.
    #[serde(rename = "F")]
    First,
    /// All answers, in the order of the rows.
    #[serde(rename = "R")]
    RuleOrder,
    /// All answers, in the order of the outputs' lists of values.
    #[serde(rename = "O")]
    OutputOrder,
    /// All answers.
    #[serde(rename = "C")]
    Collect,
    /// The sum of all answers.
    #[serde(rename = "C+")]
    Sum,
    /// The least answer.
    #[serde(rename = "C<")]
    Min,
    /// The greatest answer.
    #[serde(rename = "C>")]
    Max,
    /// How many answers there are.
    #[serde(rename = "C#")]
    Count,
}

impl HitPolicy {
    /// All of them.
    pub const ALL: [HitPolicy; 11] = [
        HitPolicy::Unique,
        HitPolicy::Any,
        HitPolicy::Priority,
        HitPolicy::First,
        HitPolicy::RuleOrder,
        HitPolicy::OutputOrder,
        HitPolicy::Collect,
        HitPolicy::Sum,
        HitPolicy::Min,
        HitPolicy::Max,
        HitPolicy::Count,
    ];

    /// Its sign at a table's corner: U, A, P, F, R, O, C, C+, C<, C>, C#.
    pub fn sign(self) -> &'static str {
        match self {
            HitPolicy::Unique => "U",
            HitPolicy::Any => "A",
            HitPolicy::Priority => "P",
            HitPolicy::First => "F",
            HitPolicy::RuleOrder => "R",
            HitPolicy::OutputOrder => "O",
            HitPolicy::Collect => "C",
            HitPolicy::Sum => "C+",
            HitPolicy::Min => "C<",
            HitPolicy::Max => "C>",
            HitPolicy::Count => "C#",
        }
    }

    /// The policy of that sign.
    pub fn parse(sign: &str) -> Option<HitPolicy> {
        HitPolicy::ALL.into_iter().find(|h| h.sign() == sign)
    }

    /// Its name and aggregation in a `.dmn` file.
    pub fn names(self) -> (&'static str, Option<&'static str>) {
        match self {
            HitPolicy::Unique => ("UNIQUE", None),
            HitPolicy::Any => ("ANY", None),
            HitPolicy::Priority => ("PRIORITY", None),
            HitPolicy::First => ("FIRST", None),
            HitPolicy::RuleOrder => ("RULE ORDER", None),
            HitPolicy::OutputOrder => ("OUTPUT ORDER", None),
            HitPolicy::Collect => ("COLLECT", None),
            HitPolicy::Sum => ("COLLECT", Some("SUM")),
            HitPolicy::Min => ("COLLECT", Some("MIN")),
            HitPolicy::Max => ("COLLECT", Some("MAX")),
            HitPolicy::Count => ("COLLECT", Some("COUNT")),
        }
    }

    /// Whether the answers of several rows become one by reckoning.
    pub fn aggregates(self) -> bool {
        matches!(
            self,
            HitPolicy::Sum | HitPolicy::Min | HitPolicy::Max | HitPolicy::Count
        )
    }

    /// Whether the order of the outputs' values decides.
    pub fn ranks(self) -> bool {
        matches!(self, HitPolicy::Priority | HitPolicy::OutputOrder)
    }
}

/// Names one version of a table for ever: the SHA-256 of its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version([u8; 32]);

impl Version {
    /// In 64 hexadecimal digits.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl Serialize for Version {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.hex())
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Version, D::Error> {
        let text = String::deserialize(from)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Version(bytes))
    }
}

impl Table {
    /// The hash of its canonical JSON (RFC 8785). Any change of any cell, name or order changes it; so do ids, which findings cite.
    pub fn version(&self) -> Version {
        Version(Sha256::digest(canonical::json(self)).into())
    }
}

/// Decisions, what they need, and the types they use: what one `.dmn` file holds, without its drawing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Types with names.
    pub types: Vec<ItemType>,
    /// What is given from outside.
    pub inputs: Vec<InputData>,
    /// Functions.
    pub functions: Vec<Knowledge>,
    /// Decisions.
    pub decisions: Vec<Decision>,
}

/// A type with a name (`itemDefinition`), or a member of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemType {
    /// Its name.
    pub name: String,
    /// The type it narrows; empty if it has members.
    pub base: String,
    /// The values it has, as the tests of a cell; empty for all.
    pub allowed: String,
    /// Whether it is a list of such values.
    pub is_list: bool,
    /// The members of a context.
    pub members: Vec<ItemType>,
}

/// A value that is given from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputData {
    /// Its id, by which decisions need it.
    pub id: String,
    /// Its name in expressions.
    pub name: String,
    /// Its type by name; empty for any.
    pub kind: String,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Its id, by which other decisions need it.
    pub id: String,
    /// Its name in expressions.
    pub name: String,
    /// The type of its result by name; empty for any.
    pub kind: String,
    /// The ids of the inputs, decisions and functions it may see.
    pub needs: Vec<String>,
    /// How it is decided.
    pub logic: Logic,
}

/// A function (`businessKnowledgeModel`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knowledge {
    /// Its id.
    pub id: String,
    /// Its name in expressions.
    pub name: String,
    /// The type of its result by name; empty for any.
    pub kind: String,
    /// What it is given, as names and types.
    pub params: Vec<(String, String)>,
    /// The ids of the functions it may call.
    pub needs: Vec<String>,
    /// How it answers.
    pub logic: Logic,
}

/// How something is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Logic {
    /// By an expression.
    Expression(String),
    /// By a table.
    Table(Table),
    /// By calling a function with values for its names.
    Call(String, Vec<(String, String)>),
}
