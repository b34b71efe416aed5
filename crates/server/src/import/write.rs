//! What a row of a table writes.

use jiff::civil::Date;
use outlay_connect::Record;
use outlay_core::Currency;
use outlay_core::ids::{ConnectionId, DepartmentId, EmployeeId};
use outlay_core::org::{Assignment, CostCenter, Department, Employee, Grant, LegalEntity};
use outlay_core::payment::BankAccount;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::app::App;
use crate::args;
use crate::audit::{self, actor_text};
use crate::auth::{Action, Permit};
use crate::clock::{day, now};
use crate::crm;
use crate::db::Sql;
use crate::error::Error;
use crate::payments::payee;
use crate::people::{self, store};
use crate::policies;

/// What a row of a table writes.
#[derive(Debug, Clone)]
pub enum Write {
    /// A legal entity that is there already.
    Entity(LegalEntity),
    /// A new legal entity, with the rules that one begins with.
    NewEntity(LegalEntity),
    /// A cost centre.
    CostCenter(CostCenter),
    /// A department; its head stays.
    Department(Department),
    /// The head of a department.
    Head(DepartmentId, EmployeeId),
    /// Somebody.
    Person(Employee),
    /// Somebody who leaves.
    Leaver(Employee),
    /// A place of somebody.
    Assignment(Assignment),
    /// A role of somebody.
    Role(Grant),
    /// A proposal to pay somebody there.
    Payee(EmployeeId, BankAccount),
    /// A CRM user and the employee behind it.
    CrmUser(CrmUser),
    /// A record of Outlay's own.
    Record(Box<Record>),
    /// An exchange rate.
    Rate(Rate),
}

/// A CRM user and the employee behind it.
#[derive(Debug, Clone)]
pub struct CrmUser {
    /// The connection, or none for names used in Outlay's own records.
    pub connection: Option<ConnectionId>,
    /// Their id in the CRM.
    pub external_id: String,
    /// Their name, if they are not known yet.
    pub name: String,
    /// Who they are.
    pub employee: Option<EmployeeId>,
}

/// A published rate: one `base` is `value` of `quote`.
#[derive(Debug, Clone)]
pub struct Rate {
    /// When it was published.
    pub on: Date,
    /// What is exchanged.
    pub base: Currency,
    /// What for.
    pub quote: Currency,
    /// How much.
    pub value: Decimal,
    /// Who published it.
    pub source: String,
}

impl Write {
    /// Whether it may yet be refused, for a reason that shows only as it is carried out; and so is carried out alone.
    pub fn may_be_refused(&self) -> bool {
        matches!(self, Write::Leaver(_))
    }

    /// Writes it, with its entry in the audit, within the transaction of `sql`.
    pub async fn carry_out(&self, sql: &mut Sql, app: &App, permit: &Permit) -> Result<(), Error> {
        let (subject, detail) = match self {
            Write::Entity(e) => {
                store::put_entity(sql, permit, e).await?;
                (format!("entity:{}", e.id), "imported".to_owned())
            }
            Write::NewEntity(e) => {
                store::put_entity(sql, permit, e).await?;
                let rules = Permit::system("import", Action::ManagePolicies.code());
                policies::give_standard(sql, &rules, e, day(now(), &e.zone)).await?;
                (format!("entity:{}", e.id), "imported".to_owned())
            }
            Write::CostCenter(c) => {
                store::put_cost_center(sql, permit, c).await?;
                (format!("cost_center:{}", c.id), "imported".to_owned())
            }
            Write::Department(d) => {
                store::put_department_but_head(sql, permit, d).await?;
                (format!("department:{}", d.id), "imported".to_owned())
            }
            Write::Head(department, head) => {
                store::put_head(sql, permit, *department, *head).await?;
                (format!("department:{department}"), "head imported".to_owned())
            }
            Write::Person(e) => {
                store::put_employee(sql, permit, e).await?;
                (format!("employee:{}", e.id), "imported".to_owned())
            }
            Write::Leaver(e) => {
                people::leave(sql, app, permit, e).await?;
                (format!("employee:{}", e.id), "deactivated".to_owned())
            }
            Write::Assignment(a) => {
                store::put_assignment(sql, permit, a).await?;
                (format!("employee:{}", a.employee), "place imported".to_owned())
            }
            Write::Role(g) => {
                store::put_grant(sql, permit, g).await?;
                let entity = g.entity.map_or_else(|| "all".to_owned(), |e| e.to_string());
                let detail = format!("granted {} {entity}", g.role.code());
                (format!("employee:{}", g.employee), detail)
            }
            Write::Payee(employee, account) => {
                let by = actor_text(permit.actor());
                payee::propose_in(sql, app, permit, &by, *employee, account).await?;
                return Ok(());
            }
            Write::CrmUser(user) => {
                let id = user.carry_out(sql, app).await?;
                (format!("crm_user:{id}"), "imported".to_owned())
            }
            Write::Record(record) => {
                let applied = crm::apply(sql, app, None, record).await?;
                (format!("{}:{}", record.object, applied.id), "imported".to_owned())
            }
            Write::Rate(rate) => {
                rate.carry_out(sql).await?;
                let subject = format!("fx_rate:{}-{}", rate.base.code(), rate.quote.code());
                (subject, format!("{} of {} imported", rate.value, rate.on))
            }
        };
        audit::note(sql, permit.actor(), permit.action(), &subject, &detail).await
    }
}

impl CrmUser {
    async fn carry_out(&self, sql: &mut Sql, app: &App) -> Result<String, Error> {
        let known = crm::store::find(sql, self.connection, outlay_connect::Object::CrmUser, &self.external_id).await?;
        let id = match known {
            Some(id) => id,
            None => {
                let id = Uuid::now_v7().to_string();
                sql.run(
                    "INSERT INTO crm_user (id, connection_id, external_id, name, email) VALUES ($1, $2, $3, $4, '')",
                    args![&id, self.connection, &self.external_id, &self.name],
                )
                .await?;
                id
            }
        };
        crm::store::link(sql, app, &id, self.employee).await?;
        Ok(id)
    }
}

impl Rate {
    async fn carry_out(&self, sql: &mut Sql) -> Result<(), Error> {
        sql.run(
            "INSERT INTO fx_rate (published_on, base, quote, value, source) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (base, quote, published_on) DO UPDATE SET value = excluded.value, source = excluded.source",
            args![
                self.on,
                self.base.code(),
                self.quote.code(),
                self.value.to_string(),
                &self.source
            ],
        )
        .await?;
        Ok(())
    }
}
