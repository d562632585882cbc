//! A host that is nothing but the trait: a clock and a keyring that tests set, and the real disk.
#![allow(dead_code, reason = "each test file uses its own part")]

use crate::frames::{HEIGHT, WIDTH};
use keyhaven_app::App;
use keyhaven_app::camera::{Camera, CameraError, CameraFrame, CameraName, Cameras};
use keyhaven_app::host::{
    CaptureError, DownloadedFile, Host, Keyring, KeyringError, KeyringProbe, KeyringStanding, ScreenPicture,
};
use keyhaven_app::recovery::view::TidyWay;
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{DiskFiles, Files, KdfCost, Lock, NewFile};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub const START: u64 = 1_790_000_000_000;

/// The computer of the tests.
pub struct TestHost {
    now: AtomicU64,
    /// How long everything takes that is measured, in milliseconds.
    measured: AtomicU64,
    pub keyring: TestKeyring,
    /// What the computer is called.
    pub name: Mutex<String>,
    /// What the screens show: pictures of this width and height, one after the other; none is no screen.
    pub screens: Mutex<Vec<(u32, u32, Vec<u8>)>>,
    pub cameras: TestCameras,
    pub files: TestDisk,
    /// Whether every folder is on the vault's own disk; else none is.
    pub one_disk: AtomicBool,
    /// What stands in the folder for downloads.
    pub downloads: Mutex<Vec<DownloadedFile>>,
}

/// A keyring that answers as the test says.
#[derive(Default)]
pub struct TestKeyring {
    entries: Mutex<HashMap<String, String>>,
    pub fault: Mutex<Option<KeyringError>>,
    /// The program that plays the service.
    pub provider: Mutex<String>,
}

/// The real disk, and a folder's names that do not reach it when a test says so.
#[derive(Clone, Default)]
pub struct TestDisk(Arc<Faults>);

/// What is the matter with it.
#[derive(Default)]
pub struct Faults {
    pub folders_fail: AtomicBool,
    /// What another program does just before the next file gets another name.
    pub meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    calls: AtomicUsize,
    failing: Mutex<Option<FailingCall>>,
}

/// A call of the disk that fails, counted from 0.
#[derive(Clone, Copy, Debug)]
pub struct FailingCall {
    pub at: usize,
    /// Whether no later call works either: the program is gone.
    pub killed: bool,
}

impl Faults {
    /// From now on calls are counted anew, and one of them fails.
    pub fn fail(&self, call: Option<FailingCall>) {
        self.calls.store(0, Ordering::Relaxed);
        *self.failing.lock().unwrap() = call;
    }

    /// How many calls there were since.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn call(&self) -> std::io::Result<()> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let fails = |one: FailingCall| call == one.at || one.killed && call > one.at;
        match *self.failing.lock().unwrap() {
            Some(failing) if fails(failing) => Err(std::io::Error::other("the test's fault")),
            _ => Ok(()),
        }
    }
}

impl std::ops::Deref for TestDisk {
    type Target = Faults;

    fn deref(&self) -> &Faults {
        &self.0
    }
}

impl Files for TestDisk {
    fn read(&self, path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
        self.call()?;
        DiskFiles.read(path, limit)
    }
    fn create(&self, path: &Path) -> std::io::Result<Box<dyn NewFile>> {
        self.call()?;
        Ok(Box::new(TestFile(self.clone(), DiskFiles.create(path)?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        self.call()?;
        if let Some(meanwhile) = self.meanwhile.lock().unwrap().take() {
            meanwhile();
        }
        DiskFiles.rename(from, to)
    }
    fn link(&self, from: &Path, to: &Path) -> std::io::Result<()> {
        self.call()?;
        DiskFiles.link(from, to)
    }
    fn sync_folder(&self, folder: &Path) -> std::io::Result<()> {
        self.call()?;
        if self.folders_fail.load(Ordering::Relaxed) && !folder.ends_with("generations") {
            return Err(std::io::Error::other("Input/output error"));
        }
        DiskFiles.sync_folder(folder)
    }
    fn remove(&self, path: &Path) -> std::io::Result<()> {
        self.call()?;
        DiskFiles.remove(path)
    }
    fn create_folder(&self, folder: &Path) -> std::io::Result<()> {
        self.call()?;
        DiskFiles.create_folder(folder)
    }
    fn list(&self, folder: &Path) -> std::io::Result<Vec<String>> {
        self.call()?;
        DiskFiles.list(folder)
    }
    fn lock(&self, path: &Path) -> std::io::Result<Lock> {
        self.call()?;
        DiskFiles.lock(path)
    }
    fn real_path(&self, path: &Path) -> std::io::Result<PathBuf> {
        self.call()?;
        DiskFiles.real_path(path)
    }
}

struct TestFile(TestDisk, Box<dyn NewFile>);

impl NewFile for TestFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        if let Err(error) = self.0.call() {
            // Half of it arrived.
            let _ = self.1.write(&bytes[..bytes.len() / 2]);
            return Err(error);
        }
        self.1.write(bytes)
    }
    fn sync(&mut self) -> std::io::Result<()> {
        self.0.call()?;
        self.1.sync()
    }
}

impl TestHost {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            now: AtomicU64::new(START),
            measured: AtomicU64::new(10_000),
            keyring: TestKeyring::default(),
            name: Mutex::default(),
            screens: Mutex::default(),
            cameras: TestCameras::default(),
            files: TestDisk::default(),
            one_disk: AtomicBool::default(),
            downloads: Mutex::default(),
        })
    }

    pub fn measures(&self, time: Duration) {
        self.measured.store(u64::try_from(time.as_millis()).unwrap(), Ordering::Relaxed);
    }

    /// Sets the clock, back as well.
    pub fn set_now(&self, now: u64) {
        self.now.store(now, Ordering::Relaxed);
    }

    pub fn pass(&self, milliseconds: u64) {
        self.now.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

impl Host for TestHost {
    fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    fn measure(&self, work: &mut dyn FnMut()) -> Duration {
        work();
        Duration::from_millis(self.measured.load(Ordering::Relaxed))
    }

    fn files(&self) -> &dyn Files {
        &self.files
    }

    fn keyring(&self) -> &dyn Keyring {
        &self.keyring
    }

    fn computer(&self) -> String {
        self.name.lock().unwrap().clone()
    }

    fn same_disk(&self, _one: &Path, _other: &Path) -> Option<bool> {
        Some(self.one_disk.load(Ordering::Relaxed))
    }

    fn capture_screens(&self) -> Result<Vec<ScreenPicture>, CaptureError> {
        let screens = self.screens.lock().unwrap();
        if screens.is_empty() {
            return Err(CaptureError::Refused);
        }
        let picture = |(at, (width, height, rgba)): (usize, &(u32, u32, Vec<u8>))| ScreenPicture {
            name: format!("Screen {}", at + 1),
            width: *width,
            height: *height,
            rgba: SecretBytes::new(rgba.clone()),
        };
        Ok(screens.iter().enumerate().map(picture).collect())
    }

    fn cameras(&self) -> &dyn Cameras {
        &self.cameras
    }

    fn tidy(&self, path: &Path, _way: TidyWay) -> std::io::Result<()> {
        self.files.remove(path)
    }

    fn downloads(&self) -> std::io::Result<Vec<DownloadedFile>> {
        Ok(self.downloads.lock().unwrap().clone())
    }
}

/// A camera before which a test holds pictures.
#[derive(Default)]
pub struct TestCameras(Arc<TestCamera>);

#[derive(Default)]
struct TestCamera {
    picture: Mutex<Option<Vec<u8>>>,
    fault: Mutex<Option<CameraError>>,
    panics: AtomicBool,
    hurries: AtomicBool,
    on: AtomicBool,
    was_on: AtomicBool,
}

impl TestCameras {
    /// What is before the camera from now on ([`crate::frames::frame`]).
    pub fn show(&self, picture: &[u8]) {
        *self.0.picture.lock().unwrap() = Some(picture.to_vec());
    }

    pub fn fail(&self, fault: Option<CameraError>) {
        *self.0.fault.lock().unwrap() = fault;
    }

    /// The next camera's driver panics.
    pub fn panic(&self) {
        self.0.panics.store(true, Ordering::Relaxed);
    }

    /// From now on a second of pictures takes no time.
    pub fn hurry(&self) {
        self.0.hurries.store(true, Ordering::Relaxed);
        self.0.was_on.store(false, Ordering::Relaxed);
    }

    pub fn is_on(&self) -> bool {
        self.0.on.load(Ordering::Relaxed)
    }

    pub fn was_on(&self) -> bool {
        self.0.was_on.load(Ordering::Relaxed)
    }
}

impl Cameras for TestCameras {
    fn list(&self) -> Result<Vec<CameraName>, CameraError> {
        if let Some(CameraError::ByHand(words)) = *self.0.fault.lock().unwrap() {
            return Err(CameraError::ByHand(words));
        }
        Ok(vec![CameraName { id: "test".into(), name: "The test's camera".into() }])
    }

    fn open(&self, id: &str) -> Result<Box<dyn Camera>, CameraError> {
        assert_eq!(id, "test");
        self.0.fault.lock().unwrap().clone().map_or(Ok(()), Err)?;
        self.0.on.store(true, Ordering::Relaxed);
        self.0.was_on.store(true, Ordering::Relaxed);
        Ok(Box::new(TestCameraOn(self.0.clone())))
    }
}

struct TestCameraOn(Arc<TestCamera>);

impl Camera for TestCameraOn {
    fn frame(&mut self, wait: Duration) -> Result<Option<CameraFrame>, CameraError> {
        let empty = self.0.picture.lock().unwrap().is_none();
        if !self.0.hurries.load(Ordering::Relaxed) {
            std::thread::sleep(if empty { wait } else { Duration::from_millis(20) });
        }
        assert!(!self.0.panics.swap(false, Ordering::Relaxed), "the driver says nonsense");
        self.0.fault.lock().unwrap().clone().map_or(Ok(()), Err)?;
        let picture = self.0.picture.lock().unwrap().clone();
        let (width, height) = (WIDTH as u32, HEIGHT as u32);
        Ok(picture.map(|luma| CameraFrame { width, height, luma: SecretBytes::new(luma) }))
    }
}

impl Drop for TestCameraOn {
    fn drop(&mut self) {
        self.0.on.store(false, Ordering::Relaxed);
    }
}

impl TestKeyring {
    pub fn fail_with(&self, fault: Option<KeyringError>) {
        *self.fault.lock().unwrap() = fault;
    }

    pub fn put(&self, vault_id: &str, text: &str) {
        self.entries.lock().unwrap().insert(vault_id.into(), text.into());
    }

    pub fn clear(&self) {
        self.entries.lock().unwrap().clear();
    }

    pub fn len(&self) -> usize {
        self.entries.lock().unwrap().len()
    }

    fn check(&self) -> Result<(), KeyringError> {
        self.fault.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

impl Keyring for TestKeyring {
    fn read(&self, vault_id: &str) -> Result<SecretText, KeyringError> {
        self.check()?;
        let entries = self.entries.lock().unwrap();
        entries.get(vault_id).map(|text| SecretText::new(text.clone())).ok_or(KeyringError::Missing)
    }

    fn write(&self, vault_id: &str, text: &SecretText) -> Result<(), KeyringError> {
        self.check()?;
        self.put(vault_id, text.expose());
        Ok(())
    }

    fn remove(&self, vault_id: &str) -> Result<(), KeyringError> {
        self.check()?;
        self.entries.lock().unwrap().remove(vault_id);
        Ok(())
    }

    fn probe(&self) -> KeyringProbe {
        let standing = match *self.fault.lock().unwrap() {
            Some(KeyringError::Absent(_)) => KeyringStanding::NoService,
            Some(KeyringError::NoCollection) => KeyringStanding::NoCollection,
            Some(KeyringError::Locked) => KeyringStanding::Locked,
            _ => KeyringStanding::Open,
        };
        KeyringProbe {
            provider: Some(self.provider.lock().unwrap().clone()),
            vaults: self.entries.lock().unwrap().keys().cloned().collect(),
            ..KeyringProbe::of(standing, "the test's answer")
        }
    }
}

pub const PASSPHRASE: &str = "glass otter parade umbrella";

pub fn passphrase() -> SecretText {
    SecretText::new(PASSPHRASE.into())
}

/// The cheapest key derivation that the vault takes: tests try behaviour, not cost.
pub fn cheap() -> KdfCost {
    KdfCost::new(64, 1).unwrap()
}

/// An app with an open vault in `folder`: passphrase, keyring slot, kit made and not confirmed.
pub fn open_app(host: &Arc<TestHost>, folder: &Path) -> App {
    let mut app = App::open(host.clone(), folder);
    app.create(Some((passphrase(), cheap())), true).unwrap();
    app.close_kit();
    app
}

/// The app as the next start finds it.
pub fn restarted(host: &Arc<TestHost>, folder: &Path) -> App {
    App::open(host.clone(), folder)
}
