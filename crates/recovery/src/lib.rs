//! Downloaded recovery files and pasted text → sets of codes, keys and documents.
//!
//! [`parse()`] takes a file's bytes (any format, up to [`SIZE_LIMIT`]) and answers with a [`RecoverySet`]. It always
//! has an answer: what is not understood is kept as a document and named in [`RecoverySet::problems`], and
//! [`Source::lines`] says of every line whether it is in a code or in a document. Files are opened and codes are
//! used up elsewhere.
//!
//! A file takes four steps, one module each way: `decode` (with `html`, `rtf` and `keyhaven-pdf`) makes text of bytes,
//! `cells` and `shape` find what on a line could be a code, `choose` decides by comparing all lines which of it
//! is, and `providers` says whose it is. `blocks`, `keys` and `seed` know the formats that have a checksum or an
//! armour of their own.
#![forbid(unsafe_code)]

mod blocks;
mod cells;
mod choose;
mod correct;
mod decode;
mod html;
mod keys;
mod labels;
mod model;
mod parse;
mod providers;
mod rtf;
mod seed;
mod shape;
mod table;

pub use correct::CorrectError;
pub use model::{
    Aside, Code, Document, DocumentKind, Format, Kind, Line, Place, Problem, RecoverySet, Source,
};
pub use parse::{ParseError, parse};
pub use providers::names as provider_names;

/// Largest file that is read, in bytes (10 MiB).
pub const SIZE_LIMIT: usize = 10 << 20;

/// Compiles a constant pattern once.
macro_rules! pattern {
    ($($name:ident = $text:expr;)+) => { $(
        // Constant text, compiled by a test: the panic is for who edits the pattern.
        static $name: std::sync::LazyLock<regex::Regex> =
            std::sync::LazyLock::new(|| regex::Regex::new($text).expect("a constant pattern"));
    )+ };
}
pub(crate) use pattern;
