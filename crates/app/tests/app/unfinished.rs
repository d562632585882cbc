//! What a program that died while it wrote a file has left is gone after the next start.

use crate::host::{TestHost, cheap, passphrase};
use keyhaven_app::App;
use keyhaven_app::camera::Cameras;
use keyhaven_app::host::{CaptureError, DownloadedFile, Host, Keyring, ScreenPicture};
use keyhaven_app::recovery::view::TidyWay;
use keyhaven_app::view::*;
use keyhaven_vault::{DiskFiles, Files, Lock, NewFile};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A disk on which the program dies just before a file gets a name that ends so: nothing that it does after that happens.
#[derive(Default)]
struct Dying {
    before: Mutex<Option<String>>,
    dead: Mutex<bool>,
}

impl Dying {
    fn die_before(&self, name: &str) {
        *self.before.lock().unwrap() = Some(name.into());
        *self.dead.lock().unwrap() = false;
    }

    /// A file is about to get this name.
    fn named(&self, path: &Path) -> io::Result<()> {
        let (name, before) = (path.file_name().unwrap_or_default(), self.before.lock().unwrap());
        if before.as_ref().is_some_and(|before| name.to_string_lossy().ends_with(before.as_str())) {
            *self.dead.lock().unwrap() = true;
            return Err(io::ErrorKind::Other.into());
        }
        Ok(())
    }

    fn living(&self) -> io::Result<DiskFiles> {
        if *self.dead.lock().unwrap() { Err(io::ErrorKind::Other.into()) } else { Ok(DiskFiles) }
    }
}

impl Files for Dying {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.living()?.read(path, limit)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        self.living()?.create(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let files = self.living()?;
        self.named(to)?;
        files.rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let files = self.living()?;
        self.named(to)?;
        files.link(from, to)
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.living()?.sync_folder(folder)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.living()?.remove(path)
    }
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        self.living()?.create_folder(folder)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.living()?.list(folder)
    }
    fn lock(&self, path: &Path) -> io::Result<Lock> {
        self.living()?.lock(path)
    }
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.living()?.real_path(path)
    }
}

struct DyingHost(Arc<TestHost>, Arc<Dying>);

impl Host for DyingHost {
    fn now(&self) -> u64 {
        self.0.now()
    }
    fn measure(&self, work: &mut dyn FnMut()) -> Duration {
        self.0.measure(work)
    }
    fn files(&self) -> &dyn Files {
        &*self.1
    }
    fn keyring(&self) -> &dyn Keyring {
        self.0.keyring()
    }
    fn capture_screens(&self) -> Result<Vec<ScreenPicture>, CaptureError> {
        self.0.capture_screens()
    }
    fn cameras(&self) -> &dyn Cameras {
        self.0.cameras()
    }
    fn tidy(&self, path: &Path, way: TidyWay) -> io::Result<()> {
        self.0.tidy(path, way)
    }
    fn downloads(&self) -> io::Result<Vec<DownloadedFile>> {
        self.0.downloads()
    }
}

/// The temporary files in a folder.
fn left(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".tmp"));
    names.sort();
    names
}

#[test]
fn a_start_removes_what_dead_writers_left_in_keyhavens_folder() {
    let (host, home, stick) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = Arc::new(Dying::default());
    let mut app = App::open(Arc::new(DyingHost(host.clone(), disk.clone())), home.path());
    drop(app.create(Some((passphrase(), cheap())), false).unwrap());
    let backup = stick.path().join("b.keyhaven");
    app.back_up_to(&backup).unwrap();
    disk.die_before("backups.json");
    app.set_backup_folder(stick.path()).unwrap_err();
    disk.die_before("settings.json");
    app.change_settings(app.settings().clone()).unwrap_err();
    disk.die_before("vault.keyhaven");
    app.enable_keyring().unwrap_err();
    drop(app);
    let names = left(home.path());
    assert_eq!(names.len(), 3, "{names:?}");
    let mut app = App::open(host.clone(), home.path());
    assert_eq!(left(home.path()), Vec::<String>::new());
    app.unlock_with_passphrase(&passphrase()).unwrap();

    // A backup that was being put in the place of a vault that is not there yet.
    let home = tempfile::tempdir().unwrap();
    disk.die_before("vault.keyhaven");
    let mut app = App::open(Arc::new(DyingHost(host.clone(), disk)), home.path());
    app.use_vault(&backup, true).unwrap_err();
    drop(app);
    assert_eq!(left(home.path()).len(), 1);
    let app = App::open(host, home.path());
    assert_eq!(left(home.path()), Vec::<String>::new());
    assert!(matches!(app.status(), Status::Absent { .. }), "{:?}", app.status());
}

#[test]
fn a_start_removes_half_a_kit_wherever_it_was_saved() {
    let (host, home, papers) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = Arc::new(Dying::default());
    let mut app = App::open(Arc::new(DyingHost(host.clone(), disk.clone())), home.path());
    drop(app.create(Some((passphrase(), cheap())), false).unwrap());
    let foreign = papers.path().join(".kit.svg.0123.tmp");
    std::fs::write(&foreign, b"of somebody else").unwrap();
    let folder = papers.path().join("papers");
    std::fs::create_dir(&folder).unwrap();
    app.save_kit(KitFormat::Svg, &folder.join("kit.svg")).unwrap();
    let note = home.path().join("unfinished.json");
    assert!(!note.exists() && left(&folder).is_empty(), "nothing stays of what was written");
    disk.die_before("kit.svg");
    let other = papers.path().join("kit.svg");
    for place in [&folder.join("kit.svg"), &other] {
        app.save_kit(KitFormat::Svg, place).unwrap_err();
        disk.die_before("kit.svg");
    }
    drop(app);
    assert_eq!((left(&folder).len(), left(papers.path()).len()), (1, 2));
    // The drive with one of the places is not there, and comes back later.
    let away = papers.path().join("away");
    std::fs::rename(&folder, &away).unwrap();
    drop(App::open(host.clone(), home.path()));
    assert_eq!((left(&away).len(), left(papers.path())), (1, vec![".kit.svg.0123.tmp".into()]));
    std::fs::rename(&away, &folder).unwrap();
    drop(App::open(host, home.path()));
    assert_eq!(left(&folder), Vec::<String>::new());
    assert!(!note.exists() && folder.join("kit.svg").exists() && foreign.exists());
}

/// Found by a reader: the beginning of a backup stayed for ever where no later one was made, and so did that of a copy.
#[test]
fn a_start_removes_half_a_backup_and_half_a_copy_and_a_copy_leaves_nothing_beside_it() {
    let (host, home, stick) = (TestHost::new(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let disk = Arc::new(Dying::default());
    let mut app = App::open(Arc::new(DyingHost(host.clone(), disk.clone())), home.path());
    drop(app.create(Some((passphrase(), cheap())), false).unwrap());
    app.set_backup_folder(stick.path()).unwrap();
    let (first, second) = (stick.path().join("first.keyhaven"), stick.path().join("second.keyhaven"));
    app.back_up_to(&first).unwrap();
    let names = || {
        let names = std::fs::read_dir(stick.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(), ["first.keyhaven"], "no lock, no note, no temporary file");
    assert_eq!(app.back_up_to(&first).unwrap_err().kind, FailureKind::NotSaved);

    disk.die_before("second.keyhaven");
    app.back_up_to(&second).unwrap_err();
    disk.die_before("-g1.keyhaven");
    app.back_up_now().unwrap_err();
    drop(app);
    assert_eq!((names().len(), left(stick.path()).len()), (3, 2), "{:?}", names());
    // Nothing changes any more, so no later backup would clean up.
    drop(App::open(host, home.path()));
    assert_eq!(names(), ["first.keyhaven"]);
    assert!(!home.path().join("unfinished.json").exists());
}
