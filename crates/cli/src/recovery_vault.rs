//! `keyhaven recovery add`, `list`, `use`, `undo`, `replace`, `edit`, `rm`, `export`: the recovery sets in the vault.

use crate::accounts::{self, Match};
use crate::args::{
    RecoveryAddArgs, RecoveryEditArgs, RecoveryExportArgs, RecoveryListArgs, RecoveryReplaceArgs,
    RecoveryRmArgs, RecoveryUndoArgs, RecoveryUseArgs, Tidy, Unlock,
};
use crate::error::{Answer, Failure};
use crate::unlock;
use crate::{agree, backups, input, output, time};
use keyhaven_app::App;
use keyhaven_app::recovery::view::{
    Draft, DraftChoices, SetChanges, SetDetail, SetKind, SetRow, SetStanding, TidyWay,
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
    /// The account that it seems to belong to and is not linked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    perhaps_account: Option<String>,
}

impl<'a> SetValue<'a> {
    fn of(set: &'a SetRow) -> Self {
        Self { set, code: None, problems: None, perhaps_account: None }
    }
}

pub fn add(args: RecoveryAddArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    open_to_compare(&mut app, &args.unlock)?;
    let account = match &args.account {
        Some(name) => Some(accounts::resolve(&app, name, Match::Part)?.id),
        None => None,
    };
    let choices = DraftChoices { name: args.name.unwrap_or_default(), account, ..DraftChoices::default() };
    let asking = Asking { tidy: args.tidy, link: args.link, json: args.json };
    keep(&mut app, &args.file, choices, &asking)
}

/// What is done beside keeping a file, and whether a person may be asked about it.
struct Asking {
    tidy: Tidy,
    link: bool,
    json: bool,
}

impl Asking {
    fn can_ask(&self) -> bool {
        !self.json && input::can_prompt()
    }

    /// What shall become of the file, once it is sealed; `None`: it is left as it is.
    fn way(&self, file: &str) -> Result<Option<TidyWay>, Failure> {
        let given = match (self.tidy.bin, self.tidy.erase) {
            (true, _) => Some(TidyWay::Bin),
            (_, true) => Some(TidyWay::Erase),
            _ => None,
        };
        if file == "-" || given.is_some() || !self.can_ask() {
            return Ok(given.filter(|_| file != "-"));
        }
        input::say(output::shown(&format!("{file} is still there, and whoever has it has these codes.\n")));
        input::say(format_args!(
            "  bin    it can be taken out again until the bin is emptied\n  erase  {ERASED}\n"
        ));
        input::say("Type bin or erase, or nothing to leave it: ");
        Ok(match input::typed_line()?.trim().to_lowercase().as_str() {
            "bin" => Some(TidyWay::Bin),
            "erase" => Some(TidyWay::Erase),
            _ => None,
        })
    }
}

/// What erasing a file can and cannot do.
const ERASED: &str =
    "overwritten and deleted; SSDs, and disks that copy on write or make snapshots, may keep an old copy";

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
    accept(&mut app, draft, &args.file, choices, &Asking { tidy: args.tidy, link: false, json: args.json })
}

/// Reads a file and keeps it; who it is for and whose it is is what the file says where nothing else was said.
fn keep(app: &mut App, file: &str, choices: DraftChoices, asking: &Asking) -> Result<Answer, Failure> {
    let draft = read(app, file)?;
    let Some(already) = &draft.already else { return accept(app, draft, file, choices, asking) };
    let set = app.recovery_set(already)?.row;
    if set.standing == SetStanding::Superseded {
        let what = "this very file was kept, and a newer set took its place: its codes are void";
        return Err(about(file, what)
            .advise("keyhaven recovery undo SET takes the replacement back, where that was a slip"));
    }
    if asking.json {
        output::json(&SetValue::of(&set))?;
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
    let pending = if file == "-" { pending } else { pending.from_path(Path::new(file)) };
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
    asking: &Asking,
) -> Result<Answer, Failure> {
    if choices.provider.is_empty() {
        choices.provider = draft.provider.clone();
    }
    let replaces = choices.replaces.is_some();
    let mut perhaps = None;
    if choices.account.is_none()
        && let Some((id, name)) = likely(app, &draft)?
    {
        if asking.link || (asking.can_ask() && confirmed(&name)?) {
            choices.account = Some(id);
        } else if !asking.can_ask() {
            perhaps = Some(name);
        }
    }
    let mut set = app.accept_draft(draft.id, choices)?.set;
    let id = accounts::short(&set.id).to_owned();
    let problems: Vec<String> = draft.problems.into_iter().map(|problem| problem.text).collect();
    let done = format!("{}: kept", described(&set));
    let mut lines = vec![done.clone()];
    lines.extend(replaces.then(|| {
        format!("  the older set is not offered any more; keyhaven recovery undo {id} takes that back")
    }));
    lines.extend(perhaps.iter().map(|name| {
        let what =
            format!("  it seems to belong to {name}: keyhaven recovery edit {id} --account … links it");
        output::shown(&what)
    }));
    lines.extend(problems.iter().map(|problem| output::shown(&format!("problem: {problem}"))));
    let way = asking.way(file)?;
    if let Some(way) = way {
        let view = app.tidy_download(&set.id, way).map_err(|failure| {
            Failure::from(failure).advise(format_args!("the set is kept all the same: {}", described(&set)))
        })?;
        set = view.sets.into_iter().find(|kept| kept.id == set.id).unwrap_or(set);
    }
    if asking.json {
        let value = SetValue { problems: Some(problems), perhaps_account: perhaps, ..SetValue::of(&set) };
        output::json_done(&value, done)?;
        return Ok(Answer::Yes);
    }
    lines.extend(match way {
        _ if file == "-" => None,
        Some(TidyWay::Bin) => Some(output::shown(&format!("  {file} is in the bin"))),
        Some(TidyWay::Erase) => Some(output::shown(&format!("  {file} is {ERASED}"))),
        None => Some(output::shown(&format!("  {file} is left as it is: whoever has it has these codes"))),
    });
    output::all_done(&lines)?;
    Ok(Answer::Yes)
}

/// The account that a draft seems to belong to: its id, and its name in words.
fn likely(app: &App, draft: &Draft) -> Result<Option<(String, String)>, Failure> {
    let Some(id) = &draft.account else { return Ok(None) };
    let row = app.accounts()?.into_iter().find(|row| row.id == *id);
    Ok(row.map(|row| (row.id.clone(), accounts::label(&row.issuer, &row.name))))
}

/// Whether the person at the terminal says that a set belongs to that account.
fn confirmed(account: &str) -> Result<bool, Failure> {
    input::say(output::shown(&format!("It seems to belong to {account}.\n")));
    input::say("Link it? Type yes: ");
    Ok(matches!(input::typed_line()?.trim().to_lowercase().as_str(), "yes" | "y"))
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
        output::json(&SetValue { code: Some(code.expose_for_display()), ..SetValue::of(&set) })
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
        // Its form tells which: the code itself is for who asks for it.
        let form = codes.get(number).map_or("", |code| code.masked.as_str());
        let line = format!("code {} of {} is unused again: {form}", number + 1, codes.len());
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
        output::json_done(&SetValue::of(&row), line)?;
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
        output::json_done(&SetValue::of(&row), done)?;
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
        if set.standing == SetStanding::Superseded && !args.all {
            return Err(Failure::input(format_args!(
                "{}: a newer set took this one's place; its codes are void",
                output::shown(&set.name)
            ))
            .advise("--all prints them all the same"));
        }
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
