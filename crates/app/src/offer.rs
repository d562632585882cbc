//! What was found in pictures, text or a form, shown before it is kept (promise 7).

use crate::stored::{Stored, algorithm_name, kind_name, same_codes};
use crate::view::{AlgorithmName, Found, KindName, ManualEntry, Offer, OfferProblem, Standing};
use keyhaven_otp::{Account, Parsed, UriError, migration};
use keyhaven_qr::Limits;
use keyhaven_secret::{SecretBytes, SecretText};

/// Largest file that is looked into, in bytes.
pub const LARGEST_FILE: u64 = 64 << 20;

/// Something a person handed over.
pub enum Input {
    /// A file's bytes: a picture, or text.
    Bytes(SecretBytes),
    /// Text.
    Text(SecretText),
    /// A picture's pixels: rows of red, green, blue, alpha.
    Pixels {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Four bytes a pixel.
        rgba: SecretBytes,
    },
    /// What could not even be fetched, and why.
    Unreadable(String),
}

/// The accounts of an offer, kept here until the person has chosen; the page sees only [`Offer`].
pub struct Pending {
    /// Names it.
    pub id: u32,
    found: Vec<(String, Account, Vec<String>)>,
    problems: Vec<OfferProblem>,
}

impl Pending {
    /// Looks into `inputs`, each with the name of where it comes from.
    pub fn read(id: u32, inputs: Vec<(String, Input)>) -> Self {
        let mut reading = Reading {
            pending: Self { id, found: Vec::new(), problems: Vec::new() },
            batches: migration::Collector::new(),
        };
        for (source, input) in inputs {
            match input {
                Input::Text(text) => reading.text(&source, text.expose()),
                Input::Bytes(bytes) => reading.bytes(&source, bytes.expose()),
                Input::Pixels { width, height, rgba } => {
                    reading.codes(
                        &source,
                        keyhaven_qr::read_rgba(width, height, rgba.expose(), &Limits::default()),
                    );
                }
                Input::Unreadable(reason) => reading.problem(&source, reason),
            }
        }
        reading.finish()
    }

    /// Checks an account typed in by hand; where its secret is a whole URI, that is read instead.
    pub fn from_entry(id: u32, entry: ManualEntry) -> Self {
        const SOURCE: &str = "Typed in";
        let secret = SecretText::new(entry.secret);
        let pin = entry.pin.map(SecretText::new);
        if secret.expose().contains("://") {
            return Self::read(id, vec![(SOURCE.into(), Input::Text(secret))]);
        }
        let mut pending = Self { id, found: Vec::new(), problems: Vec::new() };
        // Through the parser of URIs, so that ranges and spellings have one set of rules and one wording.
        let kind = match entry.kind {
            KindName::Totp => "otpauth://totp/",
            KindName::Hotp => "otpauth://hotp/",
            KindName::Steam => "otpauth://steam/",
            KindName::Motp => "motp://",
            KindName::Yandex => "otpauth://yaotp/",
        };
        let mut uri = zeroize::Zeroizing::new(String::with_capacity(secret.expose().len() * 3 + 1024));
        uri.push_str(kind);
        uri.push_str(&encoded(entry.name.trim()));
        let mut separator = '?';
        let mut parameter = |name: &str, value: &str| {
            uri.push(separator);
            separator = '&';
            uri.push_str(name);
            uri.push('=');
            uri.push_str(&encoded(value));
        };
        parameter("secret", secret.expose().trim());
        if !entry.issuer.trim().is_empty() {
            parameter("issuer", entry.issuer.trim());
        }
        if let (Some(algorithm), KindName::Totp | KindName::Hotp) = (entry.algorithm, entry.kind) {
            parameter(
                "algorithm",
                match algorithm {
                    AlgorithmName::SHA1 => "SHA1",
                    AlgorithmName::SHA256 => "SHA256",
                    AlgorithmName::SHA512 => "SHA512",
                },
            );
        }
        for (name, value) in [("digits", entry.digits), ("period", entry.period)] {
            if let Some(value) = value {
                parameter(name, &value.to_string());
            }
        }
        if let (Some(counter), KindName::Hotp) = (entry.counter, entry.kind) {
            parameter("counter", &counter.to_string());
        }
        if let Some(pin) = &pin {
            parameter("pin", pin.expose());
        }
        match keyhaven_otp::parse_uri(&uri) {
            Ok(mut parsed) => {
                // A name typed with a colon is a name, not an issuer's prefix.
                parsed.account.name = entry.name.trim().to_owned();
                parsed.account.issuer = entry.issuer.trim().to_owned();
                parsed.account.label_issuer = None;
                let notes = parsed.oddities.iter().map(ToString::to_string).collect();
                pending.found.push((SOURCE.into(), parsed.account, notes));
            }
            Err(error) => {
                pending.problems.push(OfferProblem { source: SOURCE.into(), reason: error.to_string() })
            }
        }
        pending
    }

    /// What the page sees of it, compared with what the vault holds.
    pub fn view<'a>(&self, held: impl Iterator<Item = &'a Stored> + Clone) -> Offer {
        let found = self.found.iter().enumerate().map(|(index, (source, account, notes))| Found {
            index: u32::try_from(index).unwrap_or(u32::MAX),
            source: source.clone(),
            issuer: account.issuer.clone(),
            name: account.name.clone(),
            kind: kind_name(&account.kind),
            digits: account.kind.digits(),
            period: account.kind.period(),
            algorithm: account.kind.algorithm().map(algorithm_name),
            standing: standing(account, held.clone()),
            notes: notes.clone(),
        });
        Offer { id: self.id, found: found.collect(), problems: self.problems.clone() }
    }

    /// The chosen accounts, in the offer's order; numbers that it does not have are passed over.
    pub fn chosen(&self, indices: &[u32]) -> Vec<Account> {
        let chosen = |index: usize| u32::try_from(index).is_ok_and(|index| indices.contains(&index));
        let found = self.found.iter().enumerate().filter(|(index, _)| chosen(*index));
        found.map(|(_, (_, account, _))| account.duplicate()).collect()
    }
}

/// How an account relates to what the vault holds.
fn standing<'a>(account: &Account, mut held: impl Iterator<Item = &'a Stored> + Clone) -> Standing {
    if held.clone().any(|stored| same_codes(&stored.account, account)) {
        Standing::AlreadyThere
    } else if held
        .any(|stored| stored.account.issuer == account.issuer && stored.account.name == account.name)
    {
        Standing::SameNameOtherSecret
    } else {
        Standing::New
    }
}

struct Reading {
    pending: Pending,
    batches: migration::Collector,
}

impl Reading {
    fn bytes(&mut self, source: &str, bytes: &[u8]) {
        if bytes.is_empty() {
            return self.problem(source, "the file is empty".into());
        }
        match keyhaven_qr::read(bytes, &Limits::default()) {
            Err(keyhaven_qr::PictureError::UnknownFormat) => match std::str::from_utf8(bytes) {
                Ok(text) => self.text(source, text),
                Err(_) => self.problem(
                    source,
                    "this is neither a picture (PNG, JPEG, WebP, GIF, BMP) nor text with otpauth links"
                        .into(),
                ),
            },
            other => self.codes(source, other),
        }
    }

    fn codes(&mut self, source: &str, codes: Result<Vec<keyhaven_qr::Found>, keyhaven_qr::PictureError>) {
        match codes {
            Err(error) => self.problem(source, error.to_string()),
            Ok(codes) if codes.is_empty() => {
                self.problem(source, "there is no QR code that can be read in this picture".into())
            }
            Ok(codes) => {
                for code in codes {
                    self.link(source, code.text.expose().trim(), "the QR code");
                }
            }
        }
    }

    /// Text with one link a line; blank lines and lines that begin with "#" are comments.
    fn text(&mut self, source: &str, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut links = 0;
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            links += 1;
            let many = text.trim().contains('\n');
            self.link(source, line, &if many { format!("line {}", number + 1) } else { "the text".into() });
        }
        if links == 0 {
            self.problem(source, "there is no text in it".into());
        }
    }

    fn link(&mut self, source: &str, text: &str, place: &str) {
        if !text.contains("://") {
            return self.problem(source, format!("{place} is not an otpauth link"));
        }
        match keyhaven_otp::parse_uri(text) {
            Ok(parsed) => self.keep(source, parsed),
            Err(UriError::Migration) => match migration::parse(text) {
                Ok(batch) => drop(self.batches.add(batch)),
                Err(error) => self.problem(source, format!("{place}: {error}")),
            },
            Err(error) => self.problem(source, format!("{place}: {error}")),
        }
    }

    fn keep(&mut self, source: &str, parsed: Parsed) {
        let notes = parsed.oddities.iter().map(ToString::to_string).collect();
        self.pending.found.push((source.to_owned(), parsed.account, notes));
    }

    fn problem(&mut self, source: &str, reason: String) {
        self.pending.problems.push(OfferProblem { source: source.to_owned(), reason });
    }

    fn finish(mut self) -> Pending {
        const SOURCE: &str = "Google Authenticator export";
        for export in self.batches.progress().iter().filter(|export| !export.missing.is_empty()) {
            self.problem(SOURCE, format!("{export}: scan the missing codes too, in any order"));
        }
        for entry in std::mem::take(&mut self.batches).into_entries() {
            match entry {
                Ok(parsed) => self.keep(SOURCE, parsed),
                Err(rejected) => {
                    let name = [rejected.issuer.as_str(), rejected.name.as_str()].join(" ");
                    self.problem(
                        SOURCE,
                        format!("entry {} ({}): {}", rejected.place, name.trim(), rejected.reason),
                    );
                }
            }
        }
        self.pending
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
fn encoded(text: &str) -> zeroize::Zeroizing<String> {
    use std::fmt::Write as _;
    let mut out = zeroize::Zeroizing::new(String::with_capacity(text.len() * 3));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
