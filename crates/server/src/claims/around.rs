//! What is known around a claim when it is decided: owners, the deal's stage, who acts for whom, working days.

use jiff::civil::Date;
use outlay_core::claim::{self, Claim, Content};
use outlay_core::flow::{Ask, Settings};
use outlay_core::history::Input;
use outlay_core::ids::{EmployeeId, EntityId};
use outlay_core::org::Org;
use outlay_core::policy::{Finding, PolicyFacts};

use crate::args;
use crate::db::Sql;
use crate::error::Error;
use crate::people::maybe;
use crate::policies::Rules;

/// What is known around a claim.
pub struct Around {
    /// The employee behind the CRM owner of its deal.
    pub deal_owner: Option<EmployeeId>,
    project_owner: Option<EmployeeId>,
    deal_stage: Option<String>,
}

impl Around {
    /// Reads it. A project has no owner of its own in any CRM that is read: whoever owns its deal owns it.
    pub async fn of(sql: &mut Sql, content: &Content) -> Result<Around, Error> {
        let deal: Option<(Option<String>, String)> = match content.links.deal {
            Some(deal) => {
                sql.maybe("SELECT owner_id, stage FROM deal WHERE id = $1", args![deal])
                    .await?
            }
            None => None,
        };
        let (deal_owner, deal_stage) = deal.map_or((None, None), |(owner, stage)| (owner, Some(stage)));
        let project: Option<(Option<String>,)> = match content.links.project {
            Some(project) => {
                sql.maybe(
                    "SELECT d.owner_id FROM project p JOIN deal d ON d.id = p.deal_id WHERE p.id = $1",
                    args![project],
                )
                .await?
            }
            None => None,
        };
        Ok(Around {
            deal_owner: maybe(deal_owner)?,
            project_owner: maybe(project.and_then(|(owner,)| owner))?,
            deal_stage,
        })
    }

    /// As a decision wants it.
    pub fn as_facts<'a>(&'a self, org: &'a Org, rules: &'a Rules, entity: EntityId, today: Date) -> claim::Around<'a> {
        claim::Around {
            project_owner: self.project_owner,
            deal_stage: self.deal_stage.as_deref(),
            delegations: org.delegations(),
            days_off: rules.policy(entity, today).map(|p| &p.days_off),
        }
    }

    /// As a decision is recorded, with what the policy was told.
    pub fn as_input(&self, claim: &Claim, facts: &PolicyFacts) -> Input {
        Input {
            content: claim.content.clone(),
            facts: facts.clone(),
            deal_owner: self.deal_owner,
            project_owner: self.project_owner,
            deal_stage: self.deal_stage.clone(),
            chosen: claim.chosen.clone(),
            stand_in: claim.stand_in,
        }
    }

    /// As a look at the people of steps wants it.
    pub fn ask<'a>(
        &'a self,
        org: &'a Org,
        claim: &'a Claim,
        settings: &'a Settings,
        findings: &'a [Finding],
        day: Date,
    ) -> Ask<'a> {
        Ask {
            org,
            content: &claim.content,
            deal_owner: self.deal_owner,
            project_owner: self.project_owner,
            deal_stage: self.deal_stage.as_deref(),
            day,
            settings,
            chosen: &claim.chosen,
            stand_in: claim.stand_in,
            findings,
        }
    }
}
