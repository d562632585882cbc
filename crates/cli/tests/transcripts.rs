//! Every command as a readable transcript (`transcripts/*.md`): what is typed, what is printed, the exit code. What
//! a transcript cannot show (standard input, files that were made) is tried below.
//!
//! `TRYCMD=overwrite cargo test -p keyhaven-cli` writes what the program prints now; read the difference.

use std::io::Write;
use std::process::{Command, Output, Stdio};

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        .case("tests/transcripts/*.md")
        // Nothing of the developer's own home, whatever a transcript forgets.
        .env("KEYHAVEN_HOME", "no-such-home");
}

fn keyhaven(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyhaven"))
        .args(arguments)
        .env("KEYHAVEN_HOME", "no-such-home")
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
    let made = keyhaven(&["man", pages.to_str().unwrap()], b"");
    assert_eq!(printed(&made), (0, String::new(), String::new()));
    let (_, main_page, _) = printed(&keyhaven(&["man"], b""));
    assert!(main_page.contains(".TH keyhaven 1"), "{main_page}");
    for command in ["code", "explain", "verify", "inspect", "qr", "qr-read", "qr-write", "vectors"] {
        let page = pages.join(format!("keyhaven-{command}.1"));
        assert!(page.metadata().is_ok_and(|page| page.len() > 200), "{}", page.display());
    }
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (exit, script, _) = printed(&keyhaven(&["completions", shell], b""));
        assert_eq!(exit, 0);
        for word in ["explain", "inspect", "vectors", "skew", "window"] {
            assert!(script.contains(word), "{shell} does not complete {word}");
        }
    }
}
