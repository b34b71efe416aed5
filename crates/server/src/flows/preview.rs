//! Who would approve a chosen claim by a flow, with the reason for each person.

use outlay_core::flow::{Approver, Flow, Planned, Seen};
use outlay_core::ids::EntityId;
use serde::Serialize;
use utoipa::ToSchema;

use super::words::Words;
use crate::app::App;
use crate::auth::{Action, Resource, Visitor};
use crate::claims::list::{ListQuery, list};
use crate::claims::{plan, route_view::why, store};
use crate::db::Sql;
use crate::error::Error;
use crate::shell::W;

/// How many claims are offered.
const OFFERED: usize = 20;

/// A step of a flow for one claim.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FlowPreviewStep)]
pub struct PreviewStep {
    /// The step's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The branches it is in, outermost first, in words; empty for none.
    pub lane: String,
    /// Who would be asked.
    pub people: Vec<PreviewPerson>,
    /// Why nobody is asked, or not again.
    pub note: Option<String>,
    /// Whether the claim could not be handed in because of it.
    pub stops: bool,
}

/// Somebody who would be asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = FlowPreviewPerson)]
pub struct PreviewPerson {
    /// Their name.
    pub name: String,
    /// Why them.
    pub why: String,
}

/// What is shown of a claim.
#[derive(Default)]
pub struct Preview {
    /// The claim's number as it was asked for.
    pub claim: String,
    /// Its steps, once one was found.
    pub steps: Option<Vec<PreviewStep>>,
    /// Why there are none.
    pub trouble: Option<String>,
    /// Claims to choose from: number and title.
    pub offered: Vec<(String, String)>,
}

impl Preview {
    /// Looks at the claim `number` under `flow`; an empty number offers claims of the entity alone.
    pub async fn of(
        sql: &mut Sql,
        (app, visitor): (&App, &Visitor),
        (entity, flow): (EntityId, &Flow),
        words: &Words<'_>,
        number: &str,
    ) -> Result<Preview, Error> {
        let query = ListQuery {
            scope: "all".to_owned(),
            entity: entity.to_string(),
            ..ListQuery::default()
        };
        let found = list(sql, app, visitor, &query).await?.items.into_iter().take(OFFERED);
        let mut preview = Preview {
            claim: number.trim().to_owned(),
            offered: found
                .map(|c| {
                    let (claimant, money) = (c.claimant.name, c.claimed);
                    let text = format!("{claimant} · {} · {}{}", c.title, money.sign, money.grouped);
                    (c.number, text)
                })
                .collect(),
            ..Preview::default()
        };
        if preview.claim.is_empty() {
            return Ok(preview);
        }
        match steps(sql, (app, visitor), flow, words, &preview.claim).await {
            Ok(steps) => preview.steps = Some(steps),
            Err(Error::NotFound(_)) => preview.trouble = Some(words.w.t("flow-no-claim")),
            Err(error) => return Err(error),
        }
        Ok(preview)
    }
}

/// The steps of `flow` for a claim with the people whom they would ask today; [`Error::NotFound`] where there is no such claim
/// that the reader may read.
pub async fn steps(
    sql: &mut Sql,
    (app, visitor): (&App, &Visitor),
    flow: &Flow,
    words: &Words<'_>,
    number: &str,
) -> Result<Vec<PreviewStep>, Error> {
    let claim = store::by_number(sql, number).await?;
    let facts = store::facts(&claim);
    let may = |resource: &Resource| app.rights.may(&visitor.person, Action::ReadClaim, resource);
    if !may(&Resource::Claim(&facts)) {
        return Err(Error::NotFound("claim"));
    }
    let planned = plan(sql, app, &claim, flow).await?;
    Ok(planned.into_iter().map(|p| step(words, p)).collect())
}

fn step(words: &Words<'_>, planned: Planned) -> PreviewStep {
    let w: W = words.w;
    let (people, note) = match planned.seen {
        Seen::Asks(people) => (people, None),
        Seen::SignedBefore(people) => (people, Some("flow-signed-before")),
        Seen::NotNeeded => (Vec::new(), Some("flow-not-needed")),
        Seen::Nobody => (Vec::new(), Some("flow-nobody-found")),
    };
    let person = |a: Approver| PreviewPerson {
        name: words
            .org
            .employee(a.employee)
            .map(|e| e.name.clone())
            .unwrap_or_default(),
        why: why(w, words.org, &a.why),
    };
    PreviewStep {
        name: planned.name.get(w.0).to_owned(),
        lane: words.join(planned.lane.iter().map(|l| l.get(w.0).to_owned())),
        people: people.into_iter().map(person).collect(),
        stops: note == Some("flow-nobody-found"),
        note: note.map(|key| w.t(key)),
        id: planned.id,
    }
}
