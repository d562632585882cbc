//! Everything that is good once, asked for by three at the same moment: one has it, whoever's turn it is.

use super::{Node, T0, ann, ask, code, context, enrolled, store, under_turns};
use keyhaven_otp::{Account, Kind, parse_uri};
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Actor, Answer, Begin, ChallengeId, Confirmation, Context, Decision, DeviceToken, Grant, HashCost,
    LocalKeys, ManageError, Method, NotRequired, Policy, Profile, Proof, Sent, TicketKind, TicketRequest,
    TicketToken, Verifier,
    policy::{PhoneMissing, RecoveryKind},
    push_response,
};
use shuttle::future::spawn;
use std::sync::Arc;

/// Schedules tried of each story here, by chance, and as many with few changes of turn.
const SCHEDULES: usize = 100;
const RACERS: usize = 3;
const NUMBER: &str = "+442079460958";
const OTHER_NUMBER: &str = "+4915112345678";

fn everything() -> Policy {
    let mut policy = Policy {
        methods: [Method::Totp, Method::Hotp, Method::Push, Method::Sms, Method::Email].into(),
        ..Policy::default()
    };
    policy.recovery.kind = RecoveryKind::Codes { count: 1 };
    policy.trust.device = true;
    policy.invite.phone_missing = PhoneMissing::FallbackEmail;
    policy.sends.cooldown = 0;
    policy
}

async fn empty() -> Node {
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    let node = Verifier::new(store::memory::MemoryStore::new(), keys).await.unwrap();
    let node = Arc::new(node.with_hash_cost(HashCost::LEAST));
    node.put_policy(&Actor::operator("ops"), "acme", &everything(), 0, T0.into()).await.unwrap();
    node
}

/// How many of those who ask at once have it.
async fn at_once<F: Future<Output = bool> + Send + 'static>(asking: impl Fn(usize) -> F) -> usize {
    let asking: Vec<_> = (0..RACERS).map(|racer| spawn(asking(racer))).collect();
    let mut had = 0;
    for asked in asking {
        had += usize::from(asked.await.unwrap());
    }
    had
}

fn copy(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn said(sent: &Sent) -> String {
    sent.delivery.code.as_ref().or(sent.show.as_ref()).unwrap().expose().to_owned()
}

async fn accepts(node: Node, challenge: ChallengeId, answer: Answer, now: u64) -> bool {
    node.answer(&ann(), &challenge, answer, &context(now)).await.unwrap().is_accepted()
}

async fn confirms(node: Node, challenge: ChallengeId, answer: Answer, now: u64) -> bool {
    match node.confirm(&ann(), &challenge, answer, &context(now)).await.unwrap() {
        Confirmation::Enrolled(_) | Confirmation::Validated => true,
        Confirmation::Rejected(_) => false,
    }
}

async fn enrol_number(node: &Node) {
    let pending = node.enrol_phone(&ann(), NUMBER, Grant::First, &context(0)).await.unwrap();
    assert!(confirms(node.clone(), pending.challenge, Answer::code(&said(&pending.sent)), 0).await);
}

async fn ticket(node: &Node, kind: TicketKind) -> String {
    let invite_email = (kind == TicketKind::Invite).then(|| "ann@example.org".to_owned());
    let request = TicketRequest { kind, reason: "race".to_owned(), invite_email };
    let root = Actor::administrator("root");
    node.issue_ticket(&root, &ann(), &request, &context(0)).await.unwrap().token.expose().to_owned()
}

/// Apps that wait, each with its code.
async fn waiting(node: &Node, grant: impl Fn() -> Grant) -> Vec<(ChallengeId, String)> {
    let mut waiting = Vec::new();
    for _ in 0..RACERS {
        let pending = node.enrol_totp(&ann(), "Acme", "ann", grant(), &context(30)).await.unwrap();
        let account = parse_uri(pending.uri.expose()).unwrap().account;
        waiting.push((pending.challenge, account.code_at(T0 + 30).unwrap().text));
    }
    waiting
}

async fn one_confirmed(node: &Node, waiting: &[(ChallengeId, String)]) {
    let confirmed = at_once(|racer| {
        let (challenge, code) = waiting[racer].clone();
        confirms(node.clone(), challenge, Answer::code(&code), 30)
    })
    .await;
    assert_eq!(confirmed, 1);
    assert_eq!(node.factors(&ann()).await.unwrap().len(), 1);
}

async fn proof(node: &Node, account: &Account, action: Action) -> Proof {
    let asked = ask(node, action).await;
    match node.answer(&ann(), &asked, code(account, 30), &context(30)).await.unwrap() {
        Decision::Accepted(accepted) => accepted.proof,
        Decision::Rejected(rejected) => panic!("{rejected:?}"),
    }
}

#[test]
fn a_counter() {
    under_turns(SCHEDULES, || async {
        let node = empty().await;
        let pending = node.enrol_hotp(&ann(), "Acme", "ann", Grant::First, &context(0)).await.unwrap();
        let mut account = parse_uri(pending.uri.expose()).unwrap().account;
        assert!(confirms(node.clone(), pending.challenge, code(&account, 0), 0).await);
        if let Kind::Hotp { counter, .. } = &mut account.kind {
            *counter += 1;
        }
        let mut challenges = Vec::new();
        for _ in 0..RACERS {
            challenges.push(ask(&node, Action::Login).await);
        }
        let accepted =
            at_once(|racer| accepts(node.clone(), challenges[racer].clone(), code(&account, 30), 30)).await;
        assert_eq!(accepted, 1);
    });
}

#[test]
fn a_text_message() {
    under_turns(SCHEDULES, || async {
        let node = empty().await;
        enrol_number(&node).await;
        delivered(&node).await;
    });
}

#[test]
fn a_mail() {
    under_turns(SCHEDULES, || async {
        let node = empty().await;
        let profile = Profile { verified_email: Some("ann@example.org".to_owned()), shared: false };
        node.put_profile(&ann(), &profile, T0.into()).await.unwrap();
        let pending = node.enrol_email(&ann(), Grant::First, &context(0)).await.unwrap();
        assert!(confirms(node.clone(), pending.challenge, Answer::code(&said(&pending.sent)), 0).await);
        delivered(&node).await;
    });
}

async fn delivered(node: &Node) {
    let challenge = ask(node, Action::Login).await;
    let code = said(&node.send(&ann(), &challenge, &context(30)).await.unwrap());
    let accepted = at_once(|_| accepts(node.clone(), challenge.clone(), Answer::code(&code), 30)).await;
    assert_eq!(accepted, 1);
}

#[test]
fn a_push_number() {
    under_turns(SCHEDULES, || async {
        let node = empty().await;
        let pending = node.enrol_push(&ann(), "device", Grant::First, &context(0)).await.unwrap();
        let key = pending.key;
        let answer = |challenge: &ChallengeId, number: &str| Answer::Push {
            number: copy(number),
            response: push_response(&key, challenge.as_str(), number),
        };
        let confirming = answer(&pending.challenge, &said(&pending.sent));
        assert!(confirms(node.clone(), pending.challenge, confirming, 0).await);
        let challenge = ask(&node, Action::Login).await;
        let number = said(&node.send(&ann(), &challenge, &context(30)).await.unwrap());
        let accepted =
            at_once(|_| accepts(node.clone(), challenge.clone(), answer(&challenge, &number), 30)).await;
        assert_eq!(accepted, 1);
    });
}

#[test]
fn a_recovery_code() {
    under_turns(SCHEDULES, || async {
        let (node, _, codes, _) = enrolled(&everything()).await;
        let mut challenges = Vec::new();
        for _ in 0..RACERS {
            challenges.push(ask(&node, Action::Login).await);
        }
        let accepted = at_once(|racer| {
            accepts(node.clone(), challenges[racer].clone(), Answer::recovery(&codes[0]), 30)
        })
        .await;
        assert_eq!(accepted, 1);
    });
}

#[test]
fn a_recovery_ticket() {
    under_turns(SCHEDULES, || async {
        let (node, ..) = enrolled(&everything()).await;
        let token = ticket(&node, TicketKind::AdminRecovery).await;
        let waiting = waiting(&node, || Grant::Ticket(TicketToken::from_text(copy(&token)))).await;
        one_confirmed(&node, &waiting).await;
    });
}

#[test]
fn a_reset_ticket() {
    under_turns(SCHEDULES, || async {
        let node = empty().await;
        enrol_number(&node).await;
        let token = ticket(&node, TicketKind::PhoneReset).await;
        let mut waiting = Vec::new();
        for _ in 0..RACERS {
            let grant = Grant::Ticket(TicketToken::from_text(copy(&token)));
            let pending = node.enrol_phone(&ann(), OTHER_NUMBER, grant, &context(30)).await.unwrap();
            waiting.push((pending.challenge, said(&pending.sent)));
        }
        one_confirmed(&node, &waiting).await;
    });
}

#[test]
fn an_invitation() {
    under_turns(SCHEDULES, || async {
        let node = empty().await;
        let token = ticket(&node, TicketKind::Invite).await;
        let joined = at_once(|_| {
            let (node, token) = (node.clone(), TicketToken::from_text(copy(&token)));
            async move { node.accept_invite(&ann(), token, None, &context(30)).await.is_ok() }
        })
        .await;
        assert_eq!((joined, node.factors(&ann()).await.unwrap().len()), (1, 1));
    });
}

#[test]
fn a_first_factor() {
    under_turns(SCHEDULES, || async {
        let node = empty().await;
        let waiting = waiting(&node, || Grant::First).await;
        one_confirmed(&node, &waiting).await;
    });
}

#[test]
fn a_device_token() {
    under_turns(SCHEDULES, || async {
        let (node, account, ..) = enrolled(&everything()).await;
        let challenge = ask(&node, Action::Login).await;
        let remember = Context { remember_device: true, ..context(30) };
        let decided = node.answer(&ann(), &challenge, code(&account, 30), &remember).await.unwrap();
        let Decision::Accepted(accepted) = decided else { panic!("rejected") };
        let token = accepted.device.unwrap().expose().to_owned();
        let next = at_once(|_| {
            let device = Some(DeviceToken::from_text(copy(&token)));
            let (node, context) = (node.clone(), Context { device, ..context(60) });
            async move {
                match node.begin(&ann(), Action::Login, &context).await.unwrap() {
                    Begin::NotRequired { why: NotRequired::TrustedDevice, device, .. } => device.is_some(),
                    other => panic!("{other:?}"),
                }
            }
        })
        .await;
        assert_eq!(next, 1);
    });
}

#[test]
fn a_phone_change() {
    under_turns(SCHEDULES, || async {
        let node = empty().await;
        enrol_number(&node).await;
        let challenge = ask(&node, Action::ChangePhone).await;
        let sent = node.send(&ann(), &challenge, &context(30)).await.unwrap();
        let decided = node.answer(&ann(), &challenge, Answer::code(&said(&sent)), &context(30)).await;
        let Ok(Decision::Accepted(accepted)) = decided else { panic!("{decided:?}") };
        let pending = node.start_phone_change(&ann(), OTHER_NUMBER, accepted.proof, &context(30)).await;
        let pending = pending.unwrap();
        let code = said(&pending.sent);
        let validated =
            at_once(|_| confirms(node.clone(), pending.challenge.clone(), Answer::code(&code), 30)).await;
        assert_eq!(validated, 1);
        let committed = at_once(|_| {
            let (node, challenge) = (node.clone(), pending.challenge.clone());
            async move { node.commit_phone_change(&ann(), &challenge, &context(30)).await.is_ok() }
        })
        .await;
        assert_eq!(committed, 1);
    });
}

#[test]
fn a_proof() {
    under_turns(SCHEDULES, || async {
        let (node, account, ..) = enrolled(&everything()).await;
        let proof = proof(&node, &account, Action::ChangeEmail).await;
        let redeemed = at_once(|_| {
            let (node, proof) = (node.clone(), Proof::from_text(copy(proof.expose())));
            async move {
                let redeemed = node.redeem(&ann(), &Action::ChangeEmail, proof, &context(30)).await;
                assert!(redeemed.is_ok() || redeemed == Err(ManageError::ProofInvalid), "{redeemed:?}");
                redeemed.is_ok()
            }
        })
        .await;
        assert_eq!(redeemed, 1);
    });
}

#[test]
fn a_new_set_of_recovery_codes() {
    under_turns(SCHEDULES, || async {
        let (node, account, ..) = enrolled(&everything()).await;
        let proof = proof(&node, &account, Action::RegenerateRecovery).await;
        let made = at_once(|_| {
            let (node, proof) = (node.clone(), Proof::from_text(copy(proof.expose())));
            async move { node.regenerate_recovery(&ann(), proof, &context(30)).await.is_ok() }
        })
        .await;
        assert_eq!(made, 1);
    });
}
