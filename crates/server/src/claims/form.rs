//! The edit form as browsers post it: names with indices become a [`ClaimInput`]; the button pressed says what to do.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::choice;
use super::input::{AllocationInput, AmountInput, ClaimInput, LineInput, RateInput, TripInput};

/// The button that sent the form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Button {
    /// Keep it.
    Save,
    /// Keep it and hand it in.
    Submit,
    /// Show it again with the choices that belong to what was chosen.
    Refresh,
    /// One line more.
    AddLine,
    /// One line less.
    RemoveLine(usize),
    /// The amount of a line as its policy grants it.
    Reckon(usize),
    /// A line for each day of a line's journey.
    Days(usize),
    /// One part more for a line.
    AddAllocation(usize),
    /// One part less.
    RemoveAllocation(usize, usize),
    /// A line for a document.
    Use(String),
}

/// A posted form.
#[derive(Debug)]
pub struct Posted {
    /// The number of events the claim had when the form was made.
    pub n: u32,
    /// What was typed.
    pub input: ClaimInput,
    /// Which button.
    pub button: Button,
    /// Who was chosen to sign.
    pub choices: choice::Sent,
}

impl Posted {
    /// Reads the pairs of a form. Names that are not ours are passed over.
    pub fn read(pairs: &[(String, String)]) -> Posted {
        let mut posted = Posted {
            n: 0,
            input: ClaimInput::default(),
            button: Button::Save,
            choices: choice::Sent::read(pairs),
        };
        let mut lines: BTreeMap<usize, (LineInput, BTreeMap<usize, AllocationInput>)> = BTreeMap::new();
        for (name, value) in pairs {
            let value = value.clone();
            let links = &mut posted.input.links;
            match name.as_str() {
                "n" => posted.n = value.parse().unwrap_or(0),
                "title" => posted.input.title = value,
                "purpose" => posted.input.purpose = value,
                "entity" => posted.input.entity = value,
                "account" => links.account = value,
                "contact" => links.contact = value,
                "deal" => links.deal = value,
                "project" => links.project = value,
                "order" => links.order = value,
                "activity" => links.activity = value,
                _ => match (button(name, &value), path(name)) {
                    (Some(button), _) => posted.button = button,
                    (None, Some((i, None, field))) => line_field(&mut lines.entry(i).or_default().0, field, value),
                    (None, Some((i, Some(j), field))) => {
                        let line = lines.entry(i).or_default();
                        allocation_field(line.1.entry(j).or_default(), field, value);
                    }
                    (None, None) => {}
                },
            }
        }
        // What the browser numbered with gaps is numbered anew; buttons name the browser's numbers.
        let mut button = posted.button.clone();
        for (at, (i, (mut line, allocations))) in lines.into_iter().enumerate() {
            match &posted.button {
                Button::RemoveLine(n) if *n == i => button = Button::RemoveLine(at),
                Button::Reckon(n) if *n == i => button = Button::Reckon(at),
                Button::Days(n) if *n == i => button = Button::Days(at),
                Button::AddAllocation(n) if *n == i => button = Button::AddAllocation(at),
                Button::RemoveAllocation(n, j) if *n == i => {
                    let place = allocations.keys().position(|k| k == j).unwrap_or(usize::MAX);
                    button = Button::RemoveAllocation(at, place);
                }
                _ => {}
            }
            line.allocations = allocations.into_values().collect();
            posted.input.lines.push(line);
        }
        posted.button = button;
        posted
    }

    /// Does what a button asks for that keeps nothing; false for those that do.
    pub fn rearrange(&mut self) -> bool {
        let lines = &mut self.input.lines;
        match self.button {
            Button::Save | Button::Submit | Button::Use(_) => return false,
            Button::Refresh | Button::Reckon(_) => {}
            Button::Days(i) => days(lines, i),
            Button::AddLine => {
                let like = lines.last();
                lines.push(LineInput {
                    incurred_on: like.map(|l| l.incurred_on.clone()).unwrap_or_default(),
                    ..LineInput::default()
                });
            }
            Button::RemoveLine(i) => {
                if i < lines.len() {
                    lines.remove(i);
                }
            }
            Button::AddAllocation(i) => {
                if let Some(line) = lines.get_mut(i) {
                    line.allocations.push(AllocationInput::default());
                }
            }
            Button::RemoveAllocation(i, j) => {
                if let Some(line) = lines.get_mut(i)
                    && j < line.allocations.len()
                {
                    line.allocations.remove(j);
                }
            }
        }
        true
    }
}

fn button(name: &str, value: &str) -> Option<Button> {
    Some(match (name, value) {
        ("action", "submit") => Button::Submit,
        ("action", _) => Button::Save,
        ("refresh", _) => Button::Refresh,
        ("add_line", _) => Button::AddLine,
        ("remove_line", i) => Button::RemoveLine(i.parse().ok()?),
        ("reckon", i) => Button::Reckon(i.parse().ok()?),
        ("days", i) => Button::Days(i.parse().ok()?),
        ("add_allocation", i) => Button::AddAllocation(i.parse().ok()?),
        ("remove_allocation", at) => {
            let (i, j) = at.split_once('.')?;
            Button::RemoveAllocation(i.parse().ok()?, j.parse().ok()?)
        }
        ("use", id) => Button::Use(id.to_owned()),
        _ => return None,
    })
}

/// `lines[2].paid` and `lines[2].allocations[0].share`. Templates of scripts, whose index is no number, are nothing.
fn path(name: &str) -> Option<(usize, Option<usize>, &str)> {
    let (i, rest) = name.strip_prefix("lines[")?.split_once("].")?;
    let i = i.parse().ok().filter(|i| *i < 10_000)?;
    match rest.strip_prefix("allocations[") {
        None => Some((i, None, rest)),
        Some(rest) => {
            let (j, field) = rest.split_once("].")?;
            Some((i, Some(j.parse().ok().filter(|j| *j < 10_000)?), field))
        }
    }
}

fn line_field(line: &mut LineInput, field: &str, value: String) {
    let rate = |line: &mut LineInput, set: fn(&mut RateInput, String), value: String| {
        if !value.trim().is_empty() {
            set(line.rate.get_or_insert_default(), value.trim().to_owned());
        }
    };
    match field {
        "id" => line.id = value,
        "category" => line.category = value,
        "incurred_on" => line.incurred_on = value,
        "description" => line.description = value,
        "place" => line.place = value,
        "quantity" => line.quantity = value.trim().to_owned(),
        "paid" => line.paid.amount = value.trim().to_owned(),
        "currency" => line.paid.currency = value,
        "rate_value" => rate(line, |r, v| r.value = v, value),
        "rate_source" => rate(line, |r, v| r.source = v, value),
        "rate_on" => rate(line, |r, v| r.on = v, value),
        "tax" => line.tax = in_claim_currency(&value),
        "document" => line.document = value,
        "meals" => line.trip.get_or_insert_default().meals.push(value),
        "trip_from" => trip(line, |t, v| t.from = v, value),
        "trip_starts" => trip(line, |t, v| t.starts = v, value),
        "trip_until" => trip(line, |t, v| t.until = v, value),
        "trip_ends" => trip(line, |t, v| t.ends = v, value),
        _ => {}
    }
}

fn trip(line: &mut LineInput, set: fn(&mut TripInput, String), value: String) {
    if !value.trim().is_empty() {
        set(line.trip.get_or_insert_default(), value.trim().to_owned());
    }
}

/// Puts a line for each day of a journey in place of one; what was paid is reckoned for each, and meals are said for each.
fn days(lines: &mut Vec<LineInput>, at: usize) {
    const MOST: usize = 60;
    let Some(line) = lines.get(at).cloned() else { return };
    let day = |text: Option<&String>| text.and_then(|t| t.parse::<Date>().ok());
    let trip = line.trip.as_ref();
    let (Some(from), Some(until)) = (day(trip.map(|t| &t.from)), day(trip.map(|t| &t.until))) else {
        return;
    };
    let all = std::iter::successors(Some(from), |d| d.tomorrow().ok()).take_while(|d| *d <= until);
    let all: Vec<Date> = all.take(MOST).collect();
    let others = all.iter().filter(|d| d.to_string() != line.incurred_on);
    let others: Vec<LineInput> = others
        .map(|on| {
            let mut other = LineInput {
                id: String::new(),
                incurred_on: on.to_string(),
                document: String::new(),
                ..line.clone()
            };
            other.paid.amount.clear();
            other.trip.iter_mut().for_each(|t| t.meals.clear());
            other
        })
        .collect();
    lines.splice(at + 1..at + 1, others);
    let end = (at + all.len()).min(lines.len());
    lines[at..end].sort_by(|a, b| a.incurred_on.cmp(&b.incurred_on));
}

fn allocation_field(allocation: &mut AllocationInput, field: &str, value: String) {
    match field {
        "target" => set_target(allocation, &value),
        "share" => allocation.weight = value.trim().trim_end_matches(['%', '％']).trim().to_owned(),
        "amount" => allocation.amount = in_claim_currency(&value),
        _ => {}
    }
}

fn in_claim_currency(value: &str) -> Option<AmountInput> {
    let amount = value.trim().to_owned();
    (!amount.is_empty()).then_some(AmountInput {
        amount,
        currency: String::new(),
    })
}

fn set_target(allocation: &mut AllocationInput, value: &str) {
    for part in value.split(',') {
        let Some((kind, id)) = part.split_once(':') else {
            continue;
        };
        let id = id.to_owned();
        match kind {
            "account" => allocation.account = id,
            "deal" => allocation.deal = id,
            "project" => allocation.project = id,
            "cost_center" => allocation.cost_center = id,
            _ => {}
        }
    }
}

/// What a part serves, as one value of a select. What a project or deal brings along is left out.
pub fn target(allocation: &AllocationInput) -> String {
    let nearest = [
        ("project", &allocation.project),
        ("deal", &allocation.deal),
        ("account", &allocation.account),
    ];
    let nearest = nearest.into_iter().find(|(_, id)| !id.is_empty());
    let center = Some(("cost_center", &allocation.cost_center)).filter(|(_, id)| !id.is_empty());
    let parts: Vec<String> = nearest
        .into_iter()
        .chain(center)
        .map(|(kind, id)| format!("{kind}:{id}"))
        .collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(pairs: &[(&str, &str)]) -> Posted {
        let pairs: Vec<(String, String)> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Posted::read(&pairs)
    }

    #[test]
    fn gaps_in_numbers_do_not_matter() {
        let mut form = posted(&[
            ("lines[7].paid", "2"),
            ("lines[3].paid", "1"),
            ("lines[7].allocations[4].share", "30 %"),
            ("lines[7].allocations[9].target", "deal:d,cost_center:c"),
            ("lines[__l__].paid", "x"),
            ("remove_allocation", "7.9"),
        ]);
        assert_eq!(form.button, Button::RemoveAllocation(1, 1));
        assert_eq!(form.input.lines.len(), 2);
        assert_eq!(form.input.lines[1].allocations[0].weight, "30");
        assert_eq!(target(&form.input.lines[1].allocations[1]), "deal:d,cost_center:c");
        assert!(form.rearrange());
        assert_eq!(form.input.lines[1].allocations.len(), 1);
    }

    #[test]
    fn a_journey_becomes_a_line_for_each_day() {
        let mut form = posted(&[
            ("lines[4].incurred_on", "2026-05-05"),
            ("lines[4].id", "x"),
            ("lines[4].paid", "14.00"),
            ("lines[4].trip_from", "2026-05-04"),
            ("lines[4].trip_starts", "12:00"),
            ("lines[4].trip_until", "2026-05-06"),
            ("lines[4].meals", "lunch"),
            ("lines[9].paid", "1"),
            ("days", "4"),
        ]);
        assert_eq!(form.button, Button::Days(0));
        assert!(form.rearrange());
        let lines: Vec<_> = form
            .input
            .lines
            .iter()
            .map(|l| (l.incurred_on.as_str(), l.id.as_str()))
            .collect();
        assert_eq!(
            lines,
            [("2026-05-04", ""), ("2026-05-05", "x"), ("2026-05-06", ""), ("", "")]
        );
        let trip = |i: usize| form.input.lines[i].trip.clone().expect("a journey");
        assert!(trip(1).has("lunch") && !trip(0).has("lunch"));
        assert_eq!(
            (trip(2).starts.as_str(), form.input.lines[2].paid.amount.as_str()),
            ("12:00", "")
        );
    }

    #[test]
    fn nothing_typed_is_lost_when_a_line_is_added() {
        let mut form = posted(&[("title", "t"), ("lines[0].paid", "1e5"), ("add_line", "1")]);
        assert!(form.rearrange());
        assert_eq!(form.input.title, "t");
        assert_eq!(form.input.lines[0].paid.amount, "1e5");
        assert_eq!(form.input.lines.len(), 2);
    }
}
