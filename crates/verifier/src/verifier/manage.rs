//! What a user does with a proof: redeem it, make new recovery codes, remove factors, change the number.

use super::{
    EnrolError, Loaded, PendingSent, Verifier,
    answer::about,
    enrol::Setup,
    grant::Granted,
    repeat::{Ended, Named},
    reply::Kept,
};
use crate::{
    Action, ChallengeId, Context, Event, EventName, FactorId, Failure, KeyProvider, Method, Notice, Proof,
    RecoverySheet, Redeemed, Store, Subject, Unavailable,
    decide::{Window, drift_learnt, find_pair},
    policy::{PhoneChange, RecoveryKind},
    record::{ChallengeKind, FactorState, Replaces},
    store::Change,
    typed,
};
use keyhaven_secret::SecretText;
use thiserror::Error;

/// Steps to either side, or counters ahead, in which two codes in a row are looked for.
const RESYNC_STEPS: u32 = 100;

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ManageError {
    /// No decision could be made.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The proof is not for this action, user and session, or it was used, or it is too old.
    #[error("the proof is not good for this")]
    ProofInvalid,
    /// The policy leaves this to administrators, or does not have it.
    #[error("the policy does not permit it ({rule})")]
    NotPermitted {
        /// The policy's field.
        rule: &'static str,
    },
    /// The two codes are not two in a row of this factor, or they were used before.
    #[error("the two codes are not two in a row of this factor")]
    CodesNotFound,
    /// There is no such thing of this user, or it is over.
    #[error("there is no such {what}, or it is over")]
    Gone {
        /// What.
        what: &'static str,
    },
}

impl ManageError {
    /// Whether something was decided: the call was heard and refused. Else ([`ManageError::Failure`]) nothing was, and it may be
    /// tried again.
    pub fn is_decision(&self) -> bool {
        !matches!(self, Self::Failure(_))
    }
}

impl From<Unavailable> for ManageError {
    fn from(error: Unavailable) -> Self {
        Self::Failure(error.into())
    }
}

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    /// Uses up a proof: good once, for the action, user and session it was given for, within five minutes at most, and
    /// under the policy that it was earned by. A named request that is asked again hears [`Redeemed::Before`].
    ///
    /// # Errors
    /// It is not good, or nothing could be decided.
    pub async fn redeem(
        &self,
        who: &Subject,
        action: &Action,
        proof: Proof,
        context: &Context,
    ) -> Result<Redeemed, ManageError> {
        let loaded = self.load(who, context.now).await?;
        let named = loaded.named("redeem", &[action.name().as_bytes(), proof.expose().as_bytes()], context);
        let named = named.as_ref();
        if let Some(redeemed) = self.before(&loaded, named, context.now).await? {
            return Ok(redeemed);
        }
        let event =
            Event { action: Some(action.clone()), ..Event::of(EventName::ProofRedeemed, loaded.user()) };
        let changes = vec![
            Change::ConsumeProof { tag: loaded.proof_tag(&proof, action, context) },
            Change::RequirePolicy { revision: loaded.revision },
        ];
        let before =
            self.with_proof(&loaded, named, &Redeemed::Before, context, changes, vec![event]).await?;
        Ok(before.unwrap_or(Redeemed::Now))
    }

    /// Settles changes of which the first consumes a proof. What the same named request came to, if it was decided
    /// meanwhile.
    async fn with_proof<T: Kept>(
        &self,
        loaded: &Loaded,
        named: Option<&Named>,
        reply: &T,
        context: &Context,
        changes: Vec<Change>,
        events: Vec<Event>,
    ) -> Result<Option<T>, ManageError> {
        match self.settle_named(loaded, named, reply, context.now, changes, events).await? {
            Ended::Done => Ok(None),
            Ended::Before(before) => Ok(Some(before)),
            Ended::Lost(0) => Err(ManageError::ProofInvalid),
            Ended::Lost(_) => Err(Failure::Contended { what: "the user's factors, or the policy," }.into()),
        }
    }

    /// Makes new recovery codes with a proof for [`Action::RegenerateRecovery`]; the old ones die in the same moment.
    ///
    /// # Errors
    /// The proof is not good, or the policy has no recovery codes.
    pub async fn regenerate_recovery(
        &self,
        who: &Subject,
        proof: Proof,
        context: &Context,
    ) -> Result<(RecoverySheet, Vec<Notice>), ManageError> {
        let loaded = self.load(who, context.now).await?;
        let named = loaded.named("regenerate", &[proof.expose().as_bytes()], context);
        let named = named.as_ref();
        if let Some(sheet) = self.before(&loaded, named, context.now).await? {
            return Ok(sheet);
        }
        if loaded.policy.recovery.kind == RecoveryKind::None {
            return Err(ManageError::NotPermitted { rule: "recovery.kind" });
        }
        let tag = loaded.proof_tag(&proof, &Action::RegenerateRecovery, context);
        let (sheet, put) = self.new_recovery(&loaded)?;
        let events = vec![Event::of(EventName::RecoveryRegenerated, loaded.user())];
        let policy = Change::RequirePolicy { revision: loaded.revision };
        let made = (sheet, loaded.notices(EventName::RecoveryRegenerated, None)?);
        let changes = vec![Change::ConsumeProof { tag }, policy, put];
        let before = self.with_proof(&loaded, named, &made, context, changes, events).await?;
        Ok(before.unwrap_or(made))
    }

    /// Removes every factor, recovery code and trusted context, with a proof for [`Action::DisableMfa`]. It can be
    /// enrolled again at any time; where the policy forces it, the next sign-in asks to.
    ///
    /// # Errors
    /// The proof is not good, or the policy leaves it to administrators.
    pub async fn disable(
        &self,
        who: &Subject,
        proof: Proof,
        context: &Context,
    ) -> Result<Vec<Notice>, ManageError> {
        let loaded = self.load(who, context.now).await?;
        let named = loaded.named("disable", &[proof.expose().as_bytes()], context);
        let named = named.as_ref();
        if let Some(notices) = self.before(&loaded, named, context.now).await? {
            return Ok(notices);
        }
        if !loaded.policy.disable.self_service {
            return Err(ManageError::NotPermitted { rule: "disable.self_service" });
        }
        let mut changes = vec![
            Change::ConsumeProof { tag: loaded.proof_tag(&proof, &Action::DisableMfa, context) },
            Change::RequirePolicy { revision: loaded.revision },
        ];
        changes.extend(loaded.ending_everything());
        let events = vec![Event::of(EventName::FactorRevoked, loaded.user())];
        let notices = loaded.notices(EventName::FactorRevoked, None)?;
        let before = self.with_proof(&loaded, named, &notices, context, changes, events).await?;
        Ok(before.unwrap_or(notices))
    }

    /// Removes one factor with a proof for [`Action::DisableMfa`], as removing them all takes (behaviours B4, H8): what
    /// may stand in for a factor when another is enrolled, a recovery code, takes none away unless `disable.allow_recovery`
    /// says so. Not the last one, for which there is [`Verifier::disable`].
    ///
    /// # Errors
    /// The proof is not good, the factor is the last or none, or the policy leaves it to administrators.
    pub async fn remove_factor(
        &self,
        who: &Subject,
        factor: &FactorId,
        proof: Proof,
        context: &Context,
    ) -> Result<Vec<Notice>, ManageError> {
        let loaded = self.load(who, context.now).await?;
        let named = loaded.named("remove", &[factor.as_str().as_bytes(), proof.expose().as_bytes()], context);
        let named = named.as_ref();
        if let Some(notices) = self.before(&loaded, named, context.now).await? {
            return Ok(notices);
        }
        if !loaded.policy.enrol.self_service {
            return Err(ManageError::NotPermitted { rule: "enrol.self_service" });
        }
        let active = |state: FactorState| state == FactorState::Active;
        let found = loaded.state.factors.iter().find(|known| known.id == *factor && active(known.state));
        let found = found.ok_or(ManageError::Gone { what: "factor" })?;
        if loaded.state.factors.iter().filter(|known| active(known.state)).count() < 2 {
            return Err(ManageError::NotPermitted { rule: "the last factor ends by disabling" });
        }
        let changes = vec![
            Change::ConsumeProof { tag: loaded.proof_tag(&proof, &Action::DisableMfa, context) },
            Change::RequirePolicy { revision: loaded.revision },
            Change::Revoke { factor: factor.clone(), last: false },
        ];
        let changes = changes.into_iter().chain(ending_with_a_factor(None)).collect();
        let event = about(EventName::FactorRevoked, &loaded, found);
        let notices = loaded.notices(EventName::FactorRevoked, None)?;
        let before = self.with_proof(&loaded, named, &notices, context, changes, vec![event]).await?;
        Ok(before.unwrap_or(notices))
    }

    /// Finds a factor's clock (up to 100 time steps off) or counter (up to 100 ahead) again by two codes in a row, with a
    /// proof for [`Action::Enrol`], earned by another factor or a recovery code: setting the clock enrols the device that
    /// holds the secret anew, and takes nothing away (RFC 4226 §7.4, RFC 6238 §6). Both codes are used up. The proof is
    /// used up by the attempt, so that guessing costs an answer each time.
    ///
    /// # Errors
    /// The proof is not good, there is no such factor, or the codes are not two in a row of it
    /// ([`ManageError::CodesNotFound`]).
    pub async fn resync(
        &self,
        who: &Subject,
        factor: &FactorId,
        codes: (&SecretText, &SecretText),
        proof: Proof,
        context: &Context,
    ) -> Result<Vec<Notice>, ManageError> {
        let loaded = self.load(who, context.now).await?;
        let arguments = [factor.as_str(), codes.0.expose(), codes.1.expose(), proof.expose()];
        let named = loaded.named("resync", &arguments.map(str::as_bytes), context);
        let named = named.as_ref();
        // That the codes were not found used the proof up as well: it is kept as no notices at all.
        if let Some(notices) = self.before::<Option<Vec<Notice>>>(&loaded, named, context.now).await? {
            return notices.ok_or(ManageError::CodesNotFound);
        }
        let found = loaded.state.factors.iter().find(|known| {
            known.id == *factor
                && known.state == FactorState::Active
                && matches!(known.method, Method::Totp | Method::Hotp)
        });
        let found = found.ok_or(ManageError::Gone { what: "factor with codes" })?;
        let consume = Change::ConsumeProof { tag: loaded.proof_tag(&proof, &Action::Enrol, context) };
        let account = loaded.account(found)?;
        let typed = |code: &SecretText| typed::digits(code.expose(), found.digits);
        let pair = match (typed(codes.0), typed(codes.1)) {
            (Some(first), Some(second)) => {
                find_pair(&account, &first, &second, context.now, RESYNC_STEPS, found.last_step)
                    .map_err(|_| Failure::Sealed { what: "one-time code parameters" })?
            }
            _ => None,
        };
        let Some((step, offset)) = pair else {
            let none: Option<Vec<Notice>> = None;
            let before = self.with_proof(&loaded, named, &none, context, vec![consume], Vec::new()).await?;
            return before.flatten().ok_or(ManageError::CodesNotFound);
        };
        let window = Window { back: loaded.policy.totp.look_back, ahead: loaded.policy.totp.look_ahead };
        let drift = if found.method == Method::Totp { drift_learnt(offset, window) } else { 0 };
        let resync = Change::Resync { factor: factor.clone(), generation: found.generation, step, drift };
        let event = about(EventName::FactorResynchronised, &loaded, found);
        let policy = Change::RequirePolicy { revision: loaded.revision };
        let notices = Some(loaded.notices(EventName::FactorResynchronised, None)?);
        let changes = vec![consume, policy, resync];
        let before = self.with_proof(&loaded, named, &notices, context, changes, vec![event]).await?;
        before.unwrap_or(notices).ok_or(ManageError::CodesNotFound)
    }

    /// Begins to change the number, with a proof for [`Action::ChangePhone`]: a code goes to the new one. The second
    /// call is [`Verifier::confirm`], the third [`Verifier::commit_phone_change`].
    ///
    /// # Errors
    /// As [`Verifier::enrol_phone`]; also when the user has no number that could be changed.
    pub async fn start_phone_change(
        &self,
        who: &Subject,
        number: &str,
        proof: Proof,
        context: &Context,
    ) -> Result<PendingSent, EnrolError> {
        let loaded = self.load(who, context.now).await?;
        let named =
            loaded.named("start_phone_change", &[number.as_bytes(), proof.expose().as_bytes()], context);
        if let Some(begun) = self.before::<Setup>(&loaded, named.as_ref(), context.now).await? {
            return self.send_setup(who, begun, context).await;
        }
        if loaded.policy.phone_change == PhoneChange::AdminLink || loaded.active(Method::Sms).next().is_none()
        {
            return Err(EnrolError::NotPermitted { rule: "phone_change" });
        }
        if !loaded.policy.methods.contains(&Method::Sms) {
            return Err(EnrolError::MethodNotAllowed { method: Method::Sms });
        }
        let tag = loaded.proof_tag(&proof, &Action::ChangePhone, context);
        let granted = Granted {
            changes: vec![Change::ConsumeProof { tag }],
            replaces: Replaces::SameMethod,
            first: false,
            ticket: None,
        };
        self.enrol_number(&loaded, named, number, granted, ChallengeKind::PhoneChange, context).await
    }

    /// Puts a number that was proven in the place of the old one. Both are told.
    ///
    /// # Errors
    /// The change was not confirmed in this session, or too long ago, or the policy leaves it to administrators by now.
    pub async fn commit_phone_change(
        &self,
        who: &Subject,
        challenge: &ChallengeId,
        context: &Context,
    ) -> Result<Vec<Notice>, ManageError> {
        let gone = ManageError::Gone { what: "confirmed phone change" };
        let loaded = self.load_with(who, Some(challenge), None, Vec::new(), context.now).await?;
        let named = loaded.named("commit_phone_change", &[challenge.as_str().as_bytes()], context);
        let named = named.as_ref();
        if let Some(notices) = self.before(&loaded, named, context.now).await? {
            return Ok(notices);
        }
        if loaded.policy.phone_change == PhoneChange::AdminLink {
            return Err(ManageError::NotPermitted { rule: "phone_change" });
        }
        let found = loaded.state.challenge.as_ref();
        // Only the answer to the challenge of a change makes a factor one that was validated.
        let factor = found
            .filter(|found| loaded.is_session(&found.session, context))
            .and_then(|found| loaded.challenged_factor(found))
            .filter(|factor| factor.state == FactorState::Validated)
            .ok_or_else(|| gone.clone())?;
        let mut changes = vec![Change::RequirePolicy { revision: loaded.revision }];
        changes.extend(loaded.activating(factor, FactorState::Validated, None, 0));
        let events = vec![about(EventName::PhoneChangeCommitted, &loaded, factor)];
        let notices = loaded.notices(EventName::PhoneChangeCommitted, loaded.own_address(factor)?)?;
        match self.settle_named(&loaded, named, &notices, context.now, changes, events).await? {
            Ended::Done => Ok(notices),
            Ended::Before(notices) => Ok(notices),
            Ended::Lost(0) => Err(Failure::Contended { what: "the policy" }.into()),
            Ended::Lost(_) => Err(gone),
        }
    }
}

/// What ends with a factor, for it may have been earned or begun by it: trusted contexts, proofs that were not used, and
/// set-ups that wait, but for one.
pub(super) fn ending_with_a_factor(except: Option<FactorId>) -> [Change; 3] {
    [Change::DropTrust { trust: None }, Change::DropProofs, Change::RevokeWaiting { except }]
}

impl Loaded {
    /// Ends every factor, recovery code and trusted context.
    pub(super) fn ending_everything(&self) -> Vec<Change> {
        let mut changes = vec![Change::RevokeOthers { method: None, except: None }];
        changes.extend(self.ending_recovery());
        changes.extend([Change::DropTrust { trust: None }, Change::DropProofs]);
        changes
    }

    /// Ends the recovery codes, if there are any.
    pub(super) fn ending_recovery(&self) -> Option<Change> {
        let expected = self.state.recovery.first()?.generation;
        Some(Change::PutRecovery { expected, codes: Vec::new() })
    }
}
