//! Exporting: chosen accounts for another program, for paper, or as a sealed file of Keyhaven's own.
//!
//! [`App::preview_export`] tells what the target cannot hold, [`App::begin_export`] takes the accounts after the person
//! proved to be allowed, [`ExportJob::make`] writes them without holding the app (a key derivation takes seconds), and
//! [`App::save_export`] brings them to the disk. A readable export is remembered in the vault until it is removed
//! ([`App::plain_exports`]).

mod google;
mod plain;
mod sheet;
pub mod view;

use crate::App;
use crate::failure::{fail, other};
use crate::host::Host;
use crate::kit::day;
use crate::stored::{KIND, Stored};
use crate::strength;
use crate::view::{Failure, FailureKind};
use keyhaven_interchange::write::{self, Exported, Target, Work};
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{KdfCost, Location, NewVault, OpenVault, Record, RecordId};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use view::*;

/// Longest text that is put into one QR code, in bytes: 2,953 fit the largest (ISO/IEC 18004:2015 table 7).
const LONGEST_CODE: usize = 2_900;

/// Accounts on their way out, taken from the vault.
pub struct ExportJob {
    host: Arc<dyn Host>,
    target: ExportTarget,
    accounts: Vec<(RecordId, Stored)>,
    password: Option<SecretText>,
    now: u64,
}

/// An export in memory.
pub struct MadeExport {
    target: ExportTarget,
    accounts: u32,
    /// Its files' bytes; several where each QR code is a picture.
    pub files: Vec<SecretBytes>,
}

impl App {
    /// What an export of these accounts (none means all) would hold, and what the target cannot hold.
    ///
    /// # Errors
    /// Locked, or no such account.
    pub fn preview_export(
        &self,
        target: ExportTarget,
        accounts: &[String],
    ) -> Result<ExportPreview, Failure> {
        let chosen = self.chosen(accounts)?;
        let mut losses = losses(target, &chosen);
        if target == ExportTarget::Keyhaven {
            // Of the others nobody thinks that they had recovery codes in them.
            losses.extend(self.sets_left_out(&chosen, accounts.is_empty())?);
        }
        let left_out: usize =
            losses.iter().filter(|loss| loss.left_out).map(|loss| loss.accounts.len()).sum();
        let files = match target {
            ExportTarget::Google => google::write(&chosen).uris.len(),
            _ => 1,
        };
        Ok(ExportPreview { accounts: number(chosen.len() - left_out), files: number(files), losses })
    }

    /// The recovery sets in use of the chosen accounts, or all of them: they are sealed apart from the accounts, and an
    /// export has the accounts alone.
    fn sets_left_out(
        &self,
        chosen: &[(RecordId, &Stored)],
        all: bool,
    ) -> Result<Option<ExportLoss>, Failure> {
        let sets = self.recovery()?.sets.into_iter().filter(|set| set.superseded_at.is_none());
        let of_chosen = |account: &Option<String>| {
            account.as_ref().is_some_and(|id| chosen.iter().any(|(chosen, _)| chosen.to_string() == *id))
        };
        let names: Vec<String> =
            sets.filter(|set| all || of_chosen(&set.account)).map(|set| set.name).collect();
        let what = "recovery sets, which a backup of the vault has".to_owned();
        Ok((!names.is_empty()).then_some(ExportLoss { what, left_out: false, accounts: names }))
    }

    /// Takes the accounts for an export; whoever asks has proved anew to be allowed to see secrets (promise 2).
    ///
    /// # Errors
    /// Locked, the proof is wrong, no such account, nothing that the target can hold, or the password of a sealed
    /// export is missing or would be guessed too soon.
    pub fn begin_export(&self, request: ExportRequest) -> Result<ExportJob, Failure> {
        let ExportRequest { target, accounts, password, proof } = request;
        let password = password.map(SecretText::new).filter(|password| !password.is_empty());
        let preview = self.preview_export(target, &accounts)?;
        if preview.accounts == 0 {
            let why = format!("there is no account that an export for {} can hold", target.title());
            return Err(fail(FailureKind::BadInput, why));
        }
        match (&password, target) {
            (None, target) if target.is_sealed() => {
                return Err(fail(FailureKind::BadInput, "this export needs a password"));
            }
            (Some(password), ExportTarget::Keyhaven) => strength::check(password)?,
            _ => {}
        }
        self.check_proof(proof)?;
        let accounts = self.chosen(&accounts)?;
        let accounts = accounts.into_iter().map(|(id, stored)| (id, duplicate(stored))).collect();
        Ok(ExportJob { host: self.host.clone(), target, accounts, password, now: self.now() })
    }

    /// Writes an export to files that only their owner may read; the old file or the new one, never half of either. Of
    /// several the names are numbered. A readable one is remembered until it is removed.
    ///
    /// # Errors
    /// There is such a file and `replace` does not say so, the vault could not remember it, or the disk did not take
    /// it: then nothing of it is left there.
    pub fn save_export(
        &mut self,
        made: &MadeExport,
        path: &Path,
        replace: bool,
    ) -> Result<ExportWritten, Failure> {
        let paths = self.places(path, made.files.len())?;
        let there = paths.iter().find(|path| self.host.files().real_path(path).is_ok());
        if let (Some(there), false) = (there, replace) {
            let why = format!("{}: there is such a file already; nothing was written", there.display());
            return Err(fail(FailureKind::BadInput, why));
        }
        let plain = !made.target.is_sealed();
        // First remembered, then written: nothing readable lies about that nobody knows of.
        let record = if plain { Some(self.remember_plain(made, &paths)?) } else { None };
        let mut written = Ok(());
        for (at, (path, bytes)) in paths.iter().zip(&made.files).enumerate() {
            written = self
                .write_out(path, bytes.expose())
                .map_err(|error| fail(FailureKind::NotSaved, format!("{}: {error}", path.display())));
            if written.is_err() {
                for path in &paths[..at] {
                    // Best effort: what stays behind is in the failure's words and still remembered.
                    let _ = self.host.files().remove(path);
                }
                break;
            }
        }
        if let (Err(_), Some(id)) = (&written, record) {
            let _ = self.forget_plain(id);
        }
        written?;
        let paths = paths.iter().map(|path| path.display().to_string()).collect();
        Ok(ExportWritten { paths, accounts: made.accounts, plain })
    }

    /// Where the files go: to `path`, or numbered beside it.
    fn places(&self, path: &Path, count: usize) -> Result<Vec<PathBuf>, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = self.host.files().real_path(folder).map_err(|error| {
            fail(FailureKind::NotSaved, format!("{}: the folder: {error}", path.display()))
        })?;
        let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| {
            fail(FailureKind::BadInput, format!("{}: this is no name for a file", path.display()))
        })?;
        if count == 1 {
            return Ok(vec![folder.join(name)]);
        }
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, "png"));
        Ok((1..=count).map(|number| folder.join(format!("{stem}-{number}-of-{count}.{ending}"))).collect())
    }

    /// The chosen accounts in the manual order; none named means all.
    fn chosen(&self, ids: &[String]) -> Result<Vec<(RecordId, &Stored)>, Failure> {
        let session = self.session()?;
        let mut chosen = match ids {
            [] => session.accounts.iter().map(|(id, stored)| (*id, stored)).collect(),
            ids => {
                let mut named = BTreeMap::new();
                for id in ids {
                    let record = self.find(id)?;
                    named.insert(record, session.stored(record)?);
                }
                named.into_iter().collect::<Vec<_>>()
            }
        };
        chosen.sort_by_key(|(id, stored)| (stored.meta.position, stored.meta.added_at, id.to_string()));
        Ok(chosen)
    }
}

impl ExportJob {
    /// Writes the export; a sealed one takes as long as its program's key derivation. `path` says by its ending whether
    /// QR codes become SVG instead of PNG.
    ///
    /// # Errors
    /// The system has no memory or randomness for it.
    pub fn make(&self, path: Option<&Path>) -> Result<MadeExport, Failure> {
        let accounts: Vec<(RecordId, &Stored)> =
            self.accounts.iter().map(|(id, stored)| (*id, stored)).collect();
        let left_out: usize = losses(self.target, &accounts)
            .iter()
            .filter(|loss| loss.left_out)
            .map(|loss| loss.accounts.len())
            .sum();
        let svg = path.and_then(Path::extension).is_some_and(|ending| ending.eq_ignore_ascii_case("svg"));
        let files = match self.target {
            ExportTarget::Keyhaven => vec![self.own()?],
            ExportTarget::Google => google::pictures(&google::write(&accounts).uris, svg)?,
            ExportTarget::SheetHtml => vec![sheet::html(&accounts, &day(self.now)).map_err(other)?],
            ExportTarget::SheetPdf => vec![sheet::pdf(&accounts, &day(self.now)).map_err(other)?],
            target => {
                let notes = notes(&accounts);
                let exported = exported(&accounts, &notes);
                let target = program(target).ok_or_else(|| other("no program reads this"))?;
                let bytes = write::write(target, &exported, self.password.as_ref(), Work::Usual);
                vec![bytes.map_err(other)?]
            }
        };
        Ok(MadeExport { target: self.target, accounts: number(accounts.len() - left_out), files })
    }

    /// A vault with nothing but the chosen accounts.
    fn own(&self) -> Result<SecretBytes, Failure> {
        let cost = KdfCost::calibrate(crate::vaulting::UNLOCK_TIME, |work| self.host.measure(work));
        let passphrase = self.password.as_ref().map(|password| (password, cost));
        let location = Location::at("export.keyhaven");
        let new = NewVault { passphrase, keyring: None, recovery_key: None, location, now: self.now };
        let mut vault = OpenVault::create(&new).map_err(other)?;
        for (id, stored) in &self.accounts {
            vault.accounts_mut().put(Record::new(*id, KIND, self.now, stored.write()));
        }
        Ok(SecretBytes::new(vault.to_bytes().map_err(other)?))
    }
}

impl MadeExport {
    /// Accounts in it.
    pub fn accounts(&self) -> u32 {
        self.accounts
    }
}

fn duplicate(stored: &Stored) -> Stored {
    Stored { account: stored.account.duplicate(), meta: stored.meta.clone() }
}

/// The writer of another program's export; none where the export is made here.
fn program(target: ExportTarget) -> Option<Target> {
    Some(match target {
        ExportTarget::AegisEncrypted => Target::AegisEncrypted,
        ExportTarget::TwoFasEncrypted => Target::TwoFasEncrypted,
        ExportTarget::EnteEncrypted => Target::EnteEncrypted,
        ExportTarget::Aegis => Target::Aegis,
        ExportTarget::TwoFas => Target::TwoFas,
        ExportTarget::Ente => Target::Ente,
        ExportTarget::Proton => Target::Proton,
        ExportTarget::Bitwarden => Target::Bitwarden,
        ExportTarget::KeePassXcCsv => Target::KeePassXcCsv,
        ExportTarget::OtpauthList => Target::OtpauthList,
        ExportTarget::Keyhaven | ExportTarget::Google | ExportTarget::SheetHtml | ExportTarget::SheetPdf => {
            return None;
        }
    })
}

fn notes(accounts: &[(RecordId, &Stored)]) -> Vec<SecretText> {
    accounts.iter().map(|(_, stored)| SecretText::new(stored.meta.note.clone())).collect()
}

fn exported<'a>(accounts: &[(RecordId, &'a Stored)], notes: &'a [SecretText]) -> Vec<Exported<'a>> {
    let each = accounts.iter().zip(notes);
    each.map(|((_, stored), note)| Exported {
        account: &stored.account,
        note: Some(note).filter(|note| !note.is_empty()),
        tags: &stored.meta.tags,
        pinned: stored.meta.pinned,
    })
    .collect()
}

/// What the target cannot hold: each thing once, with the accounts that it is about, what is left out whole first.
fn losses(target: ExportTarget, accounts: &[(RecordId, &Stored)]) -> Vec<ExportLoss> {
    let mut found: Vec<(usize, String, bool)> = Vec::new();
    match program(target) {
        Some(program) => {
            let notes = notes(accounts);
            let losses = write::losses(program, &exported(accounts, &notes));
            found.extend(
                losses.iter().map(|loss| (loss.place, loss.what.to_string(), loss.what.is_account())),
            );
        }
        None if target == ExportTarget::Google => google::losses(accounts, &mut found),
        None if target != ExportTarget::Keyhaven => sheet::losses(target, accounts, &mut found),
        None => {}
    }
    if target != ExportTarget::Keyhaven {
        let whole: Vec<usize> = found.iter().filter(|(.., left_out)| *left_out).map(|(at, ..)| *at).collect();
        for (at, (_, stored)) in accounts.iter().enumerate().filter(|(at, _)| !whole.contains(at)) {
            for (lost, what) in [
                (stored.meta.icon.is_some(), "the icon chosen here"),
                (!stored.meta.history.is_empty(), "the history of its changes"),
            ] {
                found.extend(lost.then(|| (at, what.to_owned(), false)));
            }
        }
    }
    let mut losses: Vec<ExportLoss> = Vec::new();
    for (at, what, left_out) in found {
        let name = accounts.get(at).map(|(_, stored)| label(stored)).unwrap_or_default();
        match losses.iter_mut().find(|loss| loss.what == what && loss.left_out == left_out) {
            Some(loss) => loss.accounts.push(name),
            None => losses.push(ExportLoss { what, left_out, accounts: vec![name] }),
        }
    }
    losses.sort_by_key(|loss| !loss.left_out);
    losses
}

/// The account's name as lists show it.
pub(crate) fn label(stored: &Stored) -> String {
    let parts = [stored.account.issuer.as_str(), stored.account.name.as_str()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
