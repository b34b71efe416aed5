//! What the tour of the demo begins with: 王敏's and Jonas Weber's last weeks, so that every part of Home has something.

use jiff::Span;
use outlay_core::claim::{Content, Links, Source};

use super::calendar::{office_hour, workday};
use super::chance::Chance;
use super::story::{Fate, Stage, Story, Writer};
use super::{Plan, company::Person};
use crate::claims::NewDraft;
use crate::clock;
use crate::error::Error;

/// Colleagues of theirs whose claims wait for the same approvers.
const TEAM: [&str; 6] = ["li", "xu", "fang", "lena", "emil", "clara"];

fn person<'a>(stage: &'a Stage, key: &str) -> Result<&'a Person, Error> {
    let missing = || Error::Broken(format!("demo data: {key} is not there"));
    stage.company.person(key).ok_or_else(missing)
}

/// Claims of fixed fates, and drafts proposed from won deals.
pub fn stories(stage: &Stage, chance: &mut Chance, plan: Plan) -> Result<Vec<Story>, Error> {
    let mut all = Vec::new();
    for key in ["wang", "jonas"] {
        let person = stage
            .company
            .person(key)
            .ok_or_else(|| Error::Broken("demo data: nobody to tour with".into()))?;
        let firm = &stage.company.firms[person.firm];
        let mut own = stage
            .crm
            .deals
            .iter()
            .enumerate()
            .filter(|(_, d)| d.owner == person.id && d.kind == "open");
        let deal = own.next().map(|(n, _)| n);
        for (n, (days, fate)) in [
            (12, Fate::Approved),
            (9, Fate::LeftReturned),
            (5, Fate::Approved),
            (2, Fate::Approved),
            (1, Fate::Forgotten),
        ]
        .into_iter()
        .enumerate()
        {
            let day = workday(clock::day(plan.now, firm.zone).saturating_sub(Span::new().days(days)));
            let mut chance = chance.fork();
            let at = office_hour(&mut chance, day, firm.zone);
            let number = u64::try_from(plan.claims + all.len()).unwrap_or(0) + 1;
            let writer = Writer::new(stage, person, chance, at, number);
            let mut story = if n % 2 == 0 {
                writer.trip(deal)?
            } else {
                writer.dinner(deal)?
            };
            story.fate = fate;
            all.push(story);
        }
        all.extend(proposed(stage, chance, plan, person));
    }
    for key in TEAM {
        let person = person(stage, key)?;
        let zone = stage.company.firms[person.firm].zone;
        for days in [1, 2] {
            let day = workday(clock::day(plan.now, zone).saturating_sub(Span::new().days(days)));
            let mut chance = chance.fork();
            let at = office_hour(&mut chance, day, zone);
            let number = u64::try_from(plan.claims + all.len()).unwrap_or(0) + 1;
            let mut story = Writer::new(stage, person, chance, at, number).trip(None)?;
            story.fate = Fate::Approved;
            all.push(story);
        }
    }
    all.sort_by_key(|s| s.at);
    Ok(all)
}

/// Drafts as the CRM rule proposes them when a deal is won.
fn proposed(stage: &Stage, chance: &mut Chance, plan: Plan, person: &Person) -> Vec<Story> {
    let firm = &stage.company.firms[person.firm];
    let mut won: Vec<_> = stage
        .crm
        .deals
        .iter()
        .filter(|d| d.owner == person.id && d.kind == "won")
        .collect();
    won.sort_by_key(|d| std::cmp::Reverse(d.close_on));
    let mut all = Vec::new();
    for (n, deal) in won.into_iter().take(3).enumerate() {
        let account = &stage.crm.accounts[deal.account];
        let ago = i64::try_from(n).unwrap_or(0) * 2 + 1;
        let day = workday(clock::day(plan.now, firm.zone).saturating_sub(Span::new().days(ago)));
        let at = office_hour(chance, day, firm.zone);
        let source = |field: &str, object: &str, external_id: &str, value: &str| Source {
            field: field.into(),
            object: object.into(),
            external_id: external_id.into(),
            revision: "3".into(),
            read_at: at,
            value: value.into(),
        };
        let contact = account.contacts.first();
        let content = Content {
            claimant: person.id,
            entity: firm.id,
            department: person.department,
            currency: firm.currency,
            title: deal.name.clone(),
            purpose: if firm.is_chinese() {
                "赢单后待报销的销售费用"
            } else {
                "Cost of a deal just won"
            }
            .into(),
            links: Links {
                account: Some(account.id),
                contact: contact.map(|(id, _)| *id),
                deal: Some(deal.id),
                project: deal.project.as_ref().map(|(id, _)| *id),
                order: deal.order,
                activity: None,
                visited_on: None,
            },
            lines: Vec::new(),
        };
        let sources = vec![
            source("links.account", "account", &account.code, &account.name),
            source("links.deal", "deal", &deal.code, &deal.name),
        ];
        all.push(Story {
            claimant: person.id,
            firm: person.firm,
            at,
            new: NewDraft {
                content,
                sources,
                origin: Some(format!("won:{}", deal.id)),
            },
            receipts: Vec::new(),
            fate: Fate::Forgotten,
            chance: chance.fork(),
        });
    }
    all
}
