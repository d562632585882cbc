//! What another copy of the vault holds, as lines of text.

use crate::error::Failure;
use crate::{accounts, output, time};
use keyhaven_app::safety_view::{Difference, Effect, Look, RecordName};

/// Prints what is in it and what differs; `merge` says in which direction the words go.
pub fn print(look: &Look) -> Result<(), Failure> {
    let saved = time::shown(look.saved_at / 1_000);
    output::line(format_args!(
        "{}: {} accounts, saved {saved}; the vault has {} accounts now",
        output::shown(&look.name),
        look.accounts,
        look.accounts_now
    ))?;
    lines(look).iter().try_for_each(|line| output::line(format_args!("  {line}")))
}

/// What differs, a line for each record and each change of the ways in.
pub fn lines(look: &Look) -> Vec<String> {
    let differing = look.differences.iter().map(|one| {
        let effect = match (one.effect, look.merge.is_some()) {
            (Effect::Added, true) => "comes in",
            (Effect::Added, false) => "missing now",
            (Effect::Changed, true) => "changes",
            (Effect::Changed, false) => "differs",
            (Effect::Removed, true) => "is deleted",
            (Effect::Removed, false) => "added since",
            (Effect::BothKept, _) => "changed in both, both are kept",
        };
        let changes = if one.changes.is_empty() {
            String::new()
        } else {
            format!(" ({})", output::shown(&one.changes.join("; ")))
        };
        format!("{}  {effect}{changes}", name(one))
    });
    let mut lines: Vec<String> = differing.collect();
    if lines.is_empty() {
        lines.push("no record differs".to_owned());
    }
    lines.extend(ways(look));
    lines
}

/// Which ways into the vault come and go with a merge.
pub fn ways(look: &Look) -> impl Iterator<Item = String> {
    let told = look.merge.as_ref().map(|merge| {
        [
            (merge.slots_added > 0, format!("{} ways in come along", merge.slots_added)),
            (
                merge.slots_removed > 0,
                format!(
                    "{} ways in were removed there and go here: what was changed there opens it now",
                    merge.slots_removed
                ),
            ),
            (merge.keys_taken_over, "the copy's newer keys are taken over".to_owned()),
            (merge.recovery_waits, "recovery records come along sealed".to_owned()),
        ]
    });
    told.into_iter().flatten().filter_map(|(so, line)| so.then_some(line))
}

/// The name by which a person knows a record.
pub fn name(one: &Difference) -> String {
    match one.record {
        RecordName::Account => output::shown(&accounts::label(&one.issuer, &one.name)),
        RecordName::Recovery if one.name.is_empty() => format!("recovery record {}", one.id),
        RecordName::Other if one.name.is_empty() => format!("record {}", one.id),
        RecordName::Recovery | RecordName::Other => output::shown(&one.name),
    }
}

/// Whether a person means this record by that word.
pub fn is_meant(one: &Difference, word: &str) -> bool {
    let alike = |text: &str| !text.is_empty() && text.to_lowercase() == word.to_lowercase();
    // All parts of a recovery set go by its name.
    let set = one.name.rsplit_once(" (").map_or("", |(set, _)| set);
    let part = one.record == RecordName::Recovery && alike(set);
    part || alike(&name(one))
        || alike(&one.id)
        || alike(&one.issuer)
        || alike(&one.name)
        || alike(&format!("{}:{}", one.issuer, one.name))
}
