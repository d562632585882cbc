//! Several at once: programs that save together, copies that a synced folder leaves, and states of different age.
#![expect(clippy::disallowed_methods, reason = "the test's own files and programs")]

use super::{accounts, with_example};
use crate::{PASSPHRASE, json, keyhaven_in, printed, with_passphrase};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const VAULT: &str = "no-such-home/vault.keyhaven";
const CONFLICT: &str = "vault.sync-conflict-20261122-091500-K4T2ABC.keyhaven";

/// An account with a secret of its own: one that is there already is not added.
fn account(name: &str) -> String {
    let letter = |byte: u8| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(byte % 32)]);
    let secret: String = name.bytes().cycle().take(32).map(letter).collect();
    format!("otpauth://totp/{name}:ann?secret={secret}&issuer={name}")
}

/// `keyhaven add`, waiting for its passphrase.
fn adding(here: &Path, name: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyhaven"));
    command.args(["add", &account(name), "--password-stdin"]).current_dir(here);
    command.env("KEYHAVEN_HOME", "no-such-home").env_remove("DBUS_SESSION_BUS_ADDRESS");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Who cannot save because others do says so and is started again, as a person would; whoever says that it was added is
/// believed.
#[test]
fn many_programs_that_add_at_once_lose_nothing() {
    const PROGRAMS: usize = 8;
    let (folder, _) = with_example();
    let here = folder.path();
    let mut waiting: Vec<String> = (0..PROGRAMS).map(|number| format!("Program{number}")).collect();
    let mut rounds = 0;
    while !waiting.is_empty() {
        rounds += 1;
        assert!(rounds <= 50, "{waiting:?} were never saved");
        let mut children: Vec<_> = waiting.drain(..).map(|name| (adding(here, &name), name)).collect();
        for (child, _) in &mut children {
            writeln!(child.stdin.take().unwrap(), "{PASSPHRASE}").unwrap();
        }
        for (child, name) in children {
            let output = child.wait_with_output().unwrap();
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(said.contains("another") || said.contains("changed"), "{name}: {said}");
                waiting.push(name);
            }
        }
    }
    let mut there: Vec<String> =
        accounts(here).iter().map(|one| one["issuer"].as_str().unwrap().to_owned()).collect();
    there.sort();
    let mut wanted: Vec<String> = (0..PROGRAMS).map(|number| format!("Program{number}")).collect();
    wanted.insert(0, "Example".into());
    assert_eq!(there, wanted);
    let left = |folder: &str| {
        let names = std::fs::read_dir(here.join(folder)).unwrap();
        names.flatten().filter(|one| one.file_name().to_string_lossy().ends_with(".tmp")).count()
    };
    assert_eq!(left("no-such-home") + left("no-such-home/generations"), 0);
    let (exit, out, err) = with_passphrase(here, &["vault", "check", "--json"]);
    assert_eq!((exit, json(&out)["problems"].as_array().map(Vec::len)), (0, Some(0)), "{out} {err}");
}

#[test]
fn a_conflicted_copy_is_named_by_every_command_that_looks_at_the_vault() {
    let (folder, _) = with_example();
    let here = folder.path();
    let copy = here.join("no-such-home").join(CONFLICT);
    std::fs::copy(here.join(VAULT), &copy).unwrap();
    assert_eq!(with_passphrase(here, &["add", &account("Here")]).0, 0);

    // It has nothing that the vault lacks: whoever can tell says nothing of it.
    let (exit, out, err) = with_passphrase(here, &["vault", "check"]);
    assert!(exit == 0 && out.contains("all is well") && !err.contains(CONFLICT), "{out} {err}");
    let news = |out: &str| json(out)["copies"][0]["news"].clone();
    assert_eq!(news(&with_passphrase(here, &["vault", "merge", "--json"]).1), false);
    assert_eq!(
        news(&printed(&keyhaven_in(here, &["vault", "merge", "--json"], b"")).1),
        serde_json::Value::Null
    );
    assert!(with_passphrase(here, &["vault", "merge"]).1.contains("nothing new in it"));

    // Another computer's account is in it.
    std::fs::create_dir(here.join("elsewhere")).unwrap();
    std::fs::create_dir(here.join("elsewhere/no-such-home")).unwrap();
    std::fs::copy(&copy, here.join("elsewhere").join(VAULT)).unwrap();
    assert_eq!(with_passphrase(&here.join("elsewhere"), &["add", &account("There")]).0, 0);
    std::fs::copy(here.join("elsewhere").join(VAULT), &copy).unwrap();
    let (exit, out, _) = with_passphrase(here, &["vault", "check", "--json"]);
    let problems = json(&out)["problems"].clone();
    assert_eq!((exit, problems.as_array().map(Vec::len)), (1, Some(1)), "{problems}");
    assert!(problems[0].as_str().unwrap().contains(CONFLICT), "{problems}");
    assert_eq!(news(&with_passphrase(here, &["vault", "merge", "--json"]).1), true);
    for (arguments, opens) in [
        (&["list"][..], true),
        (&["code", "Here"], true),
        (&["vault", "info"], false),
        (&["vault", "unlock"], true),
    ] {
        let (exit, out, err) = match opens {
            true => with_passphrase(here, arguments),
            false => printed(&keyhaven_in(here, arguments, b"")),
        };
        assert!(exit == 0 && !out.contains(CONFLICT), "{arguments:?}: {out} {err}");
        assert!(err.contains(CONFLICT) && err.contains("keyhaven vault merge"), "{arguments:?}: {err}");
    }
    let doctor = |arguments: &[&str]| printed(&keyhaven_in(here, arguments, b""));
    assert_eq!(json(&doctor(&["doctor", "--json"]).1)["copies"][0]["name"], CONFLICT);
    assert!(doctor(&["doctor"]).1.contains(CONFLICT));

    let merged = with_passphrase(here, &["vault", "merge", &copy.display().to_string(), "--yes"]);
    assert_eq!(merged.0, 0, "{}", merged.2);
    assert_eq!(accounts(here).len(), 3);
    assert_eq!(with_passphrase(here, &["vault", "check"]).0, 0, "nothing new is in it any more");
}

#[test]
fn over_a_damaged_vault_an_older_state_is_shown_and_asked_about() {
    let (folder, _) = with_example();
    let here = folder.path();
    std::fs::copy(here.join(VAULT), here.join("old.keyhaven")).unwrap();
    for name in ["Second", "Third"] {
        assert_eq!(with_passphrase(here, &["add", &account(name)]).0, 0);
    }
    let whole = std::fs::read(here.join(VAULT)).unwrap();
    let torn = &whole[..whole.len() / 2];
    std::fs::write(here.join(VAULT), torn).unwrap();
    let states = json(&printed(&keyhaven_in(here, &["vault", "restore", "--list", "--json"], b"")).1);
    let states = states["states"].as_array().unwrap();
    let name = |number: usize| states[number]["name"].as_str().unwrap();
    let untouched = || assert!(std::fs::read(here.join(VAULT)).unwrap() == torn, "nothing was changed");

    // What each holds, before anything is replaced.
    let (exit, out, err) =
        with_passphrase(here, &["vault", "restore", "--state", name(0), "--dry-run", "--json"]);
    assert_eq!(exit, 0, "{err}");
    let newest = json(&out);
    assert_eq!((newest["holds"]["accounts"].as_u64(), &newest["newer"]), (Some(2), &serde_json::Value::Null));
    let (exit, out, err) = with_passphrase(here, &["vault", "restore", "old.keyhaven", "--dry-run"]);
    assert!(exit == 0 && out.contains("  1 accounts,"), "{out} {err}");
    assert!(out.contains(name(0)) && out.contains("Second:ann  not in this one"), "{out}");
    let (exit, out, _) = printed(&keyhaven_in(here, &["vault", "restore", "old.keyhaven", "--dry-run"], b""));
    assert!(exit == 0 && out.contains("not known without"), "{out}");
    let (exit, _, err) = with_passphrase(here, &["vault", "restore", "old.keyhaven", "--only", "Example"]);
    assert!(exit != 0 && err.contains("no single record"), "{err}");
    untouched();

    // An older one than the newest is meant only by who says so.
    for arguments in [&["vault", "restore", "old.keyhaven"][..], &["vault", "restore", "--state", name(1)]] {
        let (exit, out, err) = printed(&keyhaven_in(here, arguments, b""));
        assert!(exit != 0 && out.is_empty() && err.contains("a newer state of the same vault"), "{err}");
        assert!(err.contains(name(0)) && err.contains("--yes does it"), "{err}");
        untouched();
    }
    let (exit, _, err) = printed(&keyhaven_in(here, &["vault", "restore", "old.keyhaven", "--yes"], b""));
    assert_eq!(exit, 0, "{err}");
    assert_eq!(accounts(here).len(), 1);
    // The newest takes its place without a question.
    std::fs::write(here.join(VAULT), torn).unwrap();
    let states = json(&printed(&keyhaven_in(here, &["vault", "restore", "--list", "--json"], b"")).1);
    let newest = states["states"][0]["name"].as_str().unwrap();
    let (exit, _, err) = printed(&keyhaven_in(here, &["vault", "restore", "--state", newest], b""));
    assert_eq!(exit, 0, "{err}");
}
