//! What of each recovery set a copy of the vault has, compared code by code.

use crate::readiness_view::{DrilledSet, Loss, LossReason};
use crate::recovery;
use crate::recovery::stored::{FILE_KIND, Set, set, summaries};
use crate::recovery::view::{SetRow, SetStanding};
use crate::session::Session;
use keyhaven_vault::Compartment;
use std::collections::BTreeMap;

/// The sets in use, as a copy has them.
#[derive(Default)]
pub(crate) struct DrilledSets {
    /// Those of which nothing is lost.
    pub whole: Vec<DrilledSet>,
    pub lost: Vec<Loss>,
    /// Unused codes that the copy has.
    pub codes_back: u32,
    /// Codes that were used since, which the copy would offer once more.
    pub used_since: u32,
}

/// Compares the sets in use of `here` with those of `there`, whose recovery compartment is open. `ours` is that of
/// `here`; `None` where it does not open, and then only counts are compared.
pub(crate) fn compare(here: &Session, ours: Option<&Compartment>, there: &Session) -> DrilledSets {
    let theirs = there.vault.recovery();
    let rows_there: BTreeMap<String, SetRow> =
        rows(there).into_iter().map(|row| (row.id.clone(), row)).collect();
    let mut found = DrilledSets::default();
    for row in rows(here).iter().filter(|row| row.standing != SetStanding::Superseded) {
        let read = |compartment: Option<&Compartment>| set(compartment?, row.id.parse().ok()?);
        // The codes themselves must open there, not only their summary.
        let (Some(row_there), Some(set_there)) = (rows_there.get(&row.id), read(theirs)) else {
            found.lose(row, LossReason::SetMissing, row.left);
            continue;
        };
        let part = match read(ours) {
            Some(set_here) => Part::of(&set_here, ours, &set_there, theirs),
            None => Part {
                back: row.left.min(row_there.left),
                missing: row.left.saturating_sub(row_there.left),
                used_since: row_there.left.saturating_sub(row.left),
                rest_differs: row.total != row_there.total,
            },
        };
        found.codes_back = found.codes_back.saturating_add(part.back);
        found.used_since = found.used_since.saturating_add(part.used_since);
        if part.missing > 0 || part.rest_differs {
            found.lose(row, LossReason::SetDiffers, part.missing);
        } else {
            found.whole.push(DrilledSet {
                id: row.id.clone(),
                name: row.name.clone(),
                account: row.account.clone(),
                codes_back: part.back,
                used_since: part.used_since,
            });
        }
    }
    found
}

pub(crate) fn rows(session: &Session) -> Vec<SetRow> {
    let summaries: Vec<_> = summaries(session.vault.accounts()).collect();
    summaries.iter().map(|(id, summary)| recovery::row(session, *id, summary)).collect()
}

impl DrilledSets {
    fn lose(&mut self, row: &SetRow, why: LossReason, codes: u32) {
        self.lost.push(Loss { name: row.name.clone(), why, codes });
    }
}

/// One set against the same set of a copy.
struct Part {
    /// Unused here and there.
    back: u32,
    /// Unused here, and not there or used there.
    missing: u32,
    /// Used here and unused there.
    used_since: u32,
    /// Its note, a remark, its texts or its original file differ.
    rest_differs: bool,
}

impl Part {
    fn of(here: &Set, ours: Option<&Compartment>, there: &Set, theirs: Option<&Compartment>) -> Self {
        let mut part = Self { back: 0, missing: 0, used_since: 0, rest_differs: false };
        for code in &here.codes {
            let same = there.codes.iter().find(|same| same.text == code.text);
            // Answers to recovery questions are typed there.
            part.rest_differs |= code.remark.is_some() && same.is_some_and(|same| same.remark != code.remark);
            match (code.used.is_some(), same.map(|same| same.used.is_some())) {
                (false, Some(false)) => part.back += 1,
                (false, _) => part.missing += 1,
                (true, Some(false)) => part.used_since += 1,
                (true, _) => {}
            }
        }
        let texts =
            |set: &Set| set.documents.iter().map(|document| document.text.clone()).collect::<Vec<_>>();
        let same_note = here.note.is_empty() || here.note == there.note;
        part.rest_differs |=
            !same_note || texts(here) != texts(there) || !same_file(here, ours, there, theirs);
        part
    }
}

/// Whether the copy has the original file as it is here; one that is gone here cannot be lost.
fn same_file(here: &Set, ours: Option<&Compartment>, there: &Set, theirs: Option<&Compartment>) -> bool {
    let file = |set: &Set, compartment: Option<&Compartment>| {
        let record = compartment?.get(set.file.parse().ok()?)?;
        (record.kind == FILE_KIND).then(|| record.payload.duplicate())
    };
    match (file(here, ours), file(there, theirs)) {
        (Some(ours), Some(theirs)) => ours == theirs,
        (Some(_), None) => false,
        (None, _) => true,
    }
}
