//! Which locks an answer began. A charge is granted only where nothing is locked, so a budget that is exhausted after it was
//! locked by it: one answer tells of each lock, however many come at once.

use super::Charges;
use crate::{Budget, BudgetKey, Event, EventName, Method, Timestamp, store::Charge};

/// A lock that an answer which was not accepted began.
pub(super) struct Lock {
    /// Until when; `None` until an administrator unlocks.
    until: Option<Timestamp>,
    /// The budget's name.
    reason: &'static str,
    /// The method that is locked, where it is one.
    method: Option<Method>,
    /// Whether it is the user's: a network's or the tenant's concerns others as well.
    own: bool,
    /// Whether it is the first of its row. Whoever was told of that need not hear of every longer one.
    first: bool,
}

impl Charges {
    /// The locks that these charges began, if they are not given back.
    pub fn locks(&self, now: Timestamp) -> Vec<Lock> {
        self.charges
            .iter()
            .zip(&self.budgets)
            .filter_map(|(charge, budget)| lock(charge, budget, now))
            .collect()
    }
}

fn lock(charge: &Charge, budget: &Budget, now: Timestamp) -> Option<Lock> {
    let until = budget.exhausted(&charge.limit, now)?.until;
    let (method, own) = match &charge.key {
        BudgetKey::Attempts { method, .. } => (Some(*method), true),
        BudgetKey::Day { .. } => (None, true),
        BudgetKey::Network(_) | BudgetKey::Tenant => (None, false),
        // A challenge that takes no more answers locks nothing: the next one does.
        _ => return None,
    };
    let before = charge.limit.delay_after(budget.consecutive.saturating_sub(1));
    Some(Lock { until, reason: charge.key.name(), method, own, first: before == 0 })
}

impl Lock {
    fn name(&self) -> EventName {
        if self.until.is_none() { EventName::FactorLocked } else { EventName::LockoutStarted }
    }

    /// What is told of it.
    pub fn event(&self, user: &str) -> Event {
        Event {
            user: self.own.then(|| user.to_owned()),
            method: self.method,
            reason: Some(self.reason.to_owned()),
            until: self.until,
            ..Event::new(self.name())
        }
    }
}

/// What the user is told of these locks, if anything.
pub(super) fn notified(locks: &[Lock]) -> Option<EventName> {
    let own = || locks.iter().filter(|lock| lock.own);
    let ended = own().find(|lock| lock.until.is_none());
    ended.or_else(|| own().find(|lock| lock.first)).map(Lock::name)
}
