//! Which claims somebody may read, as SQL: the same as `auth/rights.cedar` says of `readClaim`, for lists. A property
//! test holds the two together.

use outlay_core::flow::Delegation;
use outlay_core::ids::EntityId;

use crate::auth::Person;
use crate::db::{Sql, Value, dialect};
use crate::error::Error;

/// From so many departments on, somebody reads so much that walking all claims in order finds theirs sooner than
/// collecting them would.
const MANY_DEPARTMENTS: usize = 12;

/// The condition for claims `c` that `person` may read, with its values, the first of which is `$first`. No index is
/// used for it: put it beside a narrower condition (a deal, a status, a claim), or where rows are walked in order.
pub fn readable(person: &Person, first: usize) -> (String, Vec<Value>) {
    let (any, values) = branches(
        person,
        first,
        "EXISTS (SELECT 1 FROM task t WHERE t.claim_id = c.id AND t.assignee_id = $me)",
    );
    (format!("CASE WHEN {any} THEN 1 ELSE 0 END = 1"), values)
}

/// As [`readable`], for lists that nothing else narrows, ordered by `c.updated_at`: whoever reads little gets it by
/// index, whoever reads much by walking.
pub fn readable_alone(person: &Person, first: usize) -> (String, Vec<Value>) {
    let reads_much = !person.finance.is_empty()
        || !person.auditor.is_empty()
        || !person.payer.is_empty()
        || person.headed.len() >= MANY_DEPARTMENTS;
    if reads_much {
        return readable(person, first);
    }
    branches(
        person,
        first,
        "c.id IN (SELECT t.claim_id FROM task t WHERE t.assignee_id = $me)",
    )
}

/// The condition for open tasks `t` of claims `c` that wait for `person`: their own, and of those for whom they act; with
/// its values, the first of which is `$first`.
pub fn waiting(person: &Person, first: usize) -> (String, Vec<Value>) {
    let mut values = vec![Value::from(person.id())];
    let mut any = vec![format!("t.assignee_id = ${first}")];
    for delegation in &person.acts_for {
        let (mut text, more) = within(delegation, first + values.len());
        text.push_str(&format!(" AND c.claimant_id <> ${first}"));
        values.extend(more);
        any.push(format!("({text})"));
    }
    (format!("t.outcome = 'open' AND ({})", any.join(" OR ")), values)
}

/// How many tasks wait for `person`.
pub async fn count(sql: &mut Sql, person: &Person) -> Result<i64, Error> {
    let (waiting, values) = waiting(person, 1);
    let text = if person.acts_for.is_empty() {
        format!("SELECT COUNT(*) FROM task t WHERE {waiting}")
    } else {
        format!("SELECT COUNT(*) FROM task t JOIN claim c ON c.id = t.claim_id WHERE {waiting}")
    };
    let rows: Vec<(i64,)> = sql.all_built(text, values).await?;
    Ok(rows.first().map_or(0, |(n,)| *n))
}

/// The condition for tasks `t` of claims `c` that a delegation lets through.
fn within(delegation: &Delegation, first: usize) -> (String, Vec<Value>) {
    let mut values = vec![Value::from(delegation.from)];
    let mut text = format!("t.assignee_id = ${first}");
    if let Some(entity) = delegation.entity {
        text.push_str(&format!(" AND c.entity_id = ${}", first + values.len()));
        values.push(Value::from(entity));
    }
    if let Some(most) = delegation.at_most {
        text.push_str(&format!(
            " AND c.currency = ${} AND c.claimed_minor <= ${}",
            first + values.len(),
            first + values.len() + 1
        ));
        values.extend([Value::from(most.currency.code()), Value::from(most.minor)]);
    }
    (text, values)
}

fn branches(person: &Person, first: usize, asked: &str) -> (String, Vec<Value>) {
    let mut values = vec![Value::from(person.id())];
    let me = format!("${first}");
    let mut any = vec![format!("c.claimant_id = {me}"), asked.replace("$me", &me)];
    for delegation in &person.acts_for {
        let (text, more) = self::within(delegation, first + values.len());
        any.push(format!(
            "EXISTS (SELECT 1 FROM task t WHERE t.claim_id = c.id AND {text})"
        ));
        values.extend(more);
    }
    let mut within = |column: &str, ids: Vec<Value>, also: &str| {
        if !ids.is_empty() {
            let list = dialect::list(first + values.len(), ids.len());
            any.push(format!("(c.{column} IN ({list}) AND {also})"));
            values.extend(ids);
        }
    };
    let entities = |ids: Vec<&EntityId>| -> Vec<Value> { ids.into_iter().copied().map(Value::from).collect() };
    within(
        "department_id",
        person.headed.iter().copied().map(Value::from).collect(),
        "c.status <> 'draft'",
    );
    within(
        "entity_id",
        entities(person.finance.union(&person.auditor).collect()),
        "c.status <> 'draft'",
    );
    within(
        "entity_id",
        entities(person.payer.iter().collect()),
        "c.status IN ('approved', 'paying', 'paid', 'archived')",
    );
    (format!("({})", any.join(" OR ")), values)
}
