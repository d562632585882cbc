//! Files that go out of the vault and come in.

use super::{CODES, accounts, with_example, write};
use crate::{PASSPHRASE, json, keyhaven, keyhaven_in, printed, with_passphrase};
use std::path::Path;

const PASSWORD: &str = "six brown horses in a row";

fn export(here: &Path, format: &str, name: &str, password: &str) -> (i32, String, String) {
    let arguments = ["export", "--format", format, "-o", name, "--password-stdin", "--export-password-stdin"];
    printed(&keyhaven_in(here, &arguments, format!("{PASSPHRASE}\n{password}\n").as_bytes()))
}

#[test]
fn an_own_export_comes_back_with_everything_and_says_what_it_leaves_out() {
    let (folder, _) = with_example();
    let here = folder.path();
    let hotp = "otpauth://hotp/Bank:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&counter=41";
    assert_eq!(with_passphrase(here, &["add", hotp]).0, 0);
    let edit = ["edit", "Example", "--note", "in the drawer", "--tags", "work,home", "--pin", "true"];
    assert_eq!(with_passphrase(here, &edit).0, 0);
    write(here, "codes.txt", CODES);
    assert_eq!(with_passphrase(here, &["recovery", "add", "codes.txt"]).0, 0);

    let (exit, _, err) = export(here, "keyhaven", "weak.keyhaven", "password");
    assert!(exit == 2 && !here.join("weak.keyhaven").exists(), "{exit}: {err}");
    let (exit, out, err) = export(here, "keyhaven", "own.keyhaven", PASSWORD);
    assert!(exit == 0 && out.contains("2 accounts for Keyhaven, sealed"), "{out}{err}");
    assert!(err.contains("recovery sets, which a backup of the vault has: GitHub"), "{err}");

    let other = tempfile::tempdir().unwrap();
    let there = other.path();
    assert_eq!(with_passphrase(there, &["vault", "init"]).0, 0);
    let file = here.join("own.keyhaven");
    let import = |password: &str, more: &[&str]| {
        let arguments = [&["import", file.to_str().unwrap(), "--password-stdin"], more].concat();
        printed(&keyhaven_in(there, &arguments, format!("{password}\n{PASSPHRASE}\n").as_bytes()))
    };
    let (exit, _, err) = import("wrong", &["--vault-password-stdin"]);
    assert!(exit == 2 && err.contains("the password is wrong"), "{exit}: {err}");
    let (exit, out, err) = import(PASSWORD, &["--dry-run", "--json", "--show-secrets"]);
    assert_eq!(exit, 0, "{err}");
    let seen = json(&out);
    assert_eq!((seen["format"].as_str(), seen["accounts"].as_array().unwrap().len()), (Some("keyhaven"), 2));
    assert_eq!(seen["accounts"][0]["note"], "in the drawer", "{out}");
    let (exit, out, err) = import(PASSWORD, &["--vault-password-stdin"]);
    assert_eq!((exit, err.as_str()), (0, ""));
    assert!(
        out.contains(": Keyhaven, 2 accounts, 0 problems\n") && out.contains("Bank: ann  (added)"),
        "{out}"
    );
    let (_, out, _) = import(PASSWORD, &["--vault-password-stdin"]);
    assert_eq!(out.matches("(already there)").count(), 2, "{out}");
    assert_eq!(accounts(there).len(), 2);
    let (_, out, _) = with_passphrase(there, &["show", "Example", "--json"]);
    let shown = json(&out);
    assert_eq!(
        (shown["note"].as_str(), shown["row"]["pinned"].as_bool()),
        (Some("in the drawer"), Some(true))
    );
    assert_eq!(shown["row"]["tags"], serde_json::json!(["work", "home"]), "{out}");
    assert!(shown["history"].as_array().is_some_and(|history| !history.is_empty()), "{out}");
    assert!(with_passphrase(there, &["show", "Example"]).1.contains("\npinned "), "{out}");
    assert_eq!(json(&with_passphrase(there, &["show", "Bank", "--json"]).1)["counter"], 41);

    // A whole vault is read too; what of it does not come along is told.
    assert_eq!(printed(&keyhaven_in(here, &["vault", "backup", "whole.keyhaven"], b"")).0, 0);
    let whole = here.join("whole.keyhaven");
    let arguments = ["import", whole.to_str().unwrap(), "--dry-run", "--password-stdin"];
    let (exit, out, _) = printed(&keyhaven(&arguments, format!("{PASSPHRASE}\n").as_bytes()));
    assert!(exit == 2 && out.contains("not taken along: 1 recovery set;"), "{exit}: {out}");
}

#[test]
fn a_weak_password_of_another_programs_file_is_told_and_taken() {
    let (folder, _) = with_example();
    let (exit, _, err) = export(folder.path(), "2fas-encrypted", "a.2fas", "secret");
    assert!(exit == 0 && err.contains("this password is weak"), "{exit}: {err}");
    let (exit, _, err) = export(folder.path(), "2fas-encrypted", "b.2fas", PASSWORD);
    assert_eq!((exit, err.as_str()), (0, ""));
}

#[test]
fn nothing_to_export_is_a_no_and_a_folder_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    assert_eq!(with_passphrase(here, &["vault", "init"]).0, 0);
    for more in [&["-o", "out.txt"][..], &["--dry-run"]] {
        let command = [&["export", "--format", "otpauth"], more].concat();
        let (exit, out, err) = with_passphrase(here, &command);
        assert_eq!((exit, out.as_str()), (1, ""));
        assert!(err.contains("nothing to export: there are no accounts"), "{err}");
    }
    let hotp = "otpauth://hotp/Bank:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&counter=41";
    assert_eq!(with_passphrase(here, &["add", hotp]).0, 0);
    let (exit, _, err) = with_passphrase(here, &["export", "--format", "proton", "-o", "out.json"]);
    assert!(exit == 1 && err.contains("can hold none of these accounts"), "{exit}: {err}");
    let (exit, _, err) = with_passphrase(here, &["export", "--format", "otpauth", "-o", "no-such-home"]);
    assert!(exit == 2 && err.contains("this is a folder; name a file in it"), "{exit}: {err}");
}

#[test]
fn what_was_saved_as_a_pdf_is_read_from_it() {
    let (folder, _) = with_example();
    let here = folder.path();
    assert_eq!(with_passphrase(here, &["export", "--format", "pdf", "-o", "sheet.pdf"]).0, 0);
    let without_vault = |arguments: &[&str]| printed(&keyhaven_in(here, arguments, b""));
    let (_, uri, err) = without_vault(&["qr", "read", "sheet.pdf"]);
    assert!(uri.starts_with("otpauth://totp/Example"), "{uri}{err}");
    let (_, out, _) = without_vault(&["qr", "read", "sheet.pdf", "--json"]);
    let code = &json(&out)["codes"][0];
    assert_eq!((code["page"].as_u64(), code["text"].as_str()), (Some(1), Some(uri.trim())));
    let (exit, out, err) = without_vault(&["import", "sheet.pdf", "--dry-run", "--json"]);
    assert_eq!((exit, json(&out)["accounts"].as_array().map(Vec::len)), (0, Some(1)), "{out}{err}");
    let (exit, out, err) = without_vault(&["inspect", "sheet.pdf"]);
    assert!(exit == 0 && out.contains("code 1 of sheet.pdf, page 1"), "{exit}: {out}{err}");
    // What the vault has is known again.
    let (exit, out, err) = with_passphrase(here, &["add", "sheet.pdf"]);
    assert!(
        accounts(here).len() == 1 && [&out, &err].iter().any(|text| text.contains("already")),
        "{exit}: {out}{err}"
    );

    let renew = ["vault", "slots", "renew", "--yes", "--kit", "kit.pdf"];
    assert_eq!(with_passphrase(here, &renew).0, 0);
    let (_, key, _) = without_vault(&["qr", "read", "kit.pdf"]);
    let opened = keyhaven_in(here, &["list", "--recovery-key-stdin"], key.as_bytes());
    assert_eq!(printed(&opened).0, 0, "the kit's code is the key");

    assert_eq!(with_passphrase(here, &["paper", "paper.pdf"]).0, 0);
    let other = tempfile::tempdir().unwrap();
    let paper = here.join("paper.pdf");
    let restore = ["restore", "--pages", paper.to_str().unwrap()];
    let (exit, out, err) = printed(&keyhaven_in(other.path(), &restore, b""));
    assert_eq!(exit, 0, "{out}{err}");
    assert_eq!(accounts(other.path()).len(), 1);
}

#[test]
fn a_drawing_and_a_document_are_told_what_to_do_with() {
    let (folder, _) = with_example();
    let here = folder.path();
    write(here, "drawn.svg", "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n");
    write(here, "broken.pdf", "%PDF-1.7\n");
    for (file, words) in [("drawn.svg", "save it as PNG"), ("broken.pdf", "this PDF is damaged")] {
        let commands: [&[&str]; 4] = [
            &["qr", "read", file],
            &["inspect", file],
            &["restore", "--pages", file],
            &["import", file, "--dry-run"],
        ];
        for command in commands {
            let (exit, out, err) = printed(&keyhaven_in(here, command, b""));
            assert!(exit == 2 && out.is_empty() && err.contains(words), "{command:?}, {exit}: {err}");
        }
        let (exit, _, err) = with_passphrase(here, &["add", file]);
        assert!(exit == 2 && err.contains(words), "{exit}: {err}");
    }
}

#[test]
fn every_parameter_that_cannot_be_read_is_named() {
    let uri = "otpauth://hotp/x?secret=0189&digits=99&algorithm=SHA9&counter=many";
    let (exit, out, err) = printed(&keyhaven(&["inspect", uri], b""));
    assert_eq!((exit, out.as_str()), (2, ""));
    for name in ["secret", "digits", "algorithm", "counter"] {
        assert_eq!(err.matches(&format!("the parameter {name}")).count(), 1, "{name}: {err}");
    }
    let (exit, _, err) = printed(&keyhaven(&["inspect", ""], b""));
    assert!(exit == 2 && !err.contains(": :"), "{exit}: {err}");
}

#[test]
fn a_split_kit_goes_to_a_folder_whole_or_not_at_all_and_what_is_printed_joins() {
    let (folder, key) = with_example();
    let here = folder.path();
    std::fs::create_dir(here.join("shares")).unwrap();
    let key_line = format!("{key}\n");
    let split = |more: &[&str]| {
        let arguments = [&["kit", "split", "--recovery-key-stdin"], more].concat();
        printed(&keyhaven_in(here, &arguments, key_line.as_bytes()))
    };
    write(here, "shares/keyhaven-share-2.pdf", "the only one");
    let (exit, _, err) = split(&["-o", "shares"]);
    assert!(exit == 2 && err.contains("keyhaven-share-2.pdf") && !err.contains("--force"), "{exit}: {err}");
    assert!(!here.join("shares/keyhaven-share-1.pdf").exists());
    let (exit, _, err) = split(&["-o", "shares/keyhaven-share-2.pdf"]);
    assert!(exit == 2 && err.contains("this is a file; name a folder"), "{exit}: {err}");
    let (exit, out, _) = split(&[]);
    assert_eq!(exit, 0);
    let (exit, joined, err) = printed(&keyhaven_in(here, &["kit", "join"], out.as_bytes()));
    assert_eq!((exit, joined), (0, key_line.clone()), "{err}");
}
