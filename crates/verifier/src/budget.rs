//! Budgets: how often something may happen, counted before it does.
//!
//! [`Budget::charge`] is what charging means. The in-memory store runs it; other stores say the same in one statement
//! of their own and the conformance suite compares.

use crate::{ChallengeId, Method, Timestamp};
use serde::{Deserialize, Serialize};

/// What is counted, within one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BudgetKey {
    /// Answers to one challenge.
    Challenge(ChallengeId),
    /// Wrong answers of a user with one method, from trusted contexts or from all others.
    Attempts {
        /// The user.
        user: String,
        /// The method.
        method: Method,
        /// Whether the context was trusted.
        trusted: bool,
    },
    /// Wrong answers of a user with all methods in a day, from trusted contexts or from all others.
    Day {
        /// The user.
        user: String,
        /// Whether the context was trusted.
        trusted: bool,
    },
    /// Wrong answers from a network, given as a tag of its prefix.
    Network(String),
    /// Wrong answers in the whole tenant.
    Tenant,
    /// Messages a user caused.
    Sends {
        /// The user.
        user: String,
        /// What was sent.
        method: Method,
        /// For which purpose.
        flow: Flow,
    },
    /// Messages to one address, given as its tag.
    Address(String),
    /// Messages of one kind in the whole tenant.
    TenantSends(Method),
    /// A named request, given as its tag: it is charged for once.
    Request(String),
}

/// What a message is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Confirming a new address or device.
    Setup,
    /// Answering a challenge.
    Login,
}

impl BudgetKey {
    /// The key as text, for stores: no two keys share one, whatever characters a user's name has.
    pub fn to_text(&self) -> String {
        let set = |trusted: &bool| if *trusted { "trusted" } else { "other" };
        match self {
            Self::Challenge(id) => format!("challenge|{id}"),
            // The user's name comes last, so that nothing in it can be mistaken for another part.
            Self::Attempts { user, method, trusted } => format!("attempts|{method}|{}|{user}", set(trusted)),
            Self::Day { user, trusted } => format!("day|{}|{user}", set(trusted)),
            Self::Network(tag) => format!("network|{tag}"),
            Self::Tenant => "tenant".to_owned(),
            Self::Sends { user, method, flow: Flow::Setup } => format!("sends|{method}|setup|{user}"),
            Self::Sends { user, method, flow: Flow::Login } => format!("sends|{method}|login|{user}"),
            Self::Address(tag) => format!("address|{tag}"),
            Self::TenantSends(method) => format!("tenant_sends|{method}"),
            Self::Request(tag) => format!("request|{tag}"),
        }
    }

    /// Whether the row of charges without success matters for this kind of key, given as its text: then it is kept
    /// however old it is.
    pub fn keeps_rows(text: &str) -> bool {
        text.starts_with("attempts|")
    }

    /// A name for people, without whose it is.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Challenge(_) => "answers to one challenge",
            Self::Attempts { trusted: false, .. } => "wrong answers with one method",
            Self::Attempts { trusted: true, .. } => "wrong answers with one method, trusted context",
            Self::Day { trusted: false, .. } => "wrong answers in 24 hours",
            Self::Day { trusted: true, .. } => "wrong answers in 24 hours, trusted context",
            Self::Network(_) => "wrong answers from one network",
            Self::Tenant => "wrong answers in the tenant",
            Self::Sends { flow: Flow::Setup, .. } => "messages to set up",
            Self::Sends { flow: Flow::Login, .. } => "messages to sign in",
            Self::Address(_) => "messages to one address",
            Self::TenantSends(_) => "messages of the tenant",
            Self::Request(_) => "one named request",
        }
    }
}

/// How often a thing may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Seconds of a window; it opens with the first charge.
    pub window: u32,
    /// Charges in a window, at least 1.
    pub max: u32,
    /// Charges in a row, without success between them, after which nothing is granted any more.
    pub consecutive: u32,
    /// Charges in a row that need no waiting.
    pub free: u32,
    /// Seconds to wait after the last free charge, the next, and every further one.
    pub delays: [u32; 3],
    /// Seconds without a grant after a refusal because the window is full; 0 waits for the window's end.
    pub lockout: u32,
}

impl Limit {
    /// No number in a row is too many, and none needs waiting.
    pub const ENDLESS: u32 = u32::MAX;

    /// At most `max` in `window` seconds, and nothing else.
    pub fn per_window(max: u32, window: u32) -> Self {
        Self { window, max, consecutive: Self::ENDLESS, free: Self::ENDLESS, delays: [0; 3], lockout: 0 }
    }

    /// Seconds to wait after charge number `consecutive` in a row.
    pub fn delay_after(&self, consecutive: u64) -> u32 {
        let free = u64::from(self.free);
        match consecutive {
            _ if consecutive < free => 0,
            _ if consecutive == free => self.delays[0],
            _ if consecutive == free + 1 => self.delays[1],
            _ => self.delays[2],
        }
    }
}

/// What was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Budget {
    /// When the window opened.
    pub window_start: Timestamp,
    /// Charges in the window.
    pub used: u64,
    /// Charges in a row without success.
    pub consecutive: u64,
    /// Before this moment nothing is granted.
    pub locked_until: Timestamp,
}

/// Why a charge was not granted: when the next can be, `None` when only an administrator can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// The first moment a charge can be granted again.
    pub until: Option<Timestamp>,
}

impl Budget {
    /// Counts one, or says why not. A refusal because the window is full starts the limit's lock-out.
    ///
    /// # Errors
    /// The budget is exhausted.
    pub fn charge(&mut self, limit: &Limit, now: Timestamp) -> Result<(), Exhausted> {
        if let Some(exhausted) = self.exhausted(limit, now) {
            if limit.lockout > 0 && self.is_full(limit, now) && self.locked_until <= now {
                self.locked_until = now.plus(limit.lockout.into());
                return Err(Exhausted { until: exhausted.until.map(|until| until.max(self.locked_until)) });
            }
            return Err(exhausted);
        }
        if now.seconds_since(self.window_start) >= u64::from(limit.window) {
            self.window_start = now;
            self.used = 0;
        }
        self.used += 1;
        self.consecutive += 1;
        let delay = limit.delay_after(self.consecutive);
        if delay > 0 {
            self.locked_until = now.plus(delay.into());
        }
        Ok(())
    }

    fn is_full(&self, limit: &Limit, now: Timestamp) -> bool {
        self.used >= u64::from(limit.max) && now.seconds_since(self.window_start) < u64::from(limit.window)
    }

    /// Whether a charge would be refused now.
    pub fn exhausted(&self, limit: &Limit, now: Timestamp) -> Option<Exhausted> {
        if self.consecutive >= u64::from(limit.consecutive) {
            return Some(Exhausted { until: None });
        }
        let full = self.is_full(limit, now).then(|| self.window_start.plus(limit.window.into()));
        let locked = (self.locked_until > now).then_some(self.locked_until);
        full.max(locked).map(|until| Exhausted { until: Some(until) })
    }

    /// Gives one charge back. After success (`clear`) nothing is in a row and nothing is locked either.
    pub fn refund(&mut self, clear: bool) {
        self.used = self.used.saturating_sub(1);
        if clear {
            self.consecutive = 0;
            self.locked_until = Timestamp::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(1_000_000 + seconds)
    }

    #[test]
    fn five_free_then_a_minute_a_quarter_an_hour() {
        let limit =
            Limit { consecutive: 20, free: 5, delays: [60, 900, 3_600], ..Limit::per_window(50, 86_400) };
        let mut budget = Budget::default();
        for _ in 0..5 {
            budget.charge(&limit, at(0)).unwrap();
        }
        assert_eq!(budget.charge(&limit, at(59)), Err(Exhausted { until: Some(at(60)) }));
        budget.charge(&limit, at(60)).unwrap();
        assert_eq!(budget.charge(&limit, at(61)), Err(Exhausted { until: Some(at(960)) }));
        budget.charge(&limit, at(960)).unwrap();
        assert_eq!(budget.charge(&limit, at(961)), Err(Exhausted { until: Some(at(4_560)) }));
        let mut now = 4_560;
        while budget.consecutive < 20 {
            budget.charge(&limit, at(now)).unwrap();
            now += 3_600;
        }
        // NIST SP 800-63B-4 2pd §3.2.2: an end, however long one waits.
        assert_eq!(budget.charge(&limit, Timestamp::MAX), Err(Exhausted { until: None }));
        budget.refund(true);
        budget.charge(&limit, at(now)).unwrap();
    }

    #[test]
    fn a_full_window_locks_for_a_day_from_the_refusal() {
        let limit = Limit { lockout: 86_400, ..Limit::per_window(15, 86_400) };
        let mut budget = Budget::default();
        for second in 0..15 {
            budget.charge(&limit, at(second)).unwrap();
        }
        assert_eq!(budget.charge(&limit, at(80_000)), Err(Exhausted { until: Some(at(166_400)) }));
        // The window ended long ago, the lock-out not; a second refusal does not prolong it.
        assert_eq!(budget.charge(&limit, at(166_399)), Err(Exhausted { until: Some(at(166_400)) }));
        budget.charge(&limit, at(166_400)).unwrap();
        assert_eq!(budget.used, 1);
    }

    #[test]
    fn a_lockout_that_ended_begins_again_with_the_next_refusal() {
        let limit = Limit { lockout: 10, ..Limit::per_window(1, 100) };
        let mut budget = Budget::default();
        budget.charge(&limit, at(0)).unwrap();
        budget.charge(&limit, at(1)).unwrap_err();
        assert_eq!(budget.locked_until, at(11));
        budget.charge(&limit, at(10)).unwrap_err();
        assert_eq!(budget.locked_until, at(11), "not prolonged while it lasts");
        budget.charge(&limit, at(11)).unwrap_err();
        assert_eq!(budget.locked_until, at(21));
    }

    #[test]
    fn the_later_of_two_ends_is_named_and_a_plain_refusal_locks_nothing() {
        let limit = Limit { free: 1, delays: [200, 0, 0], ..Limit::per_window(1, 60) };
        let mut budget = Budget::default();
        budget.charge(&limit, at(0)).unwrap();
        assert_eq!(budget.charge(&limit, at(1)), Err(Exhausted { until: Some(at(200)) }));
        let limit = Limit { delays: [20, 0, 0], ..limit };
        let mut budget = Budget::default();
        budget.charge(&limit, at(0)).unwrap();
        assert_eq!(budget.charge(&limit, at(1)), Err(Exhausted { until: Some(at(60)) }));
        let plain = Limit::per_window(1, 60);
        let mut budget = Budget::default();
        budget.charge(&plain, at(0)).unwrap();
        budget.charge(&plain, at(1)).unwrap_err();
        assert_eq!(budget.locked_until, Timestamp::default());
    }

    #[test]
    fn a_window_ends_at_its_second() {
        let limit = Limit::per_window(1, 60);
        let mut budget = Budget::default();
        budget.charge(&limit, at(0)).unwrap();
        assert_eq!(budget.charge(&limit, at(59)), Err(Exhausted { until: Some(at(60)) }));
        budget.charge(&limit, at(60)).unwrap();
        assert_eq!((budget.used, budget.window_start), (1, at(60)));
    }

    #[test]
    fn a_clock_set_back_opens_no_new_window() {
        let limit = Limit::per_window(2, 60);
        let mut budget = Budget::default();
        budget.charge(&limit, at(1_000)).unwrap();
        budget.charge(&limit, at(0)).unwrap();
        assert_eq!(budget.charge(&limit, at(0)), Err(Exhausted { until: Some(at(1_060)) }));
    }

    #[test]
    fn keys_have_texts_of_their_own() {
        let attempts = |user: &str, trusted| BudgetKey::Attempts {
            user: user.to_owned(),
            method: Method::Totp,
            trusted,
        };
        assert_ne!(attempts("a", true).to_text(), attempts("a", false).to_text());
        assert_ne!(attempts("a|trusted|b", true).to_text(), attempts("b", true).to_text());
        let day = BudgetKey::Day { user: "other|x".to_owned(), trusted: true };
        assert_ne!(day.to_text(), BudgetKey::Day { user: "x".to_owned(), trusted: false }.to_text());
    }
}
