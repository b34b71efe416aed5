//! Living a story through the same decide and commit as every claim, with the clock set back.

use jiff::Timestamp;
use outlay_core::claim::{Actor, Claim, Command, State, Status};
use outlay_core::ids::{ClaimId, EmployeeId};

use super::calendar::later;
use super::story::{Fate, Story};
use crate::app::App;
use crate::auth::Permit;
use crate::claims;
use crate::clock;
use crate::db::Sql;
use crate::error::Error;

/// A claim that waits for its money.
#[derive(Debug, Clone)]
pub struct Due {
    /// Which.
    pub claim: ClaimId,
    /// Place of its firm.
    pub firm: usize,
    /// Since when.
    pub since: Timestamp,
    /// Its number.
    pub number: String,
}

const RETURNED: [[&str; 3]; 2] = [
    [
        "请补充招待对象与事由",
        "住宿发票缺少，请上传电子发票",
        "请按商机拆分费用",
    ],
    [
        "Please add who was hosted",
        "The hotel invoice is missing",
        "Please split it over the deals",
    ],
];
const REJECTED: [[&str; 3]; 2] = [
    ["该行程未经事先申请", "与上月报销重复", "不属于公司业务费用"],
    [
        "The trip was not agreed beforehand",
        "Claimed last month already",
        "Not a business expense",
    ],
];
const REMARKS: [[&str; 3]; 2] = [
    ["同意", "情况属实", "注意住宿标准"],
    ["OK", "Fine", "Mind the hotel limit next time"],
];

/// Lives `story` until `now`, as far as its fate and time allow. Its receipts must be in the folder.
pub async fn live(sql: &mut Sql, app: &App, story: &Story, now: Timestamp) -> Result<Option<Due>, Error> {
    for receipt in &story.receipts {
        receipt.store(sql).await?;
    }
    let permit = Permit::demo(Actor::Employee(story.claimant), "draftClaim");
    let claim = clock::at(story.at, claims::draft_in(sql, app, &permit, &story.new)).await?;
    let life = Life {
        claim,
        at: story.at,
        now,
        hurry: story.at < later(now, -30 * 24),
    };
    life.run(sql, app, story).await
}

struct Life {
    claim: Claim,
    at: Timestamp,
    now: Timestamp,
    hurry: bool,
}

impl Life {
    async fn run(mut self, sql: &mut Sql, app: &App, story: &Story) -> Result<Option<Due>, Error> {
        let mut chance = story.chance.clone();
        if story.fate == Fate::Forgotten {
            return Ok(None);
        }
        let mine = story.claimant;
        if !self.act(sql, app, chance.between(1, 20), mine, Command::Submit).await? {
            return Ok(None);
        }
        if story.fate == Fate::Withdrawn && self.claim.status() == Status::InReview {
            let reason = if story.firm == 0 {
                "重新整理后再提交"
            } else {
                "To be sorted anew"
            };
            let command = Command::Withdraw { reason: reason.into() };
            self.act(sql, app, chance.between(1, 6), mine, command).await?;
            return Ok(None);
        }
        let mut returned = false;
        while self.claim.status() == Status::InReview {
            let slow = if self.hurry { 40 } else { 130 };
            let hours = chance.between(2, slow);
            let task = self
                .claim
                .open_tasks()
                .next()
                .ok_or_else(|| Error::Broken("an open claim without a task".into()))?;
            let (task, who) = (task.id, task.assignee);
            let reason = |all: &[[&str; 3]; 2], n: i64| all[story.firm][usize::try_from(n).unwrap_or(0)].to_owned();
            let command = match story.fate {
                Fate::Rejected => Command::Reject {
                    task,
                    reason: reason(&REJECTED, chance.between(0, 2)),
                },
                Fate::Returned | Fate::LeftReturned if !returned => Command::Return {
                    task,
                    reason: reason(&RETURNED, chance.between(0, 2)),
                },
                _ => {
                    let comment = if chance.percent(30) {
                        reason(&REMARKS, chance.between(0, 2))
                    } else {
                        String::new()
                    };
                    Command::Approve {
                        task,
                        hash: self.claim.content.hash(),
                        comment,
                    }
                }
            };
            if !self.act(sql, app, hours, who, command).await? {
                return Ok(None);
            }
            if self.claim.status() == Status::Returned {
                returned = true;
                if story.fate == Fate::LeftReturned {
                    return Ok(None);
                }
                let mut content = self.claim.content.clone();
                content.purpose.push_str(if story.firm == 0 {
                    "（已补充说明）"
                } else {
                    " (completed)"
                });
                let edit = Command::Edit {
                    content,
                    sources: self.claim.sources.clone(),
                };
                if !self.act(sql, app, chance.between(3, 30), mine, edit).await?
                    || !self.act(sql, app, 1, mine, Command::Submit).await?
                {
                    return Ok(None);
                }
            }
        }
        Ok(matches!(self.claim.state, State::Approved { .. }).then(|| Due {
            claim: self.claim.id,
            firm: story.firm,
            since: self.at,
            number: self.claim.number.clone(),
        }))
    }

    /// Carries `command` out `hours` later; false if that has not come yet.
    async fn act(
        &mut self,
        sql: &mut Sql,
        app: &App,
        hours: i64,
        who: EmployeeId,
        command: Command,
    ) -> Result<bool, Error> {
        let at = later(self.at, hours);
        if at > self.now {
            return Ok(false);
        }
        let permit = Permit::demo(Actor::Employee(who), "demo");
        self.claim = clock::at(at, claims::act_in(sql, app, &permit, self.claim.id, command)).await?;
        self.at = at;
        Ok(true)
    }
}
