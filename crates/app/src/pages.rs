//! Photographed or scanned pages of a paper backup, gathered until they make a vault.

use crate::App;
use crate::booklet::{PagesError, join, pages_of};
use crate::failure::fail;
use crate::host::Host;
use crate::readiness_view::PagesView;
use crate::view::{Failure, FailureKind, OfferProblem};
use keyhaven_secret::{SecretBytes, SecretText};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Largest picture of a page, in bytes.
const LARGEST: u64 = 64 << 20;
/// Codes that are held; the longest booklet has fewer, and a page may be photographed more than once.
const MOST: usize = 2_000;

/// Reads pictures of pages, without holding the app.
pub struct PagesReader {
    host: Arc<dyn Host>,
}

/// What was read from pictures.
pub struct PagesRead {
    texts: Vec<SecretText>,
    problems: Vec<OfferProblem>,
}

impl App {
    /// Begins to read pictures of pages: read with the answer, then [`App::add_pages`].
    pub fn begin_pages(&self) -> PagesReader {
        PagesReader { host: self.host.clone() }
    }

    /// Puts what was read to what was gathered before; answers what is there and what is missing.
    pub fn add_pages(&mut self, read: PagesRead) -> PagesView {
        for text in read.texts {
            if self.pages.len() < MOST && self.pages.iter().all(|known| known.expose() != text.expose()) {
                self.pages.push(text);
            }
        }
        view(&self.pages, read.problems)
    }

    /// Forgets what was gathered.
    pub fn forget_pages(&mut self) {
        self.pages.clear();
    }

    /// Puts the gathered paper backup in the place of the vault that is not there.
    ///
    /// # Errors
    /// As [`App::restore_pages`]; what was gathered is kept then.
    pub fn restore_gathered_pages(&mut self, scratch: &Path) -> Result<(), Failure> {
        let texts: Vec<SecretText> = self.pages.iter().map(SecretText::duplicate).collect();
        self.restore_pages(&texts, scratch)?;
        self.forget_pages();
        Ok(())
    }
}

impl From<Vec<SecretText>> for PagesRead {
    /// Codes that were read already.
    fn from(texts: Vec<SecretText>) -> Self {
        Self { texts, problems: Vec::new() }
    }
}

impl PagesReader {
    /// Reads the QR codes of these pictures and PDFs; one without any is a problem that says so.
    pub fn files(&self, paths: &[PathBuf]) -> PagesRead {
        let mut read = PagesRead { texts: Vec::new(), problems: Vec::new() };
        for path in paths {
            match self.file(path) {
                Ok(texts) => read.texts.extend(texts),
                Err(failure) => read.problems.push(OfferProblem {
                    source: path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
                    reason: failure.detail,
                }),
            }
        }
        read
    }

    fn file(&self, path: &Path) -> Result<Vec<SecretText>, Failure> {
        let input = |error: &dyn std::fmt::Display| fail(FailureKind::BadInput, error);
        let bytes =
            self.host.files().read(path, LARGEST).map(SecretBytes::new).map_err(|error| input(&error))?;
        let found = keyhaven_qr::read_file(bytes.expose(), &keyhaven_qr::Limits::default());
        let texts: Vec<SecretText> = found.map_err(|error| input(&error))?.texts().collect();
        match join(&texts) {
            Err(error @ PagesError::NotABooklet) => Err(input(&error)),
            _ => Ok(texts),
        }
    }
}

fn view(texts: &[SecretText], problems: Vec<OfferProblem>) -> PagesView {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let mut view = PagesView { problems, ..PagesView::default() };
    match join(texts) {
        Ok(_) => {
            view.complete = true;
            view.count = number(crate::booklet::codes_in(texts));
            view.have = view.count;
        }
        Err(PagesError::Missing { codes, count }) => {
            view.count = number(count);
            view.have = number(count - codes.len());
            view.missing_pages = pages_of(&codes).into_iter().map(number).collect();
        }
        Err(PagesError::NotABooklet) => {}
        Err(error) => view.conflict = Some(error.to_string()),
    }
    view
}
