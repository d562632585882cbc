//! An account that was changed in two places at once: its versions, and a person's choice between them.
//!
//! Until that choice every version is kept. An edit goes on with the version that is shown and leaves the others.

use crate::App;
use crate::differences;
use crate::failure::{fail, other};
use crate::session::{Session, highest_counters};
use crate::stored::{Stored, same_codes};
use crate::view::{AccountDetail, AccountVersion, Failure, FailureKind};
use keyhaven_vault::{Record, RecordId};

impl Session {
    /// The versions of an undecided account, the shown one first.
    pub(crate) fn versions(&self, id: RecordId) -> Vec<AccountVersion> {
        let versions = self.undecided_versions(id);
        let Some(shown) = versions.first() else { return Vec::new() };
        versions.iter().map(|version| describe(shown, version)).collect()
    }

    fn undecided_versions(&self, id: RecordId) -> Vec<&Record> {
        let mut conflicts = self.vault.accounts().conflicts();
        let conflict = conflicts.find(|conflict| conflict.id == id && self.undecided.contains(&id));
        conflict.map(|conflict| conflict.versions).unwrap_or_default()
    }
}

fn describe(shown: &Record, version: &Record) -> AccountVersion {
    let deleted = version.deleted_at.is_some();
    let accounts = differences::account(shown).zip(differences::account(version));
    AccountVersion {
        changed_at: version.modified_at,
        deleted,
        differs: if deleted { Vec::new() } else { differences::changes(shown, version) },
        other_codes: accounts.is_some_and(|(shown, version)| !same_codes(&shown.account, &version.account)),
    }
}

impl App {
    /// Keeps version `number` (from 0, as [`AccountDetail::versions`] numbers them) of an undecided account, which was
    /// changed at `changed_at`, and lets the others go; a counter goes on after the highest of them. A version that is a
    /// deletion deletes the account.
    ///
    /// # Errors
    /// Locked, no such account or version (another program may have decided meanwhile), or not saved: then nothing is
    /// decided.
    pub fn choose_version(
        &mut self,
        id: &str,
        number: u32,
        changed_at: u64,
    ) -> Result<Option<AccountDetail>, Failure> {
        self.take_in()?;
        let record = self.find(id)?;
        let now = self.now();
        let session = self.session()?;
        let versions = session.undecided_versions(record);
        let chosen = versions
            .get(number as usize)
            .filter(|version| version.modified_at == changed_at)
            .ok_or_else(nothing_to_decide)?;
        if chosen.deleted_at.is_some() {
            self.remove(record)?;
            self.read_anew()?;
            return Ok(None);
        }
        let record = decided(session, chosen, now);
        self.save_with(|session| session.vault.accounts_mut().put(record))?;
        self.read_anew()?;
        self.account(id).map(Some)
    }

    /// Keeps every version of an undecided account: the shown one as it is, each other one that was not deleted as an
    /// account of its own. Answers the ids of the new accounts.
    ///
    /// # Errors
    /// As [`App::choose_version`].
    pub fn keep_versions(&mut self, id: &str) -> Result<Vec<String>, Failure> {
        self.take_in()?;
        let record = self.find(id)?;
        let now = self.now();
        let session = self.session()?;
        let versions = session.undecided_versions(record);
        let (shown, others) = versions.split_first().ok_or_else(|| {
            fail(FailureKind::BadInput, "this account has one version only; there is nothing to choose")
        })?;
        let shown = decided(session, shown, now);
        let mut apart = Vec::new();
        for version in others.iter().filter(|version| version.deleted_at.is_none()) {
            apart.push(version.apart(RecordId::random().map_err(other)?, now));
        }
        let ids = apart.iter().map(|record| record.id.to_string()).collect();
        self.save_with(|session| {
            let records = session.vault.accounts_mut();
            records.put(shown);
            apart.into_iter().for_each(|record| records.put(record));
        })?;
        self.read_anew()?;
        Ok(ids)
    }

    fn read_anew(&mut self) -> Result<(), Failure> {
        self.session_mut()?.read_accounts();
        Ok(())
    }
}

/// The version as it stands in the place of all: with the highest counter of any.
fn decided(session: &Session, version: &Record, now: u64) -> Record {
    let counter = highest_counters(&session.vault).get(&version.id).copied();
    let payload = match (Stored::read(&version.payload), counter) {
        (Ok(mut stored), Some(counter)) => {
            stored.raise_counter(counter);
            stored.write()
        }
        _ => version.payload.duplicate(),
    };
    version.changed(now, payload)
}

fn nothing_to_decide() -> Failure {
    fail(
        FailureKind::BadInput,
        "there is no such version of this account any more; another program may have decided meanwhile",
    )
}
