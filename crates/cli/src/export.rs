//! `keyhaven export`: accounts for another program, for paper, or as a sealed file.

use crate::args::ExportArgs;
use crate::error::{Answer, Failure, tell};
use crate::{accounts, input, output, unlock, vault};
use keyhaven_app::exporting::view::{ExportLoss, ExportPreview, ExportRequest, ExportTarget};
use keyhaven_app::strength;
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
    if preview.accounts == 0 {
        let why = match app.accounts()?.is_empty() {
            true => "there are no accounts in the vault".to_owned(),
            false => format!("{} can hold none of these accounts", target.title()),
        };
        return Err(Failure::nothing(format_args!("nothing to export: {why}")));
    }
    let complete = Answer::yes_if(!preview.losses.iter().any(|loss| loss.left_out));
    let value = |files: Vec<String>, preview: ExportPreview| ExportValue {
        format: target.id(),
        files,
        accounts: preview.accounts,
        plain: !target.is_sealed(),
        losses: preview.losses,
    };
    let folder = args.output.as_deref().filter(|path| path.is_dir());
    if let Some(folder) = folder {
        return Err(Failure::input(format_args!(
            "{}: this is a folder; name a file in it",
            folder.display()
        )));
    }
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
    let password =
        if target.is_sealed() { Some(password(target, args.export_password_stdin)?) } else { None };
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
    let done = format!("{} for {}", counted(written.accounts), target.title());
    let mut lines: Vec<String> = written.paths.iter().map(|file| output::shown(file)).collect();
    let plain = written.plain;
    if args.json {
        output::json_done(&value(written.paths, preview), format!("{}: {done}", lines.join(", ")))?;
        return Ok(complete);
    }
    lines.push(done);
    output::all_done(&lines)?;
    if plain {
        tell("whoever has this file can make every code in it; remove it as soon as it is imported");
    }
    Ok(complete)
}

/// The password of a sealed export, typed twice or from standard input. Keyhaven's own is a vault, and as strong as one;
/// for another program it is told that it is weak, and taken: what that program asks for is its own affair.
fn password(target: ExportTarget, from_stdin: bool) -> Result<SecretText, Failure> {
    let password = match from_stdin {
        true => input::stdin_line("password of the export")?,
        false => vault::typed_twice("Password of the export: ", target == ExportTarget::Keyhaven, || {
            Failure::input("this export needs a password")
                .advise("--export-password-stdin reads it from standard input, after the vault's passphrase")
        })?,
    };
    let strength = strength::estimate(&password);
    if !strength.acceptable && target != ExportTarget::Keyhaven {
        tell(format_args!(
            "this password is weak, it takes about {} to guess it; whoever has the file can try",
            strength.guess_time
        ));
    }
    Ok(password)
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
