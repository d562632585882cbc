//! What an audit log would have come to under another policy.
//!
//! A log says what was answered, when, by whom and with what outcome; it holds no code, address or network. So what is
//! replayed are methods, budgets of answers and messages, and the window of time-based codes. Not replayed is what a log
//! does not tell: requests that were let through without an answer, budgets of networks, and whether a request came from
//! a trusted context. Every answer is taken for one that did not, which counts against the user and not for them.

use super::{Policy, RecoveryKind};
use crate::{
    Action, AuditRecord, Budget, BudgetKey, ChallengeId, Event, EventName, Explanation, Flow, Method, Reason,
    Timestamp,
    decide::{attempt_charges, attempt_keys, send_charges},
    store::Charge,
};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Most differences that are listed; all are counted.
const LISTED: usize = 1_000;

/// The outcome of a replay.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Simulation {
    /// Records that were read.
    pub records: u64,
    /// Records of events that this version does not know.
    pub unknown: u64,
    /// When the first was written.
    pub from: Option<Timestamp>,
    /// When the last was.
    pub until: Option<Timestamp>,
    /// Answers that were compared, or refused by a budget.
    pub answers: u64,
    /// Answers that were accepted and would have been rejected: users who would have been kept out.
    pub accepted_lost: u64,
    /// Wrong answers that would not even have been compared: guesses that an attacker would not have had.
    pub guesses_saved: u64,
    /// Answers that a budget refused and that would have been compared; how they come out, no log tells.
    pub refused_compared: u64,
    /// Messages that went out and would not have.
    pub messages_lost: u64,
    /// Messages that a budget refused and that would have gone out.
    pub messages_more: u64,
    /// The differences, the first [`LISTED`](Difference) of them, in the order of the log.
    pub differences: Vec<Difference>,
}

/// One event that would have come out otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its place in the audit chain.
    pub sequence: u64,
    /// When it was.
    pub at: Timestamp,
    /// About whom.
    pub user: String,
    /// What came of it: `accepted`, `sent`, or the stable name of a reason.
    pub was: String,
    /// The policy's field that would have decided otherwise.
    pub rule: &'static str,
}

/// A replay in the making: a log goes in record by record, in its order.
pub struct Replay<'a> {
    policy: &'a Policy,
    budgets: HashMap<String, Budget>,
    /// Challenges that were opened for an action; all others confirm something.
    asked: HashSet<ChallengeId>,
    outcome: Simulation,
}

impl<'a> Replay<'a> {
    /// A replay under a policy.
    pub fn new(policy: &'a Policy) -> Self {
        Self { policy, budgets: HashMap::new(), asked: HashSet::new(), outcome: Simulation::default() }
    }

    /// Replays one record. With the explanation of its decision, where there is one, the window of time-based codes is
    /// looked at, too.
    pub fn record(&mut self, record: &AuditRecord, explanation: Option<&Explanation>) {
        self.outcome.records += 1;
        self.outcome.from.get_or_insert(record.at);
        self.outcome.until = Some(record.at);
        let Some(event) = record.event() else {
            self.outcome.unknown += 1;
            return;
        };
        match event.event {
            EventName::ChallengeCreated => self.asked.extend(event.challenge),
            EventName::DecisionAccepted | EventName::DecisionRejected => {
                self.answer(record, &event, explanation)
            }
            EventName::ChallengeSent | EventName::ChallengeResent => self.message(record, &event, true),
            // A refused answer has a decision, and was replayed by it; a refused message has none.
            EventName::LimitHit if event.decision.is_none() => self.message(record, &event, false),
            EventName::LockoutEnded => self.unlock(&event),
            _ => {}
        }
    }

    /// What came of it.
    pub fn finish(self) -> Simulation {
        self.outcome
    }

    fn differs(&mut self, record: &AuditRecord, event: &Event, was: &str, rule: &'static str) {
        if self.outcome.differences.len() < LISTED {
            self.outcome.differences.push(Difference {
                sequence: record.sequence,
                at: record.at,
                user: event.user.clone().unwrap_or_default(),
                was: was.to_owned(),
                rule,
            });
        }
    }

    fn answer(&mut self, record: &AuditRecord, event: &Event, explanation: Option<&Explanation>) {
        let (Some(user), Some(method), Some(challenge)) = (&event.user, event.method, &event.challenge)
        else {
            return;
        };
        let accepted = event.event == EventName::DecisionAccepted;
        let was = if accepted { "accepted" } else { event.reason.as_deref().unwrap_or_default() };
        let locked = was == Reason::Locked { until: None }.name();
        let compared =
            [Reason::Wrong, Reason::RecoveryUsed, Reason::Used { retry_at: record.at }, Reason::Denied]
                .iter()
                .any(|reason| reason.name() == was);
        if !accepted && !locked && !compared {
            return; // it never came to a comparison, and would not now
        }
        self.outcome.answers += 1;
        let rule = if self.allows(method, event) {
            let charges = attempt_charges(self.policy, user, method, false, challenge, None);
            match self.charge(&charges, record.at) {
                Err(refused) => Some(attempt_rule(refused)),
                Ok(()) => {
                    let outside = accepted && !self.within(method, challenge, explanation);
                    if accepted && !outside {
                        self.succeed(user, &charges);
                    }
                    outside.then_some("totp.look_back")
                }
            }
        } else {
            Some("methods")
        };
        match rule {
            Some(rule) if accepted => {
                self.outcome.accepted_lost += 1;
                self.differs(record, event, was, rule);
            }
            Some(rule) if compared => {
                self.outcome.guesses_saved += 1;
                self.differs(record, event, was, rule);
            }
            None if locked => {
                self.outcome.refused_compared += 1;
                self.differs(record, event, was, "attempts");
            }
            _ => {}
        }
    }

    fn allows(&self, method: Method, event: &Event) -> bool {
        match method {
            Method::Recovery => {
                self.policy.recovery.kind != RecoveryKind::None
                    && event.action.as_ref().is_none_or(|action| match action {
                        Action::DisableMfa => self.policy.disable.allow_recovery,
                        action => self.policy.recovery.usable_for.contains(action),
                    })
            }
            method => self.policy.methods.contains(&method),
        }
    }

    /// Whether a time-based code that was accepted lies within the window. One that confirmed has another window.
    fn within(&self, method: Method, challenge: &ChallengeId, explanation: Option<&Explanation>) -> bool {
        let known = explanation.filter(|_| method == Method::Totp && self.asked.contains(challenge));
        let offset = known.and_then(|known| Some(known.step_offset? - known.drift.unwrap_or(0)));
        offset.is_none_or(|offset| {
            let (back, ahead) = (self.policy.totp.look_back, self.policy.totp.look_ahead);
            (-i64::from(back)..=i64::from(ahead)).contains(&offset)
        })
    }

    /// Charges all or none, as a store does; the key that refused.
    fn charge<'c>(&mut self, charges: &'c [Charge], now: Timestamp) -> Result<(), &'c BudgetKey> {
        let mut granted = Vec::with_capacity(charges.len());
        for Charge { key, limit } in charges {
            let text = key.to_text();
            let mut budget = self.budgets.get(&text).copied().unwrap_or_default();
            let outcome = budget.charge(limit, now);
            if outcome.is_err() {
                self.budgets.insert(text, budget);
                return Err(key);
            }
            granted.push((text, budget));
        }
        self.budgets.extend(granted);
        Ok(())
    }

    fn succeed(&mut self, user: &str, charges: &[Charge]) {
        for Charge { key, .. } in charges {
            if let Some(budget) = self.budgets.get_mut(&key.to_text()) {
                budget.refund(matches!(key, BudgetKey::Attempts { .. }));
            }
        }
        if self.policy.sends.reset_on_success {
            for method in [Method::Sms, Method::Email, Method::Push] {
                let key = BudgetKey::Sends { user: user.to_owned(), method, flow: Flow::Login };
                self.budgets.remove(&key.to_text());
            }
        }
    }

    fn message(&mut self, record: &AuditRecord, event: &Event, went: bool) {
        let (Some(user), Some(method), Some(challenge)) = (&event.user, event.method, &event.challenge)
        else {
            return;
        };
        let flow = if self.asked.contains(challenge) { Flow::Login } else { Flow::Setup };
        let rule = if self.policy.methods.contains(&method) {
            let charges = send_charges(self.policy, user, method, flow, None);
            self.charge(&charges, record.at).err().map(send_rule)
        } else {
            Some("methods")
        };
        match rule {
            Some(rule) if went => {
                self.outcome.messages_lost += 1;
                self.differs(record, event, "sent", rule);
            }
            None if !went => {
                self.outcome.messages_more += 1;
                self.differs(record, event, "locked", "sends");
            }
            _ => {}
        }
    }

    fn unlock(&mut self, event: &Event) {
        let Some(user) = &event.user else { return };
        for key in [attempt_keys(user, false), attempt_keys(user, true)].into_iter().flatten() {
            self.budgets.remove(&key.to_text());
        }
        for method in [Method::Sms, Method::Email, Method::Push] {
            for flow in [Flow::Setup, Flow::Login] {
                let key = BudgetKey::Sends { user: user.clone(), method, flow };
                self.budgets.remove(&key.to_text());
            }
        }
    }
}

fn attempt_rule(refused: &BudgetKey) -> &'static str {
    match refused {
        BudgetKey::Challenge(_) => "attempts.per_challenge",
        BudgetKey::Day { .. } => "attempts.per_day",
        BudgetKey::Tenant => "attempts.per_tenant_hour",
        _ => "attempts.delays",
    }
}

fn send_rule(refused: &BudgetKey) -> &'static str {
    match refused {
        BudgetKey::TenantSends(_) => "sends.per_tenant_day",
        BudgetKey::Sends { method: Method::Sms, flow: Flow::Setup, .. } => "sms.setup_sends_per_day",
        BudgetKey::Sends { method: Method::Sms, .. } => "sms.login_sends_per_day",
        BudgetKey::Sends { method: Method::Email, flow: Flow::Setup, .. } => "email.setup_sends_per_day",
        BudgetKey::Sends { method: Method::Email, .. } => "email.login_sends_per_day",
        _ => "push.sends_per_day",
    }
}
