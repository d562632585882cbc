//! Sending codes and pushes: a permit first, then a code that replaces the one before.

use super::{
    Loaded, Verifier,
    repeat::{Ended, Paid},
};
use crate::{
    ChallengeError, ChallengeId, Context, Delivery, Event, EventName, Flow, KeyProvider, Method, Sent, Store,
    Subject, Tag,
    decide::send_charges,
    keys::Purpose,
    random,
    record::{Challenge, ChallengeKind, Factor, FactorState, SentCode},
    store::Change,
};
use keyhaven_secret::SecretText;

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    /// Makes the message for a challenge's chosen method, the first or another. The code before it is dead; wrong
    /// answers so far stay counted (NIST SP 800-63B-4 2pd §3.1.3.2). A named request that is asked again gets the same
    /// message with the same code: it costs no second permit.
    ///
    /// # Errors
    /// Nothing may or can be sent; the error says why and until when.
    pub async fn send(
        &self,
        who: &Subject,
        challenge: &ChallengeId,
        context: &Context,
    ) -> Result<Sent, ChallengeError> {
        let loaded = self.load_with(who, Some(challenge), None, Vec::new(), context.now).await?;
        let named = loaded.named("send", &[challenge.as_str().as_bytes()], context);
        let named = named.as_ref();
        if let Some(sent) = self.before(&loaded, named, context.now).await? {
            return Ok(sent);
        }
        let loaded = &loaded;
        let Some(challenge) = loaded.open_challenge(context) else {
            self.note_if_over(loaded, context).await?;
            return Err(ChallengeError::NoChallenge);
        };
        let (now, method) = (context.now, challenge.method);
        let rule = &loaded.policy;
        let (digits, ttl) = match method {
            Method::Sms => (rule.sms.digits, rule.sms.ttl),
            Method::Email => (rule.email.digits, rule.email.ttl),
            Method::Push => (rule.push.digits, rule.push.ttl),
            Method::Totp | Method::Hotp | Method::Recovery => {
                return Err(ChallengeError::NothingToSend { method });
            }
        };
        let factor = loaded
            .sending_factor(challenge)
            .filter(|_| loaded.takes(challenge, method))
            .ok_or(ChallengeError::MethodNotAllowed { method })?;
        let cooldown = rule.sends.cooldown;
        if let Some(at) = challenge.sent_at.map(|sent| sent.plus(cooldown.into())).filter(|at| *at > now) {
            return Err(ChallengeError::Cooldown { at });
        }
        let flow = if challenge.kind == ChallengeKind::Answer { Flow::Login } else { Flow::Setup };
        let address = factor.address.as_ref().map(|tag| tag.as_str().to_owned());
        let charges = send_charges(rule, loaded.user(), method, flow, address);
        let paid = self.charge_named(loaded, named, &charges, now).await?;
        if let Paid::Refused { at, until, began, .. } = paid {
            let event = |name| Event {
                challenge: Some(challenge.id.clone()),
                method: Some(method),
                reason: charges.get(at).map(|charge| charge.key.name().to_owned()),
                ..Event::of(name, loaded.user())
            };
            let mut events = vec![event(EventName::LimitHit)];
            // Nobody is written to about it: a message too many would be one more.
            events.extend(began.then(|| Event { until, ..event(EventName::LockoutStarted) }));
            self.note(loaded, now, Vec::new(), events).await?;
            return Err(ChallengeError::Locked { until });
        }
        let code = random::digits(digits)?;
        let expires_at = now.plus(ttl.into()).min(challenge.expires_at);
        let set = Change::SetCode {
            challenge: challenge.id.clone(),
            method,
            factor: factor.id.clone(),
            code: SentCode { tag: loaded.code_tag(&challenge.id, &code), expires_at },
            cooldown,
        };
        let event = Event {
            challenge: Some(challenge.id.clone()),
            method: Some(method),
            factor: Some(factor.id.clone()),
            ..Event::of(
                if challenge.sends == 0 { EventName::ChallengeSent } else { EventName::ChallengeResent },
                loaded.user(),
            )
        };
        let address = loaded.open_address(factor)?;
        let code = SecretText::from(code);
        let (code, show) = if method == Method::Push { (None, Some(code)) } else { (Some(code), None) };
        let delivery = Delivery {
            method,
            address,
            code,
            challenge: challenge.id.clone(),
            earlier_sends: challenge.sends,
        };
        let sent = Sent { delivery, show, expires_at, resend_at: now.plus(cooldown.into()) };
        match self.settle_named(loaded, named, &sent, now, vec![set], vec![event]).await? {
            Ended::Done => Ok(sent),
            // The same request at the same moment: one message, one permit.
            Ended::Before(sent) => Ok(sent),
            // Another request sent, answered or switched in between; this permit is spent for nothing.
            Ended::Lost(_) => Err(ChallengeError::Cooldown { at: now.plus(cooldown.max(1).into()) }),
        }
    }
}

impl Loaded {
    /// The factor a challenge's message goes to: the one to confirm, or the youngest active one of the method.
    fn sending_factor(&self, challenge: &Challenge) -> Option<&Factor> {
        match challenge.kind {
            ChallengeKind::Answer => self.active(challenge.method).last(),
            ChallengeKind::Confirm | ChallengeKind::PhoneChange => {
                self.challenged_factor(challenge).filter(|factor| factor.state == FactorState::Pending)
            }
        }
    }

    /// The tag of a code that was sent, bound to user and challenge.
    pub fn code_tag(&self, challenge: &ChallengeId, code: &str) -> Tag {
        self.keys
            .tag(Purpose::Code, &[self.user().as_bytes(), challenge.as_str().as_bytes(), code.as_bytes()])
    }

    /// Whether a code is the one that was sent for a challenge.
    pub fn is_code(&self, sent: &Tag, challenge: &ChallengeId, code: &str) -> bool {
        let parts = [self.user().as_bytes(), challenge.as_str().as_bytes(), code.as_bytes()];
        self.keys.is(sent, Purpose::Code, &parts)
    }

    pub fn address_tag(&self, address: &str) -> Tag {
        self.keys.tag(Purpose::Address, &[address.as_bytes()])
    }
}
