//! From an invoice to a line: what it says, exactly; what it does not say, or a picture does not surely say, stays empty and
//! is asked for.

use jiff::civil::Date;
use outlay_core::Currency;
use outlay_core::learnt::Learnt;
use outlay_core::org::LegalEntity;
use outlay_core::policy::{Policy, Unit};
use outlay_documents::{Invoice, SourceKind};

use super::store::Document;
use super::tax;
use crate::claims::input::{AmountInput, LineInput};
use crate::error::Error;

/// The line that a document begins, in a claim of `currency` on an entity. Its input tax is what the rules of the entity's
/// country surely let be asked back, or the tax as printed where no rules are known; unless the policy has it not asked back.
pub fn line(
    document: &Document,
    policy: Option<&Policy>,
    entity: Option<&LegalEntity>,
    currency: Currency,
    learnt: Option<&Learnt>,
) -> Result<LineInput, Error> {
    let Some(invoice) = document.read()? else {
        return Ok(LineInput {
            document: document.id.clone(),
            paid: AmountInput {
                amount: String::new(),
                currency: currency.code().to_owned(),
            },
            ..LineInput::default()
        });
    };
    let sure = |field: &str| {
        invoice
            .sources
            .get(field)
            .is_none_or(|s| s.kind != SourceKind::Picture || s.is_sure())
    };
    let category = category(&invoice, policy, learnt);
    let travel = invoice.travel.first();
    let on = travel
        .and_then(|t| t.on)
        .or(invoice.issued_on.filter(|_| sure("issued_on")));
    let printed = invoice
        .tax
        .filter(|t| t.currency == currency && t.minor >= 0 && sure("tax"));
    let day = on.unwrap_or(Date::MAX);
    let ruled = entity.and_then(|e| tax::verdict(&invoice, document.paper(), e, &category, day));
    let tax = ruled.map_or(printed, |v| v.amount().filter(|t| t.currency == currency));
    let creditable = policy.is_none_or(|p| p.category(&category).is_none_or(|c| c.vat_creditable));
    let counts = policy.and_then(|p| p.category(&category)).map(|c| c.unit);
    Ok(LineInput {
        id: String::new(),
        quantity: quantity(&invoice, counts.unwrap_or_default()),
        category,
        incurred_on: on.map(|d| d.to_string()).unwrap_or_default(),
        description: description(&invoice),
        place: travel.and_then(|t| t.to.clone()).unwrap_or_default(),
        paid: AmountInput {
            amount: invoice
                .gross
                .filter(|_| sure("gross"))
                .map(|g| g.plain())
                .unwrap_or_default(),
            currency: invoice.currency.code().to_owned(),
        },
        rate: None,
        tax: tax.filter(|_| creditable).map(|t| AmountInput {
            amount: t.plain(),
            currency: t.currency.code().to_owned(),
        }),
        document: document.id.clone(),
        allocations: Vec::new(),
        trip: None,
    })
}

/// The policy's category: what accepted lines surely say, else by the reader's hint, else by the policy's own words for the items.
pub fn category(invoice: &Invoice, policy: Option<&Policy>, learnt: Option<&Learnt>) -> String {
    if let Some(learnt) = learnt {
        return learnt.category.clone();
    }
    let hint = invoice.category_hint.map(|c| c.as_str());
    let Some(policy) = policy else {
        return hint.unwrap_or_default().to_owned();
    };
    if let Some(known) = hint.and_then(|h| policy.category(h)) {
        return known.code.clone();
    }
    let items: Vec<&str> = invoice
        .lines
        .iter()
        .flat_map(|l| [l.class.as_deref(), l.name.as_deref()])
        .flatten()
        .collect();
    policy
        .category_of(&items.join(" "))
        .map(|c| c.code.clone())
        .unwrap_or_default()
}

/// The seller, and the way where it is a journey.
fn description(invoice: &Invoice) -> String {
    let seller = invoice.seller.name.clone().unwrap_or_default();
    let way = invoice.travel.first().and_then(|t| {
        let (from, to) = (t.from.as_ref()?, t.to.as_ref()?);
        Some(format!("{from} → {to}"))
    });
    match way {
        Some(way) if seller.is_empty() => way,
        Some(way) => format!("{seller} · {way}"),
        None => seller,
    }
}

/// Nights, where the only line of the invoice counts nights.
fn quantity(invoice: &Invoice, unit: Unit) -> String {
    let one = "1".to_owned();
    let ([only], Unit::Night) = (invoice.lines.as_slice(), unit) else {
        return one;
    };
    let nights = ["晚", "间夜", "夜", "天", "日", "night", "nights", "day", "days"];
    let counted = only
        .unit
        .as_ref()
        .is_some_and(|u| nights.contains(&u.trim().to_lowercase().as_str()));
    match only.quantity {
        Some(n) if counted && n.fract().is_zero() && n.is_sign_positive() && !n.is_zero() => n.normalize().to_string(),
        _ => one,
    }
}
