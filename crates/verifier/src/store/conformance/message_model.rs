//! Random histories of messages, pushes, trusted networks and devices, and tickets, against a model of what each of them
//! is good for: an answer counts, a sign-in is let through and a factor put into use exactly when the model says.

use super::{
    T0,
    model::{Expected, seen},
    races::{self, Shared},
    stories::{self, tell},
};
use crate::{
    Action, Actor, Answer, Begin, ChallengeId, Confirmation, Context, Decision, DeviceToken, FactorId, Grant,
    IpMatch, Method, NotRequired, Policy, Profile, Sent, Store, Subject, TicketKind, TicketRequest,
    TicketToken, policy::RecoveryKind, push_response,
};
use keyhaven_secret::{SecretBytes, SecretText};
use proptest::prelude::*;
use std::future::Future;

/// Seconds that a challenge, a set-up, a ticket and trust hold.
const OPEN: u64 = 300;
const WAITS: u64 = 600;
const TICKET: u64 = 300;
const TRUSTED: u64 = 600;
/// Seconds in which a device may still show the token before its current one.
const LATE: u64 = 30;
/// Answers to one challenge that are compared.
const TRIES: u32 = 3;

/// The methods, the preferred first.
const METHODS: [Method; 3] = [Method::Push, Method::Sms, Method::Email];

/// Seconds that a message holds.
fn holds(method: Method) -> u64 {
    if method == Method::Push { 60 } else { 120 }
}

/// What somebody does. Numbers pick among what there is: 0 is the youngest, and too high a number begins there again.
#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    /// Asks for a sign-in, or for an action that no trust lets through; from a network (0: none that is known) and with a
    /// device's token, if any.
    Begin {
        login: bool,
        network: u8,
        token: Option<usize>,
    },
    /// Chooses another method.
    Select {
        challenge: usize,
        method: Method,
    },
    /// Has a message sent, the first or another.
    Send {
        challenge: usize,
    },
    /// Answers with what any message said, to this challenge or another.
    Reply {
        challenge: usize,
        message: usize,
        network: u8,
        remember: bool,
    },
    /// Says no on the device that got a push.
    Deny {
        challenge: usize,
        message: usize,
    },
    /// An administrator removes what is in use.
    Revoke {
        method: Method,
    },
    /// An administrator gives out a ticket for a new number, or for everything anew.
    Issue {
        everything: bool,
    },
    /// Begins to set a factor up: as the first, or by a ticket.
    Enrol {
        method: Method,
        ticket: Option<usize>,
    },
    /// Answers a set-up with what its message said.
    Confirm {
        pending: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let index = 0..4_usize;
    let method = prop::sample::select(METHODS.to_vec());
    let wait = prop_oneof![Just(1), Just(30), Just(31), Just(60), Just(120), 0..400_u64];
    prop_oneof![
        3 => wait.prop_map(Step::Wait),
        4 => (any::<bool>(), 0..3_u8, prop::option::of(index.clone()))
            .prop_map(|(login, network, token)| Step::Begin { login, network, token }),
        1 => (index.clone(), method.clone())
            .prop_map(|(challenge, method)| Step::Select { challenge, method }),
        4 => index.clone().prop_map(|challenge| Step::Send { challenge }),
        6 => (index.clone(), index.clone(), 0..3_u8, any::<bool>()).prop_map(
            |(challenge, message, network, remember)| Step::Reply { challenge, message, network, remember }
        ),
        1 => (index.clone(), index.clone())
            .prop_map(|(challenge, message)| Step::Deny { challenge, message }),
        1 => method.clone().prop_map(|method| Step::Revoke { method }),
        1 => any::<bool>().prop_map(|everything| Step::Issue { everything }),
        3 => (method, prop::option::of(index.clone()))
            .prop_map(|(method, ticket)| Step::Enrol { method, ticket }),
        4 => index.prop_map(|pending| Step::Confirm { pending }),
    ]
}

/// Which of so many `number` picks.
fn youngest(number: usize, of: usize) -> Option<usize> {
    number.checked_rem(of).map(|back| of - 1 - back)
}

/// A number, an address or a device. It is in use if it is among the active ones.
#[derive(Clone, PartialEq)]
struct Known {
    factor: FactorId,
    method: Method,
    /// The device's, for a push.
    key: Vec<u8>,
}

/// What was said to somebody, and to whom.
#[derive(Clone)]
struct Message {
    to: Known,
    text: String,
    until: u64,
}

/// A question, and what became of it.
struct Asked {
    id: ChallengeId,
    login: bool,
    until: u64,
    answered: bool,
    denied: bool,
    /// Answers that were compared.
    tries: u32,
    /// What was in use when it was asked.
    methods: Vec<Method>,
    /// What was chosen.
    method: Method,
    /// The last message; those before it are dead.
    last: Option<Message>,
}

impl Asked {
    fn is_open(&self, now: u64) -> bool {
        !self.answered && !self.denied && now < self.until
    }

    /// Why an answer is compared with nothing, if it is not. Such an answer is none of the tries.
    fn not_compared(&self, shown: Method, now: u64) -> Option<&'static str> {
        let (is_push, asks_push) = (shown == Method::Push, self.method == Method::Push);
        match &self.last {
            _ if self.answered => Some("answered"),
            _ if self.denied => Some("cancelled"),
            _ if self.until <= now => Some("expired"),
            // A device answers only what goes by push, and nothing is typed there.
            _ if is_push && !self.methods.contains(&Method::Push) => Some("method_not_allowed"),
            _ if asks_push && !is_push => Some("method_not_allowed"),
            _ if is_push && !asks_push => Some("not_sent"),
            None => Some("not_sent"),
            Some(last) if last.until <= now => Some("expired"),
            Some(_) => None,
        }
    }
}

/// A set-up, and what became of it.
struct Pending {
    challenge: ChallengeId,
    message: Message,
    until: u64,
    /// Whether it was neither confirmed nor ended.
    waits: bool,
    /// The ticket that allows it; else it is for the first factor.
    ticket: Option<usize>,
}

/// A ticket that was given out.
struct Given {
    token: String,
    everything: bool,
    until: u64,
    used: bool,
}

/// A device that is trusted.
struct Device {
    /// Every token it had, the current one last.
    tokens: Vec<String>,
    rotated_at: u64,
    until: u64,
}

/// One user's story as it unfolds, beside what ought to be.
struct Story<'a, S> {
    verifier: &'a Shared<S>,
    who: Subject,
    now: u64,
    active: Vec<Known>,
    pending: Vec<Pending>,
    tickets: Vec<Given>,
    /// Trusted networks, and until when.
    networks: Vec<(u8, u64)>,
    devices: Vec<Device>,
    /// Every device token there ever was.
    tokens: Vec<String>,
    /// Every message there ever was.
    messages: Vec<Message>,
    open: Vec<Asked>,
}

/// Budgets are out of the way, but for that of each challenge: they have cases of their own. All codes have as many digits,
/// so that one may be shown in the place of another.
fn policy() -> Policy {
    let mut policy = Policy { methods: METHODS.into(), ..Policy::default() };
    policy.recovery.kind = RecoveryKind::None;
    policy.totp.max_active = 1;
    (policy.sms.digits, policy.email.digits, policy.push.digits) = (8, 8, 8);
    policy.sms.ttl = holds(Method::Sms) as u32;
    policy.email.ttl = holds(Method::Email) as u32;
    policy.push.ttl = holds(Method::Push) as u32;
    policy.trust.ip = Some(IpMatch::Exact);
    policy.trust.device = true;
    policy.trust.max_age = TRUSTED as u32;
    policy.trust.max_contexts = 50;
    policy.tickets.ttl = TICKET as u32;
    policy.enrol.pending_ttl = WAITS as u32;
    policy.challenge_ttl = OPEN as u32;
    policy.attempts.per_challenge = TRIES;
    (policy.attempts.free, policy.attempts.consecutive, policy.attempts.delays) = (100, 100, [0; 3]);
    policy.attempts.per_day = 1_000_000;
    policy.attempts.per_network_hour = 1_000_000;
    policy.attempts.per_tenant_hour = u32::MAX;
    policy.sends.cooldown = 0;
    policy.sends.per_address_day = 1_000_000;
    policy.sends.per_tenant_day = u32::MAX;
    policy.sms.setup_sends_per_day = 1_000_000;
    policy.sms.login_sends_per_day = 1_000_000;
    policy.email.setup_sends_per_day = 1_000_000;
    policy.email.login_sends_per_day = 1_000_000;
    policy.push.sends_per_day = 1_000_000;
    policy
}

impl<'a, S: Store> stories::Story<'a, S> for Story<'a, S> {
    type Step = Step;

    fn new(verifier: &'a Shared<S>, who: Subject) -> Self {
        Self {
            verifier,
            who,
            now: T0,
            active: Vec::new(),
            pending: Vec::new(),
            tickets: Vec::new(),
            networks: Vec::new(),
            devices: Vec::new(),
            tokens: Vec::new(),
            messages: Vec::new(),
            open: Vec::new(),
        }
    }

    async fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Wait(seconds) => self.now += seconds,
            Step::Begin { login, network, token } => self.begin(login, network, token).await?,
            Step::Select { challenge, method } => self.select(challenge, method).await?,
            Step::Send { challenge } => self.send(challenge).await?,
            Step::Reply { challenge, message, network, remember } => {
                self.reply(challenge, message, network, remember).await?;
            }
            Step::Deny { challenge, message } => self.deny(challenge, message).await?,
            Step::Revoke { method } => self.revoke(method).await?,
            Step::Issue { everything } => self.issue(everything).await,
            Step::Enrol { method, ticket } => self.enrol(method, ticket).await?,
            Step::Confirm { pending } => self.confirm(pending).await?,
        }
        Ok(())
    }
}

impl<S: Store> Story<'_, S> {
    /// A request, from a network if it has a number.
    fn context(&self, network: u8) -> Context {
        let context = Context::with_password(self.now.into(), SecretText::new("session".to_owned()));
        if network == 0 { context } else { context.from_ip([192, 0, 2, network].into()) }
    }

    /// Whoever removes or replaces a factor ends all trust and all set-ups that wait.
    fn end_with_a_factor(&mut self) {
        self.networks.clear();
        self.devices.clear();
        self.pending.iter_mut().for_each(|pending| pending.waits = false);
    }

    /// What lets a request through, and the device that gets its next token.
    fn trust(&mut self, network: u8, token: Option<&str>) -> Option<(NotRequired, Option<usize>)> {
        let now = self.now;
        let shown = token.and_then(|token| {
            self.devices.iter().enumerate().find_map(|(at, device)| {
                let later = device.tokens.iter().rev().position(|known| known == token)?;
                (device.until > now).then_some((at, later))
            })
        });
        match shown {
            Some((at, 0)) => Some((NotRequired::TrustedDevice, Some(at))),
            // Two requests of one device crossed.
            Some((at, 1)) if now - self.devices[at].rotated_at <= LATE => {
                Some((NotRequired::TrustedDevice, None))
            }
            Some((at, _)) => {
                // Somebody has a copy: the device is trusted no more, whoever shows what.
                self.devices.remove(at);
                None
            }
            None => {
                let near = self.networks.iter().any(|(known, until)| *known == network && *until > now);
                near.then_some((NotRequired::SameIp, None))
            }
        }
    }

    async fn begin(&mut self, login: bool, network: u8, token: Option<usize>) -> Result<(), TestCaseError> {
        let token = token.and_then(|token| youngest(token, self.tokens.len()));
        let token = token.map(|at| self.tokens[at].clone());
        let mut context = self.context(network);
        context.device = token.clone().map(|token| DeviceToken::from_text(SecretText::new(token)));
        let action = if login { Action::Login } else { Action::ChangePassword };
        let begun = self.verifier.begin(&self.who, action, &context).await.expect("the store answers");
        let trust = self.trust(network, token.as_deref()).filter(|_| login);
        match (begun, trust) {
            (Begin::NotRequired { why: NotRequired::OptInNotEnrolled, .. }, _) => {
                prop_assert!(self.active.is_empty(), "not asked, with a factor in use");
            }
            (Begin::NotRequired { why, device, .. }, Some((expected, rotates))) => {
                prop_assert_eq!(why, expected);
                prop_assert_eq!(device.is_some(), rotates.is_some());
                if let (Some(next), Some(at)) = (device, rotates) {
                    self.tokens.push(next.expose().to_owned());
                    self.devices[at].tokens.push(next.expose().to_owned());
                    self.devices[at].rotated_at = self.now;
                }
            }
            (Begin::Challenge(question), None) => {
                let in_use = |method: &Method| self.active.iter().any(|known| known.method == *method);
                let methods: Vec<Method> = METHODS.into_iter().filter(in_use).collect();
                prop_assert_eq!(&question.methods, &methods);
                prop_assert_eq!(Some(&question.method), methods.first());
                self.open.push(Asked {
                    id: question.id,
                    login,
                    until: self.now + OPEN,
                    answered: false,
                    denied: false,
                    tries: 0,
                    method: question.method,
                    methods,
                    last: None,
                });
            }
            (begun, trust) => prop_assert!(false, "{:?}, where the model trusts by {:?}", begun, trust),
        }
        Ok(())
    }

    async fn select(&mut self, challenge: usize, method: Method) -> Result<(), TestCaseError> {
        let Some(at) = youngest(challenge, self.open.len()) else { return Ok(()) };
        let context = self.context(0);
        let chosen = self.verifier.select(&self.who, &self.open[at].id, method, &context).await;
        let asked = &mut self.open[at];
        let may = asked.is_open(self.now) && asked.methods.contains(&method);
        prop_assert_eq!(chosen.is_ok(), may, "{:?}", chosen);
        if may {
            asked.method = method;
        }
        Ok(())
    }

    async fn send(&mut self, challenge: usize) -> Result<(), TestCaseError> {
        let Some(at) = youngest(challenge, self.open.len()) else { return Ok(()) };
        let sent = self.verifier.send(&self.who, &self.open[at].id, &self.context(0)).await;
        let asked = &mut self.open[at];
        let to = self.active.iter().find(|known| known.method == asked.method);
        let to = to.filter(|_| asked.is_open(self.now));
        prop_assert_eq!(sent.is_ok(), to.is_some(), "{:?}", sent);
        if let (Ok(sent), Some(to)) = (sent, to) {
            let until = (self.now + holds(to.method)).min(asked.until);
            let message = Message { to: to.clone(), text: said(&sent), until };
            // The tries go on: a new code forgives nothing.
            asked.last = Some(message.clone());
            self.messages.push(message);
        }
        Ok(())
    }

    async fn reply(
        &mut self,
        challenge: usize,
        message: usize,
        network: u8,
        remember: bool,
    ) -> Result<(), TestCaseError> {
        let Some((at, shown)) = self.picked(challenge, message) else { return Ok(()) };
        let answer = answer(&shown, &self.open[at].id);
        let context = Context { remember_device: remember, ..self.context(network) };
        let Decision::Accepted(accepted) = self.told(at, &shown, answer, &context, false).await? else {
            return Ok(());
        };
        self.open[at].answered = true;
        let (login, until) = (self.open[at].login, self.now + TRUSTED);
        prop_assert_eq!(accepted.device.is_some(), login && remember);
        if login && network != 0 {
            self.networks.push((network, until));
        }
        if let Some(token) = accepted.device {
            let token = token.expose().to_owned();
            self.tokens.push(token.clone());
            self.devices.push(Device { tokens: vec![token], rotated_at: self.now, until });
        }
        Ok(())
    }

    async fn deny(&mut self, challenge: usize, message: usize) -> Result<(), TestCaseError> {
        let Some((at, shown)) = self.picked(challenge, message) else { return Ok(()) };
        if shown.to.method != Method::Push {
            return Ok(());
        }
        let key = SecretBytes::new(shown.to.key.clone());
        let response = push_response(&key, self.open[at].id.as_str(), Answer::DENIED);
        let context = self.context(0);
        let decision = self.told(at, &shown, Answer::Denied { response }, &context, true).await?;
        self.open[at].denied |= seen(&decision) == Expected::Rejected("denied");
        Ok(())
    }

    /// A challenge and a message, if there are any.
    fn picked(&self, challenge: usize, message: usize) -> Option<(usize, Message)> {
        let at = youngest(challenge, self.open.len())?;
        Some((at, self.messages[youngest(message, self.messages.len())?].clone()))
    }

    /// Answers with what a message said, and compares with what ought to come of it.
    async fn told(
        &mut self,
        at: usize,
        shown: &Message,
        answer: Answer,
        context: &Context,
        denies: bool,
    ) -> Result<Decision, TestCaseError> {
        let decision = self.verifier.answer(&self.who, &self.open[at].id, answer, context).await;
        let decision = decision.expect("the store answers");
        let expected = self.expected(at, shown, denies);
        prop_assert_eq!(seen(&decision), expected);
        Ok(decision)
    }

    /// What ought to come of an answer with what a message said. Counts it among the challenge's tries.
    fn expected(&mut self, at: usize, shown: &Message, denies: bool) -> Expected {
        let asked = &mut self.open[at];
        if let Some(reason) = asked.not_compared(shown.to.method, self.now) {
            return Expected::Rejected(reason);
        }
        if asked.tries == TRIES {
            return Expected::Rejected("locked");
        }
        asked.tries += 1;
        let Some(last) = &asked.last else { return Expected::Rejected("not_sent") };
        let gone = last.to.method != asked.method || !self.active.contains(&last.to);
        let (same, pushed) = (last.text == shown.text, shown.to.method == Method::Push);
        match () {
            // Without the device that was asked there is no key to check the answer by.
            () if pushed && gone => Expected::Rejected("factor_gone"),
            // A push is answered by the very device; a code is a code, whoever types it.
            () if pushed && last.to != shown.to => Expected::Rejected("wrong"),
            () if denies => Expected::Rejected("denied"),
            () if !same => Expected::Rejected("wrong"),
            () if gone => Expected::Rejected("factor_gone"),
            () => Expected::Accepted,
        }
    }

    async fn revoke(&mut self, method: Method) -> Result<(), TestCaseError> {
        let found = self.active.iter().position(|known| known.method == method);
        let Some(at) = found else { return Ok(()) };
        let known = self.active.remove(at);
        let administrator = Actor::administrator("root");
        let now = self.now.into();
        let revoked =
            self.verifier.revoke_factor(&administrator, &self.who, &known.factor, "story", now).await;
        prop_assert!(revoked.is_ok(), "{:?}", revoked);
        self.end_with_a_factor();
        Ok(())
    }

    async fn issue(&mut self, everything: bool) {
        let kind = if everything { TicketKind::AdminRecovery } else { TicketKind::PhoneReset };
        let request = TicketRequest { kind, reason: "story".to_owned(), invite_email: None };
        let administrator = Actor::administrator("root");
        let issued = self.verifier.issue_ticket(&administrator, &self.who, &request, &self.context(0)).await;
        let token = issued.expect("a ticket").token.expose().to_owned();
        self.tickets.push(Given { token, everything, until: self.now + TICKET, used: false });
    }

    async fn enrol(&mut self, method: Method, ticket: Option<usize>) -> Result<(), TestCaseError> {
        // A user may have twice as many.
        if self.pending.iter().filter(|pending| pending.waits).count() >= 10 {
            return Ok(());
        }
        let ticket = ticket.and_then(|ticket| youngest(ticket, self.tickets.len()));
        let (may, grant, until) = match ticket.map(|ticket| &self.tickets[ticket]) {
            None => (self.active.is_empty(), Grant::First, self.now + WAITS),
            Some(given) => {
                let good = !given.used && given.until > self.now;
                let token = TicketToken::from_text(SecretText::new(given.token.clone()));
                // What waits by a ticket waits no longer than the ticket holds.
                let until = (self.now + WAITS).min(given.until);
                (good && (given.everything || method == Method::Sms), Grant::Ticket(token), until)
            }
        };
        let (verifier, who, context) = (self.verifier, &self.who, self.context(0));
        let begun = match method {
            Method::Push => {
                let begun = verifier.enrol_push(who, "device", grant, &context).await;
                begun.map(|begun| (begun.challenge, begun.factor, begun.sent, begun.key.expose().to_vec()))
            }
            Method::Email => {
                let verified_email = Some("ann@example.com".to_owned());
                let profile = Profile { verified_email, shared: false };
                verifier.put_profile(who, &profile, context.now).await.expect("the store answers");
                let begun = verifier.enrol_email(who, grant, &context).await;
                begun.map(|begun| (begun.challenge, begun.factor, begun.sent, Vec::new()))
            }
            _ => {
                let begun = verifier.enrol_phone(who, "+442079460958", grant, &context).await;
                begun.map(|begun| (begun.challenge, begun.factor, begun.sent, Vec::new()))
            }
        };
        prop_assert_eq!(begun.is_ok(), may, "{:?}", begun.err());
        if let Ok((challenge, factor, sent, key)) = begun {
            let message = Message {
                to: Known { factor, method, key },
                text: said(&sent),
                until: (self.now + holds(method)).min(until),
            };
            self.messages.push(message.clone());
            self.pending.push(Pending { challenge, message, until, waits: true, ticket });
        }
        Ok(())
    }

    async fn confirm(&mut self, pending: usize) -> Result<(), TestCaseError> {
        let Some(at) = youngest(pending, self.pending.len()) else { return Ok(()) };
        let found = &self.pending[at];
        let in_time = found.until.min(found.message.until) > self.now;
        let granted = match found.ticket {
            None => self.active.is_empty(),
            Some(ticket) => !self.tickets[ticket].used,
        };
        let expected = found.waits && in_time && granted;
        let answer = answer(&found.message, &found.challenge);
        let confirmed = self.verifier.confirm(&self.who, &found.challenge, answer, &self.context(0)).await;
        let enrolled = matches!(confirmed, Ok(Confirmation::Enrolled(_)));
        prop_assert!(confirmed.is_ok(), "{:?}", confirmed);
        prop_assert_eq!(enrolled, expected, "{:?}", confirmed);
        if enrolled {
            let (ticket, to) = (found.ticket, found.message.to.clone());
            self.pending[at].waits = false;
            if let Some(ticket) = ticket {
                let ticket = &mut self.tickets[ticket];
                ticket.used = true;
                let everything = ticket.everything;
                self.active.retain(|known| !everything && known.method != to.method);
                self.end_with_a_factor();
            }
            self.active.push(to);
        }
        Ok(())
    }
}

/// The code that a message brings; for a push, the number that the page shows.
fn said(sent: &Sent) -> String {
    let text = sent.delivery.code.as_ref().or(sent.show.as_ref());
    text.expect("a code or a number").expose().to_owned()
}

/// What a message is answered with.
fn answer(message: &Message, challenge: &ChallengeId) -> Answer {
    if message.to.method != Method::Push {
        return Answer::code(&message.text);
    }
    let key = SecretBytes::new(message.to.key.clone());
    Answer::Push {
        number: SecretText::new(message.text.clone()),
        response: push_response(&key, challenge.as_str(), &message.text),
    }
}

/// Random histories of messages, pushes, trust and tickets. See `tell` for how many; it runs on a runtime with several
/// threads only.
pub async fn message_histories<S: Store, F: Future<Output = S>>(open: impl Fn() -> F, times: u32, by: u32) {
    let verifier = races::verifier(open().await, &policy()).await;
    tell::<S, Story<'_, S>>(&verifier, step(), times, by);
}

/// As many histories as a store on a disk has time for.
pub async fn message_histories_come_out_as_the_model_says<S: Store, F: Future<Output = S>>(
    open: impl Fn() -> F,
) {
    message_histories(open, 1, 8).await;
}
