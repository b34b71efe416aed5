//! `outlay rules replay`.

use std::process::ExitCode;

use serde_json::json;

use crate::app::App;
use crate::args;
use crate::claims::store;
use crate::cli::say;
use crate::clock::moment;
use crate::config::Config;
use crate::db::Sql;
use crate::history::{Kept, Same, replay};

pub async fn run(config: Config, claim: Option<&str>) -> anyhow::Result<ExitCode> {
    let app = App::beside(config).await?;
    let mut sql = app.db.read();
    let mut differs = false;
    let numbers = match claim {
        Some(number) => vec![number.to_owned()],
        None => decided(&mut sql).await?,
    };
    for number in numbers {
        let claim = store::by_number(&mut sql, &number).await?;
        for kept in Kept::of(&mut sql, claim.id).await? {
            let done = replay(&mut sql, &app, &kept).await?;
            differs |= done.same == Same::Differs;
            let line = json!({
                "claim": number,
                "n": kept.n,
                "at": moment(kept.at).to_string(),
                "policy": format!("{}@{}", kept.policy.id, kept.policy.version),
                "flow": format!("{}@{}", kept.flow.id, kept.flow.version),
                "organisation": kept.org,
                "recorded": kept.outcome_hash,
                "replayed": done.same,
                "outcome": done.found.map(|(_, outcome)| outcome),
            });
            say(format_args!("{line}"));
        }
    }
    Ok(if differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn decided(sql: &mut Sql) -> anyhow::Result<Vec<String>> {
    let rows: Vec<(String,)> = sql
        .all(
            "SELECT c.number FROM claim c WHERE EXISTS (SELECT 1 FROM decision d WHERE d.claim_id = c.id) ORDER BY c.number",
            args![],
        )
        .await?;
    Ok(rows.into_iter().map(|(number,)| number).collect())
}
