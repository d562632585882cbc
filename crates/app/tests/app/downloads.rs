//! New files in the folder for downloads: noticed when they have arrived, offered, never taken.

use crate::host::{TestHost, open_app, passphrase};
use keyhaven_app::App;
use keyhaven_app::host::DownloadedFile;
use keyhaven_app::recovery::view::DraftChoices;
use std::path::Path;
use std::sync::Arc;

const CODES: &str = "GitHub recovery codes\n8f3a9-71c02\nb04de-9952a\nc7719-0e4d1\nd2f68-3ab90\n";

struct Folder {
    host: Arc<TestHost>,
    folder: tempfile::TempDir,
    app: App,
}

impl Folder {
    /// An open vault whose folder for downloads has a file from before, and was looked at once.
    fn watched() -> Self {
        let (host, folder) = (TestHost::new(), tempfile::tempdir().unwrap());
        let app = open_app(&host, &folder.path().join("home"));
        let mut it = Self { host, folder, app };
        it.put("old-recovery-codes.txt", CODES);
        assert!(it.app.downloads_look().is_none(), "off until the person says otherwise");
        it.switch(true);
        assert!(it.look().is_empty());
        it
    }

    fn switch(&mut self, on: bool) {
        let settings = keyhaven_app::view::Settings { watch_downloads: on, ..self.app.settings().clone() };
        self.app.change_settings(settings).unwrap();
    }

    fn put(&self, name: &str, text: &str) -> std::path::PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut there = self.host.downloads.lock().unwrap();
        there.retain(|file| file.path != path);
        there.push(DownloadedFile { path: path.clone(), size: text.len() as u64, written_at: 7 });
        path
    }

    fn remove(&self, path: &Path) {
        self.host.downloads.lock().unwrap().retain(|file| file.path != path);
    }

    /// Looks once; the names that are offered then.
    fn look(&mut self) -> Vec<String> {
        let seen = self.app.downloads_look().expect("switched on").run();
        self.app.downloads_seen(seen);
        self.app.downloads().into_iter().map(|offer| offer.name).collect()
    }

    fn looks(&mut self) -> Vec<String> {
        self.look();
        self.look()
    }
}

#[test]
fn a_new_file_that_looks_like_codes_is_offered_once_it_has_arrived_and_nothing_is_taken() {
    let mut it = Folder::watched();
    let file = it.put("github-recovery-codes.txt", &CODES[..30]);
    assert!(it.look().is_empty(), "it may be half of it");
    it.put("github-recovery-codes.txt", CODES);
    assert!(it.look().is_empty(), "it has just grown");
    assert_eq!(it.look(), ["github-recovery-codes.txt"]);
    assert_eq!(it.look(), ["github-recovery-codes.txt"], "once");
    assert!(it.app.recovery().unwrap().sets.is_empty(), "nothing is taken by itself");

    let offer = it.app.downloads()[0].id;
    let path = it.app.settle_download(offer).expect("it is offered");
    assert_eq!(path, file);
    assert_eq!(it.app.settle_download(offer), None);
    let pending = it.app.begin_drafts(1).unwrap().file(&path);
    let draft = it.app.keep_draft(pending).unwrap();
    assert_eq!(draft.codes.len(), 4);
    it.app.accept_draft(draft.id, DraftChoices::default()).unwrap();
    assert!(it.looks().is_empty(), "a file that was settled is not offered again");
}

#[test]
fn what_holds_no_codes_is_left_alone_and_so_is_what_is_not_there_any_more() {
    let mut it = Folder::watched();
    it.put("letter.txt", "Dear Robin,\nthank you for the flowers.\n");
    it.put("github-recovery-codes.txt.part", CODES);
    it.put(".hidden.txt", CODES);
    it.put("empty.txt", "");
    it.put("old-recovery-codes.txt", CODES);
    assert!(it.looks().is_empty());
    it.host.downloads.lock().unwrap().push(DownloadedFile {
        path: it.folder.path().join("film.mkv"),
        size: 11 << 20,
        written_at: 7,
    });
    assert!(it.looks().is_empty(), "too large to be looked at: it is not even there to be read");
    let file = it.put("codes.txt", CODES);
    assert_eq!(it.looks(), ["codes.txt"]);
    it.remove(&file);
    assert!(it.look().is_empty(), "who took it away needs no offer");
    // Dropped on the window before the next look: it is under review already.
    let file = it.put("dropped.txt", CODES);
    let pending = it.app.begin_drafts(1).unwrap().file(&file);
    it.app.keep_draft(pending).unwrap();
    assert!(it.looks().is_empty());
    it.put("more.txt", CODES);
    assert_eq!(it.looks(), ["more.txt"]);
    it.switch(false);
    assert!(it.app.downloads_look().is_none() && it.app.downloads().is_empty());
}

#[test]
fn while_the_vault_is_locked_nothing_is_read_and_it_is_offered_afterwards() {
    let mut it = Folder::watched();
    it.app.lock();
    let file = it.put("codes.txt", CODES);
    assert!(it.looks().is_empty());
    // Had it been read by now, this would not be noticed.
    std::fs::write(&file, "Thank you for the flowers.\n").unwrap();
    it.put("real-codes.txt", CODES);
    assert!(it.looks().is_empty());
    it.app.unlock_with_passphrase(&passphrase()).unwrap();
    assert_eq!(it.look(), ["real-codes.txt"]);
}
