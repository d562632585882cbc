//! A file of recovery codes on the command line: linked only when that is said, its download tidied only when that is
//! said, no code printed that nobody asked for, none of a set that was replaced.

use super::{CODES, with_example, write};
use crate::{PASSPHRASE, json, with_passphrase};
use std::path::Path;

const GITHUB: &str = "otpauth://totp/GitHub:ann?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U&issuer=GitHub";

/// A vault with an account of GitHub's, and a download of its codes.
fn with_download() -> tempfile::TempDir {
    let (folder, _) = with_example();
    assert_eq!(with_passphrase(folder.path(), &["add", GITHUB]).0, 0);
    write(folder.path(), "codes.txt", CODES);
    folder
}

fn account(here: &Path) -> Option<String> {
    let (_, out, _) = with_passphrase(here, &["recovery", "list", "--json"]);
    json(&out)["sets"][0]["account_name"].as_str().map(str::to_owned)
}

#[test]
fn a_set_is_linked_to_an_account_only_when_that_is_said() {
    for arguments in [&[][..], &["--json"]] {
        let folder = with_download();
        let here = folder.path();
        let add = [&["recovery", "add", "codes.txt"], arguments].concat();
        let (exit, out, err) = with_passphrase(here, &add);
        assert_eq!(exit, 0, "{err}");
        if arguments.is_empty() {
            assert!(out.contains("it seems to belong to GitHub:ann: keyhaven recovery edit"), "{out}");
        } else {
            assert_eq!(json(&out)["perhaps_account"], "GitHub:ann", "{out}");
        }
        assert_eq!(account(here), None);
        // What was said does it.
        assert_eq!(with_passphrase(here, &["recovery", "edit", "GitHub", "--account", "GitHub"]).0, 0);
        assert_eq!(account(here).as_deref(), Some("GitHub · ann"));
    }
    for said in [&["--link"][..], &["--account", "GitHub"]] {
        let folder = with_download();
        let add = [&["recovery", "add", "codes.txt", "--json"], said].concat();
        let (exit, out, err) = with_passphrase(folder.path(), &add);
        assert_eq!(exit, 0, "{err}");
        assert!(json(&out).get("perhaps_account").is_none(), "{out}");
        assert_eq!(account(folder.path()).as_deref(), Some("GitHub · ann"));
    }
}

#[test]
fn a_download_is_erased_when_that_is_said_and_left_alone_else() {
    let folder = with_download();
    let here = folder.path();
    let (exit, out, _) = with_passphrase(here, &["recovery", "add", "codes.txt"]);
    assert!(exit == 0 && out.contains("codes.txt is left as it is"), "{exit}: {out}");
    assert!(here.join("codes.txt").exists());
    let (exit, _, err) = with_passphrase(here, &["recovery", "add", "codes.txt", "--bin", "--erase"]);
    assert!(exit == 2 && err.contains("cannot be used with"), "{exit}: {err}");

    write(here, "new.txt", &CODES.replace("8f3a9", "8f3a8"));
    let (exit, out, err) = with_passphrase(here, &["recovery", "replace", "GitHub", "new.txt", "--erase"]);
    assert_eq!(exit, 0, "{err}");
    assert!(out.contains("new.txt is overwritten and deleted; SSDs"), "{out}");
    assert!(!here.join("new.txt").exists());
    write(here, "other.txt", "Slack backup codes\n\n482913\n057264\n918340\n663172\n");
    let (exit, out, err) = with_passphrase(here, &["recovery", "add", "other.txt", "--erase", "--json"]);
    assert_eq!(exit, 0, "{err}");
    assert_eq!(json(&out)["set"]["tidied"]["way"], "erase", "{out}");
    assert!(!here.join("other.txt").exists());
    assert_eq!(with_passphrase(here, &["recovery", "use", "Slack"]).1, "482913\n", "it is in the vault");
}

#[test]
fn what_is_taken_back_is_named_by_its_form() {
    let folder = with_download();
    let here = folder.path();
    assert_eq!(with_passphrase(here, &["recovery", "add", "codes.txt"]).0, 0);
    assert_eq!(with_passphrase(here, &["recovery", "use", "GitHub"]).1, "8f3a9-71c02\n");
    let (exit, out, _) = with_passphrase(here, &["recovery", "undo", "GitHub"]);
    assert_eq!(exit, 0);
    assert!(out.starts_with("code 1 of 4 is unused again: •••••-•••••\n"), "{out}");
    assert!(!out.contains("8f3a9"), "{out}");
}

#[test]
fn a_set_that_was_replaced_gives_no_code() {
    let folder = with_download();
    let here = folder.path();
    let (_, out, _) = with_passphrase(here, &["recovery", "add", "codes.txt", "--json"]);
    let old = json(&out)["set"]["id"].as_str().unwrap().to_owned();
    write(here, "new.txt", &CODES.replace("8f3a9", "8f3a8"));
    assert_eq!(with_passphrase(here, &["recovery", "replace", "GitHub", "new.txt"]).0, 0);
    for command in [&["use", &old][..], &["export", &old, "--codes"]] {
        let (exit, out, err) = with_passphrase(here, &[&["recovery"], command].concat());
        assert_eq!((exit, out.as_str()), (2, ""), "{command:?}");
        assert!(err.contains("its codes are void"), "{err}");
    }
    assert_eq!(with_passphrase(here, &["recovery", "export", &old, "--codes", "--all"]).1.lines().count(), 4);
    assert_eq!(with_passphrase(here, &["recovery", "use", "GitHub"]).1, "8f3a8-71c02\n");
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_both_are_asked() {
    const LINK: &str = "Link it? Type yes: ";
    const TIDY: &str = "Type bin or erase, or nothing to leave it: ";
    for (link, tidy) in [("yes", "erase"), ("", "")] {
        let folder = with_download();
        let here = folder.path();
        let answers = [("Passphrase: ", PASSPHRASE), (LINK, link), (TIDY, tidy)];
        let (exit, out) = super::terminal::typed(here, &["recovery", "add", "codes.txt"], &answers);
        assert_eq!(exit, 0, "{out}");
        assert!(out.contains("It seems to belong to GitHub:ann."), "{out}");
        assert_eq!(account(here).is_some(), link == "yes", "{out}");
        assert_eq!(here.join("codes.txt").exists(), tidy.is_empty(), "{out}");
    }
}
