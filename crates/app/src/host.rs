//! What the use-cases need from the computer they run on: this handful and nothing more.

use crate::camera::{Cameras, NoCameras};
use crate::recovery::view::TidyWay;
use crate::view::KeyringState;
use keyhaven_qr::{Limits, PictureError, Pixels};
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::Files;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The computer, as narrow as the use-cases allow. The desktop program and the command line share the real one
/// (`keyhaven-platform`); tests have one whose clock and keyring they set.
pub trait Host: Send + Sync {
    /// Unix time in milliseconds.
    fn now(&self) -> u64;

    /// Runs `work` and tells how long it took; for calibrating the key derivation.
    fn measure(&self, work: &mut dyn FnMut()) -> Duration;

    /// The disk.
    fn files(&self) -> &dyn Files;

    /// The operating system's keyring.
    fn keyring(&self) -> &dyn Keyring;

    /// What this computer is called; empty where nobody knows. A person sees by it which keyring slot is whose.
    fn computer(&self) -> String {
        String::new()
    }

    /// Whether both places, folders or files, are on one disk of this computer, which goes with all that is on it; `None`
    /// where the system does not tell. Asking a share that does not answer takes as long as that takes.
    fn same_disk(&self, one: &Path, other: &Path) -> Option<bool> {
        let _ = (one, other);
        None
    }

    /// What is on the screens now; a desktop's portal may ask the person first. Nothing stays on the disk.
    ///
    /// # Errors
    /// Why there is no picture.
    fn capture_screens(&self) -> Result<Vec<ScreenPicture>, CaptureError> {
        Err(CaptureError::NoScreen)
    }

    /// The cameras.
    fn cameras(&self) -> &dyn Cameras {
        &NoCameras
    }

    /// Puts a file into the system's bin, or overwrites and deletes it.
    ///
    /// # Errors
    /// Whatever the system answers; the file is still there then.
    fn tidy(&self, path: &Path, way: TidyWay) -> io::Result<()> {
        let _ = (path, way);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The files in the person's folder for downloads: ordinary ones only, no links, pipes or folders, and none is
    /// opened for it.
    ///
    /// # Errors
    /// There is no such folder, or it cannot be listed.
    fn downloads(&self) -> io::Result<Vec<DownloadedFile>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// A file in the folder for downloads, as its folder shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownloadedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub size: u64,
    /// When it was last written, Unix milliseconds; 0 where that is not known.
    pub written_at: u64,
}

/// What is on a screen.
pub struct ScreenPicture {
    /// What to call it.
    pub name: String,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green, blue and alpha of each pixel, row by row.
    pub rgba: SecretBytes,
}

impl ScreenPicture {
    /// From the bytes of a picture file, as a portal gives one.
    ///
    /// # Errors
    /// It is no picture that can be read.
    pub fn of_file(name: &str, bytes: &SecretBytes) -> Result<Self, PictureError> {
        let Pixels { width, height, rgba } = keyhaven_qr::pixels(bytes.expose(), &Limits::default())?;
        Ok(Self { name: name.to_owned(), width, height, rgba })
    }
}

/// Why there is no picture of the screens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// There is no display to look at, or nobody who may.
    #[error("there is no screen that can be looked at from here")]
    NoScreen,
    /// The person or a rule said no.
    #[error("taking a picture of the screen was refused")]
    Refused,
    /// This system's own tool takes the picture; the words say how.
    #[error("on this system {0}")]
    ByHand(&'static str),
    /// Anything else, in the system's own words.
    #[error("the screen could not be looked at: {0}")]
    Failed(String),
}

/// The operating system's keyring: one text for each vault.
///
/// Reading never creates anything, and an error is never "no entry" (promise 4).
pub trait Keyring: Send + Sync {
    /// The text kept for `vault_id`.
    ///
    /// # Errors
    /// In which way the keyring did not give it.
    fn read(&self, vault_id: &str) -> Result<SecretText, KeyringError>;

    /// Keeps `text` for `vault_id`, in the place of what was there.
    ///
    /// # Errors
    /// In which way the keyring did not take it.
    fn write(&self, vault_id: &str, text: &SecretText) -> Result<(), KeyringError>;

    /// Forgets the text of `vault_id`; that there was none is no error.
    ///
    /// # Errors
    /// In which way the keyring did not do it.
    fn remove(&self, vault_id: &str) -> Result<(), KeyringError>;

    /// What can be said about the keyring without opening, unlocking or asking anything of a person.
    fn probe(&self) -> KeyringProbe;
}

/// What a keyring shows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyringProbe {
    /// How far it is there.
    pub standing: KeyringStanding,
    /// The program behind it, as the system names it; `None` where it is the system itself or not known.
    pub provider: Option<String>,
    /// The ids of the vaults that it has entries for.
    pub vaults: Vec<String>,
    /// What the system answered, in its own words.
    pub answer: String,
}

impl KeyringProbe {
    /// A keyring of which no more than its standing is known.
    pub fn of(standing: KeyringStanding, answer: impl Into<String>) -> Self {
        Self { standing, provider: None, vaults: Vec::new(), answer: answer.into() }
    }
}

/// How far a keyring is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyringStanding {
    /// There is no D-Bus session to ask on.
    NoBus,
    /// Nobody on the session's bus keeps secrets.
    NoService,
    /// The service has no default keyring to put a key into.
    NoCollection,
    /// The default keyring is locked; using it makes the system ask for its password.
    Locked,
    /// It can be used.
    Open,
}

impl KeyringStanding {
    /// The state that a screen shows for it. A locked one is no obstacle: using it asks.
    pub fn state(self) -> KeyringState {
        match self {
            Self::NoBus | Self::NoService => KeyringState::Absent,
            Self::NoCollection => KeyringState::NoCollection,
            Self::Locked => KeyringState::Unasked,
            Self::Open => KeyringState::Ready,
        }
    }
}

/// Every way in which a keyring fails that a person can do something about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// The service has no default keyring.
    #[error("the keyring service has no default keyring")]
    NoCollection,
    /// The entry, or what it was to be, is larger than the keyring or Keyhaven takes.
    #[error("the keyring's entry is too large: {0}")]
    TooLarge(String),
    /// Nobody answers: no D-Bus session, no Secret Service.
    #[error("this session has no keyring service: {0}")]
    Absent(String),
    /// The keyring is locked, and nobody unlocked it when asked.
    #[error("the keyring is locked")]
    Locked,
    /// The person or a policy said no.
    #[error("the request to the keyring was refused: {0}")]
    Refused(String),
    /// It answered: there is no entry of this vault.
    #[error("the keyring has no entry for this vault")]
    Missing,
    /// There are several entries for this vault.
    #[error("the keyring has several entries for this vault")]
    Ambiguous,
    /// The entry is not what Keyhaven writes.
    #[error("the keyring's entry for this vault is not a key of Keyhaven's")]
    Malformed,
    /// Anything else, in the system's own words.
    #[error("the keyring failed: {0}")]
    Failed(String),
}

impl KeyringError {
    /// The state that a screen shows for it.
    pub fn state(&self) -> KeyringState {
        match self {
            Self::Absent(_) => KeyringState::Absent,
            Self::Locked => KeyringState::Locked,
            Self::Refused(_) => KeyringState::Refused,
            Self::Missing => KeyringState::Missing,
            Self::Ambiguous => KeyringState::Ambiguous,
            Self::Malformed | Self::TooLarge(_) => KeyringState::Foreign,
            Self::NoCollection => KeyringState::NoCollection,
            Self::Failed(_) => KeyringState::Failed,
        }
    }
}
