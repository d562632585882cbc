//! Codes, and what one does with an account.

use crate::App;
use crate::failure::{fail, other};
use crate::session::Session;
use crate::stored::{Stored, algorithm_name};
use crate::view::*;
use keyhaven_otp::{Account, Explanation, Kind, Neighbour};
use keyhaven_vault::RecordId;

/// Longest issuer, name or tag, in characters; what a list can show is far shorter.
const LONGEST_NAME: usize = 512;
/// How often a counter is moved anew after another program saved in between.
const COUNTER_ATTEMPTS: u32 = 4;
/// Longest note, in characters.
const LONGEST_NOTE: usize = 20_000;

impl App {
    /// All accounts, in the manual order.
    ///
    /// # Errors
    /// The vault is locked.
    pub fn accounts(&self) -> Result<Vec<AccountRow>, Failure> {
        let session = self.session()?;
        let mut rows: Vec<AccountRow> =
            session.accounts.iter().map(|(id, stored)| session.row(*id, stored)).collect();
        rows.sort_by(|a, b| (a.position, a.added_at, &a.id).cmp(&(b.position, b.added_at, &b.id)));
        Ok(rows)
    }

    /// Live codes of the named accounts; counter-based ones and ids that are gone are left out.
    ///
    /// # Errors
    /// The vault is locked.
    pub fn codes(&self, ids: &[String]) -> Result<Codes, Failure> {
        let session = self.session()?;
        let now = self.now();
        let codes = ids
            .iter()
            .filter_map(|id| Some((id, session.accounts.get(&id.parse().ok()?)?)))
            .filter(|(_, stored)| !matches!(stored.account.kind, Kind::Hotp { .. }))
            .map(|(id, stored)| live_code(id, &stored.account, now))
            .collect();
        Ok(Codes { now, codes })
    }

    /// The code to use now. A counter-based account moves on, and its new counter is on disk before the code is
    /// answered (promise 8).
    ///
    /// # Errors
    /// Locked, no such account, no code, or the counter could not be saved: then there is no code either.
    pub fn use_code(&mut self, id: &str) -> Result<CodeView, Failure> {
        let now = self.now();
        let record = self.find(id)?;
        let stored = self.session()?.stored(record)?;
        if !matches!(stored.account.kind, Kind::Hotp { .. }) {
            stored.account.code_at(now / 1_000).map_err(|error| fail(FailureKind::BadInput, error))?;
            let view = live_code(id, &stored.account, now);
            self.session_mut()?.used(record, now);
            return Ok(view);
        }
        for _ in 0..COUNTER_ATTEMPTS {
            // Another program may have used codes since the vault was read, and may be using one at this moment: the
            // code is that of the counter on disk, and its successor is on disk before anybody sees it.
            self.take_in()?;
            let stored = self.session()?.stored(record)?;
            let code =
                stored.account.code_at(now / 1_000).map_err(|error| fail(FailureKind::BadInput, error))?;
            let mut moved = Stored { account: stored.account.duplicate(), meta: stored.meta.clone() };
            moved.raise_counter(code.counter.checked_add(1).ok_or_else(|| {
                fail(
                    FailureKind::BadInput,
                    format!("the counter of this account is at its end ({}); renew its secret", code.counter),
                )
            })?);
            moved.meta.used_at = Some(now);
            if self.put_alone(record, moved)? {
                return Ok(CodeView {
                    id: id.to_owned(),
                    code: code.text,
                    next: None,
                    valid_from: None,
                    valid_until: None,
                    problem: None,
                });
            }
        }
        Err(fail(FailureKind::NotSaved, "another program keeps changing the vault file; try again"))
    }

    /// The codes of a time-based account from `steps` periods before the moment `at` (Unix seconds) to as many after,
    /// as far as they exist; nothing is noted as used.
    ///
    /// # Errors
    /// Locked, no such account, no code, or a counter-based account: its code is shown by [`App::use_code`] alone,
    /// after the counter moved (promise 8).
    pub fn codes_around(&self, id: &str, at: u64, steps: u32) -> Result<Vec<Neighbour>, Failure> {
        self.looked_at(id)?.codes_around(at, steps).map_err(|error| fail(FailureKind::BadInput, error))
    }

    /// Every step of a time-based account's code at the moment `at` (Unix seconds).
    ///
    /// # Errors
    /// As [`App::codes_around`].
    pub fn explain_code(&self, id: &str, at: u64) -> Result<Explanation, Failure> {
        keyhaven_otp::explain(self.looked_at(id)?, at).map_err(|error| fail(FailureKind::BadInput, error))
    }

    /// Whether `code` is the account's at the moment `at` (Unix seconds) or up to `skew` steps away (RFC 6238 §5.2;
    /// a counter only ahead, RFC 4226 §7.4): the offset in steps, `None` when it is wrong. No counter moves.
    ///
    /// # Errors
    /// Locked, no such account, or no code to compare with.
    pub fn verify_code(&self, id: &str, code: &str, at: u64, skew: u32) -> Result<Option<i64>, Failure> {
        let stored = self.session()?.stored(self.find(id)?)?;
        keyhaven_otp::verify(&stored.account, code, at, skew)
            .map_err(|error| fail(FailureKind::BadInput, error))
    }

    /// An account whose codes may be shown without a counter moving.
    fn looked_at(&self, id: &str) -> Result<&Account, Failure> {
        let account = &self.session()?.stored(self.find(id)?)?.account;
        match account.kind {
            Kind::Hotp { .. } => Err(fail(
                FailureKind::BadInput,
                "this account is counter-based: a code of it is shown only after its counter moved on",
            )),
            _ => Ok(account),
        }
    }

    /// One account in detail.
    ///
    /// # Errors
    /// Locked, or no such account.
    pub fn account(&self, id: &str) -> Result<AccountDetail, Failure> {
        let record = self.find(id)?;
        let session = self.session()?;
        let stored = session.stored(record)?;
        let Stored { account, meta } = stored;
        Ok(AccountDetail {
            row: session.row(record, stored),
            note: meta.note.clone(),
            algorithm: account.kind.algorithm().map(algorithm_name),
            counter: if let Kind::Hotp { counter, .. } = account.kind { Some(counter) } else { None },
            label_issuer: account.label_issuer.clone(),
            unknown_parameters: account.unknown.iter().map(|(name, _)| name.clone()).collect(),
            history: meta.history.iter().rev().cloned().collect(),
            versions: session.versions(record),
        })
    }

    /// Changes an account and remembers what changed.
    ///
    /// # Errors
    /// Locked, no such account, a text too long, or not saved: then nothing changed.
    pub fn edit_account(&mut self, id: &str, changes: AccountChanges) -> Result<AccountDetail, Failure> {
        for (field, text, longest) in [
            ("issuer", &changes.issuer, LONGEST_NAME),
            ("name", &changes.name, LONGEST_NAME),
            ("note", &changes.note, LONGEST_NOTE),
        ] {
            check_length(field, text.as_deref().unwrap_or_default(), longest)?;
        }
        for tag in changes.tags.iter().flatten() {
            check_length("tag", tag, LONGEST_NAME)?;
        }
        let record = self.find(id)?;
        let account = &self.session()?.stored(record)?.account;
        let empty = |new: &Option<String>, old: &str| new.as_deref().unwrap_or(old).trim().is_empty();
        let named = !empty(&changes.issuer, &account.issuer) || !empty(&changes.name, &account.name);
        if !named && (changes.issuer.is_some() || changes.name.is_some()) {
            return Err(fail(FailureKind::BadInput, "an account needs an issuer or a name to be found by"));
        }
        let now = self.now();
        self.change(record, |stored| apply(stored, changes, now))?;
        self.account(id)
    }

    /// Deletes an account. Until the vault is locked, [`App::restore_account`] brings it back; the deletion itself
    /// is remembered in the vault, so that merging an older copy does not bring the account back.
    ///
    /// # Errors
    /// Locked, no such account, versions of it that wait for a decision (one of them may be wanted), or not saved: then
    /// it is still there.
    pub fn delete_account(&mut self, id: &str) -> Result<(), Failure> {
        let record = self.find(id)?;
        if self.session()?.undecided.contains(&record) {
            return Err(fail(
                FailureKind::BadInput,
                "this account was changed in two places at once; choose the version that is right, then delete it",
            ));
        }
        self.remove(record)
    }

    /// Brings back an account that was deleted since the vault was opened.
    ///
    /// # Errors
    /// Locked, nothing to bring back, or not saved.
    pub fn restore_account(&mut self, id: &str) -> Result<AccountDetail, Failure> {
        let record: RecordId = id.parse().map_err(|_| no_such_account(id))?;
        let stored = self.session_mut()?.deleted.remove(&record).ok_or_else(|| no_such_account(id))?;
        let copy = Stored { account: stored.account.duplicate(), meta: stored.meta.clone() };
        if let Err(error) = self.put_all(vec![(record, stored)]) {
            self.session_mut()?.deleted.insert(record, copy);
            return Err(error);
        }
        self.account(id)
    }

    /// Sets the manual order. Accounts that are not named keep their order after the named ones.
    ///
    /// # Errors
    /// Locked, or not saved.
    pub fn arrange(&mut self, ids: &[String]) -> Result<(), Failure> {
        let named: Vec<RecordId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let rows = self.accounts()?;
        let rest = rows.iter().filter_map(|row| row.id.parse().ok()).filter(|id| !named.contains(id));
        let order: Vec<RecordId> = named.iter().copied().chain(rest).collect();
        let session = self.session()?;
        let moved = order.iter().zip(1..).filter_map(|(id, position)| {
            let stored = session.accounts.get(id)?;
            let mut meta = stored.meta.clone();
            let changed = meta.position != position;
            meta.position = position;
            changed.then(|| (*id, Stored { account: stored.account.duplicate(), meta }))
        });
        let moved = moved.collect();
        self.put_all(moved)
    }

    /// Shows an account's secret to a person who has proved anew to be allowed to see it (promise 2).
    ///
    /// # Errors
    /// Locked, no such account, or the proof is wrong.
    pub fn reveal(&self, id: &str, proof: Proof) -> Result<Revealed, Failure> {
        let record = self.find(id)?;
        self.check_proof(proof)?;
        let account = &self.session()?.stored(record)?.account;
        let uri = account.to_uri();
        Ok(Revealed {
            qr_svg: keyhaven_qr::write::svg(uri.expose_for_display()).map_err(other)?,
            secret: account.secret_base32().expose_for_display().to_owned(),
            uri: uri.expose_for_display().to_owned(),
        })
    }

    /// The record of an account that exists.
    pub(crate) fn find(&self, id: &str) -> Result<RecordId, Failure> {
        let record: RecordId = id.parse().map_err(|_| no_such_account(id))?;
        self.session()?.stored(record)?;
        Ok(record)
    }

    /// Changes one account through `edit` and saves.
    fn change(&mut self, record: RecordId, edit: impl FnOnce(&mut Stored)) -> Result<(), Failure> {
        let stored = self.session()?.stored(record)?;
        let mut changed = Stored { account: stored.account.duplicate(), meta: stored.meta.clone() };
        edit(&mut changed);
        self.put_all(vec![(record, changed)])
    }
}

impl Session {
    fn row(&self, record: RecordId, stored: &Stored) -> AccountRow {
        AccountRow { undecided: self.undecided.contains(&record), ..stored.row(record.to_string()) }
    }

    pub(crate) fn stored(&self, record: RecordId) -> Result<&Stored, Failure> {
        self.accounts.get(&record).ok_or_else(|| no_such_account(&record.to_string()))
    }
}

pub(crate) fn no_such_account(id: &str) -> Failure {
    fail(FailureKind::NoSuchAccount, format!("there is no account {id} in this vault"))
}

fn live_code(id: &str, account: &Account, now: u64) -> CodeView {
    let mut view = CodeView {
        id: id.to_owned(),
        code: String::new(),
        next: None,
        valid_from: None,
        valid_until: None,
        problem: None,
    };
    match account.code_at(now / 1_000) {
        Ok(code) => {
            let until = code.valid_until;
            view.code = code.text;
            view.valid_from = code.valid_from.map(|seconds| seconds.saturating_mul(1_000));
            view.valid_until = until.map(|seconds| seconds.saturating_mul(1_000));
            view.next = until.and_then(|next| account.code_at(next).ok()).map(|next| next.text);
        }
        Err(error) => view.problem = Some(error.to_string()),
    }
    view
}

fn check_length(field: &str, text: &str, longest: usize) -> Result<(), Failure> {
    let length = text.chars().count();
    if length > longest {
        return Err(fail(
            FailureKind::BadInput,
            format!("the {field} has {length} characters; {longest} are possible"),
        ));
    }
    Ok(())
}

fn apply(stored: &mut Stored, changes: AccountChanges, now: u64) {
    let mut told: Vec<String> = Vec::new();
    let mut rename = |field: &str, place: &mut String, new: Option<String>| {
        let Some(new) = new.map(|text| text.trim().to_owned()) else { return };
        if *place != new {
            told.push(format!("{field}: {} → {}", shown(place), shown(&new)));
            *place = new;
        }
    };
    rename("issuer", &mut stored.account.issuer, changes.issuer);
    rename("name", &mut stored.account.name, changes.name);
    if let Some(note) = changes.note
        && note != stored.meta.note
    {
        told.push(if note.is_empty() { "note removed".into() } else { "note changed".into() });
        stored.meta.note = note;
    }
    if let Some(tags) = changes.tags {
        let mut clean: Vec<String> = Vec::new();
        for tag in tags.iter().map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()) {
            if !clean.contains(&tag) {
                clean.push(tag);
            }
        }
        if clean != stored.meta.tags {
            told.push(format!(
                "tags: {} → {}",
                shown(&stored.meta.tags.join(", ")),
                shown(&clean.join(", "))
            ));
            stored.meta.tags = clean;
        }
    }
    // Where an account stands in the list is no part of its history.
    if let Some(pinned) = changes.pinned {
        stored.meta.pinned = pinned;
    }
    if let Some(icon) = changes.icon.map(|icon| Some(icon).filter(|icon| !icon.is_empty()))
        && icon != stored.meta.icon
    {
        told.push("icon changed".into());
        stored.meta.icon = icon;
    }
    for change in told {
        stored.remember(now, change);
    }
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "(none)" } else { text }
}
