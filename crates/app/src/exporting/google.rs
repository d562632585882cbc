//! Google Authenticator's export: QR codes of up to ten accounts each.

use super::LONGEST_CODE;
use crate::failure::other;
use crate::stored::Stored;
use crate::view::Failure;
use keyhaven_otp::migration::{self, ACCOUNTS_PER_BATCH, Written};
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::RecordId;

/// Pixels of a module: a code of ten accounts fills about half of a screen's height.
const MODULE: u32 = 6;

/// The codes' texts. Long names make smaller batches, so that each fits a code that a camera reads.
pub(super) fn write(accounts: &[(RecordId, &Stored)]) -> Written {
    let fitting = || accounts.iter().map(|(_, stored)| &stored.account).filter(|account| fits(account));
    let mut size = ACCOUNTS_PER_BATCH;
    loop {
        let written = migration::write(fitting(), size);
        if size == 1 || written.uris.iter().all(|uri| uri.expose().len() <= LONGEST_CODE) {
            return written;
        }
        size /= 2;
    }
}

/// Whether the account alone fits a code.
fn fits(account: &keyhaven_otp::Account) -> bool {
    migration::write([account], 1).uris.iter().all(|uri| uri.expose().len() <= LONGEST_CODE)
}

pub(super) fn pictures(texts: &[SecretText], svg: bool) -> Result<Vec<SecretBytes>, Failure> {
    let picture = |text: &SecretText| {
        let text = text.expose_for_display();
        if svg {
            keyhaven_qr::write::svg(text).map(String::into_bytes)
        } else {
            keyhaven_qr::write::png(text, MODULE)
        }
    };
    texts.iter().map(|text| picture(text).map(SecretBytes::new).map_err(other)).collect()
}

/// Of each account by its place: what is lost, and whether that is all of it.
pub(super) fn losses(accounts: &[(RecordId, &Stored)], found: &mut Vec<(usize, String, bool)>) {
    for (at, (_, stored)) in accounts.iter().enumerate() {
        if !fits(&stored.account) {
            found.push((at, "its names are too long for a QR code".into(), true));
            continue;
        }
        let written = migration::write([&stored.account], 1);
        if let Some(left_out) = written.left_out.first() {
            found.push((at, left_out.reason.to_string(), true));
            continue;
        }
        let meta = &stored.meta;
        for (lost, what) in [
            (!written.lost.is_empty(), "parameters that have no meaning here"),
            (!meta.note.is_empty(), "the note"),
            (!meta.tags.is_empty(), "the tags"),
            (meta.pinned, "that it stays on top"),
        ] {
            found.extend(lost.then(|| (at, what.to_owned(), false)));
        }
    }
}
