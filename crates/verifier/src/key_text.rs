//! Key-encryption keys as text, for an environment variable, a file or a command's output.

use crate::LocalKeys;
use data_encoding::BASE64;
use keyhaven_secret::{KEY_LENGTH, Key, SecretText};
use thiserror::Error;
use zeroize::Zeroizing;

/// Why a text holds no key-encryption keys. Says where, and nothing of what stands there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyTextError {
    /// There is no key in it.
    #[error("there is no key-encryption key")]
    Empty,
    /// An entry is not a name, a colon and a key.
    #[error("entry {entry}: a name, a colon and 32 bytes in base64 (RFC 4648 §4) are expected")]
    Entry {
        /// Its place, from 1.
        entry: usize,
    },
    /// A name comes twice.
    #[error("entry {entry}: there is a key of that name before it")]
    Twice {
        /// Its place, from 1.
        entry: usize,
    },
}

impl LocalKeys {
    /// Reads `name:key` entries, each key 32 bytes in base64, apart by commas or line ends. The first one wraps; those
    /// behind it still unwrap, until [`crate::Verifier::rewrap`] has reached every tenant. Where the text comes from is
    /// the caller's:
    ///
    /// ```no_run
    /// # use keyhaven_secret::SecretText;
    /// # use keyhaven_verifier::LocalKeys;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let of_the_environment = LocalKeys::parse(&SecretText::new(std::env::var("MFA_KEK")?))?;
    /// let of_a_file = LocalKeys::parse(&SecretText::new(std::fs::read_to_string("/run/secrets/mfa-kek")?))?;
    /// let told = std::process::Command::new("secret-tool").args(["lookup", "for", "mfa"]).output()?;
    /// let of_a_command = LocalKeys::parse(&SecretText::new(String::from_utf8(told.stdout)?))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// No key, an entry that is none, or a name that comes twice.
    pub fn parse(text: &SecretText) -> Result<Self, KeyTextError> {
        let entries = text.expose().split([',', '\n', '\r']).map(str::trim).filter(|entry| !entry.is_empty());
        let mut read: Option<Self> = None;
        for (place, entry) in entries.enumerate() {
            let entry_at = place + 1;
            let (name, key) = parts(entry).ok_or(KeyTextError::Entry { entry: entry_at })?;
            read = Some(match read {
                None => Self::new(name, key),
                Some(keys) if keys.has(name) => return Err(KeyTextError::Twice { entry: entry_at }),
                Some(keys) => keys.with_former(name, key),
            });
        }
        read.ok_or(KeyTextError::Empty)
    }
}

fn parts(entry: &str) -> Option<(&str, Key)> {
    let (name, encoded) = entry.split_once(':')?;
    let (name, encoded) = (name.trim(), encoded.trim().as_bytes());
    let mut place = Zeroizing::new([0; KEY_LENGTH + 1]);
    let bytes = place.get_mut(..BASE64.decode_len(encoded.len()).ok()?)?;
    let length = BASE64.decode_mut(encoded, bytes).ok()?;
    let key = Key::from_slice(bytes.get(..length)?)?;
    (!name.is_empty()).then_some((name, key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyProvider;

    fn read(text: &str) -> Result<LocalKeys, KeyTextError> {
        LocalKeys::parse(&SecretText::new(text.to_owned()))
    }

    fn encoded(byte: u8) -> String {
        BASE64.encode(&[byte; 32])
    }

    #[tokio::test]
    async fn the_first_wraps_and_those_behind_it_unwrap() {
        let (new, old) = (encoded(2), encoded(1));
        let former = LocalKeys::new("2025", Key::from_slice(&[1; 32]).unwrap());
        let tenant = Key::from_slice(&[9; 32]).unwrap();
        let wrapped = former.wrap(&tenant, b"acme").await.unwrap();
        for text in [format!("2026:{new},2025:{old}"), format!("\n 2026 : {new}\r\n\n2025:{old} \n")] {
            let keys = read(&text).unwrap();
            assert_eq!(keys.current(), "2026");
            assert!(keys.unwrap("2025", &wrapped, b"acme").await.unwrap() == tenant);
            let anew = keys.wrap(&tenant, b"acme").await.unwrap();
            let only = read(&format!("2026:{new}")).unwrap();
            assert!(only.unwrap("2026", &anew, b"acme").await.unwrap() == tenant);
            assert!(only.unwrap("2025", &wrapped, b"acme").await.is_err());
        }
    }

    #[test]
    fn what_is_no_list_of_keys_says_where_and_shows_nothing() {
        let good = encoded(1);
        let (short, long) = (BASE64.encode(&[7; 31]), BASE64.encode(&[7; 33]));
        let (much, bare) = (BASE64.encode(&[7; 64]), good.trim_end_matches('='));
        for (text, expected) in [
            (String::new(), KeyTextError::Empty),
            (" ,\n".to_owned(), KeyTextError::Empty),
            (good.clone(), KeyTextError::Entry { entry: 1 }),
            (format!(":{good}"), KeyTextError::Entry { entry: 1 }),
            (format!("a:{short}"), KeyTextError::Entry { entry: 1 }),
            (format!("a:{long}"), KeyTextError::Entry { entry: 1 }),
            (format!("a:{much}"), KeyTextError::Entry { entry: 1 }),
            (format!("a:{bare}"), KeyTextError::Entry { entry: 1 }),
            (format!("a:{good},b:{good}x"), KeyTextError::Entry { entry: 2 }),
            (format!("a:{good},b:{good}\na:{good}"), KeyTextError::Twice { entry: 3 }),
        ] {
            let error = read(&text).err().unwrap();
            assert_eq!(error, expected);
            assert!(!error.to_string().contains(&good));
        }
    }
}
