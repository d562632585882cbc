//! Answering: parse → load → charge → compare → settle. A charge is committed before anything is compared, and what is
//! accepted is claimed in the same transaction that says so.

mod compare;
mod locks;
mod ruling;

use super::{
    ATTEMPTS, Loaded, Verifier,
    manage::ending_with_a_factor,
    repeat::{Ended, Named, Paid},
    reply::Kept,
};
use crate::{
    Accepted, Action, Answer, Budget, BudgetKey, ChallengeId, Confirmation, Context, Decision, DecisionId,
    Enrolled, Event, EventName, Failure, Flow, KeyProvider, Method, Proof, Reason, RecoverySheet, Rejected,
    Store, Subject, Tag, Warning,
    decide::attempt_charges,
    keys::Purpose,
    policy::RecoveryKind,
    record::{Answered, Challenge, ChallengeKind, Factor, FactorState, ProofRecord, RecoveryCode, Replaces},
    store::{Change, Charge},
};
use compare::{Compared, Right};
use keyhaven_secret::SecretText;
use ruling::Ruling;

/// How often a decision is made anew because other recovery codes of the same set were used: more than a set has.
const RECOUNTS: u32 = 24;

/// What was charged for an answer.
#[derive(Default)]
struct Charges {
    charges: Vec<Charge>,
    budgets: Vec<Budget>,
    /// Whether they were charged for this; else the same named request had paid already.
    own: bool,
}

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    /// Decides about an answer to a challenge that [`Verifier::begin`] opened.
    ///
    /// # Errors
    /// Nothing could be decided: neither accepted nor wrong.
    pub async fn answer(
        &self,
        who: &Subject,
        challenge: &ChallengeId,
        answer: Answer,
        context: &Context,
    ) -> Result<Decision, Failure> {
        let (mut charges, mut lost, mut recounted) = (None, 0, 0);
        while lost < ATTEMPTS && recounted < RECOUNTS {
            let loaded = self.load_with(who, Some(challenge), None, Vec::new(), context.now).await?;
            let named = loaded.named("answer", &arguments(challenge, &answer), context);
            let named = named.as_ref();
            if let Some(decision) = self.before::<Decision>(&loaded, named, context.now).await? {
                self.give_back(&loaded, charges, decision.is_accepted(), context).await?;
                return Ok(decision);
            }
            let asked = Asked { challenge, answer: &answer, named, confirming: false };
            let ruling = self.rule(&loaded, &asked, context, &mut charges).await?;
            let right = match &ruling.outcome {
                Ok(right) => right,
                Err(_) => {
                    return self.reject(&loaded, named, context, ruling, charges, Decision::Rejected).await;
                }
            };
            let id = DecisionId::random()?;
            let action = ruling.action.clone().unwrap_or(Action::Login);
            let (proof, record) = loaded.proof(&id, &action, context);
            let (mut changes, mut events) = loaded.accepting(&id, challenge, right, context);
            changes.extend(right.claims.iter().cloned());
            let used = u32::from(right.method == Method::Recovery);
            let recovery_left = loaded.recovery_left().map(|left| left.saturating_sub(used));
            let low = recovery_left.is_some_and(|left| used > 0 && loaded.is_low(left));
            let counted = recovery_left.filter(|_| used > 0).map(|codes| {
                // Of codes that are used at once, each is told another number.
                changes.push(Change::RequireUnused { codes });
                changes.len() - 1
            });
            if let Some(accepted) = events.first().filter(|_| low).cloned() {
                events.push(Event { event: EventName::RecoveryLow, left: recovery_left, ..accepted });
            }
            changes.extend(loaded.resealed(&right.factor)?.map(|factor| Change::Reseal(Box::new(factor))));
            changes.extend(refunds(charges.as_ref()));
            if loaded.policy.sends.reset_on_success {
                changes.extend([Method::Sms, Method::Email, Method::Push].map(|method| Change::Reset {
                    key: BudgetKey::Sends { user: loaded.user().to_owned(), method, flow: Flow::Login },
                }));
            }
            changes.push(Change::PutProof(record));
            let (trusts, device) = match action {
                Action::Login => loaded.new_trusts(context)?,
                _ => (Vec::new(), None),
            };
            events.extend((!trusts.is_empty()).then(|| Event::of(EventName::TrustAdded, loaded.user())));
            changes.extend(trusts);
            changes.push(ruling.explained(&loaded, &id, context.now));
            let mut notices = Vec::new();
            for (told, about) in [(used > 0, EventName::RecoveryUsed), (low, EventName::RecoveryLow)] {
                if told {
                    notices.extend(loaded.notices(about, None)?);
                }
            }
            let warnings = loaded.warnings(right.method, recovery_left);
            let accepted = Accepted { id, proof, device, recovery_left, warnings, notices };
            let decision = Decision::Accepted(accepted);
            match self.settle_named(&loaded, named, &decision, context.now, changes, events).await? {
                Ended::Done => return Ok(decision),
                Ended::Before(decision) => {
                    self.give_back(&loaded, charges, decision.is_accepted(), context).await?;
                    return Ok(decision);
                }
                Ended::Lost(at) if Some(at) == counted => recounted += 1,
                // Somebody else was first, or the policy changed: what is there now says what this answer is worth.
                Ended::Lost(_) => lost += 1,
            }
        }
        Err(Failure::Contended { what: "the challenge" })
    }

    /// Decides about the answer that confirms a pending factor or validates a changed number.
    ///
    /// # Errors
    /// Nothing could be decided.
    pub async fn confirm(
        &self,
        who: &Subject,
        challenge: &ChallengeId,
        answer: Answer,
        context: &Context,
    ) -> Result<Confirmation, Failure> {
        let mut charges = None;
        for _ in 0..ATTEMPTS {
            let loaded = self.load_with(who, Some(challenge), None, Vec::new(), context.now).await?;
            let named = loaded.named("confirm", &arguments(challenge, &answer), context);
            let named = named.as_ref();
            if let Some(confirmation) = self.before::<Confirmation>(&loaded, named, context.now).await? {
                self.give_back(&loaded, charges, confirmation.is_accepted(), context).await?;
                return Ok(confirmation);
            }
            let asked = Asked { challenge, answer: &answer, named, confirming: true };
            let ruling = self.rule(&loaded, &asked, context, &mut charges).await?;
            let right = match &ruling.outcome {
                Ok(right) => right,
                Err(_) => {
                    return self
                        .reject(&loaded, named, context, ruling, charges, Confirmation::Rejected)
                        .await;
                }
            };
            let id = DecisionId::random()?;
            let (mut changes, mut events) = loaded.accepting(&id, challenge, right, context);
            changes.extend(refunds(charges.as_ref()));
            let factor = &right.factor;
            if loaded.state.challenge.as_ref().is_some_and(|found| found.kind == ChallengeKind::PhoneChange) {
                changes.push(Change::Validate { factor: factor.id.clone() });
                changes.push(ruling.explained(&loaded, &id, context.now));
                events.push(about(EventName::PhoneChangeConfirmed, &loaded, factor));
                let validated = Confirmation::Validated;
                match self.settle_named(&loaded, named, &validated, context.now, changes, events).await? {
                    Ended::Done => return Ok(validated),
                    Ended::Before(confirmation) => {
                        self.give_back(&loaded, charges, confirmation.is_accepted(), context).await?;
                        return Ok(confirmation);
                    }
                    Ended::Lost(_) => continue,
                }
            }
            changes.extend(loaded.activating(factor, FactorState::Pending, right.step, right.drift));
            let recovery = self.recovery_for(&loaded, factor)?;
            let (sheet, put) = recovery.map_or((None, None), |(sheet, put)| (Some(sheet), Some(put)));
            events.push(about(EventName::FactorConfirmed, &loaded, factor));
            if factor.ticket.is_some() {
                events.push(about(EventName::TicketRedeemed, &loaded, factor));
            }
            if sheet.is_some() {
                events.push(Event::of(EventName::RecoveryRegenerated, loaded.user()));
            }
            changes.extend(put);
            // Who had no factor and proves one now has answered as much as a sign-in would ask. Whoever came by a ticket
            // signs in anew (behaviour E5).
            let signs_in = factor.first && factor.ticket.is_none();
            let (proof, record) = loaded.proof(&id, &Action::Login, context);
            let sign_in = signs_in.then_some(proof);
            changes.extend(signs_in.then_some(Change::PutProof(record)));
            changes.push(ruling.explained(&loaded, &id, context.now));
            let notices = loaded.notices(EventName::FactorConfirmed, loaded.own_address(factor)?)?;
            let factor = factor.id.clone();
            let enrolled = Confirmation::Enrolled(Enrolled { id, factor, recovery: sheet, sign_in, notices });
            match self.settle_named(&loaded, named, &enrolled, context.now, changes, events).await? {
                Ended::Done => return Ok(enrolled),
                Ended::Before(confirmation) => {
                    self.give_back(&loaded, charges, confirmation.is_accepted(), context).await?;
                    return Ok(confirmation);
                }
                Ended::Lost(_) => {}
            }
        }
        Err(Failure::Contended { what: "the pending factor" })
    }

    /// Looks at an answer and, once, charges for it.
    async fn rule(
        &self,
        loaded: &Loaded,
        asked: &Asked<'_>,
        context: &Context,
        charged: &mut Option<Charges>,
    ) -> Result<Ruling, Failure> {
        let now = context.now;
        let Asked { challenge, answer, named, confirming } = *asked;
        let Some(found) = loaded.state.challenge.as_ref().filter(|found| {
            loaded.is_session(&found.session, context) && (found.kind != ChallengeKind::Answer) == confirming
        }) else {
            return Ok(Ruling::before(challenge, Reason::Unknown, "challenge"));
        };
        let ruling = Ruling::about(found);
        let closed = if found.answered.is_some() {
            Some(Reason::Answered)
        } else if found.cancelled {
            Some(Reason::Cancelled)
        } else {
            (found.expired || found.expires_at <= now).then_some(Reason::Expired)
        };
        if let Some(reason) = closed {
            return Ok(ruling.rejecting(reason, "challenge_ttl"));
        }
        let parsed = match compare::parse(loaded, found, answer, now) {
            Ok(parsed) => parsed,
            Err((reason, rule)) => return Ok(ruling.rejecting(reason, rule)),
        };
        let mut ruling = ruling.by(parsed.method);
        if charged.is_none() {
            let charges = attempt_charges(
                &loaded.policy,
                loaded.user(),
                parsed.method,
                loaded.trusted(context).is_good(),
                challenge,
                loaded.counted_network(context),
            );
            match self.charge_named(loaded, named, &charges, now).await? {
                Paid::Granted { budgets, own } => *charged = Some(Charges { charges, budgets, own }),
                Paid::Refused { at, budget, until, .. } => {
                    return Ok(ruling.refused(charges.get(at), budget, until));
                }
            }
        }
        if let Some(charged) = charged.as_ref() {
            ruling.count(&charged.charges, &charged.budgets);
        }
        let compared = compare::compare(loaded, found, &parsed, self.hash_cost, now)?;
        Ok(match compared {
            Compared::Right(right) => ruling.accepting(*right),
            Compared::Wrong { reason, rule, otherwise } => {
                ruling.rejecting(reason, rule).otherwise(otherwise)
            }
        })
    }

    /// Tells and keeps that an answer was not accepted. `as_reply` makes of it what the call answers.
    async fn reject<T: Kept>(
        &self,
        loaded: &Loaded,
        named: Option<&Named>,
        context: &Context,
        ruling: Ruling,
        charged: Option<Charges>,
        as_reply: impl FnOnce(Rejected) -> T,
    ) -> Result<T, Failure> {
        // What was charged for nothing used nothing up, and is judged anew.
        let named = named.filter(|_| charged.is_some());
        let id = DecisionId::random()?;
        let reason = ruling.outcome.as_ref().err().copied().unwrap_or(Reason::Wrong);
        let event = |name| Event {
            method: ruling.method,
            challenge: Some(ruling.challenge.clone()),
            action: ruling.action.clone(),
            decision: Some(id.clone()),
            reason: Some(reason.name().to_owned()),
            ..Event::of(name, loaded.user())
        };
        let mut events = vec![event(EventName::DecisionRejected)];
        let mut changes = vec![ruling.explained(loaded, &id, context.now)];
        match reason {
            Reason::Used { .. } => events.push(event(EventName::OtpReplayDetected)),
            Reason::Locked { .. } => events.push(event(EventName::LimitHit)),
            Reason::Denied => {
                events.push(event(EventName::ChallengeDenied));
                changes.insert(0, Change::Cancel { challenge: ruling.challenge.clone() });
            }
            _ => {}
        }
        // Met for the first time after its end, it is told so.
        changes.extend(loaded.ending(context));
        let locks = charged.as_ref().map(|charged| charged.locks(context.now)).unwrap_or_default();
        events.extend(locks.iter().map(|lock| Event {
            challenge: Some(ruling.challenge.clone()),
            action: ruling.action.clone(),
            decision: Some(id.clone()),
            ..lock.event(loaded.user())
        }));
        let notices = match locks::notified(&locks) {
            Some(about) => loaded.notices(about, None)?,
            None => Vec::new(),
        };
        let reply = as_reply(Rejected { id, reason, attempts_left: ruling.attempts_left, notices });
        let (now, told) = (context.now, events.clone());
        match self.settle_named(loaded, named, &reply, now, changes.clone(), told).await? {
            Ended::Done => {}
            // Charged for once, and told once: by whoever was first.
            Ended::Before(before) => return Ok(before),
            Ended::Lost(_) => {
                // Closed in between, so there is nothing left to cancel; what was decided is kept all the same.
                changes.retain(|change| !matches!(change, Change::Cancel { .. }));
                self.note(loaded, now, changes, events).await?;
            }
        }
        Ok(reply)
    }

    /// Gives back what was charged for an answer that somebody else, under the same name, found right.
    async fn give_back(
        &self,
        loaded: &Loaded,
        charged: Option<Charges>,
        accepted: bool,
        context: &Context,
    ) -> Result<(), Failure> {
        match charged.filter(|charged| accepted && charged.own) {
            Some(charged) => self.note(loaded, context.now, refunds(Some(&charged)), Vec::new()).await,
            None => Ok(()),
        }
    }

    /// The recovery codes that come with a confirmed factor, and the change that stores them.
    pub(super) fn recovery_for(
        &self,
        loaded: &Loaded,
        factor: &Factor,
    ) -> Result<Option<(RecoverySheet, Change)>, Failure> {
        let everything = factor.replaces == Replaces::Everything;
        let has_some = loaded.recovery_left().is_some_and(|left| left > 0);
        if loaded.policy.recovery.kind == RecoveryKind::None
            || (has_some && !loaded.policy.recovery.reissue_on_enrol && !everything)
        {
            return Ok(None);
        }
        self.new_recovery(loaded).map(Some)
    }

    /// A new set of recovery codes; the change that stores it ends the old one.
    pub(crate) fn new_recovery(&self, loaded: &Loaded) -> Result<(RecoverySheet, Change), Failure> {
        let (count, single_key) = match loaded.policy.recovery.kind {
            RecoveryKind::None => (0, false),
            RecoveryKind::Codes { count } => (count, false),
            RecoveryKind::SingleKey => (1, true),
        };
        let expected = loaded.state.recovery.first().map_or(0, |code| code.generation);
        let mut codes: Vec<RecoveryCode> = Vec::new();
        let mut sheet = Vec::new();
        while codes.len() < usize::from(count) {
            let fresh = crate::recovery::generate(single_key)?;
            if codes.iter().any(|code| code.selector == fresh.selector) {
                continue; // a million selectors, twenty codes at most
            }
            // A generated code has the length that `parts` takes.
            let verifier =
                crate::recovery::parts(&fresh.code).map(|(_, verifier)| verifier).unwrap_or_default();
            codes.push(RecoveryCode {
                id: crate::RecoveryCodeId::random()?,
                generation: expected + 1,
                selector: fresh.selector,
                hash: crate::recovery::hash(&loaded.keys, self.hash_cost, verifier)?,
                used_at: None,
            });
            sheet.push(crate::recovery::grouped(&fresh.code));
        }
        Ok((RecoverySheet { codes: sheet }, Change::PutRecovery { expected, codes }))
    }
}

/// What a right answer gives back: what was charged for it, and the row of wrong answers before it. Where somebody else
/// was charged for the same named request, that is theirs to give back; the row ends all the same.
fn refunds(charges: Option<&Charges>) -> Vec<Change> {
    let Some(Charges { charges, own, .. }) = charges else { return Vec::new() };
    charges
        .iter()
        .map(|charge| (matches!(charge.key, BudgetKey::Attempts { .. }), &charge.key))
        .filter(|(clear, _)| *own || *clear)
        .map(|(clear, key)| Change::Refund { clear, key: key.clone() })
        .collect()
}

/// An answer, to which challenge and in which call.
struct Asked<'a> {
    challenge: &'a ChallengeId,
    answer: &'a Answer,
    named: Option<&'a Named>,
    confirming: bool,
}

/// What makes an answer this one, beside its request's name.
fn arguments<'a>(challenge: &'a ChallengeId, answer: &'a Answer) -> [&'a [u8]; 4] {
    let (kind, text, response) = match answer {
        Answer::Code(text) => (&b"code"[..], text.expose(), ""),
        Answer::Recovery(text) => (&b"recovery"[..], text.expose(), ""),
        Answer::Push { number, response } => (&b"push"[..], number.expose(), response.expose()),
        Answer::Denied { response } => (&b"denied"[..], "", response.expose()),
    };
    [challenge.as_str().as_bytes(), kind, text.as_bytes(), response.as_bytes()]
}

pub(crate) fn about(name: EventName, loaded: &Loaded, factor: &Factor) -> Event {
    Event { method: Some(factor.method), factor: Some(factor.id.clone()), ..Event::of(name, loaded.user()) }
}

impl Loaded {
    /// The proof of a decision and what the store keeps of it: never the token.
    fn proof(&self, decision: &DecisionId, action: &Action, context: &Context) -> (Proof, ProofRecord) {
        let token = self.keys.tag(Purpose::Proof, &[b"token", decision.as_str().as_bytes()]);
        let proof = Proof(SecretText::new(token.as_str().to_owned()));
        let record = ProofRecord {
            tag: self.proof_tag(&proof, action, context),
            expires_at: context.now.plus(self.policy.step_up.proof_ttl.into()),
            used_at: None,
        };
        (proof, record)
    }

    /// The tag under which a proof is kept: of another action, user or session it is another, and under a policy that was
    /// changed since.
    pub fn proof_tag(&self, proof: &Proof, action: &Action, context: &Context) -> Tag {
        self.keys.tag(
            Purpose::Proof,
            &[
                b"record",
                self.user().as_bytes(),
                action.name().as_bytes(),
                context.session.expose().as_bytes(),
                &self.revision.to_be_bytes(),
                proof.expose().as_bytes(),
            ],
        )
    }

    /// What every accepted answer changes: the policy is still the one it was judged by, the challenge is over.
    fn accepting(
        &self,
        id: &DecisionId,
        challenge: &ChallengeId,
        right: &Right,
        context: &Context,
    ) -> (Vec<Change>, Vec<Event>) {
        let answered = Answered { decision: id.clone(), at: context.now };
        let changes = vec![
            Change::RequirePolicy { revision: self.revision },
            Change::Answer { challenge: challenge.clone(), code: right.code.clone(), answered },
        ];
        let event = |name| Event {
            method: Some(right.method),
            challenge: Some(challenge.clone()),
            action: self.state.challenge.as_ref().map(|found| found.action.clone()),
            decision: Some(id.clone()),
            ..Event::of(name, self.user())
        };
        let mut events = vec![event(EventName::DecisionAccepted)];
        events.extend((right.method == Method::Recovery).then(|| event(EventName::RecoveryUsed)));
        (changes, events)
    }

    /// What putting a factor into use changes, for it and for those it replaces.
    pub fn activating(
        &self,
        factor: &Factor,
        from: FactorState,
        last_step: Option<u64>,
        drift: i64,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        changes.extend(factor.ticket.clone().map(|ticket| Change::ConsumeTicket { ticket }));
        let except = Some(factor.id.clone());
        match factor.replaces {
            Replaces::Nothing => {}
            Replaces::SameMethod => {
                changes.push(Change::RevokeOthers { method: Some(factor.method), except: except.clone() });
                changes.extend(ending_with_a_factor(except));
            }
            Replaces::Everything => {
                changes.push(Change::RevokeOthers { method: None, except: except.clone() });
                changes.extend(ending_with_a_factor(except));
                // Where the policy has recovery codes, new ones take their place.
                if self.policy.recovery.kind == RecoveryKind::None {
                    changes.extend(self.ending_recovery());
                }
            }
        }
        let max_active = self.max_active(factor.method);
        changes.push(Change::Activate {
            factor: factor.id.clone(),
            from,
            last_step,
            drift,
            max_active,
            alone: factor.first,
        });
        changes
    }

    /// How many factors of a method one user may have.
    pub fn max_active(&self, method: Method) -> u32 {
        match method {
            Method::Totp | Method::Push => self.policy.totp.max_active.into(),
            Method::Hotp | Method::Sms | Method::Email | Method::Recovery => 1,
        }
    }

    /// The address of a factor that is sent to, for notices.
    pub fn own_address(&self, factor: &Factor) -> Result<Option<(Method, SecretText)>, Failure> {
        match factor.method {
            Method::Sms | Method::Email => Ok(Some((factor.method, self.open_address(factor)?))),
            _ => Ok(None),
        }
    }

    /// Whether so few recovery codes of the user's are left that there should be new ones.
    fn is_low(&self, left: u32) -> bool {
        let single = self.state.recovery.len() == 1;
        left == 0 || (left <= u32::from(self.policy.recovery.low_at) && !single)
    }

    fn warnings(&self, method: Method, recovery_left: Option<u32>) -> Vec<Warning> {
        let mut warnings = Vec::new();
        match recovery_left {
            Some(0) => warnings.push(Warning::RecoveryUsedUp),
            Some(left) if self.is_low(left) => warnings.push(Warning::RecoveryLow),
            _ => {}
        }
        if self.state.subject.as_ref().is_some_and(|subject| subject.shared) {
            warnings.push(Warning::SharedAccount);
        }
        if matches!(method, Method::Sms | Method::Email) {
            warnings.push(Warning::RestrictedMethod);
        }
        warnings
    }

    pub(super) fn challenged_factor(&self, challenge: &Challenge) -> Option<&Factor> {
        self.state.factors.iter().find(|factor| Some(&factor.id) == challenge.factor.as_ref())
    }
}
