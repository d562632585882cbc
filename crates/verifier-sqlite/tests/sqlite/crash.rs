//! A process that is killed, and a disk that is full: what was accepted stays used, and nothing else was accepted.
//!
//! The process is this test binary, started again to run one test that does nothing unless it is told a database.
#![expect(clippy::disallowed_methods, reason = "the child of a test learns its part from the environment")]

use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Actor, Answer, Begin, CHAIN_START, Confirmation, Context, Failure, Grant, HashCost, LocalKeys,
    Policy, Subject, Verifier, verify_chain,
};
use keyhaven_verifier_sqlite::SqliteStore;
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
};

const T0: u64 = 1_800_000_000;
pub const DATABASE: &str = "KEYHAVEN_TEST_CHILD_DATABASE";
pub const SECRET: &str = "KEYHAVEN_TEST_CHILD_URI";

pub type Node = Verifier<SqliteStore, LocalKeys>;

fn who() -> Subject {
    Subject::new("acme", "ann").unwrap()
}

fn context(step: u64) -> Context {
    Context::with_password((T0 + step * 30).into(), SecretText::new("s1".to_owned()))
}

fn code(account: &Account, step: u64) -> Answer {
    Answer::code(&account.code_at(T0 + step * 30).unwrap().text)
}

pub async fn node(path: &Path) -> Node {
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    Verifier::new(SqliteStore::open(path).unwrap(), keys).await.unwrap().with_hash_cost(HashCost::LEAST)
}

/// Signs in at a time step; whether it was accepted.
pub async fn sign_in(node: &Node, account: &Account, step: u64) -> Result<bool, Failure> {
    match node.begin(&who(), Action::Login, &context(step)).await? {
        Begin::Challenge(question) => {
            let decision = node.answer(&who(), &question.id, code(account, step), &context(step)).await?;
            Ok(decision.is_accepted())
        }
        other => panic!("not asked: {other:?}"),
    }
}

/// Enrols at step 0 and gives the app's URI.
pub async fn enrol(path: &Path) -> String {
    let node = node(path).await;
    let mut policy = Policy::default();
    // A child that starts again shows codes that were used: that is what is looked at, not how often it may.
    policy.attempts.free = 100;
    policy.attempts.consecutive = 100;
    policy.attempts.delays = [0; 3];
    policy.attempts.per_day = 1_000_000;
    node.put_policy(&Actor::operator("ops"), "acme", &policy, 0, T0.into()).await.unwrap();
    let pending = node.enrol_totp(&who(), "Acme", "ann", Grant::First, &context(0)).await.unwrap();
    let uri = pending.uri.expose().to_owned();
    let account = parse_uri(&uri).unwrap().account;
    let confirmed = node.confirm(&who(), &pending.challenge, code(&account, 0), &context(0)).await.unwrap();
    assert!(matches!(confirmed, Confirmation::Enrolled(_)));
    uri
}

/// The child's part: signs in, step after step, and says each step that was accepted, until something fails.
#[tokio::test]
async fn child_signs_in() {
    let (Ok(path), Ok(uri)) = (std::env::var(DATABASE), std::env::var(SECRET)) else { return };
    let account = parse_uri(&uri).unwrap().account;
    let node = node(Path::new(&path)).await;
    let mut out = std::io::stdout();
    for step in 1..100_000 {
        match sign_in(&node, &account, step).await {
            Ok(true) => writeln!(out, "accepted {step}").unwrap(),
            Ok(false) => writeln!(out, "rejected {step}").unwrap(),
            Err(Failure::Unavailable(_)) => {
                writeln!(out, "unavailable {step}").unwrap();
                return;
            }
            Err(other) => panic!("{other}"),
        }
        out.flush().unwrap();
    }
}

/// The command that starts the child, behind a shell's words if there are any.
fn child(path: &Path, uri: &str, shell: Option<&str>) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut command = match shell {
        Some(words) => {
            let mut command = Command::new("sh");
            command.arg("-c").arg(format!("{words}; exec \"$0\" \"$@\"")).arg(this);
            command
        }
        None => Command::new(this),
    };
    command.args(["--exact", "crash::child_signs_in", "--nocapture", "--test-threads=1"]);
    command.env(DATABASE, path).env(SECRET, uri).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// The steps that a line tells of: `accepted 7` and the test harness' own words before it.
pub fn step_of(line: &str, word: &str) -> Option<u64> {
    line.split_once(word)?.1.trim().parse().ok()
}

/// Every step up to `last` is used up, and the next ones are not.
pub async fn check(path: &Path, uri: &str, last: u64) {
    let account = parse_uri(uri).unwrap().account;
    let node = node(path).await;
    let records = node.audit("acme", 0, 1_000_000).await.unwrap();
    verify_chain("acme", 0, CHAIN_START, &records).unwrap();
    assert!(!sign_in(&node, &account, last).await.unwrap(), "step {last} was accepted before");
    // The step after the last that was told may have been accepted without the word getting out.
    let next = sign_in(&node, &account, last + 1).await.unwrap();
    assert!(sign_in(&node, &account, last + 2).await.unwrap());
    assert!(!sign_in(&node, &account, last + 2).await.unwrap(), "{next}");
    let intact: String = rusqlite::Connection::open(path)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(intact, "ok");
}

#[tokio::test]
async fn a_killed_process_leaves_every_accepted_code_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let uri = enrol(&path).await;
    let mut last = 0;
    for enough in [3, 17, 40] {
        // Each child begins with steps that are used up, and goes on from there.
        let mut child = child(&path, &uri, None).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for line in lines.map_while(Result::ok) {
            if let Some(step) = step_of(&line, "accepted ") {
                assert!(step > last, "step {step} was accepted again after {last}");
                last = step;
                if step >= enough {
                    // It runs on until it hears of it; what it had told by then is read to the end.
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
    }
    assert!(last >= 40);
    check(&path, &uri, last).await;
}

/// All of it in the file itself, whether the one who enrolled has closed it yet or not: the log begins anew.
pub fn all_in_the_file(path: &Path) {
    let busy: i64 = rusqlite::Connection::open(path)
        .unwrap()
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0);
}

/// What a child that met a full disk had to say: some were accepted, then nothing was decided, and nothing was called
/// wrong. The last step that was accepted.
pub fn until_it_was_full(text: &str) -> u64 {
    let accepted: Vec<u64> = text.lines().filter_map(|line| step_of(line, "accepted ")).collect();
    let failed = text.lines().find_map(|line| step_of(line, "unavailable "));
    let last = *accepted.last().unwrap_or_else(|| panic!("nothing was accepted: {text}"));
    assert_eq!(failed, Some(last + 1), "it ends with an error, not with a wrong decision: {text}");
    assert!(!text.contains("rejected"), "{text}");
    last
}

/// Only where a shell can limit the size of files.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_decides_nothing_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let uri = enrol(&path).await;
    all_in_the_file(&path);
    let blocks = fs::metadata(&path).unwrap().len() / 512 + 400;
    // Without the signal that would end it, the process sees writes fail as on a full disk.
    let limit = format!("trap '' XFSZ; ulimit -f {blocks}");
    let output = child(&path, &uri, Some(&limit)).output().unwrap();
    let last = until_it_was_full(&String::from_utf8_lossy(&output.stdout));
    check(&path, &uri, last).await;
}
