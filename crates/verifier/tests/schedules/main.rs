//! The verifier on the store in memory, with every turn decided by Shuttle: between loading, charging, comparing and
//! settling, anybody else may come first. The store is the library's own file, read beside Shuttle's lock instead of the
//! standard library's; a failure prints the schedule that leads to it.

#![expect(hidden_glob_reexports, reason = "the module `store` stands in for the library's own")]

pub use keyhaven_verifier::*;

mod once;

mod audit {
    pub use keyhaven_verifier::CHAIN_START;
}

#[path = "../../src/store"]
mod store {
    pub use keyhaven_verifier::store::*;

    mod sync {
        pub(super) use shuttle::sync::{Mutex, MutexGuard};
    }

    #[path = "memory.rs"]
    pub mod memory;
}

use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::{Key, SecretText};
use shuttle::{
    Runner,
    future::{block_on, spawn},
    scheduler::{PctScheduler, RandomScheduler},
};
use std::sync::Arc;

const T0: u64 = 1_800_000_000;
/// Schedules tried of each story, by chance, and as many with few changes of turn.
const SCHEDULES: usize = 250;
/// Which schedules: the same ones in each run. `SHUTTLE_RANDOM_SEED` names others.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

type Node = Arc<Verifier<store::memory::MemoryStore, LocalKeys>>;

fn ann() -> Subject {
    Subject::new("acme", "ann").unwrap()
}

fn context(now: u64) -> Context {
    Context::with_password((T0 + now).into(), SecretText::new("session".to_owned()))
}

fn code(account: &Account, now: u64) -> Answer {
    Answer::code(&account.code_at(T0 + now).unwrap().text)
}

async fn enrolled(policy: &Policy) -> (Node, Account, Vec<String>, FactorId) {
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    let node = Verifier::new(store::memory::MemoryStore::new(), keys).await.unwrap();
    let node = Arc::new(node.with_hash_cost(HashCost::LEAST));
    node.put_policy(&Actor::operator("ops"), "acme", policy, 0, T0.into()).await.unwrap();
    let pending = node.enrol_totp(&ann(), "Acme", "ann", Grant::First, &context(0)).await.unwrap();
    let account = parse_uri(pending.uri.expose()).unwrap().account;
    let answer = code(&account, 0);
    let confirmed = node.confirm(&ann(), &pending.challenge, answer, &context(0)).await.unwrap();
    let Confirmation::Enrolled(enrolled) = confirmed else { panic!("not enrolled") };
    let codes = enrolled.recovery.map(|sheet| sheet.codes).unwrap_or_default();
    (node, account, codes.iter().map(|code| code.expose().to_owned()).collect(), pending.factor)
}

async fn ask(node: &Node, action: Action) -> ChallengeId {
    match node.begin(&ann(), action, &context(30)).await.unwrap() {
        Begin::Challenge(question) => question.id,
        other => panic!("not asked: {other:?}"),
    }
}

/// Tries a story under many schedules.
fn under_every_turn<F: Future<Output = ()> + 'static>(story: impl Fn() -> F + Copy + Send + Sync + 'static) {
    under_turns(SCHEDULES, story);
}

fn under_turns<F: Future<Output = ()> + 'static>(
    schedules: usize,
    story: impl Fn() -> F + Copy + Send + Sync + 'static,
) {
    let mut config = shuttle::Config::new();
    // Argon2 and the futures of a whole sign-in want more than the 32 KiB that Shuttle gives.
    config.stack_size = 1 << 20;
    let chance = RandomScheduler::new_from_seed(SEED, schedules);
    Runner::new(chance, config.clone()).run(move || block_on(story()));
    // With few changes of turn, at places that chance rarely picks.
    let few = PctScheduler::new_from_seed(SEED, 3, schedules);
    Runner::new(few, config).run(move || block_on(story()));
}

#[test]
fn one_code_is_accepted_once() {
    under_every_turn(|| async {
        let (node, account, _, _) = enrolled(&Policy::default()).await;
        let mut answering = Vec::new();
        for _ in 0..3 {
            let (challenge, answer, node) =
                (ask(&node, Action::Login).await, code(&account, 30), node.clone());
            answering.push(spawn(async move {
                node.answer(&ann(), &challenge, answer, &context(30)).await.unwrap().is_accepted()
            }));
        }
        let mut accepted = 0;
        for answer in answering {
            accepted += u32::from(answer.await.unwrap());
        }
        assert_eq!(accepted, 1);
        let records = node.audit("acme", 0, 100).await.unwrap();
        verify_chain("acme", 0, CHAIN_START, &records).unwrap();
    });
}

#[test]
fn five_wrong_answers_are_compared() {
    under_every_turn(|| async {
        let (node, account, _, _) = enrolled(&Policy::default()).await;
        let near = account.codes_around(T0 + 30, 30).unwrap();
        let wrong =
            (0..).map(|n| format!("{n:06}")).find(|text| near.iter().all(|code| code.code.text != *text));
        let wrong = wrong.unwrap();
        // Asked before: once the app is locked, a question is for a recovery code.
        let mut challenges = Vec::new();
        for _ in 0..7 {
            challenges.push(ask(&node, Action::Login).await);
        }
        let mut guessing = Vec::new();
        for challenge in challenges {
            let (answer, node) = (Answer::code(&wrong), node.clone());
            guessing.push(spawn(async move {
                match node.answer(&ann(), &challenge, answer, &context(30)).await.unwrap() {
                    Decision::Rejected(rejected) => rejected.reason,
                    Decision::Accepted(_) => panic!("accepted"),
                }
            }));
        }
        let mut compared = 0;
        for guess in guessing {
            match guess.await.unwrap() {
                Reason::Wrong => compared += 1,
                Reason::Locked { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(compared, 5);
        let records = node.audit("acme", 0, 100).await.unwrap();
        let locks =
            records.iter().filter(|record| record.event().unwrap().event == EventName::LockoutStarted);
        assert_eq!(locks.count(), 1, "whoever gave the fifth tells of the lock");
    });
}

#[test]
fn nothing_is_accepted_after_a_factor_is_gone() {
    under_every_turn(|| async {
        let (node, account, _, factor) = enrolled(&Policy::default()).await;
        let challenge = ask(&node, Action::ChangeEmail).await;
        let (by, first, answer) = (node.clone(), challenge.clone(), code(&account, 30));
        let answering =
            spawn(
                async move { by.answer(&ann(), &first, answer, &context(30)).await.unwrap().is_accepted() },
            );
        let by = node.clone();
        let revoking = spawn(async move {
            by.revoke_factor(&Actor::administrator("root"), &ann(), &factor, "race", (T0 + 30).into())
                .await
                .unwrap();
        });
        revoking.await.unwrap();
        let before = answering.await.unwrap();
        let after = node.answer(&ann(), &challenge, code(&account, 60), &context(60)).await.unwrap();
        assert!(!after.is_accepted());
        let records = node.audit("acme", 0, 100).await.unwrap();
        let names: Vec<EventName> = records.iter().filter_map(|record| Some(record.event()?.event)).collect();
        let place = |name| names.iter().rposition(|found| *found == name);
        // An accepted answer stands before the end of the factor in the chain, never behind it.
        if before {
            assert!(place(EventName::DecisionAccepted) < place(EventName::FactorRevoked));
        }
    });
}

#[test]
fn a_recovery_code_is_used_or_replaced() {
    under_every_turn(|| async {
        let (node, account, codes, _) = enrolled(&Policy::default()).await;
        let asked = ask(&node, Action::RegenerateRecovery).await;
        let decision = node.answer(&ann(), &asked, code(&account, 30), &context(30)).await.unwrap();
        let Decision::Accepted(accepted) = decision else { panic!("rejected") };
        let challenge = ask(&node, Action::Login).await;
        let (by, old) = (node.clone(), codes[0].clone());
        let using = spawn(async move {
            let answer = Answer::recovery(&old);
            by.answer(&ann(), &challenge, answer, &context(30)).await.unwrap().is_accepted()
        });
        let by = node.clone();
        let making =
            spawn(async move { by.regenerate_recovery(&ann(), accepted.proof, &context(30)).await.is_ok() });
        let (_, made) = (using.await.unwrap(), making.await.unwrap());
        let report = node.report("acme", "", 1).await.unwrap();
        assert_eq!(
            report[0].recovery_left,
            Some(10),
            "made: {made}; no use of an old code takes one of the new"
        );
        let challenge = ask(&node, Action::Login).await;
        let late = node.answer(&ann(), &challenge, Answer::recovery(&codes[1]), &context(31)).await.unwrap();
        assert!(!late.is_accepted());
    });
}

#[test]
fn a_confirmation_enrols_once() {
    under_every_turn(|| async {
        let (node, account, _, _) = enrolled(&Policy::default()).await;
        let asked = ask(&node, Action::Enrol).await;
        let decision = node.answer(&ann(), &asked, code(&account, 30), &context(30)).await.unwrap();
        let Decision::Accepted(accepted) = decision else { panic!("rejected") };
        let grant = Grant::Proof(accepted.proof);
        let pending = node.enrol_totp(&ann(), "Acme", "ann", grant, &context(30)).await.unwrap();
        let second = parse_uri(pending.uri.expose()).unwrap().account;
        let mut confirming = Vec::new();
        for _ in 0..3 {
            let (node, challenge, answer) = (node.clone(), pending.challenge.clone(), code(&second, 30));
            confirming.push(spawn(async move {
                let confirmed = node.confirm(&ann(), &challenge, answer, &context(30)).await.unwrap();
                matches!(confirmed, Confirmation::Enrolled(_))
            }));
        }
        let mut enrolled = 0;
        for confirmation in confirming {
            enrolled += u32::from(confirmation.await.unwrap());
        }
        assert_eq!(enrolled, 1);
        assert_eq!(node.factors(&ann()).await.unwrap().len(), 2);
    });
}

/// A key is replaced while an answer is under way and factors are sealed anew: every record opens afterwards.
#[test]
fn a_key_is_replaced_under_an_answer() {
    under_every_turn(|| async {
        let (node, account, _, _) = enrolled(&Policy::default()).await;
        let challenge = ask(&node, Action::Login).await;
        let (by, answer) = (node.clone(), code(&account, 30));
        let answering = spawn(async move {
            by.answer(&ann(), &challenge, answer, &context(30)).await.unwrap().is_accepted()
        });
        let by = node.clone();
        let rotating = spawn(async move {
            by.rotate_key(&Actor::operator("ops"), "acme", "race", (T0 + 30).into()).await.unwrap();
            by.reseal("acme", "", 10, (T0 + 30).into()).await.unwrap();
        });
        assert!(answering.await.unwrap());
        rotating.await.unwrap();
        let challenge = ask(&node, Action::Login).await;
        assert!(
            node.answer(&ann(), &challenge, code(&account, 60), &context(60)).await.unwrap().is_accepted()
        );
    });
}
