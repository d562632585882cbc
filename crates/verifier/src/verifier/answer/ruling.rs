//! What is known about an answer while it is judged, and the explanation that is kept of it.

use super::{Loaded, Right};
use crate::{
    Action, Budget, BudgetKey, BudgetState, ChallengeId, DecisionId, Explanation, Method, Reason, Timestamp,
    decide::nearest_end,
    record::Challenge,
    store::{Change, Charge},
};

pub(super) struct Ruling {
    pub challenge: ChallengeId,
    pub action: Option<Action>,
    pub method: Option<Method>,
    pub outcome: Result<Right, Reason>,
    pub attempts_left: Option<u32>,
    rule: &'static str,
    budget: Option<BudgetState>,
    otherwise: Vec<String>,
}

impl Ruling {
    /// About an answer to a challenge that is not there.
    pub fn before(challenge: &ChallengeId, reason: Reason, rule: &'static str) -> Self {
        Self {
            challenge: challenge.clone(),
            action: None,
            method: None,
            outcome: Err(reason),
            attempts_left: None,
            rule,
            budget: None,
            otherwise: Vec::new(),
        }
    }

    pub fn about(challenge: &Challenge) -> Self {
        Self {
            action: Some(challenge.action.clone()),
            method: Some(challenge.method),
            ..Self::before(&challenge.id, Reason::Wrong, "challenge")
        }
    }

    pub fn by(self, method: Method) -> Self {
        Self { method: Some(method), ..self }
    }

    pub fn rejecting(self, reason: Reason, rule: &'static str) -> Self {
        Self { outcome: Err(reason), rule, ..self }
    }

    pub fn accepting(self, right: Right) -> Self {
        Self { rule: right.rule, outcome: Ok(right), ..self }
    }

    pub fn otherwise(self, otherwise: Vec<String>) -> Self {
        Self { otherwise, ..self }
    }

    /// A budget refused before anything was compared.
    pub fn refused(self, charge: Option<&Charge>, budget: Budget, until: Option<Timestamp>) -> Self {
        let rule = match charge.map(|charge| &charge.key) {
            Some(BudgetKey::Challenge(_)) => "attempts.per_challenge",
            Some(BudgetKey::Day { .. }) => "attempts.per_day",
            Some(BudgetKey::Network(_)) => "attempts.per_network_hour",
            Some(BudgetKey::Tenant) => "attempts.per_tenant_hour",
            _ if until.is_none() => "attempts.consecutive",
            _ => "attempts.delays",
        };
        let otherwise = match until {
            Some(until) => format!("an answer from {until} on would have been compared"),
            None => "an administrator who unlocks the user; another method; a trusted network or device"
                .to_owned(),
        };
        Self {
            outcome: Err(Reason::Locked { until }),
            rule,
            budget: charge.and_then(|charge| nearest_end(std::slice::from_ref(charge), &[budget])),
            otherwise: vec![otherwise],
            attempts_left: Some(0),
            ..self
        }
    }

    pub fn count(&mut self, charges: &[Charge], budgets: &[Budget]) {
        self.budget = nearest_end(charges, budgets);
        self.attempts_left = charges
            .iter()
            .zip(budgets)
            .find(|(charge, _)| matches!(charge.key, BudgetKey::Challenge(_)))
            .map(|(charge, budget)| u64::from(charge.limit.max).saturating_sub(budget.used))
            .and_then(|left| u32::try_from(left).ok());
    }

    pub fn explained(&self, loaded: &Loaded, decision: &DecisionId, at: Timestamp) -> Change {
        let right = self.outcome.as_ref().ok();
        Change::Explain(Box::new(Explanation {
            decision: decision.clone(),
            at,
            user: loaded.user().to_owned(),
            action: self.action.clone(),
            method: self.method,
            rejected: self.outcome.as_ref().err().copied(),
            rule: self.rule.to_owned(),
            policy: loaded.revision,
            step_offset: right.and_then(|right| right.offset),
            drift: right.map(|right| right.factor.drift).filter(|_| self.method == Some(Method::Totp)),
            budget: self.budget.clone(),
            otherwise: self.otherwise.clone(),
        }))
    }
}
