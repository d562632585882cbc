//! What differs between two states of the vault, in words that hold no secret.

use crate::readiness::WAYS_KIND;
use crate::recovery;
use crate::recovery::stored::{self, FILE_KIND, SET_KIND, SUMMARY_KIND, summaries, with_uses};
use crate::safety_view::{Difference, Effect, RecordName};
use crate::stored::{KIND, Stored, kind_name};
use crate::{drill, kit};
use keyhaven_otp::{Account, Kind};
use keyhaven_secret::SecretText;
use keyhaven_vault::{Compartment, OpenVault, Record, RecordId};
use std::collections::{BTreeMap, BTreeSet};

/// What would change if `now` became `then`. What merely was used in between is no difference.
pub(crate) fn between(now: &OpenVault, then: &OpenVault) -> Vec<Difference> {
    let names: Names = set_names(then).chain(set_names(now)).collect();
    let mut found = of_compartment(now.accounts(), then.accounts(), &names);
    if let (Some(now), Some(then)) = (now.recovery(), then.recovery()) {
        // A set's summary has the set's id: one line is enough for both.
        let told: BTreeSet<String> = found.iter().map(|one| one.id.clone()).collect();
        let codes = of_compartment(now, then, &names);
        found.extend(codes.into_iter().filter(|one| !told.contains(&one.id)));
    }
    found.sort_by_cached_key(|one| (one.record, one.issuer.to_lowercase(), one.name.clone(), one.id.clone()));
    found
}

/// What records that are no accounts are to a person.
type Names = BTreeMap<RecordId, String>;

/// The parts of each recovery set: what is known while its codes are locked, the codes, the original file.
fn set_names(vault: &OpenVault) -> impl Iterator<Item = (RecordId, String)> {
    summaries(vault.accounts()).flat_map(|(id, summary)| {
        let set = recovery::name(&summary);
        let file = vault.recovery().and_then(|codes| stored::set(codes, id)?.file.parse().ok());
        let file = file.map(|file: RecordId| (file, format!("{set} (the original file)")));
        [Some((id, set)), file].into_iter().flatten()
    })
}

fn of_compartment(now: &Compartment, then: &Compartment, names: &Names) -> Vec<Difference> {
    let ids: BTreeSet<RecordId> = now.iter().chain(then.iter()).map(|record| record.id).collect();
    let conflicts: BTreeSet<RecordId> = then.conflicts().map(|conflict| conflict.id).collect();
    let known: BTreeSet<RecordId> = now.conflicts().map(|conflict| conflict.id).collect();
    let differences = ids.into_iter().filter_map(|id| {
        let (here, there) = (now.get(id), then.get(id));
        let (effect, changes) = match (here, there) {
            (Some(here), Some(there)) => {
                let changes = changes(here, there);
                let both = conflicts.contains(&id) && !known.contains(&id);
                if changes.is_empty() && !both {
                    return None;
                }
                (if both { Effect::BothKept } else { Effect::Changed }, changes)
            }
            (None, Some(_)) => (Effect::Added, Vec::new()),
            (Some(_), None) => (Effect::Removed, Vec::new()),
            (None, None) => return None,
        };
        Some(describe(there.or(here)?, names, effect, changes))
    });
    differences.collect()
}

fn describe(record: &Record, names: &Names, effect: Effect, changes: Vec<String>) -> Difference {
    let account = account(record);
    let part = |words: &str| names.get(&record.id).map(|set| format!("{set} ({words})"));
    let (kind, name) = match record.kind.as_str() {
        KIND => (RecordName::Account, account.as_ref().map(|stored| stored.account.name.clone())),
        SUMMARY_KIND => (RecordName::Recovery, part("recovery set")),
        SET_KIND => (RecordName::Recovery, part("its codes")),
        FILE_KIND => (RecordName::Recovery, names.get(&record.id).cloned()),
        other => (RecordName::Other, own_record(other).map(str::to_owned)),
    };
    Difference {
        id: record.id.to_string(),
        record: kind,
        issuer: account.as_ref().map(|stored| stored.account.issuer.clone()).unwrap_or_default(),
        name: name.unwrap_or_default(),
        kind: account.as_ref().map(|stored| kind_name(&stored.account.kind)),
        effect,
        changes,
        modified_at: record.modified_at,
    }
}

/// What Keyhaven keeps for itself among the accounts.
fn own_record(kind: &str) -> Option<&'static str> {
    match kind {
        drill::KIND => Some("what a fire drill found"),
        kit::KIND => Some("where the emergency kit stands"),
        WAYS_KIND => Some("other ways back, as noted"),
        _ => None,
    }
}

/// The account in a record, when it is one that this version understands.
pub(crate) fn account(record: &Record) -> Option<Stored> {
    (record.kind == KIND).then(|| Stored::read(&record.payload).ok()).flatten()
}

/// Whether a person has to decide between two versions of an account. What orders the list, and how often a code was
/// used, is not worth the question: the version that is shown has it, with the higher counter.
pub(crate) fn undecided(shown: &Record, other: &Record) -> bool {
    let (Some(shown), Some(mut other)) = (account(shown), account(other)) else {
        let both_deleted = shown.deleted_at.is_some() && other.deleted_at.is_some();
        let same = both_deleted || changes(shown, other).is_empty();
        return !same;
    };
    other.meta.pinned = shown.meta.pinned;
    other.meta.position = shown.meta.position;
    other.meta.icon.clone_from(&shown.meta.icon);
    if let (Kind::Hotp { counter: from, .. }, Kind::Hotp { counter: to, .. }) =
        (&shown.account.kind, &mut other.account.kind)
    {
        *to = *from;
    }
    !account_changes(&shown, &other).is_empty()
}

/// What differs between two states of one record.
pub(crate) fn changes(here: &Record, there: &Record) -> Vec<String> {
    let used = with_uses(here, there);
    if here.kind == there.kind && here.payload == *used.as_ref().unwrap_or(&there.payload) {
        return Vec::new();
    }
    match (account(here), account(there)) {
        (Some(here), Some(there)) => account_changes(&here, &there),
        _ => vec!["its content".into()],
    }
}

fn account_changes(here: &Stored, there: &Stored) -> Vec<String> {
    let mut told = Vec::new();
    let mut text = |field: &str, from: &str, to: &str| {
        if from != to {
            let shown = |text: &str| if text.is_empty() { "(none)".to_owned() } else { text.to_owned() };
            told.push(format!("{field}: {} → {}", shown(from), shown(to)));
        }
    };
    text("issuer", &here.account.issuer, &there.account.issuer);
    text("name", &here.account.name, &there.account.name);
    text("codes", &parameters(&here.account), &parameters(&there.account));
    let counter = |account: &Account| match account.kind {
        Kind::Hotp { counter, .. } => Some(counter),
        _ => None,
    };
    // It never goes back, whatever another state says.
    if let (Some(from), Some(to)) = (counter(&here.account), counter(&there.account))
        && from < to
    {
        text("next counter", &from.to_string(), &to.to_string());
    }
    text("tags", &here.meta.tags.join(", "), &there.meta.tags.join(", "));
    let mut part = |differs: bool, words: &str| {
        if differs {
            told.push(words.to_owned());
        }
    };
    part(here.account.secret != there.account.secret, "the secret");
    part(pin(&here.account) != pin(&there.account), "the PIN");
    part(here.meta.note != there.meta.note, "the note");
    part(here.meta.icon != there.meta.icon, "the icon");
    part(here.meta.pinned != there.meta.pinned, if there.meta.pinned { "pinned" } else { "not pinned" });
    part(here.meta.position != there.meta.position, "its place in the list");
    let rest = here.account.unknown != there.account.unknown || here.meta.unknown != there.meta.unknown;
    part(rest, "what this version does not understand");
    told
}

fn pin(account: &Account) -> Option<&SecretText> {
    match &account.kind {
        Kind::Motp { pin, .. } | Kind::Yandex { pin, .. } => Some(pin),
        _ => None,
    }
}

/// How codes are made, without the counter.
fn parameters(account: &Account) -> String {
    let kind = match &account.kind {
        Kind::Totp { .. } => "TOTP",
        Kind::Hotp { .. } => "HOTP",
        Kind::Steam => "Steam",
        Kind::Motp { .. } => "mOTP",
        Kind::Yandex { .. } => "Yandex",
    };
    let algorithm = account.kind.algorithm().map(|algorithm| format!(", {algorithm:?}").to_uppercase());
    let period = account.kind.period().map(|seconds| format!(", {seconds} s"));
    let digits = account.kind.digits();
    format!("{kind}, {digits} digits{}{}", algorithm.unwrap_or_default(), period.unwrap_or_default())
}
