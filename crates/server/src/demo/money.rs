//! Payee accounts, and the weekly batches in which the demo's claims were paid.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use outlay_core::claim::{Actor, Command};
use outlay_core::ids::{ClaimId, PayeeAccountId, PaymentId};
use outlay_core::payment::{BankAccount, Scheme};

use super::chance::Chance;
use super::company::Company;
use super::life::Due;
use crate::app::App;
use crate::args;
use crate::auth::Permit;
use crate::claims;
use crate::clock;
use crate::db::Sql;
use crate::error::Error;
use crate::payments::{self, NewBatch, Outcome};
use crate::people::stored;

/// Most payments of one batch.
const GROUP: usize = 300;

/// Everybody's bank account, active since they came.
pub async fn accounts(
    sql: &mut Sql,
    app: &App,
    company: &Company,
    chance: &mut Chance,
    at: Timestamp,
) -> Result<(), Error> {
    let (Some(by), Some(second)) = (company.person("tian"), company.person("ange")) else {
        return Err(Error::Broken("demo data: nobody keeps accounts".into()));
    };
    for firm in &company.firms {
        let account = bank_account(chance, firm.name, firm.is_chinese())?;
        let key = app.vault.subject(sql, &firm.id.to_string(), "payee").await?;
        let sealed = key.seal(
            &format!("entity account {}", firm.account),
            &serde_json::to_vec(&account)?,
        )?;
        sql.run(
            "INSERT INTO entity_account (id, entity_id, sealed, last4, state, set_by, set_at) VALUES ($1, $2, $3, $4, 'active', $5, $6)",
            args![firm.account, firm.id, sealed, account.last4(), second.id, at.as_microsecond()],
        )
        .await?;
    }
    for person in &company.people {
        let id = PayeeAccountId(chance.id(at));
        let account = bank_account(chance, &person.name, company.firms[person.firm].is_chinese())?;
        let sealed = payments::payee::seal(sql, app, person.id, id, &account).await?;
        sql.run(
            "INSERT INTO payee_account (id, employee_id, sealed, last4, state, proposed_by, proposed_at, decided_by, decided_at) \
             VALUES ($1, $2, $3, $4, 'active', $5, $6, $7, $6)",
            args![id, person.id, sealed, account.last4(), by.id, at.as_microsecond(), second.id],
        )
        .await?;
    }
    Ok(())
}

/// An account at an invented bank that holds together as real ones do.
fn bank_account(chance: &mut Chance, holder: &str, chinese: bool) -> Result<BankAccount, Error> {
    let text = |text: &str| Some(text.to_owned());
    let account = BankAccount {
        holder: holder.to_owned(),
        scheme: if chinese { Scheme::Cn } else { Scheme::Iban },
        number: if chinese { card(chance) } else { iban(chance) },
        bank: if chinese {
            text("华源银行北京中关村支行")
        } else {
            text("Hansebank Hamburg")
        },
        bic: if chinese { None } else { text("HBNKDEHHXXX") },
        branch: if chinese { text("999100000018") } else { None },
    };
    match account.problems().first() {
        None => Ok(account),
        Some(problem) => Err(Error::Broken(format!(
            "demo account: {} {}",
            problem.field, problem.code
        ))),
    }
}

/// A German IBAN (ISO 13616) of an invented bank, with right check digits.
fn iban(chance: &mut Chance) -> String {
    let bban = format!("20099900{}", chance.digits(10));
    // DE is 1314; 00 stands for the check digits sought.
    let rest = format!("{bban}131400")
        .bytes()
        .fold(0u32, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
    format!("DE{:02}{bban}", 98 - rest)
}

/// A bank card of 19 digits with a right check digit (ISO/IEC 7812).
fn card(chance: &mut Chance) -> String {
    let body = format!("629999{}", chance.digits(12));
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, digit)| {
            let digit = u32::from(digit - b'0') * if n % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}

/// Pays what is due in weekly batches, each Thursday until `now`; how many batches.
pub async fn pay(
    app: &Arc<App>,
    company: &Company,
    due: Vec<Due>,
    chance: &mut Chance,
    now: Timestamp,
) -> Result<usize, Error> {
    let mut batches = 0;
    for (place, firm) in company.firms.iter().enumerate() {
        let payer = company
            .people
            .iter()
            .find(|p| p.roles.contains(&format!("payer@{}", firm.code)));
        let payer = payer.ok_or_else(|| Error::Broken("demo data: nobody pays".into()))?;
        let today = clock::day(now, firm.zone);
        let mut weeks: BTreeMap<Date, Vec<Due>> = BTreeMap::new();
        for d in due.iter().filter(|d| d.firm == place) {
            weeks
                .entry(thursday(clock::day(d.since, firm.zone)))
                .or_default()
                .push(d.clone());
        }
        let mut late: Vec<Due> = Vec::new();
        for (day, mut claims) in weeks {
            let at = hour(day, 10, firm.zone);
            if at > now {
                break;
            }
            claims.append(&mut late);
            for part in claims.chunks(GROUP) {
                let batch = Batch {
                    new: NewBatch {
                        entity: firm.id,
                        execute_on: day,
                        claims: part.iter().map(|d| d.number.clone()).collect(),
                    },
                    permit: Permit::demo(Actor::Employee(payer.id), "pay"),
                    at,
                    posted_on: day.saturating_add(Span::new().days(1)),
                    posted_at: hour(day.saturating_add(Span::new().days(1)), 15, firm.zone),
                    posted: day < today.saturating_sub(Span::new().days(7)),
                    archived: day < today.saturating_sub(Span::new().days(14)),
                    fails: part.iter().map(|_| chance.percent(1)).collect(),
                };
                let failed = batch.pay(app).await?;
                late.extend(part.iter().filter(|d| failed.contains(&d.claim)).cloned());
                batches += 1;
            }
        }
    }
    Ok(batches)
}

#[derive(Clone)]
struct Batch {
    new: NewBatch,
    permit: Permit,
    at: Timestamp,
    posted_on: Date,
    posted_at: Timestamp,
    /// Whether the bank has answered: not yet in the last week.
    posted: bool,
    /// Whether the claims are filed away: not yet in the last two weeks.
    archived: bool,
    /// Which payments the bank refuses.
    fails: Vec<bool>,
}

impl Batch {
    /// Carries it out; the claims whose payment failed.
    async fn pay(self, app: &Arc<App>) -> Result<Vec<ClaimId>, Error> {
        let shared = app.clone();
        app.db
            .write(move |sql| {
                let (app, batch) = (shared.clone(), self.clone());
                Box::pin(async move { batch.pay_in(sql, &app).await })
            })
            .await
    }

    async fn pay_in(&self, sql: &mut Sql, app: &App) -> Result<Vec<ClaimId>, Error> {
        let number = clock::at(self.at, payments::open_in(sql, app, &self.permit, &self.new)).await?;
        let mut failed = Vec::new();
        if !self.posted {
            return Ok(failed);
        }
        let rows: Vec<(String,)> = sql
            .all(
                "SELECT p.id FROM payment p JOIN payment_batch b ON b.id = p.batch_id WHERE b.number = $1 ORDER BY p.end_to_end_id",
                args![number],
            )
            .await?;
        for ((id,), fails) in rows.iter().zip(&self.fails) {
            let settled = clock::at(self.posted_at, self.settle(sql, app, stored(id)?, *fails)).await?;
            if *fails {
                failed.push(settled);
            } else if self.archived {
                let at = self
                    .posted_at
                    .saturating_add(Span::new().minutes(7))
                    .unwrap_or(self.posted_at);
                let permit = Permit::system("write-back", "archive");
                clock::at(at, claims::act_in(sql, app, &permit, settled, Command::Archive)).await?;
            }
        }
        Ok(failed)
    }

    /// Settles one payment; its claim.
    async fn settle(&self, sql: &mut Sql, app: &App, id: PaymentId, fails: bool) -> Result<ClaimId, Error> {
        let payment = payments::find(sql, id).await?;
        let outcome = if fails {
            Outcome::Failed("AC01 账号与户名不符".into())
        } else {
            Outcome::Posted(self.posted_on)
        };
        payments::settle_in(sql, app, &self.permit, &payment, &outcome).await?;
        Ok(payment.claim)
    }
}

/// The Thursday after a day.
fn thursday(day: Date) -> Date {
    let ahead = i64::from(day.weekday().until(Weekday::Thursday));
    day.saturating_add(Span::new().days(if ahead == 0 { 7 } else { ahead }))
}

fn hour(day: Date, hour: i8, zone: &str) -> Timestamp {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    day.at(hour, 0, 0, 0)
        .to_zoned_datetime(zone)
        .map_or(Timestamp::UNIX_EPOCH, |z| z.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_numbers_hold() {
        let mut chance = Chance::new(1);
        let iban = iban(&mut chance);
        let turned = format!("{}1314{}", &iban[4..], &iban[2..4]);
        let rest = turned
            .bytes()
            .fold(0u32, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
        assert_eq!((rest, iban.len()), (1, 22), "{iban}");
        assert_eq!(card(&mut chance).len(), 19);
    }

    #[test]
    fn batches_are_on_thursdays() {
        use jiff::civil::date;
        assert_eq!(thursday(date(2026, 11, 24)), date(2026, 11, 26));
        assert_eq!(thursday(date(2026, 11, 26)), date(2026, 12, 3));
    }
}
