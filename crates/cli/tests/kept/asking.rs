//! What takes something away asks first, and says what.

use super::{CODES, EXAMPLE, accounts, with_example, write};
use crate::{PASSPHRASE, json, keyhaven_in, printed, with_passphrase};
use std::path::Path;

const BANK: &str = "otpauth://totp/Bank:ann?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U&issuer=Bank";

fn newest_state(here: &Path) -> String {
    let (_, out, _) = printed(&keyhaven_in(here, &["vault", "restore", "--list", "--json"], b""));
    json(&out)["states"][0]["name"].as_str().unwrap().to_owned()
}

fn slots(here: &Path) -> Vec<(String, String)> {
    let (_, out, _) = printed(&keyhaven_in(here, &["vault", "slots", "--json"], b""));
    let text = |slot: &serde_json::Value, name: &str| slot[name].as_str().unwrap().to_owned();
    let slots = json(&out)["slots"].as_array().unwrap().clone();
    slots.iter().map(|slot| (text(slot, "kind"), text(slot, "id"))).collect()
}

fn with_lines(here: &Path, arguments: &[&str], lines: &[&str]) -> (i32, String, String) {
    printed(&keyhaven_in(here, arguments, (lines.join("\n") + "\n").as_bytes()))
}

#[test]
fn going_back_to_a_state_says_what_would_be_gone() {
    let (folder, _) = with_example();
    let here = folder.path();
    assert_eq!(with_passphrase(here, &["add", BANK]).0, 0);
    let state = newest_state(here);
    let back = ["vault", "restore", "--state", &state];
    let (exit, out, err) = with_passphrase(here, &back);
    assert_eq!((exit, out.as_str()), (2, ""));
    for part in
        ["nothing was changed", "1 records added since would be gone", "gone: Bank:ann", "--yes does it"]
    {
        assert!(err.contains(part), "{part}: {err}");
    }
    let (exit, _, err) = printed(&keyhaven_in(here, &back, b""));
    assert!(exit == 2 && err.contains("not known while the vault is locked"), "{exit}: {err}");
    assert_eq!(accounts(here).len(), 2);
    let (exit, out, err) = with_passphrase(here, &[&back[..], &["--yes", "--json"]].concat());
    assert_eq!(exit, 0, "{err}");
    assert_eq!(json(&out)["state"], state.as_str());
    assert_eq!(json(&out)["kept_as"], newest_state(here).as_str());
    assert_eq!(accounts(here).len(), 1);
}

#[test]
fn a_way_in_goes_only_when_that_is_said() {
    let (folder, key) = with_example();
    let here = folder.path();
    let second = "another horse battery staple 8";
    let add = ["vault", "slots", "add", "--password-stdin"];
    let (exit, _, err) = with_lines(here, &add, &[PASSPHRASE, PASSPHRASE]);
    assert!(exit == 2 && err.contains("opens the vault already"), "{exit}: {err}");
    let (exit, _, err) = with_lines(here, &add, &[PASSPHRASE]);
    assert!(exit == 2 && err.contains("no new passphrase in its second line"), "{exit}: {err}");
    assert_eq!(with_lines(here, &add, &[PASSPHRASE, second]).0, 0);

    let before = slots(here);
    assert_eq!(before.len(), 3);
    let id = |kind: &str| before.iter().find(|slot| slot.0 == kind).unwrap().1.clone();
    let remove =
        |id: &str, more: &[&str]| with_passphrase(here, &[&["vault", "slots", "remove", id], more].concat());
    let (exit, out, err) = remove(&id("recovery_key"), &[]);
    assert_eq!((exit, out.as_str()), (2, ""));
    assert!(
        err.contains("emergency kit") && err.contains("left: passphrase") && err.contains("--yes"),
        "{err}"
    );
    let (exit, _, err) = remove(&id("passphrase"), &[]);
    assert!(exit == 2 && err.contains("the passphrase that was just typed"), "{exit}: {err}");
    assert_eq!(slots(here).len(), 3);
    let (exit, out, _) = remove(&id("recovery_key"), &["--yes"]);
    assert!(exit == 0 && out.starts_with("this way in is gone; "), "{exit}: {out}");
    assert_eq!(slots(here).len(), 2);
    // Without a recovery key nobody is sent to one.
    let (exit, _, err) = with_lines(here, &["list", "--password-stdin"], &["wrong"]);
    assert!(exit == 3 && !err.contains("recovery key"), "{exit}: {err}");
    assert_ne!(with_lines(here, &["list", "--recovery-key-stdin"], &[&key]).0, 0);
}

#[test]
fn renewed_keys_come_with_a_kit_and_the_states_before_are_no_problem() {
    let (folder, first) = with_example();
    let here = folder.path();
    let renew = ["vault", "slots", "renew", "--yes", "--kit", "kit.pdf"];
    let (exit, out, err) = with_passphrase(here, &renew);
    assert!(exit == 0 && out.contains("emergency kit saved to kit.pdf"), "{out}{err}");
    let (exit, _, err) = with_passphrase(here, &renew);
    assert!(exit == 2 && err.contains("there is such a file already"), "{exit}: {err}");

    // The kit is known for what it is, and its key opens the vault.
    let (exit, out, err) = printed(&keyhaven_in(here, &["recovery", "parse", "kit.pdf", "--json"], b""));
    assert_eq!(exit, 0, "{err}");
    let kit = json(&out);
    assert_eq!((kit["provider"].as_str(), kit["kind"].as_str()), (Some("Keyhaven"), Some("key")), "{out}");
    assert_eq!(kit["problems"][0]["problem"], "own_kit", "{out}");
    let key = kit["codes"][0]["code"].as_str().unwrap();
    assert_ne!(key, first);
    assert_eq!(with_lines(here, &["list", "--recovery-key-stdin"], &[key]).0, 0);

    let (exit, out, _) = with_passphrase(here, &["vault", "check"]);
    assert!(exit == 0 && out.contains("saved states are from before the keys were renewed"), "{exit}: {out}");
    assert!(out.ends_with("all is well\n"), "{out}");
    let (_, out, _) = with_passphrase(here, &["vault", "check", "--json"]);
    let found = json(&out);
    assert!(found["older_generations"].as_u64() > Some(0), "{out}");
    assert_eq!(found["problems"].as_array().unwrap().len(), 0, "{out}");
}

#[test]
fn another_services_file_replaces_a_set_only_when_that_is_said_and_not_for_good() {
    let (folder, _) = with_example();
    let here = folder.path();
    write(here, "codes.txt", CODES);
    write(
        here,
        "npm.txt",
        "npm recovery codes\n\nnpm\n\n11a9f-71c02\n22e4d-9952a\n33719-0e4d1\n44f68-3ab90\n",
    );
    let run = |arguments: &[&str]| with_passphrase(here, arguments);
    assert_eq!(run(&["recovery", "add", "codes.txt"]).0, 0);
    let (exit, out, err) = run(&["recovery", "replace", "GitHub", "npm.txt"]);
    assert_eq!((exit, out.as_str()), (2, ""));
    assert!(err.contains("npm.txt is a file of npm") && err.contains("--yes does it"), "{err}");
    let (exit, out, err) = run(&["recovery", "replace", "GitHub", "npm.txt", "--yes"]);
    assert!(exit == 0 && out.contains("keyhaven recovery undo"), "{out}{err}");
    assert_eq!(run(&["recovery", "use", "GitHub"]).1, "11a9f-71c02\n");

    // First the use, which is named, then the replacement.
    let (_, out, _) = run(&["recovery", "undo", "GitHub"]);
    assert!(out.starts_with("code 1 of 4 is unused again: •••••-•••••\n"), "{out}");
    let (exit, out, err) = run(&["recovery", "undo", "GitHub"]);
    assert!(exit == 0 && out.contains("in use again, and npm.txt left the vault"), "{out}{err}");
    let (_, out, _) = run(&["recovery", "list", "--json"]);
    assert_eq!(json(&out)["sets"].as_array().unwrap().len(), 1, "{out}");
    assert_eq!(run(&["recovery", "use", "GitHub"]).1, "8f3a9-71c02\n");
    assert_eq!(run(&["recovery", "undo", "GitHub"]).0, 0);
    let (exit, _, err) = run(&["recovery", "undo", "GitHub"]);
    assert!(exit == 2 && err.contains("took no other set's place"), "{exit}: {err}");
}

#[test]
fn a_set_is_renamed_linked_deleted_and_brought_back() {
    let (folder, _) = with_example();
    let here = folder.path();
    let run = |arguments: &[&str]| with_passphrase(here, arguments);
    // The passphrase is the first line, the file what follows it.
    let add = ["recovery", "add", "-", "--password-stdin"];
    let (exit, out, err) = with_lines(here, &add, &[PASSPHRASE, CODES]);
    assert!(exit == 0 && out.contains("4 of 4 left"), "{out}{err}");
    assert_eq!(run(&["recovery", "edit", "GitHub"]).0, 2, "nothing was said");
    let edit =
        ["recovery", "edit", "GitHub", "--name", "Work", "--account", "Example", "--note", "in the safe"];
    let (exit, out, err) = run(&edit);
    assert!(exit == 0 && out.starts_with("Work: 4 of 4 left, for Example · ann, "), "{out}{err}");
    assert_eq!(run(&["recovery", "rm", "Wor"]).0, 1, "a part of a name deletes nothing");
    let (exit, _, err) = run(&["recovery", "rm", "Work"]);
    assert!(exit == 2 && err.contains("4 of 4 left") && err.contains("--yes does it"), "{exit}: {err}");
    let (exit, out, err) = run(&["recovery", "rm", "Work", "--yes"]);
    assert_eq!(exit, 0, "{err}");
    assert_eq!(run(&["recovery", "list"]).0, 1);
    // What is printed brings it back, original and all.
    let way = out.lines().nth(1).unwrap().trim().strip_suffix(" brings it back").unwrap();
    let way: Vec<&str> = way.strip_prefix("keyhaven ").unwrap().split(' ').collect();
    let (exit, _, err) = run(&way);
    assert_eq!(exit, 0, "{err}");
    assert_eq!(run(&["recovery", "export", "Work"]).1.trim_end(), CODES.trim_end());
}

#[test]
fn two_accounts_of_one_name_are_asked_for_and_told_apart() {
    let (folder, _) = with_example();
    let here = folder.path();
    assert_eq!(with_passphrase(here, &["add", BANK]).0, 0);
    let rename = ["edit", "Bank", "--issuer", "example"];
    let (exit, out, err) = with_passphrase(here, &rename);
    assert_eq!((exit, out.as_str()), (2, ""));
    assert!(err.contains("another account has this name") && err.contains("Example:ann ("), "{err}");
    assert_eq!(with_passphrase(here, &[&rename[..], &["--yes"]].concat()).0, 0);
    let (_, out, _) = with_passphrase(here, &["list"]);
    let ids: Vec<&str> = out.lines().map(|line| line.rsplit_once(", id ").unwrap().1).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| id.len() == 8), "{out}");
    let (exit, _, err) = with_passphrase(here, &["show", "example:ann"]);
    assert!(exit == 2 && ids.iter().all(|id| err.contains(&format!("({id})"))), "{err}");
    let (exit, out, _) = with_passphrase(here, &["rm", ids[0]]);
    assert!(exit == 0 && out.contains("brings it back"), "{out}");
    assert_eq!(accounts(here).len(), 1);
    assert_eq!(with_passphrase(here, &["show", &ids[1][..7]]).0, 1, "too short to be an id");
    // What was deleted comes back as it is said.
    let way = out.lines().nth(1).unwrap().trim().strip_suffix(" brings it back").unwrap();
    let way: Vec<&str> = way.strip_prefix("keyhaven ").unwrap().split(' ').collect();
    assert_eq!(with_passphrase(here, &way).0, 0);
    assert_eq!(accounts(here).len(), 2);
    // A script is told the same.
    let (exit, out, _) = with_passphrase(here, &["rm", ids[0], "--json"]);
    let told: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert!(exit == 0 && told["deleted"].as_str().is_some_and(|id| id.starts_with(ids[0])), "{out}");
    assert_eq!(told["recovery_sets_left"], serde_json::json!([]));
    let way = told["way_back"].as_str().and_then(|way| way.strip_suffix(" brings it back")).unwrap();
    let way: Vec<&str> = way.strip_prefix("keyhaven ").unwrap().split(' ').collect();
    assert_eq!(with_passphrase(here, &way).0, 0);
    assert_eq!(accounts(here).len(), 2);
    assert!(with_passphrase(here, &["add", EXAMPLE]).1.contains("already there"));
}

#[test]
fn a_vault_that_does_not_use_the_keyring_needs_none() {
    let (folder, _) = with_example();
    let (exit, out, _) = printed(&keyhaven_in(folder.path(), &["doctor"], b""));
    assert!(exit == 0 && out.starts_with("the vault does not use the keyring"), "{exit}: {out}");
}
