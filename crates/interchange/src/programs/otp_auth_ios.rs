//! OTP Auth for iOS: two layers of AES around NSKeyedArchiver's binary property lists.
//!
//! Known from CooperRS/decrypt-otpauth-files, whose layout files of three versions bear out. The outer layer's key is
//! the same for everybody.

use super::{Source, password};
use crate::entry::{Draft, Secret, title};
use crate::sample::{Confidence, Sample};
use crate::{Format, Import, ImportError, Imported, Reason, Request, crypto};
use keyhaven_secret::{Key, SecretBytes};
use plist::{Dictionary, Value};
use sha1::{Digest, Sha1};
use std::io::Cursor;
use zeroize::Zeroize;

pub(super) const SOURCE: Source = Source { format: FORMAT, detect, read };

const FORMAT: Format = Format::OtpAuthIos;
/// Passwords of the outer layer: one account, and a backup of all.
const OUTER: [&[u8]; 2] = [b"OTPAuth", b"Authenticator"];
const PLIST: &[u8] = b"bplist00";
/// Most that a property list may unfold to, in bytes, at about sixteen for each object.
const MOST_UNFOLDED: usize = 64 << 20;
/// Deepest that its lists may lie in each other: an archive's own lie five deep, and taking apart what lies a million
/// deep takes more stack than there is.
const DEEPEST: usize = 64;
/// RNCryptor 3: version and options, two salts, IV, text, MAC; PBKDF2 with 10,000 rounds.
const RNCRYPTOR_ROUNDS: u64 = 10_000;
const MAC: usize = 32;

fn outer(bytes: &[u8]) -> Option<SecretBytes> {
    if !bytes.len().is_multiple_of(16) {
        return None;
    }
    let mut opened = OUTER
        .iter()
        .filter_map(|password| crypto::open_aes_cbc(&crypto::sha256_key(&[password]), &[0; 16], bytes));
    opened.find(|opened| opened.expose().starts_with(PLIST))
}

fn detect(sample: &Sample<'_>) -> Confidence {
    Confidence::sure_if(sample.text().is_none() && outer(sample.bytes).is_some())
}

fn read(sample: &Sample<'_>, request: &Request<'_>) -> Result<Import, ImportError> {
    let broken = |place: &str, what| ImportError::broken(FORMAT, place, what);
    let outer = outer(sample.bytes)
        .ok_or(ImportError::NotThisFormat { format: FORMAT, why: "its outer layer does not open" })?;
    let archive = Archive::read(&outer).ok_or_else(|| broken("the outer layer", "it is no keyed archive"))?;
    let file = archive.root().ok_or_else(|| broken("the outer layer", "it has no root"))?;
    let data = |name: &str| archive.get(file, name).and_then(|value| archive.data(value));
    let sealed = data("WrappedData")
        .or_else(|| data("Data"))
        .ok_or_else(|| broken("the outer layer", "it has no data"))?;
    let opened = open_inner(sealed, data("Salt"), data("IV"), request)?;
    let archive =
        Archive::read(&opened).ok_or_else(|| broken("the inner layer", "it is no keyed archive"))?;
    let root = archive.root().ok_or_else(|| broken("the inner layer", "it has no root"))?;
    let mut import = Import::new(FORMAT);
    match archive.get(root, "Folders") {
        Some(folders) => {
            for folder in archive.items(folders) {
                let folder = folder.as_dictionary();
                let name = folder.and_then(|folder| archive.get(folder, "name")).and_then(Value::as_string);
                let accounts = folder.and_then(|folder| archive.get(folder, "accounts"));
                for account in accounts.map(|accounts| archive.items(accounts)).unwrap_or_default() {
                    archive.add(account, name.unwrap_or_default(), &mut import);
                }
            }
        }
        None => {
            let account = archive.get(root, "account").or_else(|| archive.get(root, "Account"));
            match account {
                Some(account) => archive.add(account, "", &mut import),
                None if archive.get(root, "secret").is_some() => {
                    archive.add_dictionary(root, "", &mut import)
                }
                None => return Err(broken("the inner layer", "it has neither folders nor an account")),
            }
        }
    }
    Ok(import)
}

fn open_inner(
    sealed: &[u8],
    salt: Option<&[u8]>,
    iv: Option<&[u8]>,
    request: &Request<'_>,
) -> Result<SecretBytes, ImportError> {
    let password = password(request, FORMAT)?.expose().as_bytes();
    match (salt, iv) {
        // Account files 1.1 and backups 1.0: one hash, no MAC, so a property list has to come out.
        (Some(salt), Some(iv)) => {
            let key = crypto::sha256_key(&[salt, b"-", password]);
            let iv = Sha1::digest(iv);
            crypto::open_aes_cbc(&key, &iv[..16], sealed)
                .filter(|opened| opened.expose().starts_with(PLIST))
                .ok_or(ImportError::WrongPassword { format: FORMAT, certain: false })
        }
        _ => open_rncryptor(sealed, password, request),
    }
}

fn open_rncryptor(sealed: &[u8], password: &[u8], request: &Request<'_>) -> Result<SecretBytes, ImportError> {
    let broken = |what| ImportError::broken(FORMAT, "the inner layer", what);
    let rest = sealed.strip_prefix(&[3, 1]).ok_or_else(|| broken("it is not sealed as RNCryptor 3 seals"))?;
    let (text, mac) =
        sealed.split_at_checked(sealed.len().saturating_sub(MAC)).ok_or_else(|| broken("it is cut off"))?;
    if text.len() < 2 + 8 + 8 + 16 {
        return Err(broken("it is cut off"));
    }
    let (encryption, rest) = rest.split_at(8);
    let (authentication, rest) = rest.split_at(8);
    let iv = &rest[..16];
    let derive = |salt: &[u8]| crypto::pbkdf2_sha1(request, password, salt, RNCRYPTOR_ROUNDS, 32);
    if !crypto::hmac_sha256_matches(derive(authentication)?.expose(), &[text], mac) {
        return Err(ImportError::WrongPassword { format: FORMAT, certain: false });
    }
    let key = Key::from_slice(derive(encryption)?.expose()).ok_or_else(|| broken("it gives no key"))?;
    crypto::open_aes_cbc(&key, iv, &text[2 + 8 + 8 + 16..]).ok_or_else(|| broken("its padding is wrong"))
}

/// Walks a binary property list (Apple's `CFBinaryPList.c`) as reading it would, every reference anew, and gives up
/// where that takes many times the file's own size: lists that hold each other twice and twice again would. The objects
/// of an NSKeyedArchiver refer to each other by number and are held once.
fn unfolds(bytes: &[u8]) -> Option<()> {
    let number = |place: usize, length: usize| -> Option<usize> {
        let digits = bytes.get(place..place.checked_add(length).filter(|_| length <= 8)?)?;
        usize::try_from(digits.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte))).ok()
    };
    let trailer = bytes.len().checked_sub(32)?;
    let (offset_size, reference_size) = (number(trailer + 6, 1)?, number(trailer + 7, 1)?);
    let (root, table) = (number(trailer + 16, 8)?, number(trailer + 24, 8)?);
    let mut left = bytes.len().saturating_mul(16).saturating_add(1 << 16).min(MOST_UNFOLDED);
    let mut waiting = vec![(root, 0)];
    while let Some((reference, depth)) = waiting.pop() {
        let place = number(table.checked_add(reference.checked_mul(offset_size)?)?, offset_size)?;
        let token = number(place, 1)?;
        let (length, start) = match token & 0x0f {
            0x0f if matches!(token >> 4, 4..=6 | 0xa..=0xd) => {
                let width = 1 << (number(place.checked_add(1)?, 1)? & 3);
                (number(place.checked_add(2)?, width)?, place.checked_add(2 + width)?)
            }
            length => (length, place.checked_add(1)?),
        };
        let references = match token >> 4 {
            0xa..=0xc => length,
            0xd => length.checked_mul(2)?,
            _ => 0,
        };
        let cost = length.checked_mul(2)?.checked_add(references.checked_mul(16)?)?.checked_add(16)?;
        left = left.checked_sub(cost)?;
        if depth > DEEPEST {
            return None;
        }
        for index in 0..references {
            let start = start.checked_add(index.checked_mul(reference_size)?)?;
            waiting.push((number(start, reference_size)?, depth + 1));
        }
    }
    Some(())
}

/// NSKeyedArchiver: a table of objects that name each other by number.
struct Archive {
    objects: Vec<Value>,
    top: Dictionary,
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.objects.iter_mut().for_each(wipe);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::Data(bytes) => bytes.zeroize(),
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Dictionary(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}

impl Archive {
    fn read(bytes: &SecretBytes) -> Option<Self> {
        unfolds(bytes.expose())?;
        let mut archive = Value::from_reader(Cursor::new(bytes.expose())).ok()?.into_dictionary()?;
        let objects = archive.remove("$objects")?.into_array()?;
        let top = archive.remove("$top")?.into_dictionary()?;
        Some(Self { objects, top })
    }

    /// The object that the archive is about, or its top level where the fields stand there.
    fn root(&self) -> Option<&Dictionary> {
        match self.top.get("root") {
            Some(root) => self.resolve(root)?.as_dictionary(),
            None => Some(&self.top),
        }
    }

    /// Follows one reference. Objects never refer to a reference, so there is no loop to fall into.
    fn resolve<'a>(&'a self, value: &'a Value) -> Option<&'a Value> {
        let resolved = match value {
            Value::Uid(uid) => self.objects.get(usize::try_from(uid.get()).ok()?)?,
            value => value,
        };
        (resolved.as_string() != Some("$null")).then_some(resolved)
    }

    fn get<'a>(&'a self, dictionary: &'a Dictionary, name: &str) -> Option<&'a Value> {
        if let Some(value) = dictionary.get(name) {
            return self.resolve(value);
        }
        // An archived NSDictionary has its names and values in two lists.
        let names = dictionary.get("NS.keys")?.as_array()?;
        let place =
            names.iter().position(|known| self.resolve(known).and_then(Value::as_string) == Some(name))?;
        self.resolve(dictionary.get("NS.objects")?.as_array()?.get(place)?)
    }

    /// An archived NSArray's elements.
    fn items<'a>(&'a self, value: &'a Value) -> Vec<&'a Value> {
        let list = match value {
            Value::Array(list) => Some(list),
            Value::Dictionary(dictionary) => dictionary.get("NS.objects").and_then(Value::as_array),
            _ => None,
        };
        list.into_iter().flatten().filter_map(|item| self.resolve(item)).collect()
    }

    /// Bytes, or the bytes of text: salts are either.
    fn data<'a>(&'a self, value: &'a Value) -> Option<&'a [u8]> {
        match value {
            Value::Data(data) => Some(data),
            Value::String(text) => Some(text.as_bytes()),
            Value::Dictionary(dictionary) => {
                let inner = dictionary.get("NS.data").or_else(|| dictionary.get("NS.string"))?;
                match self.resolve(inner)? {
                    Value::Data(data) => Some(data),
                    Value::String(text) => Some(text.as_bytes()),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn text(&self, dictionary: &Dictionary, name: &str) -> String {
        let value = self.get(dictionary, name);
        let text = match value {
            Some(Value::Dictionary(dictionary)) => {
                self.get(dictionary, "NS.string").and_then(Value::as_string)
            }
            Some(value) => value.as_string(),
            None => None,
        };
        text.unwrap_or_default().trim().to_owned()
    }

    /// Zero stands for the default.
    fn number(&self, dictionary: &Dictionary, name: &str) -> Option<u64> {
        let number = self.get(dictionary, name)?;
        number.as_unsigned_integer().filter(|number| *number != 0)
    }

    fn add(&self, account: &Value, folder: &str, import: &mut Import) {
        match account.as_dictionary() {
            Some(account) => self.add_dictionary(account, folder, import),
            None => {
                let place = import.accounts.len() + import.problems.len() + 1;
                import.add(|| title("", "", place), Err(Reason::Shape { what: "it is no object" }));
            }
        }
    }

    fn add_dictionary(&self, account: &Dictionary, folder: &str, import: &mut Import) {
        let (issuer, name) = (self.text(account, "issuer"), self.text(account, "label"));
        let place = import.accounts.len() + import.problems.len() + 1;
        let read = self.read_account(account, &issuer, &name).map(|mut imported| {
            imported.tags.extend(Some(folder.trim().to_owned()).filter(|folder| !folder.is_empty()));
            imported
        });
        import.add(|| title(&issuer, &name, place), read);
    }

    fn read_account(&self, account: &Dictionary, issuer: &str, name: &str) -> Result<Imported, Reason> {
        let secret =
            self.get(account, "secret").and_then(|secret| self.data(secret)).ok_or(Reason::NoSecret)?;
        let kind = match self.number(account, "type") {
            Some(1) => "hotp",
            Some(2) => "totp",
            other => return Err(Reason::Kind { word: other.unwrap_or_default().to_string() }),
        };
        let algorithm = match self.number(account, "algorithm") {
            None | Some(1) => "SHA1",
            Some(2) => "SHA256",
            Some(3) => "SHA512",
            Some(4) => "MD5",
            Some(other) => return Err(Reason::Algorithm { word: other.to_string() }),
        };
        Draft {
            kind,
            issuer,
            name,
            secret: Secret::Bytes(SecretBytes::new(secret.to_vec())),
            algorithm: Some(algorithm),
            digits: self.number(account, "digits"),
            period: self.number(account, "period"),
            counter: Some(self.number(account, "counter").unwrap_or(0)),
            pin: None,
        }
        .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists that hold the next one so many times: twice and forty deep, a kilobyte unfolds to 2^40 objects.
    fn nested(levels: u32, times: u8) -> SecretBytes {
        let mut bytes = PLIST.to_vec();
        let mut offsets = Vec::new();
        for level in 0..levels {
            offsets.push(bytes.len() as u32);
            bytes.push(0xa0 | times);
            (0..times).for_each(|_| bytes.extend((level + 1).to_be_bytes()));
        }
        offsets.push(bytes.len() as u32);
        bytes.push(0x09); // true
        let table = bytes.len() as u64;
        bytes.extend(offsets.iter().flat_map(|offset| offset.to_be_bytes()));
        bytes.extend([0, 0, 0, 0, 0, 0, 4, 4]);
        for number in [offsets.len() as u64, 0, table] {
            bytes.extend(number.to_be_bytes());
        }
        SecretBytes::new(bytes)
    }

    #[test]
    fn a_property_list_that_unfolds_to_a_multiple_of_itself_is_refused() {
        for harmless in [nested(3, 2), nested(60, 1)] {
            assert!(unfolds(harmless.expose()).is_some());
            assert!(plist::Value::from_reader(Cursor::new(harmless.expose())).is_ok());
        }
        for hostile in [nested(40, 2), nested(1_000_000, 1)] {
            assert!(unfolds(hostile.expose()).is_none());
            assert!(Archive::read(&hostile).is_none());
        }
    }
}
