//! `keyhaven qr`: pictures to texts and back.

use crate::args::{QrReadArgs, QrWriteArgs};
use crate::error::{Answer, Failure, tell};
use crate::import_own::is_vault;
use crate::{input, output};
use keyhaven_app::offer::LARGEST_FILE;
use keyhaven_qr::{InFile, Limits, OnPage, PictureError, write as draw};
use keyhaven_vault::{DiskFiles, Files as _};
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// One picture's line. Holds the texts themselves: who asks for them gets them.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    codes: Vec<Code<'a>>,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct Code<'a> {
    text: &'a str,
    /// Of a PDF, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<usize>,
    corners: [[i32; 2]; 4],
}

/// Why a file gave no list of codes.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{}", input::words(.0))]
    File(#[from] io::Error),
    #[error("{0}")]
    NoPoints(&'static str),
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// Every code in one file.
pub fn codes_in(file: &str) -> Result<InFile, ReadError> {
    let limits = Limits::default();
    let bytes = input::bytes(file, limits.bytes)?;
    if let Some(what) = input::not_points(&bytes) {
        return Err(ReadError::NoPoints(what));
    }
    Ok(keyhaven_qr::read_file(&bytes, &limits)?)
}

pub fn read(args: QrReadArgs) -> Result<Answer, Failure> {
    let (mut all_found, mut all_read) = (true, true);
    let several = args.files.len() > 1;
    for file in &args.files {
        let result = codes_in(file);
        let (found, error) = match &result {
            Ok(read) if read.left.is_empty() => (read.found.as_slice(), None),
            Ok(read) => (read.found.as_slice(), Some(read.left_in_words().join("; "))),
            Err(error) => (&[][..], Some(error.to_string())),
        };
        all_found &= !found.is_empty();
        all_read &= error.is_none();
        if args.json {
            let codes = found
                .iter()
                .map(|OnPage { page, code }| Code {
                    text: code.text.expose_for_display(),
                    page: *page,
                    corners: code.corners,
                })
                .collect();
            output::json(&Line { file, codes, error: error.as_deref() })?;
        }
        if let Some(error) = error {
            tell(format_args!("{file}: {error}"));
        } else if found.is_empty() && !args.json {
            tell(format_args!("{file}: no QR code found"));
        }
        if args.json {
            continue;
        }
        for OnPage { code, .. } in found {
            let text = output::shown(code.text.expose_for_display());
            if several { output::line(format_args!("{file}: {text}"))? } else { output::line(text)? }
        }
    }
    // Each file's trouble has been told at its place.
    if all_read { Ok(Answer::yes_if(all_found)) } else { Err(Failure::Told) }
}

pub fn write(args: QrWriteArgs) -> Result<Answer, Failure> {
    let text = input::text_or_stdin(args.text)?;
    let text = text.expose_for_display();
    let Some(path) = args.output else {
        let blocks = draw::terminal(text, args.dark_on_light).map_err(Failure::input)?;
        io::stdout().lock().write_all(blocks.as_bytes())?;
        return Ok(Answer::Yes);
    };
    let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let bytes = match ending.as_deref() {
        Some("png") => draw::png(text, args.module).map_err(Failure::input)?,
        Some("svg") => draw::svg(text).map_err(Failure::input)?.into_bytes(),
        _ => {
            return Err(Failure::input(format_args!(
                "{}: the name ends neither in .png nor in .svg",
                path.display()
            )));
        }
    };
    write_new(&path, &bytes, args.force)?;
    Ok(Answer::Yes)
}

/// Writes a file that only its owner may read: what is in it may be a secret.
pub fn write_new(path: &Path, bytes: &[u8], force: bool) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(Failure::input(format_args!("{}: this is a folder; name a file in it", path.display())));
    }
    save(path, bytes, force).map_err(|error| {
        let failure = Failure::input(format_args!("{}: {}", path.display(), input::words(&error)));
        match error.kind() {
            io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(path).display();
                Failure::input(format_args!("{folder}: there is no such folder"))
            }
            io::ErrorKind::AlreadyExists => failure.advise("nothing was overwritten; --force replaces it"),
            _ => failure,
        }
    })
}

/// Whole or not at all: a full disk leaves neither half a page nor half of what was there.
fn save(path: &Path, bytes: &[u8], force: bool) -> io::Result<()> {
    // A link stays one, and what it leads to is replaced; a pipe or a terminal is written to.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if force && real.exists() {
        if !real.is_file() {
            return OpenOptions::new().write(true).open(real)?.write_all(bytes);
        }
        if DiskFiles.read(&real, LARGEST_FILE).is_ok_and(|bytes| is_vault(&bytes)) {
            let why = "this is a Keyhaven vault, which nothing but a restore replaces";
            return Err(io::Error::other(why));
        }
    }
    // The folder of a bare name is the one we are in.
    let folder = real.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Only its owner may read it from the beginning, and it goes when it does not get its name.
    let mut file = tempfile::Builder::new().prefix(".keyhaven-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let named = if force { file.persist(&real) } else { file.persist_noclobber(&real) };
    named.map(drop).map_err(|error| error.error)
}
