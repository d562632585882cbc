//! `keyhaven vault backup`, `restore` and `merge`: copies of the vault, made and taken in.

use crate::args::{BackupArgs, MergeArgs, RestoreArgs};
use crate::differences;
use crate::error::{Answer, Failure};
use crate::slots::next_passphrase;
use crate::unlock::{self, Typed};
use crate::vault::{absolute, no_vault};
use crate::{agree, output, preview, time};
use keyhaven_app::App;
use keyhaven_app::host::Host;
use keyhaven_app::safety_view::{
    BackupRotation, BackupState, BackupView, Difference, Effect, Look, LookAnswer, PointPlace, RestoreSource,
    VaultCopy,
};
use keyhaven_app::view::{FailureKind, Status};
use keyhaven_platform::SystemHost;
use keyhaven_vault::{Location, LockedVault};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub fn backup(args: BackupArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    if !matches!(app.status(), Status::Locked(_)) {
        return Err(no_vault(&mut app));
    }
    if let Some(file) = &args.file {
        app.back_up_to(file)?;
        let done = format!("the vault was copied to {}", file.display());
        match args.json {
            true => output::json_done(&CopiedValue { file: file.display().to_string() }, done)?,
            false => output::done(done)?,
        }
        return Ok(Answer::Yes);
    }
    if args.status {
        let view = app.backups_looked_at();
        let good = matches!(view.state, BackupState::Good | BackupState::Pending) && view.damaged.is_empty();
        print_backups(&view, args.json)?;
        return Ok(Answer::yes_if(good));
    }
    if let Some(folder) = &args.folder {
        app.set_backup_folder(&absolute(folder)?)?;
        if args.synced {
            app.note_synced_folder(true)?;
        }
    }
    if app.backups().folder.is_none() {
        return Err(Failure::input("no folder was chosen for backups")
            .advise("--folder FOLDER chooses one; a file's name writes one copy there"));
    }
    if args.keep.is_some() || args.days.is_some() {
        let BackupView { keep_newest, keep_days, .. } = app.backups();
        let (keep_newest, keep_days) = (args.keep.unwrap_or(keep_newest), args.days.unwrap_or(keep_days));
        app.set_backup_rotation(BackupRotation { keep_newest, keep_days })?;
    }
    if args.own_passphrase || args.vault_passphrase {
        let typed = unlock::open_with_proof(&mut app, &args.unlock)?;
        let own = args.own_passphrase.then(|| next_passphrase(&args.unlock)).transpose()?;
        app.set_backup_passphrase(typed.proof(), own)?;
    } else if app.backups().own_passphrase {
        // Sealing under the backups' own passphrase takes the open vault; a plain copy does not.
        unlock::open(&mut app, &args.unlock)?;
    }
    let view = app.back_up_now()?;
    print_backups(&view, args.json)?;
    Ok(Answer::Yes)
}

/// `keyhaven vault backup FILE --json`.
#[derive(Serialize)]
struct CopiedValue {
    file: String,
}

fn print_backups(view: &BackupView, json: bool) -> Result<(), Failure> {
    if json {
        return output::json(view);
    }
    let state = match view.state {
        BackupState::Off => "no folder was chosen",
        BackupState::Good => "good",
        BackupState::Pending => "good, and changes wait for the next one: keyhaven vault backup makes it now",
        BackupState::Overdue => "overdue",
        BackupState::Unreachable => "the folder is not reachable",
        BackupState::PassphraseStale => "the backups' own passphrase has to be set anew",
        BackupState::Failing => "failing",
    };
    let rows = [
        ("backups", Some(state.to_owned())),
        ("folder", view.folder.clone()),
        ("last", view.last_at.map(|at| time::shown(at / 1_000))),
        ("file", view.last_name.clone()),
        (
            "opens",
            view.own_passphrase.then(|| {
                let kit = if view.kit_opens { " or the emergency kit" } else { "" };
                format!("with the backups' own passphrase{kit}")
            }),
        ),
        ("failure", view.failure.clone()),
        ("place", place(view).map(str::to_owned)),
    ];
    let damaged = view.damaged.iter().map(|name| ("damaged", Some(name.clone())));
    let rows = rows.into_iter().chain(damaged);
    let rows: Vec<_> = rows.filter_map(|(name, value)| Some((name, value?))).collect();
    output::table(&rows)
}

/// What is to be known of where the folder is.
fn place(view: &BackupView) -> Option<&'static str> {
    match (view.same_disk, view.synced) {
        (true, true) => Some("on this computer's disk, and kept alike on another computer"),
        (true, false) => Some("on this computer's disk, and gone with it"),
        (false, _) => None,
    }
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

/// `keyhaven vault restore FILE --json`.
#[derive(Serialize)]
struct UsedValue {
    /// Where it is the vault now.
    vault: String,
}

/// `keyhaven vault restore --state NAME --json`.
#[derive(Serialize)]
struct WentBackValue<'a> {
    state: &'a str,
    /// The saved state that holds what it was; null where there was nothing to be read, or it cannot be listed.
    kept_as: Option<String>,
    /// Whether it opens with other passphrases or keys than before.
    opens_otherwise: bool,
}

pub fn restore(args: RestoreArgs) -> Result<Answer, Failure> {
    let (mut app, computer) = unlock::find()?;
    let looks = args.dry_run || args.all || !args.only.is_empty();
    if let Some(name) = &args.state {
        let state = state_file(&app, &computer, name)?;
        let source = RestoreSource::Point { place: PointPlace::Saved, name: name.clone() };
        if looks && has_nothing_to_compare(&app) {
            return preview::show(&app, &source, &args);
        }
        if looks {
            return restore_records(&mut app, &state, &args);
        }
        preview::older_asks(&app, &source, args.yes)?;
        return go_back(&mut app, &computer, name, &state, &args);
    }
    if let Some(file) = &args.file {
        let source = RestoreSource::File { path: file.display().to_string() };
        if looks && has_nothing_to_compare(&app) {
            return preview::show(&app, &source, &args);
        }
        if looks {
            return restore_records(&mut app, file, &args);
        }
        another_vault_asks(&app, &computer, file, args.yes)?;
        preview::older_asks(&app, &source, args.yes)?;
        app.use_vault(&absolute(file)?, true).map_err(|failure| {
            // A file that can be read is not to blame for what is the matter with the vault.
            match LockedVault::read(computer.files(), &Location::at(file)) {
                Ok(_) => failure.into(),
                Err(_) => Failure::about(file, failure),
            }
        })?;
        let at = app.location().file().display().to_string();
        let done = format!("{} is now the vault at {at}", file.display());
        match args.json {
            true => output::json_done(&UsedValue { vault: at }, done)?,
            false => output::done(done)?,
        }
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
    } else if !some {
        return Err(Failure::nothing("there are no saved states yet: each save keeps the one before it"));
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

/// Whether there is no vault that a backup could be compared with, or records brought back to.
pub(crate) fn has_nothing_to_compare(app: &App) -> bool {
    matches!(app.status(), Status::Absent { .. } | Status::Unreadable { .. })
}

/// Where the vault cannot be read, its saved states may: a file of another vault takes its place only with `--yes`.
fn another_vault_asks(app: &App, computer: &SystemHost, file: &Path, yes: bool) -> Result<(), Failure> {
    let replaceable = match app.status() {
        Status::Absent { .. } => true,
        Status::Unreadable { error, .. } => {
            matches!(error.kind, FailureKind::DamagedVault | FailureKind::VaultUnreachable)
        }
        // Nothing takes its place, whatever is agreed to.
        _ => false,
    };
    if !replaceable {
        return Ok(());
    }
    let Ok(chosen) = LockedVault::read(computer.files(), &Location::at(file)) else { return Ok(()) };
    let states = LockedVault::generations(computer.files(), app.location()).unwrap_or_default();
    let others = states.iter().filter(|state| state.readable.as_ref().is_ok_and(|id| *id != chosen.id()));
    match others.count() {
        0 => Ok(()),
        count => agree::or_refuse(
            yes,
            format_args!(
                "{} is another vault than the one of which {count} saved states are here",
                file.display()
            ),
            &["keyhaven vault restore --list shows those; --yes puts this file in the vault's place".into()],
        ),
    }
}

/// The file of an earlier saved state.
fn state_file(app: &App, computer: &SystemHost, name: &str) -> Result<PathBuf, Failure> {
    let states = LockedVault::generations(computer.files(), app.location()).map_err(Failure::vault)?;
    let named = states.into_iter().find(|state| state.path.file_name().is_some_and(|file| file == name));
    named.map(|state| state.path).ok_or_else(|| {
        Failure::input(format_args!("there is no saved state {name}"))
            .advise("keyhaven vault restore --list names those that there are")
    })
}

/// Most names of what would go that are told.
const NAMES_TOLD: usize = 10;

/// How to have back what was just deleted: the newest saved state is the vault from before.
pub fn way_back(app: &App, computer: &SystemHost, id: &str) -> String {
    let states = LockedVault::generations(computer.files(), app.location()).unwrap_or_default();
    match states.first().and_then(|state| state.path.file_name()) {
        Some(state) => {
            format!("  keyhaven vault restore --state {} --only {id} brings it back", state.display())
        }
        None => "  earlier saved states have it still: keyhaven vault restore --list".into(),
    }
}

/// Puts a whole saved state in the vault's place. Damage is what this is for, so it asks for no passphrase; one that is
/// given has to open the state. A vault that can be read is left only by somebody who said so.
fn go_back(
    app: &mut App,
    computer: &SystemHost,
    name: &str,
    state: &Path,
    args: &RestoreArgs,
) -> Result<Answer, Failure> {
    let then = unlock::read(computer, &Location::at(state))?;
    let typed = args.unlock.given()?;
    if typed.is_some() {
        unlock::open_file(computer, &then, &typed)?;
    }
    let now = LockedVault::read(computer.files(), app.location()).ok();
    if let (Some(now), false) = (&now, args.yes) {
        let saved = |vault: &LockedVault| time::shown(vault.saved_at() / 1_000);
        let what = format!("the vault of {} would be again as it was at {}", saved(now), saved(&then));
        agree::or_refuse(false, what, &going_back(state, typed.as_ref()))?;
    }
    app.restore_generation(name)?;
    let mut lines = vec![format!("the vault is again as in {name}")];
    let (mut kept_as, mut opens_otherwise) = (None, false);
    if let Some(now) = now {
        // It went back: that its neighbours cannot be listed now is no failure of that.
        let states = LockedVault::generations(computer.files(), app.location()).unwrap_or_default();
        let before = states.first().and_then(|state| state.path.file_name());
        kept_as = before.map(|name| name.to_string_lossy().into_owned());
        lines.push(match &kept_as {
            Some(name) => format!("what it was is kept beside it as {name}"),
            None => "what it was is kept beside it, which cannot be listed now".to_owned(),
        });
        let ways =
            |vault: &LockedVault| vault.slots().into_iter().map(|slot| slot.id).collect::<BTreeSet<_>>();
        opens_otherwise = ways(&then) != ways(&now);
        if opens_otherwise {
            lines.push(
                "it opens with what opened it then: a passphrase or key that was changed since does not open it"
                    .into(),
            );
        }
    }
    if args.json {
        let value = WentBackValue { state: name, kept_as, opens_otherwise };
        output::json_done(&value, lines.join("; "))?;
    } else {
        output::all_done(&lines)?;
    }
    Ok(Answer::Yes)
}

/// What going back to a state means, as far as that can be had without asking for anything.
fn going_back(state: &Path, typed: Option<&Typed>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(look) = looked(state, typed) {
        let of = |effect| look.differences.iter().filter(move |one| one.effect == effect);
        let (gone, as_then) = (of(Effect::Removed).count(), of(Effect::Changed).count());
        let back = of(Effect::Added).count();
        lines.push(format!(
            "{gone} records added since would be gone, {as_then} would be as they were then, {back} would come back"
        ));
        lines.extend(
            of(Effect::Removed).take(NAMES_TOLD).map(|one| format!("gone: {}", differences::name(one))),
        );
        if gone > NAMES_TOLD {
            lines.push(format!("and {} more", gone - NAMES_TOLD));
        }
    } else {
        lines.push("what differs is not known while the vault is locked: --dry-run shows it".into());
    }
    lines.push("--only NAME brings single records back instead".into());
    lines
}

/// The comparison, where the vault opens with what was typed, or without a question.
fn looked(state: &Path, typed: Option<&Typed>) -> Option<Look> {
    let (mut app, _) = unlock::find().ok()?;
    unlock::open_quietly(&mut app, typed).ok()?;
    match app.look_into_file(state, typed.map(Typed::proof)).ok()? {
        LookAnswer::Opened(look) => Some(look),
        LookAnswer::Locked { .. } => None,
    }
}

#[derive(Serialize)]
struct RestoredValue {
    restored: u32,
}

/// Compares a backup with the vault, and brings back what was asked for.
fn restore_records(app: &mut App, file: &Path, args: &RestoreArgs) -> Result<Answer, Failure> {
    let typed = unlock::open(app, &args.unlock)?;
    let look = app.look_into_file(file, typed.as_ref().map(Typed::proof));
    let look = opened(look.map_err(|failure| Failure::about(file, failure))?)?;
    if args.dry_run {
        if args.json {
            output::json(&look)?;
        } else {
            differences::print(&look)?;
        }
        return Ok(Answer::Yes);
    }
    for word in &args.only {
        if !look.differences.iter().any(|one| differences::is_meant(one, word)) {
            return Err(Failure::nothing(format_args!("nothing named {word} differs; nothing was changed")));
        }
    }
    let chosen: Vec<&Difference> = look
        .differences
        .iter()
        .filter(|one| args.all || args.only.iter().any(|word| differences::is_meant(one, word)))
        .collect();
    let goes = chosen.iter().filter(|one| one.effect == Effect::Removed).map(|one| differences::name(one));
    let goes: Vec<String> = goes.collect();
    if !goes.is_empty() {
        let single = "--only NAME brings single records back instead".to_owned();
        let details: Vec<String> = goes.iter().cloned().chain([single]).collect();
        agree::or_refuse(args.yes, "what was added since would be deleted", &details)?;
    }
    let ids: Vec<String> = chosen.iter().map(|one| one.id.clone()).collect();
    let restored = app.restore_records(look.look, &ids)?;
    let records = if restored == 1 { "1 record is" } else { &format!("{restored} records are") };
    let done = format!("{records} again as in {}", file.display());
    if args.json {
        output::json_done(&RestoredValue { restored }, done)?;
    } else {
        let gone = goes.iter().map(|name| format!("  {name} was added since, and is deleted"));
        output::all_done(&[done].into_iter().chain(gone).collect::<Vec<_>>())?;
    }
    Ok(Answer::Yes)
}

#[derive(Serialize)]
struct CopiesValue {
    copies: Vec<VaultCopy>,
}

#[derive(Serialize)]
struct MergeValue {
    /// Whether the vault was changed; not with `--dry-run`.
    merged: bool,
    added: usize,
    changed: usize,
    deleted: usize,
    conflicts: usize,
    #[serde(flatten)]
    look: Look,
}

pub fn merge(args: MergeArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    if !matches!(app.status(), Status::Locked(_)) {
        return Err(no_vault(&mut app));
    }
    let Some(file) = &args.file else { return list_copies(&mut app, &args) };
    let typed = unlock::open_unannounced(&mut app, &args.unlock)?;
    let look = app.preview_merge(file, typed.as_ref().map(Typed::proof));
    let look = opened(look.map_err(|failure| Failure::about(file, failure))?)?;
    if !args.json && args.dry_run {
        differences::print(&look)?;
        return Ok(Answer::Yes);
    }
    let nothing = look.merge.as_ref().is_some_and(|merge| merge.nothing);
    if !args.dry_run && !nothing {
        let what = format_args!("the vault would take in what {} has", output::shown(&look.name));
        agree::or_refuse(args.yes, what, &differences::lines(&look))?;
        app.apply_merge(look.look)?;
    }
    let count = |effect| look.differences.iter().filter(|one| one.effect == effect).count();
    let (added, changed) = (count(Effect::Added), count(Effect::Changed));
    let (deleted, conflicts) = (count(Effect::Removed), count(Effect::BothKept));
    let merged = !args.dry_run && !nothing;
    let done = format!(
        "{added} added, {changed} changed, {deleted} deleted, {conflicts} changed in both (both are kept)"
    );
    if args.json {
        let value = MergeValue { merged, added, changed, deleted, conflicts, look };
        output::json_done(&value, done)?;
    } else {
        let ways = differences::ways(&look).map(|line| format!("  {line}"));
        output::all_done(&[done].into_iter().chain(ways).collect::<Vec<_>>())?;
    }
    Ok(Answer::Yes)
}

/// What is in them is told where the vault opens with what was given, or without a question.
fn list_copies(app: &mut App, args: &MergeArgs) -> Result<Answer, Failure> {
    if !app.copies().is_empty() {
        let typed = args.unlock.given()?;
        let opened = unlock::open_quietly(app, typed.as_ref());
        if typed.is_some() {
            opened?;
        }
    }
    let copies = app.copies();
    let some = !copies.is_empty();
    if args.json {
        output::json(&CopiesValue { copies })?;
    } else if some {
        for copy in &copies {
            let saved = copy.saved_at.map(|at| format!("  saved {}", time::shown(at / 1_000)));
            let problem = copy.problem.as_ref().map(|problem| format!("  {problem}"));
            let news = copy.news.map(|news| if news { "  has something new" } else { "  nothing new in it" });
            output::line(format_args!(
                "{}{}{}{}",
                output::shown(&copy.name),
                saved.unwrap_or_default(),
                news.unwrap_or_default(),
                problem.unwrap_or_default()
            ))?;
        }
    } else {
        output::line("there is no copy of the vault beside it")?;
    }
    Ok(Answer::yes_if(some))
}

fn opened(answer: LookAnswer) -> Result<Look, Failure> {
    match answer {
        LookAnswer::Opened(look) => Ok(look),
        LookAnswer::Locked { .. } => Err(Failure::vault("this copy has other keys than the vault")
            .advise("--password-stdin or --recovery-key-stdin gives what opens both")),
    }
}
