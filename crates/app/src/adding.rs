//! Ways in: what was handed over becomes an offer, and what the person chose of it becomes accounts.

use crate::App;
use crate::failure::fail;
use crate::host::Host;
use crate::offer::{Input, LARGEST_FILE, LockedExport, Pending, Watch, is_ahead};
use crate::stored::{Meta, Stored};
use crate::view::*;
use keyhaven_interchange::Import;
use keyhaven_otp::{Account, Kind};
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::RecordId;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Offers that wait for an answer; the oldest goes when there are more. Far more pictures than a person pastes one
/// after another before looking at what was found.
const OFFERS_KEPT: usize = 256;

/// Most files in one offer once a folder is looked into: pictures of accounts are a few, photographs thousands.
const FOLDER_FILES: usize = 500;

/// How deep folders are looked into.
const FOLDER_DEPTH: usize = 3;

/// Reads what a person handed over, without holding the app: decoding a picture may take seconds, and the codes on
/// screen go on meanwhile.
pub struct OfferReader {
    host: Arc<dyn Host>,
    id: u32,
}

impl OfferReader {
    /// Looks into files and what lies in folders: pictures, other programs' exports, text with otpauth links. One that
    /// cannot be read is a problem within the offer.
    pub fn files(&self, paths: &[PathBuf]) -> Pending {
        let mut files = Vec::new();
        for path in paths {
            self.gather(path, file_name(path), FOLDER_DEPTH, &mut files);
        }
        // One after the other: five hundred files need not be in memory at once.
        let inputs = files.into_iter().map(|(name, file)| {
            let input = file.map_or_else(Input::Unreadable, |path| self.fetch(&path));
            (name, input)
        });
        Pending::read(self.id, inputs)
    }

    /// The file itself, or the files in a folder, by name; hidden ones are left alone. What is not looked into is said.
    fn gather(
        &self,
        path: &Path,
        name: String,
        depth: usize,
        files: &mut Vec<(String, Result<PathBuf, String>)>,
    ) {
        // What can be listed is a folder.
        let Ok(mut names) = self.host.files().list(path) else { return files.push((name, Ok(path.into()))) };
        names.retain(|inside| !inside.starts_with('.'));
        names.sort();
        if names.is_empty() {
            return files.push((name, Err("there is no file in this folder".into())));
        }
        if depth == 0 {
            let reason =
                format!("folders are looked into {FOLDER_DEPTH} levels deep; choose this one by itself");
            return files.push((name, Err(reason)));
        }
        for inside in names {
            if files.len() >= FOLDER_FILES {
                // Said once, however deep.
                let reason =
                    format!("folders are read up to {FOLDER_FILES} files; what follows was not read");
                if files.len() == FOLDER_FILES {
                    files.push((format!("{name}/{inside}"), Err(reason)));
                }
                return;
            }
            self.gather(&path.join(&inside), format!("{name}/{inside}"), depth - 1, files);
        }
    }

    /// Looks into what was handed over, each with the name of where it comes from.
    pub fn inputs(&self, inputs: Vec<(String, Input)>) -> Pending {
        Pending::read(self.id, inputs)
    }

    /// Looks for codes on the screens. That there is no picture of them is an error; that there is no code, a problem
    /// within the offer.
    ///
    /// # Errors
    /// The system gave no picture.
    pub fn screens(&self) -> Result<Pending, Failure> {
        let screens = self.host.capture_screens().map_err(|error| fail(FailureKind::BadInput, error))?;
        Ok(self.inputs(screens.into_iter().map(|screen| ("Screen".into(), Input::Screen(screen))).collect()))
    }

    /// What other programs' exports hold that the shell has read, each with the name of its file.
    pub fn imports(&self, imports: &[(&str, Import)]) -> Pending {
        Pending::from_imports(self.id, imports)
    }

    /// Opens another program's encrypted export, which may take as long as that program's key derivation; `None` when
    /// `watch` stopped it.
    ///
    /// # Errors
    /// The password is wrong, or the file cannot be read with it.
    pub fn open(
        &self,
        export: &LockedExport,
        password: &SecretText,
        watch: Watch<'_>,
    ) -> Result<Option<Pending>, Failure> {
        Pending::open(self.id, export, password, watch)
    }

    /// What the shell has opened already, as this offer.
    pub fn opened(&self, pending: Pending) -> Pending {
        Pending { id: self.id, ..pending }
    }

    /// Checks an account typed in by hand. A field out of its range is a problem within the offer.
    pub fn entry(&self, entry: ManualEntry) -> Pending {
        Pending::from_entry(self.id, entry)
    }

    fn fetch(&self, path: &Path) -> Input {
        match self.host.files().read(path, LARGEST_FILE) {
            Ok(bytes) => Input::Bytes(SecretBytes::new(bytes)),
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                let most = LARGEST_FILE >> 20;
                Input::Unreadable(format!("it has more than {most} MiB, which is the most that is read"))
            }
            Err(error) => Input::Unreadable(error.to_string()),
        }
    }
}

impl App {
    /// Begins an offer: read with the answer, then [`App::keep_offer`].
    ///
    /// # Errors
    /// The vault is locked.
    pub fn begin_offer(&mut self) -> Result<OfferReader, Failure> {
        let host = self.host.clone();
        Ok(OfferReader { host, id: self.session_mut()?.next_offer() })
    }

    /// Compares what was found with what the vault holds, and keeps it until the person has chosen.
    ///
    /// # Errors
    /// The vault is locked; what was found is wiped.
    pub fn keep_offer(&mut self, pending: Pending) -> Result<Offer, Failure> {
        let session = self.session_mut()?;
        let offer = pending.view(session.accounts.values());
        let surplus = (session.offers.len() + 1).saturating_sub(OFFERS_KEPT);
        session.offers.drain(..surplus);
        session.offers.push(pending);
        Ok(offer)
    }

    /// An encrypted export of an offer, to be opened with [`OfferReader::open`]; what is in it is an offer of its own.
    ///
    /// # Errors
    /// Locked, or no such offer or export (any more).
    pub fn locked_export(&self, offer: u32, index: u32) -> Result<Arc<LockedExport>, Failure> {
        let pending = self.session()?.offers.iter().find(|pending| pending.id == offer);
        pending.and_then(|pending| pending.locked(index)).ok_or_else(gone)
    }

    /// Keeps the chosen accounts of an offer and answers their ids, in the offer's order. One that the vault has, and that
    /// is further on in counting, moves the vault's counter ahead instead.
    ///
    /// # Errors
    /// Locked, no such offer (any more), or not saved: then nothing was added and the offer is still there.
    pub fn accept_offer(&mut self, offer: u32, indices: &[u32]) -> Result<Vec<String>, Failure> {
        let now = self.now();
        let session = self.session_mut()?;
        let pending = session.offers.iter().find(|pending| pending.id == offer);
        let pending = pending
            .ok_or_else(|| fail(FailureKind::BadInput, "this offer is gone; read the picture again"))?;
        let chosen = pending.chosen(indices);
        let ids = self.add_or_move_on(chosen, now)?;
        self.dismiss_offer(offer);
        Ok(ids)
    }

    /// Forgets an offer.
    pub fn dismiss_offer(&mut self, offer: u32) {
        if let Ok(session) = self.session_mut() {
            session.offers.retain(|pending| pending.id != offer);
        }
    }

    /// Adds accounts at the end of the manual order, all or none, and answers their ids.
    ///
    /// # Errors
    /// Locked, not saved (then nothing was added), or the vault has no passphrase and its kit was never kept.
    pub fn add(&mut self, accounts: Vec<Account>, now: u64) -> Result<Vec<String>, Failure> {
        let new = accounts.into_iter().map(|account| Stored { account, meta: Meta::default() });
        self.add_or_move_on(new.collect(), now)
    }

    fn add_or_move_on(&mut self, accounts: Vec<Stored>, now: u64) -> Result<Vec<String>, Failure> {
        let session = self.session()?;
        let mut changed: Vec<(RecordId, Stored)> = Vec::with_capacity(accounts.len());
        for mut stored in accounts {
            let ahead = session.accounts.iter().find(|(_, held)| is_ahead(&stored.account, &held.account));
            if let (Some((id, held)), Kind::Hotp { counter, .. }) = (ahead, &stored.account.kind) {
                let earlier = changed.iter().position(|(changed, _)| changed == id);
                let mut moved = match earlier {
                    Some(place) => changed.remove(place).1,
                    None => Stored { account: held.account.duplicate(), meta: held.meta.clone() },
                };
                moved.raise_counter(*counter);
                moved.remember(now, format!("counter moved on to at least {counter} by an import"));
                changed.push((*id, moved));
                continue;
            }
            let id = RecordId::random().map_err(crate::failure::other)?;
            stored.meta.added_at = now;
            changed.push((id, stored));
        }
        let last = session.accounts.values().map(|stored| stored.meta.position).max().unwrap_or(0);
        let new = changed.iter_mut().filter(|(id, _)| !session.accounts.contains_key(id));
        for ((_, stored), position) in new.zip(last.saturating_add(1)..) {
            stored.meta.position = position;
        }
        let ids = changed.iter().map(|(id, _)| id.to_string()).collect();
        self.put_all(changed)?;
        Ok(ids)
    }
}

fn gone() -> Failure {
    fail(FailureKind::BadInput, "this offer is gone; read the file or picture again")
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
