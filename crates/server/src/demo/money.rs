//! Payee accounts, and the weekly batches in which the demo's claims were paid.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use outlay_core::claim::{Actor, Command};
use outlay_core::ids::{BatchId, PayeeAccountId, PaymentId};
use outlay_core::payment::{BankAccount, Scheme};

use super::chance::Chance;
use super::company::{Company, Person};
use super::life::Due;
use crate::app::App;
use crate::args;
use crate::auth::Permit;
use crate::claims;
use crate::clock;
use crate::db::Sql;
use crate::error::Error;

/// Most payments of one transaction.
const GROUP: usize = 100;

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
        let key = app.vault.subject(sql, &person.id.to_string(), "payee").await?;
        let sealed = key.seal(&format!("payee account {id}"), &serde_json::to_vec(&account)?)?;
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

/// Pays what is due in weekly batches, each Thursday until `now`.
pub async fn pay(
    app: &Arc<App>,
    company: &Company,
    chance: &mut Chance,
    due: Vec<Due>,
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
                .push(*d);
        }
        let mut late: Vec<Due> = Vec::new();
        for (n, (day, mut claims)) in weeks.into_iter().enumerate() {
            claims.append(&mut late);
            let at = hour(day, 10, firm.zone);
            if at > now {
                break;
            }
            let batch = Batch {
                id: BatchId(chance.id(at)),
                number: format!("PB{}-{}-{:02}", firm.code, day.strftime("%y%m"), n % 100 + 1),
                firm: place,
                day,
                at,
                posted_at: hour(day.saturating_add(Span::new().days(1)), 15, firm.zone),
                archived: day < today.saturating_sub(Span::new().days(14)),
                posted: day < today.saturating_sub(Span::new().days(7)),
                total: claims.iter().map(|d| d.minor).sum(),
                payments: claims
                    .into_iter()
                    .map(|d| (d, PaymentId(chance.id(at)), chance.percent(1)))
                    .collect(),
            };
            late = batch.pay(app, company, payer).await?;
            batches += 1;
        }
    }
    Ok(batches)
}

struct Batch {
    id: BatchId,
    number: String,
    firm: usize,
    day: Date,
    at: Timestamp,
    posted_at: Timestamp,
    /// Whether the bank has answered: not yet in the last week.
    posted: bool,
    /// Whether the claims are filed away: not yet in the last two weeks.
    archived: bool,
    total: i64,
    payments: Vec<(Due, PaymentId, bool)>,
}

impl Batch {
    /// Carries it out; what failed is due again.
    async fn pay(self, app: &Arc<App>, company: &Company, payer: &Person) -> Result<Vec<Due>, Error> {
        let posted = self.posted;
        let firm = company.firms[self.firm].clone();
        let late = self
            .payments
            .iter()
            .filter(|(_, _, fails)| *fails && posted)
            .map(|(d, ..)| *d)
            .collect();
        let batch = Arc::new(self);
        for part in 0..batch.payments.len().div_ceil(GROUP) {
            let (shared, batch, firm, payer) = (app.clone(), batch.clone(), firm.clone(), payer.id);
            app.db
                .write(move |sql| {
                    let (app, batch, firm) = (shared.clone(), batch.clone(), firm.clone());
                    Box::pin(async move {
                        if part == 0 {
                            sql.run(
                                "INSERT INTO payment_batch (id, number, entity_id, currency, account_id, status, execute_on, created_by, \
                                 created_at, total_minor, payment_count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                                args![batch.id, &batch.number, firm.id, firm.currency.code(), firm.account, if posted { "settled" } else { "open" },
                                    batch.day, payer, batch.at.as_microsecond(), batch.total, batch.payments.len()],
                            )
                            .await?;
                        }
                        for (due, payment, fails) in batch.payments.iter().skip(part * GROUP).take(GROUP) {
                            batch.payment(sql, &app, payer, firm.currency.code(), due, *payment, *fails)
.await?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
        Ok(late)
    }

    #[expect(clippy::too_many_arguments, reason = "one payment needs all of these once")]
    async fn payment(
        &self,
        sql: &mut Sql,
        app: &App,
        payer: outlay_core::ids::EmployeeId,
        currency: &str,
        due: &Due,
        payment: PaymentId,
        fails: bool,
    ) -> Result<(), Error> {
        let permit = Permit::demo(Actor::Employee(payer), "pay");
        let command = Command::Batch {
            batch: self.id,
            payment,
        };
        clock::at(self.at, claims::act_in(sql, app, &permit, due.claim, command)).await?;
        let posted = self.posted;
        let on = self.day.saturating_add(Span::new().days(1));
        let (status, reason) = match (posted, fails) {
            (false, _) => ("pending", None),
            (true, true) => ("failed", Some("AC01")),
            (true, false) => ("posted", None),
        };
        sql.run(
            "INSERT INTO payment (id, batch_id, claim_id, end_to_end_id, account_id, minor, currency, status, reason, settled_on) \
             SELECT $1, $2, claim_id, $3, account_id, minor, $4, $5, $6, $7 FROM payable WHERE claim_id = $8",
            args![
                payment,
                self.id,
                payment.0.simple().to_string(),
                currency,
                status,
                reason,
                (status == "posted").then_some(on),
                due.claim
            ],
        )
        .await?;
        if !posted {
            return Ok(());
        }
        let command = if fails {
            Command::Fail {
                payment,
                reason: "AC01".into(),
            }
        } else {
            Command::Post { payment, on }
        };
        clock::at(self.posted_at, claims::act_in(sql, app, &permit, due.claim, command)).await?;
        let archived_at = self
            .posted_at
            .saturating_add(Span::new().minutes(7))
            .unwrap_or(self.posted_at);
        if !fails && self.archived {
            let permit = Permit::system("write-back", "archive");
            clock::at(
                archived_at,
                claims::act_in(sql, app, &permit, due.claim, Command::Archive),
            )
            .await?;
        }
        Ok(())
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
