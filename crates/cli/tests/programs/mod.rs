//! Exports read by the other programs themselves, where they run here.

use super::{PASSPHRASE, json, keyhaven_in, printed, with_passphrase};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const LINKS: [&str; 3] = [
    "otpauth://totp/Example:me?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example&digits=8&algorithm=SHA256",
    "otpauth://totp/Two%20%22words%22:me%40example.org?secret=MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U&issuer=Two%20%22words%22&period=60",
    "otpauth://totp/Plain:x?secret=KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU&issuer=Plain",
];

fn vault(folder: &Path) {
    assert_eq!(with_passphrase(folder, &["vault", "init"]).0, 0);
    let add = [&["add"], &LINKS[..]].concat();
    assert_eq!(with_passphrase(folder, &add).0, 0);
}

fn run(program: &str, arguments: &[&str], folder: &Path, input: &str) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("QT_QPA_PLATFORM", "offscreen")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}: `cargo xtask setup` installs it"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (code, out, err) = printed(&output);
    assert_eq!(code, 0, "{program} {arguments:?}: {err}");
    out.trim().to_owned()
}

/// The parts of a line of CSV in which every field stands in quotes.
fn fields(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('"').and_then(|line| line.strip_suffix('"')).unwrap();
    inner.split("\",\"").map(|field| field.replace("\"\"", "\"")).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[test]
fn oathtool_computes_the_codes_of_an_exported_list() {
    let folder = tempfile::tempdir().unwrap();
    vault(folder.path());
    let (code, list, err) = with_passphrase(folder.path(), &["export", "--format", "otpauth", "-o", "-"]);
    assert_eq!((code, err.as_str(), list.lines().count()), (0, "", 3));
    for (line, name) in list.lines().zip(["Example", "Two", "Plain"]) {
        let parameter = |name: &str| {
            let found = line.split(['?', '&']).find_map(|part| part.strip_prefix(&format!("{name}=")));
            found.map(str::to_owned)
        };
        let hash = parameter("algorithm").unwrap_or("SHA1".into()).to_lowercase();
        let digits = parameter("digits").unwrap_or("6".into());
        let step = parameter("period").unwrap_or("30".into());
        let secret = parameter("secret").unwrap();
        let (totp, digits, step) =
            (format!("--totp={hash}"), format!("--digits={digits}"), format!("--time-step-size={step}s"));
        let arguments = [&totp, "--base32", &digits, &step, "--now=@1111111109", &secret];
        let theirs = run("oathtool", &arguments, folder.path(), "");
        let ours = with_passphrase(folder.path(), &["code", name, "--at", "1111111109"]).1;
        assert_eq!(ours.trim(), theirs, "{line}");
    }
}

/// KeePassXC's command line takes no CSV, its window does, and both give a field to the same reader: what stands in our
/// CSV goes in as an attribute, and what KeePassXC then exports as CSV has to say the same as ours.
#[test]
fn keepassxc_reads_the_codes_of_an_exported_csv() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    vault(here);
    let (code, ours, err) = with_passphrase(here, &["export", "--format", "keepassxc-csv", "-o", "-"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let (head, rows) = ours.split_once('\n').unwrap();
    let rows: Vec<Vec<String>> = rows.lines().map(fields).collect();
    let entries: String = rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let text = |key: &str, value: &str| {
                format!("<String><Key>{key}</Key><Value>{}</Value></String>", escaped(value))
            };
            let parts = [text("Title", &row[1]), text("UserName", &row[2]), text("otp", &row[6])].concat();
            format!("<Entry><UUID>AAAAAAAAAAAAAAAAAAAAA{}==</UUID>{parts}</Entry>", ["g", "w", "Q"][at])
        })
        .collect();
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><KeePassFile><Meta/><Root><Group>\
         <UUID>AAAAAAAAAAAAAAAAAAAABA==</UUID><Name>Root</Name>{entries}</Group></Root></KeePassFile>"
    );
    #[expect(clippy::disallowed_methods, reason = "the test's own file")]
    std::fs::write(here.join("in.xml"), xml).unwrap();
    run("keepassxc-cli", &["import", "-p", "in.xml", "db.kdbx"], here, "pw\npw\n");
    let theirs = run("keepassxc-cli", &["export", "-q", "-f", "csv", "db.kdbx"], here, "pw\n");
    assert_eq!(theirs.lines().next(), Some(head));
    for row in &rows {
        let their = theirs.lines().skip(1).map(fields).find(|theirs| theirs[1] == row[1]).unwrap();
        assert_eq!(their[2], row[2]);
        // Their URI has its parameters in another order: what comes of them counts.
        let read = |uri: &str| keyhaven_otp::parse_uri(uri).unwrap().account;
        let (ours, theirs) = (read(&row[6]), read(&their[6]));
        assert_eq!((&ours.secret, &ours.kind), (&theirs.secret, &theirs.kind), "{}", row[1]);
        let code = || with_passphrase(here, &["code", &row[1], "--json"]).1;
        let before = code();
        let shown = run("keepassxc-cli", &["show", "-q", "-t", "db.kdbx", &row[1]], here, "pw\n");
        let around = [json(&before)["code"].clone(), json(&code())["code"].clone()];
        assert!(around.iter().any(|code| *code == shown.as_str()), "{shown} is none of {around:?}");
    }
}

/// A sealed export: its password comes after the vault's, opens it again, and nothing is readable.
#[test]
fn a_sealed_export_opens_with_its_own_password() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    vault(here);
    let lines = format!("{PASSPHRASE}\nsix brown horses\n");
    let arguments = [
        "export",
        "--format",
        "aegis-encrypted",
        "-o",
        "a.json",
        "--password-stdin",
        "--export-password-stdin",
    ];
    let (code, out, err) = printed(&keyhaven_in(here, &arguments, lines.as_bytes()));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("a.json\n3 accounts for Aegis, encrypted\n"), "{out}");
    #[expect(clippy::disallowed_methods, reason = "the test's own file")]
    let text = std::fs::read_to_string(here.join("a.json")).unwrap();
    assert!(!text.contains("Example") && !text.contains("GEZDGNBV"));
    let import = ["import", "a.json", "--dry-run", "--password-stdin"];
    assert_eq!(printed(&keyhaven_in(here, &import, b"wrong\n")).0, 2);
    let (code, out, _) = printed(&keyhaven_in(here, &import, b"six brown horses\n"));
    assert!(code == 0 && out.starts_with("a.json: Aegis, 3 accounts, 0 problems"), "{out}");
    // The proof is the passphrase, not that something opens the vault.
    let (code, out, err) = printed(&keyhaven_in(here, &["export", "--format", "aegis", "-o", "b.json"], b""));
    assert!(code == 2 && out.is_empty() && err.contains("--password-stdin"), "{err}");
    assert!(!here.join("b.json").exists());
}
