//! `keyhaven recovery add`, `list`, `use`, `undo`, `replace`, `export`: the recovery sets in the vault.

use crate::accounts::{self, Match};
use crate::args::{
    RecoveryAddArgs, RecoveryExportArgs, RecoveryListArgs, RecoveryReplaceArgs, RecoverySetArgs,
    RecoveryUseArgs, Unlock,
};
use crate::error::{Answer, Failure};
use crate::unlock;
use crate::{input, output, time};
use keyhaven_app::App;
use keyhaven_app::recovery::view::{DraftChoices, SetDetail, SetKind, SetRow, SetStanding};
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
    // Standard input can be the file or the passphrase, and not both.
    one_stdin(&args.file, &args.unlock)?;
    open_to_compare(&mut app, &args.unlock)?;
    let account = match &args.account {
        Some(name) => Some(accounts::resolve(&app, name, Match::Part)?.id),
        None => None,
    };
    keep(
        &mut app,
        &args.file,
        DraftChoices { name: args.name.unwrap_or_default(), account, ..DraftChoices::default() },
        args.json,
    )
}

pub fn replace(args: RecoveryReplaceArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    one_stdin(&args.file, &args.unlock)?;
    open_to_compare(&mut app, &args.unlock)?;
    let old = resolve(&app, &args.set)?;
    let name = if old.name == old.provider { String::new() } else { old.name };
    let choices = DraftChoices { name, provider: old.provider, account: old.account, replaces: Some(old.id) };
    keep(&mut app, &args.file, choices, args.json)
}

/// Reads a file and keeps it; who it is for and whose it is is what the file says where nothing else was said.
fn keep(app: &mut App, file: &str, mut choices: DraftChoices, json: bool) -> Result<Answer, Failure> {
    let wrong = |what: &dyn std::fmt::Display| Failure::input(format_args!("{file}: {what}"));
    let bytes = input::bytes(file, SIZE_LIMIT).map_err(|error| wrong(&input::words(&error)))?;
    let name = Path::new(file).file_name().and_then(|name| name.to_str()).filter(|name| *name != "-");
    let mut reader = app.begin_drafts(1)?;
    let pending = reader.bytes(name.unwrap_or("standard input").to_owned(), SecretBytes::new(bytes.to_vec()));
    let draft = app.keep_draft(pending)?;
    if let Some(why) = &draft.unusable {
        return Err(wrong(why));
    }
    if let (Some(already), None) = (&draft.already, &choices.replaces) {
        let set = app.recovery_set(already)?.row;
        if set.standing == SetStanding::Superseded {
            return Err(wrong(
                &"this very file was kept, and a newer set took its place: its codes are void",
            ));
        }
        if json {
            output::json(&SetValue { set: &set, code: None, problems: None })?;
        } else {
            output::line(format_args!("{}: already there", described(&set)))?;
        }
        return Ok(Answer::Yes);
    }
    if choices.provider.is_empty() {
        choices.provider = draft.provider.clone();
    }
    choices.account = choices.account.or(draft.account);
    let kept = app.accept_draft(draft.id, choices)?;
    let problems: Vec<String> = draft.problems.into_iter().map(|problem| problem.text).collect();
    if json {
        output::json(&SetValue { set: &kept.set, code: None, problems: Some(problems) })?;
    } else {
        output::line(format_args!("{}: kept", described(&kept.set)))?;
        problems.iter().try_for_each(|problem| output::line(format_args!("problem: {problem}")))?;
    }
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
        sets.iter().try_for_each(|set| output::line(described(set)))?;
    } else {
        output::line("there is no recovery set in the vault; keyhaven recovery add FILE keeps one")?;
    }
    Ok(Answer::yes_if(some))
}

pub fn use_next(args: RecoveryUseArgs) -> Result<Answer, Failure> {
    let mut app = open_codes(&args.unlock)?;
    let set = resolve(&app, &args.set)?;
    let (code, _) = app.use_next_recovery_code(&set.id, args.place.as_deref().unwrap_or_default())?;
    let set = app.recovery_set(&set.id)?.row;
    let shown = if args.json {
        output::json(&SetValue { set: &set, code: Some(code.expose_for_display()), problems: None })
    } else {
        output::line(code.expose_for_display())
    };
    shown.map_err(|failure| {
        failure.advise("the code is marked as used all the same: keyhaven recovery undo")
    })?;
    Ok(Answer::Yes)
}

pub fn undo(args: RecoverySetArgs) -> Result<Answer, Failure> {
    let mut app = open_codes(&args.unlock)?;
    let set = resolve(&app, &args.set)?;
    let SetDetail { row, .. } = app.undo_recovery_use(&set.id)?;
    if args.json {
        output::json(&SetValue { set: &row, code: None, problems: None })?;
    } else {
        output::line(described(&row))?;
    }
    Ok(Answer::Yes)
}

pub fn export(args: RecoveryExportArgs) -> Result<Answer, Failure> {
    let mut app = open_codes(&args.unlock)?;
    let set = resolve(&app, &args.set)?;
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
            output::line(format_args!("{} written to {}", set.name, path.display()))?;
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

fn one_stdin(file: &str, unlock: &Unlock) -> Result<(), Failure> {
    if file == "-" && (unlock.password_stdin || unlock.recovery_key_stdin) {
        return Err(Failure::input("standard input cannot be both a file and a passphrase"));
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
pub fn resolve(app: &App, wanted: &str) -> Result<SetRow, Failure> {
    if wanted.trim().is_empty() {
        return Err(Failure::input("no recovery set is named: the name is empty"));
    }
    let mut sets = app.recovery()?.sets;
    if let Some(at) = sets.iter().position(|set| set.id == wanted) {
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
    if fitting.is_empty() && !lower.is_empty() {
        fitting =
            sets.iter().filter(|set| names(set).iter().any(|name| name.contains(&lower))).cloned().collect();
    }
    match fitting.len() {
        0 => Err(Failure::nothing(format_args!("there is no recovery set {wanted:?} in the vault"))),
        1 => Ok(fitting.swap_remove(0)),
        count => {
            let all: Vec<_> = fitting.iter().map(|set| format!("{} {}", set.id, described(set))).collect();
            Err(Failure::input(format_args!("{count} recovery sets fit {wanted:?}")).advise(all.join("\n  ")))
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
