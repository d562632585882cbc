//! Readable exports that were written: remembered in the vault, sealed like all else, until they are removed.

use super::MadeExport;
use super::view::{ExportTarget, PlainExport};
use crate::App;
use crate::failure::{fail, other};
use crate::recovery::view::TidyWay;
use crate::view::{Failure, FailureKind};
use data_encoding::HEXLOWER;
use keyhaven_secret::SecretBytes;
use keyhaven_vault::{Record, RecordId};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// Kind of the records.
const KIND: &str = "plain_export";

/// Largest export that is read again before it is removed; none is larger.
const LARGEST: u64 = 256 << 20;

#[derive(Serialize, Deserialize)]
struct Remembered {
    target: ExportTarget,
    files: Vec<RememberedFile>,
    accounts: u32,
    at: u64,
}

#[derive(Serialize, Deserialize)]
struct RememberedFile {
    path: PathBuf,
    /// SHA-256 of what was written, in hexadecimal: another file of that name is none of ours.
    digest: String,
}

impl App {
    /// Readable exports that were written and neither removed nor kept on purpose, the latest first.
    ///
    /// # Errors
    /// The vault is locked.
    pub fn plain_exports(&self) -> Result<Vec<PlainExport>, Failure> {
        let mut exports: Vec<PlainExport> = self
            .all_remembered()?
            .map(|(id, remembered)| PlainExport {
                id: id.to_string(),
                target: remembered.target,
                paths: remembered.files.iter().map(|file| file.path.display().to_string()).collect(),
                there: remembered.files.iter().any(|file| self.is_there(&file.path)),
                accounts: remembered.accounts,
                at: remembered.at,
            })
            .collect();
        exports.sort_by(|a, b| (b.at, &a.id).cmp(&(a.at, &b.id)));
        Ok(exports)
    }

    /// Puts the files of a readable export into the bin, or erases them, after comparing them with what was written.
    ///
    /// # Errors
    /// Locked, no such export, a file of that name that is another one, or the system did not do it: what is left is
    /// still remembered.
    pub fn tidy_export(&mut self, id: &str, way: TidyWay) -> Result<Vec<PlainExport>, Failure> {
        let (record, remembered) = self.remembered(id)?;
        let host = self.host.clone();
        for file in remembered.files.iter().filter(|file| self.is_there(&file.path)) {
            let shown = file.path.display();
            let bytes = host.files().read(&file.path, LARGEST).map(SecretBytes::new);
            let bytes = bytes.map_err(|error| fail(FailureKind::BadInput, format!("{shown}: {error}")))?;
            if digest(&bytes) != file.digest {
                let why = format!("{shown} is not the file that was written; it was left alone");
                return Err(fail(FailureKind::BadInput, why));
            }
            host.tidy(&file.path, way)
                .map_err(|error| other(format!("{shown}: {error}; it is still there")))?;
        }
        self.forget_plain(record)?;
        self.plain_exports()
    }

    /// Asks no more about a readable export: the person keeps it, or has removed it.
    ///
    /// # Errors
    /// Locked, no such export, or not saved.
    pub fn forget_export(&mut self, id: &str) -> Result<Vec<PlainExport>, Failure> {
        let (record, _) = self.remembered(id)?;
        self.forget_plain(record)?;
        self.plain_exports()
    }

    pub(super) fn remember_plain(
        &mut self,
        made: &MadeExport,
        paths: &[PathBuf],
    ) -> Result<RecordId, Failure> {
        let now = self.now();
        let files = paths.iter().zip(&made.files);
        let files =
            files.map(|(path, bytes)| RememberedFile { path: path.clone(), digest: digest(bytes) }).collect();
        let remembered = Remembered { target: made.target, files, accounts: made.accounts, at: now };
        let payload = serde_json::to_vec(&remembered).map(SecretBytes::new).map_err(other)?;
        let id = RecordId::random().map_err(other)?;
        // What is written over is gone.
        let written_over: Vec<RecordId> = self
            .all_remembered()?
            .filter(|(_, old)| old.files.iter().any(|file| paths.contains(&file.path)))
            .map(|(id, _)| id)
            .collect();
        self.save_with(|session| {
            let accounts = session.vault.accounts_mut();
            for old in written_over {
                accounts.delete(old, now);
            }
            accounts.put(Record::new(id, KIND, now, payload));
        })?;
        Ok(id)
    }

    pub(super) fn forget_plain(&mut self, id: RecordId) -> Result<(), Failure> {
        let now = self.now();
        self.save_with(|session| {
            session.vault.accounts_mut().delete(id, now);
        })
        .map(drop)
    }

    fn all_remembered(&self) -> Result<impl Iterator<Item = (RecordId, Remembered)> + '_, Failure> {
        let records = self.session()?.vault.accounts().iter().filter(|record| record.kind == KIND);
        // What a newer version wrote stays as it is.
        Ok(records
            .filter_map(|record| Some((record.id, serde_json::from_slice(record.payload.expose()).ok()?))))
    }

    fn remembered(&self, id: &str) -> Result<(RecordId, Remembered), Failure> {
        let gone = || fail(FailureKind::BadInput, "this export is not remembered any more");
        let id: RecordId = id.parse().map_err(|_| gone())?;
        let record = self.session()?.vault.accounts().get(id).filter(|record| record.kind == KIND);
        let payload = &record.ok_or_else(gone)?.payload;
        Ok((id, serde_json::from_slice(payload.expose()).map_err(|_| gone())?))
    }

    fn is_there(&self, path: &Path) -> bool {
        self.host.files().real_path(path).is_ok()
    }
}

fn digest(bytes: &SecretBytes) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes.expose()))
}
