//! The file: what is in it, what survives, and what is refused.
#![expect(clippy::disallowed_methods, reason = "a test looks at the bytes on disk and breaks them")]

use keyhaven_otp::parse_uri;
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Actor, Answer, Begin, CHAIN_START, Confirmation, Context, Decision, FactorId, Failure, Grant,
    HashCost, LocalKeys, Preset, Profile, Progress, Reason, Store, Subject, TrustedTime, Verifier,
    record::SubjectRecord,
    store::{Change, Settled, Settlement},
    verify_chain,
};
use keyhaven_verifier_sqlite::{OpenError, SqliteStore};
use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

const T0: u64 = 1_800_000_000;
const PHONE: &str = "+442079460958";
const MAIL: &str = "ann@example.org";

fn who() -> Subject {
    Subject::new("acme", "ann").unwrap()
}

fn context(now: u64) -> Context {
    Context::with_password((T0 + now).into(), SecretText::new("session-identifier".to_owned()))
        .from_ip("192.0.2.77".parse().unwrap())
}

/// The same with a name: what it comes to is kept.
fn named(now: u64) -> Context {
    context(now).named("request 1")
}

fn kek(byte: u8) -> Key {
    Key::from_slice(&[byte; 32]).unwrap()
}

async fn verifier(path: &Path, keys: LocalKeys) -> Verifier<SqliteStore, LocalKeys> {
    let store = SqliteStore::open(path).unwrap();
    Verifier::new(store, keys).await.unwrap().with_hash_cost(HashCost::LEAST)
}

/// A user with a telephone and a trusted network; every secret that was handed out on the way.
async fn live(verifier: &Verifier<SqliteStore, LocalKeys>) -> Vec<String> {
    let mut policy = Preset::Portal15x20.policy();
    policy.recovery.kind = keyhaven_verifier::policy::RecoveryKind::Codes { count: 3 };
    policy.methods.insert(keyhaven_verifier::Method::Totp);
    verifier.put_policy(&Actor::operator("ops"), "acme", &policy, 0, T0.into()).await.unwrap();
    let profile = Profile { verified_email: Some(MAIL.into()), shared: false };
    verifier.put_profile(&who(), &profile, T0.into()).await.unwrap();
    let mut secrets =
        vec![PHONE.to_owned(), MAIL.to_owned(), "session-identifier".to_owned(), "192.0.2.77".to_owned()];
    let phone = verifier.enrol_phone(&who(), PHONE, Grant::First, &named(0)).await.unwrap();
    let code = phone.sent.delivery.code.unwrap().expose().to_owned();
    let answer = Answer::code(&code);
    let Confirmation::Enrolled(enrolled) =
        verifier.confirm(&who(), &phone.challenge, answer, &named(0)).await.unwrap()
    else {
        panic!("not enrolled")
    };
    for code in enrolled.recovery.unwrap().codes {
        let letters: String = code.expose().chars().filter(|letter| *letter != '-').collect();
        secrets.push(letters[4..].to_owned());
    }
    let Begin::Challenge(question) = verifier.begin(&who(), Action::Enrol, &named(60)).await.unwrap() else {
        panic!("not asked")
    };
    let sent = verifier.send(&who(), &question.id, &named(60)).await.unwrap();
    let answer = Answer::code(sent.delivery.code.as_ref().unwrap().expose());
    let Decision::Accepted(accepted) =
        verifier.answer(&who(), &question.id, answer, &named(60)).await.unwrap()
    else {
        panic!("rejected")
    };
    secrets.push(accepted.proof.expose().to_owned());
    let app =
        verifier.enrol_totp(&who(), "Acme", "ann", Grant::Proof(accepted.proof), &named(61)).await.unwrap();
    secrets.push(app.secret.expose().to_owned());
    secrets.push(app.uri.expose().to_owned());
    secrets
}

/// All bytes of the database and its log.
fn bytes(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).unwrap();
    bytes.extend(fs::read(path.with_extension("db-wal")).unwrap_or_default());
    bytes
}

#[tokio::test]
async fn the_file_holds_no_secret_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let verifier = verifier(&path, LocalKeys::new("k1", kek(1))).await;
    let mut secrets = live(&verifier).await;
    let uri = secrets.pop().unwrap();
    let account = parse_uri(&uri).unwrap().account;
    let found = bytes(&path);
    let holds = |needle: &[u8]| found.windows(needle.len()).any(|window| window == needle);
    // What is looked for in the right place is found there.
    assert!(holds(b"factor.enrol_started"));
    for secret in &secrets {
        assert!(!holds(secret.as_bytes()), "{secret}");
    }
    assert!(!holds(account.secret.expose()));
    assert!(!holds(&[1; 32]), "the key-encryption key");
}

#[tokio::test]
async fn what_was_used_stays_used_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let first = verifier(&path, LocalKeys::new("k1", kek(1))).await;
    let policy = Preset::SixCodes.policy();
    first.put_policy(&Actor::operator("ops"), "acme", &policy, 0, T0.into()).await.unwrap();
    let pending = first.enrol_totp(&who(), "Acme", "ann", Grant::First, &context(0)).await.unwrap();
    let account = parse_uri(pending.uri.expose()).unwrap().account;
    let code = account.code_at(T0).unwrap().text;
    let confirmed =
        first.confirm(&who(), &pending.challenge, Answer::code(&code), &context(0)).await.unwrap();
    assert!(matches!(confirmed, Confirmation::Enrolled(_)));
    drop(first);
    let second = verifier(&path, LocalKeys::new("k1", kek(1))).await;
    let Begin::Challenge(question) = second.begin(&who(), Action::Login, &context(0)).await.unwrap() else {
        panic!("not asked")
    };
    let decision = second.answer(&who(), &question.id, Answer::code(&code), &context(0)).await.unwrap();
    assert!(!decision.is_accepted());
    let code = account.code_at(T0 + 30).unwrap().text;
    let decision = second.answer(&who(), &question.id, Answer::code(&code), &context(30)).await.unwrap();
    assert!(decision.is_accepted());
    let records = second.audit("acme", 0, 100).await.unwrap();
    verify_chain("acme", 0, CHAIN_START, &records).unwrap();
}

/// A second process on the same file, here a second store: one code, one success.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_on_one_file_accept_one_code_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let nodes = [
        std::sync::Arc::new(verifier(&path, LocalKeys::new("k1", kek(1))).await),
        std::sync::Arc::new(verifier(&path, LocalKeys::new("k1", kek(1))).await),
    ];
    let policy = Preset::SixCodes.policy();
    nodes[0].put_policy(&Actor::operator("ops"), "acme", &policy, 0, T0.into()).await.unwrap();
    let pending = nodes[0].enrol_totp(&who(), "Acme", "ann", Grant::First, &context(0)).await.unwrap();
    let account = parse_uri(pending.uri.expose()).unwrap().account;
    let code = |now| Answer::code(&account.code_at(T0 + now).unwrap().text);
    let _ = nodes[1].confirm(&who(), &pending.challenge, code(0), &context(0)).await.unwrap();
    for round in 1..10_u64 {
        let now = round * 60;
        let mut tasks = Vec::new();
        for racer in 0..4 {
            let node = nodes[racer % 2].clone();
            let answer = code(now);
            tasks.push(tokio::spawn(async move {
                let Begin::Challenge(question) =
                    node.begin(&who(), Action::Login, &context(now)).await.unwrap()
                else {
                    panic!("not asked")
                };
                node.answer(&who(), &question.id, answer, &context(now)).await.unwrap().is_accepted()
            }));
        }
        let mut accepted = 0;
        for task in tasks {
            accepted += usize::from(task.await.unwrap());
        }
        assert_eq!(accepted, 1, "round {round}");
    }
}

#[tokio::test]
async fn a_new_key_encryption_key_reaches_every_tenant_while_sign_ins_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let old = verifier(&path, LocalKeys::new("k1", kek(1))).await;
    for tenant in ["a", "b", "c"] {
        let policy = Preset::SixCodes.policy();
        old.put_policy(&Actor::operator("ops"), tenant, &policy, 0, T0.into()).await.unwrap();
    }
    let ann = Subject::new("b", "ann").unwrap();
    let pending = old.enrol_totp(&ann, "B", "ann", Grant::First, &context(0)).await.unwrap();
    let account = parse_uri(pending.uri.expose()).unwrap().account;
    let both = verifier(&path, LocalKeys::new("k2", kek(2)).with_former("k1", kek(1))).await;
    let progress =
        |changed, seen, last: Option<&str>| Progress { changed, seen, last: last.map(str::to_owned) };
    assert_eq!(both.left_to_rewrap().await.unwrap(), 3);
    assert_eq!(both.rewrap("", 2, T0.into()).await.unwrap(), progress(2, 2, Some("b")));
    assert_eq!(both.left_to_rewrap().await.unwrap(), 1);
    let answer = Answer::code(&account.code_at(T0).unwrap().text);
    let confirmed = both.confirm(&ann, &pending.challenge, answer, &context(0)).await.unwrap();
    assert!(matches!(confirmed, Confirmation::Enrolled(_)));
    assert_eq!(both.rewrap("b", 2, T0.into()).await.unwrap(), progress(1, 1, Some("c")));
    assert_eq!(both.rewrap("c", 2, T0.into()).await.unwrap(), progress(0, 0, None));
    assert_eq!(both.rewrap("", 9, T0.into()).await.unwrap(), progress(0, 3, Some("c")));
    assert_eq!(both.left_to_rewrap().await.unwrap(), 0);
    let new = verifier(&path, LocalKeys::new("k2", kek(2))).await;
    let begin = new.begin(&ann, Action::Login, &context(30)).await.unwrap();
    let Begin::Challenge(question) = begin else { panic!("not asked") };
    let answer = Answer::code(&account.code_at(T0 + 30).unwrap().text);
    assert!(new.answer(&ann, &question.id, answer, &context(30)).await.unwrap().is_accepted());
    // Without the key nothing is decided; it is not "wrong".
    let failed = old.begin(&ann, Action::Login, &context(60)).await;
    assert!(matches!(failed, Err(Failure::Unavailable(_))), "{failed:?}");
}

#[tokio::test]
async fn a_record_moved_to_another_user_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let verifier = verifier(&path, LocalKeys::new("k1", kek(1))).await;
    let policy = Preset::SixCodes.policy();
    verifier.put_policy(&Actor::operator("ops"), "acme", &policy, 0, T0.into()).await.unwrap();
    let pending = verifier.enrol_totp(&who(), "Acme", "ann", Grant::First, &context(0)).await.unwrap();
    let account = parse_uri(pending.uri.expose()).unwrap().account;
    let answer = || Answer::code(&account.code_at(T0).unwrap().text);
    let _ = verifier.confirm(&who(), &pending.challenge, answer(), &context(0)).await.unwrap();
    let thief = rusqlite::Connection::open(&path).unwrap();
    let moved = thief.execute("UPDATE factor SET user = 'mallory' WHERE user = 'ann'", []).unwrap();
    assert_eq!(moved, 1);
    let mallory = Subject::new("acme", "mallory").unwrap();
    let Begin::Challenge(question) = verifier.begin(&mallory, Action::Login, &context(30)).await.unwrap()
    else {
        panic!("not asked")
    };
    let failed = verifier.answer(&mallory, &question.id, answer(), &context(30)).await;
    assert_eq!(failed.err(), Some(Failure::Sealed { what: "factor" }));
}

#[test]
fn foreign_and_newer_files_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign.db");
    let other = rusqlite::Connection::open(&foreign).unwrap();
    other.execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    drop(other);
    let before = fs::read(&foreign).unwrap();
    assert!(matches!(SqliteStore::open(&foreign), Err(OpenError::Foreign)));
    assert_eq!(fs::read(&foreign).unwrap(), before);

    let newer = folder.path().join("newer.db");
    drop(SqliteStore::open(&newer).unwrap());
    let other = rusqlite::Connection::open(&newer).unwrap();
    other.execute_batch("PRAGMA user_version = 77").unwrap();
    drop(other);
    assert!(matches!(SqliteStore::open(&newer), Err(OpenError::Newer { found: 77 })));

    let text = folder.path().join("text.db");
    fs::write(&text, "not a database, but long enough to have been one".repeat(40)).unwrap();
    assert!(matches!(SqliteStore::open(&text), Err(OpenError::Sqlite(_))));
    assert!(matches!(SqliteStore::open(folder.path()), Err(OpenError::Sqlite(_))));
}

/// The database cannot be written any more: nothing is decided, and what was there is there when it can be again.
#[tokio::test]
async fn a_file_that_cannot_be_written_decides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let verifier = verifier(&path, LocalKeys::new("k1", kek(1))).await;
    let policy = Preset::SixCodes.policy();
    verifier.put_policy(&Actor::operator("ops"), "acme", &policy, 0, T0.into()).await.unwrap();
    let pending = verifier.enrol_totp(&who(), "Acme", "ann", Grant::First, &context(0)).await.unwrap();
    let account = parse_uri(pending.uri.expose()).unwrap().account;
    let code = |now| Answer::code(&account.code_at(T0 + now).unwrap().text);
    let _ = verifier.confirm(&who(), &pending.challenge, code(0), &context(0)).await.unwrap();
    let Begin::Challenge(question) = verifier.begin(&who(), Action::Login, &context(30)).await.unwrap()
    else {
        panic!("not asked")
    };
    // A writer that never ends stands for any reason why a write cannot be done.
    let blocker = rusqlite::Connection::open(&path).unwrap();
    blocker.execute_batch("BEGIN IMMEDIATE").unwrap();
    let failed = verifier.answer(&who(), &question.id, code(30), &context(30)).await;
    assert!(matches!(failed, Err(Failure::Unavailable(_))), "{failed:?}");
    blocker.execute_batch("ROLLBACK").unwrap();
    assert!(verifier.answer(&who(), &question.id, code(30), &context(30)).await.unwrap().is_accepted());
}

/// One settlement that SQLite cannot do is undone whole, and takes no other of its commit with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_settlement_that_fails_halfway_leaves_nothing_and_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(SqliteStore::open(&folder.path().join("v.db")).unwrap());
    let put = |user: &str, and: Option<Change>| {
        let subject = SubjectRecord::default();
        let mut changes = vec![Change::PutSubject { expected: None, subject }];
        changes.extend(and);
        let (tenant, user) = ("acme".to_owned(), user.to_owned());
        Settlement { tenant, user, now: T0.into(), changes, events: Vec::new(), if_changed: Vec::new() }
    };
    let factor = FactorId::parse(&"0".repeat(32)).unwrap();
    // More than a column holds: an error in the second change.
    let impossible = Change::ClaimStep { factor, generation: u64::MAX, step: 1 };
    let mut tasks = Vec::new();
    for number in 0..40 {
        let store = store.clone();
        let settlement = put(&format!("user {number}"), (number % 2 == 1).then(|| impossible.clone()));
        tasks.push(tokio::spawn(async move { store.settle(settlement).await }));
    }
    for (number, task) in tasks.into_iter().enumerate() {
        let settled = task.await.unwrap();
        if number % 2 == 1 {
            assert!(settled.is_err(), "{settled:?}");
        } else {
            assert_eq!(settled, Ok(Settled::Done));
        }
    }
    let users = store.users("acme", "", 100).await.unwrap();
    assert_eq!(users.len(), 20, "{users:?}");
}

/// CVE-2026-27801: limits that are lost with the process.
#[tokio::test]
async fn budgets_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let first = verifier(&path, LocalKeys::new("k1", kek(1))).await;
    let policy = Preset::Asvs5L2.policy();
    first.put_policy(&Actor::operator("ops"), "acme", &policy, 0, T0.into()).await.unwrap();
    let pending = first.enrol_totp(&who(), "Acme", "ann", Grant::First, &context(0)).await.unwrap();
    let account = parse_uri(pending.uri.expose()).unwrap().account;
    let answer = Answer::code(&account.code_at(T0).unwrap().text);
    let _ = first.confirm(&who(), &pending.challenge, answer, &context(0)).await.unwrap();
    drop(first);
    let mut challenges = Vec::new();
    let mut reasons = Vec::new();
    for guess in 0..12 {
        // A process for each: six that ask, then six that guess.
        let node = verifier(&path, LocalKeys::new("k1", kek(1))).await;
        if guess < 6 {
            let Begin::Challenge(question) = node.begin(&who(), Action::Login, &context(30)).await.unwrap()
            else {
                panic!("not asked")
            };
            challenges.push(question.id);
            continue;
        }
        let near = account.codes_around(T0 + 30, 30).unwrap();
        let wrong =
            (0..).map(|n| format!("{n:06}")).find(|text| near.iter().all(|code| code.code.text != *text));
        let answer = Answer::code(&wrong.unwrap());
        match node.answer(&who(), &challenges[guess - 6], answer, &context(30)).await.unwrap() {
            Decision::Rejected(rejected) => reasons.push(rejected.reason),
            Decision::Accepted(_) => panic!("accepted"),
        }
    }
    assert_eq!(reasons[..5], [Reason::Wrong; 5]);
    assert!(matches!(reasons[5], Reason::Locked { .. }), "{reasons:?}");
}

/// A file that can only be read is refused when it is opened, and stays as it was.
#[tokio::test]
async fn a_file_that_can_only_be_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    drop(verifier(&path, LocalKeys::new("k1", kek(1))).await);
    // The writer closes the file on a thread of its own; its log is gone when it has.
    let log = folder.path().join("v.db-wal");
    for _ in 0..3_000 {
        if !log.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!log.exists(), "the writer does not close the file");
    let before = fs::read(&path).unwrap();
    // Permissions hold root back from nothing; SQLite's own switch does.
    let uri = format!("file:{}?mode=ro", path.display());
    let opened = SqliteStore::open(Path::new(&uri));
    assert!(matches!(opened, Err(OpenError::ReadOnly)), "{:?}", opened.err());
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// A file's clock is this machine's; a node that lives in another time is told so (verifier specification R24).
#[tokio::test]
async fn a_node_in_another_time_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let minute = Duration::from_secs(60);
    for (ahead, behind, words) in [(minute, Duration::ZERO, "ahead of"), (Duration::ZERO, minute, "behind")] {
        let store =
            TrustedTime::new(SqliteStore::open(&path).unwrap(), move || SystemTime::now() + ahead - behind);
        let failed = Verifier::new(store, LocalKeys::new("k1", kek(1))).await.err().unwrap().to_string();
        assert!(failed.starts_with("trusted time did not answer: this node's clock is "), "{failed}");
        assert!(failed.contains(words), "{failed}");
    }
    let store = TrustedTime::new(SqliteStore::open(&path).unwrap(), SystemTime::now);
    let verifier = Verifier::new(store, LocalKeys::new("k1", kek(1))).await.unwrap();
    assert_eq!(verifier.store().skew(), Some(0), "one machine, one clock");
    assert!(verifier.store().self_test().await.unwrap().durable);
}
