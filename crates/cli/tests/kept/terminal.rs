//! What a person at a terminal is asked. Python's `pty` is the terminal.

use super::{accounts, with_example};
use crate::{PASSPHRASE, printed, with_passphrase};
use std::path::Path;
use std::process::Command;

/// Waits for each question and types its answer; prints what the terminal showed, and ends as the program did.
const TERMINAL: &str = r#"
import json, os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen, said = b"", 0
def more():
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""
for question, answer in json.loads(sys.argv[1]):
    while question.encode() not in seen[said:]:
        new = more()
        if not new:
            sys.exit(f"it ended before {question!r}: {seen.decode()}")
        seen += new
    said = seen.index(question.encode(), said) + len(question.encode())
    os.write(terminal, answer.encode() + b"\n")
while new := more():
    seen += new
sys.stdout.buffer.write(seen)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

pub(super) fn typed(here: &Path, arguments: &[&str], answers: &[(&str, &str)]) -> (i32, String) {
    let output = Command::new("python3")
        .args(["-c", TERMINAL, &serde_json::to_string(answers).unwrap(), env!("CARGO_BIN_EXE_keyhaven")])
        .args(arguments)
        .current_dir(here)
        .env("KEYHAVEN_HOME", "no-such-home")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .output()
        .unwrap_or_else(|error| panic!("python3: {error}: `cargo xtask setup` installs it"));
    let (exit, out, err) = printed(&output);
    assert_eq!(err, "", "{out}");
    (exit, out)
}

const NEW: &str = "New passphrase: ";
const AGAIN: &str = "The same again: ";

#[test]
fn a_weak_or_mistyped_new_passphrase_is_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let answers =
        [(NEW, "password"), (NEW, PASSPHRASE), (AGAIN, "a slip"), (NEW, PASSPHRASE), (AGAIN, PASSPHRASE)];
    let (exit, out) = typed(folder.path(), &["vault", "init"], &answers);
    assert!(exit == 0 && out.contains("try another") && out.contains("the two differ"), "{exit}: {out}");
    assert_eq!(with_passphrase(folder.path(), &["vault", "unlock"]).0, 0);
    let folder = tempfile::tempdir().unwrap();
    let weak = [(NEW, "password"), (NEW, "12345678"), (NEW, "keyhaven")];
    let (exit, out) = typed(folder.path(), &["vault", "init"], &weak);
    assert!(exit == 2 && out.contains("nothing was changed"), "{exit}: {out}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_would_be_gone_is_asked_for_and_anything_but_yes_is_a_no() {
    let (folder, _) = with_example();
    let here = folder.path();
    assert_eq!(with_passphrase(here, &["vault", "backup", "old.keyhaven"]).0, 0);
    assert_eq!(with_passphrase(here, &["add", super::OTHER]).0, 0);
    let all = ["vault", "restore", "old.keyhaven", "--all"];
    let answer = |word: &'static str| [("Passphrase: ", PASSPHRASE), ("Do it? Type yes: ", word)];
    for word in ["", "no", "ja"] {
        let (exit, out) = typed(here, &all, &answer(word));
        assert!(
            exit == 1 && out.contains("Other:ann") && out.contains("nothing was changed"),
            "{exit}: {out}"
        );
    }
    assert_eq!(accounts(here).len(), 2);
    assert_eq!(typed(here, &all, &answer("yes")).0, 0);
    assert_eq!(accounts(here).len(), 1);
}
