//! Which claims somebody may read, as SQL: the same as `auth/rights.cedar` says of `readClaim`, for lists. A property
//! test holds the two together.

use outlay_core::ids::EntityId;

use crate::auth::Person;
use crate::db::{Value, dialect};

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

fn branches(person: &Person, first: usize, asked: &str) -> (String, Vec<Value>) {
    let mut values = vec![Value::from(person.id())];
    let me = format!("${first}");
    let mut any = vec![format!("c.claimant_id = {me}"), asked.replace("$me", &me)];
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
