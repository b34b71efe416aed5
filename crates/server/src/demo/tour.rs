//! What the tour of the demo begins with: 王敏's and Jonas Weber's last weeks, so that every part of Home has something.

use std::sync::Arc;

use jiff::Span;

use super::calendar::{office_hour, workday};
use super::chance::Chance;
use super::story::{Fate, Stage, Story, Writer};
use super::{Plan, company::Person};
use crate::app::App;
use crate::clock;
use crate::drafts::{self, Event, News};
use crate::error::Error;

/// Whose days the tour shows.
const TOURISTS: [&str; 2] = ["wang", "jonas"];

/// Colleagues of theirs whose claims wait for the same approvers.
const TEAM: [&str; 6] = ["li", "xu", "fang", "lena", "emil", "clara"];

fn person<'a>(stage: &'a Stage, key: &str) -> Result<&'a Person, Error> {
    let missing = || Error::Broken(format!("demo data: {key} is not there"));
    stage.company.person(key).ok_or_else(missing)
}

/// Claims of fixed fates.
pub fn stories(stage: &Stage, chance: &mut Chance, plan: Plan) -> Result<Vec<Story>, Error> {
    let mut all = Vec::new();
    for key in TOURISTS {
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

/// Drafts that the CRM's own rule begins for the deals they won last; how many.
pub async fn propose(app: &Arc<App>, stage: &Arc<Stage>, plan: Plan) -> Result<usize, Error> {
    let (shared, set) = (app.clone(), stage.clone());
    app.db
        .write(move |sql| {
            let (app, stage) = (shared.clone(), set.clone());
            Box::pin(async move {
                let mut made = 0;
                let news = News {
                    event: Event::Won,
                    on: None,
                    kind: String::new(),
                    fresh: true,
                };
                for key in TOURISTS {
                    let owner = person(&stage, key)?;
                    let mut won: Vec<_> = stage
                        .crm
                        .deals
                        .iter()
                        .filter(|d| d.owner == owner.id && d.kind == "won")
                        .collect();
                    won.sort_by_key(|d| std::cmp::Reverse((d.close_on, d.code.clone())));
                    for (hours, deal) in (0..3).map(|n| n * 30 + 5).zip(won) {
                        let at = plan.now.saturating_sub(Span::new().hours(hours)).unwrap_or(plan.now);
                        let id = deal.id.to_string();
                        let draft = drafts::happened(sql, &app, &news, &id);
                        made += usize::from(clock::at(at, draft).await?.is_some());
                    }
                }
                Ok(made)
            })
        })
        .await
}
