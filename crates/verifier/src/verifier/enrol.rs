//! Enrolling: a factor waits until its first code confirms it.

use super::{
    Loaded, Verifier,
    grant::{Grant, Granted},
    repeat::{Ended, Named},
    reply::Kept,
    seal::PUSH_KEY,
};
use crate::{
    Action, ChallengeError, ChallengeId, Context, Event, EventName, FactorId, Failure, FirstFactor,
    KeyProvider, Method, Notice, RecoverySheet, Sent, Store, Subject, TicketKind, TicketToken, Timestamp,
    Unavailable,
    policy::{PhoneMissing, Precondition},
    random,
    record::{Challenge, ChallengeKind, Factor, FactorState, Replaces},
    store::Change,
    typed,
};
use keyhaven_otp::{Account, Algorithm, Kind};
use keyhaven_secret::{SecretBytes, SecretText};
use thiserror::Error;

/// Longest name of a factor, in bytes.
const MAX_LABEL: usize = 128;
/// Longest handle of a push device, in bytes.
const MAX_HANDLE: usize = 4096;
/// Factors of one user that may wait for their confirmation at the same time.
const MAX_PENDING: u32 = 20;
/// Seconds a typed password counts as recent.
const RECENT: u64 = 300;

/// Why a factor cannot be enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnrolError {
    /// No decision could be made.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// The policy does not have this method.
    #[error("the policy does not allow {method}")]
    MethodNotAllowed {
        /// The method.
        method: Method,
    },
    /// Something has to hold first.
    #[error("first: {0:?}")]
    Precondition(Precondition),
    /// The user has a factor, so an answer by it (or a ticket) is needed.
    #[error("the user has a factor: a proof for enrolling, or a ticket, is needed")]
    ProofNeeded,
    /// The proof or ticket is not good, not for this, used or too old.
    #[error("the proof or ticket is not good for this")]
    GrantInvalid,
    /// The policy leaves this to administrators.
    #[error("the policy does not permit it ({rule})")]
    NotPermitted {
        /// The policy's field.
        rule: &'static str,
    },
    /// The user has as many factors of the method as the policy allows.
    #[error("the user has {max} of {method} already")]
    TooMany {
        /// The method.
        method: Method,
        /// How many are allowed.
        max: u32,
    },
    /// Too many factors wait for their confirmation.
    #[error("{MAX_PENDING} factors wait for their confirmation")]
    TooManyPending,
    /// Not a telephone number in international form.
    #[error("a telephone number is + and 8 to 15 digits")]
    PhoneNumber,
    /// The policy does not serve numbers of this country.
    #[error("numbers that begin so are not served")]
    Country,
    /// A label or handle that is too long.
    #[error("{field} has {length} bytes; {most} are possible")]
    TooLong {
        /// Which.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The longest possible.
        most: usize,
    },
    /// The code could not be sent.
    #[error(transparent)]
    Send(ChallengeError),
}

impl EnrolError {
    /// Whether something was decided: the call was heard and refused. Else ([`EnrolError::Failure`]) nothing was, and it may be
    /// tried again.
    pub fn is_decision(&self) -> bool {
        !matches!(self, Self::Failure(_))
    }
}

impl From<Unavailable> for EnrolError {
    fn from(error: Unavailable) -> Self {
        Self::Failure(error.into())
    }
}

impl From<ChallengeError> for EnrolError {
    fn from(error: ChallengeError) -> Self {
        match error {
            ChallengeError::Failure(failure) => Self::Failure(failure),
            error => Self::Send(error),
        }
    }
}

/// A factor with a secret, waiting for its first code.
#[derive(Debug)]
pub struct PendingCode {
    /// What [`Verifier::confirm`] answers.
    pub challenge: ChallengeId,
    /// The factor.
    pub factor: FactorId,
    /// The `otpauth` URI for a QR code.
    pub uri: SecretText,
    /// The secret in base32, to type by hand.
    pub secret: SecretText,
}

/// A factor with an address, waiting for the code that was sent there.
#[derive(Debug)]
pub struct PendingSent {
    /// What [`Verifier::confirm`] answers.
    pub challenge: ChallengeId,
    /// The factor.
    pub factor: FactorId,
    /// The message.
    pub sent: Sent,
}

/// A push device, waiting for its first answer.
#[derive(Debug)]
pub struct PendingPush {
    /// What [`Verifier::confirm`] answers.
    pub challenge: ChallengeId,
    /// The factor.
    pub factor: FactorId,
    /// The key to hand to the device.
    pub key: SecretBytes,
    /// The message, and the number to show.
    pub sent: Sent,
}

/// A set-up that sends: what to confirm, the factor, and, for a push device, its key.
pub(super) type Setup = (ChallengeId, (FactorId, Option<SecretBytes>));

/// How a person joined.
#[derive(Debug)]
#[must_use]
pub enum Joined {
    /// A code went to the number given.
    Phone(PendingSent),
    /// No number was given: codes go to the address the invitation reached.
    Email {
        /// The factor, in use.
        factor: FactorId,
        /// Recovery codes to keep, shown this once, where the policy has them.
        recovery: Option<RecoverySheet>,
        /// Messages to send.
        notices: Vec<Notice>,
    },
}

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    /// Begins to enrol an authenticator app. `issuer` and `account` are what it will show.
    ///
    /// # Errors
    /// It may not be; the error says what is missing.
    pub async fn enrol_totp(
        &self,
        who: &Subject,
        issuer: &str,
        account: &str,
        grant: Grant,
        context: &Context,
    ) -> Result<PendingCode, EnrolError> {
        self.enrol_code(who, Method::Totp, issuer, account, grant, context).await
    }

    /// Begins to enrol a counter-based token.
    ///
    /// # Errors
    /// As [`Verifier::enrol_totp`].
    pub async fn enrol_hotp(
        &self,
        who: &Subject,
        issuer: &str,
        account: &str,
        grant: Grant,
        context: &Context,
    ) -> Result<PendingCode, EnrolError> {
        self.enrol_code(who, Method::Hotp, issuer, account, grant, context).await
    }

    async fn enrol_code(
        &self,
        who: &Subject,
        method: Method,
        issuer: &str,
        account: &str,
        grant: Grant,
        context: &Context,
    ) -> Result<PendingCode, EnrolError> {
        check_length("account", account, MAX_LABEL)?;
        let loaded = self.load_grant(who, &grant, context).await?;
        let arguments = [method.name(), issuer, account, grant.expose()];
        let named = loaded.named("enrol", &arguments.map(str::as_bytes), context);
        let named = named.as_ref();
        if let Some(pending) = self.before(&loaded, named, context.now).await? {
            return Ok(pending);
        }
        let granted = loaded.may_enrol(&grant, method, context)?;
        let rule = &loaded.policy;
        let (algorithm, digits, period) = match method {
            Method::Totp => (rule.totp.algorithm, rule.totp.digits, rule.totp.period),
            _ => (Algorithm::Sha1, rule.hotp.digits, 0),
        };
        // RFC 4226 §4 R6 recommends 160 bits; RFC 6238 §5.1 a key as long as the hash.
        let random = random::bytes::<64>()?;
        let length = match algorithm {
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
            Algorithm::Sha512 => 64,
        };
        let secret = SecretBytes::new(random[..length].to_vec());
        let mut factor = loaded.pending(method, account, &granted, context.now)?;
        factor.algorithm = Some(algorithm.into());
        factor.digits = digits;
        factor.period = period;
        loaded.seal_factor(&mut factor, secret.expose())?;
        let kind = match method {
            Method::Totp => Kind::Totp { algorithm, digits, period },
            _ => Kind::Hotp { algorithm, digits, counter: 0 },
        };
        let shown = Account::new(issuer, account, secret, kind);
        let challenge = loaded.confirming(&factor, ChallengeKind::Confirm, context)?;
        let pending = PendingCode {
            challenge: challenge.id.clone(),
            factor: factor.id.clone(),
            uri: shown.to_uri(),
            secret: shown.secret_base32(),
        };
        self.put_pending(&loaded, named, pending, factor, challenge, granted, context).await
    }

    /// Begins to enrol a telephone number: a code goes there.
    ///
    /// # Errors
    /// As [`Verifier::enrol_totp`]; also a number that is none, or whose country is not served.
    pub async fn enrol_phone(
        &self,
        who: &Subject,
        number: &str,
        grant: Grant,
        context: &Context,
    ) -> Result<PendingSent, EnrolError> {
        let loaded = self.load_grant(who, &grant, context).await?;
        let named = loaded.named("enrol_phone", &[number, grant.expose()].map(str::as_bytes), context);
        if let Some(begun) = self.before::<Setup>(&loaded, named.as_ref(), context.now).await? {
            return self.send_setup(who, begun, context).await;
        }
        let granted = loaded.may_enrol(&grant, Method::Sms, context)?;
        self.enrol_number(&loaded, named, number, granted, ChallengeKind::Confirm, context).await
    }

    pub(super) async fn enrol_number(
        &self,
        loaded: &Loaded,
        named: Option<Named>,
        number: &str,
        granted: Granted,
        kind: ChallengeKind,
        context: &Context,
    ) -> Result<PendingSent, EnrolError> {
        let number = typed::phone(number).ok_or(EnrolError::PhoneNumber)?;
        let sms = &loaded.policy.sms;
        let begins = |prefixes: &[String]| prefixes.iter().any(|prefix| number.starts_with(prefix.as_str()));
        if (!sms.country_allow.is_empty() && !begins(&sms.country_allow)) || begins(&sms.country_deny) {
            return Err(EnrolError::Country);
        }
        let mut factor = loaded.pending(Method::Sms, "", &granted, context.now)?;
        if let (ChallengeKind::PhoneChange, crate::policy::PhoneChange::SelfService { ttl }) =
            (kind, loaded.policy.phone_change)
        {
            factor.pending_until = context.now.plus(ttl.into());
        }
        let to = Address { plain: number.as_bytes(), text: &number, key: None };
        let begun = self.enrol_sent(loaded, named.as_ref(), factor, to, granted, kind, context).await?;
        self.send_setup(&loaded.who, begun, context).await
    }

    /// Begins to enrol the user's verified e-mail address: a code goes there.
    ///
    /// # Errors
    /// As [`Verifier::enrol_totp`]; also when the profile has no verified address, or an exception is needed.
    pub async fn enrol_email(
        &self,
        who: &Subject,
        grant: Grant,
        context: &Context,
    ) -> Result<PendingSent, EnrolError> {
        let loaded = self.load_grant(who, &grant, context).await?;
        let named = loaded.named("enrol_email", &[grant.expose().as_bytes()], context);
        if let Some(begun) = self.before::<Setup>(&loaded, named.as_ref(), context.now).await? {
            return self.send_setup(who, begun, context).await;
        }
        let granted = loaded.may_enrol(&grant, Method::Email, context)?;
        let address = loaded.email()?.ok_or(EnrolError::Precondition(Precondition::VerifiedEmail))?;
        let factor = loaded.pending(Method::Email, "", &granted, context.now)?;
        let to = Address { plain: address.expose().as_bytes(), text: address.expose(), key: None };
        let kind = ChallengeKind::Confirm;
        let begun = self.enrol_sent(&loaded, named.as_ref(), factor, to, granted, kind, context).await?;
        self.send_setup(who, begun, context).await
    }

    /// Begins to enrol a device for push. `handle` is what the push service knows it by.
    ///
    /// # Errors
    /// As [`Verifier::enrol_totp`].
    pub async fn enrol_push(
        &self,
        who: &Subject,
        handle: &str,
        grant: Grant,
        context: &Context,
    ) -> Result<PendingPush, EnrolError> {
        check_length("handle", handle, MAX_HANDLE)?;
        let loaded = self.load_grant(who, &grant, context).await?;
        let named = loaded.named("enrol_push", &[handle, grant.expose()].map(str::as_bytes), context);
        let begun = match self.before::<Setup>(&loaded, named.as_ref(), context.now).await? {
            Some(begun) => begun,
            None => {
                let granted = loaded.may_enrol(&grant, Method::Push, context)?;
                let factor = loaded.pending(Method::Push, "", &granted, context.now)?;
                let key = SecretBytes::new(random::bytes::<PUSH_KEY>()?.to_vec());
                let plain = SecretBytes::new([key.expose(), handle.as_bytes()].concat());
                let to = Address { plain: plain.expose(), text: handle, key: Some(key) };
                let kind = ChallengeKind::Confirm;
                self.enrol_sent(&loaded, named.as_ref(), factor, to, granted, kind, context).await?
            }
        };
        let (challenge, (factor, key)) = begun;
        let key = key.ok_or(Failure::Sealed { what: "push key" })?;
        let sent = self.send(who, &challenge, context).await?;
        Ok(PendingPush { challenge, factor, key, sent })
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call for the three methods that send; each part differs"
    )]
    async fn enrol_sent(
        &self,
        loaded: &Loaded,
        named: Option<&Named>,
        mut factor: Factor,
        to: Address<'_>,
        granted: Granted,
        kind: ChallengeKind,
        context: &Context,
    ) -> Result<Setup, EnrolError> {
        factor.address = Some(loaded.address_tag(to.text));
        if factor.method != Method::Push {
            factor.hint = typed::masked(to.text);
        }
        loaded.seal_factor(&mut factor, to.plain)?;
        let challenge = loaded.confirming(&factor, kind, context)?;
        let begun = (challenge.id.clone(), (factor.id.clone(), to.key));
        self.put_pending(loaded, named, begun, factor, challenge, granted, context).await
    }

    /// Sends the code of a set-up. The set-up is there by now: a named request that is asked again, because this part of
    /// it failed, sends for the same one.
    pub(super) async fn send_setup(
        &self,
        who: &Subject,
        (challenge, (factor, _)): Setup,
        context: &Context,
    ) -> Result<PendingSent, EnrolError> {
        let sent = self.send(who, &challenge, context).await?;
        Ok(PendingSent { challenge, factor, sent })
    }

    #[expect(clippy::too_many_arguments, reason = "what is put, by which right, and for which request")]
    async fn put_pending<T: Kept>(
        &self,
        loaded: &Loaded,
        named: Option<&Named>,
        pending: T,
        factor: Factor,
        challenge: Challenge,
        granted: Granted,
        context: &Context,
    ) -> Result<T, EnrolError> {
        let event = super::answer::about(EventName::FactorEnrolStarted, loaded, &factor);
        let mut changes = vec![Change::RequirePolicy { revision: loaded.revision }];
        let proof_at = changes.len();
        changes.extend(granted.changes);
        changes.push(Change::PutPending(Box::new(factor)));
        changes.push(Change::Open(Box::new(challenge)));
        match self.settle_named(loaded, named, &pending, context.now, changes, vec![event]).await? {
            Ended::Done => Ok(pending),
            Ended::Before(pending) => Ok(pending),
            Ended::Lost(at) if at == proof_at => Err(EnrolError::GrantInvalid),
            Ended::Lost(_) => Err(Failure::Contended { what: "the policy" }.into()),
        }
    }

    /// Takes an invitation: a telephone number if there is one, else what the policy says.
    ///
    /// # Errors
    /// The invitation is not good, or no number was given and one is needed.
    pub async fn accept_invite(
        &self,
        who: &Subject,
        token: TicketToken,
        phone: Option<&str>,
        context: &Context,
    ) -> Result<Joined, EnrolError> {
        if let Some(number) = phone {
            return Ok(Joined::Phone(self.enrol_phone(who, number, Grant::Ticket(token), context).await?));
        }
        let loaded = self.load_ticket(who, &token, context.now).await?;
        let named = loaded.named("accept_invite", &[token.expose().as_bytes()], context);
        let named = named.as_ref();
        if let Some((factor, (recovery, notices))) = self.before(&loaded, named, context.now).await? {
            return Ok(Joined::Email { factor, recovery, notices });
        }
        let granted = loaded.may_enrol(&Grant::Ticket(token), Method::Email, context)?;
        let invited = loaded.state.ticket.as_ref().is_some_and(|ticket| ticket.kind == TicketKind::Invite);
        if !invited {
            return Err(EnrolError::GrantInvalid);
        }
        if loaded.policy.invite.phone_missing == PhoneMissing::Refuse {
            return Err(EnrolError::PhoneNumber);
        }
        let address = loaded.email()?.ok_or(EnrolError::Precondition(Precondition::VerifiedEmail))?;
        let mut factor = loaded.pending(Method::Email, "", &granted, context.now)?;
        factor.address = Some(loaded.address_tag(address.expose()));
        factor.hint = typed::masked(address.expose());
        loaded.seal_factor(&mut factor, address.expose().as_bytes())?;
        // Who holds the invitation has read the mailbox: that is the confirmation.
        let mut changes = vec![
            Change::RequirePolicy { revision: loaded.revision },
            Change::PutPending(Box::new(factor.clone())),
        ];
        changes.extend(loaded.activating(&factor, FactorState::Pending, None, 0));
        let mut events = vec![
            Event::of(EventName::TicketRedeemed, loaded.user()),
            super::answer::about(EventName::FactorConfirmed, &loaded, &factor),
        ];
        let (recovery, put) = self.recovery_for(&loaded, &factor)?.unzip();
        events.extend(put.is_some().then(|| Event::of(EventName::RecoveryRegenerated, loaded.user())));
        changes.extend(put);
        let notices = loaded.notices(EventName::FactorConfirmed, None)?;
        let joined = (factor.id, (recovery, notices));
        let ended = self.settle_named(&loaded, named, &joined, context.now, changes, events).await?;
        let (factor, (recovery, notices)) = match ended {
            Ended::Done => joined,
            Ended::Before(before) => before,
            Ended::Lost(0) => return Err(Failure::Contended { what: "the policy" }.into()),
            Ended::Lost(_) => return Err(EnrolError::GrantInvalid),
        };
        Ok(Joined::Email { factor, recovery, notices })
    }

    async fn load_grant(
        &self,
        who: &Subject,
        grant: &Grant,
        context: &Context,
    ) -> Result<Loaded, EnrolError> {
        let loaded = match grant {
            Grant::Ticket(token) => self.load_ticket(who, token, context.now).await?,
            Grant::First | Grant::Proof(_) => self.load(who, context.now).await?,
        };
        Ok(self.put_subject(loaded, context.now, Vec::new(), |_| ()).await?)
    }
}

impl Loaded {
    /// Whether a factor of `method` may be enrolled now by this grant.
    fn may_enrol(&self, grant: &Grant, method: Method, context: &Context) -> Result<Granted, EnrolError> {
        if !self.policy.methods.contains(&method) {
            return Err(EnrolError::MethodNotAllowed { method });
        }
        let subject = self.state.subject.as_ref();
        let allowed = subject.is_some_and(|subject| subject.email_allowed);
        if method == Method::Email && self.policy.email.by_exception && !allowed {
            return Err(EnrolError::NotPermitted { rule: "email.by_exception" });
        }
        let granted = self.granted(grant, method, context)?;
        let waiting = self.state.factors.iter().filter(|factor| {
            matches!(factor.state, FactorState::Pending | FactorState::Validated)
                && factor.pending_until > context.now
        });
        if waiting.count() >= MAX_PENDING as usize {
            return Err(EnrolError::TooManyPending);
        }
        let max = self.max_active(method);
        let full = self.active(method).count() >= max as usize;
        // A ticket replaces, or is for somebody who has none.
        if granted.replaces == Replaces::Nothing && full {
            return Err(EnrolError::TooMany { method, max });
        }
        Ok(granted)
    }

    pub(super) fn check_preconditions(&self, context: &Context) -> Result<(), EnrolError> {
        for precondition in &self.policy.enrol.preconditions {
            let holds = match precondition {
                Precondition::VerifiedEmail => {
                    self.state.subject.as_ref().is_some_and(|subject| subject.email.is_some())
                }
                Precondition::RecentPassword => match context.first_factor {
                    FirstFactor::Password { at } => context.now.seconds_since(at) <= RECENT,
                    FirstFactor::Sso | FirstFactor::Session => false,
                },
            };
            if !holds {
                return Err(EnrolError::Precondition(*precondition));
            }
        }
        Ok(())
    }

    fn pending(
        &self,
        method: Method,
        label: &str,
        granted: &Granted,
        now: Timestamp,
    ) -> Result<Factor, Unavailable> {
        let generation = self
            .state
            .factors
            .iter()
            .filter(|factor| factor.method == method)
            .map(|factor| factor.generation)
            .max()
            .unwrap_or(0);
        let until = now.plus(self.policy.enrol.pending_ttl.into());
        // What a ticket allows waits no longer than the ticket holds: behind its end there is nothing to use up.
        let ticket = self.state.ticket.as_ref().filter(|ticket| granted.ticket.as_ref() == Some(&ticket.id));
        Ok(Factor {
            id: FactorId::random()?,
            method,
            generation: generation + 1,
            label: label.to_owned(),
            algorithm: None,
            digits: 0,
            period: 0,
            sealed: Vec::new(),
            address: None,
            hint: String::new(),
            replaces: granted.replaces,
            first: granted.first,
            ticket: granted.ticket.clone(),
            created_at: now,
            pending_until: ticket.map_or(until, |ticket| until.min(ticket.expires_at)),
            state: FactorState::Pending,
            last_step: None,
            drift: 0,
            last_used: None,
        })
    }

    /// The challenge that confirms a pending factor. It lives as long as the factor waits, so that a message that came
    /// late can be sent again.
    fn confirming(
        &self,
        factor: &Factor,
        kind: ChallengeKind,
        context: &Context,
    ) -> Result<Challenge, Unavailable> {
        Ok(Challenge {
            id: ChallengeId::random()?,
            kind,
            action: if kind == ChallengeKind::PhoneChange { Action::ChangePhone } else { Action::Enrol },
            session: self.session(context),
            methods: vec![factor.method],
            opened_at: context.now,
            expires_at: factor.pending_until,
            method: factor.method,
            factor: Some(factor.id.clone()),
            sends: 0,
            sent_at: None,
            code: None,
            cancelled: false,
            expired: false,
            answered: None,
        })
    }
}

/// Where a code goes.
struct Address<'a> {
    /// What is sealed.
    plain: &'a [u8],
    text: &'a str,
    /// A push device's key.
    key: Option<SecretBytes>,
}

fn check_length(field: &'static str, text: &str, most: usize) -> Result<(), EnrolError> {
    if text.len() > most {
        return Err(EnrolError::TooLong { field, length: text.len(), most });
    }
    Ok(())
}
