//! The paper backup: chosen accounts and recovery sets as a small sealed vault of their own, printed as QR codes.
//!
//! Each code holds `KHB1/ID/NUMBER/COUNT/DATA`: the booklet's random id (8 hexadecimal digits), the code's number from
//! 1, how many there are, and its part of the vault file in base32 (RFC 4648 §6 without padding), all of it in QR's
//! alphanumeric characters. What is printed opens with the passphrase or recovery key that it was made with and
//! nothing else; put together it is an ordinary vault file.

use crate::App;
use crate::failure::{fail, other};
use crate::kit::{Proven, day};
use crate::paper::{Font, MARGIN, Page, Paper, pdf};
use crate::recovery::stored::{SET_KIND, SUMMARY_KIND};
use crate::view::{Failure, FailureKind, Proof};
use data_encoding::BASE32_NOPAD;
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{KdfCost, Location, NewVault, OpenVault, Record, RecordId};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const MAGIC: &str = "KHB1";
/// Bytes of the vault file in one code: 1,200 characters, which a camera reads from a square of 8 cm.
const PART: usize = 750;
/// Codes on a page, two by two.
const ON_PAGE: usize = 4;
/// More codes than this nobody scans; far less than the accounts of one person take.
const MOST: usize = 400;
const UNLOCK_TIME: Duration = Duration::from_millis(700);

/// A booklet to print.
pub struct Booklet {
    /// The document.
    pub pdf: SecretBytes,
    /// Pages in it.
    pub pages: usize,
    /// Codes on them.
    pub codes: usize,
    /// What stands in each code, in order.
    pub texts: Vec<SecretText>,
}

/// Why scanned codes make no vault file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PagesError {
    /// None of the codes is of a paper backup.
    #[error("there is no code of a paper backup in these pictures")]
    NotABooklet,
    /// Codes of several booklets.
    #[error("these pages are of several paper backups: {}", .ids.join(", "))]
    Several {
        /// Their ids.
        ids: Vec<String>,
    },
    /// Codes are missing.
    #[error("{}", missing(.codes, *.count))]
    Missing {
        /// The numbers of the codes that are missing, from 1.
        codes: Vec<usize>,
        /// How many there are.
        count: usize,
    },
    /// A code says other things than another one of the same number.
    #[error("code {0} was read twice and differs")]
    Differs(usize),
}

fn missing(codes: &[usize], count: usize) -> String {
    let list: Vec<String> = codes.iter().take(20).map(ToString::to_string).collect();
    let pages: Vec<String> = pages_of(codes).iter().map(ToString::to_string).collect();
    format!("of {count} codes these are missing: {} (page {})", list.join(", "), pages.join(", "))
}

/// The pages on which codes stand, in order; both count from 1.
pub(crate) fn pages_of(codes: &[usize]) -> Vec<usize> {
    let mut pages: Vec<usize> = codes.iter().map(|code| (code - 1) / ON_PAGE + 1).collect();
    pages.dedup();
    pages
}

impl App {
    /// Prints accounts and recovery sets as a sealed booklet of QR codes, as PDF. Two empty lists mean all. What opens it
    /// is what is given here: the vault's own passphrase or recovery key.
    ///
    /// # Errors
    /// Locked, the proof is wrong, recovery sets are wanted while their compartment is locked, or it would be too many
    /// codes to scan.
    pub fn make_booklet(
        &mut self,
        proof: Proof,
        accounts: &[String],
        sets: &[String],
        paper: Paper,
    ) -> Result<Booklet, Failure> {
        let proof = Proven::new(proof)?;
        let now = self.now();
        let cost = KdfCost::calibrate(UNLOCK_TIME, |work| self.host.measure(work));
        let session = self.session_mut()?;
        // Whoever mistypes here would hold paper that nothing opens.
        session.vault.sealed().unlock(proof.credential())?;
        let was_open = session.vault.recovery().is_some();
        session.vault.unlock_recovery(proof.credential())?;
        let vault = small_vault(&session.vault, &proof, cost, accounts, sets, now);
        if !was_open {
            session.vault.lock_recovery().map_err(other)?;
        }
        let bytes = vault?.to_bytes().map_err(other)?;
        let id = RecordId::random().map_err(other)?.to_string()[..8].to_ascii_uppercase();
        let texts = texts(&id, &bytes);
        if texts.len() > MOST {
            let detail =
                format!("this would be {} codes to scan; choose fewer accounts and sets", texts.len());
            return Err(fail(FailureKind::BadInput, detail));
        }
        let pages = pages(&id, &texts, &day(now)).map_err(other)?;
        Ok(Booklet { pdf: pdf(&pages, paper), pages: pages.len(), codes: texts.len(), texts })
    }

    /// Puts a paper backup that was scanned in the place of the vault that is not there.
    ///
    /// # Errors
    /// The codes make no vault file, or there is a vault already: that one is not overwritten.
    pub fn restore_pages(&mut self, texts: &[SecretText], scratch: &Path) -> Result<(), Failure> {
        let bytes = join(texts).map_err(|error| fail(FailureKind::BadInput, error))?;
        let file = scratch.join("paper.keyhaven");
        crate::settings::replace(self.host.files(), &file, &bytes)
            .map_err(|error| fail(FailureKind::NotSaved, error))?;
        let restored = self.use_vault(&file, true);
        // The copy is sealed; that it stays behind would do no harm.
        let _ = self.host.files().remove(&file);
        restored
    }
}

/// A vault of its own with what was chosen; originals stay out, they are too long for paper.
fn small_vault(
    vault: &OpenVault,
    proof: &Proven,
    cost: KdfCost,
    accounts: &[String],
    sets: &[String],
    now: u64,
) -> Result<OpenVault, Failure> {
    let (passphrase, recovery_key) = match proof {
        Proven::Passphrase(text) => (Some((text, cost)), None),
        Proven::RecoveryKey(key) => (None, Some(key)),
    };
    let location = Location::at("paper.keyhaven");
    let mut small = OpenVault::create(&NewVault { passphrase, keyring: None, recovery_key, location, now })
        .map_err(other)?;
    small.unlock_recovery(proof.credential())?;
    let all = accounts.is_empty() && sets.is_empty();
    let chosen = |wanted: &[String], record: &Record| all || wanted.contains(&record.id.to_string());
    for record in vault.accounts().iter() {
        let wanted = match record.kind.as_str() {
            crate::stored::KIND => chosen(accounts, record),
            SUMMARY_KIND => chosen(sets, record),
            _ => false,
        };
        if wanted {
            small.accounts_mut().put(record.duplicate());
        }
    }
    let recovery = vault.recovery().map(|recovery| {
        recovery
            .iter()
            .filter(|record| record.kind == SET_KIND && chosen(sets, record))
            .map(Record::duplicate)
            .collect::<Vec<_>>()
    });
    if let Some(target) = small.recovery_mut() {
        recovery.into_iter().flatten().for_each(|record| target.put(record));
    }
    Ok(small)
}

fn texts(id: &str, bytes: &[u8]) -> Vec<SecretText> {
    let count = bytes.len().div_ceil(PART);
    let part = |(at, part): (usize, &[u8])| {
        SecretText::new(format!("{MAGIC}/{id}/{}/{count}/{}", at + 1, BASE32_NOPAD.encode(part)))
    };
    bytes.chunks(PART).enumerate().map(part).collect()
}

fn pages(id: &str, texts: &[SecretText], date: &str) -> Result<Vec<Page>, keyhaven_qr::write::WriteError> {
    let count = texts.len().div_ceil(ON_PAGE);
    let mut pages = Vec::with_capacity(count);
    for (number, codes) in texts.chunks(ON_PAGE).enumerate() {
        let mut page = Page::default();
        page.write(MARGIN, 72.0, 18.0, Font::Bold, "Keyhaven paper backup");
        let line = format!("{id} · made on {date} · page {} of {count}", number + 1);
        page.write(MARGIN, 92.0, 10.0, Font::Plain, &line);
        page.write(
            MARGIN,
            108.0,
            9.0,
            Font::Plain,
            "Sealed: it opens with the passphrase or recovery key of the day on which it was made.",
        );
        for (at, code) in codes.iter().enumerate() {
            let (column, row) = ((at % 2) as f32, (at / 2) as f32);
            let (x, y) = (MARGIN + 240.0 * column, 136.0 + 268.0 * row);
            page.code(code.expose_for_display(), x, y, 226.0)?;
            let number = format!("{} of {}", number * ON_PAGE + at + 1, texts.len());
            page.write(x, y + 240.0, 9.0, Font::Plain, &number);
        }
        page.write(
            MARGIN,
            692.0,
            9.0,
            Font::Plain,
            "To use it: photograph or scan every page, then  keyhaven restore --pages PICTURE…",
        );
        pages.push(page);
    }
    Ok(pages)
}

/// Puts the vault file together from what the codes say; other codes among them do not matter.
///
/// # Errors
/// See [`PagesError`]; what is missing is named.
pub fn join(texts: &[SecretText]) -> Result<Vec<u8>, PagesError> {
    let mut booklets: BTreeMap<(String, usize), BTreeMap<usize, Vec<u8>>> = BTreeMap::new();
    for text in texts {
        let Some((id, number, count, data)) = part(text.expose()) else { continue };
        let parts = booklets.entry((id, count)).or_default();
        match parts.get(&number) {
            Some(known) if *known != data => return Err(PagesError::Differs(number)),
            _ => drop(parts.insert(number, data)),
        }
    }
    if booklets.len() > 1 {
        return Err(PagesError::Several { ids: booklets.into_keys().map(|(id, _)| id).collect() });
    }
    let ((_, count), parts) = booklets.pop_first().ok_or(PagesError::NotABooklet)?;
    let codes: Vec<usize> = (1..=count).filter(|number| !parts.contains_key(number)).collect();
    if !codes.is_empty() {
        return Err(PagesError::Missing { codes, count });
    }
    Ok(parts.into_values().flatten().collect())
}

/// How many codes the booklet has that these are of.
pub(crate) fn codes_in(texts: &[SecretText]) -> usize {
    texts.iter().find_map(|text| part(text.expose())).map_or(0, |(_, _, count, _)| count)
}

fn part(text: &str) -> Option<(String, usize, usize, Vec<u8>)> {
    let mut parts = text.trim().split('/');
    let (magic, id, number, count, data) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (number, count): (usize, usize) = (number.parse().ok()?, count.parse().ok()?);
    let fits = magic == MAGIC && parts.next().is_none() && (1..=count).contains(&number) && count <= MOST;
    let data = BASE32_NOPAD.decode(data.as_bytes()).ok()?;
    fits.then(|| (id.to_owned(), number, count, data))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[SecretText], leave: &[usize]) -> Result<Vec<u8>, PagesError> {
        let kept = texts.iter().enumerate().filter(|(at, _)| !leave.contains(at));
        join(&kept.map(|(_, text)| text.duplicate()).rev().collect::<Vec<_>>())
    }

    #[test]
    fn pages_come_in_any_order_and_a_missing_one_is_named() {
        let bytes: Vec<u8> = (0..7_000u32).map(|n| (n * 31 % 251) as u8).collect();
        let texts = texts("0A1B2C3D", &bytes);
        assert_eq!(texts.len(), 10);
        assert_eq!(read(&texts, &[]), Ok(bytes.clone()));
        let missing = read(&texts, &[4, 9]);
        assert_eq!(missing, Err(PagesError::Missing { codes: vec![5, 10], count: 10 }));
        assert_eq!(missing.unwrap_err().to_string(), "of 10 codes these are missing: 5, 10 (page 2, 3)");
        assert_eq!(join(&[SecretText::new("otpauth://totp/x".into())]), Err(PagesError::NotABooklet));
        let other = self::texts("FFFFFFFF", &bytes[..10]);
        let both: Vec<SecretText> = texts.iter().chain(&other).map(SecretText::duplicate).collect();
        assert!(matches!(join(&both), Err(PagesError::Several { .. })));
        let mut differs: Vec<SecretText> = texts.iter().map(SecretText::duplicate).collect();
        differs.push(SecretText::new(texts[0].expose().replace("/1/10/", "/2/10/")));
        assert_eq!(join(&differs), Err(PagesError::Differs(2)));
    }
}
