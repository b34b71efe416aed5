//! What people and programs send: amounts, dates and numbers as text, so that a wrong one is refused by its field's
//! name. One shape for the form and the API.

use jiff::civil::{Date, Time};
use outlay_core::claim::{Allocation, Content, Line, Trip};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// An amount; without a currency it is in the claim's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AmountInput {
    /// Plain decimals, such as `12.30`; not `1e5`, not `1,000`.
    #[serde(deserialize_with = "text")]
    pub amount: String,
    /// ISO 4217, such as `CNY`.
    #[serde(deserialize_with = "text")]
    pub currency: String,
}

/// The content of a claim. Absent and empty fields mean none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimInput {
    /// What it is about.
    #[serde(deserialize_with = "text")]
    pub title: String,
    /// Why the money was spent.
    #[serde(deserialize_with = "text")]
    pub purpose: String,
    /// Id of the entity that pays; as before if absent. The claimant must work there.
    #[serde(deserialize_with = "text")]
    pub entity: String,
    /// The CRM records it belongs to.
    pub links: LinksInput,
    /// The expenses, at most 200.
    pub lines: Vec<LineInput>,
}

/// CRM records by their ids in Outlay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinksInput {
    /// The customer.
    #[serde(deserialize_with = "text")]
    pub account: String,
    /// Whom was met.
    #[serde(deserialize_with = "text")]
    pub contact: String,
    /// The deal.
    #[serde(deserialize_with = "text")]
    pub deal: String,
    /// The project.
    #[serde(deserialize_with = "text")]
    pub project: String,
    /// The sales order.
    #[serde(deserialize_with = "text")]
    pub order: String,
    /// The logged visit; its day is taken from it.
    #[serde(deserialize_with = "text")]
    pub activity: String,
}

/// One expense.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LineInput {
    /// Its id, to keep it over edits; a new line has none.
    #[serde(deserialize_with = "text")]
    pub id: String,
    /// A category of the policy, such as `lodging`.
    #[serde(deserialize_with = "text")]
    pub category: String,
    /// `YYYY-MM-DD`.
    #[serde(deserialize_with = "text")]
    pub incurred_on: String,
    /// What it was.
    #[serde(deserialize_with = "text")]
    pub description: String,
    /// The city.
    #[serde(deserialize_with = "text")]
    pub place: String,
    /// Nights, persons or kilometres, as the category counts; 1 if absent.
    #[serde(deserialize_with = "text")]
    #[schema(value_type = u32)]
    pub quantity: String,
    /// What was paid.
    pub paid: AmountInput,
    /// How the paid amount becomes the claimed one; looked up if absent.
    pub rate: Option<RateInput>,
    /// Input tax, in the claim's currency.
    pub tax: Option<AmountInput>,
    /// Id of the document that proves it.
    #[serde(deserialize_with = "text")]
    pub document: String,
    /// The journey, for a per diem. With it the paid amount may be absent: it is what the policy grants for the line's day then.
    pub trip: Option<TripInput>,
    /// Whom it served. All with amounts, which add up to the claimed amount; or all with weights; or a single one with
    /// neither. None: the claim's deal, else its project, else its customer.
    pub allocations: Vec<AllocationInput>,
}

/// The journey that a line's day belongs to, in local time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TripInput {
    /// The day of leaving: `YYYY-MM-DD`; the line's day if absent.
    #[serde(deserialize_with = "text")]
    pub from: String,
    /// At what time: `HH:MM`; unknown if absent.
    #[serde(deserialize_with = "text")]
    pub starts: String,
    /// The day of coming back; that of leaving if absent.
    #[serde(deserialize_with = "text")]
    pub until: String,
    /// At what time; unknown if absent.
    #[serde(deserialize_with = "text")]
    pub ends: String,
    /// Which meals somebody else paid on the line's day: `breakfast`, `lunch`, `dinner`.
    pub meals: Vec<String>,
}

/// The meals of a day, as they are written.
pub const MEALS: [&str; 3] = ["breakfast", "lunch", "dinner"];

impl TripInput {
    /// What a journey would be as input.
    pub fn of(trip: &Trip) -> TripInput {
        let time = |time: Option<Time>| time.map(|t| t.strftime("%H:%M").to_string()).unwrap_or_default();
        let meals = MEALS.iter().zip(trip.meals).filter(|(_, given)| *given);
        TripInput {
            from: trip.from.to_string(),
            starts: time(trip.starts),
            until: trip.until.to_string(),
            ends: time(trip.ends),
            meals: meals.map(|(meal, _)| (*meal).to_owned()).collect(),
        }
    }

    /// The journey of a line of the day `on`, or the code of what is wrong with it. An absent day is the line's.
    pub fn read(&self, on: Date) -> Result<Trip, &'static str> {
        let day = |text: &str, otherwise: Date| match text {
            "" => Ok(otherwise),
            text => text.parse().map_err(|_| "not-a-date"),
        };
        let time = |text: &str| match text {
            "" => Ok(None),
            text => Time::strptime("%H:%M", text).map(Some).map_err(|_| "not-a-time"),
        };
        if self.meals.iter().any(|m| !MEALS.contains(&m.as_str())) {
            return Err("unknown");
        }
        let from = day(&self.from, on)?;
        let trip = Trip {
            from,
            until: day(&self.until, from)?,
            starts: time(&self.starts)?,
            ends: time(&self.ends)?,
            meals: MEALS.map(|meal| self.has(meal)),
        };
        if trip.is_odd() {
            return Err("trip-odd");
        }
        trip.day(on).map(|_| trip.clone()).ok_or("trip-other-day")
    }

    /// Whether a meal is among them.
    pub fn has(&self, meal: &str) -> bool {
        self.meals.iter().any(|m| m == meal)
    }
}

/// An exchange rate that was looked up by hand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateInput {
    /// Units of the claim's currency for one unit paid.
    #[serde(deserialize_with = "text")]
    pub value: String,
    /// Who published it.
    #[serde(deserialize_with = "text")]
    pub source: String,
    /// The day it is of; the line's day if absent.
    #[serde(deserialize_with = "text")]
    pub on: String,
}

/// A part of a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AllocationInput {
    /// The customer; that of the deal or project if absent.
    #[serde(deserialize_with = "text")]
    pub account: String,
    /// The deal; that of the project if absent.
    #[serde(deserialize_with = "text")]
    pub deal: String,
    /// The project.
    #[serde(deserialize_with = "text")]
    pub project: String,
    /// The cost centre.
    #[serde(deserialize_with = "text")]
    pub cost_center: String,
    /// The part, in the claim's currency.
    pub amount: Option<AmountInput>,
    /// Or its weight, such as a percentage, with at most 4 decimals.
    #[serde(deserialize_with = "text")]
    pub weight: String,
}

/// Text, a whole number as text, or null as none. Decimals must come as text, since JSON's numbers float.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Wire {
        Text(String),
        Whole(i64),
        Other(serde_json::Value),
    }
    match Wire::deserialize(deserializer)? {
        Wire::Text(text) => Ok(text),
        Wire::Whole(number) => Ok(number.to_string()),
        Wire::Other(serde_json::Value::Null) => Ok(String::new()),
        Wire::Other(serde_json::Value::Number(number)) => Err(serde::de::Error::custom(format!(
            "{number} is not taken: write decimals as text, like \"12.30\""
        ))),
        Wire::Other(_) => Err(serde::de::Error::custom("a text is expected")),
    }
}

fn of<T: ToString>(id: Option<T>) -> String {
    id.map(|i| i.to_string()).unwrap_or_default()
}

impl ClaimInput {
    /// What a content would be as input.
    pub fn of(content: &Content) -> ClaimInput {
        let links = &content.links;
        ClaimInput {
            title: content.title.clone(),
            purpose: content.purpose.clone(),
            entity: content.entity.to_string(),
            links: LinksInput {
                account: of(links.account),
                contact: of(links.contact),
                deal: of(links.deal),
                project: of(links.project),
                order: of(links.order),
                activity: of(links.activity),
            },
            lines: content.lines.iter().map(LineInput::of).collect(),
        }
    }
}

impl LineInput {
    fn of(line: &Line) -> LineInput {
        LineInput {
            id: line.id.to_string(),
            category: line.category.clone(),
            incurred_on: line.incurred_on.to_string(),
            description: line.description.clone(),
            place: line.place.clone().unwrap_or_default(),
            quantity: line.quantity.to_string(),
            paid: AmountInput {
                amount: line.paid.plain(),
                currency: line.paid.currency.code().to_owned(),
            },
            rate: line.rate.as_ref().map(|r| RateInput {
                value: r.value.normalize().to_string(),
                source: r.source.clone(),
                on: r.on.to_string(),
            }),
            tax: line.tax.map(|t| AmountInput {
                amount: t.plain(),
                currency: t.currency.code().to_owned(),
            }),
            document: of(line.evidence.as_ref().map(|e| e.document)),
            trip: line.trip.as_ref().map(TripInput::of),
            allocations: allocations(line),
        }
    }
}

/// As weights in percent where those give the same parts, else as amounts.
fn allocations(line: &Line) -> Vec<AllocationInput> {
    let target = |a: &Allocation| AllocationInput {
        account: of(a.account),
        deal: of(a.deal),
        project: of(a.project),
        cost_center: of(a.cost_center),
        ..AllocationInput::default()
    };
    let total = i128::from(line.claimed.minor);
    let hundredths: Vec<u64> = line
        .allocations
        .iter()
        .map(|a| {
            let share = (i128::from(a.amount.minor) * 10_000 + total / 2)
                .checked_div(total)
                .unwrap_or(0);
            u64::try_from(share).unwrap_or(0)
        })
        .collect();
    // Whole percents first: 33.33 % is rarely what was meant by 100 of 300.
    let whole: Vec<u64> = hundredths.iter().map(|h| (h + 50) / 100 * 100).collect();
    let wanted: Vec<_> = line.allocations.iter().map(|a| a.amount).collect();
    let weights = [whole, hundredths]
        .into_iter()
        .find(|w| w.iter().sum::<u64>() == 10_000 && line.claimed.split(w) == wanted);
    line.allocations
        .iter()
        .enumerate()
        .map(|(i, a)| match &weights {
            Some(weights) => AllocationInput {
                weight: rust_decimal::Decimal::new(i64::try_from(weights[i]).unwrap_or(0), 2)
                    .normalize()
                    .to_string(),
                ..target(a)
            },
            None => AllocationInput {
                amount: Some(AmountInput {
                    amount: a.amount.plain(),
                    currency: a.amount.currency.code().to_owned(),
                }),
                ..target(a)
            },
        })
        .collect()
}
