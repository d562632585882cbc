//! Recovery sets: taken in (also while their compartment is locked), counted, used one by one, replaced.
//!
//! The accounts being open is enough to take a set in, to list sets and to rename them; whoever wants a code, or to
//! note one as used, opens the recovery compartment with a credential of its own ([`App::unlock_recovery`]).

pub(crate) mod downloads;
mod draft;
mod keep;
mod mask;
mod sheet;
mod show;
pub(crate) mod stored;
pub mod view;

pub use downloads::{DownloadsLook, DownloadsSeen};
pub use draft::{DraftReader, Pending};
pub use show::ToShow;

use crate::App;
use crate::failure::{fail, other};
use crate::kit::Proven;
use crate::recovery::draft::{number, picture};
use crate::recovery::mask::masked;
use crate::recovery::stored::{SET_KIND, SUMMARY_KIND, Set, Summary, Used, put, summaries};
use crate::recovery::view::*;
use crate::session::Session;
use crate::view::{Failure, FailureKind, Proof};
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{Compartment, RecordId};
use std::collections::BTreeMap;
use std::path::Path;
use stored::Payload as _;

/// Few enough to make new ones soon.
const LOW: u32 = 3;
/// Longest name of a set, place of use or note, in characters.
const LONGEST_NAME: usize = 512;
const LONGEST_NOTE: usize = 20_000;
/// Looking at codes is remembered once a day, so that looking makes no generation of the vault.
const DAY: u64 = 24 * 60 * 60 * 1_000;

/// What an open vault's session remembers of recovery beside the vault itself.
#[derive(Default)]
pub(crate) struct Memory {
    pub drafts: Vec<Pending>,
    pub drafts_made: u32,
    /// Where the downloads of sets are that were kept in this session, to bin or erase them.
    pub downloads: BTreeMap<RecordId, keep::Download>,
}

impl App {
    /// All sets, and whether their codes can be had.
    ///
    /// # Errors
    /// The vault is locked.
    pub fn recovery(&self) -> Result<RecoveryView, Failure> {
        let session = self.session()?;
        let mut sets: Vec<SetRow> =
            summaries(session.vault.accounts()).map(|(id, summary)| row(session, id, &summary)).collect();
        sets.sort_by_key(|set| {
            (set.standing == SetStanding::Superseded, set.name.to_lowercase(), set.added_at, set.id.clone())
        });
        Ok(RecoveryView { open: session.vault.recovery().is_some(), sets })
    }

    /// How many sets in use are low or used up; `None` while the vault is locked.
    pub fn recovery_wanting(&self) -> Option<u32> {
        let session = self.session().ok()?;
        let wanting = summaries(session.vault.accounts())
            .filter(|(_, summary)| matches!(standing(summary), SetStanding::Low | SetStanding::Empty));
        Some(number(wanting.count()))
    }

    /// Opens the recovery compartment.
    ///
    /// # Errors
    /// Locked, nothing given, or wrong.
    pub fn unlock_recovery(&mut self, proof: Proof) -> Result<RecoveryView, Failure> {
        let proof = Proven::new(proof)?;
        let now = self.now();
        let session = self.session_mut()?;
        session.vault.unlock_recovery(proof.credential())?;
        let fixes = differing_summaries(session);
        if !fixes.is_empty() {
            self.save_with(|session| {
                for (id, summary) in &fixes {
                    put(session.vault.accounts_mut(), *id, SUMMARY_KIND, now, summary.write());
                }
            })?;
        }
        self.recovery()
    }

    /// Locks the recovery compartment; its codes leave memory.
    ///
    /// # Errors
    /// The vault is locked, or there is no randomness to seal with.
    pub fn lock_recovery(&mut self) -> Result<RecoveryView, Failure> {
        self.session_mut()?.vault.lock_recovery().map_err(other)?;
        self.recovery()
    }

    /// One set, its codes masked.
    ///
    /// # Errors
    /// Locked, the compartment is locked, or no such set.
    pub fn recovery_set(&self, id: &str) -> Result<SetDetail, Failure> {
        let (session, id) = (self.session()?, set_id(id)?);
        let (set, summary) = session.set(id)?;
        Ok(detail(session, id, &set, &summary))
    }

    /// A set's texts for a person who asked to see them.
    ///
    /// # Errors
    /// As [`App::recovery_set`].
    pub fn reveal_recovery(&mut self, id: &str) -> Result<RevealedSet, Failure> {
        let (set, _) = self.session()?.set(set_id(id)?)?;
        self.seen(id)?;
        let text = |text: &String| text.clone();
        Ok(RevealedSet {
            codes: set.codes.iter().map(|code| text(&code.text)).collect(),
            documents: set
                .documents
                .iter()
                .filter_map(|document| document.text.as_deref().map(text))
                .collect(),
            note: text(&set.note),
        })
    }

    /// A set's original, byte for byte, and its file's name.
    ///
    /// # Errors
    /// As [`App::recovery_set`], or the original is gone.
    pub fn recovery_original(&self, id: &str) -> Result<(String, SecretBytes), Failure> {
        let session = self.session()?;
        let (set, _) = session.set(set_id(id)?)?;
        let file =
            original(session.codes()?, &set).ok_or_else(|| other("the original file of this set is gone"))?;
        Ok((set.source, file.duplicate()))
    }

    /// Writes bytes that a person asked for to a file that only its owner may read, in the place of what is there.
    ///
    /// # Errors
    /// The file could not be written; what was there stands.
    pub fn save_private_file(&self, path: &Path, bytes: &SecretBytes) -> Result<(), Failure> {
        self.write_out(path, bytes.expose())
            .map_err(|error| fail(FailureKind::NotSaved, format!("{}: {error}", path.display())))
    }

    /// A set's original, to be drawn for a person who asked to see it.
    ///
    /// # Errors
    /// As [`App::recovery_original`].
    pub fn recovery_to_show(&self, id: &str) -> Result<ToShow, Failure> {
        Ok(ToShow::new(self.recovery_original(id)?.1))
    }

    /// One code, to be copied without marking it.
    ///
    /// # Errors
    /// As [`App::recovery_set`], no such code, or the set was replaced.
    pub fn recovery_code(&mut self, id: &str, index: u32) -> Result<SecretText, Failure> {
        let (set, summary) = self.session()?.set(set_id(id)?)?;
        check_in_use(&summary)?;
        let code = usize::try_from(index).ok().and_then(|index| set.codes.get(index));
        let code = SecretText::new(code.ok_or_else(no_such_code)?.text.to_string());
        self.seen(id)?;
        Ok(code)
    }

    /// The next code, which is marked as used on disk before it is answered.
    ///
    /// # Errors
    /// As [`App::recovery_set`]; no code is left, the set was replaced, or not saved: then there is no code either.
    pub fn use_next_recovery_code(&mut self, id: &str, place: &str) -> Result<(SecretText, u32), Failure> {
        check_length("place", place, LONGEST_NAME)?;
        let now = self.now();
        self.change_set(id, |set, summary| {
            check_in_use(summary)?;
            let none = if set.codes.is_empty() {
                "this set holds no codes to use one by one"
            } else {
                "every code of this set is used"
            };
            let next = set.next().ok_or_else(|| fail(FailureKind::BadInput, none))?;
            let code = &mut set.codes[next];
            code.used = Some(Used { at: Some(now), place: place.trim().to_owned() });
            summary.seen_at = Some(now);
            Ok((SecretText::new(code.text.to_string()), number(next)))
        })
    }

    /// Marks a code as used or not used, and notes where it was used.
    ///
    /// # Errors
    /// As [`App::recovery_set`], no such code, or not saved.
    pub fn mark_recovery_code(
        &mut self,
        id: &str,
        index: u32,
        used: bool,
        place: &str,
    ) -> Result<SetDetail, Failure> {
        check_length("place", place, LONGEST_NAME)?;
        let now = self.now();
        self.change_set(id, |set, _| {
            let code = usize::try_from(index).ok().and_then(|index| set.codes.get_mut(index));
            let code = code.ok_or_else(no_such_code)?;
            let at = code.used.as_ref().map_or(Some(now), |used| used.at);
            code.used = used.then(|| Used { at, place: place.trim().to_owned() });
            Ok(())
        })?;
        self.recovery_set(id)
    }

    /// Takes the last "used" back.
    ///
    /// # Errors
    /// As [`App::recovery_set`], nothing was used here, or not saved.
    pub fn undo_recovery_use(&mut self, id: &str) -> Result<SetDetail, Failure> {
        self.change_set(id, |set, _| {
            let last = set.last_used();
            let last =
                last.ok_or_else(|| fail(FailureKind::BadInput, "no code of this set was used here"))?;
            set.codes[last].used = None;
            Ok(())
        })?;
        self.recovery_set(id)
    }

    /// Takes a replacement back: the set whose place `id` took is in use again, and `id` is deleted. Answers the set that
    /// is in use again.
    ///
    /// # Errors
    /// As [`App::recovery_set`]; `id` took no set's place, that set is gone or in use, a code of `id` was used here (the
    /// service knew it, so the older codes are void), or not saved.
    pub fn undo_recovery_replace(&mut self, id: &str) -> Result<SetRow, Failure> {
        let (record, now) = (set_id(id)?, self.now());
        let session = self.session()?;
        let (set, summary) = session.set(record)?;
        let wrong = |what| fail(FailureKind::BadInput, what);
        let old = summary.replaces.as_deref().ok_or_else(|| wrong("this set took no other set's place"))?;
        let old = set_id(old)?;
        if set.last_used().is_some() {
            return Err(wrong("codes of this set were used, so the service knows no older ones"));
        }
        let mut old_summary =
            session.summary(old).map_err(|_| wrong("the set whose place it took was deleted"))?;
        if old_summary.superseded_at.take().is_none() {
            return Err(wrong("the set whose place it took is in use"));
        }
        self.save_with(|session| {
            put(session.vault.accounts_mut(), old, SUMMARY_KIND, now, old_summary.write());
            forget(session, record, &set, now);
        })?;
        let session = self.session()?;
        Ok(row(session, old, &session.summary(old)?))
    }

    /// Changes a set's name, its account or its note. Name and account need no open compartment.
    ///
    /// # Errors
    /// Locked, no such set or account, a text too long, the note while the compartment is locked, or not saved.
    pub fn edit_recovery(&mut self, id: &str, changes: SetChanges) -> Result<SetRow, Failure> {
        check_length("name", changes.name.as_deref().unwrap_or_default(), LONGEST_NAME)?;
        check_length("note", changes.note.as_deref().unwrap_or_default(), LONGEST_NOTE)?;
        let record = set_id(id)?;
        let now = self.now();
        let mut summary = self.session()?.summary(record)?;
        if let Some(name) = changes.name {
            summary.label = name.trim().to_owned();
        }
        if let Some(account) = changes.account {
            summary.account = self.account_link(Some(account))?;
        }
        let note = match changes.note {
            Some(note) => {
                let (mut set, _) = self.session()?.set(record)?;
                set.note = note.into();
                Some(set.write())
            }
            None => None,
        };
        self.save_with(|session| {
            put(session.vault.accounts_mut(), record, SUMMARY_KIND, now, summary.write());
            if let (Some(note), Some(recovery)) = (note, session.vault.recovery_mut()) {
                put(recovery, record, SET_KIND, now, note);
            }
        })?;
        let session = self.session()?;
        Ok(row(session, record, &session.summary(record)?))
    }

    /// Deletes a set with its original. Earlier saved states of the vault still have it.
    ///
    /// # Errors
    /// As [`App::recovery_set`], or not saved.
    pub fn delete_recovery(&mut self, id: &str) -> Result<RecoveryView, Failure> {
        let record = set_id(id)?;
        let now = self.now();
        let (set, _) = self.session()?.set(record)?;
        self.save_with(|session| forget(session, record, &set, now))?;
        self.recovery()
    }

    /// Changes an open set through `edit` and saves it with its summary.
    fn change_set<T>(
        &mut self,
        id: &str,
        edit: impl FnOnce(&mut Set, &mut Summary) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let id = set_id(id)?;
        let now = self.now();
        let (mut set, mut summary) = self.session()?.set(id)?;
        let answer = edit(&mut set, &mut summary)?;
        summary.count(&set);
        self.save_with(|session| {
            if let Some(recovery) = session.vault.recovery_mut() {
                put(recovery, id, SET_KIND, now, set.write());
            }
            put(session.vault.accounts_mut(), id, SUMMARY_KIND, now, summary.write());
        })?;
        Ok(answer)
    }

    /// Remembers that a set's codes were looked at.
    fn seen(&mut self, id: &str) -> Result<(), Failure> {
        let (now, id) = (self.now(), set_id(id)?);
        let mut summary = self.session()?.summary(id)?;
        if summary.seen_at.is_some_and(|seen| now.saturating_sub(seen) < DAY) {
            return Ok(());
        }
        summary.seen_at = Some(now);
        self.save_with(|session| put(session.vault.accounts_mut(), id, SUMMARY_KIND, now, summary.write()))
            .map(drop)
    }

    /// The account that a set shall be linked to; the empty text is none.
    fn account_link(&self, account: Option<String>) -> Result<Option<String>, Failure> {
        account.filter(|id| !id.is_empty()).map(|id| self.find(&id).map(|id| id.to_string())).transpose()
    }
}

/// Deletes a set's records.
fn forget(session: &mut Session, id: RecordId, set: &Set, now: u64) {
    session.vault.accounts_mut().delete(id, now);
    if let Some(recovery) = session.vault.recovery_mut() {
        recovery.delete(id, now);
        if let Ok(file) = set.file.parse() {
            recovery.delete(file, now);
        }
    }
}

impl Session {
    /// The open recovery compartment.
    pub(crate) fn codes(&self) -> Result<&Compartment, Failure> {
        self.vault.recovery().ok_or_else(|| {
            fail(
                FailureKind::RecoveryLocked,
                "recovery codes are locked; they open with the passphrase or the recovery key",
            )
        })
    }

    pub(crate) fn summary(&self, id: RecordId) -> Result<Summary, Failure> {
        let record = self.vault.accounts().get(id).filter(|record| record.kind == SUMMARY_KIND);
        record.and_then(|record| Summary::read(&record.payload)).ok_or_else(|| no_such_set(&id.to_string()))
    }

    fn set(&self, id: RecordId) -> Result<(Set, Summary), Failure> {
        let summary = self.summary(id)?;
        let set = stored::set(self.codes()?, id).ok_or_else(|| no_such_set(&id.to_string()))?;
        Ok((set, summary))
    }
}

/// The summaries that do not say what their sets do: of records that came from another copy of the vault.
fn differing_summaries(session: &Session) -> Vec<(RecordId, Summary)> {
    let Some(recovery) = session.vault.recovery() else { return Vec::new() };
    let ids = recovery.iter().filter(|record| record.kind == SET_KIND).map(|record| record.id);
    let differing = ids.filter_map(|id| {
        let set = stored::set(recovery, id)?;
        match session.summary(id) {
            Ok(mut summary) => summary.count(&set).then_some((id, summary)),
            Err(_) => Some((id, Summary::of(&set))),
        }
    });
    differing.collect()
}

fn original<'a>(recovery: &'a Compartment, set: &Set) -> Option<&'a SecretBytes> {
    let record = recovery.get(set.file.parse().ok()?)?;
    (record.kind == stored::FILE_KIND).then_some(&record.payload)
}

pub(crate) fn row(session: &Session, id: RecordId, summary: &Summary) -> SetRow {
    let account =
        summary.account.as_ref().filter(|id| id.parse().is_ok_and(|id| session.accounts.contains_key(&id)));
    let account_name = account.and_then(|id| {
        let account = &session.accounts.get(&id.parse().ok()?)?.account;
        let parts = [account.issuer.as_str(), account.name.as_str()];
        Some(parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · "))
    });
    SetRow {
        id: id.to_string(),
        name: name(summary),
        provider: summary.provider.clone(),
        kind: summary.kind,
        account: account.cloned(),
        account_name,
        source: summary.source.clone(),
        size: summary.size,
        total: summary.total,
        left: summary.left(),
        standing: standing(summary),
        added_at: summary.added_at,
        used_at: summary.used_at,
        seen_at: summary.seen_at,
        superseded_at: summary.superseded_at,
        tidied: summary.tidied.as_ref().map(|tidied| TidiedView { way: tidied.way, at: tidied.at }),
        can_tidy: session.recovery.downloads.contains_key(&id),
    }
}

/// The person's own name for a set, else the provider's, else the file's without its ending.
pub(crate) fn name(summary: &Summary) -> String {
    let stem = || summary.source.rsplit_once('.').map_or(summary.source.as_str(), |(stem, _)| stem);
    [summary.label.as_str(), summary.provider.as_str(), stem()]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or_default()
        .to_owned()
}

pub(crate) fn standing(summary: &Summary) -> SetStanding {
    let left = summary.left();
    match summary.kind {
        _ if summary.superseded_at.is_some() => SetStanding::Superseded,
        _ if summary.total > 0 && left == 0 => SetStanding::Empty,
        SetKind::Codes if summary.total > 0 && (left <= LOW || left.saturating_mul(5) <= summary.total) => {
            SetStanding::Low
        }
        _ => SetStanding::Good,
    }
}

fn detail(session: &Session, id: RecordId, set: &Set, summary: &Summary) -> SetDetail {
    let code = |code: &stored::Code| CodeRow {
        masked: masked(&code.text),
        used: code.used.is_some(),
        used_at: code.used.as_ref().and_then(|used| used.at),
        place: code.used.as_ref().map(|used| used.place.clone()).unwrap_or_default(),
    };
    let document = |document: &stored::Document| DocumentRow {
        kind: document.kind.clone(),
        lines: document.text.as_ref().map_or(0, |text| number(text.lines().count())),
    };
    let file = session.codes().ok().and_then(|recovery| original(recovery, set));
    SetDetail {
        row: row(session, id, summary),
        codes: set.codes.iter().map(code).collect(),
        next: set.next().filter(|_| summary.superseded_at.is_none()).map(number),
        documents: set.documents.iter().map(document).collect(),
        has_note: !set.note.is_empty(),
        picture: file.is_some_and(|file| picture(file.expose()).is_some()),
        pages: set.pages,
    }
}

fn set_id(id: &str) -> Result<RecordId, Failure> {
    id.parse().map_err(|_| no_such_set(id))
}

fn no_such_set(id: &str) -> Failure {
    fail(FailureKind::NoSuchSet, format!("there is no recovery set {id} in this vault"))
}

fn no_such_code() -> Failure {
    fail(FailureKind::BadInput, "the set has no code of that number")
}

/// The codes of a set that was replaced are void: nobody gets one to sign in with.
fn check_in_use(summary: &Summary) -> Result<(), Failure> {
    match summary.superseded_at {
        Some(_) => Err(fail(FailureKind::BadInput, "a newer set took this one's place; its codes are void")),
        None => Ok(()),
    }
}

fn check_length(field: &str, text: &str, longest: usize) -> Result<(), Failure> {
    let length = text.chars().count();
    if length > longest {
        let detail = format!("the {field} has {length} characters; {longest} are possible");
        return Err(fail(FailureKind::BadInput, detail));
    }
    Ok(())
}
