//! Answering: parse → load → charge → compare → settle. A charge is committed before anything is compared, and what is
//! accepted is claimed in the same transaction that says so.

mod compare;
mod locks;
mod ruling;

use super::{ATTEMPTS, Loaded, REPEAT, Verifier, manage::ending_with_a_factor};
use crate::{
    Accepted, Action, Answer, Budget, BudgetKey, ChallengeId, Confirmation, Context, Decision, DecisionId,
    Enrolled, Event, EventName, Failure, Flow, KeyProvider, Method, Proof, Reason, RecoverySheet, Rejected,
    Store, Subject, Tag, Warning,
    decide::attempt_charges,
    keys::Purpose,
    policy::RecoveryKind,
    random,
    record::{Answered, Challenge, ChallengeKind, Factor, FactorState, ProofRecord, RecoveryCode, Replaces},
    store::{Change, Charge, Charged, Settled},
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
            if let Some(accepted) = loaded.repeated(challenge, &answer, context)? {
                return Ok(Decision::Accepted(accepted));
            }
            let ruling = self.rule(&loaded, challenge, &answer, context, &mut charges, false).await?;
            let right = match &ruling.outcome {
                Ok(right) => right,
                Err(_) => {
                    let rejected = self.reject(&loaded, context, ruling, charges.as_ref()).await?;
                    return Ok(Decision::Rejected(rejected));
                }
            };
            let id = DecisionId::random()?;
            let action = ruling.action.clone().unwrap_or(Action::Login);
            let (proof, record) = loaded.proof(&id, &action, context);
            let (mut changes, mut events) = loaded.accepting(&id, challenge, &answer, right, context)?;
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
            match self.settle(&loaded, context.now, changes, events).await? {
                Settled::Done => {}
                Settled::Lost(at) if Some(at) == counted => {
                    recounted += 1;
                    continue;
                }
                // Somebody else was first, or the policy changed: what is there now says what this answer is worth.
                Settled::Lost(_) => {
                    lost += 1;
                    continue;
                }
            }
            let mut notices = Vec::new();
            for (told, about) in [(used > 0, EventName::RecoveryUsed), (low, EventName::RecoveryLow)] {
                if told {
                    notices.extend(loaded.notices(about, None)?);
                }
            }
            let warnings = loaded.warnings(right.method, recovery_left);
            return Ok(Decision::Accepted(Accepted { id, proof, device, recovery_left, warnings, notices }));
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
            let ruling = self.rule(&loaded, challenge, &answer, context, &mut charges, true).await?;
            let right = match &ruling.outcome {
                Ok(right) => right,
                Err(_) => {
                    let rejected = self.reject(&loaded, context, ruling, charges.as_ref()).await?;
                    return Ok(Confirmation::Rejected(rejected));
                }
            };
            let id = DecisionId::random()?;
            let (mut changes, mut events) = loaded.accepting(&id, challenge, &answer, right, context)?;
            changes.extend(refunds(charges.as_ref()));
            let factor = &right.factor;
            if loaded.state.challenge.as_ref().is_some_and(|found| found.kind == ChallengeKind::PhoneChange) {
                changes.push(Change::Validate { factor: factor.id.clone() });
                changes.push(ruling.explained(&loaded, &id, context.now));
                events.push(about(EventName::PhoneChangeConfirmed, &loaded, factor));
                match self.settle(&loaded, context.now, changes, events).await? {
                    Settled::Done => return Ok(Confirmation::Validated),
                    Settled::Lost(_) => continue,
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
            changes.push(ruling.explained(&loaded, &id, context.now));
            if self.settle(&loaded, context.now, changes, events).await? != Settled::Done {
                continue;
            }
            let notices = loaded.notices(EventName::FactorConfirmed, loaded.own_address(factor)?)?;
            return Ok(Confirmation::Enrolled(Enrolled {
                id,
                factor: factor.id.clone(),
                recovery: sheet,
                notices,
            }));
        }
        Err(Failure::Contended { what: "the pending factor" })
    }

    /// Looks at an answer and, once, charges for it.
    async fn rule(
        &self,
        loaded: &Loaded,
        challenge: &ChallengeId,
        answer: &Answer,
        context: &Context,
        charged: &mut Option<Charges>,
        confirming: bool,
    ) -> Result<Ruling, Failure> {
        let now = context.now;
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
            match self.store.charge(loaded.who.tenant(), charges.clone(), now).await? {
                Charged::Granted(budgets) => *charged = Some(Charges { charges, budgets }),
                Charged::Refused { at, budget, until, .. } => {
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

    async fn reject(
        &self,
        loaded: &Loaded,
        context: &Context,
        ruling: Ruling,
        charged: Option<&Charges>,
    ) -> Result<Rejected, Failure> {
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
        let locks = charged.map(|charged| charged.locks(context.now)).unwrap_or_default();
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
        if self.settle(loaded, context.now, changes.clone(), events.clone()).await? != Settled::Done {
            // Closed in between, so there is nothing left to cancel; what was decided is kept all the same.
            changes.retain(|change| !matches!(change, Change::Cancel { .. }));
            self.note(loaded, context.now, changes, events).await?;
        }
        Ok(Rejected { id, reason, attempts_left: ruling.attempts_left, notices })
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

fn refunds(charges: Option<&Charges>) -> Vec<Change> {
    let charges = charges.map(|charged| charged.charges.as_slice()).unwrap_or_default();
    charges
        .iter()
        .map(|charge| Change::Refund {
            clear: matches!(charge.key, BudgetKey::Attempts { .. }),
            key: charge.key.clone(),
        })
        .collect()
}

pub(crate) fn about(name: EventName, loaded: &Loaded, factor: &Factor) -> Event {
    Event { method: Some(factor.method), factor: Some(factor.id.clone()), ..Event::of(name, loaded.user()) }
}

impl Loaded {
    /// The tag by which a repeated request is known again; a random one for a request without a name.
    fn request_tag(
        &self,
        challenge: &ChallengeId,
        answer: &Answer,
        context: &Context,
    ) -> Result<Tag, Failure> {
        let nonce;
        let (named, name) = match &context.request {
            Some(name) => (&b"named"[..], name.as_bytes()),
            None => {
                nonce = random::bytes::<16>()?;
                (&b"nameless"[..], nonce.as_slice())
            }
        };
        let (kind, text) = match answer {
            Answer::Code(text) => (&b"code"[..], text.expose()),
            Answer::Recovery(text) => (&b"recovery"[..], text.expose()),
            Answer::Push { response, .. } => (&b"push"[..], response.as_str()),
            Answer::Denied { response } => (&b"denied"[..], response.as_str()),
        };
        Ok(self.keys.tag(
            Purpose::Answer,
            &[self.user().as_bytes(), challenge.as_str().as_bytes(), named, name, kind, text.as_bytes()],
        ))
    }

    /// The decision that this very request got a moment ago, if its reply was lost.
    fn repeated(
        &self,
        challenge: &ChallengeId,
        answer: &Answer,
        context: &Context,
    ) -> Result<Option<Accepted>, Failure> {
        // The tag of a request without a name is like no other.
        let found =
            self.state.challenge.as_ref().filter(|found| {
                found.kind == ChallengeKind::Answer && self.is_session(&found.session, context)
            });
        let Some((found, answered)) = found.and_then(|found| Some((found, found.answered.as_ref()?))) else {
            return Ok(None);
        };
        let same = answered.request == self.request_tag(challenge, answer, context)?;
        if !same || context.now.seconds_since(answered.at) > REPEAT {
            return Ok(None);
        }
        let (proof, _) = self.proof(&answered.decision, &found.action, context);
        Ok(Some(Accepted {
            id: answered.decision.clone(),
            proof,
            device: None,
            recovery_left: self.recovery_left(),
            warnings: Vec::new(),
            notices: Vec::new(),
        }))
    }

    /// The proof of a decision and what the store keeps of it. Its token follows from the decision, so that a repeated
    /// request gets the same one and the store never has it.
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
        answer: &Answer,
        right: &Right,
        context: &Context,
    ) -> Result<(Vec<Change>, Vec<Event>), Failure> {
        let answered = Answered {
            request: self.request_tag(challenge, answer, context)?,
            decision: id.clone(),
            at: context.now,
        };
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
        Ok((changes, events))
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
