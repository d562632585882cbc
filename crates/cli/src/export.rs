//! `keyhaven export`: accounts for another program, for paper, or as a sealed file.

use crate::args::ExportArgs;
use crate::error::{Answer, Failure, tell};
use crate::{accounts, input, output, unlock};
use keyhaven_app::exporting::view::{ExportLoss, ExportPreview, ExportRequest, ExportTarget};
use keyhaven_secret::SecretText;
use serde::Serialize;
use std::io::{self, Write as _};
use std::path::Path;

/// Names that are told of each thing that is lost.
const NAMES_TOLD: usize = 5;

/// `keyhaven export --json`.
#[derive(Serialize)]
struct ExportValue {
    format: &'static str,
    /// Where it is; nothing in a dry run.
    files: Vec<String>,
    accounts: u32,
    /// Whether whoever has the file can read the secrets.
    plain: bool,
    losses: Vec<ExportLoss>,
}

pub fn run(args: ExportArgs) -> Result<Answer, Failure> {
    let target = args.format;
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    if args.json && to_stdout {
        return Err(Failure::input("standard output cannot be both the export and a JSON value"));
    }
    let (mut app, _) = unlock::find()?;
    let typed = unlock::open(&mut app, &args.unlock)?;
    let chosen = args
        .accounts
        .iter()
        .map(|name| accounts::resolve(&app, name, accounts::Match::Part).map(|row| row.id))
        .collect::<Result<Vec<_>, _>>()?;
    let preview = app.preview_export(target, &chosen)?;
    tell_losses(target, &preview);
    let complete = Answer::yes_if(!preview.losses.iter().any(|loss| loss.left_out));
    let value = |files: Vec<String>, preview: ExportPreview| ExportValue {
        format: target.id(),
        files,
        accounts: preview.accounts,
        plain: !target.is_sealed(),
        losses: preview.losses,
    };
    let Some(path) = args.output.filter(|_| !args.dry_run) else {
        if args.json {
            output::json(&value(Vec::new(), preview))?;
        } else {
            output::line(format_args!("{} would be written", counted(preview.accounts)))?;
        }
        return Ok(complete);
    };
    if to_stdout && preview.files > 1 {
        let count = preview.files;
        return Err(Failure::input(format_args!("{count} QR codes do not fit standard output; give a file")));
    }
    let refusal = "secrets are exported only for the passphrase or the recovery key";
    let proof = accounts::proof_for(typed, "Passphrase, to export secrets: ", refusal)?;
    let password = if target.is_sealed() { Some(password(args.export_password_stdin)?) } else { None };
    let password = password.map(|password| password.expose().to_owned());
    let request = ExportRequest { target, accounts: chosen, password, proof };
    let made = app.begin_export(request)?.make(Some(&path))?;
    if to_stdout {
        let mut out = io::stdout().lock();
        for file in &made.files {
            out.write_all(file.expose())?;
        }
        out.flush()?;
        return Ok(complete);
    }
    let written = app.save_export(&made, &path, args.force)?;
    if args.json {
        output::json(&value(written.paths, preview))?;
        return Ok(complete);
    }
    for file in &written.paths {
        output::line(output::shown(file))?;
    }
    output::line(format_args!("{} for {}", counted(written.accounts), target.title()))?;
    if written.plain {
        tell("whoever has this file can make every code in it; remove it as soon as it is imported");
    }
    Ok(complete)
}

/// The password of a sealed export, typed twice or from standard input.
fn password(from_stdin: bool) -> Result<SecretText, Failure> {
    if from_stdin {
        return input::stdin_line("password of the export");
    }
    let hint = || {
        Failure::input("this export needs a password")
            .advise("--export-password-stdin reads it from standard input, after the vault's passphrase")
    };
    let typed = input::prompt("Password of the export: ")?.ok_or_else(hint)?;
    match input::prompt("The same again: ")? {
        Some(again) if again == typed => Ok(typed),
        _ => Err(Failure::input("the two passwords differ")),
    }
}

/// On standard error and before anything is written.
fn tell_losses(target: ExportTarget, preview: &ExportPreview) {
    for loss in &preview.losses {
        let more = loss.accounts.len().saturating_sub(NAMES_TOLD);
        let mut names = loss.accounts.iter().take(NAMES_TOLD).cloned().collect::<Vec<_>>().join(", ");
        if more > 0 {
            names.push_str(&format!(" and {more} more"));
        }
        let what = if loss.left_out { "not in it" } else { "lost" };
        let line = format!("{}: {what}: {}: {names}", target.title(), loss.what);
        tell(output::shown(&line));
    }
}

fn counted(accounts: u32) -> String {
    if accounts == 1 { "1 account".into() } else { format!("{accounts} accounts") }
}
