//! Everything that is good once, asked for by many at the same moment: one has it, every other gets a typed no, nobody an
//! error (verifier specification §5.2).

use super::{
    RACERS, T0, at, race,
    races::{Shared, context, verifier, wide},
};
use crate::{
    Action, Actor, AdminError, Answer, Begin, ChallengeId, Confirmation, Context, Decision, DeviceToken,
    EnrolError, EventName, Grant, Joined, ManageError, Method, NotRequired, Policy, Profile, Proof, Reason,
    Rejected, Store, Subject, TicketKind, TicketRequest, TicketToken,
    policy::{PhoneMissing, RecoveryKind},
    push_response,
};
use keyhaven_otp::{Account, Kind, parse_uri};
use keyhaven_secret::{SecretBytes, SecretText};
use std::{future::Future, sync::Arc};

const NUMBER: &str = "+442079460958";
const OTHER_NUMBER: &str = "+4915112345678";
const MAIL: &str = "ann@example.org";
/// Set-ups that wait at the same time: a user may have a few more.
const WAITING: usize = 12;

/// Every method and trusted devices, and budgets that are out of the way of what is raced for.
fn everything() -> Policy {
    let mut policy = wide();
    policy.methods = [Method::Totp, Method::Hotp, Method::Push, Method::Sms, Method::Email].into();
    // A hash for each code of a set: one is enough to see which set it is.
    policy.recovery.kind = RecoveryKind::Codes { count: 1 };
    policy.trust.device = true;
    policy.invite.phone_missing = PhoneMissing::FallbackEmail;
    policy.sms.setup_sends_per_day = 1_000;
    policy.sends.cooldown = 0;
    policy.sends.per_address_day = 10_000;
    policy
}

/// One user of a verifier. Each race has one of its own.
struct Person<S> {
    verifier: Shared<S>,
    who: Subject,
}

impl<S: Store> Person<S> {
    fn new(verifier: &Shared<S>, racers: usize) -> Arc<Self> {
        let who = Subject::new("acme", &format!("ann {racers}")).expect("a name");
        Arc::new(Self { verifier: verifier.clone(), who })
    }

    async fn pending_app(&self, grant: Grant, now: u64) -> (ChallengeId, Account) {
        let pending = self.verifier.enrol_totp(&self.who, "Acme", "ann", grant, &context(now)).await;
        let pending = pending.expect("it may be enrolled");
        (pending.challenge, parse_uri(pending.uri.expose()).expect("a URI").account)
    }

    async fn confirm(&self, challenge: &ChallengeId, answer: Answer, now: u64) -> Confirmation {
        self.verifier.confirm(&self.who, challenge, answer, &context(now)).await.expect("a decision")
    }

    async fn enrolled(&self, challenge: &ChallengeId, answer: Answer, now: u64) {
        let confirmed = self.confirm(challenge, answer, now).await;
        assert!(matches!(confirmed, Confirmation::Enrolled(_)), "{confirmed:?}");
    }

    async fn enrol_app(&self) -> Account {
        let (challenge, account) = self.pending_app(Grant::First, 0).await;
        self.enrolled(&challenge, code(&account, 0), 0).await;
        account
    }

    async fn enrol_number(&self) {
        let pending = self.verifier.enrol_phone(&self.who, NUMBER, Grant::First, &context(0)).await;
        let pending = pending.expect("it may be enrolled");
        self.enrolled(&pending.challenge, Answer::code(&said(&pending.sent)), 0).await;
    }

    /// Enrols what is sent to; for a push, its key.
    async fn enrol_sent(&self, method: Method) -> SecretBytes {
        let none = SecretBytes::new(Vec::new());
        match method {
            Method::Push => {
                let pending = self.verifier.enrol_push(&self.who, "device", Grant::First, &context(0)).await;
                let pending = pending.expect("it may be enrolled");
                let answer = reply(method, &pending.key, &pending.challenge, &said(&pending.sent));
                self.enrolled(&pending.challenge, answer, 0).await;
                pending.key
            }
            Method::Email => {
                let profile = Profile { verified_email: Some(MAIL.to_owned()), shared: false };
                self.verifier.put_profile(&self.who, &profile, at(0)).await.expect("an address");
                let pending = self.verifier.enrol_email(&self.who, Grant::First, &context(0)).await;
                let pending = pending.expect("it may be enrolled");
                self.enrolled(&pending.challenge, Answer::code(&said(&pending.sent)), 0).await;
                none
            }
            _ => {
                self.enrol_number().await;
                none
            }
        }
    }

    async fn ask(&self, action: Action, now: u64) -> ChallengeId {
        match self.verifier.begin(&self.who, action, &context(now)).await {
            Ok(Begin::Challenge(question)) => question.id,
            other => panic!("no question: {other:?}"),
        }
    }

    async fn answer(&self, challenge: &ChallengeId, answer: Answer, now: u64) -> Decision {
        self.verifier.answer(&self.who, challenge, answer, &context(now)).await.expect("a decision")
    }

    async fn proof(&self, action: Action, account: &Account, now: u64) -> Proof {
        let challenge = self.ask(action, now).await;
        match self.answer(&challenge, code(account, now), now).await {
            Decision::Accepted(accepted) => accepted.proof,
            Decision::Rejected(rejected) => panic!("rejected: {rejected:?}"),
        }
    }

    async fn ticket(&self, kind: TicketKind, now: u64) -> SecretText {
        let invite_email = (kind == TicketKind::Invite).then(|| MAIL.to_owned());
        let request = TicketRequest { kind, reason: "race".to_owned(), invite_email };
        let issued = self.verifier.issue_ticket(&root(), &self.who, &request, &context(now)).await;
        copy(issued.expect("a ticket").token.expose())
    }

    async fn factors(&self) -> usize {
        self.verifier.factors(&self.who).await.expect("factors").len()
    }
}

fn root() -> Actor {
    Actor::administrator("root")
}

fn copy(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn code(account: &Account, now: u64) -> Answer {
    Answer::code(&account.code_at(T0 + now).expect("a code").text)
}

/// What a message or a page says.
fn said(sent: &crate::Sent) -> String {
    let text = sent.delivery.code.as_ref().or(sent.show.as_ref());
    text.expect("a code or a number").expose().to_owned()
}

/// What a user answers with to what was said.
fn reply(method: Method, key: &SecretBytes, challenge: &ChallengeId, said: &str) -> Answer {
    match method {
        Method::Push => {
            let response = push_response(key, challenge.as_str(), said);
            Answer::Push { number: copy(said), response }
        }
        _ => Answer::code(said),
    }
}

/// What somebody hears whose answer came too late: it was used, the question is answered, what it was for is gone, or so
/// many came before it that it was not even compared.
fn is_late(rejected: &Rejected) -> bool {
    let late = [Reason::Answered, Reason::FactorGone];
    late.contains(&rejected.reason) || matches!(rejected.reason, Reason::Used { .. } | Reason::Locked { .. })
}

fn one_accepted(decisions: &[Decision], racers: usize) {
    let accepted = decisions.iter().filter(|decision| decision.is_accepted()).count();
    let late = |decision: &&Decision| matches!(decision, Decision::Rejected(rejected) if is_late(rejected));
    let late = decisions.iter().filter(late).count();
    assert_eq!((accepted, late), (1, racers - 1), "{decisions:?}");
}

/// One of so many confirmations did what `done` says.
fn one_confirmed(outcomes: &[Confirmation], racers: usize, done: impl Fn(&Confirmation) -> bool) {
    let confirmed = outcomes.iter().filter(|outcome| done(outcome)).count();
    let late =
        |outcome: &&Confirmation| matches!(outcome, Confirmation::Rejected(rejected) if is_late(rejected));
    let late = outcomes.iter().filter(late).count();
    assert_eq!((confirmed, late), (1, racers - 1), "{outcomes:?}");
}

/// One had it, and all others were told the same.
fn one_done<T: std::fmt::Debug, E: std::fmt::Debug + PartialEq>(
    outcomes: &[Result<T, E>],
    racers: usize,
    late: &E,
) {
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    let told = outcomes.iter().filter(|outcome| outcome.as_ref().err() == Some(late)).count();
    assert_eq!((done, told), (1, racers - 1), "{outcomes:?}");
}

/// One code of a counter, shown in as many sign-ins as there are racers.
pub async fn one_counter<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &everything()).await;
    for racers in RACERS {
        let person = Person::new(&verifier, racers);
        let pending = verifier.enrol_hotp(&person.who, "Acme", "ann", Grant::First, &context(0)).await;
        let pending = pending.expect("it may be enrolled");
        let mut account = parse_uri(pending.uri.expose()).expect("a URI").account;
        person.enrolled(&pending.challenge, code(&account, 0), 0).await;
        if let Kind::Hotp { counter, .. } = &mut account.kind {
            *counter += 1;
        }
        let challenges =
            race(&person, racers, |_, person| async move { person.ask(Action::Login, 30).await }).await;
        let decisions = race(&person, racers, |racer, person| {
            let (challenge, answer) = (challenges[racer].clone(), code(&account, 30));
            async move { person.answer(&challenge, answer, 30).await }
        })
        .await;
        one_accepted(&decisions, racers);
    }
}

/// One message's code, or one page's number, answered with by many.
async fn one_delivered<S: Store>(store: S, method: Method) {
    let verifier = verifier(store, &everything()).await;
    for racers in RACERS {
        let person = Person::new(&verifier, racers);
        let key = person.enrol_sent(method).await;
        let challenge = person.ask(Action::Login, 60).await;
        let sent = verifier.send(&person.who, &challenge, &context(60)).await.expect("a message");
        let decisions = race(&person, racers, |_, person| {
            let answer = reply(method, &key, &challenge, &said(&sent));
            let challenge = challenge.clone();
            async move { person.answer(&challenge, answer, 60).await }
        })
        .await;
        one_accepted(&decisions, racers);
    }
}

/// A code that came by text message.
pub async fn one_text_message<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    one_delivered(open().await, Method::Sms).await;
}

/// A code that came by e-mail.
pub async fn one_mail<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    one_delivered(open().await, Method::Email).await;
}

/// The number of a push, typed on the authenticator once and sent many times.
pub async fn one_push_number<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    one_delivered(open().await, Method::Push).await;
}

/// Confirms set-ups that wait, each by its turn, so many at once.
async fn confirm_by_turns<S: Store>(
    person: &Arc<Person<S>>,
    racers: usize,
    waiting: &[(ChallengeId, String)],
    now: u64,
) -> Vec<Confirmation> {
    race(person, racers, |racer, person| {
        let (challenge, answer) = waiting[racer % waiting.len()].clone();
        async move { person.confirm(&challenge, Answer::code(&answer), now).await }
    })
    .await
}

/// Apps that wait for their confirmation, each with the code that it shows then.
async fn waiting_apps<S: Store>(
    person: &Person<S>,
    racers: usize,
    grant: impl Fn() -> Grant,
    now: u64,
) -> Vec<(ChallengeId, String)> {
    let mut waiting = Vec::new();
    for _ in 0..racers.min(WAITING) {
        let (challenge, account) = person.pending_app(grant(), now).await;
        waiting.push((challenge, account.code_at(T0 + now).expect("a code").text));
    }
    waiting
}

/// An administrator's ticket, by which as many devices as may wait are to be enrolled: one is, and the lost one is out.
pub async fn one_ticket<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &everything()).await;
    for racers in RACERS {
        let person = Person::new(&verifier, racers);
        let old = person.enrol_app().await;
        let token = person.ticket(TicketKind::AdminRecovery, 0).await;
        let grant = || Grant::Ticket(TicketToken::from_text(copy(token.expose())));
        let waiting = waiting_apps(&person, racers, grant, 30).await;
        let outcomes = confirm_by_turns(&person, racers, &waiting, 30).await;
        one_confirmed(&outcomes, racers, |outcome| matches!(outcome, Confirmation::Enrolled(_)));
        assert_eq!(person.factors().await, 1);
        let challenge = person.ask(Action::Login, 60).await;
        let late = person.answer(&challenge, code(&old, 60), 60).await;
        assert!(!late.is_accepted(), "the lost device is out");
        let again = verifier.enrol_totp(&person.who, "Acme", "ann", grant(), &context(60)).await;
        assert_eq!(again.err(), Some(EnrolError::GrantInvalid));
    }
}

/// A ticket for a new number, which goes to whichever number is confirmed first.
pub async fn one_reset_ticket<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &everything()).await;
    for racers in RACERS {
        let person = Person::new(&verifier, racers);
        person.enrol_number().await;
        let token = person.ticket(TicketKind::PhoneReset, 0).await;
        let mut waiting = Vec::new();
        for _ in 0..racers.min(WAITING) {
            let grant = Grant::Ticket(TicketToken::from_text(copy(token.expose())));
            let pending = verifier.enrol_phone(&person.who, OTHER_NUMBER, grant, &context(30)).await;
            let pending = pending.expect("it may be enrolled");
            waiting.push((pending.challenge, said(&pending.sent)));
        }
        let outcomes = confirm_by_turns(&person, racers, &waiting, 30).await;
        one_confirmed(&outcomes, racers, |outcome| matches!(outcome, Confirmation::Enrolled(_)));
        let left = verifier.factors(&person.who).await.expect("factors");
        assert_eq!(left.len(), 1);
        assert!(left[0].2.ends_with("78"), "the new number: {left:?}");
    }
}

/// An invitation, taken by many: one joins.
pub async fn one_invitation<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &everything()).await;
    for racers in RACERS {
        let person = Person::new(&verifier, racers);
        let token = person.ticket(TicketKind::Invite, 0).await;
        let outcomes = race(&person, racers, |_, person| {
            let token = TicketToken::from_text(copy(token.expose()));
            async move { person.verifier.accept_invite(&person.who, token, None, &context(30)).await }
        })
        .await;
        one_done(&outcomes, racers, &EnrolError::GrantInvalid);
        assert!(outcomes.iter().flatten().all(|joined| matches!(joined, Joined::Email { .. })));
        assert_eq!(person.factors().await, 1);
        // With numbers: as many wait as may, and one is confirmed.
        let other = Arc::new(Person {
            verifier: verifier.clone(),
            who: Subject::new("acme", &format!("bob {racers}")).expect("a name"),
        });
        let token = other.ticket(TicketKind::Invite, 0).await;
        let mut waiting = Vec::new();
        for _ in 0..racers.min(WAITING) {
            let token = TicketToken::from_text(copy(token.expose()));
            let joined = verifier.accept_invite(&other.who, token, Some(NUMBER), &context(30)).await;
            let Ok(Joined::Phone(pending)) = joined else { panic!("{joined:?}") };
            waiting.push((pending.challenge, said(&pending.sent)));
        }
        let outcomes = confirm_by_turns(&other, racers, &waiting, 30).await;
        one_confirmed(&outcomes, racers, |outcome| matches!(outcome, Confirmation::Enrolled(_)));
        assert_eq!(other.factors().await, 1);
    }
}

/// A second administrator's approval, given by many: one gives it.
pub async fn one_approval<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let mut policy = everything();
    policy.tickets.second_admin = true;
    let verifier = verifier(open().await, &policy).await;
    for racers in RACERS {
        let person = Person::new(&verifier, racers);
        let request =
            TicketRequest { kind: TicketKind::AdminRecovery, reason: "race".to_owned(), invite_email: None };
        let issued = verifier.issue_ticket(&root(), &person.who, &request, &context(0)).await;
        let ticket = issued.expect("a ticket").id;
        let outcomes = race(&person, racers, |racer, person| {
            let (ticket, second) = (ticket.clone(), Actor::administrator(format!("admin {racer}")));
            async move { person.verifier.approve_ticket(&second, &person.who, &ticket, at(1)).await }
        })
        .await;
        one_done(&outcomes, racers, &AdminError::Gone { what: "ticket" });
    }
}

/// Set-ups that were begun without an answer, because there was nothing to answer with: one of them is the first factor,
/// and none of the others can be confirmed behind its back.
pub async fn one_first_factor<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &everything()).await;
    for racers in RACERS {
        let person = Person::new(&verifier, racers);
        let waiting = waiting_apps(&person, racers, || Grant::First, 0).await;
        let outcomes = confirm_by_turns(&person, racers, &waiting, 0).await;
        one_confirmed(&outcomes, racers, |outcome| matches!(outcome, Confirmation::Enrolled(_)));
        assert_eq!(person.factors().await, 1);
        let late = verifier.enrol_totp(&person.who, "Acme", "ann", Grant::First, &context(1)).await;
        assert_eq!(late.err(), Some(EnrolError::ProofNeeded));
    }
}

/// A remembered device's token, shown by many requests of it at once: each is let through, and one gets the next token.
/// Shown again later, it is a copy: nobody is let through by it, nor by the token that came after it.
pub async fn one_device_token<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &everything()).await;
    for racers in RACERS {
        let person = Person::new(&verifier, racers);
        let account = person.enrol_app().await;
        let challenge = person.ask(Action::Login, 30).await;
        let remember = Context { remember_device: true, ..context(30) };
        let decided = verifier.answer(&person.who, &challenge, code(&account, 30), &remember).await;
        let Ok(Decision::Accepted(accepted)) = decided else { panic!("{decided:?}") };
        let token = accepted.device.expect("a token");
        let show = |token: &DeviceToken, now| {
            let device = Some(DeviceToken::from_text(copy(token.expose())));
            Context { device, ..context(now) }
        };
        let outcomes = race(&person, racers, |_, person| {
            let context = show(&token, 60);
            async move { person.verifier.begin(&person.who, Action::Login, &context).await }
        })
        .await;
        let mut next = Vec::new();
        for outcome in outcomes {
            let Ok(Begin::NotRequired { why: NotRequired::TrustedDevice, device, .. }) = outcome else {
                panic!("{outcome:?}")
            };
            next.extend(device);
        }
        assert_eq!(next.len(), 1, "{racers} racers");
        let copied = race(&person, racers.min(WAITING), |_, person| {
            let context = show(&token, 91);
            async move { person.verifier.begin(&person.who, Action::Login, &context).await }
        })
        .await;
        assert!(copied.iter().all(|outcome| matches!(outcome, Ok(Begin::Challenge(_)))), "{copied:?}");
        let after = verifier.begin(&person.who, Action::Login, &show(&next[0], 91)).await;
        assert!(matches!(after, Ok(Begin::Challenge(_))), "{after:?}");
        let removed = |record: &&crate::AuditRecord| {
            record.event().is_some_and(|event| {
                event.event == EventName::TrustRemoved && event.user.as_deref() == Some(person.who.user())
            })
        };
        let told = verifier.audit("acme", 0, 100_000).await.expect("the store answers");
        assert_eq!(told.iter().filter(removed).count(), 1, "{racers} racers");
    }
}

/// A changed number: one validation, and one commit of it.
pub async fn one_phone_change<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &everything()).await;
    for racers in RACERS {
        let person = Person::new(&verifier, racers);
        person.enrol_number().await;
        let challenge = person.ask(Action::ChangePhone, 60).await;
        let sent = verifier.send(&person.who, &challenge, &context(60)).await.expect("a message");
        let decided = person.answer(&challenge, Answer::code(&said(&sent)), 60).await;
        let Decision::Accepted(accepted) = decided else { panic!("{decided:?}") };
        let pending =
            verifier.start_phone_change(&person.who, OTHER_NUMBER, accepted.proof, &context(60)).await;
        let pending = pending.expect("it may be changed");
        let waiting = [(pending.challenge.clone(), said(&pending.sent))];
        let outcomes = confirm_by_turns(&person, racers, &waiting, 90).await;
        one_confirmed(&outcomes, racers, |outcome| matches!(outcome, Confirmation::Validated));
        let outcomes = race(&person, racers, |_, person| {
            let challenge = pending.challenge.clone();
            async move { person.verifier.commit_phone_change(&person.who, &challenge, &context(90)).await }
        })
        .await;
        one_done(&outcomes, racers, &ManageError::Gone { what: "confirmed phone change" });
        let left = verifier.factors(&person.who).await.expect("factors");
        assert_eq!(left.len(), 1);
        assert!(left[0].2.ends_with("78"), "the new number: {left:?}");
    }
}

/// One proof for new recovery codes: one new set, and its codes are the ones that count.
pub async fn one_new_set_of_recovery_codes<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let verifier = verifier(open().await, &everything()).await;
    for racers in RACERS {
        let person = Person::new(&verifier, racers);
        let account = person.enrol_app().await;
        let proof = person.proof(Action::RegenerateRecovery, &account, 30).await;
        let outcomes = race(&person, racers, |_, person| {
            let proof = Proof::from_text(copy(proof.expose()));
            async move {
                let made = person.verifier.regenerate_recovery(&person.who, proof, &context(31)).await;
                made.map(|(sheet, _)| sheet.codes[0].expose().to_owned())
            }
        })
        .await;
        one_done(&outcomes, racers, &ManageError::ProofInvalid);
        let shown = outcomes.into_iter().flatten().next().expect("one");
        let challenge = person.ask(Action::Login, 60).await;
        assert!(person.answer(&challenge, Answer::recovery(&shown), 60).await.is_accepted());
    }
}

/// One proof, wherever proofs are taken: it is taken once.
pub async fn one_proof_wherever_it_is_taken<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let mut policy = everything();
    policy.totp.max_active = 9;
    let verifier = verifier(open().await, &policy).await;
    for racers in RACERS {
        proof_wherever_it_is_taken(&Person::new(&verifier, racers), racers).await;
    }
}

async fn proof_wherever_it_is_taken<S: Store>(person: &Arc<Person<S>>, racers: usize) {
    let account = person.enrol_app().await;
    let again = |proof: &Proof| Proof::from_text(copy(proof.expose()));

    let proof = person.proof(Action::Enrol, &account, 30).await;
    let begun = race(person, racers, |_, person| {
        let grant = Grant::Proof(again(&proof));
        async move {
            let begun = person.verifier.enrol_totp(&person.who, "Acme", "ann", grant, &context(30)).await;
            begun.map(|pending| (pending.challenge, pending.factor, pending.uri))
        }
    })
    .await;
    let begun: Vec<Result<_, EnrolError>> = begun
        .into_iter()
        .map(|begun| begun.map(|(challenge, factor, uri)| (challenge, factor, uri.expose().to_owned())))
        .collect();
    one_done(&begun, racers, &EnrolError::GrantInvalid);
    let (challenge, second, uri) = begun.into_iter().flatten().next().expect("one");
    let app = parse_uri(&uri).expect("a URI").account;
    person.enrolled(&challenge, code(&app, 60), 60).await;

    let proof = person.proof(Action::Enrol, &account, 90).await;
    let codes = [300, 330].map(|ahead| app.code_at(T0 + 90 + ahead).expect("a code").text);
    let outcomes = race(person, racers, |_, person| {
        let (proof, second) = (again(&proof), second.clone());
        let codes = codes.clone().map(SecretText::new);
        async move {
            let codes = (&codes[0], &codes[1]);
            person.verifier.resync(&person.who, &second, codes, proof, &context(90)).await
        }
    })
    .await;
    one_done(&outcomes, racers, &ManageError::ProofInvalid);

    let proof = person.proof(Action::DisableMfa, &account, 120).await;
    let outcomes = race(person, racers, |_, person| {
        let (proof, second) = (again(&proof), second.clone());
        async move { person.verifier.remove_factor(&person.who, &second, proof, &context(120)).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    // Whoever looks when it was removed finds it gone; whoever looked before, the proof used.
    let typed = |error: &ManageError| {
        matches!(error, ManageError::ProofInvalid | ManageError::Gone { what: "factor" })
    };
    assert!(outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).all(typed), "{outcomes:?}");

    let proof = person.proof(Action::DisableMfa, &account, 150).await;
    let outcomes = race(person, racers, |_, person| {
        let proof = again(&proof);
        async move { person.verifier.disable(&person.who, proof, &context(150)).await }
    })
    .await;
    one_done(&outcomes, racers, &ManageError::ProofInvalid);
    assert_eq!(person.factors().await, 0);
}
