//! The real [`Host`]: clock, disk, keyring and the places of files, shared by the desktop program and the command line.
//!
//! The two shells differ in windows and arguments, not in where the vault is or how the keyring is asked; what they
//! share in touching the system stands here once. Everything with a rule in it belongs into `keyhaven-app`.
#![forbid(unsafe_code)]
#![expect(clippy::disallowed_methods, reason = "this room is where clock and environment are read")]

mod camera;
mod disks;
mod downloads;
mod keyring;
#[cfg(all(unix, not(target_os = "macos")))]
mod probe;
mod protection;
mod screen;
mod tidy;

pub use crate::keyring::SystemKeyring;
pub use crate::protection::{
    Kept, PROTECT_VARIABLE, Protection, protect, protect_unless_developing, protection,
};
use keyhaven_app::camera::Cameras;
use keyhaven_app::host::{
    CaptureError, DownloadedFile, Host, Keyring, KeyringError, KeyringProbe, KeyringStanding, ScreenPicture,
};
use keyhaven_app::recovery::view::TidyWay;
use keyhaven_secret::SecretText;
use keyhaven_vault::{DiskFiles, Files};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Environment variable that moves the vault's home; for tests, sticks and several vaults.
pub const HOME_VARIABLE: &str = "KEYHAVEN_HOME";

/// What both programs ask first of all: whether they were started by another one of Keyhaven's only to ask the
/// desktop's portal for a picture of the screen. It is done then, and the program ends.
pub fn was_started_to_ask() -> bool {
    screen::answer_for_another()
}

/// The computer this program runs on.
#[derive(Default)]
pub struct SystemHost {
    files: DiskFiles,
    keyring: SystemKeyring,
}

impl Host for SystemHost {
    /// Unix time in milliseconds; 0 for a clock set before 1970.
    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn measure(&self, work: &mut dyn FnMut()) -> Duration {
        let start = Instant::now();
        work();
        start.elapsed()
    }

    fn files(&self) -> &dyn Files {
        &self.files
    }

    fn keyring(&self) -> &dyn Keyring {
        &self.keyring
    }

    fn computer(&self) -> String {
        #[cfg(unix)]
        let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
        #[cfg(not(unix))]
        let name = std::env::var("COMPUTERNAME").unwrap_or_default();
        name
    }

    fn same_disk(&self, one: &Path, other: &Path) -> Option<bool> {
        disks::same(one, other)
    }

    fn capture_screens(&self) -> Result<Vec<ScreenPicture>, CaptureError> {
        screen::capture()
    }

    fn cameras(&self) -> &dyn Cameras {
        camera::cameras()
    }

    fn tidy(&self, path: &Path, way: TidyWay) -> io::Result<()> {
        tidy::tidy(path, way)
    }

    fn downloads(&self) -> io::Result<Vec<DownloadedFile>> {
        downloads::list()
    }
}

/// The folder of vault and settings: [`HOME_VARIABLE`], else the system's place for a program's data
/// (`~/.local/share/keyhaven`, `~/Library/Application Support/org.keyhaven.Keyhaven`, `%APPDATA%\keyhaven\Keyhaven\data`).
///
/// `None` where the system knows no home folder.
pub fn home() -> Option<PathBuf> {
    match std::env::var_os(HOME_VARIABLE) {
        Some(home) if !home.is_empty() => Some(PathBuf::from(home)),
        _ => Some(directories::ProjectDirs::from("org", "keyhaven", "Keyhaven")?.data_dir().to_path_buf()),
    }
}

/// The computer for `--demo`: real clock and disk, and no keyring, so that nothing outlives the program.
#[derive(Default)]
pub struct DemoHost {
    computer: SystemHost,
    keyring: NoKeyring,
}

impl Host for DemoHost {
    fn now(&self) -> u64 {
        self.computer.now()
    }

    fn measure(&self, work: &mut dyn FnMut()) -> Duration {
        self.computer.measure(work)
    }

    fn files(&self) -> &dyn Files {
        self.computer.files()
    }

    fn keyring(&self) -> &dyn Keyring {
        &self.keyring
    }

    fn capture_screens(&self) -> Result<Vec<ScreenPicture>, CaptureError> {
        self.computer.capture_screens()
    }

    fn cameras(&self) -> &dyn Cameras {
        self.computer.cameras()
    }

    fn tidy(&self, path: &Path, way: TidyWay) -> io::Result<()> {
        self.computer.tidy(path, way)
    }
}

#[derive(Default)]
struct NoKeyring;

impl NoKeyring {
    fn absent<T>() -> Result<T, KeyringError> {
        Err(KeyringError::Absent("the demo uses none".into()))
    }
}

impl Keyring for NoKeyring {
    fn read(&self, _vault_id: &str) -> Result<SecretText, KeyringError> {
        Self::absent()
    }

    fn write(&self, _vault_id: &str, _text: &SecretText) -> Result<(), KeyringError> {
        Self::absent()
    }

    fn remove(&self, _vault_id: &str) -> Result<(), KeyringError> {
        Self::absent()
    }

    fn probe(&self) -> KeyringProbe {
        KeyringProbe::of(KeyringStanding::NoService, "the demo uses none")
    }
}
