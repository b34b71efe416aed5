//! Where dsntk 0.3.0 and our engine differ, and why. Each is told by what is left of a table after everything was taken out that does
//! not matter. Clauses are those of DMN 1.5; `docs/decisions/0021-compared-with-dsntk.md` says more.

use outlay_core::feel::{Number, Value};
use outlay_core::table::{Column, Diagnostic, DiagnosticKind, HitPolicy, Table};

use crate::make;

/// What is left of a table, what it is asked, and what both answer.
pub struct Least<'a> {
    pub table: &'a Table,
    pub asked: &'a [String],
    pub ours: &'a Value,
    /// What ours says went wrong.
    pub diagnostics: &'a [Diagnostic],
    pub theirs: &'a Result<Value, String>,
}

/// A known difference: its name, its reason, and whether this is it.
type Known = (&'static str, &'static str, fn(&Least<'_>) -> bool);

/// All known differences.
pub const ALL: [Known; 18] = [
    (
        "not of null",
        "10.3.2.10 wants `e in (t)` to be false for not(t), and a comparison with null is null; dsntk takes null for false",
        |l| {
            let not = l.only_cell().filter(|c| c.starts_with("not("));
            let ends_null = |cell: &str| l.nulls().any(|name| cell.contains(name));
            not.is_some_and(|cell| !l.cell_fails() && (l.asks_null() || ends_null(cell)))
        },
    ),
    (
        "a cell that fails",
        "10.3.2.15 makes a mistake null, which is compared as null is; dsntk lets no row pass by it. Ours tells it, so it decides nothing",
        |l| l.cell_fails() && l.only_cell().is_some(),
    ),
    (
        "a condition on other inputs",
        "of us a cell that is true passes (decision 0012); dsntk compares its truth with the input, which is no truth",
        |l| {
            l.only_cell()
                .is_some_and(|c| c.split(", ").any(|t| t.trim_matches(['(', ')']).ends_with(" > 1")))
        },
    ),
    (
        "if of what is no truth",
        "10.3.2.15 takes `else` whenever the condition is not true; dsntk gives null for a number or a text",
        |l| l.says("if if ") && l.theirs == &Ok(Value::Null),
    ),
    (
        "default that begins with not",
        "8.3.2 makes a default a literal expression; dsntk reads it as unary tests, where not( means something else",
        |l| l.table.outputs.iter().any(|o| o.default.starts_with("not(")),
    ),
    (
        "open end after a negative number",
        "grammar rules 8 and 11 let `[` close a range whatever expression ends it; dsntk cannot read it",
        |l| {
            l.theirs.as_ref().is_err_and(|e| e.contains("ParserError"))
                && l.only_cell().is_some_and(|c| c.contains('['))
        },
    ),
    (
        "null and input values",
        "10.3.2.10 wants the value to be in the input values also for `-`, so null fails it; of us `-` asks nothing, of null either",
        |l| l.asks_null() && l.only_cell().is_none() && l.table.inputs.iter().any(|i| !i.allowed.is_empty()),
    ),
    (
        "default of some outputs",
        "table 46 makes the default of several outputs a context; dsntk gives the value alone where one output has one",
        |l| {
            let with = l.table.outputs.iter().filter(|o| !o.default.is_empty()).count();
            with > 0 && with < l.table.outputs.len() && l.answers_by_default()
        },
    ),
    (
        "least and greatest of dates and durations",
        "10.3.4.4 defines min and max for whatever can be compared; dsntk knows numbers and texts",
        |l| {
            let of_time = matches!(
                l.ours,
                Value::Date(_) | Value::Time(_) | Value::DateTime(_) | Value::Months(_) | Value::Span(_)
            );
            l.picks() && of_time && l.theirs == &Ok(Value::Null)
        },
    ),
    (
        "least and greatest beside null",
        "10.3.4.4 has min and max of a list of comparable items, null outside of that (10.3.2.15); dsntk skips nulls",
        |l| {
            let several = l.picks() && l.table.rows.len() > 1 && l.ours == &Value::Null;
            several || l.writes("max(") || l.writes("min(")
        },
    ),
    (
        "null beside a value",
        "10.3.2.15: null and a value are unequal; dsntk gives null where the null stands first",
        |l| l.writes(" != ") || l.writes(" = "),
    ),
    (
        "default outside of the output values",
        "table 46 makes the default one of the output values; dsntk gives any. Ours gives null and tells it",
        |l| {
            let outside = |d: &Diagnostic| d.place.row.is_none() && matches!(d.kind, DiagnosticKind::NotAllowed(_));
            l.diagnostics.iter().any(outside) && l.ours == &Value::Null
        },
    ),
    (
        "priority of several outputs",
        "10.3.2.10 takes the output that comes first in its own output values; dsntk looks all outputs up in all lists joined",
        |l| l.table.hit == HitPolicy::Priority && l.table.outputs.len() > 1 && l.table.rows.len() > 1,
    ),
    (
        "rounding to one unit or to nought",
        "10.3.4.5 rounds to the scale; dsntk forgets the scale where what remains is one unit, and gives null for nought",
        |l| l.writes("round up(") || l.writes("round down(") || l.writes("round half "),
    ),
    (
        "the last digit of a power",
        "10.3.2.3.1 has 34 digits, half to even; dsntk's powers are at times one off in the last of them",
        |l| l.writes("**") && l.theirs.as_ref().is_ok_and(|t| nearly(l.ours, t)),
    ),
    (
        "a clock that goes round",
        "10.3.2.3.4 counts the seconds of a day modulo 86400; dsntk goes on to hours that no clock has",
        |l| {
            let no_clock = |e: &String| e.ends_with("is no value of ours") && e.contains(':');
            l.theirs.as_ref().is_err_and(no_clock) || l.writes("time(\"") && (l.writes(" + ") || l.writes(" - "))
        },
    ),
    (
        "parts of a billionth of a second",
        "10.3.2.3.7 does not say how a duration that does not come out even is rounded; ours to the nearest, dsntk down",
        |l| matches!((l.ours, l.theirs), (Value::Span(a), Ok(Value::Span(b))) if (*a - *b).abs().as_nanos() < 2),
    ),
    (
        "noughts at the end",
        "10.3.4.1 does not say how string() writes 1.10; ours as 1.1, since the two are equal, dsntk as it is",
        |l| l.says("string("),
    ),
];

/// Whether two numbers agree in 33 digits.
fn nearly(a: &Value, b: &Value) -> bool {
    let apart = |a: Number, b: Number| a.minus(b)?.over(b).map(Number::abs);
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let most = Number::parse("1e-32");
            apart(*a, *b).zip(most).is_some_and(|(apart, most)| apart < most)
        }
        _ => false,
    }
}

impl Least<'_> {
    /// The one cell that asks something.
    fn only_cell(&self) -> Option<&str> {
        let mut cells = self.table.rows.iter().flat_map(|r| &r.inputs).filter(|c| *c != "-");
        cells.next().filter(|_| cells.next().is_none()).map(String::as_str)
    }

    /// Whether a cell that asks finds fault with what it reckons.
    fn cell_fails(&self) -> bool {
        let asking = |d: &Diagnostic| matches!(d.place.column, Some(Column::Input(_)));
        self.diagnostics.iter().any(asking)
    }

    /// Whether an answer or a default is written with something.
    fn says(&self, what: &str) -> bool {
        let answers = self.table.rows.iter().flat_map(|r| &r.outputs);
        answers
            .chain(self.table.outputs.iter().map(|o| &o.default))
            .any(|o| o.contains(what))
    }

    /// Whether any cell or default is written with something.
    fn writes(&self, what: &str) -> bool {
        self.says(what) || self.only_cell().is_some_and(|c| c.contains(what))
    }

    /// The inputs that are null.
    fn nulls(&self) -> impl Iterator<Item = &'static str> {
        let given = make::given(self.asked).into_iter();
        given.filter(|(_, value)| *value == "null").map(|(name, _)| name)
    }

    /// Whether a column is about something that is null.
    fn asks_null(&self) -> bool {
        let null = |name: &str| self.nulls().any(|n| n == name);
        let about = |i: &outlay_core::table::Input| {
            let name = i.expression.trim_start_matches("upper case(").trim_end_matches(')');
            null(name.trim_end_matches(" * 2"))
        };
        self.table.inputs.iter().any(about)
    }

    fn picks(&self) -> bool {
        matches!(self.table.hit, HitPolicy::Min | HitPolicy::Max)
    }

    /// Whether nothing else than the default can be the answer.
    fn answers_by_default(&self) -> bool {
        matches!(self.ours, Value::Context(_)) && !matches!(self.theirs, Ok(Value::Context(_)))
    }
}
