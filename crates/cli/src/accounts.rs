//! `keyhaven list`, `show`, `add`, `edit`, `rm`: the accounts in the vault, and which of them a name means.

use crate::args::{AddArgs, EditArgs, ListArgs, RmArgs, ShowArgs};
use crate::error::{Answer, Failure, tell};
use crate::unlock::{self, Typed};
use crate::{agree, backups, input, output, time};
use keyhaven_app::App;
use keyhaven_app::host::Host as _;
use keyhaven_app::offer::{Input, LARGEST_FILE};
use keyhaven_app::recovery::view::SetRow;
use keyhaven_app::view::{
    AccountChanges, AccountDetail, AccountRow, AccountVersion, AlgorithmName, Found, KindName, OfferProblem,
    Proof, Revealed, Standing,
};
use keyhaven_platform::SystemHost;
use keyhaven_secret::{SecretBytes, SecretText};
use serde::Serialize;

#[derive(Serialize)]
struct ListValue {
    accounts: Vec<AccountRow>,
}

pub fn list(args: ListArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    unlock::open(&mut app, &args.unlock)?;
    let query = args.query.unwrap_or_default().to_lowercase();
    let mut accounts = app.accounts()?;
    let empty = accounts.is_empty();
    accounts.retain(|row| {
        let mut texts = row.tags.iter().chain([&row.issuer, &row.name]);
        texts.any(|text| text.to_lowercase().contains(&query))
    });
    // As in the window.
    accounts.sort_by_key(|row| !row.pinned);
    let some = !accounts.is_empty();
    if args.json {
        output::json(&ListValue { accounts })?;
    } else if empty {
        return Err(Failure::nothing("there are no accounts in the vault yet")
            .advise("keyhaven add takes a URI or a picture, keyhaven import takes another app's export"));
    } else if !some {
        return Err(Failure::nothing(format_args!("no account's issuer, name or tag has {query:?} in it")));
    } else {
        let labels: Vec<_> =
            accounts.iter().map(|row| output::shown(&label(&row.issuer, &row.name))).collect();
        // Two alike have to be told apart to be named.
        let alike = |own: &String| labels.iter().filter(|label| label.eq_ignore_ascii_case(own)).count() > 1;
        let rows = labels.iter().zip(&accounts).map(|(label, row)| {
            let id = if alike(label) { format!(", id {}", short(&row.id)) } else { String::new() };
            (label.as_str(), described(row) + &id)
        });
        output::table(&rows.collect::<Vec<_>>())?;
    }
    Ok(Answer::yes_if(some))
}

/// `totp, 6 digits, 30 s, #work`.
fn described(row: &AccountRow) -> String {
    let mut parts = vec![kind(row.kind).to_owned(), format!("{} digits", row.digits)];
    parts.extend(row.period.map(|period| format!("{period} s")));
    parts.extend(row.tags.iter().map(|tag| output::shown(&format!("#{tag}"))));
    parts.extend(row.pinned.then(|| "pinned".to_owned()));
    parts.extend(row.undecided.then(|| "two versions".to_owned()));
    parts.join(", ")
}

pub fn kind(kind: KindName) -> &'static str {
    match kind {
        KindName::Totp => "totp",
        KindName::Hotp => "hotp",
        KindName::Steam => "steam",
        KindName::Motp => "motp",
        KindName::Yandex => "yandex",
    }
}

pub fn algorithm(algorithm: AlgorithmName) -> &'static str {
    match algorithm {
        AlgorithmName::SHA1 => "SHA1",
        AlgorithmName::SHA256 => "SHA256",
        AlgorithmName::SHA512 => "SHA512",
    }
}

#[derive(Serialize)]
struct ShowValue {
    #[serde(flatten)]
    detail: AccountDetail,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<SecretValue>,
}

/// A secret that was asked for.
#[derive(Serialize)]
struct SecretValue {
    secret: String,
    uri: String,
}

pub fn show(args: ShowArgs) -> Result<Answer, Failure> {
    let (mut app, _) = unlock::find()?;
    let typed = unlock::open(&mut app, &args.unlock)?;
    let row = resolve(&app, &args.name, Match::Part)?;
    let detail = app.account(&row.id)?;
    let secret = if args.secret { Some(app.reveal(&row.id, proof(typed)?)?) } else { None };
    if args.json {
        let secret = secret.map(|Revealed { secret, uri, .. }| SecretValue { secret, uri });
        output::json(&ShowValue { detail, secret })?;
    } else {
        print(&detail, secret)?;
    }
    Ok(Answer::Yes)
}

/// What opened the vault is proof too, unless that was the keyring, which asks nobody.
fn proof(typed: Option<Typed>) -> Result<Proof, Failure> {
    let refusal = "a secret is shown only for the passphrase or the recovery key";
    proof_for(typed, "Passphrase, to show the secret: ", refusal)
}

/// The same with other words for the question and for why there must be an answer.
pub fn proof_for(typed: Option<Typed>, question: &str, refusal: &str) -> Result<Proof, Failure> {
    let typed = match typed {
        Some(typed) => typed,
        None => Typed::Passphrase(input::prompt(question)?.ok_or_else(|| {
            Failure::input(refusal)
                .advise("--password-stdin or --recovery-key-stdin reads it from standard input")
        })?),
    };
    Ok(typed.proof())
}

fn print(detail: &AccountDetail, secret: Option<Revealed>) -> Result<(), Failure> {
    let row = &detail.row;
    let mut rows = vec![("issuer", output::shown(&row.issuer)), ("name", output::shown(&row.name))];
    rows.push(("kind", kind(row.kind).to_owned()));
    rows.extend(detail.algorithm.map(|algorithm| ("algorithm", self::algorithm(algorithm).to_owned())));
    rows.push(("digits", row.digits.to_string()));
    rows.extend(row.period.map(|period| ("period", format!("{period} s"))));
    rows.extend(detail.counter.map(|counter| ("counter", counter.to_string())));
    if !row.tags.is_empty() {
        rows.push(("tags", output::shown(&row.tags.join(", "))));
    }
    rows.extend(row.pinned.then(|| ("pinned", "yes".to_owned())));
    for line in detail.note.lines() {
        rows.push(("note", output::shown(line)));
    }
    rows.extend(detail.label_issuer.as_ref().map(|issuer| ("issuer in label", output::shown(issuer))));
    if !detail.unknown_parameters.is_empty() {
        rows.push(("kept as it is", output::shown(&detail.unknown_parameters.join(", "))));
    }
    rows.push(("added", time::shown(row.added_at / 1_000)));
    for entry in &detail.history {
        rows.push(("changed", format!("{} {}", time::shown(entry.at / 1_000), output::shown(&entry.change))));
    }
    for (version, number) in detail.versions.iter().zip(1..) {
        let what = match version {
            AccountVersion { deleted: true, .. } => "deleted".to_owned(),
            AccountVersion { differs, .. } if differs.is_empty() => "as shown here".to_owned(),
            AccountVersion { differs, .. } => output::shown(&differs.join("; ")),
        };
        let changed = time::shown(version.changed_at / 1_000);
        rows.push((if number == 1 { "versions" } else { "" }, format!("{number}  {changed}  {what}")));
    }
    rows.push(("id", row.id.clone()));
    if let Some(Revealed { secret, uri, .. }) = secret {
        rows.push(("secret", secret));
        rows.push(("uri", uri));
    }
    output::table(&rows)
}

/// `keyhaven add --json`.
#[derive(Serialize)]
struct AddValue {
    /// Ids of the new accounts; none in a dry run.
    added: Vec<String>,
    found: Vec<Found>,
    problems: Vec<OfferProblem>,
}

pub fn add(args: AddArgs) -> Result<Answer, Failure> {
    let (mut app, computer) = unlock::find()?;
    unlock::open(&mut app, &args.unlock)?;
    let mut inputs = Vec::new();
    if args.screen {
        let screens = computer.capture_screens().map_err(Failure::input)?;
        inputs.extend(screens.into_iter().map(|screen| (screen.name.clone(), Input::Screen(screen))));
    }
    for (number, source) in args.sources.into_iter().enumerate() {
        inputs.push(if source == "-" {
            ("standard input".to_owned(), Input::Text(input::stdin_text()?))
        } else if input::is_uri(&source) {
            (format!("argument {}", number + 1), Input::Text(SecretText::new(source)))
        } else {
            let input = match input::bytes(&source, LARGEST_FILE as usize) {
                Ok(bytes) if input::not_points(&bytes).is_some() => {
                    Input::Unreadable(input::not_points(&bytes).unwrap_or_default().to_owned())
                }
                Ok(mut bytes) => Input::Bytes(SecretBytes::new(std::mem::take(&mut *bytes))),
                Err(error) => Input::Unreadable(input::words(&error)),
            };
            (source, input)
        });
    }
    let pending = app.begin_offer()?.inputs(inputs);
    let offer = app.keep_offer(pending)?;
    let new = |found: &&Found| found.standing != Standing::AlreadyThere;
    let indices: Vec<u32> = offer.found.iter().filter(new).map(|found| found.index).collect();
    let added =
        if args.dry_run || indices.is_empty() { Vec::new() } else { app.accept_offer(offer.id, &indices)? };
    for problem in &offer.problems {
        tell(format_args!("{}: {}", problem.source, problem.reason));
    }
    let (any, all) = (!offer.found.is_empty(), offer.problems.is_empty());
    if args.json {
        let done = format!("{} accounts were added", added.len());
        output::json_done(&AddValue { added, found: offer.found, problems: offer.problems }, done)?;
    } else {
        let mut lines = Vec::new();
        for found in &offer.found {
            let done = match (found.standing, args.dry_run) {
                (Standing::AlreadyThere, _) => "already there",
                (Standing::CounterAhead, false) => "already there, its counter moved on",
                (Standing::CounterAhead, true) => "already there, its counter would move on",
                (Standing::New, false) => "added",
                (Standing::New, true) => "would be added",
                (Standing::SameNameOtherSecret, false) => "added beside one of that name with another secret",
                (Standing::SameNameOtherSecret, true) => {
                    "would be added beside one of that name with another secret"
                }
            };
            lines.push(format!("{}: {done}", output::shown(&label(&found.issuer, &found.name))));
            lines.extend(found.notes.iter().map(|note| format!("  {}", output::shown(note))));
        }
        output::all_done(&lines)?;
    }
    if all { Ok(Answer::yes_if(any)) } else { Err(Failure::Told) }
}

pub fn edit(args: EditArgs) -> Result<Answer, Failure> {
    let changes = AccountChanges {
        issuer: args.issuer,
        name: args.new_name,
        note: args.note,
        tags: args.tags.map(|tags| tags.split(',').map(str::to_owned).collect()),
        pinned: args.pin,
        icon: None,
    };
    let decides = args.version.is_some() || args.keep_versions;
    if changes == AccountChanges::default() && !decides {
        return Err(Failure::input("there is nothing to change")
            .advise("--issuer, --name, --note, --tags and --pin say what"));
    }
    let (mut app, computer) = unlock::find()?;
    unlock::open(&mut app, &args.unlock)?;
    let row = resolve(&app, &args.name, Match::Part)?;
    let sets = app.recovery()?.sets;
    ask_before_renaming(&app, &row, &changes, args.yes)?;
    let detail = if let Some(number) = args.version {
        choose_version(&mut app, &row, number)?
    } else if args.keep_versions {
        app.keep_versions(&row.id)?;
        Some(app.account(&row.id)?)
    } else {
        Some(app.edit_account(&row.id, changes)?)
    };
    let named = output::shown(&label(&row.issuer, &row.name));
    match detail {
        Some(detail) if args.json => output::json_done(&detail, format_args!("{named}: changed"))?,
        Some(detail) => print(&detail, None).inspect_err(|_| tell(format_args!("{named}: changed")))?,
        None => tell_deleted(&app, &computer, &row, &sets, args.json)?,
    }
    Ok(Answer::Yes)
}

/// Two accounts of one name are asked for, never made by a slip.
fn ask_before_renaming(
    app: &App,
    row: &AccountRow,
    changes: &AccountChanges,
    yes: bool,
) -> Result<(), Failure> {
    if changes.issuer.is_none() && changes.name.is_none() {
        return Ok(());
    }
    let new = |change: &Option<String>, old: &str| change.as_deref().unwrap_or(old).trim().to_lowercase();
    let wanted = (new(&changes.issuer, &row.issuer), new(&changes.name, &row.name));
    let accounts = app.accounts()?;
    let others = accounts.iter().filter(|other| {
        other.id != row.id && (other.issuer.to_lowercase(), other.name.to_lowercase()) == wanted
    });
    let named: Vec<String> = others.map(listed).collect();
    if named.is_empty() {
        return Ok(());
    }
    agree::or_refuse(yes, "another account has this name already", &named)
}

/// `None` when the chosen version is a deletion.
fn choose_version(app: &mut App, row: &AccountRow, number: u32) -> Result<Option<AccountDetail>, Failure> {
    let versions = app.account(&row.id)?.versions;
    let index = number - 1;
    let version = versions.get(index as usize).ok_or_else(|| {
        Failure::input(match versions.len() {
            0 => "this account has one version only; there is nothing to choose".to_owned(),
            count => format!("there is no version {number} of this account, only 1 to {count}"),
        })
        .advise("keyhaven show lists the versions")
    })?;
    Ok(app.choose_version(&row.id, index, version.changed_at)?)
}

/// What `keyhaven rm --json` prints, and `keyhaven edit --json` where the chosen version is a deletion.
#[derive(Serialize)]
struct Deleted<'a> {
    deleted: &'a str,
    issuer: &'a str,
    name: &'a str,
    /// Names of its recovery sets: they stay in the vault, and are no account's now.
    recovery_sets_left: Vec<&'a str>,
    /// How it comes back.
    way_back: &'a str,
}

pub fn rm(args: RmArgs) -> Result<Answer, Failure> {
    let (mut app, computer) = unlock::find()?;
    unlock::open(&mut app, &args.unlock)?;
    let row = resolve(&app, &args.name, Match::Whole)?;
    let sets = app.recovery()?.sets;
    app.delete_account(&row.id)?;
    tell_deleted(&app, &computer, &row, &sets, args.json)?;
    Ok(Answer::Yes)
}

/// `sets`: the recovery sets from before.
fn tell_deleted(
    app: &App,
    computer: &SystemHost,
    row: &AccountRow,
    sets: &[SetRow],
    json: bool,
) -> Result<(), Failure> {
    let deed = format!("{}: deleted", output::shown(&label(&row.issuer, &row.name)));
    let way_back = backups::way_back(app, computer, &row.id);
    let left = sets.iter().filter(|set| set.account.as_ref() == Some(&row.id));
    let left: Vec<&str> = left.map(|set| set.name.as_str()).collect();
    if json {
        let deleted = Deleted {
            deleted: &row.id,
            issuer: &row.issuer,
            name: &row.name,
            recovery_sets_left: left,
            way_back: way_back.trim_start(),
        };
        return output::json_done(&deleted, deed);
    }
    let mut lines = vec![deed];
    lines.extend(left.iter().map(|name| {
        format!("  its recovery set {} stays in the vault, and is no account's now", output::shown(name))
    }));
    lines.push(way_back);
    output::all_done(&lines)
}

/// How much of an account's name has to be given.
#[derive(Clone, Copy, PartialEq)]
pub enum Match {
    Part,
    Whole,
}

/// The one account that `wanted` names: by id, else by whole names, else (if that is enough) by a part of them.
pub fn resolve(app: &App, wanted: &str, how: Match) -> Result<AccountRow, Failure> {
    if wanted.trim().is_empty() {
        return Err(Failure::input("no account is named: the name is empty"));
    }
    let mut rows = app.accounts()?;
    if let Some(place) = by_id(rows.iter().map(|row| row.id.as_str()), wanted) {
        return Ok(rows.swap_remove(place));
    }
    let lower = wanted.to_lowercase();
    // As the list prints it, and as an import does.
    let names = |row: &AccountRow| {
        let spaced = format!("{}: {}", row.issuer, row.name);
        [label(&row.issuer, &row.name), spaced, row.issuer.clone(), row.name.clone()]
    };
    let whole = |row: &&AccountRow| names(row).iter().any(|name| name.to_lowercase() == lower);
    let part = |row: &&AccountRow| names(row).iter().any(|name| name.to_lowercase().contains(&lower));
    let mut fitting: Vec<AccountRow> = rows.iter().filter(whole).cloned().collect();
    if fitting.is_empty() && how == Match::Part && !lower.is_empty() {
        fitting = rows.iter().filter(part).cloned().collect();
    }
    match fitting.len() {
        0 => Err(Failure::nothing(format_args!("there is no account {wanted:?} in the vault"))),
        1 => Ok(fitting.swap_remove(0)),
        count => {
            let labels: Vec<_> = fitting.iter().map(listed).collect();
            Err(Failure::input(format_args!("{count} accounts fit {wanted:?}; the id in brackets names one"))
                .advise(labels.join("\n  ")))
        }
    }
}

/// Characters of an id that are shown and that are enough to name it, where no other begins alike.
const SHORT_ID: usize = 8;

/// The start of an id: enough for a person to name it by.
pub fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// The place of the only id that is `wanted`, or begins with it.
pub fn by_id<'a>(ids: impl Iterator<Item = &'a str> + Clone, wanted: &str) -> Option<usize> {
    let wanted = wanted.to_lowercase();
    if let Some(place) = ids.clone().position(|id| id == wanted) {
        return Some(place);
    }
    let mut fitting = ids.enumerate().filter(|(_, id)| wanted.len() >= SHORT_ID && id.starts_with(&wanted));
    match (fitting.next(), fitting.next()) {
        (Some((place, _)), None) => Some(place),
        _ => None,
    }
}

/// `Bank:ann (1f2e3d4c)`.
fn listed(row: &AccountRow) -> String {
    format!("{} ({})", output::shown(&label(&row.issuer, &row.name)), short(&row.id))
}

/// `Issuer:name`, or the one of them that there is.
pub fn label(issuer: &str, name: &str) -> String {
    match (issuer, name) {
        ("", "") => "(no name)".to_owned(),
        ("", name) => name.to_owned(),
        (issuer, "") => issuer.to_owned(),
        (issuer, name) => format!("{issuer}:{name}"),
    }
}
