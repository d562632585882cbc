//! `keyhaven import`: other programs' exports, and pictures of them, to accounts.

use crate::args::ImportArgs;
use crate::error::{Answer, Failure, tell};
use crate::{input, output};
use keyhaven_interchange::{
    Format, Import, ImportError, Imported, MAX_FILE, Progress, Request, read, read_texts,
};
use keyhaven_secret::SecretText;
use serde::Serialize;
use std::cell::Cell;
use std::io::{self, IsTerminal, Read};
use std::ops::ControlFlow;
use zeroize::Zeroizing;

/// Longest line read as a password, in bytes.
const PASSWORD_LIMIT: u64 = 64 * 1024;
/// Memory for one key derivation, in KiB, from which on it is told that it takes a while.
const TELL_FROM: u64 = 256 * 1024;

/// Everything that was found. `format` is null where files of several formats were read.
#[derive(Serialize)]
struct Found<'a> {
    format: Option<&'static str>,
    accounts: Vec<Account<'a>>,
    problems: Vec<Problem<'a>>,
    recovery_codes: Vec<Code<'a>>,
}

/// Secret and note are there only when they were asked for: people keep recovery codes in notes.
#[derive(Serialize)]
struct Account<'a> {
    kind: &'static str,
    issuer: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<Zeroizing<String>>,
    algorithm: &'static str,
    digits: u8,
    period: Option<u32>,
    counter: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    tags: &'a [String],
    pinned: bool,
    trashed: bool,
    unusual: Vec<String>,
}

#[derive(Serialize)]
struct Problem<'a> {
    entry: &'a str,
    reason: String,
}

#[derive(Serialize)]
struct Code<'a> {
    issuer: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
}

impl<'a> Account<'a> {
    fn new(imported: &'a Imported, show_secrets: bool) -> Self {
        let account = &imported.account;
        Self {
            kind: account.kind.name(),
            issuer: &account.issuer,
            name: &account.name,
            secret: show_secrets
                .then(|| Zeroizing::new(imported.secret_as_written().expose_for_display().to_owned())),
            algorithm: imported.algorithm_name(),
            digits: account.kind.digits(),
            period: account.kind.period(),
            counter: imported.counter(),
            note: imported.note.as_ref().filter(|_| show_secrets).map(SecretText::expose_for_display),
            tags: &imported.tags,
            pinned: imported.pinned,
            trashed: imported.trashed,
            unusual: imported.oddities.iter().map(ToString::to_string).collect(),
        }
    }
}

pub fn run(args: ImportArgs) -> Result<Answer, Failure> {
    if !args.dry_run {
        return Err(Failure::input("this version has no command that changes a vault yet")
            .advise("--dry-run shows what the files hold"));
    }
    if args.password_stdin && args.files.iter().any(|file| file == "-") {
        return Err(Failure::input("standard input cannot be both a file and the password"));
    }
    let mut password = if args.password_stdin { Some(password_line()?) } else { None };
    let mut imports = Vec::new();
    let mut texts = Vec::new();
    let mut all_read = true;
    for file in &args.files {
        match read_file(file, args.format, &mut password) {
            Ok(Contents::Import(import)) => imports.push((file.as_str(), import)),
            Ok(Contents::Texts(found)) => texts.extend(found),
            Err(Trouble::Asking(failure)) => return Err(failure),
            Err(Trouble::File(what)) => {
                tell(format_args!("{file}: {what}"));
                all_read = false;
            }
        }
    }
    // Parts of one export may be in several pictures.
    if !texts.is_empty() {
        imports.push(("pictures", read_texts(texts.iter().map(SecretText::expose))));
    }
    if args.json {
        print_json(&imports, args.show_secrets)?
    } else {
        print_text(&imports)?
    }
    match (all_read, imports.iter().any(|(_, import)| !import.accounts.is_empty())) {
        (false, _) => Err(Failure::Told),
        (true, found) => Ok(Answer::yes_if(found)),
    }
}

/// What one file holds.
enum Contents {
    Import(Import),
    /// Texts of a picture's QR codes.
    Texts(Vec<SecretText>),
}

enum Trouble {
    File(String),
    Asking(Failure),
}

fn read_file(
    file: &str,
    format: Option<Format>,
    password: &mut Option<SecretText>,
) -> Result<Contents, Trouble> {
    let bytes = input::bytes(file, MAX_FILE).map_err(|error| Trouble::File(input::words(&error)))?;
    let told = Cell::new(false);
    let watch = |progress: Progress| {
        if let Progress::KeyDerivation { memory, .. } = progress
            && memory >= TELL_FROM
            && !told.replace(true)
        {
            tell(format_args!("{file}: its key takes {} MiB of memory and a moment", memory / 1024));
        }
        ControlFlow::Continue(())
    };
    loop {
        let request = Request { format, file_name: Some(file), password: password.as_ref(), watch: &watch };
        match read(&bytes, &request) {
            Ok(import) => return Ok(Contents::Import(import)),
            Err(ImportError::Picture) => return texts_in(&bytes),
            Err(error @ ImportError::PasswordNeeded { .. }) => {
                if password.is_some() || !io::stdin().is_terminal() {
                    let hint = "; --password-stdin reads it from standard input";
                    return Err(Trouble::File(format!("{error}{hint}")));
                }
                *password = Some(ask(file).map_err(Trouble::Asking)?);
            }
            Err(error) => return Err(Trouble::File(error.to_string())),
        }
    }
}

fn texts_in(bytes: &[u8]) -> Result<Contents, Trouble> {
    let found = keyhaven_qr::read(bytes, &keyhaven_qr::Limits::default())
        .map_err(|error| Trouble::File(error.to_string()))?;
    if found.is_empty() {
        return Err(Trouble::File("the picture holds no QR code that can be read".into()));
    }
    Ok(Contents::Texts(found.into_iter().map(|code| code.text).collect()))
}

fn ask(file: &str) -> Result<SecretText, Failure> {
    rpassword::prompt_password(format!("Password of {file}: "))
        .map(SecretText::new)
        .map_err(|error| Failure::input(format_args!("the password: {error}")))
}

/// The first line of standard input, spaces included: a password may begin or end with them.
fn password_line() -> Result<SecretText, Failure> {
    let trouble = |error: &dyn std::fmt::Display| Failure::input(format_args!("standard input: {error}"));
    let mut bytes = Zeroizing::new(Vec::new());
    io::stdin().lock().take(PASSWORD_LIMIT).read_to_end(&mut bytes).map_err(|error| trouble(&error))?;
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = std::str::from_utf8(line).map_err(|_| trouble(&"the password is not UTF-8"))?;
    Ok(SecretText::new(line.to_owned()))
}

fn print_json(imports: &[(&str, Import)], show_secrets: bool) -> Result<(), Failure> {
    let all = || imports.iter().map(|(_, import)| import);
    let first = all().next().map(|import| import.format);
    let format = first.filter(|format| all().all(|import| import.format == *format));
    output::json(&Found {
        format: format.map(Format::id),
        accounts: all()
            .flat_map(|import| &import.accounts)
            .map(|imported| Account::new(imported, show_secrets))
            .collect(),
        problems: all()
            .flat_map(|import| &import.problems)
            .map(|problem| Problem { entry: &problem.entry, reason: problem.reason.to_string() })
            .collect(),
        recovery_codes: all()
            .flat_map(|import| &import.recovery_codes)
            .map(|found| Code {
                issuer: &found.issuer,
                name: &found.name,
                code: show_secrets.then(|| found.code.expose_for_display()),
            })
            .collect(),
    })
}

fn print_text(imports: &[(&str, Import)]) -> Result<(), Failure> {
    for (file, import) in imports {
        let (accounts, problems) = (import.accounts.len(), import.problems.len());
        output::line(format_args!(
            "{file}: {}, {}, {}",
            import.format,
            counted(accounts, "account"),
            counted(problems, "problem")
        ))?;
        for imported in &import.accounts {
            let account = &imported.account;
            let issuer = if account.issuer.is_empty() { "(no issuer)" } else { &account.issuer };
            let bin = if imported.trashed { "  (in the bin)" } else { "" };
            let line = format!("  {:<6}  {issuer}: {}{bin}", account.kind.name(), account.name);
            output::line(output::shown(line.trim_end()))?;
        }
        for problem in &import.problems {
            output::line(output::shown(&format!("  not read: {}: {}", problem.entry, problem.reason)))?;
        }
        for found in &import.recovery_codes {
            let line = format!("  with a recovery code: {}: {}", found.issuer, found.name);
            output::line(output::shown(&line))?;
        }
    }
    Ok(())
}

fn counted(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}
