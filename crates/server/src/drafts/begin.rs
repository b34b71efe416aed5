//! Beginning drafts: an event of a record begins at most one, for ever, by the first rule that holds.

use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;
use outlay_core::claim::MAX_TITLE;
use outlay_core::ids::{ClaimId, EmployeeId};
use outlay_core::org::Org;
use tokio::sync::watch;

use super::facts::{self, Facts};
use super::lines::{Setting, short};
use super::rule::{DraftRule, Event, Who};
use super::text;
use crate::app::App;
use crate::args;
use crate::auth::{Action, Permit, Person, Resource};
use crate::claims::{self, NewDraft, Start};
use crate::clock::{day, now};
use crate::crm;
use crate::db::Sql;
use crate::error::Error;

/// Something that happened to a record just stored.
#[derive(Debug, Clone)]
pub struct News {
    /// What.
    pub event: Event,
    /// The day it counts from: won, last of the visit. None if the stored record tells.
    pub on: Option<Date>,
    /// Kind of an activity.
    pub kind: String,
    /// It happened before our eyes, and is news at any age.
    pub fresh: bool,
}

/// Begins the draft that `news` of the record `id` calls for, within the transaction of `sql`; none where no rule holds,
/// nobody can have it, or there was one before.
pub async fn happened(sql: &mut Sql, app: &App, news: &News, id: &str) -> Result<Option<ClaimId>, Error> {
    let rules = app.draft_rules(sql).await?;
    let today = day(now(), "UTC");
    // Most records are history: they cost no look at the database.
    let may = |rule: &DraftRule| {
        rule.on
            && rule.event == news.event
            && (news.fresh || news.on.is_none_or(|on| is_recent(on, rule.days, today)))
            && (news.kind.is_empty() || is_kind(rule, &news.kind))
    };
    if !rules.iter().any(may) {
        return Ok(None);
    }
    let Some(facts) = facts::one(sql, news.event, id).await? else {
        return Ok(None);
    };
    begin(sql, app, &rules, &facts, news.fresh).await
}

async fn begin(
    sql: &mut Sql,
    app: &App,
    rules: &[DraftRule],
    facts: &Facts,
    fresh: bool,
) -> Result<Option<ClaimId>, Error> {
    let org = app.org(sql).await?;
    let Some(rule) = first(rules, facts, &org, Some(fresh)) else {
        return Ok(None);
    };
    // The record's row is the lock: of two at once on PostgreSQL the second waits here, and then sees the first one's claim.
    let lock = format!(
        "UPDATE {} SET deleted = deleted WHERE id = $1",
        crm::store::table(facts.event.object())
    );
    sql.run_built(lock, args![&facts.id]).await?;
    let origin = facts.event.origin(&facts.id);
    if had(sql, &origin).await?.is_some() {
        return Ok(None);
    }
    let Ok(who) = who(sql, app, rule, facts).await? else {
        return Ok(None);
    };
    let Ok(mut new) = compose(sql, app, rule, facts, who).await? else {
        return Ok(None);
    };
    new.origin = Some(origin);
    match claims::draft_in(sql, app, &Permit::system("crm", "draftClaim"), &new).await {
        Ok(claim) => Ok(Some(claim.id)),
        // The record is taken all the same.
        Err(error @ (Error::Refused(_) | Error::Invalid(_))) => {
            tracing::warn!(%error, origin = new.origin, rule = rule.id, "no draft");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The number of the claim that an origin began.
pub async fn had(sql: &mut Sql, origin: &str) -> Result<Option<String>, Error> {
    let made: Option<(String,)> = sql
        .maybe("SELECT number FROM claim WHERE origin = $1", args![origin])
        .await?;
    Ok(made.map(|(number,)| number))
}

/// The first rule that holds. Without `fresh` the age does not count.
pub fn first<'r>(rules: &'r [DraftRule], facts: &Facts, org: &Org, fresh: Option<bool>) -> Option<&'r DraftRule> {
    rules
        .iter()
        .filter(|r| r.on && r.event == facts.event)
        .find(|r| misses(r, facts, org, fresh).is_empty())
}

/// Which conditions of a rule do not hold: `connection`, `entity`, `amount`, `kind`, `place`, `project`, `age`, `over`.
/// Without `fresh`, neither the age counts nor whether a visit is over.
pub fn misses(rule: &DraftRule, facts: &Facts, org: &Org, fresh: Option<bool>) -> Vec<&'static str> {
    let (when, today) = (&rule.when, day(now(), "UTC"));
    let place = person(rule, facts).and_then(|who| org.primary(who, today));
    let connection = match when.connection.as_str() {
        "" => true,
        "own" => facts.connection.is_none(),
        id => facts.connection.as_deref() == Some(id),
    };
    let worth = when.at_least.as_ref().is_none_or(|least| {
        let amount = facts.amount.filter(|a| a.currency.code() == least.currency);
        let least = amount.and_then(|a| outlay_core::Money::parse(&least.amount, a.currency).ok());
        amount.zip(least).is_some_and(|(a, least)| a.minor >= least.minor)
    });
    let entity = when.entity.is_empty() || place.is_some_and(|p| p.entity.to_string() == when.entity);
    // A per diem needs days that have been; for others, elsewhere it may be tomorrow already.
    let reckons = rule.lines.iter().any(|l| l.how.is_per_diem());
    let zone = place
        .and_then(|p| org.entity(p.entity))
        .map_or("UTC", |e| e.zone.as_str());
    let last = if reckons {
        day(now(), zone)
    } else {
        today.tomorrow().unwrap_or(today)
    };
    let old = fresh.is_some_and(|fresh| !fresh && facts.until < since(rule.days, today));
    [
        ("connection", connection),
        ("entity", entity),
        ("amount", worth),
        ("kind", facts.event != Event::Visit || is_kind(rule, &facts.kind)),
        (
            "place",
            when.places.is_empty() || when.places.iter().any(|p| is_in(p, facts)),
        ),
        ("project", when.project.is_none_or(|has| has == facts.project)),
        ("over", fresh.is_none() || facts.until <= last),
        ("age", !old),
    ]
    .into_iter()
    .filter_map(|(code, holds)| (!holds).then_some(code))
    .collect()
}

fn is_kind(rule: &DraftRule, kind: &str) -> bool {
    let kinds = &rule.when.kinds;
    kinds.is_empty() || kinds.iter().any(|k| k.to_lowercase() == kind.to_lowercase())
}

/// Whether a city or country in two letters is the visit's or the customer's.
fn is_in(place: &str, facts: &Facts) -> bool {
    let place = place.trim().to_lowercase();
    let holds = |text: &str| !place.is_empty() && text.to_lowercase().contains(&place);
    facts.country.to_lowercase() == place
        || place.chars().count() > 1 && !is_country(&place) && (holds(&facts.place) || holds(&facts.city))
}

/// Two letters are a country.
fn is_country(place: &str) -> bool {
    place.len() == 2 && place.bytes().all(|b| b.is_ascii_alphabetic())
}

fn since(days: u32, today: Date) -> Date {
    today.checked_sub(i64::from(days).days()).unwrap_or(today)
}

/// Whether a day is no further back than so many days, and no later than tomorrow.
fn is_recent(on: Date, days: u32, today: Date) -> bool {
    since(days, today) <= on && on <= today.tomorrow().unwrap_or(Date::MAX)
}

/// Whom a rule names, if there is somebody.
pub fn person(rule: &DraftRule, facts: &Facts) -> Option<EmployeeId> {
    match rule.whom.who {
        Who::Owner => facts.owner,
        Who::AccountOwner => facts.account_owner,
        Who::Employee => rule.whom.employee.parse().ok(),
    }
}

/// Why a rule that holds begins no draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Nobody is known to be the owner.
    Nobody,
    /// They do not work here, or their entity takes no claims.
    CannotClaim,
    /// They may not read the record.
    CannotRead,
    /// There is nothing to call it by.
    Untitled,
}

impl Why {
    /// The name used in JSON and for the words.
    pub fn code(self) -> &'static str {
        match self {
            Why::Nobody => "nobody",
            Why::CannotClaim => "cannot-claim",
            Why::CannotRead => "cannot-read",
            Why::Untitled => "untitled",
        }
    }
}

/// Whose the draft is.
pub async fn who(sql: &mut Sql, app: &App, rule: &DraftRule, facts: &Facts) -> Result<Result<EmployeeId, Why>, Error> {
    let Some(who) = person(rule, facts) else {
        return Ok(Err(Why::Nobody));
    };
    let (org, rules) = (app.org(sql).await?, app.rules(sql).await?);
    let today = day(now(), "UTC");
    let place = org.primary(who, today).filter(|_| org.is_active(who));
    if place.is_none_or(|place| rules.flow(place.entity, today).is_none()) {
        return Ok(Err(Why::CannotClaim));
    }
    // The CRM's rights are not widened by a rule. The owner may read what they own.
    if rule.whom.who != Who::Owner {
        let person = Person::of(&org, who, today)?;
        let of = crm::record_facts(sql, &org, facts.event.object(), &facts.id).await?;
        if !app.rights.may(&person, Action::ReadRecord, &Resource::Record(&of)) {
            return Ok(Err(Why::CannotRead));
        }
    }
    Ok(Ok(who))
}

/// The draft as the rule makes it. Nothing is written.
pub async fn compose(
    sql: &mut Sql,
    app: &App,
    rule: &DraftRule,
    facts: &Facts,
    who: EmployeeId,
) -> Result<Result<NewDraft, Why>, Error> {
    let wrong = |_| Error::NotFound(facts.event.object().as_str());
    let start = match facts.event {
        Event::Won => Start::Deal(facts.id.parse().map_err(wrong)?),
        Event::Visit => Start::Activity(facts.id.parse().map_err(wrong)?),
        Event::Customer => Start::Account(facts.id.parse().map_err(wrong)?),
    };
    let mut new = claims::fill(sql, app, who, start).await?;
    for source in &mut new.sources {
        source.rule = Some(rule.name.clone());
    }
    let title = text::fill(&rule.title, facts);
    if !title.is_empty() {
        new.content.title = short(&title, MAX_TITLE);
    }
    if new.content.title.trim().is_empty() {
        return Ok(Err(Why::Untitled));
    }
    let purpose = text::fill(&rule.purpose, facts);
    if !purpose.is_empty() {
        new.content.purpose = short(&purpose, outlay_core::claim::MAX_TEXT);
    }
    for (field, value) in [("title", &new.content.title), ("purpose", &new.content.purpose)] {
        if !value.is_empty() {
            new.sources.push(facts.source(field, value, &rule.name));
        }
    }
    let (org, rules) = (app.org(sql).await?, app.rules(sql).await?);
    let today = claims::today(&org, &new.content)?;
    let setting = Setting {
        rule,
        facts,
        policy: rules.policy(new.content.entity, today),
        grade: org.primary(who, today).map(|place| place.grade.as_str()),
        today,
    };
    let (lines, sources) = setting.lines(&new.content);
    new.content.lines = lines;
    new.sources.extend(sources);
    Ok(Ok(new))
}

/// Begins what an employee missed while the CRM user was not known to be theirs.
pub async fn missed(sql: &mut Sql, app: &App, owner: EmployeeId) -> Result<(), Error> {
    let rules = app.draft_rules(sql).await?;
    for event in Event::ALL {
        let Some(since) = oldest(&rules, event) else { continue };
        let (of, is_moment) = facts::day_of(event);
        let mine = match event {
            Event::Customer => "r.owner_id = $3",
            _ => "(r.owner_id = $3 OR r.account_id IN (SELECT m.id FROM account m WHERE m.owner_id = $3))",
        };
        let condition = format!("{of} >= $2 AND {mine} ORDER BY {of}, r.id");
        let values = if is_moment {
            args![super::midnight(since).as_microsecond(), owner]
        } else {
            args![since, owner]
        };
        for facts in facts::wanted(sql, event, &condition, values).await? {
            begin(sql, app, &rules, &facts, false).await?;
        }
    }
    Ok(())
}

/// The first day that any rule for an event looks back to; none without a rule.
fn oldest(rules: &[DraftRule], event: Event) -> Option<Date> {
    let today = day(now(), "UTC");
    let of = rules.iter().filter(|r| r.on && r.event == event);
    of.map(|r| since(r.days, today)).min()
}

/// Begins drafts of visits that were planned when their record was read, and are over by now: nothing in the CRM changes
/// then. How many began.
pub async fn ended(app: &Arc<App>) -> Result<usize, Error> {
    let mut sql = app.db.read();
    let rules = app.draft_rules(&mut sql).await?;
    if oldest(&rules, Event::Visit).is_none() {
        return Ok(0);
    }
    let today = day(now(), "UTC");
    let (of, _) = facts::day_of(Event::Visit);
    let condition = format!(
        "{of} >= $2 AND {of} <= $3 AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.origin = 'visit:' || r.id) ORDER BY {of}, r.id"
    );
    let days = args![since(2, today), today.tomorrow().unwrap_or(today)];
    let org = app.org(&mut sql).await?;
    let mut begun = 0;
    for facts in facts::wanted(&mut sql, Event::Visit, &condition, days).await? {
        // What was read on its last day or later was no plan.
        let planned = facts.read_at < super::midnight(facts.until).as_microsecond();
        if !planned || first(&rules, &facts, &org, Some(false)).is_none() {
            continue;
        }
        let (shared, rules) = (app.clone(), rules.clone());
        let drafted = app
            .db
            .write(move |sql| {
                let (app, rules, facts) = (shared.clone(), rules.clone(), facts.clone());
                Box::pin(async move { begin(sql, &app, &rules, &facts, false).await })
            })
            .await?;
        begun += usize::from(drafted.is_some());
    }
    if begun > 0 {
        app.live.wake();
    }
    Ok(begun)
}

/// How often planned visits are looked at.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// Begins drafts of visits that are over by now, again and again, until `stop`. Several processes may do so.
pub async fn keep_beginning(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = ended(&app).await {
            tracing::error!(%error, "drafts of visits that are over");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stop.changed() => {}
        }
    }
}
