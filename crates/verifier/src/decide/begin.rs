//! Whether a request needs an answer, and by which methods.

use crate::{
    Action, FirstFactor, Method, NotRequired, Policy, Timestamp,
    policy::{AppliesTo, Enforcement, RecoveryKind, SharedAccounts},
    record::FactorState,
    store::Snapshot,
};

/// What the state of a user says about a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ruling {
    NotRequired(NotRequired, Option<Timestamp>),
    MustEnrol(Vec<Method>),
    NoUsableMethod,
    /// One of these has to answer; the preferred first.
    Ask(Vec<Method>),
}

/// Decides about `action`. `trusted` is what a network or device token that is good allows, and until when.
pub(crate) fn begin(
    policy: &Policy,
    state: &Snapshot,
    action: &Action,
    first_factor: FirstFactor,
    trusted: Option<(NotRequired, Timestamp)>,
    now: Timestamp,
) -> Ruling {
    let subject = state.subject.clone().unwrap_or_default();
    if policy.shared_accounts == SharedAccounts::Refuse && subject.shared {
        return Ruling::NoUsableMethod;
    }
    if *action == Action::Login && first_factor == FirstFactor::Sso && policy.sso_exempt {
        return Ruling::NotRequired(NotRequired::SsoExempt, None);
    }
    if action.is_by_policy() && !policy.step_up.actions.contains(action) {
        return Ruling::NotRequired(NotRequired::ActionNotListed, None);
    }
    let enrolled = state.factors.iter().any(|factor| factor.state == FactorState::Active);
    if !enrolled {
        let reached = policy.applies_to == AppliesTo::All || subject.must_enrol;
        return match policy.enforcement {
            Enforcement::Forced { grace } if reached => {
                let end = subject.created_at.plus(grace.into());
                if *action == Action::Login && now < end {
                    return Ruling::NotRequired(NotRequired::Grace, Some(end));
                }
                let email = |method: &Method| *method != Method::Email || email_allowed(policy, state);
                Ruling::MustEnrol(
                    Method::ALL.into_iter().filter(|m| policy.methods.contains(m)).filter(email).collect(),
                )
            }
            _ => Ruling::NotRequired(NotRequired::OptInNotEnrolled, None),
        };
    }
    // Trust lets sign-ins through and nothing else: what is worth a question of its own is worth an answer.
    if let (Action::Login, Some((why, until))) = (action, trusted) {
        return Ruling::NotRequired(why, Some(until));
    }
    let methods = usable(policy, state, action);
    if methods.is_empty() { Ruling::NoUsableMethod } else { Ruling::Ask(methods) }
}

/// The methods by which the user can answer for `action`, the preferred first.
fn usable(policy: &Policy, state: &Snapshot, action: &Action) -> Vec<Method> {
    let has = |method| {
        state.factors.iter().any(|factor| factor.method == method && factor.state == FactorState::Active)
    };
    Method::ALL
        .into_iter()
        .filter(|method| allowed(policy, state, action, *method))
        .filter(|method| match method {
            Method::Recovery => state.recovery.iter().any(|code| code.used_at.is_none()),
            method => has(*method),
        })
        .collect()
}

/// Whether the policy takes a method for `action`. It is asked again when an answer comes: it may have been changed since
/// the challenge was opened.
pub(crate) fn allowed(policy: &Policy, state: &Snapshot, action: &Action, method: Method) -> bool {
    match method {
        Method::Recovery => {
            let usable = match action {
                Action::DisableMfa => policy.disable.allow_recovery,
                action => policy.recovery.usable_for.contains(action),
            };
            policy.recovery.kind != RecoveryKind::None && usable
        }
        Method::Email => policy.methods.contains(&method) && email_allowed(policy, state),
        method => policy.methods.contains(&method),
    }
}

fn email_allowed(policy: &Policy, state: &Snapshot) -> bool {
    !policy.email.by_exception || state.subject.as_ref().is_some_and(|subject| subject.email_allowed)
}
