//! A tenant with one policy, a clock that is turned by hand, and people with authenticators.

use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Accepted, Action, Actor, Answer, Begin, ChallengeError, ChallengeId, Confirmation, Context, Decision,
    Enrolled, FirstFactor, Grant, HashCost, LocalKeys, MemoryStore, Method, PendingCode, PendingSent, Policy,
    Preset, Profile, Proof, Question, Reason, Rejected, Sent, Subject, Timestamp, Verifier,
};
use std::net::IpAddr;

pub const HOME: &str = "192.0.2.7";
pub const AWAY: &str = "198.51.100.9";
pub const PHONE: &str = "+442079460958";
pub const OTHER_PHONE: &str = "+4915112345678";
pub const MAIL: &str = "ann@example.org";

pub struct World {
    pub verifier: Verifier<MemoryStore, LocalKeys>,
    pub now: u64,
    pub ip: &'static str,
    pub session: String,
    pub first_factor: Option<FirstFactor>,
    pub revision: u64,
}

pub fn ann() -> Subject {
    Subject::new("acme", "ann").unwrap()
}

pub fn operator() -> Actor {
    Actor::operator("support")
}

pub fn admin() -> Actor {
    Actor::administrator("root")
}

pub fn text(secret: &SecretText) -> &str {
    secret.expose()
}

impl World {
    pub async fn new(preset: Preset) -> Self {
        Self::with(preset.policy()).await
    }

    pub async fn with(policy: Policy) -> Self {
        let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
        let verifier = Verifier::new(MemoryStore::new(), keys).await.unwrap().with_hash_cost(HashCost::LEAST);
        let now = 1_800_000_000;
        verifier.put_policy(&operator(), "acme", &policy, 0, now.into()).await.unwrap();
        Self { verifier, now, ip: HOME, session: "s1".into(), first_factor: None, revision: 1 }
    }

    pub async fn change_policy(&mut self, change: impl FnOnce(&mut Policy)) {
        let (mut policy, revision) = self.verifier.policy("acme").await.unwrap().unwrap();
        change(&mut policy);
        self.revision =
            self.verifier.put_policy(&operator(), "acme", &policy, revision, self.at()).await.unwrap();
    }

    pub fn at(&self) -> Timestamp {
        self.now.into()
    }

    pub fn pass(&mut self, seconds: u64) {
        self.now += seconds;
    }

    pub fn context(&self) -> Context {
        let mut context = Context::with_password(self.at(), SecretText::new(self.session.clone()))
            .from_ip(self.ip.parse::<IpAddr>().unwrap());
        context.first_factor = self.first_factor.unwrap_or(FirstFactor::Password { at: self.at() });
        context
    }

    pub async fn verify_email(&self) {
        let profile = Profile { verified_email: Some(MAIL.into()), shared: false };
        self.verifier.put_profile(&ann(), &profile, self.at()).await.unwrap();
    }

    pub async fn begin(&self, action: Action) -> Begin {
        self.verifier.begin(&ann(), action, &self.context()).await.unwrap()
    }

    /// The question a request leads to; anything else fails the test.
    pub async fn ask(&self, action: Action) -> Question {
        match self.begin(action).await {
            Begin::Challenge(question) => question,
            other => panic!("no question: {other:?}"),
        }
    }

    pub async fn answer(&self, challenge: &ChallengeId, answer: Answer) -> Decision {
        self.verifier.answer(&ann(), challenge, answer, &self.context()).await.unwrap()
    }

    pub async fn accept(&self, challenge: &ChallengeId, answer: Answer) -> Accepted {
        match self.answer(challenge, answer).await {
            Decision::Accepted(accepted) => accepted,
            Decision::Rejected(rejected) => panic!("rejected: {:?}", rejected.reason),
        }
    }

    pub async fn reject(&self, challenge: &ChallengeId, answer: Answer) -> Rejected {
        match self.answer(challenge, answer).await {
            Decision::Accepted(_) => panic!("accepted"),
            Decision::Rejected(rejected) => rejected,
        }
    }

    pub async fn send(&self, challenge: &ChallengeId) -> Result<Sent, ChallengeError> {
        self.verifier.send(&ann(), challenge, &self.context()).await
    }

    pub async fn confirm(&self, challenge: &ChallengeId, answer: Answer) -> Enrolled {
        match self.verifier.confirm(&ann(), challenge, answer, &self.context()).await.unwrap() {
            Confirmation::Enrolled(enrolled) => enrolled,
            other => panic!("not enrolled: {other:?}"),
        }
    }

    pub async fn confirm_rejected(&self, challenge: &ChallengeId, answer: Answer) -> Reason {
        match self.verifier.confirm(&ann(), challenge, answer, &self.context()).await.unwrap() {
            Confirmation::Rejected(rejected) => rejected.reason,
            other => panic!("not rejected: {other:?}"),
        }
    }

    pub async fn pending_totp(&self, grant: Grant) -> (PendingCode, Account) {
        let pending = self.verifier.enrol_totp(&ann(), "Acme", "ann", grant, &self.context()).await.unwrap();
        let account = parse_uri(text(&pending.uri)).unwrap().account;
        (pending, account)
    }

    /// Enrols an authenticator app; the step of the confirming code is used up.
    pub async fn enrol_totp(&self) -> (Enrolled, Account) {
        let (pending, account) = self.pending_totp(Grant::First).await;
        let enrolled = self.confirm(&pending.challenge, self.code(&account)).await;
        (enrolled, account)
    }

    pub async fn pending_phone(&self) -> PendingSent {
        self.verifier.enrol_phone(&ann(), PHONE, Grant::First, &self.context()).await.unwrap()
    }

    pub async fn enrol_phone(&self) -> Enrolled {
        let pending = self.pending_phone().await;
        self.confirm(&pending.challenge, sent_code(&pending.sent)).await
    }

    pub async fn enrol_email(&self) -> Enrolled {
        let pending = self.verifier.enrol_email(&ann(), Grant::First, &self.context()).await.unwrap();
        self.confirm(&pending.challenge, sent_code(&pending.sent)).await
    }

    /// What the authenticator shows now.
    pub fn code(&self, account: &Account) -> Answer {
        Answer::code(&account.code_at(self.now).unwrap().text)
    }

    /// Signs in by the code of an app, in the next time step.
    pub async fn sign_in(&mut self, account: &Account) -> Accepted {
        self.pass(30);
        let question = self.ask(Action::Login).await;
        self.accept(&question.id, self.code(account)).await
    }

    /// The same where the app is not the method that is asked for first.
    pub async fn sign_in_with(&mut self, method: Method, account: &Account) -> Accepted {
        self.pass(30);
        let question = self.ask(Action::ChangePassword).await;
        self.verifier.select(&ann(), &question.id, method, &self.context()).await.unwrap();
        self.accept(&question.id, self.code(account)).await
    }

    /// A proof for an action, by the code of an app in the next time step.
    pub async fn prove(&mut self, action: Action, account: &Account) -> Proof {
        self.pass(30);
        let question = self.ask(action).await;
        self.accept(&question.id, self.code(account)).await.proof
    }

    /// A proof for an action, by a code that is sent.
    pub async fn prove_by(&mut self, action: Action, method: Method) -> Proof {
        self.pass(60);
        let question = self.ask(action).await;
        self.verifier.select(&ann(), &question.id, method, &self.context()).await.unwrap();
        let sent = self.send(&question.id).await.unwrap();
        self.accept(&question.id, sent_code(&sent)).await.proof
    }
}

pub fn sent_code(sent: &Sent) -> Answer {
    Answer::code(text(sent.delivery.code.as_ref().unwrap()))
}

/// A code that is not the one in `sent`.
pub fn wrong_code(sent: &Sent) -> Answer {
    let code = text(sent.delivery.code.as_ref().unwrap());
    Answer::code(if code == "000000" { "000001" } else { "000000" })
}
