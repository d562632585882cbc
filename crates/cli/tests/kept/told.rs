//! Where standard output takes nothing, what was done is said all the same.

use super::{CODES, OTHER, accounts, with_example, write};
use crate::{PASSPHRASE, json, printed, with_passphrase};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where what is printed goes.
#[derive(Clone, Copy, Debug)]
enum Printed {
    /// To a disk that is full.
    Full,
    /// Nowhere: it is closed.
    Closed,
    /// To a pipe that nobody reads any more.
    Unread,
}

fn run(here: &Path, arguments: &[&str], to: Printed) -> (i32, String) {
    let program = env!("CARGO_BIN_EXE_keyhaven");
    let mut command = match to {
        Printed::Closed => {
            let mut shell = Command::new("sh");
            shell.args(["-c", "exec \"$0\" \"$@\" >&-", program]);
            shell
        }
        _ => Command::new(program),
    };
    command.args(arguments).arg("--password-stdin").current_dir(here);
    command.env("KEYHAVEN_HOME", "no-such-home").env_remove("DBUS_SESSION_BUS_ADDRESS");
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    match to {
        Printed::Full => {
            command.stdout(OpenOptions::new().write(true).open("/dev/full").unwrap());
        }
        Printed::Closed => {}
        Printed::Unread => {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            command.stdout(writer);
        }
    }
    let mut child = command.spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(format!("{PASSPHRASE}\n").as_bytes());
    let (exit, _, err) = printed(&child.wait_with_output().unwrap());
    (exit, err)
}

#[test]
fn a_vault_whose_recovery_key_nobody_saw_is_told_of() {
    for to in [Printed::Full, Printed::Unread] {
        let folder = tempfile::tempdir().unwrap();
        let (exit, err) = run(folder.path(), &["vault", "init"], to);
        assert_eq!(exit, 2, "{to:?}: {err}");
        assert!(
            err.contains("the vault was made all the same") && err.contains("slots renew --yes"),
            "{err}"
        );
        assert_eq!(with_passphrase(folder.path(), &["vault", "unlock"]).0, 0, "{to:?}");
        // The kit does not go with it.
        let folder = tempfile::tempdir().unwrap();
        let (exit, err) = run(folder.path(), &["vault", "init", "--kit", "kit.svg"], to);
        assert!(exit == 2 && err.contains("its recovery key is in kit.svg"), "{to:?}, {exit}: {err}");
        assert!(folder.path().join("kit.svg").metadata().unwrap().len() > 1000);
    }
}

#[test]
fn what_is_shown_once_is_not_made_where_nobody_can_see_it() {
    let folder = tempfile::tempdir().unwrap();
    let (exit, err) = run(folder.path(), &["vault", "init"], Printed::Closed);
    assert!(exit == 2 && err.contains("standard output is closed"), "{exit}: {err}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);

    let (folder, _) = with_example();
    let here = folder.path();
    write(here, "codes.txt", CODES);
    assert_eq!(with_passphrase(here, &["recovery", "add", "codes.txt"]).0, 0);
    let hotp = "otpauth://hotp/Bank:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&counter=0";
    assert_eq!(with_passphrase(here, &["add", hotp]).0, 0);
    for command in
        [&["recovery", "use", "GitHub"][..], &["code", "Bank"], &["vault", "slots", "renew", "--yes"]]
    {
        let (exit, err) = run(here, command, Printed::Closed);
        assert!(exit == 2 && err.contains("nothing was changed"), "{command:?}, {exit}: {err}");
    }
    assert_eq!(with_passphrase(here, &["code", "Bank"]).1, "755224\n");
    // A disk that is full is known too late: then it is said.
    let (exit, err) = run(here, &["recovery", "use", "GitHub"], Printed::Full);
    assert!(exit == 2 && err.contains("marked as used all the same"), "{exit}: {err}");
    let (exit, err) = run(here, &["code", "Bank"], Printed::Unread);
    assert!(exit == 2 && err.contains("its counter moved on all the same"), "{exit}: {err}");
    assert_eq!(with_passphrase(here, &["recovery", "use", "GitHub"]).1, "b04de-9952a\n");
    assert_eq!(with_passphrase(here, &["code", "Bank"]).1, "359152\n");
}

#[test]
fn what_was_done_is_said_on_standard_error() {
    let (folder, _) = with_example();
    let here = folder.path();
    write(here, "codes.txt", CODES);
    let done: [(&[&str], &str); 8] = [
        (&["add", OTHER], "Other:ann: added"),
        (&["edit", "Other", "--name", "bea"], "Other:ann: changed"),
        (&["recovery", "add", "codes.txt"], "GitHub: 4 of 4 left"),
        (&["recovery", "edit", "GitHub", "--name", "Work"], "Work: 4 of 4 left"),
        (&["rm", "Other:bea"], "Other:bea: deleted"),
        (&["vault", "backup", "copy.keyhaven"], "the vault was copied to copy.keyhaven"),
        (&["paper", "paper.pdf"], "paper.pdf: "),
        (&["export", "--format", "otpauth", "-o", "out.txt"], "out.txt"),
    ];
    for (command, words) in done {
        let (exit, err) = run(here, command, Printed::Full);
        assert!(exit == 2 && err.contains(words), "{command:?}, {exit}: {err}");
        assert!(err.contains("standard output: "), "{command:?}: {err}");
    }
    assert_eq!(accounts(here).len(), 1, "all of that was done");
    let (_, out, _) = with_passphrase(here, &["recovery", "list", "--json"]);
    assert_eq!(json(&out)["sets"][0]["name"], "Work");
}
