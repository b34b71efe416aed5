//! Input VAT of a document: what is known of it, as the rules of core ask for it, and what they say.

pub mod paper;
mod view;

use std::collections::BTreeSet;

use jiff::civil::Date;
use outlay_core::Money;
use outlay_core::claim::{Claim, Line};
use outlay_core::evidence::fold_name;
use outlay_core::org::LegalEntity;
use outlay_core::tax::{self, Paper, Purchase, Verdict};
use outlay_documents::{Category, Dialect, Invoice, InvoiceLine, SourceKind, TaxRate};

pub use view::InputTaxView;

use super::store::Document;
use super::{learnt, line};
use crate::app::App;
use crate::claims;
use crate::clock;
use crate::db::Sql;
use crate::error::Error;
use crate::people::stored;
use crate::shell::W;

/// What the rules of the entity's country say of an invoice that is claimed as `category`; none where no rules are known.
pub fn verdict(
    invoice: &Invoice,
    paper: Option<Paper>,
    entity: &LegalEntity,
    category: &str,
    else_on: Date,
) -> Option<Verdict<'static>> {
    let rules = tax::of_country(&entity.country)?;
    Some(rules.judge(&purchase(invoice, paper, entity, category, else_on)))
}

/// What is said of a document: as its claim's line claims it, else as its owner's line would.
pub async fn of_document(sql: &mut Sql, app: &App, w: W, document: &Document) -> Result<Option<InputTaxView>, Error> {
    let Some(invoice) = document.read()? else {
        return Ok(None);
    };
    let org = app.org(sql).await?;
    let claim: Option<Claim> = match &document.claim_id {
        Some(id) => Some(claims::store::load(sql, stored(id)?).await?),
        None => None,
    };
    let held = claim.as_ref().and_then(|claim| {
        let proves = |l: &&Line| {
            l.evidence
                .as_ref()
                .is_some_and(|e| e.document.to_string() == document.id)
        };
        claim
            .content
            .lines
            .iter()
            .find(proves)
            .map(|l| (claim.content.entity, l))
    });
    if let Some((entity, of)) = held {
        let entity = org.entity(entity);
        let said = entity.and_then(|e| verdict(&invoice, document.paper(), e, &of.category, of.incurred_on));
        return Ok(said.map(|v| InputTaxView::of(w, &v, of.tax, true)));
    }
    let today = clock::day(clock::now(), "UTC");
    let owner = org.primary(stored(&document.uploaded_by)?, today);
    let Some(entity) = owner.and_then(|p| org.entity(p.entity)) else {
        return Ok(None);
    };
    let rules = app.rules(sql).await?;
    let policy = rules.policy(entity.id, today);
    let learnt = learnt::of_invoice(sql, entity.id, policy, &invoice).await?;
    let category = line::category(&invoice, policy, learnt.as_ref());
    let said = verdict(&invoice, document.paper(), entity, &category, today);
    Ok(said.map(|v| InputTaxView::of(w, &v, None, false)))
}

/// What is said of a claim's line, by the document that proves it; none where it is not read.
pub fn of_line(w: W, line: &Line, entity: &LegalEntity, documents: &[Document]) -> Result<Option<InputTaxView>, Error> {
    let Some(evidence) = &line.evidence else {
        return Ok(None);
    };
    let id = evidence.document.to_string();
    let Some(document) = documents.iter().find(|d| d.id == id) else {
        return Ok(None);
    };
    let Some(invoice) = document.read()? else {
        return Ok(None);
    };
    let said = verdict(&invoice, document.paper(), entity, &line.category, line.incurred_on);
    Ok(said.map(|v| InputTaxView::of(w, &v, line.tax, true)))
}

fn purchase(invoice: &Invoice, paper: Option<Paper>, entity: &LegalEntity, category: &str, else_on: Date) -> Purchase {
    let sure = |field: &str| {
        let source = invoice.sources.get(field);
        source.is_none_or(|s| s.kind != SourceKind::Picture || s.is_sure())
    };
    let papers = papers(invoice, paper);
    let tax = invoice.tax.filter(|_| sure("tax"));
    let taxed = taxed(invoice, tax);
    let is_e_ticket = |p: &Paper| matches!(p, Paper::RailETicket | Paper::AirETicket);
    let ticket = !papers.is_empty() && papers.iter().all(is_e_ticket);
    let buyer = invoice.buyer.name.as_deref().filter(|_| sure("buyer.name"));
    Purchase {
        on: invoice.issued_on.filter(|_| sure("issued_on")).unwrap_or(else_on),
        currency: entity.currency,
        items: items(invoice),
        category: Some(category.to_owned()).filter(|c| !c.is_empty()),
        domestic: domestic(invoice, &entity.country, ticket, taxed),
        // Both e-tickets are for journeys within the country and carry the traveller's identity by their announcements
        // (2024年第8号 and 第9号, article 2). Of others, who travelled is not kept: it stays in the document.
        identified: ticket.then_some(true),
        ours: buyer.map(|b| fold_name(b) == fold_name(&entity.name)),
        taxed,
        tax,
        gross: invoice.gross.filter(|_| sure("gross")),
        outside: invoice.other,
        papers,
    }
}

/// What a document may be: by its title, else by its form.
fn papers(invoice: &Invoice, paper: Option<Paper>) -> BTreeSet<Paper> {
    if let Some(known) = paper.or_else(|| by_code(invoice.code.as_deref()?)) {
        return [known].into();
    }
    match invoice.dialect {
        Dialect::ChinaChinese
        | Dialect::ChinaPinyin
        | Dialect::ChinaEnglish
        | Dialect::China2020
        | Dialect::ChinaFace => {
            let mut all = BTreeSet::from([Paper::Special, Paper::Ordinary]);
            match invoice.category_hint {
                Some(Category::TravelRail) => all.extend([Paper::RailETicket, Paper::RailTicket]),
                Some(Category::TravelAir) => all.extend([Paper::AirETicket, Paper::AirItinerary]),
                Some(Category::TravelTaxi | Category::TravelOther) => all.extend([Paper::OtherTicket]),
                _ => {}
            }
            all
        }
        // The standard has one kind of instance for each of the two.
        Dialect::ChinaXbrl => match invoice.category_hint {
            Some(Category::TravelAir) => [Paper::AirETicket].into(),
            _ => [Paper::RailETicket].into(),
        },
        Dialect::Text => BTreeSet::new(),
        _ => [Paper::Invoice].into(),
    }
}

/// Electronic invoices before 2023 tell their kind in the last two of the code's twelve digits: 11 ordinary
/// (国家税务总局公告2015年第84号), 12 ordinary of tolls, 13 special (2020年第22号).
fn by_code(code: &str) -> Option<Paper> {
    let plain = code.len() == 12 && code.starts_with('0') && code.bytes().all(|b| b.is_ascii_digit());
    match code.get(10..).filter(|_| plain)? {
        "11" | "12" => Some(Paper::Ordinary),
        "13" => Some(Paper::Special),
        _ => None,
    }
}

fn items(invoice: &Invoice) -> Vec<String> {
    let discount = |l: &&InvoiceLine| l.net.is_none_or(|m| m.minor >= 0);
    let named = invoice.lines.iter().filter(discount).map(|l| {
        let parts = [l.class.as_deref(), l.name.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    named.filter(|text| !text.is_empty()).collect()
}

/// Whether it bears tax; not known where the tax is not.
fn taxed(invoice: &Invoice, tax: Option<Money>) -> Option<bool> {
    let none = |l: &InvoiceLine| matches!(l.tax_rate, Some(TaxRate::Exempt | TaxRate::NotTaxed));
    match tax {
        Some(tax) => Some(tax.minor > 0),
        None if !invoice.lines.is_empty() && invoice.lines.iter().all(none) => Some(false),
        None => None,
    }
}

/// Whether it was supplied within the country: an e-ticket was; in China transport across the border is zero-rated or
/// exempt (财税〔2016〕36号附件4), so what bears tax was not; elsewhere the seller's VAT number tells.
fn domestic(invoice: &Invoice, country: &str, ticket: bool, taxed: Option<bool>) -> Option<bool> {
    if country == "CN" {
        return (ticket || taxed == Some(true)).then_some(true);
    }
    let chinese = matches!(
        invoice.dialect,
        Dialect::ChinaChinese
            | Dialect::ChinaPinyin
            | Dialect::ChinaEnglish
            | Dialect::China2020
            | Dialect::ChinaXbrl
            | Dialect::ChinaFace
    );
    if chinese {
        return Some(false);
    }
    let prefix = invoice.seller.tax_id.as_deref()?.trim().get(..2)?;
    let letters = prefix.bytes().all(|b| b.is_ascii_alphabetic());
    letters.then(|| prefix.eq_ignore_ascii_case(country))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_electronic_invoices_tell_their_kind() {
        assert_eq!(by_code("033002000211"), Some(Paper::Ordinary));
        assert_eq!(by_code("033002000213"), Some(Paper::Special));
        assert_eq!(by_code("033002000204"), None);
        assert_eq!(by_code("3300204130"), None);
        assert_eq!(by_code("中033002000211"), None);
    }
}
