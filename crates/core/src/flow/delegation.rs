//! Out-of-office delegations (委托代理): who may sign for whom, on which days, for which claims.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Money;
use crate::claim::Content;
use crate::ids::{EmployeeId, EntityId};

/// Somebody may act for somebody else for a time. Whoever gave it may still act, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Who is away.
    pub from: EmployeeId,
    /// Who acts for them.
    pub to: EmployeeId,
    /// First day, in the claim's entity's zone.
    pub since: Date,
    /// Last day.
    pub until: Date,
    /// Only for claims of this entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityId>,
    /// Only for claims of at most this, in its currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Money>,
}

/// Why a delegation cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DelegationError {
    /// To oneself.
    #[error("somebody else must act for you: choose a colleague")]
    Oneself,
    /// It ends before it begins.
    #[error("the last day is before the first: choose a later one")]
    Backwards,
    /// Following it leads back to who gave it.
    #[error("this colleague, or somebody who acts for them, has you act for them in that time: choose another")]
    Cycle,
}

impl Delegation {
    /// Whether it holds for a claim on a day.
    pub fn covers(&self, content: &Content, day: Date) -> bool {
        let total = content.claimed();
        self.since <= day
            && day <= self.until
            && self.entity.is_none_or(|e| e == content.entity)
            && self
                .at_most
                .is_none_or(|max| max.currency == total.currency && total.minor <= max.minor)
    }

    /// What this lets through of what `nearer` does, for whoever acts by that.
    fn within(&self, nearer: &Delegation) -> Option<Delegation> {
        let entity = match (self.entity, nearer.entity) {
            (Some(a), Some(b)) if a != b => return None,
            (a, b) => a.or(b),
        };
        let at_most = match (self.at_most, nearer.at_most) {
            (Some(a), Some(b)) if a.currency != b.currency => return None,
            (Some(a), Some(b)) => Some(if a.minor < b.minor { a } else { b }),
            (a, b) => a.or(b),
        };
        Some(Delegation {
            from: self.from,
            to: nearer.to,
            entity,
            at_most,
            ..self.clone()
        })
    }

    fn overlaps(&self, other: &Delegation) -> bool {
        self.since <= other.until && other.since <= self.until
    }
}

/// Everybody who may act for `of` on a claim, nearest first: through others who are away, too, never `of` and never
/// the claimant.
pub fn deputies(all: &[Delegation], of: EmployeeId, content: &Content, day: Date) -> Vec<EmployeeId> {
    let mut found = vec![of];
    let mut at = 0;
    while let Some(from) = found.get(at).copied() {
        at += 1;
        for delegation in all.iter().filter(|d| d.from == from && d.covers(content, day)) {
            let known = delegation.to == content.claimant || found.contains(&delegation.to);
            if !known {
                found.push(delegation.to);
            }
        }
    }
    found.remove(0);
    found
}

/// All for whom `who` may act on a day, each with the bounds within which: of those that pass through others, what all
/// of them let through.
pub fn represented(all: &[Delegation], who: EmployeeId, day: Date) -> Vec<Delegation> {
    let holds = |d: &&Delegation| d.since <= day && day <= d.until;
    let mut found: Vec<Delegation> = all.iter().filter(holds).filter(|d| d.to == who).cloned().collect();
    let mut at = 0;
    while let Some(nearer) = found.get(at).cloned() {
        at += 1;
        for further in all
            .iter()
            .filter(holds)
            .filter(|d| d.to == nearer.from && d.from != who)
        {
            let Some(both) = further.within(&nearer) else { continue };
            let known = found.iter().any(|f| f.from == both.from);
            if !known {
                found.push(both);
            }
        }
    }
    found
}

/// Whether `new` may be added to `all`: to somebody else, forwards, and never in a circle at any time.
pub fn without_cycles(all: &[Delegation], new: &Delegation) -> Result<(), DelegationError> {
    if new.from == new.to {
        return Err(DelegationError::Oneself);
    }
    if new.until < new.since {
        return Err(DelegationError::Backwards);
    }
    // Each of a chain must hold while all of it before does, so the span left becomes shorter along the way.
    let mut ways = vec![(new.clone(), vec![new.to])];
    while let Some((way, seen)) = ways.pop() {
        for next in all.iter().filter(|d| d.from == way.to && d.overlaps(&way)) {
            if next.to == new.from {
                return Err(DelegationError::Cycle);
            }
            if !seen.contains(&next.to) {
                let mut seen = seen.clone();
                seen.push(next.to);
                let span = Delegation {
                    since: way.since.max(next.since),
                    until: way.until.min(next.until),
                    ..next.clone()
                };
                ways.push((span, seen));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;

    fn given(from: u128, to: u128, since: i8, until: i8) -> Delegation {
        Delegation {
            from: EmployeeId(Uuid::from_u128(from)),
            to: EmployeeId(Uuid::from_u128(to)),
            since: date(2026, 11, since),
            until: date(2026, 11, until),
            entity: None,
            at_most: None,
        }
    }

    #[test]
    fn a_circle_is_refused_only_while_all_of_it_holds() {
        let all = [given(1, 2, 1, 10), given(2, 3, 5, 20)];
        assert_eq!(without_cycles(&all, &given(3, 1, 8, 9)), Err(DelegationError::Cycle));
        assert_eq!(without_cycles(&all, &given(3, 1, 11, 20)), Ok(()));
        assert_eq!(without_cycles(&all, &given(2, 1, 10, 10)), Err(DelegationError::Cycle));
        assert_eq!(without_cycles(&all, &given(2, 1, 11, 12)), Ok(()));
        assert_eq!(without_cycles(&all, &given(4, 4, 1, 2)), Err(DelegationError::Oneself));
        assert_eq!(
            without_cycles(&all, &given(4, 5, 3, 2)),
            Err(DelegationError::Backwards)
        );
    }
}
