//! The demo's customers: accounts, contacts, deals, projects, orders and visits.

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use outlay_core::ids::{AccountId, ActivityId, ContactId, DealId, EmployeeId, OrderId, ProjectId};

use super::chance::Chance;
use super::company::Company;
use super::words;
use crate::args;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::search::{self, Thing};

/// A customer and the person met there.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Its id in the CRM.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What colleagues call it.
    pub short: String,
    /// City.
    pub city: &'static str,
    /// Place of the firm that serves it in [`Company::firms`].
    pub firm: usize,
    /// Who owns it.
    pub owner: EmployeeId,
    /// Whom one meets.
    pub contacts: Vec<(ContactId, String)>,
}

/// A deal.
#[derive(Debug, Clone)]
pub struct Deal {
    /// Its id.
    pub id: DealId,
    /// Its id in the CRM.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Place of the account in [`Crm::accounts`].
    pub account: usize,
    /// Who owns it.
    pub owner: EmployeeId,
    /// `open`, `won` or `lost`.
    pub kind: &'static str,
    /// Stage as the CRM names it.
    pub stage: &'static str,
    /// Its worth in minor units.
    pub minor: i64,
    /// When it was begun.
    pub begun_on: Date,
    /// When it closed or shall close.
    pub close_on: Date,
    /// Projects that came of it.
    pub project: Option<(ProjectId, String)>,
    /// The order that came of it.
    pub order: Option<OrderId>,
    /// Visits: id, day, subject.
    pub visits: Vec<(ActivityId, Date, String)>,
}

/// All CRM records.
#[derive(Debug, Clone)]
pub struct Crm {
    /// Customers.
    pub accounts: Vec<Account>,
    /// Deals.
    pub deals: Vec<Deal>,
}

/// How many customers.
const ACCOUNTS: usize = 200;
/// How many deals.
const DEALS: usize = 400;
/// How many of these belong to the German firm.
const GERMAN: usize = 50;

impl Crm {
    /// Makes them up for the year before `today`.
    pub fn invent(chance: &mut Chance, company: &Company, today: Date) -> Crm {
        let since = midnight(today.saturating_sub(Span::new().days(380)));
        let sellers: [Vec<EmployeeId>; 2] = [0, 1].map(|firm| {
            let sells = company
                .people
                .iter()
                .filter(|p| p.firm == firm && p.sells() && p.key != "gu" && p.key != "fang");
            sells.map(|p| p.id).collect()
        });
        let wang = company.person("wang").map(|p| p.id);
        let mut names = words::Names::default();
        let mut accounts = Vec::with_capacity(ACCOUNTS);
        for n in 0..ACCOUNTS {
            let firm = usize::from(n >= ACCOUNTS - GERMAN);
            let (name, short, city) = names.account(chance, firm == 1);
            let owner = wang.filter(|_| n < 12).unwrap_or_else(|| *chance.pick(&sellers[firm]));
            let contacts = (0..chance.between(1, 3))
                .map(|_| (ContactId(chance.id(since)), words::person(chance, firm == 1)))
                .collect();
            accounts.push(Account {
                id: AccountId(chance.id(since)),
                code: format!("ACC-{:04}", n + 1),
                name,
                short,
                city,
                firm,
                owner,
                contacts,
            });
        }
        let mut deals = Vec::with_capacity(DEALS);
        for n in 0..DEALS {
            // The first two dozen accounts are the ones everybody works on.
            let account = if n < ACCOUNTS {
                n
            } else {
                usize::try_from(chance.between(0, 199)).unwrap_or(0)
            };
            deals.push(deal(chance, &accounts[account], account, n, today));
        }
        Crm { accounts, deals }
    }

    /// Writes them.
    pub async fn store(&self, sql: &mut Sql, company: &Company, read_at: Timestamp) -> Result<(), Error> {
        let at = read_at.as_microsecond();
        let mut accounts = Vec::new();
        let mut contacts = Vec::new();
        for (n, a) in self.accounts.iter().enumerate() {
            let (country, area) = if a.firm == 0 {
                ("CN", "021-5080")
            } else {
                ("DE", "+49 40 3344")
            };
            let owner = company
                .people
                .iter()
                .find(|p| p.id == a.owner)
                .map(super::company::Person::email);
            accounts.push(args![
                a.id,
                &a.code,
                "1",
                at,
                false,
                &a.name,
                words::tax_id(n, a.firm == 1),
                a.city,
                country,
                format!("{area} {:04}", n + 1),
                a.owner,
                owner
            ]);
            for (k, (id, name)) in a.contacts.iter().enumerate() {
                let title = if a.firm == 0 {
                    words::TITLES_ZH[k]
                } else {
                    words::TITLES_DE[k]
                };
                contacts.push(args![
                    *id,
                    format!("CON-{:04}-{k}", n + 1),
                    "1",
                    at,
                    false,
                    name,
                    a.id,
                    title,
                    format!("contact{}.{k}@customer.example", n + 1),
                    ""
                ]);
            }
        }
        insert(sql, "account (id, external_id, revision, read_at, deleted, name, tax_id, city, country, phone, owner_id, crm_owner)", &accounts).await?;
        insert(
            sql,
            "contact (id, external_id, revision, read_at, deleted, name, account_id, title, email, phone)",
            &contacts,
        )
        .await?;
        let (mut deals, mut projects, mut orders, mut visits) = (vec![], vec![], vec![], vec![]);
        for (n, d) in self.deals.iter().enumerate() {
            let account = &self.accounts[d.account];
            let currency = company.firms[account.firm].currency.code();
            let won_at = (d.kind == "won").then(|| midnight(d.close_on).as_microsecond() + 9 * 3_600_000_000);
            let contact = account.contacts.first().map(|(id, _)| *id);
            deals.push(args![
                d.id, &d.code, "3", at, false, &d.name, account.id, contact, d.owner, d.stage, d.kind, d.minor,
                currency, d.close_on, won_at
            ]);
            if let Some((id, name)) = &d.project {
                projects.push(args![
                    *id,
                    format!("PRJ-{:04}", n + 1),
                    "1",
                    at,
                    false,
                    name,
                    account.id,
                    d.id
                ]);
            }
            if let Some(id) = d.order {
                orders.push(args![
                    id,
                    format!("SO-{:04}", n + 1),
                    "1",
                    at,
                    false,
                    format!("SO{:05}", 20_000 + n),
                    account.id,
                    d.id,
                    d.minor,
                    currency,
                    "confirmed",
                    d.close_on
                ]);
            }
            for (k, (id, day, subject)) in d.visits.iter().enumerate() {
                visits.push(args![
                    *id,
                    format!("ACT-{:04}-{k}", n + 1),
                    "1",
                    at,
                    false,
                    "visit",
                    subject,
                    account.id,
                    contact,
                    d.id,
                    d.owner,
                    *day,
                    account.city
                ]);
            }
        }
        insert(sql, "deal (id, external_id, revision, read_at, deleted, name, account_id, contact_id, owner_id, stage, stage_kind, amount_minor, currency, close_on, won_at)", &deals).await?;
        insert(
            sql,
            "project (id, external_id, revision, read_at, deleted, name, account_id, deal_id)",
            &projects,
        )
        .await?;
        insert(sql, "sales_order (id, external_id, revision, read_at, deleted, number, account_id, deal_id, amount_minor, currency, state, ordered_on)", &orders).await?;
        insert(sql, "activity (id, external_id, revision, read_at, deleted, kind, subject, account_id, contact_id, deal_id, owner_id, happened_on, place)", &visits).await?;
        let accounts: Vec<Thing<'_>> = self.accounts.iter().map(|a| thing(&a.id, [&a.name, &a.code])).collect();
        let contacts = self.accounts.iter().flat_map(|a| &a.contacts);
        let contacts: Vec<Thing<'_>> = contacts.map(|(id, name)| thing(id, [name])).collect();
        let deals: Vec<Thing<'_>> = self
            .deals
            .iter()
            .map(|d| thing(&d.id, [&d.name, &self.accounts[d.account].name, &d.code]))
            .collect();
        let projects = self.deals.iter().filter_map(|d| {
            let (id, name) = d.project.as_ref()?;
            Some(thing(id, [name, &self.accounts[d.account].name]))
        });
        let projects: Vec<Thing<'_>> = projects.collect();
        for (object, things) in [
            ("account", accounts),
            ("contact", contacts),
            ("deal", deals),
            ("project", projects),
        ] {
            search::index_all(sql, object, &things).await?;
        }
        Ok(())
    }
}

fn thing<'t, const N: usize>(id: &impl ToString, texts: [&'t String; N]) -> Thing<'t> {
    Thing {
        id: id.to_string(),
        texts: texts.into_iter().map(String::as_str).collect(),
    }
}

/// Inserts `rows` into `table (columns)`, both literals of this file.
async fn insert(sql: &mut Sql, table: &'static str, rows: &[Vec<Value>]) -> Result<(), Error> {
    for part in rows.chunks(100) {
        let text = format!(
            "INSERT INTO {table} VALUES {}",
            dialect::rows(part.len(), part[0].len())
        );
        sql.run_built(text, part.iter().flatten().cloned().collect()).await?;
    }
    Ok(())
}

fn deal(chance: &mut Chance, account: &Account, place: usize, n: usize, today: Date) -> Deal {
    let german = account.firm == 1;
    let begun_on = today.saturating_sub(Span::new().days(chance.between(20, 370)));
    let at = midnight(begun_on);
    let subject = if n == 0 {
        "产线检测二期"
    } else {
        words::subject(chance, german)
    };
    let stages = words::stages(german);
    let (kind, stage) = match chance.between(0, 9) {
        _ if n == 0 => ("open", stages[2]),
        0..=3 => ("open", *chance.pick(&stages[..4])),
        4..=7 => ("won", stages[4]),
        _ => ("lost", stages[5]),
    };
    let age = i64::from(today.since(begun_on).map_or(30, |span| span.get_days()));
    let close_on = match kind {
        "open" => today.saturating_add(Span::new().days(chance.between(5, 120))),
        _ => begun_on.saturating_add(Span::new().days(chance.between(10.min(age), age))),
    };
    let visits = (0..chance.between(0, 3))
        .map(|_| {
            let day = begun_on.saturating_add(Span::new().days(chance.between(1, age.max(1))));
            let day = super::calendar::workday(day.min(today));
            (
                ActivityId(chance.id(midnight(day))),
                day,
                words::visit(chance, german).to_owned(),
            )
        })
        .collect();
    let name = if german {
        format!("{} – {subject}", account.short)
    } else {
        format!("{} · {subject}", account.short)
    };
    let won = kind == "won";
    Deal {
        id: DealId(chance.id(at)),
        code: format!("OPP-{:04}", n + 1),
        account: place,
        owner: account.owner,
        kind,
        stage,
        minor: chance.between(8, 300) * if german { 100_000 } else { 1_000_000 },
        begun_on,
        close_on,
        project: (won && chance.percent(70)).then(|| {
            let name = if german {
                format!("{name} – Umsetzung")
            } else {
                format!("{name}实施")
            };
            (ProjectId(chance.id(at)), name)
        }),
        order: won.then(|| OrderId(chance.id(at))),
        visits,
        name,
    }
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp())
}
