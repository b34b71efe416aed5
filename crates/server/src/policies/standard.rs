//! What a new legal entity begins with, so that its people can submit claims at once.

use jiff::civil::Date;
use outlay_core::Currency;
use outlay_core::org::LegalEntity;
use outlay_core::{flow, policy};

use super::{publish_flow, publish_policy};
use crate::args;
use crate::auth::Permit;
use crate::db::Sql;
use crate::error::Error;

/// Gives an entity without rules the standard approval flow from a day on and, where there is one for its currency, the
/// standard policy; whether there is. The policy is another one for each entity, since a version belongs to one.
pub async fn give_standard(sql: &mut Sql, permit: &Permit, entity: &LegalEntity, from: Date) -> Result<bool, Error> {
    publish_flow(sql, permit, entity.id, from, flow::STANDARD).await?;
    let (text, id, code) = match entity.currency {
        Currency::CNY => (policy::CN_STANDARD, "cn-standard", "CN01"),
        Currency::EUR => (policy::DE_STANDARD, "de-standard", "DE01"),
        Currency::USD => (policy::US_STANDARD, "us-standard", "US01"),
        _ => return Ok(false),
    };
    let mut own = id.to_owned();
    for n in 2.. {
        let taken: Vec<(i64,)> = sql
            .all(
                "SELECT version FROM policy_version WHERE policy = $1 LIMIT 1",
                args![&own],
            )
            .await?;
        if taken.is_empty() {
            break;
        }
        own = format!("{id}-{n}");
    }
    let quoted = serde_json::to_string(&entity.code)?;
    let text = text
        .replacen(&format!("\nid: {id}\n"), &format!("\nid: {own}\n"), 1)
        .replacen(&format!("\nentity: {code}\n"), &format!("\nentity: {quoted}\n"), 1);
    publish_policy(sql, permit, entity.id, &text).await?;
    Ok(true)
}
