//! A process that protects itself, seen from outside. It is this test binary, started again.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "the child of a test learns its part from the environment")]
#![expect(clippy::print_stdout, reason = "a test that cannot be run here says so")]

use keyhaven_platform::{protect, protection};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

const PART: &str = "KEYHAVEN_TEST_CHILD_PART";

#[test]
fn child_protects_itself() {
    let Ok(part) = std::env::var(PART) else { return };
    if part == "protected" {
        protect();
    }
    let now = protection(100_000);
    println!("ready {:?} {:?}", now.core_dumps, now.other_programs);
    // Until the parent has looked.
    let _ = std::io::stdin().read(&mut [0]);
}

/// A child in this part, and its own words about itself.
fn child(part: &str, unprivileged: bool) -> (Child, String) {
    let this = std::env::current_exe().expect("this program");
    let mut command = if unprivileged { Command::new("setpriv") } else { Command::new(&this) };
    if unprivileged {
        command.args(["--reuid=65534", "--clear-groups", "--"]).arg(this);
    }
    command.args(["--exact", "child_protects_itself", "--nocapture"]).env(PART, part);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a child");
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let words =
        lines.into_iter().find_map(|line| line.split_once("ready ").map(|(_, words)| words.to_owned()));
    (child, words.expect("it says how it stands"))
}

fn end(mut child: Child) {
    drop(child.stdin.take());
    child.wait().expect("it ends");
}

#[test]
fn a_protected_process_leaves_no_core_file_and_says_so() {
    let (plain, words) = child("plain", false);
    assert!(words.ends_with("In"), "without protection a debugger may look: {words}");
    end(plain);
    let (protected, words) = child("protected", false);
    assert_eq!(words, "Out Out");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", protected.id())).expect("its limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    end(protected);
}

/// As the same person, without the rights of root.
#[test]
fn another_program_of_the_same_person_reads_nothing() {
    let reads = |part: &str| {
        let (child, _) = child(part, true);
        let file = format!("/proc/{}/maps", child.id());
        let mut reader = Command::new("setpriv");
        reader.args(["--reuid=65534", "--clear-groups", "--", "cat", &file]).stderr(Stdio::null());
        let answer = reader.output().expect("cat runs");
        end(child);
        answer.status.success() && !answer.stdout.is_empty()
    };
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let allowed = Command::new("setpriv").args(["--reuid=65534", "--clear-groups", "--", "true"]).status();
    let readable = std::env::current_exe().is_ok_and(|this| {
        let test = ["--reuid=65534", "--clear-groups", "--", "test", "-x"];
        Command::new("setpriv").args(test).arg(this).status().is_ok_and(|status| status.success())
    });
    if !root || !readable || !allowed.is_ok_and(|status| status.success()) {
        return println!("skipped: only root can try this as somebody else");
    }
    assert!(reads("plain"), "what is not protected is readable, else this test shows nothing");
    assert!(!reads("protected"));
}
