//! What the codes mean that a camera has seen, each counted once.

use super::view::{CameraUse, CameraView, ExportParts};
use crate::booklet::{PagesError, join};
use keyhaven_otp::{UriError, migration};
use keyhaven_secret::SecretText;

/// Most different codes that are held; longer than any export or booklet.
const MOST: usize = 2_000;

/// Pictures without anything new after which what was read is thought to be all: a sheet with several codes is not
/// always read at once.
const QUIET: u32 = 5;

/// The codes that were seen.
pub(super) struct Gathered {
    purpose: CameraUse,
    codes: Vec<Seen>,
    batches: migration::Collector,
    accounts: u32,
    /// Pictures since the last new code.
    quiet: u32,
    /// Codes of `codes` that were handed over.
    taken: usize,
}

struct Seen {
    text: SecretText,
    wanted: bool,
}

impl Gathered {
    pub fn new(purpose: CameraUse) -> Self {
        let batches = migration::Collector::new();
        Self { purpose, codes: Vec::new(), batches, accounts: 0, quiet: 0, taken: 0 }
    }

    /// A picture was looked through.
    pub fn picture(&mut self) {
        self.quiet = self.quiet.saturating_add(1);
    }

    /// A code was read in it; says whether it is one of those that are looked for.
    pub fn add(&mut self, text: &SecretText) -> bool {
        if let Some(known) = self.codes.iter().find(|seen| seen.text == *text) {
            return known.wanted;
        }
        if self.codes.len() >= MOST {
            return false;
        }
        let wanted = match self.purpose {
            CameraUse::Accounts => self.account(text.expose().trim()),
            CameraUse::Pages => !matches!(join(std::slice::from_ref(text)), Err(PagesError::NotABooklet)),
        };
        self.codes.push(Seen { text: text.duplicate(), wanted });
        self.quiet = 0;
        wanted
    }

    fn account(&mut self, text: &str) -> bool {
        match keyhaven_otp::parse_uri(text) {
            Ok(_) => self.accounts = self.accounts.saturating_add(1),
            Err(UriError::Migration) => match migration::parse(text) {
                Ok(batch) => drop(self.batches.add(batch)),
                Err(_) => return false,
            },
            Err(_) => return false,
        }
        true
    }

    /// Says it in a view.
    pub fn tell(&self, view: &mut CameraView) {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        view.accounts = self.accounts;
        let parts = |export: migration::Progress| ExportParts {
            have: export.size.saturating_sub(number(export.missing.len())),
            count: export.size,
            missing: export.missing,
        };
        view.exports = self.batches.progress().into_iter().map(parts).collect();
        view.others = number(self.codes.iter().filter(|seen| !seen.wanted).count());
        let missing = view.exports.iter().any(|export| !export.missing.is_empty());
        view.complete = (self.accounts > 0 || !view.exports.is_empty()) && !missing && self.quiet >= QUIET;
    }

    /// Every code that was not handed over before. Pages: only those of a paper backup; whatever else was before the
    /// camera is none of its business.
    pub fn take(&mut self) -> Vec<SecretText> {
        let new = self.codes.iter().skip(self.taken);
        let new = new.filter(|seen| seen.wanted || self.purpose == CameraUse::Accounts);
        let new = new.map(|seen| seen.text.duplicate()).collect();
        self.taken = self.codes.len();
        new
    }
}
