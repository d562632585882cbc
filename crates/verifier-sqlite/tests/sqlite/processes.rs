//! Several processes on one file, killed at any moment: each code is accepted once, whichever of them sees it first.
//!
//! A process is this test binary, started again to run one test that does nothing unless it is told a database.
#![expect(clippy::disallowed_methods, reason = "the child of a test learns its part from the environment")]

use crate::crash::{DATABASE, SECRET, enrol, node, sign_in, step_of};
use keyhaven_otp::parse_uri;
use keyhaven_verifier::{CHAIN_START, EventName, Failure, verify_chain};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

/// The child's part: signs in at each step that it is told, and says what came of it.
#[tokio::test]
async fn child_signs_in_when_told() {
    let (Ok(path), Ok(uri)) = (std::env::var(DATABASE), std::env::var(SECRET)) else { return };
    let account = parse_uri(&uri).unwrap().account;
    let node = node(Path::new(&path)).await;
    let say = |word: &str, step: u64| {
        let mut out = std::io::stdout();
        writeln!(out, "{word} {step}").unwrap();
        out.flush().unwrap();
    };
    say("ready", 0);
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let step = line.parse().unwrap();
        let mut outcome = sign_in(&node, &account, step).await;
        // On a machine that stands still, another's write may be waited for too long; then one asks again.
        for _ in 0..9 {
            if matches!(outcome, Err(Failure::Unavailable(_))) {
                outcome = sign_in(&node, &account, step).await;
            }
        }
        say(if outcome.unwrap() { "accepted" } else { "rejected" }, step);
    }
}

/// A child and what it says.
struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts one that is ready to be told steps.
    fn start(path: &Path, uri: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "processes::child_signs_in_when_told", "--nocapture", "--test-threads=1"])
            .env(DATABASE, path)
            .env(SECRET, uri)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut started = Self { child, lines };
        while !started.lines.next().unwrap().unwrap().ends_with("ready 0") {}
        started
    }

    fn tell(&mut self, step: u64) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{step}").unwrap();
    }

    /// Its word about the step that it was told: whether it was accepted. Nothing, if it died before it could say.
    fn heard(&mut self, step: u64) -> Option<bool> {
        let line = self.lines.next()?.unwrap();
        if step_of(&line, "accepted ") == Some(step) {
            return Some(true);
        }
        assert_eq!(step_of(&line, "rejected "), Some(step), "{line}");
        Some(false)
    }

    /// SIGKILL: nothing of it runs any more, wherever it was.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn three_processes_accept_each_code_once_while_they_are_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    let uri = enrol(&path).await;
    let mut processes = [(); 3].map(|()| Process::start(&path, &uri));
    let mut accepted: BTreeMap<u64, usize> = BTreeMap::new();
    for step in 1..=30_u64 {
        for process in &mut processes {
            process.tell(step);
        }
        // In every third round one is killed as soon as another has answered: it is anywhere then.
        let victim = (step % 3 == 0).then_some((step as usize / 3) % 3);
        let first = victim.map_or(0, |victim| (victim + 1) % 3);
        for place in 0..3 {
            let number = (first + place) % 3;
            let good = processes[number].heard(step);
            *accepted.entry(step).or_default() += usize::from(good == Some(true));
            if let Some(victim) = victim.filter(|_| place == 0) {
                processes[victim].kill();
            }
        }
        if let Some(victim) = victim {
            processes[victim] = Process::start(&path, &uri);
        }
    }
    assert!(accepted.values().all(|times| *times <= 1), "{accepted:?}");
    for process in &mut processes {
        process.kill();
    }
    // A process may be killed after its commit and before its word; the chain knows. Every step was accepted once.
    let check = node(&path).await;
    let records = check.audit("acme", 0, 1_000_000).await.unwrap();
    verify_chain("acme", 0, CHAIN_START, &records).unwrap();
    let names = records.iter().filter_map(|record| record.event());
    let told = names.filter(|event| event.event == EventName::DecisionAccepted && event.action.is_some());
    // The confirmation of the app was one, too.
    assert_eq!(told.count(), 31, "{accepted:?}");
    assert!(accepted.values().sum::<usize>() >= 20, "{accepted:?}");
    let account = parse_uri(&uri).unwrap().account;
    assert!(!sign_in(&check, &account, 30).await.unwrap());
    assert!(sign_in(&check, &account, 31).await.unwrap());
}
