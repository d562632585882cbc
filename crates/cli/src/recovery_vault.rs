//! `keyhaven recovery add`, `list`, `use`, `undo`, `replace`, `edit`, `rm`, `export`: the recovery sets in the vault.

use crate::accounts::{self, Match};
use crate::args::{
    RecoveryAddArgs, RecoveryEditArgs, RecoveryExportArgs, RecoveryListArgs, RecoveryReplaceArgs,
    RecoveryRmArgs, RecoveryUndoArgs, RecoveryUseArgs, Unlock,
};
use crate::error::{Answer, Failure};
use crate::unlock;
use crate::{agree, backups, input, output, time};
use keyhaven_app::App;
use keyhaven_app::recovery::view::{
    Draft, DraftChoices, SetChanges, SetDetail, SetKind, SetRow, SetStanding,
};
use keyhaven_recovery::SIZE_LIMIT;
use keyhaven_secret::SecretBytes;
use serde::Serialize;
use std::io::Write as _;
use std::path::Path;

#[derive(Serialize)]
struct ListValue {
    sets: Vec<SetRow>,
}

/// A set, and the code that was given out, where one was.
#[derive(Serialize)]
struct SetValue<'a> {
    set: &'a SetRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problems: Option<Vec<String>>,
}

pub fn add(args: RecoveryAddArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    open_to_compare(&mut app, &args.unlock)?;
    let account = match &args.account {
        Some(name) => Some(accounts::resolve(&app, name, Match::Part)?.id),
        None => None,
    };
    let choices = DraftChoices { name: args.name.unwrap_or_default(), account, ..DraftChoices::default() };
    keep(&mut app, &args.file, choices, args.json)
}

pub fn replace(args: RecoveryReplaceArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    open_to_compare(&mut app, &args.unlock)?;
    let old = resolve(&app, &args.set, Match::Part)?;
    let draft = read(&mut app, &args.file)?;
    let foreign = !draft.provider.is_empty() && !old.provider.is_empty() && draft.provider != old.provider;
    if foreign {
        let what = format!("{} is a file of {}, and it would replace", args.file, draft.provider);
        agree::or_refuse(args.yes, output::shown(&what), &[described(&old)])?;
    }
    let name = if old.name == old.provider { String::new() } else { old.name };
    let choices = DraftChoices { name, provider: old.provider, account: old.account, replaces: Some(old.id) };
    accept(&mut app, draft, &args.file, choices, args.json)
}

/// Reads a file and keeps it; who it is for and whose it is is what the file says where nothing else was said.
fn keep(app: &mut App, file: &str, choices: DraftChoices, json: bool) -> Result<Answer, Failure> {
    let draft = read(app, file)?;
    let Some(already) = &draft.already else { return accept(app, draft, file, choices, json) };
    let set = app.recovery_set(already)?.row;
    if set.standing == SetStanding::Superseded {
        let what = "this very file was kept, and a newer set took its place: its codes are void";
        return Err(about(file, what)
            .advise("keyhaven recovery undo SET takes the replacement back, where that was a slip"));
    }
    if json {
        output::json(&SetValue { set: &set, code: None, problems: None })?;
    } else {
        output::line(format_args!("{}: already there", described(&set)))?;
    }
    Ok(Answer::Yes)
}

fn about(file: &str, what: impl std::fmt::Display) -> Failure {
    Failure::input(format_args!("{file}: {what}"))
}

/// What a file holds, not kept yet.
fn read(app: &mut App, file: &str) -> Result<Draft, Failure> {
    let bytes = input::bytes(file, SIZE_LIMIT).map_err(|error| about(file, input::words(&error)))?;
    let name = Path::new(file).file_name().and_then(|name| name.to_str()).filter(|name| *name != "-");
    let mut reader = app.begin_drafts(1)?;
    let pending = reader.bytes(name.unwrap_or("standard input").to_owned(), SecretBytes::new(bytes.to_vec()));
    let draft = app.keep_draft(pending)?;
    match &draft.unusable {
        Some(why) => Err(about(file, why)),
        None => Ok(draft),
    }
}

fn accept(
    app: &mut App,
    draft: Draft,
    file: &str,
    mut choices: DraftChoices,
    json: bool,
) -> Result<Answer, Failure> {
    if choices.provider.is_empty() {
        choices.provider = draft.provider.clone();
    }
    choices.account = choices.account.or(draft.account);
    let replaces = choices.replaces.is_some();
    let kept = app.accept_draft(draft.id, choices)?;
    let problems: Vec<String> = draft.problems.into_iter().map(|problem| problem.text).collect();
    let done = format!("{}: kept", described(&kept.set));
    if json {
        output::json_done(&SetValue { set: &kept.set, code: None, problems: Some(problems) }, done)?;
        return Ok(Answer::Yes);
    }
    let mut lines = vec![done];
    lines.extend(replaces.then(|| {
        let id = accounts::short(&kept.set.id);
        format!("  the older set is not offered any more; keyhaven recovery undo {id} takes that back")
    }));
    lines.extend(problems.iter().map(|problem| output::shown(&format!("problem: {problem}"))));
    if file != "-" {
        lines.push(output::shown(&format!("  {file} is left as it is: whoever has it has these codes")));
    }
    output::all_done(&lines)?;
    Ok(Answer::Yes)
}

pub fn list(args: RecoveryListArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    unlock::open(&mut app, &args.unlock)?;
    let sets = app.recovery()?.sets;
    let some = !sets.is_empty();
    if args.json {
        output::json(&ListValue { sets })?;
    } else if some {
        // Two alike have to be told apart to be named.
        let alike =
            |own: &SetRow| sets.iter().filter(|set| set.name.eq_ignore_ascii_case(&own.name)).count() > 1;
        for set in &sets {
            let id = if alike(set) { format!(", id {}", accounts::short(&set.id)) } else { String::new() };
            output::line(described(set) + &id)?;
        }
    } else {
        output::line("there is no recovery set in the vault; keyhaven recovery add FILE keeps one")?;
    }
    Ok(Answer::yes_if(some))
}

pub fn use_next(args: RecoveryUseArgs) -> Result<Answer, Failure> {
    output::reaches_somebody("the code")?;
    let mut app = open_codes(&args.unlock)?;
    let set = resolve(&app, &args.set, Match::Part)?;
    let (code, _) = app.use_next_recovery_code(&set.id, args.place.as_deref().unwrap_or_default())?;
    let set = app.recovery_set(&set.id)?.row;
    let shown = if args.json {
        output::json(&SetValue { set: &set, code: Some(code.expose_for_display()), problems: None })
    } else {
        output::line(code.expose_for_display())
    };
    shown.map_err(|failure| {
        let id = accounts::short(&set.id);
        failure.lost(format_args!(
            "the code is marked as used all the same: keyhaven recovery undo {id} takes that back"
        ))
    })?;
    Ok(Answer::Yes)
}

/// What was done last with the set: a code of it used, or it put in another's place.
pub fn undo(args: RecoveryUndoArgs) -> Result<Answer, Failure> {
    let mut app = open_codes(&args.unlock)?;
    let set = resolve(&app, &args.set, Match::Part)?;
    let before = app.recovery_set(&set.id)?.codes;
    let (row, line) = if before.iter().any(|code| code.used_at.is_some()) {
        let SetDetail { row, codes, .. } = app.undo_recovery_use(&set.id)?;
        let changed = before.iter().zip(&codes).position(|(before, now)| before.used != now.used);
        let number = changed.unwrap_or_default();
        let code = app.recovery_code(&set.id, u32::try_from(number).unwrap_or(u32::MAX))?;
        let line =
            format!("code {} of {} is unused again: {}", number + 1, codes.len(), code.expose_for_display());
        (row, line)
    } else {
        let row = app.undo_recovery_replace(&set.id).map_err(|failure| {
            Failure::input(format_args!(
                "{}: no code of this set was used here, and {}",
                output::shown(&set.name),
                failure.detail
            ))
        })?;
        (
            row,
            format!(
                "the set of {} is in use again, and {} left the vault",
                time::shown(set.added_at / 1_000),
                set.source
            ),
        )
    };
    if args.json {
        output::json_done(&SetValue { set: &row, code: None, problems: None }, line)?;
    } else {
        output::all_done(&[output::shown(&line), described(&row)])?;
    }
    Ok(Answer::Yes)
}

pub fn edit(args: RecoveryEditArgs) -> Result<Answer, Failure> {
    if args.name.is_none() && args.account.is_none() && args.note.is_none() {
        return Err(
            Failure::input("there is nothing to change").advise("--name, --account and --note say what")
        );
    }
    // The note is sealed with the codes; name and account are not.
    let mut app = match args.note {
        Some(_) => open_codes(&args.unlock)?,
        None => {
            let (mut app, _) = unlock::find()?;
            unlock::open(&mut app, &args.unlock)?;
            app
        }
    };
    let set = resolve(&app, &args.set, Match::Part)?;
    let account = match args.account.as_deref() {
        None => None,
        Some(name) if name.trim().is_empty() => Some(String::new()),
        Some(name) => Some(accounts::resolve(&app, name, Match::Part)?.id),
    };
    let changes = SetChanges { name: args.name, account, note: args.note };
    let row = app.edit_recovery(&set.id, changes)?;
    let done = format!("{}: changed", described(&row));
    if args.json {
        output::json_done(&SetValue { set: &row, code: None, problems: None }, done)?;
    } else {
        output::done(done)?;
    }
    Ok(Answer::Yes)
}

pub fn rm(args: RecoveryRmArgs) -> Result<Answer, Failure> {
    let mut app = open_codes(&args.unlock)?;
    let set = resolve(&app, &args.set, Match::Whole)?;
    agree::or_refuse(
        args.yes,
        "this set and the file it was made from would be deleted",
        &[described(&set)],
    )?;
    app.delete_recovery(&set.id)?;
    let (_, computer) = unlock::find()?;
    output::all_done(&[
        format!("{}: deleted", described(&set)),
        backups::way_back(&app, &computer, &set.id),
    ])?;
    Ok(Answer::Yes)
}

pub fn export(args: RecoveryExportArgs) -> Result<Answer, Failure> {
    let mut app = open_codes(&args.unlock)?;
    let set = resolve(&app, &args.set, Match::Part)?;
    let bytes = if args.codes {
        let mut lines = zeroize::Zeroizing::new(Vec::new());
        let detail = app.recovery_set(&set.id)?;
        let revealed = app.reveal_recovery(&set.id)?;
        for (code, row) in revealed.codes.iter().zip(&detail.codes).filter(|(_, row)| !row.used || args.all) {
            lines.extend_from_slice(code.as_bytes());
            lines.extend_from_slice(if row.used { b" (used)\n" } else { b"\n" });
        }
        SecretBytes::new(lines.to_vec())
    } else {
        app.recovery_original(&set.id)?.1
    };
    match &args.output {
        None => {
            let mut out = std::io::stdout().lock();
            out.write_all(bytes.expose())?;
            out.flush()?;
        }
        Some(path) => {
            crate::qr::write_new(path, bytes.expose(), args.force)?;
            output::done(output::shown(&format!("{} written to {}", set.name, path.display())))?;
        }
    }
    Ok(Answer::Yes)
}

/// Opens the vault, and where a passphrase was typed the codes too: only then is a file known that is kept already.
fn open_to_compare(app: &mut App, unlock: &Unlock) -> Result<(), Failure> {
    if let Some(typed) = unlock::open(app, unlock)? {
        app.unlock_recovery(typed.proof())?;
    }
    Ok(())
}

/// The vault with its recovery codes open. What opened the accounts opens the codes too, unless that was the keyring.
fn open_codes(unlock: &Unlock) -> Result<App, Failure> {
    let (mut app, _) = unlock::find()?;
    let typed = unlock::open(&mut app, unlock)?;
    let proof = accounts::proof_for(
        typed,
        "Passphrase, for the recovery codes: ",
        "recovery codes open only with the passphrase or the recovery key",
    )?;
    app.unlock_recovery(proof)?;
    Ok(app)
}

/// The set of that id, or of that name or provider, in use before replaced.
pub fn resolve(app: &App, wanted: &str, how: Match) -> Result<SetRow, Failure> {
    if wanted.trim().is_empty() {
        return Err(Failure::input("no recovery set is named: the name is empty"));
    }
    let mut sets = app.recovery()?.sets;
    if let Some(at) = accounts::by_id(sets.iter().map(|set| set.id.as_str()), wanted) {
        return Ok(sets.swap_remove(at));
    }
    let lower = wanted.to_lowercase();
    let names = |set: &SetRow| {
        [
            set.name.to_lowercase(),
            set.provider.to_lowercase(),
            set.account_name.clone().unwrap_or_default().to_lowercase(),
        ]
    };
    sets.retain(|set| set.standing != SetStanding::Superseded);
    let mut fitting: Vec<SetRow> = sets.iter().filter(|set| names(set).contains(&lower)).cloned().collect();
    if fitting.is_empty() && how == Match::Part {
        fitting =
            sets.iter().filter(|set| names(set).iter().any(|name| name.contains(&lower))).cloned().collect();
    }
    match fitting.len() {
        0 => Err(Failure::nothing(format_args!("there is no recovery set {wanted:?} in the vault"))),
        1 => Ok(fitting.swap_remove(0)),
        count => {
            let listed = |set: &SetRow| format!("{} ({})", described(set), accounts::short(&set.id));
            let all: Vec<_> = fitting.iter().map(listed).collect();
            Err(Failure::input(format_args!(
                "{count} recovery sets fit {wanted:?}; the id in brackets names one"
            ))
            .advise(all.join("\n  ")))
        }
    }
}

/// `GitHub: 13 of 16 left, for GitHub · me@example.org, added 2026-03-03T08:00:00Z from github-recovery-codes.txt`.
fn described(set: &SetRow) -> String {
    let what = match set.kind {
        SetKind::Codes => format!("{} of {} left", set.left, set.total),
        SetKind::Key if set.left > 0 => "recovery key".to_owned(),
        SetKind::Key => "recovery key, used".to_owned(),
        SetKind::SeedPhrase => "seed phrase".to_owned(),
        SetKind::Notes => "notes".to_owned(),
        SetKind::Document => format!("document, {} bytes", set.size),
    };
    let standing = match set.standing {
        SetStanding::Good => "",
        SetStanding::Low => ", low",
        SetStanding::Empty => ", empty",
        SetStanding::Superseded => ", replaced by a newer set",
    };
    let account = set.account_name.as_ref().map(|name| format!(", for {name}")).unwrap_or_default();
    let added = time::shown(set.added_at / 1_000);
    output::shown(&format!("{}: {what}{standing}{account}, added {added} from {}", set.name, set.source))
}
