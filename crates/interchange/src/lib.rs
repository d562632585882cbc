//! Other programs' exports: bytes (and a password) in, accounts and problems out; and accounts out again.
//!
//! Reach for [`read`] with a file's bytes: it recognises the program from them ([`recognise`] says what it thinks) and
//! gives an [`Import`], in which every entry of the file is either an account or a named [`Problem`]. Texts that QR
//! codes hold go through [`read_texts`]. `write` makes exports that other programs read. Nothing here opens a file,
//! reads a clock or draws a window; pictures are for `keyhaven-qr`, recovery codes for `keyhaven-recovery`.
//!
//! One module for each program; what they share stands in `entry` (fields to accounts), `sample` (a file looked at
//! once), `json`, `prefs`, `archive`, `sqlite` (containers) and `crypto` (keys, with limits on what a file may ask).
#![forbid(unsafe_code)]

mod archive;
mod crypto;
mod entry;
mod error;
mod format;
mod import;
mod json;
mod prefs;
mod programs;
mod sample;
mod sqlite;
pub mod write;

pub use entry::Reason;
pub use error::ImportError;
pub use format::Format;
pub use import::{FoundCode, Icon, Import, Imported, Problem};
pub use programs::{read_texts, uri_list::MAX_TEXTS};

use keyhaven_secret::SecretText;
use sample::Sample;
use std::ops::ControlFlow;

/// Largest file read, in bytes (64 MiB): a vault of 10,000 accounts with icons fits many times.
pub const MAX_FILE: usize = 64 << 20;

/// Most entries read from one file. What is beyond it is refused, not cut off.
pub const MAX_ENTRIES: usize = 100_000;

/// How far a long piece of work has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A key is being derived from the password. Some functions cannot be looked into: they go from 0 to `of` at once.
    KeyDerivation {
        /// Steps done.
        done: u64,
        /// Steps in all, at least 1.
        of: u64,
        /// Memory it takes, in KiB; 0 where it is next to nothing.
        memory: u64,
    },
}

/// What is known beside the bytes.
pub struct Request<'a> {
    /// The format, where the user named it.
    pub format: Option<Format>,
    /// The file's name, asked only where the bytes have no mark of their own.
    pub file_name: Option<&'a str>,
    /// The password, where the user gave one. A file that needs none is read without it.
    pub password: Option<&'a SecretText>,
    /// Told of progress; `Break` stops the work at the next place where it can be stopped.
    pub watch: &'a dyn Fn(Progress) -> ControlFlow<()>,
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self { format: None, file_name: None, password: None, watch: &|_| ControlFlow::Continue(()) }
    }
}

/// What the bytes may be, likeliest first. Empty when nothing fits.
pub fn recognise(bytes: &[u8], file_name: Option<&str>) -> Vec<Format> {
    if bytes.len() > MAX_FILE {
        return Vec::new();
    }
    programs::recognise(&Sample::new(bytes, file_name)).into_iter().map(|source| source.format).collect()
}

/// Reads an export.
///
/// # Errors
/// Why there is no list of accounts at all; an entry that cannot be used is a [`Problem`] in the [`Import`] instead.
pub fn read(bytes: &[u8], request: &Request<'_>) -> Result<Import, ImportError> {
    if bytes.len() > MAX_FILE {
        return Err(ImportError::TooLong { bytes: bytes.len() as u64, most: MAX_FILE as u64 });
    }
    let sample = Sample::new(bytes, request.file_name);
    if let Some(format) = request.format {
        let source = programs::source(format);
        let import = source.read(&sample, request)?;
        // Readers take what they know out of JSON and leave the rest: nothing known means another format.
        let nothing = import.entries() == 0 && import.recovery_codes.is_empty();
        if nothing && source.is_foreign(&sample) {
            return Err(ImportError::NotThisFormat {
                format,
                why: "it holds nothing of what that program writes",
            });
        }
        return Ok(import);
    }
    let candidates = programs::recognise(&sample);
    let mut first_error = None;
    for source in candidates {
        match source.read(&sample, request) {
            Ok(import) => return Ok(import),
            // A wrong password for one reading of the bytes may be the right one for the next.
            Err(error) if error.is_final() => return Err(error),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.unwrap_or_else(|| sample.unrecognised()))
}
