//! Whose a CRM record is. One table of owners and teams serves both the question about one record and the lists, so
//! they cannot differ.

use outlay_connect::Object;
use outlay_core::ids::EmployeeId;
use outlay_core::org::Org;

use super::store::table;
use crate::args;
use crate::auth::{Person, RecordFacts};
use crate::clock::{day, now};
use crate::db::{Sql, Value, dialect};
use crate::error::Error;
use crate::people::{maybe, stored};

/// The employee who owns record `r`; what has no owner of its own has its deal's, else its account's.
fn owner(object: Object) -> &'static str {
    match object {
        Object::Account | Object::Deal | Object::Activity => "r.owner_id",
        Object::Contact => "(SELECT o.owner_id FROM account o WHERE o.id = r.account_id)",
        Object::Project | Object::Order => {
            "COALESCE((SELECT o.owner_id FROM deal o WHERE o.id = r.deal_id), \
             (SELECT o.owner_id FROM account o WHERE o.id = r.account_id))"
        }
        Object::CrmUser => "r.employee_id",
    }
}

/// Records `x` whose owners work on record `r`: a table, and how it hangs on `r`.
fn team(object: Object) -> &'static [(&'static str, &'static str)] {
    match object {
        Object::Account => &[("deal", "x.account_id = r.id"), ("activity", "x.account_id = r.id")],
        Object::Deal => &[("activity", "x.deal_id = r.id"), ("account", "x.id = r.account_id")],
        Object::Contact => &[
            ("deal", "x.account_id = r.account_id"),
            ("activity", "x.account_id = r.account_id"),
        ],
        Object::Project | Object::Order => &[
            ("deal", "x.account_id = r.account_id"),
            ("activity", "x.account_id = r.account_id"),
            ("activity", "x.deal_id = r.deal_id"),
            ("account", "x.id = r.account_id"),
        ],
        Object::Activity => &[("deal", "x.id = r.deal_id"), ("account", "x.id = r.account_id")],
        Object::CrmUser => &[],
    }
}

/// What rights look at for one record; [`Error::NotFound`] if there is none of that id.
pub async fn record_facts(sql: &mut Sql, org: &Org, object: Object, id: &str) -> Result<RecordFacts, Error> {
    let text = format!(
        "SELECT r.connection_id, {} FROM {} r WHERE r.id = $1",
        owner(object),
        table(object)
    );
    let rows: Vec<(Option<String>, Option<String>)> = sql.all_built(text, args![id]).await?;
    let (connection, owner) = rows.into_iter().next().ok_or(Error::NotFound(object.as_str()))?;
    let mut members = Vec::new();
    for (other, hangs) in team(object) {
        let text = format!(
            "SELECT DISTINCT x.owner_id FROM {} r JOIN {other} x ON {hangs} WHERE r.id = $1 AND x.owner_id IS NOT NULL \
             AND x.deleted = $2",
            table(object)
        );
        let rows: Vec<(String,)> = sql.all_built(text, args![id, false]).await?;
        for (member,) in rows {
            members.push(stored(&member)?);
        }
    }
    members.sort();
    members.dedup();
    let owner: Option<EmployeeId> = maybe(owner)?;
    let today = day(now(), "UTC");
    Ok(RecordFacts {
        id: id.to_owned(),
        owner,
        owner_department: owner.and_then(|o| org.primary(o, today)).map(|a| a.department),
        team: members,
        ours: connection.is_none(),
    })
}

/// The condition for records `r` that `person` may read, with its values, the first of which is `$first`: what
/// `auth/rights.cedar` says of `readRecord`, for lists.
pub fn visible(person: &Person, org: &Org, object: Object, first: usize) -> (String, Vec<Value>) {
    if person.sales_ops || !person.finance.is_empty() || !person.auditor.is_empty() {
        return ("1 = 1".to_owned(), Vec::new());
    }
    let today = day(now(), "UTC");
    let reports = org.employees().map(|e| e.id).filter(|e| {
        *e != person.id()
            && org
                .primary(*e, today)
                .is_some_and(|a| person.headed.contains(&a.department))
    });
    let mut values = args![person.id(), false];
    values.extend(reports.map(Value::from));
    let owners = dialect::list(first + 2, values.len() - 2);
    let owners = if owners.is_empty() {
        format!("${first}")
    } else {
        format!("${first}, {owners}")
    };
    let mut any = vec![format!("{} IN ({owners})", owner(object))];
    for (other, hangs) in team(object) {
        any.push(format!(
            "EXISTS (SELECT 1 FROM {other} x WHERE {hangs} AND x.owner_id = ${first} AND x.deleted = ${})",
            first + 1
        ));
    }
    (format!("({})", any.join(" OR ")), values)
}
