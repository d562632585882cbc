//! `import FILE [--format F] [--password-stdin] [--dry-run] [--json] [--show-secrets]`: what `keyhaven import` says, from
//! this crate (and `qr` for pictures) alone.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]
#![expect(clippy::disallowed_methods, reason = "a shell reads files")]

use keyhaven_interchange::{Format, Import, ImportError, Request, read, read_texts};
use keyhaven_secret::SecretText;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut file = None;
    let mut format = None;
    let mut password = None;
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "import");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--format" => format = arguments.next().as_deref().and_then(Format::from_id),
            "--password-stdin" => {
                let mut line = String::new();
                let _ = std::io::stdin().read_line(&mut line);
                password = Some(SecretText::new(line.trim_end_matches(['\r', '\n']).to_owned()));
            }
            "--dry-run" | "--json" | "--show-secrets" => {}
            _ => file = Some(argument),
        }
    }
    let Some(file) = file else {
        eprintln!("which file?");
        return ExitCode::from(2);
    };
    let bytes = match std::fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{file}: {error}");
            return ExitCode::from(2);
        }
    };
    let request =
        Request { format, file_name: Some(&file), password: password.as_ref(), ..Request::default() };
    match read(&bytes, &request) {
        Err(ImportError::Picture) => match keyhaven_qr::read(&bytes, &keyhaven_qr::Limits::default()) {
            Ok(found) => print(&read_texts(found.iter().map(|code| code.text.expose()))),
            Err(error) => {
                eprintln!("{file}: {error}");
                ExitCode::from(2)
            }
        },
        Ok(import) => print(&import),
        Err(error) => {
            eprintln!("{file}: {error}");
            ExitCode::from(2)
        }
    }
}

fn print(import: &Import) -> ExitCode {
    let accounts: Vec<_> = import
        .accounts
        .iter()
        .map(|imported| {
            serde_json::json!({
                "kind": imported.account.kind.name(),
                "issuer": imported.account.issuer,
                "name": imported.account.name,
                "secret": imported.secret_as_written().expose_for_display(),
                "algorithm": imported.algorithm_name(),
                "digits": imported.account.kind.digits(),
                "period": imported.account.kind.period(),
                "counter": imported.counter(),
                "note": imported.note.as_ref().map(|note| note.expose_for_display()),
                "tags": imported.tags,
            })
        })
        .collect();
    let problems: Vec<_> = import
        .problems
        .iter()
        .map(|problem| serde_json::json!({ "entry": problem.entry, "reason": problem.reason.to_string() }))
        .collect();
    println!(
        "{}",
        serde_json::json!({ "format": import.format.id(), "accounts": accounts, "problems": problems })
    );
    if import.accounts.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}
