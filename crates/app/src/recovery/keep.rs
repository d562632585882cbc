//! From what was handed over to a set in the vault, and what becomes of the download then.

use crate::App;
use crate::failure::{fail, other};
use crate::recovery::draft::{DraftReader, Pending};
use crate::recovery::stored::{
    self, FILE_KIND, Payload as _, SET_KIND, SUMMARY_KIND, Summary, Tidied, put, summaries,
};
use crate::recovery::view::*;
use crate::recovery::{LONGEST_NAME, ToShow, check_length, original, row, set_id};
use crate::session::Session;
use crate::view::{Failure, FailureKind};
use keyhaven_recovery::SIZE_LIMIT;
use keyhaven_secret::SecretBytes;
use keyhaven_vault::{Record, RecordId};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Drafts that wait for an answer; the oldest goes when there are more.
const DRAFTS_KEPT: usize = 16;

impl App {
    /// Begins reading up to `count` files or texts: read with the answer, then [`App::keep_draft`] each.
    ///
    /// # Errors
    /// The vault is locked.
    pub fn begin_drafts(&mut self, count: u32) -> Result<DraftReader, Failure> {
        let host = self.host.clone();
        let memory = &mut self.session_mut()?.recovery;
        let first = memory.drafts_made.wrapping_add(1);
        memory.drafts_made = first.wrapping_add(count);
        Ok(DraftReader::new(host, first..first.saturating_add(count)))
    }

    /// Keeps what was read until the person has decided.
    ///
    /// # Errors
    /// The vault is locked; what was read is wiped.
    pub fn keep_draft(&mut self, pending: Pending) -> Result<Draft, Failure> {
        let session = self.session_mut()?;
        let view = complete(session, &pending);
        let drafts = &mut session.recovery.drafts;
        let surplus = (drafts.len() + 1).saturating_sub(DRAFTS_KEPT);
        drafts.drain(..surplus);
        drafts.push(pending);
        Ok(view)
    }

    /// Corrects how a draft was understood.
    ///
    /// # Errors
    /// Locked, no such draft (any more), or the correction does not fit it.
    pub fn correct_draft(&mut self, id: u32, correction: Correction) -> Result<Draft, Failure> {
        let session = self.session_mut()?;
        let drafts = &mut session.recovery.drafts;
        drafts.iter_mut().find(|draft| draft.id == id).ok_or_else(gone)?.correct(correction)?;
        Ok(complete(session, draft(session, id)?))
    }

    /// A draft's texts for a person who asked to see them.
    ///
    /// # Errors
    /// Locked, or no such draft (any more).
    pub fn reveal_draft(&self, id: u32) -> Result<RevealedDraft, Failure> {
        Ok(draft(self.session()?, id)?.reveal())
    }

    /// A draft's original, to be drawn for a person who asked to see it.
    ///
    /// # Errors
    /// Locked, or no such draft (any more).
    pub fn draft_to_show(&self, id: u32) -> Result<ToShow, Failure> {
        Ok(ToShow::new(draft(self.session()?, id)?.bytes.duplicate()))
    }

    /// Forgets a draft.
    pub fn dismiss_draft(&mut self, id: u32) {
        if let Ok(session) = self.session_mut() {
            session.recovery.drafts.retain(|draft| draft.id != id);
        }
    }

    /// Keeps a draft as a set, its original beside it, byte for byte; this works while the recovery compartment is
    /// locked too. The set that it replaces is kept and never offered again.
    ///
    /// # Errors
    /// Locked, no such draft, account or set, nothing to keep, or not saved: then the draft is still there.
    pub fn accept_draft(&mut self, id: u32, choices: DraftChoices) -> Result<KeptDraft, Failure> {
        for (field, text) in [("name", &choices.name), ("provider", &choices.provider)] {
            check_length(field, text, LONGEST_NAME)?;
        }
        let now = self.now();
        let account = self.account_link(choices.account)?;
        let session = self.session()?;
        let old = choices.replaces.filter(|id| !id.is_empty());
        let old = match old.as_deref().map(set_id).transpose()? {
            Some(id) => Some((id, session.summary(id)?)),
            None => None,
        };
        let pending = draft(session, id)?;
        if let Some(why) = pending.unusable() {
            return Err(fail(FailureKind::BadInput, why));
        }
        if let Some((old, _)) = &old
            && kept_already(session, pending) == Some(*old)
        {
            // Its used codes would be offered as new ones.
            let detail = "this is the very file that the set was made from; a service that made new codes gives a new one";
            return Err(fail(FailureKind::BadInput, detail));
        }
        let (record, file) = (RecordId::random().map_err(other)?, RecordId::random().map_err(other)?);
        let provider = choices.provider.trim();
        let set = pending.to_set(provider, file.to_string(), now)?;
        let mut summary = Summary::of(&set);
        let name = choices.name.trim();
        summary.label = if name == provider { String::new() } else { name.to_owned() };
        summary.account = account;
        summary.size = pending.bytes.len() as u64;
        if summary.total == 0 && old.as_ref().is_some_and(|(_, old)| old.total > 0) {
            return Err(fail(
                FailureKind::BadInput,
                "there are no codes in this, so it takes the place of no codes; the set that is there stays in use",
            ));
        }
        summary.replaces = old.as_ref().map(|(id, _)| id.to_string());
        let (path, bytes) = (pending.path.clone(), pending.bytes.duplicate());
        let digest = digest(&bytes);

        self.save_if(|session| {
            let original = Record::new(file, FILE_KIND, now, bytes);
            let codes = Record::new(record, SET_KIND, now, set.write());
            session.vault.drop_in_recovery(original).map_err(other)?;
            session.vault.drop_in_recovery(codes).map_err(other)?;
            let accounts = session.vault.accounts_mut();
            put(accounts, record, SUMMARY_KIND, now, summary.write());
            if let Some((id, mut old)) = old {
                old.superseded_at = Some(now);
                put(accounts, id, SUMMARY_KIND, now, old.write());
            }
            Ok(())
        })?;
        let files = self.host.clone();
        let session = self.session_mut()?;
        let there = session.vault.holds_on_disk(files.files(), &[record, file]);
        if !there.as_ref().is_ok_and(|there| *there) {
            let why = there.err().map_or_else(|| "it reads otherwise".to_owned(), |error| error.to_string());
            let detail = format!("the vault was saved, and what was read back is not what was kept: {why}");
            return Err(fail(FailureKind::NotSaved, detail));
        }
        if let Some(path) = path {
            session.recovery.downloads.insert(record, Download { path, file, digest });
        }
        session.recovery.drafts.retain(|draft| draft.id != id);
        let set = row(session, record, &summary);
        Ok(KeptDraft { set, view: self.recovery()? })
    }

    /// Puts the download of a set that was kept in this session into the bin, or erases it. Before that the vault file
    /// is read anew, the set in it compared, and the download compared with what is sealed.
    ///
    /// # Errors
    /// Locked, the download is not known (any more), it is not the file that was kept, or the system did not do it:
    /// then it is still there.
    pub fn tidy_download(&mut self, id: &str, way: TidyWay) -> Result<RecoveryView, Failure> {
        let (record, now) = (set_id(id)?, self.now());
        let host = self.host.clone();
        let session = self.session()?;
        let download = session.recovery.downloads.get(&record).ok_or_else(|| {
            let detail = "where this file was downloaded to is not known any more; delete it by hand";
            fail(FailureKind::BadInput, detail)
        })?;
        let path = download.path.clone();
        let shown = path.display();
        let there = host.files().read(&path, SIZE_LIMIT as u64).map(SecretBytes::new);
        let there = there.map_err(|error| fail(FailureKind::BadInput, format!("{shown}: {error}")))?;
        let sealed = session.vault.holds_on_disk(host.files(), &[record, download.file]).map_err(other)?;
        if !sealed || digest(&there) != download.digest {
            let detail = format!("{shown} is not the file that was kept, or not sealed; it was left alone");
            return Err(fail(FailureKind::BadInput, detail));
        }
        host.tidy(&path, way).map_err(|error| other(format!("{shown}: {error}; it is still there")))?;
        let mut summary = session.summary(record)?;
        summary.tidied = Some(Tidied { way, at: now });
        self.session_mut()?.recovery.downloads.remove(&record);
        self.save_with(|session| {
            put(session.vault.accounts_mut(), record, SUMMARY_KIND, now, summary.write())
        })?;
        self.recovery()
    }
}

/// The download of a set that was kept in this session. Of its content only a digest stays: the codes themselves may
/// be in memory only while their compartment is open.
pub(crate) struct Download {
    path: PathBuf,
    file: RecordId,
    digest: [u8; 32],
}

impl Download {
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn digest(bytes: &SecretBytes) -> [u8; 32] {
    Sha256::digest(bytes.expose()).into()
}

fn draft(session: &Session, id: u32) -> Result<&Pending, Failure> {
    session.recovery.drafts.iter().find(|draft| draft.id == id).ok_or_else(gone)
}

fn gone() -> Failure {
    fail(FailureKind::BadInput, "this file is not held any more; read it again")
}

/// A draft's view with what the vault knows: which account it belongs to, which set it may replace.
fn complete(session: &Session, pending: &Pending) -> Draft {
    let mut view = pending.view();
    view.account = likely_account(session, pending);
    let in_use = summaries(session.vault.accounts()).filter(|(_, summary)| {
        let same_account = view.account.is_some() && summary.account == view.account;
        let same_provider = !view.provider.is_empty() && summary.provider == view.provider;
        summary.superseded_at.is_none() && summary.kind == view.kind && (same_account || same_provider)
    });
    let in_use: Vec<RecordId> = in_use.map(|(id, _)| id).collect();
    if let [only] = &in_use[..] {
        view.replaces = Some(only.to_string());
    }
    view.already = kept_already(session, pending).map(|id| id.to_string());
    view
}

/// The set whose original file is this very one: one in use, else one that was replaced.
fn kept_already(session: &Session, pending: &Pending) -> Option<RecordId> {
    let recovery = session.codes().ok()?;
    let size = pending.bytes.len() as u64;
    let alike = summaries(session.vault.accounts()).filter(|(_, summary)| summary.size == size);
    let mut alike: Vec<_> = alike.map(|(id, summary)| (summary.superseded_at.is_some(), id)).collect();
    alike.sort_unstable();
    alike.into_iter().map(|(_, id)| id).find(|id| {
        let set = stored::set(recovery, *id);
        set.is_some_and(|set| original(recovery, &set).is_some_and(|kept| *kept == pending.bytes))
    })
}

/// The one account whose issuer is the provider; among several the one whose name stands in the text.
fn likely_account(session: &Session, pending: &Pending) -> Option<String> {
    let provider = pending.provider().to_lowercase();
    if provider.is_empty() {
        return None;
    }
    let fits = session.accounts.iter().filter(|(_, stored)| {
        let issuer = stored.account.issuer.to_lowercase();
        issuer.len() >= 3 && (issuer.contains(&provider) || provider.contains(&issuer))
    });
    let fits: Vec<_> = fits.collect();
    if let [(id, _)] = &fits[..] {
        return Some(id.to_string());
    }
    let named: Vec<_> = fits
        .iter()
        .filter(|(_, stored)| stored.account.name.len() >= 3 && pending.text().contains(&stored.account.name))
        .collect();
    if let [(id, _)] = &named[..] { Some(id.to_string()) } else { None }
}
