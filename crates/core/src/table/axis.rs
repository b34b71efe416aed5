//! The line of all values of an input, cut at the constants that its cells name. Between two cuts no cell can tell values apart, so each
//! cell is answered once for each stretch, and a value is found by a search among the cuts.

use super::bits;
use crate::feel::{Cmp, Expr, Kind, NoFunctions, Number, Probe, Scope, Test, Tests, Value, matches};

/// What the cells of a column cut.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// The kind of the values; `None` where the cells name none, so that there is nothing to tell apart but null.
    pub(super) kind: Option<Kind>,
    /// The constants, sorted, each once; of booleans none.
    pub(super) points: Vec<Value>,
}

/// A stretch of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    Null,
    Bool(bool),
    /// `2i + 1` is the `i`th point, `2i` what lies before it.
    Place(usize),
    /// A value of another kind.
    Other,
}

impl Axis {
    /// The axis of some cells. `None` if they name values that have no common order.
    pub(super) fn of<'a>(declared: Kind, cells: impl Iterator<Item = &'a Tests>) -> Option<Axis> {
        let mut points = Vec::new();
        for test in cells.flat_map(Tests::list) {
            constants(test, &mut points);
        }
        points.retain(|p| *p != Value::Null);
        let kind = match declared {
            Kind::Any => points.first().and_then(Value::kind),
            declared => Some(declared),
        };
        if declared == Kind::Any && points.iter().any(|p| p.kind() != kind) {
            return None;
        }
        // A constant of another kind than declared is refused when the table is read.
        points.retain(|p| p.kind() == kind);
        if kind == Some(Kind::Boolean) {
            points.clear();
        }
        // Times with and without an offset have no common order; what cannot be compared with itself has none at all.
        if let Some(first) = points.first()
            && points.iter().any(|p| p.compare(first).is_none())
        {
            return None;
        }
        if matches!(kind, Some(Kind::List | Kind::Context | Kind::Range)) {
            return None;
        }
        points.sort_by(|a, b| a.compare(b).unwrap_or(std::cmp::Ordering::Equal));
        points.dedup_by(|a, b| a.compare(b).is_some_and(|o| o.is_eq()));
        Some(Axis { kind, points })
    }

    /// All stretches: null, those of its kind in order, what is of another kind.
    pub(super) fn regions(&self) -> impl Iterator<Item = Region> + '_ {
        (0..self.count()).map(|i| self.region(i))
    }

    /// How many stretches there are.
    pub(super) fn count(&self) -> usize {
        match self.kind {
            Some(Kind::Boolean) => 4,
            _ => 2 * self.points.len() + 3,
        }
    }

    pub(super) fn region(&self, index: usize) -> Region {
        match (index, self.kind) {
            (0, _) => Region::Null,
            (i, _) if i + 1 == self.count() => Region::Other,
            (i, Some(Kind::Boolean)) => Region::Bool(i == 2),
            (i, _) => Region::Place(i - 1),
        }
    }

    /// The stretch that a value lies in.
    pub(super) fn find(&self, value: &Value) -> usize {
        match value {
            Value::Null => return 0,
            Value::Bool(b) if self.kind == Some(Kind::Boolean) => return 1 + usize::from(*b),
            _ if self.kind.is_none() => return 1,
            _ if value.kind() != self.kind => return self.count() - 1,
            _ => {}
        }
        let (mut low, mut high) = (0, self.points.len());
        while low < high {
            let middle = (low + high) / 2;
            match value.compare(&self.points[middle]) {
                Some(std::cmp::Ordering::Equal) => return 2 * middle + 2,
                Some(std::cmp::Ordering::Greater) => low = middle + 1,
                Some(std::cmp::Ordering::Less) => high = middle,
                None => return self.count() - 1,
            }
        }
        2 * low + 1
    }

    /// Whether all values of a stretch pass a cell of constants.
    pub(super) fn passes(&self, region: Region, tests: &Tests) -> bool {
        let value;
        let probe = match region {
            Region::Null => Probe::Value(&Value::Null),
            Region::Bool(b) => {
                value = Value::Bool(b);
                Probe::Value(&value)
            }
            Region::Place(place) => Probe::Place(&self.points, place),
            // What is of another kind passes only where nothing is asked.
            Region::Other => return *tests == Tests::Any,
        };
        let scope = Scope {
            names: &[],
            input: None,
            functions: &NoFunctions,
        };
        matches(tests, probe, &scope, &mut Vec::new())
    }

    /// For each stretch the set of the rows that it passes, one after the other. The rows of `live` are left out.
    pub(super) fn sets(&self, cells: &[Tests], live: &[u32]) -> Vec<u64> {
        let words = bits::words(cells.len());
        let mut sets = vec![0; words * self.count()];
        let mut put = |region: usize, row: usize| bits::set(&mut sets[region * words..(region + 1) * words], row);
        for (row, tests) in cells.iter().enumerate() {
            if live.binary_search(&(row as u32)).is_ok() {
                continue;
            }
            let spans = self.spans(tests);
            // Long tables have many places, and spans tell them all at once; null and other kinds stand at the ends.
            let step = if spans.is_some() { self.count() - 1 } else { 1 };
            for index in (0..self.count()).step_by(step) {
                if self.passes(self.region(index), tests) {
                    put(index, row);
                }
            }
            for (from, to) in spans.into_iter().flatten() {
                (from..=to).for_each(|place| put(place + 1, row));
            }
        }
        sets
    }

    /// The stretches that all values a cell of constants allows lie in, by their index.
    pub(super) fn allowed_by(&self, tests: Option<&Tests>) -> Vec<bool> {
        match tests.filter(|t| t.is_constant()) {
            Some(tests) => self
                .sets(std::slice::from_ref(tests), &[])
                .iter()
                .map(|set| *set == 1)
                .collect(),
            None => vec![true; self.count()],
        }
    }

    /// The places that pass a cell of constants, as first and last of each span; `None` if it is not as simple as that.
    fn spans(&self, tests: &Tests) -> Option<Vec<(usize, usize)>> {
        if self.kind == Some(Kind::Boolean) {
            return None;
        }
        let last = 2 * self.points.len();
        let mut spans = Vec::new();
        for test in tests.list() {
            match test {
                Test::Compare(op, Expr::Const(value)) => {
                    let at = self.place(value)?;
                    spans.extend(
                        match op {
                            Cmp::Equal => [Some((at, at)), None],
                            Cmp::Unequal => [Some((0, at - 1)), Some((at + 1, last))],
                            Cmp::Below => [Some((0, at - 1)), None],
                            Cmp::AtMost => [Some((0, at)), None],
                            Cmp::Above => [Some((at + 1, last)), None],
                            Cmp::AtLeast => [Some((at, last)), None],
                        }
                        .into_iter()
                        .flatten(),
                    );
                }
                Test::Is(Expr::Const(Value::List(members))) => {
                    for member in members {
                        spans.extend(self.span(member)?);
                    }
                }
                Test::Is(Expr::Const(value)) => spans.extend(self.span(value)?),
                _ => return None,
            }
        }
        match tests {
            Tests::Any => Some(vec![(0, last)]),
            Tests::One(_) => Some(spans),
            Tests::Not(_) => {
                spans.sort_unstable();
                let (mut free, mut next) = (Vec::new(), 0);
                for (from, to) in spans {
                    if from > next {
                        free.push((next, from - 1));
                    }
                    next = next.max(to + 1);
                }
                if next <= last {
                    free.push((next, last));
                }
                Some(free)
            }
        }
    }

    /// The places that are a value or lie in a range; none for null.
    fn span(&self, value: &Value) -> Option<Option<(usize, usize)>> {
        match value {
            Value::Null => Some(None),
            Value::List(_) => None,
            Value::Range(range) => {
                let low = match &range.low {
                    Some((end, closed)) => self.place(end)? + usize::from(!closed),
                    None => 0,
                };
                let high = match &range.high {
                    Some((end, closed)) => self.place(end)? - usize::from(!closed),
                    None => 2 * self.points.len(),
                };
                Some((low <= high).then_some((low, high)))
            }
            value => self.place(value).map(|at| Some((at, at))),
        }
    }

    /// The place of a constant; `None` if it is not among the points, as null and other kinds are not.
    fn place(&self, value: &Value) -> Option<usize> {
        let order = |p: &Value| p.compare(value).unwrap_or(std::cmp::Ordering::Less);
        self.points.binary_search_by(order).ok().map(|at| 2 * at + 1)
    }
}

/// The constants that a test names.
pub(super) fn constants(test: &Test, into: &mut Vec<Value>) {
    fn value(v: &Value, into: &mut Vec<Value>) {
        match v {
            Value::List(all) => all.iter().for_each(|v| value(v, into)),
            Value::Range(range) => {
                let ends = [&range.low, &range.high];
                into.extend(ends.into_iter().flatten().map(|(end, _)| end.clone()));
            }
            v => into.push(v.clone()),
        }
    }
    if let Test::Compare(_, Expr::Const(v)) | Test::Is(Expr::Const(v)) = test {
        value(v, into);
    }
}

/// Whether a test asks for more than being equal.
pub(super) fn is_ordering(test: &Test) -> bool {
    match test {
        Test::Compare(Cmp::Equal | Cmp::Unequal, _) => false,
        Test::Compare(..) | Test::Is(Expr::Const(Value::Range(_))) => true,
        Test::Is(_) => false,
    }
}

/// A value of a stretch, as an example: a point itself, or something plain between two. `None` if nothing lies between them.
pub(super) fn example(axis: &Axis, region: Region) -> Option<Value> {
    let place = match region {
        Region::Null => return Some(Value::Null),
        Region::Bool(b) => return Some(Value::Bool(b)),
        Region::Other => return None,
        Region::Place(place) if place % 2 == 1 => return axis.points.get(place / 2).cloned(),
        Region::Place(place) => place / 2,
    };
    let low = place.checked_sub(1).and_then(|i| axis.points.get(i));
    let high = axis.points.get(place);
    between(axis.kind, low, high)
}

fn between(kind: Option<Kind>, low: Option<&Value>, high: Option<&Value>) -> Option<Value> {
    let fits = |v: &Value| {
        low.is_none_or(|l| v.compare(l).is_some_and(|o| o.is_gt()))
            && high.is_none_or(|h| v.compare(h).is_some_and(|o| o.is_lt()))
    };
    let mut tries: Vec<Value> = Vec::new();
    match low.or(high).cloned().unwrap_or(default(kind?)) {
        Value::Number(near) => {
            let (low, high) = (number(low), number(high));
            let steps = ["1", "0.01", "0.0001"].into_iter().filter_map(Number::parse);
            for step in steps {
                tries.extend(low.and_then(|l| l.plus(step)).map(Value::Number));
                tries.extend(high.and_then(|h| h.minus(step)).map(Value::Number));
            }
            let middle = low.zip(high).and_then(|(l, h)| l.plus(h)?.over(Number::from(2)));
            tries.extend(middle.map(Value::Number));
            if low.is_none() && high.is_none() {
                tries.push(Value::Number(near));
            }
        }
        Value::Text(_) => {
            tries.extend(["other", "x", ""].map(Value::text));
            if let Some(Value::Text(l)) = low {
                tries.extend(
                    [format!("{l}~"), format!("{l} "), format!("{l}\u{1}"), format!("{l}\0")].map(|t| Value::text(&t)),
                );
            }
        }
        Value::Date(_) => {
            let day = |v: Option<&Value>, step: i64| match v {
                Some(Value::Date(d)) => d.checked_add(jiff::Span::new().days(step)).ok().map(Value::Date),
                _ => None,
            };
            tries.extend(day(low, 1).into_iter().chain(day(high, -1)));
            tries.push(default(Kind::Date));
        }
        Value::Months(_) => {
            let month = |v: Option<&Value>, step: i64| match v {
                Some(Value::Months(m)) => m.checked_add(step).map(Value::Months),
                _ => None,
            };
            tries.extend(month(low, 1).into_iter().chain(month(high, -1)));
            tries.push(Value::Months(0));
        }
        other => {
            for nanos in [1_000_000_000, 1] {
                tries.extend([shifted(low, nanos), shifted(high, -nanos)].into_iter().flatten());
            }
            tries.push(other);
        }
    }
    tries.into_iter().find(fits)
}

fn number(value: Option<&Value>) -> Option<Number> {
    match value {
        Some(Value::Number(n)) => Some(*n),
        _ => None,
    }
}

/// A time or duration some nanoseconds later.
fn shifted(value: Option<&Value>, nanos: i64) -> Option<Value> {
    let by = jiff::SignedDuration::from_nanos(nanos);
    match value? {
        Value::Span(s) => s.checked_add(by).map(Value::Span),
        Value::Time(t) => {
            let at = t.at.checked_add(by).ok()?;
            Some(Value::Time(crate::feel::Time { at, ..*t }))
        }
        Value::DateTime(t) => {
            let at = t.at.checked_add(by).ok()?;
            Some(Value::DateTime(crate::feel::DateTime { at, ..*t }))
        }
        _ => None,
    }
}

/// Something of a kind, where nothing says which.
fn default(kind: Kind) -> Value {
    let day = jiff::civil::date(2026, 1, 1);
    match kind {
        Kind::String => Value::text("other"),
        Kind::Date => Value::Date(day),
        Kind::Time => Value::Time(crate::feel::Time {
            at: jiff::civil::time(12, 0, 0, 0),
            offset: None,
        }),
        Kind::DateTime => Value::DateTime(crate::feel::DateTime {
            at: day.at(12, 0, 0, 0),
            offset: None,
        }),
        Kind::YearMonthDuration => Value::Months(0),
        Kind::DayTimeDuration => Value::Span(jiff::SignedDuration::ZERO),
        Kind::Boolean => Value::Bool(false),
        _ => Value::Number(Number::ZERO),
    }
}
