//! `keyhaven vault`: the vault as a whole.

use crate::args::*;
use crate::error::{Answer, Failure};
use crate::unlock::{self, Typed};
use crate::{input, output, time};
use keyhaven_app::App;
use keyhaven_app::host::Host;
use keyhaven_app::view::{KitFormat, KitState, LockedView, OpenedWith, Status};
use keyhaven_platform::SystemHost;
use keyhaven_secret::SecretText;
use keyhaven_vault::{Location, LockedVault, OpenVault, RecoveryMerge, SlotInfo, SlotKind};
use serde::Serialize;
use std::path::{Path, PathBuf};

pub fn run(command: VaultCommand) -> Result<Answer, Failure> {
    match command {
        VaultCommand::Init(args) => init(args),
        VaultCommand::Info(args) => info(args),
        VaultCommand::Slots(args) => slots(args),
        VaultCommand::Unlock(args) => try_unlock(args),
        VaultCommand::Check(args) => check(args),
        VaultCommand::Backup(args) => backup(args),
        VaultCommand::Restore(args) => restore(args),
        VaultCommand::Merge(args) => merge(args),
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
    let kit_format = args.kit.as_deref().map(kit_format).transpose()?;
    let (mut app, _) = unlock::find()?;
    if !matches!(app.status(), Status::Absent { .. }) {
        let path = app.location().file().display();
        return Err(Failure::vault(format_args!("there is a vault already at {path}"))
            .advise("nothing was changed; KEYHAVEN_HOME names another folder"));
    }
    let passphrase = if args.password_stdin { input::stdin_line("passphrase")? } else { new_passphrase()? };
    let kit = app.create_vault(Some(passphrase), args.keyring)?;
    let key = SecretText::new(kit.groups.join("-"));
    let path = app.location().file().display().to_string();
    if args.json {
        output::json(&InitValue { vault_id: &kit.vault_id, path, recovery_key: key.expose_for_display() })?;
    } else {
        output::line(format_args!("vault {} made at {path}", kit.vault_id))?;
        output::line("")?;
        output::line(
            "Recovery key, which opens the vault when the passphrase is forgotten; it is not shown again:",
        )?;
        output::line("")?;
        output::line(format_args!("  {}", key.expose_for_display()))?;
    }
    // After the key was printed: a kit that cannot be saved must not take it along.
    if let (Some(format), Some(path)) = (kit_format, &args.kit) {
        app.save_kit(format, &absolute(path)?)?;
    }
    Ok(Answer::Yes)
}

/// Saving brings a file's folder to the disk too, and a bare name has none.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::input(format_args!("{}: {error}", path.display())))
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

fn new_passphrase() -> Result<SecretText, Failure> {
    let no_terminal = || {
        Failure::input("there is no terminal to ask for the new passphrase")
            .advise("--password-stdin reads it from standard input")
    };
    let first = input::prompt("New passphrase: ")?.ok_or_else(no_terminal)?;
    let second = input::prompt("The same again: ")?.ok_or_else(no_terminal)?;
    if first == second {
        Ok(first)
    } else {
        Err(Failure::input("the two passphrases differ; nothing was made"))
    }
}

fn info(args: InfoArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    let view = match app.status() {
        Status::Locked(view) => view,
        // In the app's own words.
        _ => return Err(no_vault(&mut app)),
    };
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
fn no_vault(app: &mut App) -> Failure {
    match app.unlock_with_keyring() {
        Err(failure) => failure.into(),
        Ok(()) => Failure::vault("the vault is open"),
    }
}

#[derive(Serialize)]
struct SlotsValue {
    slots: Vec<SlotValue>,
}

#[derive(Serialize)]
struct SlotValue {
    id: String,
    kind: String,
    /// Unix milliseconds.
    created_at: u64,
    label: String,
    opens_accounts: bool,
    opens_recovery: bool,
    memory_kib: Option<u32>,
    passes: Option<u32>,
}

impl SlotValue {
    fn of(slot: &SlotInfo) -> Self {
        Self {
            id: slot.id.to_string(),
            kind: match &slot.kind {
                SlotKind::Passphrase => "passphrase".into(),
                SlotKind::Keyring => "keyring".into(),
                SlotKind::RecoveryKey => "recovery key".into(),
                SlotKind::Unknown(name) => format!("unknown ({})", output::shown(name)),
                _ => "unknown".into(),
            },
            created_at: slot.created_at,
            label: slot.label.clone(),
            opens_accounts: slot.opens_accounts,
            opens_recovery: slot.opens_recovery,
            memory_kib: slot.cost.map(|cost| cost.memory_kib()),
            passes: slot.cost.map(|cost| cost.passes()),
        }
    }
}

fn slots(args: SlotsArgs) -> Result<Answer, Failure> {
    let (mut app, computer) = unlock::find()?;
    let slots = locked(&mut app, &computer)?.slots().iter().map(SlotValue::of).collect::<Vec<_>>();
    if args.json {
        output::json(&SlotsValue { slots })?;
        return Ok(Answer::Yes);
    }
    for slot in &slots {
        let opens = match (slot.opens_accounts, slot.opens_recovery) {
            (true, true) => "accounts and recovery codes",
            (true, false) => "accounts",
            (false, true) => "recovery codes",
            (false, false) => "nothing",
        };
        let cost = slot.memory_kib.zip(slot.passes);
        let cost =
            cost.map(|(kib, passes)| format!(", {} MiB, {passes} passes", kib / 1024)).unwrap_or_default();
        output::line(format_args!(
            "{}  opens {opens}{cost}, since {}, id {}",
            slot.kind,
            time::shown(slot.created_at / 1_000),
            slot.id
        ))?;
    }
    Ok(Answer::Yes)
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
    unlock::open(&mut app, &args.unlock)?;
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
    /// Null: that compartment was not opened.
    recovery: Option<usize>,
    generations: usize,
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
    let value = CheckValue {
        accounts: report.accounts,
        recovery: report.recovery,
        generations: report.generations,
        problems: report.problems.iter().map(ToString::to_string).collect(),
    };
    if args.json {
        output::json(&value)?;
    } else {
        output::line(format_args!("{} accounts, {} saved states", value.accounts, value.generations))?;
        match value.recovery {
            Some(count) => output::line(format_args!("{count} recovery records"))?,
            None => output::line(
                "the recovery compartment was not opened (it asks for passphrase or recovery key)",
            )?,
        }
        value.problems.iter().try_for_each(|problem| output::line(format_args!("problem: {problem}")))?;
        if value.problems.is_empty() {
            output::line("all is well")?;
        }
    }
    Ok(Answer::yes_if(value.problems.is_empty()))
}

fn backup(args: BackupArgs) -> Result<Answer, Failure> {
    let (mut app, computer) = unlock::find()?;
    let vault = locked(&mut app, &computer)?;
    let copy = Location::at(absolute(&args.file)?);
    let shown = args.file.display();
    vault
        .copy_to(computer.files(), &copy)
        .map_err(|error| Failure::vault(format_args!("{shown}: {error}")))?;
    // A backup that cannot be read is none.
    let read = unlock::read(&computer, &copy)?;
    if read.as_bytes() != vault.as_bytes() {
        return Err(Failure::vault(format_args!("{shown}: what was written reads otherwise")));
    }
    output::line(format_args!("vault {} copied to {shown}", vault.id()))?;
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct StatesValue {
    states: Vec<StateValue>,
}

#[derive(Serialize)]
struct StateValue {
    name: String,
    /// Unix milliseconds.
    saved_at: u64,
    size: u64,
    error: Option<String>,
}

fn restore(args: RestoreArgs) -> Result<Answer, Failure> {
    let (mut app, computer) = unlock::find()?;
    if let Some(name) = &args.state {
        app.restore_generation(name)?;
        output::line(format_args!("the vault is again as in {name}; what it was is kept beside it"))?;
        return Ok(Answer::Yes);
    }
    if let Some(file) = &args.file {
        app.use_vault(&absolute(file)?, true)?;
        output::line(format_args!(
            "{} is now the vault at {}",
            file.display(),
            app.location().file().display()
        ))?;
        return Ok(Answer::Yes);
    }
    let states = LockedVault::generations(computer.files(), app.location()).map_err(Failure::vault)?;
    let states: Vec<_> = states
        .into_iter()
        .map(|state| StateValue {
            name: state.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            saved_at: state.saved_at,
            size: state.size,
            error: state.readable.err().map(|error| error.to_string()),
        })
        .collect();
    let some = !states.is_empty();
    if args.json {
        output::json(&StatesValue { states })?;
    } else {
        for state in &states {
            let error =
                state.error.as_ref().map(|error| format!("  not readable: {error}")).unwrap_or_default();
            let saved = time::shown(state.saved_at / 1_000);
            output::line(format_args!("{}  saved {saved}, {} bytes{error}", state.name, state.size))?;
        }
    }
    Ok(Answer::yes_if(some))
}

#[derive(Serialize)]
struct MergeValue {
    added: usize,
    changed: usize,
    deleted: usize,
    conflicts: usize,
    set_aside: usize,
    /// `unchanged`, `waiting` (taken in when the compartment is next opened) or `merged`.
    recovery: &'static str,
}

fn merge(args: MergeArgs) -> Result<Answer, Failure> {
    let (mut app, computer) = unlock::find()?;
    let sealed = locked(&mut app, &computer)?;
    let other = unlock::read(&computer, &Location::at(&args.file))?;
    let (mut ours, typed) = open_whole(&computer, &sealed, &args.unlock)?;
    let theirs = unlock::open_file(&computer, &other, &typed)?;
    let report = ours.merge(&theirs).map_err(Failure::vault)?;
    ours.save(computer.files(), computer.now()).map_err(Failure::vault)?;
    let value = MergeValue {
        added: report.added,
        changed: report.changed,
        deleted: report.deleted,
        conflicts: report.conflicts.len(),
        set_aside: report.set_aside,
        recovery: match report.recovery {
            RecoveryMerge::Unchanged => "unchanged",
            RecoveryMerge::Waiting => "waiting",
            RecoveryMerge::Merged { .. } => "merged",
        },
    };
    if args.json {
        output::json(&value)?;
    } else {
        let MergeValue { added, changed, deleted, conflicts, .. } = value;
        output::line(format_args!(
            "{added} accounts added, {changed} changed, {deleted} deleted, {conflicts} changed in both (both are kept)"
        ))?;
    }
    Ok(Answer::Yes)
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
