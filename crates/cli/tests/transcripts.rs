//! Every command as a readable transcript (`transcripts/*.md`): what is typed, what is printed, the exit code. What
//! a transcript cannot show (standard input, files that were made) is tried below.
//!
//! `TRYCMD=overwrite cargo test -p keyhaven-cli` writes what the program prints now; read the difference.

mod kept;
mod programs;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        .case("tests/transcripts/*.md")
        // Nothing of the developer's own home, whatever a transcript forgets.
        .env("KEYHAVEN_HOME", "no-such-home");
}

/// Every command on a vault that the transcript makes itself, from its first line on.
#[test]
fn vault_transcripts() {
    let program = Path::new(env!("CARGO_BIN_EXE_keyhaven"));
    let typed =
        program.with_file_name("examples").join("typed").with_extension(std::env::consts::EXE_EXTENSION);
    assert!(typed.is_file(), "cargo test --test leaves examples out; build them: {}", typed.display());
    trycmd::TestCases::new()
        .case("tests/vault/*.md")
        .register_bin("typed", typed)
        .env("KEYHAVEN_HOME", "home")
        // No keyring of the developer's either.
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=no-such-bus");
}

fn keyhaven(arguments: &[&str], input: &[u8]) -> Output {
    keyhaven_in(Path::new("."), arguments, input)
}

/// Runs the program in a folder, with its vault there, and without any keyring.
fn keyhaven_in(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyhaven"))
        .args(arguments)
        .current_dir(folder)
        .env("KEYHAVEN_HOME", "no-such-home")
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may have ended by now.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn printed(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

const URI: &str = "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8";

#[test]
fn a_dash_reads_the_uri_from_standard_input() {
    let with_line_end = format!("{URI}\r\n");
    let code = keyhaven(&["code", "-", "--at", "59"], with_line_end.as_bytes());
    assert_eq!(printed(&code), (0, "94287082\n".into(), String::new()));
    let verdict = keyhaven(&["verify", "-", "94287082", "--at", "59"], URI.as_bytes());
    assert_eq!(printed(&verdict), (0, "right\n".into(), String::new()));
    let (exit, out, _) = printed(&keyhaven(&["inspect", "-"], format!("{URI}\n{URI}\n").as_bytes()));
    assert_eq!((exit, out.matches("of standard input: account URI").count()), (0, 2));
}

#[test]
fn a_picture_may_come_through_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("code.png");
    let drawn = keyhaven(&["qr", "write", "-", "-o", picture.to_str().unwrap()], b"from a pipe\n");
    assert_eq!(printed(&drawn), (0, String::new(), String::new()));
    #[expect(clippy::disallowed_methods, reason = "the test's own file")]
    let bytes = std::fs::read(&picture).unwrap();
    assert_eq!(printed(&keyhaven(&["qr", "read", "-"], &bytes)), (0, "from a pipe\n".into(), String::new()));
}

#[cfg(unix)]
#[test]
fn a_picture_of_a_secret_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("code.svg");
    keyhaven(&["qr", "write", URI, "-o", picture.to_str().unwrap()], b"");
    assert_eq!(picture.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn standard_input_that_is_no_text_is_named() {
    let (exit, out, err) = printed(&keyhaven(&["code", "-"], b"otpauth://totp/\xff"));
    assert_eq!((exit, out.as_str()), (2, ""));
    assert_eq!(err, "keyhaven: standard input: not UTF-8 at byte 15\n");
    let (exit, _, err) = printed(&keyhaven(&["code", "-"], &vec![b'x'; (1 << 20) + 1]));
    assert_eq!((exit, err.as_str()), (2, "keyhaven: standard input: more than 1 MiB of text\n"));
}

/// Whatever is wrong with a URI, the secret in it is in no message.
#[test]
fn no_error_repeats_a_secret() {
    for uri in [
        "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&digits=99",
        "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&algorithm=GEZDGNBVGY3TQOJQ",
        "otpauth://GEZDGNBVGY3TQOJQ/x?secret=",
        "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ0",
        "GEZDGNBVGY3TQOJQ://totp",
    ] {
        for command in ["code", "explain", "inspect"] {
            let (exit, out, err) = printed(&keyhaven(&[command, uri], b""));
            assert_eq!((exit, out.as_str()), (2, ""), "{command} {uri}");
            assert!(!err.is_empty() && !err.contains("GEZDGNBVGY3TQOJQ"), "{command} {uri}: {err}");
        }
    }
}

#[test]
fn every_command_has_a_man_page_and_a_completion() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let made = keyhaven(&["man", "--folder", pages.to_str().unwrap()], b"");
    assert_eq!(printed(&made), (0, String::new(), String::new()));
    let (_, main_page, _) = printed(&keyhaven(&["man"], b""));
    assert!(main_page.contains(".TH keyhaven 1"), "{main_page}");
    // Every command that the help names, and every command of those, has one.
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    let mut pages_seen = 0;
    while let Some(command) = waiting.pop() {
        let page = pages.join(format!("{}.1", [&["keyhaven".to_owned()], &command[..]].concat().join("-")));
        assert!(page.metadata().is_ok_and(|page| page.len() > 200), "{}", page.display());
        pages_seen += 1;
        let asked: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let (exit, help, _) = printed(&keyhaven(&asked, b""));
        assert_eq!(exit, 0, "{asked:?}");
        let Some((_, commands)) = help.split_once("\nCommands:\n") else { continue };
        let lines = commands.lines().take_while(|line| !line.is_empty());
        // Continued descriptions are indented further.
        let names =
            lines.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
        waiting.extend(
            names.filter(|name| *name != "help").map(|name| [&command[..], &[name.to_owned()]].concat()),
        );
    }
    assert!(pages_seen > 40, "only {pages_seen} commands were found in the help");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (exit, script, _) = printed(&keyhaven(&["completions", shell], b""));
        assert_eq!(exit, 0);
        for word in ["explain", "inspect", "vectors", "skew", "window"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
    }
}

const PASSPHRASE: &str = "correct horse battery staple 9";

/// Runs a command on the vault in `folder`, its passphrase on standard input.
fn with_passphrase(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let arguments = [arguments, &["--password-stdin"]].concat();
    printed(&keyhaven_in(folder, &arguments, format!("{PASSPHRASE}\n").as_bytes()))
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// One vault's life: made, filled, used, edited, copied, emptied, merged, checked, restored.
#[test]
fn a_vault_from_its_making_to_its_restoring() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();

    let (exit, out, err) = with_passphrase(here, &["vault", "init", "--kit", "kit.svg", "--json"]);
    assert_eq!((exit, err.as_str()), (0, ""));
    let made = json(&out);
    let recovery_key = made["recovery_key"].as_str().unwrap().to_owned();
    assert!(here.join("kit.svg").metadata().unwrap().len() > 1000);
    let (exit, _, err) = with_passphrase(here, &["vault", "init"]);
    assert_eq!(exit, 3);
    assert!(err.contains("there is a vault already"), "{err}");

    // What opens it, and what does not. Wrong is told from mistyped.
    let (exit, out, _) = printed(&keyhaven_in(here, &["vault", "info", "--json"], b""));
    assert_eq!((exit, json(&out)["has_passphrase"].as_bool()), (0, Some(true)));
    let unlock = |option: &str, text: &str| {
        printed(&keyhaven_in(here, &["vault", "unlock", "--json", option], format!("{text}\n").as_bytes()))
    };
    let (exit, out, _) = unlock("--recovery-key-stdin", &recovery_key);
    assert_eq!((exit, json(&out)["opened_with"].as_str()), (0, Some("recovery_key")));
    let (exit, out, err) = unlock("--password-stdin", "wrong");
    assert_eq!((exit, out.as_str()), (3, ""));
    assert!(err.contains("the passphrase is not this vault's") && !err.contains("wrong"), "{err}");
    let (exit, _, err) = unlock("--recovery-key-stdin", "AAAA-BBBB");
    assert_eq!(exit, 3, "{err}");
    let (exit, _, err) = printed(&keyhaven_in(here, &["list"], b""));
    assert_eq!(exit, 2);
    assert!(err.contains("--password-stdin"), "{err}");

    // Accounts come in; a broken one blocks no other, and what is there is not doubled.
    let hotp = "otpauth://hotp/Bank:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Bank&counter=0";
    let totp = "otpauth://totp/Example:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example&digits=8";
    let (exit, out, err) = with_passphrase(here, &["add", totp, hotp, "otpauth://totp/x"]);
    assert!(exit == 2 && out.contains("Example:ann: added\n") && out.contains("Bank:ann: added\n"), "{out}");
    assert!(err.contains("argument 3") && err.contains("secret is missing"), "{err}");
    assert!(with_passphrase(here, &["add", totp]).1.starts_with("Example:ann: already there\n"));

    // Codes: at any moment for a time-based one; a counter moves on and is on disk before its code shows.
    let (_, out, _) = with_passphrase(here, &["code", "example", "--at", "1111111109", "--json"]);
    let code = json(&out);
    assert_eq!(code["code"], "07081804");
    assert_eq!(code["previous"], "89731029");
    assert_eq!(code["next"], "14050471");
    assert_eq!((code["counter"].as_u64(), code["seconds_left"].as_u64()), (Some(37_037_036), Some(1)));
    assert_eq!(with_passphrase(here, &["code", "bank"]), (0, "755224\n".into(), String::new()));
    assert_eq!(with_passphrase(here, &["code", "Bank:ann"]), (0, "287082\n".into(), String::new()));
    assert_eq!(with_passphrase(here, &["code", "bank", "--at", "59"]).0, 2);
    let (exit, _, err) = with_passphrase(here, &["code", "ann"]);
    assert!(exit == 2 && err.contains("2 accounts fit"), "{err}");
    assert_eq!(with_passphrase(here, &["code", "nobody"]).0, 1);

    // Looking and changing. A secret shows only when it is asked for.
    let (_, out, _) =
        with_passphrase(here, &["edit", "bank", "--tags", "money,home", "--note", "the branch"]);
    assert!(out.contains("money, home") && out.contains("the branch"), "{out}");
    let (_, out, _) = with_passphrase(here, &["show", "bank"]);
    assert!(out.contains("counter    2") && !out.contains("GEZDGNBV"), "{out}");
    assert!(with_passphrase(here, &["show", "bank", "--secret"]).1.contains("GEZDGNBV"));
    let (_, out, _) = with_passphrase(here, &["list", "money", "--json"]);
    assert_eq!(json(&out)["accounts"].as_array().unwrap().len(), 1);
    assert_eq!(with_passphrase(here, &["list", "nothing like it"]).0, 1);

    // A copy, a deletion that a merge does not undo, a check, and the copy as the vault of another home.
    let backup = |name: &str| printed(&keyhaven_in(here, &["vault", "backup", name], b""));
    assert_eq!(backup("copy.keyhaven").0, 0);
    assert_eq!(backup("copy.keyhaven").0, 3, "a backup overwrites nothing");
    assert_eq!(with_passphrase(here, &["rm", "exam"]).0, 1, "a part of a name deletes nothing");
    let (_, out, _) = with_passphrase(here, &["rm", "Example"]);
    assert!(out.starts_with("Example:ann: deleted\n") && out.ends_with(" brings it back\n"), "{out}");
    assert_eq!(with_passphrase(here, &["vault", "merge", "copy.keyhaven", "--yes"]).0, 0);
    let (_, out, _) = with_passphrase(here, &["list", "--json"]);
    assert_eq!(json(&out)["accounts"].as_array().unwrap().len(), 1);
    let (exit, out, _) = with_passphrase(here, &["vault", "check", "--json"]);
    assert_eq!((exit, json(&out)["problems"].as_array().unwrap().len()), (0, 0));
    let (_, out, _) = printed(&keyhaven_in(here, &["vault", "restore", "--list", "--json"], b""));
    // Of the two moves of the counter none is kept: what came after them has all of it.
    assert_eq!(json(&out)["states"].as_array().unwrap().len(), 3, "{out}");
    let (exit, _, err) = printed(&keyhaven_in(here, &["vault", "restore", "copy.keyhaven"], b""));
    assert!(exit == 3 && err.contains("there is a vault already"), "{err}");
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = here.join("copy.keyhaven");
    let restored = keyhaven_in(elsewhere.path(), &["vault", "restore", copy.to_str().unwrap()], b"");
    assert_eq!(printed(&restored).0, 0);
    let (_, out, _) = with_passphrase(elsewhere.path(), &["list", "--json"]);
    assert_eq!(json(&out)["accounts"].as_array().unwrap().len(), 2);

    // A saved state is looked into, and single records are brought back, without going back to it.
    let (_, out, _) = printed(&keyhaven_in(here, &["vault", "restore", "--list", "--json"], b""));
    let states = json(&out)["states"].as_array().unwrap().clone();
    let held = |state: &&serde_json::Value| {
        let name = state["name"].as_str().unwrap();
        let look = ["vault", "restore", "--state", name, "--dry-run"];
        with_passphrase(here, &look).1.contains("Example:ann  missing now")
    };
    let state = states.iter().find(held).expect("a state from before the deletion");
    let state = state["name"].as_str().unwrap();
    let accounts =
        || json(&with_passphrase(here, &["list", "--json"]).1)["accounts"].as_array().unwrap().len();
    assert_eq!(accounts(), 1, "looking changes nothing");
    let wrong =
        keyhaven_in(here, &["vault", "restore", "--state", state, "--password-stdin"], b"another one\n");
    let (exit, _, err) = printed(&wrong);
    assert!(exit == 3 && err.contains("the passphrase is not this vault's"), "{exit}: {err}");
    assert_eq!(accounts(), 1);
    let only = ["vault", "restore", "--state", state, "--only", "Example"];
    assert_eq!(with_passphrase(here, &only).0, 0);
    assert_eq!(accounts(), 2);
}

/// An export read into a vault: everything beside the account comes along, nothing is doubled, the bin stays out.
#[test]
fn an_import_adds_what_the_vault_has_not() {
    const EXPORT: &str = r#"{"version":1,"header":{"slots":null,"params":null},"db":{"version":3,
        "groups":[{"uuid":"1","name":"work"}],
        "entries":[
            {"type":"totp","issuer":"Example","name":"me","note":"in the drawer","favorite":true,"groups":["1"],
             "info":{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ","algo":"SHA256","digits":8,"period":60}},
            {"type":"hotp","issuer":"Bank","name":"me",
             "info":{"secret":"MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U","algo":"SHA1","digits":6,"counter":41}},
            {"type":"word","issuer":"Odd","name":"one","info":{"secret":"AAAA"}}]}}"#;
    const BIN: &str =
        "otpauth://totp/Gone:me?secret=GEZDGNBVGY3TQOJQ&codeDisplay=%7B%22trashed%22%3Atrue%7D\n";
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    #[expect(clippy::disallowed_methods, reason = "the test's own files")]
    let write = |name: &str, text: &str| {
        std::fs::write(here.join(name), text).unwrap();
        here.join(name).to_str().unwrap().to_owned()
    };
    let (export, bin) = (write("export.json", EXPORT), write("bin.txt", BIN));
    assert_eq!(with_passphrase(here, &["vault", "init", "--kit", "kit.svg"]).0, 0);
    let import = || {
        let arguments = ["import", &export, &bin, "--json", "--vault-password-stdin"];
        printed(&keyhaven_in(here, &arguments, format!("{PASSPHRASE}\n").as_bytes()))
    };
    let outcomes = |out: &str| {
        let value = json(out);
        let accounts = value["accounts"].as_array().unwrap().clone();
        accounts.iter().map(|account| account["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (exit, out, err) = import();
    assert_eq!((exit, err.as_str()), (2, ""), "an entry could not be read");
    assert_eq!(outcomes(&out), ["added", "added", "left_in_bin"]);
    assert_eq!(json(&out)["problems"][0]["entry"], "Odd: one");
    assert!(!out.contains("GEZDGNBVGY3TQOJQ") && !out.contains("drawer"), "{out}");

    let (_, out, _) = with_passphrase(here, &["show", "Example", "--json"]);
    let shown = json(&out);
    assert_eq!(
        (shown["note"].as_str(), shown["row"]["pinned"].as_bool()),
        (Some("in the drawer"), Some(true)),
        "{out}"
    );
    assert_eq!(shown["row"]["tags"], serde_json::json!(["work"]), "{out}");
    let (_, out, _) = with_passphrase(here, &["show", "Bank", "--json"]);
    assert_eq!(json(&out)["counter"], 41, "{out}");

    let (exit, out, _) = import();
    assert_eq!(
        (exit, outcomes(&out)),
        (2, vec!["already_there".into(), "already_there".into(), "left_in_bin".into()])
    );
    let (_, out, _) = with_passphrase(here, &["list", "--json"]);
    assert_eq!(json(&out)["accounts"].as_array().unwrap().len(), 2);
}

/// An encrypted export whose password comes before the vault's passphrase; a file and a password cannot share the way.
#[test]
fn a_password_is_asked_for_and_a_wrong_one_told() {
    let folder = tempfile::tempdir().unwrap();
    let export = folder.path().join("export.2fas");
    let account = keyhaven_otp::Account::new(
        "Example",
        "me",
        keyhaven_secret::SecretBytes::new(b"12345678901234567890".to_vec()),
        keyhaven_otp::Kind::totp(),
    );
    let exported =
        [keyhaven_interchange::write::Exported { account: &account, note: None, tags: &[], pinned: false }];
    let password = keyhaven_secret::SecretText::new(" of the file ".into());
    let bytes = keyhaven_interchange::write::write(
        keyhaven_interchange::write::Target::TwoFasEncrypted,
        &exported,
        Some(&password),
        keyhaven_interchange::write::Work::Least,
    )
    .unwrap();
    #[expect(clippy::disallowed_methods, reason = "the test's own file")]
    std::fs::write(&export, bytes.expose()).unwrap();
    let export = export.to_str().unwrap();
    let dry = |arguments: &[&str], input: &str| {
        let arguments = [&["import", export, "--dry-run"], arguments].concat();
        printed(&keyhaven(&arguments, input.as_bytes()))
    };
    let (exit, out, err) = dry(&[], "");
    assert_eq!((exit, out.as_str()), (2, ""));
    assert!(err.contains("--password-stdin"), "{err}");
    let (exit, _, err) = dry(&["--password-stdin"], "of the file\n");
    assert_eq!(exit, 2);
    assert!(err.contains("the password is wrong"), "{err}");
    let (exit, out, err) = dry(&["--password-stdin"], " of the file \r\n");
    assert_eq!((exit, err.as_str()), (0, ""));
    assert!(out.contains("Example: me"), "{out}");
    let (exit, _, err) = printed(&keyhaven(&["import", "-", "--dry-run", "--password-stdin"], b"x\n"));
    assert_eq!(exit, 2);
    assert!(err.contains("both"), "{err}");
}

/// A downloaded file kept, its codes given out one by one, replaced by a new download, and had back byte for byte.
#[test]
fn recovery_codes_are_kept_used_and_replaced() {
    const FILE: &str =
        "GitHub recovery codes\r\n\r\n8f3a9-71c02\r\nb04de-9952a\r\nc7719-0e4d1\r\nd2f68-3ab90\r\n";
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    #[expect(clippy::disallowed_methods, reason = "the test's own files")]
    let write = |name: &str, text: &str| {
        std::fs::write(here.join(name), text).unwrap();
        here.join(name).to_str().unwrap().to_owned()
    };
    let file = write("github-recovery-codes.txt", FILE);
    assert_eq!(with_passphrase(here, &["vault", "init"]).0, 0);
    let totp = "otpauth://totp/GitHub:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=GitHub";
    assert_eq!(with_passphrase(here, &["add", totp]).0, 0);
    assert_eq!(with_passphrase(here, &["recovery", "list"]).0, 1, "there is none yet");

    let (exit, out, err) = with_passphrase(here, &["recovery", "add", &file, "--link", "--json"]);
    assert_eq!((exit, err.as_str()), (0, ""));
    let set = json(&out)["set"].clone();
    assert_eq!((set["left"].as_u64(), set["account_name"].as_str()), (Some(4), Some("GitHub · me")), "{out}");
    assert!(!out.contains("71c02"), "{out}");
    let (_, out, _) = with_passphrase(here, &["recovery", "list"]);
    assert!(out.starts_with("GitHub: 4 of 4 left, for GitHub · me, added "), "{out}");

    let run = |arguments: &[&str]| with_passphrase(here, arguments);
    assert_eq!(
        run(&["recovery", "use", "github", "--at", "a library"]),
        (0, "8f3a9-71c02\n".into(), String::new())
    );
    assert_eq!(run(&["recovery", "use", "GitHub"]).1, "b04de-9952a\n");
    let (_, out, _) = run(&["recovery", "undo", "github"]);
    assert!(out.ends_with("\n") && out.contains("\nGitHub: 3 of 4 left, low"), "{out}");
    assert_eq!(run(&["recovery", "use", "github"]).1, "b04de-9952a\n", "it was given back");
    assert_eq!(run(&["recovery", "export", "github", "--codes"]).1, "c7719-0e4d1\nd2f68-3ab90\n");
    let all = run(&["recovery", "export", "github", "--codes", "--all"]).1;
    assert!(all.starts_with("8f3a9-71c02 (used)\n"), "{all}");
    assert_eq!(run(&["recovery", "export", "github"]).1, FILE, "byte for byte");
    assert_eq!(run(&["recovery", "use", "gitlab"]).0, 1);
    let (exit, out, err) =
        printed(&keyhaven_in(here, &["recovery", "use", "github", "--password-stdin"], b"wrong\n"));
    assert!(exit == 3 && out.is_empty() && !err.contains("wrong"), "{out} {err}");

    let new = write("new.txt", &FILE.replace('9', "5"));
    let old = run(&["recovery", "list", "--json"]).1;
    let old = json(&old)["sets"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(run(&["recovery", "replace", "github", &new]).0, 0);
    assert_eq!(run(&["recovery", "use", "github"]).1, "8f3a5-71c02\n");
    let (exit, _, err) = run(&["recovery", "use", &old]);
    assert!(exit == 2 && err.contains("a newer set took this one's place"), "{err}");
    let (_, out, _) = run(&["recovery", "list"]);
    assert!(out.lines().nth(1).is_some_and(|line| line.contains("replaced by a newer set")), "{out}");

    let copy = here.join("copy.txt");
    let copy = copy.to_str().unwrap();
    assert_eq!(run(&["recovery", "export", "github", "-o", copy]).0, 0);
    assert_eq!(run(&["recovery", "export", "github", "-o", copy]).0, 2, "nothing is overwritten");
    let empty = write("empty.txt", "");
    let (exit, _, err) = run(&["recovery", "add", &empty]);
    assert!(exit == 2 && err.contains("the file is empty"), "{err}");
}

/// A drill from the vault file, a kit split and put together, and slips in its shares.
#[test]
fn a_drill_and_a_split_kit() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (_, out, _) = with_passphrase(here, &["vault", "init", "--json"]);
    let key = json(&out)["recovery_key"].as_str().unwrap().to_owned();
    let totp = "otpauth://totp/GitHub:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=GitHub";
    assert_eq!(with_passphrase(here, &["add", totp]).0, 0);
    let (exit, out, err) = with_passphrase(here, &["drill", "--json"]);
    assert_eq!((exit, err.as_str()), (1, ""), "the vault itself is no copy elsewhere");
    assert_eq!(json(&out)["copy"]["elsewhere"], false);
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy.keyhaven");
    assert_eq!(with_passphrase(here, &["vault", "backup", copy.to_str().unwrap()]).0, 0);
    // A folder with copies does as well as a copy; on the vault's own disk neither outlives it.
    for backup in [copy.as_path(), elsewhere.path()] {
        let (exit, out, err) =
            with_passphrase(here, &["drill", "--json", "--backup", backup.to_str().unwrap()]);
        assert_eq!((exit, err.as_str()), (1, ""));
        // All of it is in the copy, and nothing of it would be back.
        assert_eq!((&json(&out)["ok"], &json(&out)["copy"]["elsewhere"]), (&false.into(), &false.into()));
        assert_eq!(json(&out)["lost"], serde_json::json!([]));
    }
    let (exit, out, _) = with_passphrase(here, &["drill", "--backup", copy.to_str().unwrap()]);
    assert!(exit == 1 && out.contains("on this computer's disk"), "{out}");
    let folder = elsewhere.path().to_str().unwrap();
    let (exit, out, _) = with_passphrase(here, &["vault", "backup", "--folder", folder]);
    assert!(exit == 0 && out.contains("on this computer's disk, and gone with it"), "{out}");
    let (exit, out, _) = with_passphrase(here, &["vault", "backup", "--folder", folder, "--synced"]);
    assert!(exit == 0 && out.contains("kept alike on another computer"), "{out}");
    let (exit, out, err) = with_passphrase(here, &["drill", "--json"]);
    assert_eq!((exit, err.as_str()), (0, ""), "a synced folder is elsewhere too: {out}");
    let report = json(&out);
    assert_eq!((report["ok"].as_bool(), report["accounts_back"].as_u64()), (Some(true), Some(1)));
    assert_eq!(report["with_kit"], false);

    let line = |text: &str| format!("{text}\n").into_bytes();
    let split = ["kit", "split", "--shares", "3", "--needed", "2", "--recovery-key-stdin", "--json"];
    let (exit, out, err) = printed(&keyhaven_in(here, &split, &line(&key)));
    assert_eq!((exit, err.as_str()), (0, ""));
    let shares = json(&out)["shares"].as_array().unwrap().clone();
    let shares: Vec<&str> = shares.iter().map(|share| share.as_str().unwrap()).collect();
    let join = |shares: &[&str]| printed(&keyhaven_in(here, &["kit", "join"], &line(&shares.join("\n"))));
    assert_eq!(join(&[shares[2], shares[0]]), (0, format!("{key}\n"), String::new()));
    let (exit, _, err) = join(&shares[..1]);
    assert!(exit == 2 && err.contains("2 shares of set") && err.contains("1 are there"), "{err}");
    let slip = shares[1].replacen(|c: char| c.is_ascii_digit(), "Z", 1);
    let (exit, _, err) = join(&[shares[0], &slip]);
    assert!(exit == 2 && err.contains("share 2: the share has a typing error in group"), "{err}");
    let foreign = "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-AAAAA";
    assert_eq!(printed(&keyhaven_in(here, &split, &line(foreign))).0, 2, "a key with a slip is not split");
}

/// A record of this version's kind that it cannot read, as a newer or a broken one may have written it.
#[test]
fn what_was_set_aside_is_listed_and_written_out_byte_for_byte() {
    use keyhaven_vault::{Credential, DiskFiles, Location, LockedVault, Record, RecordId};
    let folder = tempfile::tempdir().unwrap();
    let passphrase = "correct horse battery staple 9";
    let run = |arguments: &[&str]| printed(&keyhaven_in(folder.path(), arguments, passphrase.as_bytes()));
    assert_eq!(run(&["vault", "init", "--password-stdin"]).0, 0);
    let list = ["vault", "set-aside", "--password-stdin"];
    assert_eq!(run(&list), (1, "nothing was set aside\n".into(), String::new()));

    let locked =
        LockedVault::read(&DiskFiles, &Location::in_folder(folder.path().join("no-such-home"))).unwrap();
    let text = keyhaven_secret::SecretText::new(passphrase.into());
    let mut vault = locked.unlock(Credential::Passphrase(&text)).unwrap();
    let payload = br#"{"uri":"otpauth://hologram/x?secret=JBSWY3DPEHPK3PXP"}"#;
    let id = RecordId::from_bytes([7; 16]);
    let bytes = keyhaven_secret::SecretBytes::new(payload.to_vec());
    vault.accounts_mut().put(Record::new(id, "account", 1, bytes));
    vault.save(&DiskFiles, 2).unwrap();

    let named = format!("accounts: record {id} of kind account, {} bytes\n", payload.len());
    assert_eq!(run(&list), (0, named.clone(), String::new()));
    let file = folder.path().join("aside.jsonl");
    let written = [&list[..], &["-o", file.to_str().unwrap()]].concat();
    let (exit, out, _) = run(&written);
    assert_eq!((exit, out.starts_with(&named)), (0, true), "{out}");
    #[expect(clippy::disallowed_methods, reason = "the test's own file")]
    let line: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let base64 = "eyJ1cmkiOiJvdHBhdXRoOi8vaG9sb2dyYW0veD9zZWNyZXQ9SkJTV1kzRFBFSFBLM1BYUCJ9";
    assert_eq!(line["bytes"], base64);
    assert_eq!(run(&written).0, 2, "nothing is overwritten");
}
