//! New files in the folder for downloads that look like recovery codes: noticed and offered, never taken.
//!
//! Off by default. The folder is listed every few seconds while it is on; a file is new when its name, size or time
//! was not there at the first look, and it is read once, when two looks in a row saw it alike. While the vault is
//! locked nothing is read. Of a file that is offered only its path is kept.

use crate::App;
use crate::host::{DownloadedFile, Host};
use crate::recovery::draft::DraftReader;
use crate::recovery::view::DownloadOffer;
use keyhaven_recovery::SIZE_LIMIT;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Offers that wait for an answer; a folder that fills with such files is somebody's archive.
const OFFERS: usize = 8;
/// Endings under which browsers write what has not arrived whole.
const UNFINISHED: [&str; 6] = ["part", "partial", "crdownload", "opdownload", "download", "tmp"];

/// What is known of the folder.
#[derive(Default)]
pub(crate) struct Downloads {
    /// What was there at the last look; none before the first.
    seen: Option<Vec<DownloadedFile>>,
    /// What is new and not read yet.
    new: Vec<DownloadedFile>,
    offers: Vec<(u32, PathBuf)>,
    made: u32,
}

/// One look at the folder, taken without holding the app.
pub struct DownloadsLook {
    host: Arc<dyn Host>,
    seen: Option<Vec<DownloadedFile>>,
    new: Vec<DownloadedFile>,
    /// Files that are under review or were kept a moment ago.
    known: Vec<PathBuf>,
    may_read: bool,
}

/// What a look found.
pub struct DownloadsSeen {
    seen: Vec<DownloadedFile>,
    new: Vec<DownloadedFile>,
    found: Vec<PathBuf>,
}

impl App {
    /// A look at the folder for downloads that is to be taken; `None` while that is switched off.
    pub fn downloads_look(&mut self) -> Option<DownloadsLook> {
        if !self.settings.watch_downloads {
            self.downloads = Downloads::default();
            return None;
        }
        let memory = self.session().ok().map(|session| &session.recovery);
        let drafts =
            memory.iter().flat_map(|memory| memory.drafts.iter().filter_map(|draft| draft.path.clone()));
        let kept =
            memory.iter().flat_map(|memory| memory.downloads.values().map(|kept| kept.path().to_path_buf()));
        let known = drafts.chain(kept).collect();
        Some(DownloadsLook {
            host: self.host.clone(),
            seen: self.downloads.seen.clone(),
            new: self.downloads.new.clone(),
            known,
            may_read: self.is_open(),
        })
    }

    /// Takes over what a look found; answers whether there are other offers now.
    pub fn downloads_seen(&mut self, looked: DownloadsSeen) -> bool {
        if !self.settings.watch_downloads {
            return false;
        }
        let downloads = &mut self.downloads;
        let before = downloads.offers.len();
        downloads.offers.retain(|(_, path)| looked.seen.iter().any(|file| file.path == *path));
        let mut changed = downloads.offers.len() != before;
        for path in looked.found {
            if downloads.offers.len() < OFFERS && downloads.offers.iter().all(|(_, known)| *known != path) {
                downloads.made = downloads.made.wrapping_add(1);
                downloads.offers.push((downloads.made, path));
                changed = true;
            }
        }
        downloads.seen = Some(looked.seen);
        downloads.new = looked.new;
        changed
    }

    /// The files that are offered.
    pub fn downloads(&self) -> Vec<DownloadOffer> {
        let offer = |(id, path): &(u32, PathBuf)| DownloadOffer { id: *id, name: name(path).into_owned() };
        self.downloads.offers.iter().map(offer).collect()
    }

    /// Takes an offer off the list and answers its file, for [`DraftReader::file`]; `None` when it is not offered any
    /// more.
    pub fn settle_download(&mut self, id: u32) -> Option<PathBuf> {
        let at = self.downloads.offers.iter().position(|(offer, _)| *offer == id)?;
        Some(self.downloads.offers.remove(at).1)
    }
}

impl DownloadsLook {
    /// Lists the folder and reads what is new in it and looks finished.
    pub fn run(self) -> DownloadsSeen {
        // A folder that is not there yet is an empty one.
        let listed = self.host.downloads().unwrap_or_default();
        let Some(seen) = self.seen else {
            return DownloadsSeen { seen: listed, new: Vec::new(), found: Vec::new() };
        };
        let fresh = |file: &&DownloadedFile| !seen.contains(file);
        let mut new: Vec<DownloadedFile> =
            listed.iter().filter(fresh).filter(may_hold_codes).cloned().collect();
        let mut found = Vec::new();
        // What was new before and stands there unchanged has arrived.
        for file in self.new.into_iter().filter(|file| listed.contains(file)) {
            if !self.may_read {
                new.push(file);
            } else if !self.known.contains(&file.path) && is_plain(&self.host, &file.path) {
                found.push(file.path);
            }
        }
        DownloadsSeen { seen: listed, new, found }
    }
}

fn name(path: &Path) -> std::borrow::Cow<'_, str> {
    path.file_name().unwrap_or_default().to_string_lossy()
}

fn may_hold_codes(file: &&DownloadedFile) -> bool {
    let name = name(&file.path);
    let ending = file.path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let size = 1..=SIZE_LIMIT as u64;
    size.contains(&file.size) && !name.starts_with('.') && !UNFINISHED.contains(&ending.as_str())
}

fn is_plain(host: &Arc<dyn Host>, path: &Path) -> bool {
    DraftReader::new(host.clone(), 0..0).file(path).is_plain()
}
