//! How fast one account of a CRM is asked: a budget that all connectors to it in this process share, and a breaker that opens
//! when it fails again and again.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use crate::{connector::Error, manifest::Budget};

/// The longest that a request waits for its turn; beyond that the caller is told to come back.
const LONGEST_TURN: Duration = Duration::from_secs(20);
/// So many failures in a row open the breaker.
const FAILURES: u32 = 10;
/// For how long it opens the first time; each further failure doubles it, up to sixteen times.
const PAUSE: Duration = Duration::from_secs(30);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The pace of one account.
#[derive(Debug)]
pub struct Pace {
    budget: Option<Budget>,
    state: Mutex<State>,
}

/// What was asked of an account, since it was last taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that had their turn.
    pub requests: u32,
    /// Answers by which the CRM bade to wait, such as HTTP 429.
    pub throttled: u32,
    /// Requests without an answer, and failures inside the CRM.
    pub failed: u32,
}

#[derive(Debug, Default)]
struct State {
    tally: Tally,
    /// When the last requests went out, or will; never more than the budget's number.
    turns: VecDeque<Instant>,
    /// When the day began, and the requests in it.
    day: Option<(Instant, u32)>,
    /// Whether the day's requests of before are among them.
    recalled: bool,
    failures: u32,
    shut_until: Option<Instant>,
}

/// How a request went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered,
    /// There was no answer, or the CRM failed inside.
    Failed,
    /// The CRM asks to leave it alone for so long.
    Told(Duration),
}

static ALL: Shared<Pace> = Shared::new();

/// What all connectors to one account share in this process. Of what names the account, its address and credential, only
/// a digest is kept.
#[derive(Debug)]
pub struct Shared<T>(Mutex<BTreeMap<[u8; 32], Arc<T>>>);

impl<T> Shared<T> {
    /// Nothing yet.
    pub const fn new() -> Self {
        Shared(Mutex::new(BTreeMap::new()))
    }

    /// What the account that `key` names has; made by whoever asks first.
    pub fn of(&self, key: &[&str], make: impl FnOnce() -> T) -> Arc<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let one = all.entry(fingerprint(key));
        one.or_insert_with(|| Arc::new(make())).clone()
    }
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Shared::new()
    }
}

/// A digest that tells accounts apart by address and credential, and from which neither can be had.
pub(crate) fn fingerprint(key: &[&str]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in key {
        digest.update(part.len().to_le_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

impl Pace {
    /// A pace of its own, shared with nobody.
    pub fn new(budget: Option<Budget>) -> Self {
        Pace {
            budget,
            state: Mutex::default(),
        }
    }

    /// The pace of the account that `key` names: address and credential, of which only a digest is kept. The first to ask
    /// sets the budget.
    pub fn shared(key: &[&str], budget: Option<Budget>) -> Arc<Pace> {
        ALL.of(key, || Pace::new(budget))
    }

    /// Waits for a turn. [`Error::Retry`] if that would take too long, the day's budget is spent, or the breaker is open.
    pub async fn turn(&self) -> Result<(), Error> {
        let now = Instant::now();
        let at = self
            .state()
            .book(self.budget, now)
            .map_err(|after| Error::Retry { after: Some(after) })?;
        self.state().tally.requests += 1;
        tokio::time::sleep_until(at.into()).await;
        Ok(())
    }

    /// Learns how a request went.
    pub fn note(&self, outcome: Outcome) {
        self.state().note(outcome, Instant::now());
    }

    /// The most requests that are sent.
    pub fn budget(&self) -> Option<Budget> {
        self.budget
    }

    /// What was asked since this was called last, by whichever connector to the account.
    pub fn take(&self) -> Tally {
        std::mem::take(&mut self.state().tally)
    }

    /// Tells a pace of requests that went out in the last day, before this process began: they count among the day's. Only
    /// the first time counts.
    pub fn recall(&self, requests: u32) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.recalled, true) {
            let (began, used) = state.day.unwrap_or((Instant::now(), 0));
            state.day = Some((began, used.saturating_add(requests)));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The time of the next free turn, which is taken; or how long to stay away.
    fn book(&mut self, budget: Option<Budget>, now: Instant) -> Result<Instant, Duration> {
        if let Some(until) = self.shut_until.filter(|until| *until > now) {
            return Err(until - now);
        }
        let Some(budget) = budget else {
            return Ok(now);
        };
        if let Some(daily) = budget.daily {
            let (began, used) = self.day.filter(|(began, _)| now - *began < DAY).unwrap_or((now, 0));
            if used >= daily {
                return Err(DAY - (now - began));
            }
            self.day = Some((began, used + 1));
        }
        let most = budget.requests.max(1) as usize;
        let span = Duration::from_secs(budget.seconds.into());
        // The turn that lies so many before the next one must be a whole span ago.
        let free = self
            .turns
            .len()
            .checked_sub(most)
            .and_then(|n| self.turns.get(n))
            .map(|turn| *turn + span);
        let at = free.map_or(now, |free| free.max(now));
        if at - now > LONGEST_TURN {
            return Err(at - now);
        }
        self.turns.push_back(at);
        while self.turns.len() > most {
            self.turns.pop_front();
        }
        Ok(at)
    }

    fn note(&mut self, outcome: Outcome, now: Instant) {
        match outcome {
            Outcome::Answered => self.failures = 0,
            Outcome::Told(after) => {
                self.tally.throttled += 1;
                self.shut_until = self.shut_until.max(Some(now + after));
            }
            Outcome::Failed => {
                self.tally.failed += 1;
                self.failures = self.failures.saturating_add(1);
                if let Some(over) = self.failures.checked_sub(FAILURES) {
                    self.shut_until = self.shut_until.max(Some(now + PAUSE * (1 << over.min(4))));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn budget(requests: u32, seconds: u32, daily: Option<u32>) -> Option<Budget> {
        Some(Budget {
            requests,
            seconds,
            daily,
        })
    }

    #[test]
    fn no_span_holds_more_requests_than_the_budget() {
        let (mut state, start) = (State::default(), Instant::now());
        let budget = budget(3, 10, None);
        let mut turns = Vec::new();
        for n in 0..8 {
            turns.push(state.book(budget, start + SECOND * n).expect("a turn"));
        }
        for four in turns.windows(4) {
            assert!(four[3] - four[0] >= SECOND * 10, "{four:?}");
        }
        assert_eq!(turns[2], start + SECOND * 2, "within the budget nobody waits");
        let far = state
            .book(budget, start + SECOND * 8)
            .and_then(|_| state.book(budget, start))
            .expect_err("too far off");
        assert!(far > LONGEST_TURN);
    }

    #[test]
    fn a_spent_day_ends_and_begins_anew() {
        let (mut state, start) = (State::default(), Instant::now());
        let budget = budget(100, 1, Some(2));
        for _ in 0..2 {
            state.book(budget, start).expect("a turn");
        }
        assert_eq!(state.book(budget, start + SECOND), Err(DAY - SECOND));
        assert!(state.book(budget, start + DAY).is_ok());
    }

    #[test]
    fn the_breaker_opens_for_longer_each_time_and_closes_with_an_answer() {
        let (mut state, start) = (State::default(), Instant::now());
        for _ in 1..FAILURES {
            state.note(Outcome::Failed, start);
            assert!(state.book(None, start).is_ok());
        }
        state.note(Outcome::Failed, start);
        assert_eq!(state.book(None, start), Err(PAUSE));
        let later = start + PAUSE;
        assert!(state.book(None, later).is_ok(), "one may try");
        state.note(Outcome::Failed, later);
        assert_eq!(state.book(None, later), Err(PAUSE * 2));
        state.note(Outcome::Answered, later + PAUSE * 2);
        state.note(Outcome::Failed, later + PAUSE * 2);
        assert!(state.book(None, later + PAUSE * 2).is_ok());
    }

    #[test]
    fn what_the_crm_bids_to_wait_is_waited() {
        let (mut state, start) = (State::default(), Instant::now());
        state.note(Outcome::Told(SECOND * 7), start);
        state.note(Outcome::Told(SECOND), start);
        assert_eq!(state.book(None, start + SECOND), Err(SECOND * 6));
        assert!(state.book(None, start + SECOND * 7).is_ok());
    }

    #[tokio::test]
    async fn what_was_asked_is_taken_once_and_counts_among_the_day() {
        let pace = Pace::new(budget(100, 1, Some(5)));
        pace.turn().await.expect("one before anybody told of the day");
        pace.note(Outcome::Failed);
        pace.recall(3);
        pace.recall(9);
        pace.turn().await.expect("the fifth");
        pace.note(Outcome::Told(Duration::ZERO));
        pace.turn().await.expect_err("the day is spent");
        let tally = Tally {
            requests: 2,
            throttled: 1,
            failed: 1,
        };
        assert_eq!((pace.take(), pace.take()), (tally, Tally::default()));
    }

    #[test]
    fn accounts_share_a_pace_with_themselves_alone() {
        let one = Pace::shared(&["test", "a", "bc"], None);
        assert!(Arc::ptr_eq(&one, &Pace::shared(&["test", "a", "bc"], None)));
        assert!(!Arc::ptr_eq(&one, &Pace::shared(&["test", "ab", "c"], None)));
    }
}
