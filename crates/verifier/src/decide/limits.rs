//! Which budgets an answer and a message are charged to.

use crate::{Budget, BudgetKey, BudgetState, ChallengeId, Flow, Limit, Method, Policy, store::Charge};

const HOUR: u32 = 3_600;
const DAY: u32 = 86_400;

/// The budgets of wrong answers of a user, whatever the method: what is looked at before a challenge is opened.
pub(crate) fn attempt_keys(user: &str, trusted: bool) -> Vec<BudgetKey> {
    let mut keys: Vec<BudgetKey> = Method::ALL
        .into_iter()
        .map(|method| BudgetKey::Attempts { user: user.to_owned(), method, trusted })
        .collect();
    keys.push(BudgetKey::Day { user: user.to_owned(), trusted });
    keys
}

/// What an answer is charged to before it is compared. The narrowest come first, so that a stranger's refused guesses
/// do not use up what a whole tenant has.
pub(crate) fn attempt_charges(
    policy: &Policy,
    user: &str,
    method: Method,
    trusted: bool,
    challenge: &ChallengeId,
    network: Option<String>,
) -> Vec<Charge> {
    let attempts = &policy.attempts;
    let charge = |key, limit| Charge { key, limit };
    let mut charges = vec![
        charge(
            BudgetKey::Challenge(challenge.clone()),
            // A challenge lives a day at most, so its window never opens anew.
            Limit::per_window(attempts.per_challenge, DAY),
        ),
        charge(
            BudgetKey::Attempts { user: user.to_owned(), method, trusted },
            Limit {
                window: DAY,
                max: Limit::ENDLESS,
                consecutive: attempts.consecutive,
                free: attempts.free,
                delays: attempts.delays,
                lockout: 0,
            },
        ),
        charge(BudgetKey::Day { user: user.to_owned(), trusted }, Limit::per_window(attempts.per_day, DAY)),
    ];
    if !trusted {
        // The owner at home pays for nobody else.
        charges.extend(
            network.map(|tag| {
                charge(BudgetKey::Network(tag), Limit::per_window(attempts.per_network_hour, HOUR))
            }),
        );
        charges.push(charge(BudgetKey::Tenant, Limit::per_window(attempts.per_tenant_hour, HOUR)));
    }
    charges
}

/// What a message is charged to before it is made.
pub(crate) fn send_charges(
    policy: &Policy,
    user: &str,
    method: Method,
    flow: Flow,
    address: Option<String>,
) -> Vec<Charge> {
    let max = match (method, flow) {
        (Method::Sms, Flow::Setup) => policy.sms.setup_sends_per_day,
        (Method::Sms, Flow::Login) => policy.sms.login_sends_per_day,
        (Method::Email, Flow::Setup) => policy.email.setup_sends_per_day,
        (Method::Email, Flow::Login) => policy.email.login_sends_per_day,
        _ => policy.push.sends_per_day,
    };
    let mut charges = vec![Charge {
        key: BudgetKey::Sends { user: user.to_owned(), method, flow },
        limit: Limit { lockout: policy.sends.lockout, ..Limit::per_window(max, DAY) },
    }];
    charges.extend(address.map(|tag| Charge {
        key: BudgetKey::Address(tag),
        limit: Limit::per_window(policy.sends.per_address_day, DAY),
    }));
    charges.push(Charge {
        key: BudgetKey::TenantSends(method),
        limit: Limit::per_window(policy.sends.per_tenant_day, DAY),
    });
    charges
}

/// The budget that is nearest to its end, for explanations.
pub(crate) fn nearest_end(charges: &[Charge], budgets: &[Budget]) -> Option<BudgetState> {
    charges
        .iter()
        .zip(budgets)
        .min_by_key(|(charge, budget)| {
            let in_window = u64::from(charge.limit.max).saturating_sub(budget.used);
            in_window.min(u64::from(charge.limit.consecutive).saturating_sub(budget.consecutive))
        })
        .map(|(charge, budget)| BudgetState {
            name: charge.key.name().to_owned(),
            used: budget.used,
            max: charge.limit.max.min(charge.limit.consecutive),
            consecutive: budget.consecutive,
        })
}
