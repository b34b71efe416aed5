//! What is wrong with a table, in both languages.

use outlay_core::feel::{FeelProblem, Kind};
use outlay_core::table::{Place, Problem, ProblemKind};
use outlay_core::words::Lang;
use serde::Serialize;
use utoipa::ToSchema;

use crate::shell::W;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BothLanguages)]
pub struct Both {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Both {
    /// The text that `told` says in each language.
    pub fn of(told: impl Fn(W) -> String) -> Both {
        Both {
            zh: told(W(Lang::Zh)),
            en: told(W(Lang::En)),
        }
    }
}

/// What is wrong, without where, and the mend.
pub fn problem_words(w: W, problem: &Problem) -> String {
    let text = |key: &str, text: &dyn ToString| w.t1(&format!("table-problem-{key}"), "text", text.to_string());
    let plain = |key: &str| w.t(&format!("table-problem-{key}"));
    let sign = |key: &str, sign: &str| w.t1(&format!("table-problem-{key}"), "sign", sign);
    match &problem.kind {
        ProblemKind::Feel { text, error } => w.args(
            "table-problem-feel",
            &[
                ("text".to_owned(), text.clone()),
                ("why".to_owned(), feel(w, &error.problem)),
                ("at".to_owned(), error.at.to_string()),
            ],
        ),
        ProblemKind::HitPolicy(found) => text("hit-policy", found),
        ProblemKind::Type(found) => text("type", found),
        ProblemKind::CircularType => plain("circular-type"),
        ProblemKind::WrongKind { wanted, found } => w.args(
            "table-problem-wrong-kind",
            &[
                ("wanted".to_owned(), kind(w, *wanted)),
                ("found".to_owned(), kind(w, *found)),
            ],
        ),
        ProblemKind::NotAllowed(value) => text("not-allowed", value),
        ProblemKind::Impossible(cell) => text("impossible", cell),
        ProblemKind::NoList => plain("no-list"),
        ProblemKind::NoOrder(policy) => sign("no-order", policy),
        ProblemKind::SeveralOutputs(policy) => sign("several-outputs", policy),
        ProblemKind::Missing(what @ ("input" | "output" | "row")) => plain(&format!("missing-{what}")),
        ProblemKind::Missing(what) => w.t1("table-problem-missing-other", "what", what),
        ProblemKind::Cells { wanted, found } => w.args(
            "table-problem-cells",
            &[
                ("wanted".to_owned(), wanted.to_string()),
                ("found".to_owned(), found.to_string()),
            ],
        ),
        ProblemKind::Twice(name) => text("twice", name),
        ProblemKind::Nameless => plain("nameless"),
        ProblemKind::Unknown(name) => text("unknown", name),
        ProblemKind::Circle(name) => text("circle", name),
        ProblemKind::Unsupported(name) => text("unsupported", name),
        ProblemKind::TooMany { what, most } => {
            let key = match *what {
                "different values in a column" => "values",
                what @ ("rows" | "columns" | "cells") => what,
                _ => "other",
            };
            w.args(
                &format!("table-problem-too-many-{key}"),
                &[
                    ("what".to_owned(), (*what).to_owned()),
                    ("most".to_owned(), most.to_string()),
                ],
            )
        }
        ProblemKind::Xml(why) => text("xml", why),
        ProblemKind::Namespace(space) => text("namespace", space),
        ProblemKind::Sheet(_) => plain("sheet"),
    }
}

/// Where a place in a sheet is, as people say it there: `C8`, or the table's name where it is no cell.
pub fn cell_name(place: &Place, inputs: usize) -> Option<String> {
    use outlay_core::table::Column;
    let column = place.column.map(|column| match column {
        Column::Input(n) => n as usize,
        Column::Output(n) => inputs + n as usize,
    });
    match (column, place.row) {
        (Some(column), row) => Some(format!(
            "{}{}",
            outlay_connect::tables::letter(column),
            row.map(|r| r.to_string()).unwrap_or_default()
        )),
        (None, row) => row.map(|r| r.to_string()),
    }
}

/// Why an expression cannot be read.
pub fn feel(w: W, problem: &FeelProblem) -> String {
    match problem {
        FeelProblem::Empty => w.t("feel-empty"),
        FeelProblem::Expected(what) => {
            let key = match *what {
                "a value" => "value",
                "a name" => "name",
                "a name that is not used yet" => "fresh-name",
                "a name and a colon" => "name-colon",
                "a text in quotes" => "text",
                "an operator or the end" => "operator",
                "] or )" => "bracket",
                sign => return w.t1("feel-expected-sign", "sign", sign),
            };
            w.t(&format!("feel-expected-{key}"))
        }
        FeelProblem::UnknownName(name) => w.t1("feel-unknown-name", "name", name),
        FeelProblem::UnknownFunction(name) => w.t1("feel-unknown-function", "name", name),
        FeelProblem::Unsupported(word) => w.t1("feel-unsupported", "word", word),
        FeelProblem::TooManyDigits(text) => w.t1("feel-too-many-digits", "text", text),
        FeelProblem::OpenText => w.t("feel-open-text"),
        FeelProblem::BadEscape => w.t("feel-bad-escape"),
        FeelProblem::NoTime(text) => w.t1("feel-no-time", "text", text),
        FeelProblem::TooLarge => w.t("feel-too-large"),
    }
}

fn kind(w: W, kind: Kind) -> String {
    w.t(match kind {
        Kind::Any => "kind-any",
        Kind::Boolean => "kind-boolean",
        Kind::Number => "kind-number",
        Kind::String => "kind-string",
        Kind::Date => "kind-date",
        Kind::Time => "kind-time",
        Kind::DateTime => "kind-date-time",
        Kind::YearMonthDuration | Kind::DayTimeDuration => "kind-duration",
        Kind::List => "kind-list",
        Kind::Context => "kind-context",
        Kind::Range => "kind-range",
    })
}
