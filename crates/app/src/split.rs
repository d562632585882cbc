//! The split kit: a recovery key in shares, each on a page of its own.

use crate::App;
use crate::failure::{fail, other};
use crate::kit::{day, no_kit};
use crate::paper::{Font, MARGIN, Page, Paper, pdf};
use crate::sheet::VaultPlace;
use crate::view::{Failure, FailureKind};
use keyhaven_secret::SecretBytes;
use keyhaven_vault::{LockedVault, RecoveryKey, Share, SplitError, split_key};
use std::path::{Path, PathBuf};

const GROUPS_IN_LINE: usize = 5;

/// A key that was split.
pub struct SplitKit {
    /// Names this split; stands on every share.
    pub set: String,
    /// The shares.
    pub shares: Vec<Share>,
    /// A page for each, as PDF.
    pub sheets: Vec<SecretBytes>,
}

impl App {
    /// Writes a page for each share of the kit that is being shown into a folder; answers the files.
    ///
    /// # Errors
    /// No kit is being shown, numbers that make no sense, or a page could not be written: then those before it are
    /// there, and worth nothing alone.
    pub fn save_split_kit(&self, count: u8, needed: u8, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
        let kit = self.session()?.kit.as_ref().ok_or_else(no_kit)?;
        let split = self.split_kit(kit.key(), count, needed, self.settings().paper)?;
        let mut files = Vec::with_capacity(split.sheets.len());
        for (number, sheet) in split.sheets.iter().enumerate() {
            let file = folder.join(format!("keyhaven-share-{}-of-{count}-{}.pdf", number + 1, split.set));
            self.save_private_file(&file, sheet)?;
            files.push(file);
        }
        Ok(files)
    }

    /// Splits a recovery key into `count` shares of which `needed` open the vault; the vault itself is not changed.
    ///
    /// # Errors
    /// Numbers that make no sense, or no randomness.
    pub fn split_kit(
        &self,
        key: &RecoveryKey,
        count: u8,
        needed: u8,
        paper: Paper,
    ) -> Result<SplitKit, Failure> {
        let shares = split_key(key, count, needed).map_err(|error| match error {
            SplitError::Numbers => fail(FailureKind::BadInput, error),
            error => other(error),
        })?;
        let vault = LockedVault::read(self.host.files(), self.location());
        let vault = self.vault_place(vault.map(|vault| vault.id().to_string()).unwrap_or_default());
        let date = day(self.now());
        let sheets = shares
            .iter()
            .map(|share| Ok(pdf(&[page(share, count, &vault, &date).map_err(other)?], paper)))
            .collect::<Result<Vec<_>, Failure>>()?;
        let set = shares.first().map(|share| share.set().to_string()).unwrap_or_default();
        Ok(SplitKit { set, shares, sheets })
    }
}

fn page(
    share: &Share,
    count: u8,
    vault: &VaultPlace,
    date: &str,
) -> Result<Page, keyhaven_qr::write::WriteError> {
    let (number, needed) = (share.number(), share.needed());
    let mut page = Page::default();
    page.write(MARGIN, 92.0, 24.0, Font::Bold, &format!("Keyhaven emergency kit, share {number} of {count}"));
    let lead =
        format!("{needed} of the {count} shares of set {} open the vault; fewer tell nothing.", share.set());
    page.write(MARGIN, 118.0, 11.0, Font::Plain, &lead);
    for (at, group) in share.groups().iter().enumerate() {
        let x = MARGIN + 94.0 * (at % GROUPS_IN_LINE) as f32;
        let y = 172.0 + 36.0 * (at / GROUPS_IN_LINE) as f32;
        page.write(x, y - 16.0, 7.0, Font::Plain, &(at + 1).to_string());
        page.write(x, y, 18.0, Font::Code, group.expose_for_display());
    }
    page.code(share.to_text().expose_for_display(), MARGIN, 250.0, 164.0)?;
    vault.write(&mut page, MARGIN + 190.0, 272.0, date);
    page.write(MARGIN, 470.0, 11.0, Font::Bold, "When it is needed");
    let steps = [
        format!("1.  Bring {needed} shares of set {} together.", share.set()),
        "2.  On a computer with Keyhaven, type each on a line of its own:  keyhaven kit join".to_owned(),
        "3.  It names a share that is mistyped or of another set, and answers with the recovery key."
            .to_owned(),
        "4.  Take the newest copy of the vault file and choose \"Use the recovery key\".".to_owned(),
        "5.  Then make a new kit: these shares have been together.".to_owned(),
    ];
    for (line, step) in steps.iter().enumerate() {
        page.write(MARGIN, 492.0 + 19.0 * line as f32, 10.0, Font::Plain, step);
    }
    Ok(page)
}
