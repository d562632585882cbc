//! Opening a challenge and choosing its method.

use super::{
    Loaded, Trusted, Verifier,
    repeat::{Ended, Named},
};
use crate::{
    Action, Begin, ChallengeError, ChallengeId, Context, DeviceToken, Event, EventName, Failure, KeyProvider,
    Method, Question, Store, Subject, Timestamp, TrustId,
    decide::{self, Ruling, attempt_keys},
    policy::Attempts,
    random,
    record::{Challenge, ChallengeKind, Trust, TrustKind},
    store::{Change, Settled},
};
use crate::{Budget, Limit};
use data_encoding::HEXLOWER;
use keyhaven_secret::SecretText;

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    /// Asks what a request for `action` needs. After the first factor; nothing here looks at a password. A named request
    /// that is asked again gets the same question, and a device the same next token.
    ///
    /// # Errors
    /// Nothing could be decided: treat it as no.
    pub async fn begin(&self, who: &Subject, action: Action, context: &Context) -> Result<Begin, Failure> {
        let now = context.now;
        let mut keys = attempt_keys(who.user(), false);
        let per_set = keys.len();
        keys.extend(attempt_keys(who.user(), true));
        let loaded = self.load_with(who, None, None, keys, context.now).await?;
        let device = context.device.as_ref().map(DeviceToken::expose).unwrap_or_default();
        let named = loaded.named("begin", &[action.name().as_bytes(), device.as_bytes()], context);
        let named = named.as_ref();
        if let Some(begin) = self.before(&loaded, named, now).await? {
            return Ok(begin);
        }
        let loaded = self.put_subject(loaded, now, Vec::new(), |_| ()).await?;
        let trusted = loaded.trusted(context);
        if let Trusted::Copied(trust) = &trusted {
            let event = Event::of(EventName::TrustCopiedToken, loaded.user());
            self.note(&loaded, now, vec![Change::DropTrust { trust: Some(trust.id.clone()) }], vec![event])
                .await?;
        }
        let ruling =
            decide::begin(&loaded.policy, &loaded.state, &action, context.first_factor, trusted.pass(), now);
        match ruling {
            Ruling::NotRequired(why, until) => {
                let not_required = |device| Begin::NotRequired { why, until, device };
                self.refresh(&loaded, named, trusted, context, not_required).await
            }
            Ruling::MustEnrol(methods) => Ok(Begin::MustEnrol { methods }),
            Ruling::NoUsableMethod => Ok(Begin::NoUsableMethod),
            Ruling::Ask(methods) => {
                let from = if trusted.is_good() { per_set } else { 0 };
                let budgets = &loaded.state.budgets[from..from + per_set];
                match unlocked(&loaded.policy.attempts, &methods, budgets, now) {
                    Ok(methods) => self.open(&loaded, named, action, methods, context).await,
                    Err(until) => Ok(Begin::Locked { until }),
                }
            }
        }
    }

    async fn open(
        &self,
        loaded: &Loaded,
        named: Option<&Named>,
        action: Action,
        methods: Vec<Method>,
        context: &Context,
    ) -> Result<Begin, Failure> {
        let now = context.now;
        // `methods` is never empty: that is what NoUsableMethod and Locked are for.
        let method = methods.first().copied().unwrap_or(Method::Totp);
        let challenge = Challenge {
            id: ChallengeId::random()?,
            kind: ChallengeKind::Answer,
            action: action.clone(),
            session: loaded.session(context),
            methods: methods.clone(),
            opened_at: now,
            expires_at: now.plus(loaded.policy.challenge_ttl.into()),
            method,
            factor: None,
            sends: 0,
            sent_at: None,
            code: None,
            cancelled: false,
            expired: false,
            answered: None,
        };
        let question = Question {
            id: challenge.id.clone(),
            hints: methods
                .iter()
                .filter_map(|method| Some((*method, loaded.active(*method).last()?.hint.clone())))
                .filter(|(_, hint)| !hint.is_empty())
                .collect(),
            methods,
            method,
            expires_at: challenge.expires_at,
        };
        let event = Event {
            challenge: Some(challenge.id.clone()),
            action: Some(action),
            ..Event::of(EventName::ChallengeCreated, loaded.user())
        };
        let (begin, open) = (Begin::Challenge(question), vec![Change::Open(Box::new(challenge))]);
        match self.settle_named(loaded, named, &begin, now, open, vec![event]).await? {
            Ended::Done => Ok(begin),
            Ended::Before(begin) => Ok(begin),
            Ended::Lost(_) => Err(Failure::Contended { what: "a record" }),
        }
    }

    /// Notes that a trusted context was used, and gives a device its next token.
    async fn refresh(
        &self,
        loaded: &Loaded,
        named: Option<&Named>,
        trusted: Trusted,
        context: &Context,
        not_required: impl Fn(Option<DeviceToken>) -> Begin,
    ) -> Result<Begin, Failure> {
        let now = context.now;
        match trusted {
            Trusted::Network(trust) => {
                // The same network by the tenant's key of this moment. Lost where trust ended in between: it is not
                // brought back.
                if let Some(tag) = loaded.network_tag(context) {
                    let rotate = Change::RotateTrust { trust: trust.id, expected: trust.tag, tag };
                    let _ = self.settle(loaded, now, vec![rotate], Vec::new()).await?;
                }
                Ok(not_required(None))
            }
            Trusted::Device { trust, current: true } => {
                let (token, tag) = loaded.device_token(&trust.id)?;
                let rotate = vec![Change::RotateTrust { trust: trust.id, expected: trust.tag, tag }];
                let begin = not_required(Some(token));
                match self.settle_named(loaded, named, &begin, now, rotate, Vec::new()).await? {
                    Ended::Done => Ok(begin),
                    Ended::Before(begin) => Ok(begin),
                    // Lost to another request of the same device: that one has the next token.
                    Ended::Lost(_) => Ok(not_required(None)),
                }
            }
            Trusted::Device { .. } | Trusted::No | Trusted::Copied(_) => Ok(not_required(None)),
        }
    }

    /// Chooses another method for a challenge. No budget begins anew by it.
    ///
    /// # Errors
    /// No such challenge, or one that does not take this method.
    pub async fn select(
        &self,
        who: &Subject,
        challenge: &ChallengeId,
        method: Method,
        context: &Context,
    ) -> Result<(), ChallengeError> {
        let loaded = self.load_with(who, Some(challenge), None, Vec::new(), context.now).await?;
        let Some(found) = loaded.open_challenge(context) else {
            self.note_if_over(&loaded, context).await?;
            return Err(ChallengeError::NoChallenge);
        };
        if !loaded.takes(found, method) {
            return Err(ChallengeError::MethodNotAllowed { method });
        }
        if found.method == method {
            return Ok(());
        }
        let event = Event {
            challenge: Some(challenge.clone()),
            method: Some(method),
            ..Event::of(EventName::ChallengeMethodSwitched, loaded.user())
        };
        let select = Change::Select { challenge: challenge.clone(), method };
        match self.settle(&loaded, context.now, vec![select], vec![event]).await? {
            Settled::Done => Ok(()),
            Settled::Lost(_) => Err(ChallengeError::NoChallenge),
        }
    }
}

/// The methods that no budget locks; else when the first is unlocked.
fn unlocked(
    attempts: &Attempts,
    methods: &[Method],
    budgets: &[Budget],
    now: Timestamp,
) -> Result<Vec<Method>, Option<Timestamp>> {
    let in_a_row = Limit { consecutive: attempts.consecutive, ..Limit::per_window(Limit::ENDLESS, 86_400) };
    let day =
        budgets.last().and_then(|budget| budget.exhausted(&Limit::per_window(attempts.per_day, 86_400), now));
    if let Some(exhausted) = day {
        return Err(exhausted.until);
    }
    let state = |method: &Method| {
        let index = Method::ALL.iter().position(|other| other == method);
        index.and_then(|index| budgets.get(index)).and_then(|budget| budget.exhausted(&in_a_row, now))
    };
    let open: Vec<Method> = methods.iter().copied().filter(|method| state(method).is_none()).collect();
    if open.is_empty() {
        Err(methods.iter().filter_map(|method| state(method)?.until).min())
    } else {
        Ok(open)
    }
}

impl Loaded {
    /// The challenge that was loaded, if it is open and of this session.
    pub fn open_challenge(&self, context: &Context) -> Option<&Challenge> {
        self.state.challenge.as_ref().filter(|challenge| {
            self.is_session(&challenge.session, context)
                && !challenge.cancelled
                && !challenge.expired
                && challenge.answered.is_none()
                && challenge.expires_at > context.now
        })
    }

    /// Whether a challenge can be answered by a method: it was offered, and the policy of this moment has it.
    pub fn takes(&self, challenge: &Challenge, method: Method) -> bool {
        challenge.methods.contains(&method)
            && decide::allowed(&self.policy, &self.state, &challenge.action, method)
    }

    /// A fresh token for a device, and its tag.
    pub fn device_token(&self, id: &TrustId) -> Result<(DeviceToken, crate::Tag), Failure> {
        let secret = HEXLOWER.encode(random::bytes::<32>()?.as_slice());
        let tag = self.device_tag(id.as_str(), &secret);
        Ok((DeviceToken(SecretText::new(format!("{id}.{secret}"))), tag))
    }

    /// What an accepted sign-in is trusted on from now on.
    pub fn new_trusts(&self, context: &Context) -> Result<(Vec<Change>, Option<DeviceToken>), Failure> {
        let rule = &self.policy.trust;
        let make = |id, kind, tag| Trust {
            id,
            kind,
            tag,
            former_tag: None,
            rotated_at: context.now,
            last_used: context.now,
            expires_at: context.now.plus(rule.max_age.into()),
        };
        let mut trusts = Vec::new();
        if let Some(tag) = self.network_tag(context) {
            trusts.push(make(TrustId::random()?, TrustKind::Network, tag));
        }
        let mut token = None;
        if rule.device && context.remember_device {
            let id = TrustId::random()?;
            let (fresh, tag) = self.device_token(&id)?;
            token = Some(fresh);
            trusts.push(make(id, TrustKind::Device, tag));
        }
        let keep = rule.max_contexts;
        Ok((trusts.into_iter().map(|trust| Change::PutTrust { trust, keep }).collect(), token))
    }
}
