//! What this version cannot understand: named, and handed out byte for byte (promise 6). It stays in the vault, and is
//! read anew at every unlock, so a version that understands it has it back.

use crate::App;
use crate::failure::fail;
use crate::recovery::stored::{SET_KIND, SUMMARY_KIND, Set, Summary};
use crate::stored::{KIND, Stored};
use crate::view::{Failure, FailureKind, Proof};
use data_encoding::BASE64;
use keyhaven_secret::SecretBytes;
use keyhaven_vault::{Compartment, Record};
use serde::Serialize;
use zeroize::Zeroizing;

/// One thing that was set aside.
#[derive(Debug, PartialEq, Eq)]
pub struct Aside {
    /// Whether it lies in the recovery compartment.
    pub recovery: bool,
    /// What is known of it.
    pub what: AsideKind,
    /// Its bytes.
    pub bytes: SecretBytes,
}

/// What is known of something that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsideKind {
    /// It is no record: the bytes are the JSON text that stands in the vault's body.
    Element,
    /// It is a record, and the bytes are its payload.
    Payload {
        /// Its id.
        id: String,
        /// Its kind.
        kind: String,
    },
}

impl App {
    /// Everything that was set aside, as far as the vault is open.
    ///
    /// # Errors
    /// The vault is locked.
    pub fn set_aside(&self) -> Result<Vec<Aside>, Failure> {
        let vault = &self.session()?.vault;
        let mut all = of(vault.accounts(), false);
        all.extend(vault.recovery().map(|recovery| of(recovery, true)).unwrap_or_default());
        Ok(all)
    }

    /// All of that as a file to keep ([`to_file`]): it may hold secrets, so whoever asks has proved anew to be allowed to
    /// see them (promise 2).
    ///
    /// # Errors
    /// The vault is locked, nothing was set aside, or the proof is wrong.
    pub fn set_aside_file(&self, proof: Proof) -> Result<SecretBytes, Failure> {
        let all = self.set_aside()?;
        if all.is_empty() {
            return Err(fail(FailureKind::BadInput, "nothing was set aside"));
        }
        self.check_proof(proof)?;
        Ok(to_file(&all))
    }
}

fn of(compartment: &Compartment, recovery: bool) -> Vec<Aside> {
    let elements = compartment.set_aside().iter().map(|raw| (AsideKind::Element, raw));
    let payloads = compartment.iter().filter(|record| !understood(record)).map(|record| {
        let what = AsideKind::Payload { id: record.id.to_string(), kind: record.kind.clone() };
        (what, &record.payload)
    });
    elements.chain(payloads).map(|(what, bytes)| Aside { recovery, what, bytes: bytes.duplicate() }).collect()
}

/// A kind of a newer version is no fault of this one: only what says that it is of a known kind can be wrong.
fn understood(record: &Record) -> bool {
    use crate::recovery::stored::Payload as _;
    match record.kind.as_str() {
        KIND => Stored::read(&record.payload).is_ok(),
        SET_KIND => Set::read(&record.payload).is_some(),
        SUMMARY_KIND => Summary::read(&record.payload).is_some(),
        _ => true,
    }
}

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    compartment: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    /// Base64 of the bytes.
    bytes: &'a str,
}

/// All of it as a file to keep: one JSON object a line, the bytes in Base64 (RFC 4648 §4).
pub fn to_file(all: &[Aside]) -> SecretBytes {
    // Room for everything at once: a buffer that grew would leave copies behind.
    let room = all.iter().map(|one| one.bytes.len() * 4 / 3 + 200).sum();
    let mut file = Zeroizing::new(Vec::with_capacity(room));
    for Aside { recovery, what, bytes } in all {
        let bytes = Zeroizing::new(BASE64.encode(bytes.expose()));
        let (id, kind) = match what {
            AsideKind::Element => (None, None),
            AsideKind::Payload { id, kind } => (Some(id.as_str()), Some(kind.as_str())),
        };
        let compartment = if *recovery { "recovery" } else { "accounts" };
        let line = Line { compartment, id, kind, bytes: &bytes };
        let written = serde_json::to_writer(&mut *file, &line);
        debug_assert!(written.is_ok(), "text always serialises, and memory takes it");
        file.push(b'\n');
    }
    SecretBytes::new(std::mem::take(&mut *file))
}
