//! Codes of one account or URI, pictures of codes, and what is about the program itself.

use super::Unlock;
use crate::time;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Where an account comes from, and the moment that counts.
#[derive(Args)]
pub struct Source {
    /// An otpauth URI, - to read it from standard input (arguments are seen by others and kept in the history), or the
    /// name of an account in the vault
    #[arg(value_name = "URI|NAME")]
    pub source: String,
    /// The moment, instead of now: Unix seconds or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = time::parse, allow_negative_numbers = true)]
    pub at: Option<u64>,
    #[command(flatten)]
    pub unlock: Unlock,
}

/// Print the code of a URI or of an account in the vault
///
/// A counter-based account of the vault moves on, and its new counter is saved before the code is printed.
#[derive(Args)]
pub struct CodeArgs {
    #[command(flatten)]
    pub source: Source,
    /// Also print the N codes before and after (not of a counter-based account in the vault)
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub window: u32,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Print every intermediate value of a code's computation
#[derive(Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub source: Source,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Say whether a code is right, and how many steps early or late
#[derive(Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub source: Source,
    /// The code to check; spaces in it do not count
    pub code: String,
    /// Steps before and after that are right too (for HOTP after only)
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=1000))]
    pub skew: u32,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Say what a URI or a picture is, and what is odd about it, clause by clause
#[derive(Args)]
pub struct InspectArgs {
    /// URIs, - to read them from standard input (one a line), or files (pictures, text)
    #[arg(required = true, value_name = "URI|FILE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub sources: Vec<String>,
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Read QR codes from pictures, or draw one
#[derive(Subcommand)]
pub enum QrCommand {
    Read(QrReadArgs),
    Write(QrWriteArgs),
}

/// Print the texts of all QR codes in pictures (PNG, JPEG, WebP, GIF, BMP) and PDFs
///
/// Exit code 0: every picture has a code. 1: some picture has none. 2: some file could not be read.
#[derive(Args)]
pub struct QrReadArgs {
    /// Pictures; - reads one from standard input
    #[arg(required = true, value_name = "FILE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub files: Vec<String>,
    /// Print one JSON value a file, each on a line
    #[arg(long)]
    pub json: bool,
}

/// Draw a text as a QR code: on the terminal, or to a new PNG or SVG file
#[derive(Args)]
pub struct QrWriteArgs {
    /// The text, or - to read it from standard input
    pub text: String,
    /// Write to this new file (.png or .svg), readable by you alone
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Pixels for each module of a PNG
    #[arg(long, value_name = "PIXELS", default_value_t = 8, requires = "output")]
    pub module: u32,
    /// For terminals that write dark on a light ground
    #[arg(long, conflicts_with = "output")]
    pub dark_on_light: bool,
}

/// Compute the tables of RFC 4226 and RFC 6238 now and compare
#[derive(Args)]
pub struct VectorsArgs {
    /// Print one JSON value
    #[arg(long)]
    pub json: bool,
}

/// Print a completion script for a shell
#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Print a man page, or write all of them to a folder
#[derive(Args)]
pub struct ManArgs {
    /// The command whose page it is (vault backup); without one, keyhaven's own
    #[arg(value_name = "COMMAND", conflicts_with = "folder")]
    pub command: Vec<String>,
    /// Write keyhaven.1, keyhaven-code.1 and so on to this folder
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}
