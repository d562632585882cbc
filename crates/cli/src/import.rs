//! `keyhaven import`: other programs' exports, and pictures of them, to accounts.

use crate::args::{ImportArgs, Unlock};
use crate::error::{Answer, Failure, tell};
use crate::import_own::{self, Own};
use crate::{input, output, unlock};
use keyhaven_app::App;
use keyhaven_app::offer::Pending;
use keyhaven_app::view::Standing;
use keyhaven_interchange::{
    Format, Icon, Import, ImportError, Imported, MAX_FILE, Progress, Reason, Request, read, read_texts,
};
use keyhaven_secret::SecretText;
use serde::Serialize;
use std::cell::Cell;
use std::fmt::Display;
use std::ops::ControlFlow;
use zeroize::Zeroizing;

/// Memory for one key derivation, in KiB, from which on it is told that it takes a while.
const TELL_FROM: u64 = 256 * 1024;

const NO_TERMINAL: &str = "--vault-password-stdin reads the vault's passphrase from standard input";

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
    /// What became of it; not there in a dry run, which opens no vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
}

/// What became of an account.
#[derive(Serialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Added,
    /// Added; the vault has another account of that name.
    AddedBesideSameName,
    AlreadyThere,
    /// The vault has it, and its counter moved on to the file's.
    CounterMovedOn,
    /// It lies in the other program's bin.
    LeftInBin,
}

impl Outcome {
    /// Whether the vault changed by it.
    fn is_new(self) -> bool {
        matches!(self, Self::Added | Self::AddedBesideSameName | Self::CounterMovedOn)
    }

    fn words(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::AddedBesideSameName => "added beside one of that name with another secret",
            Self::AlreadyThere => "already there",
            Self::CounterMovedOn => "already there, its counter moved on",
            Self::LeftInBin => "not added: it is in the other program's bin",
        }
    }
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
    fn new(imported: &'a Imported, outcome: Option<Outcome>, show_secrets: bool) -> Self {
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
            outcome,
        }
    }
}

pub fn run(args: ImportArgs) -> Result<Answer, Failure> {
    if (args.password_stdin || args.vault_password_stdin) && args.files.iter().any(|file| file == "-") {
        return Err(Failure::input("standard input cannot be both a file and a password"));
    }
    let mut password = if args.password_stdin { Some(input::stdin_line("password")?) } else { None };
    let mut imports = Vec::new();
    let (mut own, mut pendings) = (Vec::new(), Vec::new());
    let mut texts = Vec::new();
    let mut all_read = true;
    for file in &args.files {
        match read_file(file, args.format, &mut password) {
            Ok(Contents::Import(import)) => imports.push((file.as_str(), import)),
            Ok(Contents::Own(found, pending)) => {
                own.push((file.as_str(), found));
                pendings.push(pending);
            }
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
    let any = imports.iter().any(|(_, import)| !import.accounts.is_empty())
        || own.iter().any(|(_, own)| !own.accounts.is_empty());
    // Told of an account that was read is no entry that was not.
    let is_entry = |problem: &&keyhaven_interchange::Problem| !matches!(problem.reason, Reason::Told { .. });
    all_read &= imports.iter().all(|(_, import)| import.problems.iter().find(is_entry).is_none());
    all_read &= own.iter().all(|(_, own)| own.problems.is_empty());
    let outcomes =
        if args.dry_run || !any { None } else { Some(keep(&imports, pendings, args.vault_password_stdin)?) };
    let shown = if args.json {
        print_json(&imports, &own, outcomes.as_deref(), args.show_secrets)
    } else {
        print_text(&imports, &own, outcomes.as_deref())
    };
    shown.inspect_err(|_| {
        let added = outcomes.iter().flatten().filter(|outcome| outcome.is_new()).count();
        if added > 0 {
            tell(format_args!("{} added or moved on", counted(added, "account")));
        }
    })?;
    match (all_read, any) {
        (false, _) => Err(Failure::Told),
        (true, found) => Ok(Answer::yes_if(found)),
    }
}

/// What one file holds.
enum Contents {
    Import(Import),
    /// A file of Keyhaven's own.
    Own(Own, Pending),
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
    // Asked first: formats without a mark of their own take any bytes for theirs.
    if format.is_none() && import_own::is_vault(&bytes) {
        return read_own(file, &bytes, password);
    }
    if let Some(what) = input::not_points(&bytes).filter(|_| format.is_none()) {
        return Err(Trouble::File(what.into()));
    }
    if format.is_none() && keyhaven_qr::is_pdf(&bytes) {
        return texts_in(file, &bytes);
    }
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
            Err(ImportError::Picture) => return texts_in(file, &bytes),
            Err(error @ ImportError::PasswordNeeded { .. }) => {
                let question = format!("Password of {file}: ");
                *password = match input::prompt(&question).map_err(Trouble::Asking)? {
                    Some(typed) if password.is_none() => Some(typed),
                    _ => {
                        let hint = "; --password-stdin reads it from standard input";
                        return Err(Trouble::File(format!("{error}{hint}")));
                    }
                };
            }
            Err(error) => return Err(Trouble::File(error.to_string())),
        }
    }
}

fn read_own(file: &str, bytes: &[u8], password: &mut Option<SecretText>) -> Result<Contents, Trouble> {
    if password.is_none() {
        let question = format!("Passphrase or password of {file}: ");
        *password = input::prompt(&question).map_err(Trouble::Asking)?;
    }
    let Some(password) = password else {
        return Err(Trouble::File(
            "this is a file of Keyhaven's own and needs its password; --password-stdin reads it from standard input"
                .into(),
        ));
    };
    let (own, pending) = import_own::open(file, bytes, password).map_err(Trouble::File)?;
    Ok(Contents::Own(own, pending))
}

fn texts_in(file: &str, bytes: &[u8]) -> Result<Contents, Trouble> {
    let read = keyhaven_qr::read_file(bytes, &keyhaven_qr::Limits::default())
        .map_err(|error| Trouble::File(error.to_string()))?;
    let left = read.left_in_words();
    if read.found.is_empty() {
        let what = if read.pages.is_some() { "PDF" } else { "picture" };
        let none = format!("the {what} holds no QR code that can be read");
        return Err(Trouble::File([vec![none], left].concat().join("; ")));
    }
    left.iter().for_each(|words| tell(format_args!("{file}: {words}")));
    Ok(Contents::Texts(read.texts().collect()))
}

/// Adds what the vault does not have yet, and says of every account what became of it.
fn keep(
    imports: &[(&str, Import)],
    own: Vec<Pending>,
    vault_password_stdin: bool,
) -> Result<Vec<Outcome>, Failure> {
    let (mut app, _) = unlock::find()?;
    let given = Unlock { password_stdin: vault_password_stdin, recovery_key_stdin: false };
    unlock::open_advising(&mut app, &given, NO_TERMINAL)?;
    let trashed: Vec<bool> =
        imports.iter().flat_map(|(_, import)| &import.accounts).map(|imported| imported.trashed).collect();
    let pending = app.begin_offer()?.imports(imports);
    let mut outcomes = accept(&mut app, pending, &trashed)?;
    for pending in own {
        let pending = app.begin_offer()?.opened(pending);
        outcomes.extend(accept(&mut app, pending, &[])?);
    }
    Ok(outcomes)
}

/// Adds the accounts of one offer, all or none; those that lie in the other program's bin stay out.
fn accept(app: &mut App, pending: Pending, trashed: &[bool]) -> Result<Vec<Outcome>, Failure> {
    // Its problems are the imports' own, which the report tells.
    let offer = app.keep_offer(pending)?;
    let in_bin = trashed.iter().copied().chain(std::iter::repeat(false));
    let outcomes: Vec<_> = offer
        .found
        .iter()
        .zip(in_bin)
        .map(|(found, in_bin)| match found.standing {
            Standing::AlreadyThere => Outcome::AlreadyThere,
            _ if in_bin => Outcome::LeftInBin,
            Standing::CounterAhead => Outcome::CounterMovedOn,
            Standing::New => Outcome::Added,
            Standing::SameNameOtherSecret => Outcome::AddedBesideSameName,
        })
        .collect();
    let chosen = offer.found.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_new());
    let indices: Vec<u32> = chosen.map(|(found, _)| found.index).collect();
    if !indices.is_empty() {
        app.accept_offer(offer.id, &indices)?;
    }
    Ok(outcomes)
}

fn print_json(
    imports: &[(&str, Import)],
    own: &[(&str, Own)],
    outcomes: Option<&[Outcome]>,
    show_secrets: bool,
) -> Result<(), Failure> {
    let all = || imports.iter().map(|(_, import)| import);
    let formats = || all().map(|import| import.format.id()).chain(own.iter().map(|_| import_own::ID));
    let accounts =
        all().flat_map(|import| &import.accounts).chain(own.iter().flat_map(|(_, own)| &own.accounts));
    let own_problems =
        own.iter().flat_map(|(file, own)| own.problems.iter().map(|reason| (*file, reason.clone())));
    output::json(&Found {
        format: formats().next().filter(|first| formats().all(|format| format == *first)),
        accounts: accounts
            .enumerate()
            .map(|(place, imported)| {
                let outcome = outcomes.and_then(|outcomes| outcomes.get(place)).copied();
                Account::new(imported, outcome, show_secrets)
            })
            .collect(),
        problems: all()
            .flat_map(|import| &import.problems)
            .map(|problem| Problem { entry: &problem.entry, reason: problem.reason.to_string() })
            .chain(own_problems.map(|(entry, reason)| Problem { entry, reason }))
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

fn print_text(
    imports: &[(&str, Import)],
    own: &[(&str, Own)],
    outcomes: Option<&[Outcome]>,
) -> Result<(), Failure> {
    let mut outcomes = outcomes.unwrap_or_default().iter().copied();
    for (file, import) in imports {
        heading(file, &import.format, import.accounts.len(), import.problems.len())?;
        import.accounts.iter().try_for_each(|imported| print_account(imported, outcomes.next()))?;
        for problem in &import.problems {
            output::line(output::shown(&format!("  not read: {}: {}", problem.entry, problem.reason)))?;
        }
        let own = |imported: &&Imported| matches!(imported.icon, Some(Icon::Picture(_)));
        let icons = import.accounts.iter().filter(own).count();
        if icons > 0 {
            output::line(format_args!("  not kept: its own icons ({icons})"))?;
        }
        for found in &import.recovery_codes {
            let line = format!("  not kept: a recovery code of {}: {}", found.issuer, found.name);
            output::line(output::shown(&line))?;
        }
    }
    for (file, own) in own {
        heading(file, &"Keyhaven", own.accounts.len(), own.problems.len())?;
        own.accounts.iter().try_for_each(|imported| print_account(imported, outcomes.next()))?;
        own.problems.iter().try_for_each(|reason| output::line(output::shown(&format!("  {reason}"))))?;
    }
    Ok(())
}

fn heading(file: &str, format: &dyn Display, accounts: usize, problems: usize) -> Result<(), Failure> {
    let (accounts, problems) = (counted(accounts, "account"), counted(problems, "problem"));
    output::line(format_args!("{file}: {format}, {accounts}, {problems}"))
}

fn print_account(imported: &Imported, outcome: Option<Outcome>) -> Result<(), Failure> {
    let account = &imported.account;
    let issuer = if account.issuer.is_empty() { "(no issuer)" } else { &account.issuer };
    let outcome = match (outcome, imported.trashed) {
        (Some(outcome), _) => format!("  ({})", outcome.words()),
        (None, true) => "  (in the other program's bin)".into(),
        (None, false) => String::new(),
    };
    let line = format!("  {:<6}  {issuer}: {}{outcome}", account.kind.name(), account.name);
    output::line(output::shown(line.trim_end()))
}

fn counted(count: usize, of: &str) -> String {
    if count == 1 { format!("1 {of}") } else { format!("{count} {of}s") }
}
