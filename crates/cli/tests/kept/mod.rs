//! What a command must not do, or must say, so that nothing is lost: each was once got wrong.

mod asking;
mod exchange;
mod recovery;
mod safety;
mod several;
#[cfg(target_os = "linux")]
mod terminal;
#[cfg(target_os = "linux")]
mod told;

use super::{PASSPHRASE, json, keyhaven_in, printed, with_passphrase};
use std::path::{Path, PathBuf};

const EXAMPLE: &str = "otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example";

const OTHER: &str = "otpauth://totp/Other:ann?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U&issuer=Other";

const CODES: &str = "GitHub recovery codes\n\n8f3a9-71c02\nb04de-9952a\nc7719-0e4d1\nd2f68-3ab90\n";

/// A folder with a vault in it that holds one account, and its recovery key.
fn with_example() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let (exit, out, err) = with_passphrase(folder.path(), &["vault", "init", "--json"]);
    assert_eq!(exit, 0, "{err}");
    assert_eq!(with_passphrase(folder.path(), &["add", EXAMPLE]).0, 0);
    (folder, json(&out)["recovery_key"].as_str().unwrap().to_owned())
}

fn accounts(home: &Path) -> Vec<serde_json::Value> {
    json(&with_passphrase(home, &["list", "--json"]).1)["accounts"].as_array().unwrap().clone()
}

#[expect(clippy::disallowed_methods, reason = "the test's own files")]
fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the test's own files")]
#[test]
fn force_replaces_a_page_whole_and_never_a_vault() {
    let (folder, _) = with_example();
    let here = folder.path();
    let vault = std::fs::read(here.join("no-such-home/vault.keyhaven")).unwrap();
    let (exit, _, err) =
        with_passphrase(here, &["paper", "--force", &path(here, "no-such-home/vault.keyhaven")]);
    assert!(exit == 2 && err.contains("this is a Keyhaven vault"), "{exit}: {err}");
    assert!(std::fs::read(here.join("no-such-home/vault.keyhaven")).unwrap() == vault);
    write(here, "page.svg", "an older page");
    std::os::unix::fs::symlink(here.join("page.svg"), here.join("link.svg")).unwrap();
    let drawn = |arguments: &[&str]| {
        printed(&keyhaven_in(here, &[&["qr", "write", "text"], arguments].concat(), b"")).0
    };
    assert_eq!(drawn(&["-o", &path(here, "link.svg")]), 2, "it is there");
    assert_eq!(std::fs::read(here.join("page.svg")).unwrap(), b"an older page");
    assert_eq!(drawn(&["-o", &path(here, "link.svg"), "--force"]), 0);
    assert!(std::fs::read_to_string(here.join("page.svg")).unwrap().starts_with("<svg"));
    assert!(here.join("link.svg").is_symlink());
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&here.join("page.svg").metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let left = |file: &PathBuf| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".keyhaven-"))
    };
    assert!(!files_of(here).iter().any(left), "{:?}", files_of(here));
}

#[cfg(unix)]
fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_string_lossy().into_owned()
}

#[test]
fn an_empty_name_deletes_no_account_without_a_name() {
    let (folder, _) = with_example();
    let here = folder.path();
    let (exit, out, _) = with_passphrase(here, &["add", "otpauth://totp/?secret=GEZDGNBVGY3TQOJQ"]);
    assert!(exit == 0 && out.starts_with("(no name): added\n"), "{exit}: {out}");
    for nothing in ["", "  ", "\t"] {
        let (exit, out, err) = with_passphrase(here, &["rm", nothing]);
        assert_eq!((exit, out.as_str()), (2, ""), "{nothing:?}");
        assert!(err.contains("the name is empty"), "{err}");
    }
    let (_, out, _) = with_passphrase(here, &["list"]);
    assert_eq!(accounts(here).len(), 2);
    assert!(out.lines().any(|line| line == "(no name)    totp, 6 digits, 30 s"), "{out}");
}

#[test]
fn a_file_without_codes_takes_the_place_of_no_codes() {
    let (folder, _) = with_example();
    let here = folder.path();
    #[expect(clippy::disallowed_methods, reason = "the test's own files")]
    let write = |name: &str, text: &str| std::fs::write(here.join(name), text).unwrap();
    write("codes.txt", CODES);
    write("letter.txt", "Dear customer,\n\nhave a nice day.\n");
    assert_eq!(with_passphrase(here, &["recovery", "add", "codes.txt"]).0, 0);
    let (exit, out, err) = with_passphrase(here, &["recovery", "replace", "GitHub", "letter.txt"]);
    assert_eq!((exit, out.as_str()), (2, ""));
    assert!(err.contains("the set that is there stays in use"), "{err}");
    let (_, out, _) = with_passphrase(here, &["recovery", "list", "--json"]);
    let sets = json(&out)["sets"].as_array().unwrap().clone();
    assert_eq!((sets.len(), sets[0]["left"].as_u64()), (1, Some(4)), "{out}");
    assert_eq!(with_passphrase(here, &["recovery", "use", "GitHub"]).1, "8f3a9-71c02\n");
}

#[test]
fn the_same_file_of_codes_is_kept_once() {
    let (folder, _) = with_example();
    let here = folder.path();
    for name in ["codes.txt", "codes (1).txt"] {
        #[expect(clippy::disallowed_methods, reason = "the test's own files")]
        std::fs::write(here.join(name), CODES).unwrap();
        assert_eq!(with_passphrase(here, &["recovery", "add", name]).0, 0);
    }
    let (_, out, _) = with_passphrase(here, &["recovery", "add", "codes.txt"]);
    assert!(out.ends_with(": already there\n"), "{out}");
    let (_, out, _) = with_passphrase(here, &["recovery", "list", "--json"]);
    assert_eq!(json(&out)["sets"].as_array().unwrap().len(), 1, "{out}");
}

#[test]
fn a_kit_makes_no_folder_and_no_vault_is_left_without_its_kit() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (exit, out, err) = with_passphrase(here, &["vault", "init", "--kit", "papers/kit.svg"]);
    assert_eq!((exit, out.as_str()), (2, ""));
    assert!(err.contains("papers: there is no such folder") && err.contains("nothing was made"), "{err}");
    assert_eq!(files_of(here), Vec::<PathBuf>::new(), "neither a folder nor a vault");
}

#[test]
fn a_backup_that_is_damaged_or_gone_is_no_good_backup() {
    let (folder, _) = with_example();
    let here = folder.path();
    std::fs::create_dir(here.join("copies")).unwrap();
    let status = || {
        let (exit, out, _) = printed(&keyhaven_in(here, &["vault", "backup", "--status"], b""));
        (exit, out)
    };
    assert_eq!(with_passphrase(here, &["vault", "backup", "--folder", "copies"]).0, 0);
    let (exit, out) = status();
    assert!(exit == 0 && out.starts_with("backups  good\n"), "{exit}: {out}");
    let backup = files_of(&here.join("copies")).remove(0);
    #[expect(clippy::disallowed_methods, reason = "the test's own damage")]
    {
        let mut bytes = std::fs::read(&backup).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&backup, bytes).unwrap();
    }
    let name = backup.file_name().unwrap().to_str().unwrap();
    let (exit, out) = status();
    assert!(exit == 1 && out.starts_with("backups  failing\n"), "{exit}: {out}");
    assert!(out.contains(name) && out.contains("damaged"), "{out}");
    #[expect(clippy::disallowed_methods, reason = "the test's own damage")]
    std::fs::remove_file(&backup).unwrap();
    let (exit, out) = status();
    assert!(exit == 1 && out.starts_with("backups  failing\n"), "{exit}: {out}");
    assert!(out.contains(name), "{out}");
}

#[test]
fn a_check_counts_accounts_apart_from_other_records() {
    let (folder, _) = with_example();
    let here = folder.path();
    let counts = || {
        let (_, out, _) = with_passphrase(here, &["vault", "check", "--json"]);
        let found = json(&out);
        (found["accounts"].as_u64().unwrap(), found["records"].as_u64().unwrap())
    };
    let (accounts, records) = counts();
    assert_eq!(accounts, 1);
    // That there are recovery codes is a record beside the accounts and no account.
    #[expect(clippy::disallowed_methods, reason = "the test's own file")]
    std::fs::write(here.join("codes.txt"), CODES).unwrap();
    assert_eq!(with_passphrase(here, &["recovery", "add", "codes.txt"]).0, 0);
    let after = counts();
    assert!(after.0 == 1 && after.1 > records, "{after:?} after {records} records");
    let words = with_passphrase(here, &["vault", "check"]).1;
    assert!(words.starts_with(&format!("1 accounts ({} records in all)", after.1)), "{words}");
}

/// Two computers change one account, and their vaults are merged.
fn undecided() -> tempfile::TempDir {
    let (folder, _) = with_example();
    let here = folder.path();
    let other = here.join("other");
    std::fs::create_dir(&other).unwrap();
    assert_eq!(printed(&keyhaven_in(here, &["vault", "backup", "copy.keyhaven"], b"")).0, 0);
    assert_eq!(printed(&keyhaven_in(&other, &["vault", "restore", "../copy.keyhaven"], b"")).0, 0);
    assert_eq!(with_passphrase(&other, &["edit", "Example", "--note", "from there"]).0, 0);
    assert_eq!(with_passphrase(here, &["edit", "Example", "--note", "from here"]).0, 0);
    assert_eq!(printed(&keyhaven_in(&other, &["vault", "backup", "../theirs.keyhaven"], b"")).0, 0);
    // What it would do is shown before it is done.
    let (exit, out, err) = with_passphrase(here, &["vault", "merge", "theirs.keyhaven"]);
    assert_eq!((exit, out.as_str()), (2, ""));
    assert!(
        err.contains("Example:ann  changed in both, both are kept") && err.contains("--yes does it"),
        "{err}"
    );
    assert_eq!(with_passphrase(here, &["vault", "merge", "theirs.keyhaven", "--yes"]).0, 0);
    folder
}

/// The notes of the only account and of its other versions, as they are numbered.
fn versions(here: &Path) -> Vec<String> {
    let (_, out, _) = with_passphrase(here, &["show", "Example"]);
    let from = out.find("\nversions").map_or(out.len(), |at| at + 1);
    out[from..].lines().take_while(|line| !line.starts_with("id ")).map(str::to_owned).collect()
}

fn note(here: &Path) -> String {
    let (_, out, _) = with_passphrase(here, &["show", "Example", "--json"]);
    json(&out)["note"].as_str().unwrap().to_owned()
}

#[test]
fn of_two_versions_the_one_that_is_named_stays() {
    for number in ["1", "2"] {
        let folder = undecided();
        let here = folder.path();
        assert_eq!(versions(here).len(), 2);
        let shown = note(here);
        for outside in ["0", "3"] {
            assert_eq!(with_passphrase(here, &["edit", "Example", "--version", outside]).0, 2, "{outside}");
        }
        assert_eq!(versions(here).len(), 2, "nothing was decided yet");
        assert_eq!(with_passphrase(here, &["edit", "Example", "--version", number]).0, 0);
        assert_eq!((versions(here).len(), accounts(here).len()), (0, 1));
        assert_eq!(note(here) == shown, number == "1", "{}", note(here));
    }
}

#[test]
fn two_versions_can_both_be_kept_as_accounts() {
    let folder = undecided();
    let here = folder.path();
    assert_eq!(with_passphrase(here, &["edit", "Example", "--keep-versions"]).0, 0);
    let mut notes: Vec<String> = accounts(here)
        .iter()
        .map(|row| {
            let id = row["id"].as_str().unwrap();
            let (_, out, _) = with_passphrase(here, &["show", id, "--json"]);
            assert!(!out.contains("as shown here"));
            json(&out)["note"].as_str().unwrap().to_owned()
        })
        .collect();
    notes.sort();
    assert_eq!(notes, ["from here", "from there"]);
}

#[test]
fn a_state_opens_with_what_opened_it_then() {
    let (folder, first_key) = with_example();
    let here = folder.path();
    let opens = |key: &str| {
        let input = format!("{key}\n");
        printed(&keyhaven_in(here, &["vault", "unlock", "--recovery-key-stdin"], input.as_bytes())).0 == 0
    };
    let (exit, out, err) = with_passphrase(here, &["vault", "slots", "renew", "--yes", "--json"]);
    assert_eq!(exit, 0, "{err}");
    let second_key = json(&out)["recovery_key"].as_str().unwrap().to_owned();
    assert!(opens(&second_key) && !opens(&first_key));
    let (_, out, _) = printed(&keyhaven_in(here, &["vault", "restore", "--list", "--json"], b""));
    let state = json(&out)["states"][0]["name"].as_str().unwrap().to_owned();
    let (exit, out, err) = printed(&keyhaven_in(
        here,
        &["vault", "restore", "--state", &state, "--password-stdin", "--yes"],
        format!("{PASSPHRASE}\n").as_bytes(),
    ));
    assert_eq!(exit, 0, "{err}");
    assert!(out.contains("it opens with what opened it then"), "{out}");
    let (_, states, _) = printed(&keyhaven_in(here, &["vault", "restore", "--list", "--json"], b""));
    let newest = json(&states)["states"][0]["name"].as_str().unwrap().to_owned();
    assert!(out.contains(&format!("kept beside it as {newest}")), "{out}");
    assert!(opens(&first_key) && !opens(&second_key));
    assert_eq!(accounts(here).len(), 1);
}

#[test]
fn what_was_added_since_a_backup_goes_only_when_that_is_said() {
    let (folder, _) = with_example();
    let here = folder.path();
    assert_eq!(printed(&keyhaven_in(here, &["vault", "backup", "old.keyhaven"], b"")).0, 0);
    let bank = "otpauth://hotp/Bank:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&counter=0";
    assert_eq!(with_passphrase(here, &["add", bank]).0, 0);
    #[expect(clippy::disallowed_methods, reason = "the test's own file")]
    std::fs::write(here.join("codes.txt"), CODES).unwrap();
    assert_eq!(with_passphrase(here, &["recovery", "add", "codes.txt"]).0, 0);
    // What is no account has a name too.
    let (_, out, _) = with_passphrase(here, &["vault", "restore", "old.keyhaven", "--dry-run"]);
    for part in ["Bank:ann", "GitHub (recovery set)", "GitHub (the original file)"] {
        assert!(out.contains(&format!("  {part}  added since\n")), "{part}: {out}");
    }
    for chosen in [&["--all"][..], &["--only", "Bank"], &["--only", "github"]] {
        let command = [&["vault", "restore", "old.keyhaven"], chosen].concat();
        let (exit, out, err) = with_passphrase(here, &command);
        assert_eq!((exit, out.as_str()), (2, ""), "{chosen:?}");
        assert!(err.contains("nothing was changed") && err.contains("--yes does it"), "{err}");
        assert_eq!(accounts(here).len(), 2);
    }
    let (exit, out, _) =
        with_passphrase(here, &["vault", "restore", "old.keyhaven", "--only", "Bank", "--yes"]);
    assert!(exit == 0 && out.contains("Bank:ann was added since, and is deleted"), "{out}");
    assert_eq!(accounts(here).len(), 1);
    assert_eq!(with_passphrase(here, &["recovery", "list"]).0, 0, "the recovery codes were not named");
}

#[test]
fn a_counter_that_a_backup_has_lower_is_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert_eq!(with_passphrase(here, &["vault", "init"]).0, 0);
    let bank = "otpauth://hotp/Bank:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&counter=0";
    assert_eq!(with_passphrase(here, &["add", bank]).0, 0);
    assert_eq!(printed(&keyhaven_in(here, &["vault", "backup", "old.keyhaven"], b"")).0, 0);
    assert_eq!(with_passphrase(here, &["code", "Bank"]).1, "755224\n");
    let (exit, out, _) = with_passphrase(here, &["vault", "restore", "old.keyhaven", "--dry-run"]);
    assert!(exit == 0 && out.contains("no record differs"), "{out}");
    assert_eq!(with_passphrase(here, &["code", "Bank"]).1, "287082\n");
}

#[test]
fn trouble_with_a_file_that_was_named_is_not_told_as_trouble_with_the_vault() {
    let (folder, _) = with_example();
    let here = folder.path();
    let elsewhere = tempfile::tempdir().unwrap();
    assert_eq!(printed(&keyhaven_in(here, &["vault", "backup", "whole.keyhaven"], b"")).0, 0);
    #[expect(clippy::disallowed_methods, reason = "the test's own files")]
    {
        let whole = std::fs::read(here.join("whole.keyhaven")).unwrap();
        std::fs::write(here.join("cut.keyhaven"), &whole[..whole.len() / 2]).unwrap();
        std::fs::write(here.join("letter.txt"), "Dear customer").unwrap();
    }
    for name in ["cut.keyhaven", "letter.txt", "none.keyhaven"] {
        let file = here.join(name);
        let file = file.to_str().unwrap();
        let asked = [
            with_passphrase(here, &["drill", "--backup", file]),
            with_passphrase(here, &["vault", "restore", file, "--dry-run"]),
            with_passphrase(here, &["vault", "merge", file]),
            with_passphrase(elsewhere.path(), &["vault", "restore", file]),
        ];
        for (exit, out, err) in asked {
            assert!(matches!(exit, 2 | 3) && out.is_empty(), "{exit}: {out}");
            assert!(err.contains(name) && !err.contains("restore --list"), "{err}");
        }
    }
    assert_eq!(files_of(elsewhere.path()), Vec::<PathBuf>::new());
}

#[test]
fn a_changed_passphrase_is_told_with_what_keeps_the_old_one() {
    let (folder, _) = with_example();
    let here = folder.path();
    assert_eq!(printed(&keyhaven_in(here, &["vault", "backup", "before.keyhaven"], b"")).0, 0);
    let input = format!("{PASSPHRASE}\nanother horse battery staple 8\n");
    let change = ["vault", "slots", "change", "--password-stdin"];
    let (exit, out, err) = printed(&keyhaven_in(here, &change, input.as_bytes()));
    assert_eq!(exit, 0, "{err}");
    assert!(out.starts_with("the passphrase is changed; ") && out.contains("saved states"), "{out}");
    let drill = ["drill", "--backup", "before.keyhaven", "--password-stdin"];
    let (exit, _, err) = printed(&keyhaven_in(here, &drill, b"another horse battery staple 8\n"));
    assert!(exit == 3 && err.contains("opens with what opened the vault when it was saved"), "{err}");
}

#[test]
fn used_codes_stay_used_and_counted_whatever_is_restored_or_given_again() {
    let (folder, _) = with_example();
    let here = folder.path();
    #[expect(clippy::disallowed_methods, reason = "the test's own file")]
    std::fs::write(here.join("codes.txt"), CODES).unwrap();
    assert_eq!(with_passphrase(here, &["recovery", "add", "codes.txt"]).0, 0);
    assert_eq!(printed(&keyhaven_in(here, &["vault", "backup", "old.keyhaven"], b"")).0, 0);
    assert_eq!(with_passphrase(here, &["recovery", "use", "GitHub"]).1, "8f3a9-71c02\n");
    // A name that is empty, as an unset variable is, names no set, though there is only one.
    for command in
        [&["use", ""][..], &["undo", ""], &["export", " ", "--codes"], &["replace", "", "codes.txt"]]
    {
        let (exit, out, err) = with_passphrase(here, &[&["recovery"], command].concat());
        assert_eq!((exit, out.as_str()), (2, ""), "{command:?}");
        assert!(err.contains("the name is empty"), "{err}");
    }
    let (exit, _, err) = with_passphrase(here, &["recovery", "replace", "GitHub", "codes.txt"]);
    assert!(exit == 2 && err.contains("the very file"), "{err}");
    let left = || json(&with_passphrase(here, &["recovery", "list", "--json"]).1)["sets"][0]["left"].as_u64();
    assert_eq!(left(), Some(3));
    let (_, out, _) = with_passphrase(here, &["vault", "restore", "old.keyhaven", "--dry-run"]);
    assert!(out.contains("no record differs"), "what was used is no difference: {out}");
    assert_eq!(with_passphrase(here, &["vault", "restore", "old.keyhaven", "--all"]).0, 0);
    assert_eq!(left(), Some(3));
    assert_eq!(with_passphrase(here, &["recovery", "use", "GitHub"]).1, "b04de-9952a\n");
}

#[test]
fn another_vault_takes_the_place_of_a_damaged_one_only_when_that_is_said() {
    let (folder, _) = with_example();
    let here = folder.path();
    let (other, _) = with_example();
    let foreign = here.join("foreign.keyhaven");
    assert_eq!(
        printed(&keyhaven_in(other.path(), &["vault", "backup", foreign.to_str().unwrap()], b"")).0,
        0
    );
    assert_eq!(printed(&keyhaven_in(here, &["vault", "backup", "own.keyhaven"], b"")).0, 0);
    let vault = here.join("no-such-home").join("vault.keyhaven");
    #[expect(clippy::disallowed_methods, reason = "the test's own damage")]
    std::fs::write(&vault, "damaged").unwrap();
    let (exit, _, err) = printed(&keyhaven_in(here, &["vault", "restore", "foreign.keyhaven"], b""));
    assert!(exit == 2 && err.contains("another vault") && err.contains("--yes"), "{exit}: {err}");
    let restore = ["vault", "restore", "own.keyhaven"];
    let (exit, _, err) = printed(&keyhaven_in(here, &restore, b""));
    assert_eq!(exit, 0, "{err}");
    assert_eq!(accounts(here).len(), 1);
}

#[test]
fn a_merge_says_what_opens_the_vault_afterwards() {
    let (folder, _) = with_example();
    let here = folder.path();
    let other = here.join("other");
    std::fs::create_dir(&other).unwrap();
    assert_eq!(printed(&keyhaven_in(here, &["vault", "backup", "copy.keyhaven"], b"")).0, 0);
    assert_eq!(printed(&keyhaven_in(&other, &["vault", "restore", "../copy.keyhaven"], b"")).0, 0);
    let input = format!("{PASSPHRASE}\nanother horse battery staple 8\n");
    let change = ["vault", "slots", "change", "--password-stdin"];
    assert_eq!(printed(&keyhaven_in(&other, &change, input.as_bytes())).0, 0);
    assert_eq!(printed(&keyhaven_in(&other, &["vault", "backup", "../theirs.keyhaven"], b"")).0, 0);
    let (exit, out, err) = with_passphrase(here, &["vault", "merge", "theirs.keyhaven", "--yes"]);
    assert_eq!(exit, 0, "{err}");
    assert!(out.contains("what was changed there opens it now"), "{out}");
}
