//! `keyhaven vault`: the vault as a whole.

use crate::args::*;
use crate::error::{Answer, Failure, tell};
use crate::unlock::{self, Typed};
use crate::{backups, copies, input, output, slots, time};
use keyhaven_app::host::Host;
use keyhaven_app::view::{KitFormat, KitState, LockedView, OpenedWith, Status};
use keyhaven_app::{App, strength};
use keyhaven_platform::SystemHost;
use keyhaven_secret::SecretText;
use keyhaven_vault::{LockedVault, OpenVault, Problem};
use serde::Serialize;
use std::path::{Path, PathBuf};

pub fn run(command: VaultCommand) -> Result<Answer, Failure> {
    match command {
        VaultCommand::Init(args) => init(args),
        VaultCommand::Info(args) => info(args),
        VaultCommand::Slots(args) => slots::run(args),
        VaultCommand::Unlock(args) => try_unlock(args),
        VaultCommand::Check(args) => check(args),
        VaultCommand::Backup(args) => backups::backup(args),
        VaultCommand::Restore(args) => backups::restore(args),
        VaultCommand::Merge(args) => backups::merge(args),
        VaultCommand::SetAside(args) => crate::set_aside::run(args),
    }
}

/// `keyhaven vault init --json`. Holds the recovery key: it is shown this once.
#[derive(Serialize)]
struct InitValue<'a> {
    vault_id: &'a str,
    path: String,
    recovery_key: &'a str,
}

fn init(args: InitArgs) -> Result<Answer, Failure> {
    // Before anything is asked or made.
    let kit_format = args.kit.as_deref().map(kit_place).transpose()?;
    if args.kit.is_none() {
        output::reaches_somebody("the recovery key")?;
    }
    let (mut app, _) = unlock::find()?;
    match app.status() {
        Status::Absent { .. } => {}
        // Missing from its chosen place, damaged or newer: in the app's own words.
        Status::Unreadable { .. } => return Err(no_vault(&mut app)),
        _ => {
            let path = app.location().file().display();
            return Err(Failure::vault(format_args!("there is a vault already at {path}"))
                .advise("nothing was changed; KEYHAVEN_HOME names another folder"));
        }
    }
    let passphrase = if args.password_stdin { input::stdin_line("passphrase")? } else { new_passphrase()? };
    let kit = app.create_vault(Some(passphrase), args.keyring)?;
    let key = SecretText::new(kit.groups.join("-"));
    let path = app.location().file().display().to_string();
    // The vault is made: a kit that cannot be saved does not take the key along, nor the other way round.
    let saved = save_kit(&app, kit_format, args.kit.as_deref());
    let shown = if args.json {
        let value =
            InitValue { vault_id: &kit.vault_id, path: path.clone(), recovery_key: key.expose_for_display() };
        output::json(&value)
    } else {
        let lines = [
            format!("vault {} made at {path}", kit.vault_id),
            String::new(),
            "Recovery key, which opens the vault when the passphrase is forgotten; it is not shown again:"
                .into(),
            String::new(),
        ];
        lines
            .iter()
            .try_for_each(output::line)
            .and_then(|()| output::line(format_args!("  {}", key.expose_for_display())))
    };
    shown.map_err(|failure| {
        let next = match args.kit.as_deref().filter(|_| saved.is_ok()) {
            Some(kit) => format!("its recovery key is in {}", kit.display()),
            None => {
                "its recovery key was not shown: keyhaven vault slots renew --yes makes one that is".into()
            }
        };
        failure.lost(format_args!("the vault was made all the same, at {path}; {next}"))
    })?;
    saved.map_err(|failure| failure.advise(format_args!("the vault was made all the same, at {path}")))?;
    if let Some(path) = args.kit.filter(|_| !args.json) {
        output::done(format_args!("\nemergency kit saved to {}", path.display()))?;
    }
    Ok(Answer::Yes)
}

/// Saves the emergency kit that was just made, where one was asked for.
pub fn save_kit(app: &App, format: Option<KitFormat>, path: Option<&Path>) -> Result<(), Failure> {
    match (format, path) {
        (Some(format), Some(path)) => Ok(app.save_kit(format, &absolute(path)?)?),
        _ => Ok(()),
    }
}

/// Saving brings a file's folder to the disk too, and a bare name has none.
pub fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::input(format_args!("{}: {error}", path.display())))
}

/// Where a new kit can go, and in which format.
pub fn kit_place(path: &Path) -> Result<KitFormat, Failure> {
    let format = kit_format(path)?;
    if path.symlink_metadata().is_ok() {
        // It may be the kit of another vault, and the only one.
        return Err(Failure::input(format_args!("{}: there is such a file already", path.display()))
            .advise("nothing was made; name a new file for the kit"));
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(Failure::input(format_args!("{}: there is no such folder", folder.display()))
            .advise("nothing was made; the kit is saved to a folder that is there"));
    }
    Ok(format)
}

fn kit_format(path: &Path) -> Result<KitFormat, Failure> {
    match path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("pdf") => Ok(KitFormat::Pdf),
        Some("svg") => Ok(KitFormat::Svg),
        _ => {
            Err(Failure::input(format_args!("{}: the name ends neither in .pdf nor in .svg", path.display())))
        }
    }
}

/// How often a new passphrase is asked for: one that is too weak or mistyped is no reason to begin again.
const TRIES: u32 = 3;

pub fn new_passphrase() -> Result<SecretText, Failure> {
    typed_twice("New passphrase: ", true, || {
        Failure::input("there is no terminal to ask for the new passphrase")
            .advise("--password-stdin reads it from standard input")
    })
}

/// Something new that is typed twice, and as long as it takes; where `strong` says so, one that is not guessed soon.
pub fn typed_twice(
    question: &str,
    strong: bool,
    no_terminal: impl Fn() -> Failure,
) -> Result<SecretText, Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        let first = input::prompt(question)?.ok_or_else(&no_terminal)?;
        let strength = strength::estimate(&first);
        let wrong = if first.is_empty() {
            "nothing was typed".to_owned()
        } else if strong && !strength.acceptable {
            strength.warning.unwrap_or_else(|| "it would be guessed too soon".into())
        } else {
            let second = input::prompt("The same again: ")?.ok_or_else(&no_terminal)?;
            if first == second {
                return Ok(first);
            }
            "the two differ".to_owned()
        };
        if tries == TRIES {
            return Err(Failure::input(wrong)
                .advise("nothing was changed; several words that do not belong together are hard to guess"));
        }
        tell(format_args!("{wrong}; try another"));
    }
}

fn info(args: InfoArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    let view = match app.status() {
        Status::Locked(view) => view,
        // In the app's own words.
        _ => return Err(no_vault(&mut app)),
    };
    copies::announce(&app);
    if args.json {
        output::json(&view)?;
        return Ok(Answer::Yes);
    }
    let LockedView { vault_id, path, saved_at, has_passphrase, has_recovery_key, has_keyring, .. } = view;
    let ways = [(has_passphrase, "passphrase"), (has_recovery_key, "recovery key"), (has_keyring, "keyring")];
    let ways: Vec<_> = ways.into_iter().filter_map(|(there, way)| there.then_some(way)).collect();
    output::table(&[
        ("vault", vault_id),
        ("file", path),
        ("saved", time::shown(saved_at / 1_000)),
        ("opens with", ways.join(", ")),
    ])?;
    Ok(Answer::Yes)
}

/// Why there is no vault to speak of: absent, or not readable.
pub fn no_vault(app: &mut App) -> Failure {
    match app.unlock_with_keyring() {
        Err(failure) => failure.into(),
        Ok(()) => Failure::vault("the vault is open"),
    }
}

#[derive(Serialize)]
struct UnlockValue {
    opened_with: OpenedWith,
    accounts: u32,
    set_aside: u32,
    kit: KitState,
}

fn try_unlock(args: UnlockArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    let typed = unlock::open(&mut app, &args.unlock)?;
    if let Some(Typed::Passphrase(passphrase)) = &typed {
        // It opens as it did where that cannot be saved.
        let _ = app.strengthen(passphrase);
    }
    let Status::Open(view) = app.status() else { return Err(no_vault(&mut app)) };
    if args.json {
        output::json(&UnlockValue {
            opened_with: view.opened_with,
            accounts: view.accounts,
            set_aside: view.set_aside,
            kit: view.kit,
        })?;
    } else {
        let with = match view.opened_with {
            OpenedWith::Passphrase => "passphrase",
            OpenedWith::Keyring => "keyring",
            OpenedWith::RecoveryKey => "recovery key",
        };
        output::line(format_args!("opens with the {with}; {} accounts", view.accounts))?;
    }
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct CheckValue {
    accounts: usize,
    /// Everything in the accounts' compartment.
    records: usize,
    /// Null: that compartment was not opened.
    recovery: Option<usize>,
    generations: usize,
    /// Saved states from before the keys were renewed: they open with what opened them then.
    older_generations: usize,
    problems: Vec<String>,
}

fn check(args: CheckArgs) -> Result<Answer, Failure> {
    let (mut app, computer) = unlock::find()?;
    let sealed = locked(&mut app, &computer)?;
    let (mut vault, typed) = open_whole(&computer, &sealed, &args.unlock)?;
    if let Some(typed) = &typed {
        unlock::open_recovery(&mut vault, typed)?;
    }
    let report = vault.check(computer.files());
    // Whether a copy beside it has something new is known once the vault is open; that it is there, in any case.
    let _ = unlock::open_quietly(&mut app, typed.as_ref());
    let copies = copies::with_news(&app);
    // Beside the accounts the compartment has summaries of recovery sets and what drills found.
    let accounts = vault.accounts().iter().filter(|record| record.kind == keyhaven_app::stored::KIND).count();
    let older = |problem: &&Problem| matches!(problem, Problem::GenerationOfOtherKeys { .. });
    let value = CheckValue {
        accounts,
        records: report.accounts,
        recovery: report.recovery,
        generations: report.generations,
        older_generations: report.problems.iter().filter(older).count(),
        problems: report
            .problems
            .iter()
            .filter(|problem| !older(problem))
            .map(ToString::to_string)
            .chain(copies.iter().map(copies::what))
            .collect(),
    };
    if args.json {
        output::json(&value)?;
    } else {
        output::line(format_args!(
            "{} accounts ({} records in all), {} saved states",
            value.accounts, value.records, value.generations
        ))?;
        match value.recovery {
            Some(count) => output::line(format_args!("{count} recovery records"))?,
            None => output::line(
                "the recovery compartment was not opened (it asks for passphrase or recovery key)",
            )?,
        }
        if value.older_generations > 0 {
            output::line(format_args!(
                "{} more saved states are from before the keys were renewed; they open with what opened them then",
                value.older_generations
            ))?;
        }
        value.problems.iter().try_for_each(|problem| output::line(format_args!("problem: {problem}")))?;
        if value.problems.is_empty() {
            output::line("all is well")?;
        }
    }
    Ok(Answer::yes_if(value.problems.is_empty()))
}

/// The vault file, read and not opened.
fn locked(app: &mut App, computer: &SystemHost) -> Result<LockedVault, Failure> {
    match app.status() {
        Status::Locked(_) => unlock::read(computer, app.location()),
        _ => Err(no_vault(app)),
    }
}

fn open_whole(
    computer: &SystemHost,
    sealed: &LockedVault,
    unlock: &Unlock,
) -> Result<(OpenVault, Option<Typed>), Failure> {
    let typed = unlock::typed(sealed, unlock)?;
    Ok((unlock::open_file(computer, sealed, &typed)?, typed))
}
