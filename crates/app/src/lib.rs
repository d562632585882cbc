//! Every use-case of Keyhaven, once, against one narrow trait.
//!
//! Reach for [`App`]: it stands where the program stands (no vault, locked, open) and has one method for each thing
//! a person can do. Shells (`src-tauri`, the command line) bring a [`host::Host`], call a method and show its answer;
//! [`view`] says what may be shown. Whoever wants a vault without accounts in it wants `keyhaven-vault`.
#![forbid(unsafe_code)]

mod accounts;
pub mod adding;
pub mod aside;
pub mod backups;
pub mod booklet;
pub mod camera;
mod demo;
mod differences;
pub mod doctor;
pub mod drill;
mod drilled_sets;
pub mod exporting;
mod failure;
pub mod host;
mod kit;
mod looking;
mod merging;
pub mod offer;
pub mod pages;
pub mod paper;
mod preview;
mod readiness;
pub mod readiness_view;
pub mod recovery;
pub mod safety_view;
mod session;
mod settings;
mod sheet;
mod slots;
pub mod split;
pub mod stored;
pub mod strength;
mod unfinished;
mod vaulting;
pub mod veil;
mod versions;
pub mod view;

pub use vaulting::{KeyringAnswer, KeyringEntry, KeyringQuestion, KeyringWritten};

use crate::host::Host;
use crate::session::Session;
use crate::view::{Failure, FailureKind, KeyringState, Settings};
use keyhaven_vault::{Location, LockedVault, ReadError};
use std::path::Path;
use std::sync::Arc;

/// Keyhaven as it stands: the computer it runs on, the vault's place, and how far the vault is open.
pub struct App {
    host: Arc<dyn Host>,
    home: settings::Home,
    settings: Settings,
    phase: Phase,
    /// Counts locks and changes of the vault, so that a keyring's late answer is known as such.
    turn: u64,
    demo: bool,
    backups: backups::Backups,
    downloads: recovery::downloads::Downloads,
    /// Codes of a paper backup that is being put together.
    pages: Vec<keyhaven_secret::SecretText>,
}

enum Phase {
    Absent,
    Locked { vault: Box<LockedVault>, keyring: KeyringState },
    Unreadable(ReadError),
    Open(Box<Session>),
}

impl App {
    /// Looks into `home` (the folder of vault and settings) without creating anything there; what a save left there
    /// when its program died is removed.
    pub fn open(host: Arc<dyn Host>, home: &Path) -> Self {
        let mut home = settings::Home::new(home);
        let settings = home.read_settings(host.files());
        LockedVault::clean_up(host.files(), home.vault());
        unfinished::clean_up(host.files(), home.folder());
        let backups = backups::Backups::new(backups::plan::Plan::read(host.files(), home.folder()));
        let mut app = Self {
            host,
            home,
            settings,
            phase: Phase::Absent,
            turn: 0,
            demo: false,
            backups,
            downloads: recovery::downloads::Downloads::default(),
            pages: Vec::new(),
        };
        app.look();
        app
    }

    /// Unix time in milliseconds, as the host says.
    pub fn now(&self) -> u64 {
        self.host.now()
    }

    /// Whether the vault is open.
    pub fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where the vault file is, or would be.
    pub fn location(&self) -> &Location {
        self.home.vault()
    }

    /// The same with links followed: where copies, saved states and temporary files lie.
    pub(crate) fn real_location(&self) -> Location {
        self.location().real(self.host.files()).unwrap_or_else(|_| self.location().clone())
    }

    /// Changes the settings.
    ///
    /// # Errors
    /// A number out of its range, or the settings could not be written; then the old ones stand.
    pub fn change_settings(&mut self, settings: Settings) -> Result<Settings, Failure> {
        settings::check(&settings)?;
        if !self.demo {
            self.home.write_settings(self.host.files(), &settings)?;
        }
        self.settings = settings.clone();
        Ok(settings)
    }

    /// Reads the vault file's header anew; the phase is then absent, locked or unreadable.
    fn look(&mut self) {
        self.phase = match LockedVault::read(self.host.files(), self.home.vault()) {
            Ok(vault) => Phase::Locked { vault: Box::new(vault), keyring: KeyringState::Unasked },
            Err(ReadError::NotFound) if self.is_first_start() => Phase::Absent,
            Err(ReadError::NotFound) if let Some(damaged) = self.home.damaged() => {
                let detail = format!(
                    "where the vault is is not known: {damaged}. Choose the vault or a backup; where there never was one, \
                     remove that file"
                );
                Phase::Unreadable(ReadError::Io(std::io::Error::other(detail)))
            }
            Err(error) => Phase::Unreadable(error),
        };
    }

    /// Whether there never was a vault (promise 4). A vault that was chosen elsewhere (a folder that is not synced or
    /// mounted yet), a name in the folder that leads nowhere (a link to such a place), and saved states without
    /// their vault are a loss to repair: nothing new is put in their place.
    fn is_first_start(&self) -> bool {
        let (files, location) = (self.host.files(), self.location());
        let nothing = |error: &std::io::Error| error.kind() == std::io::ErrorKind::NotFound;
        let folder = match files.list(location.folder()) {
            Ok(names) => {
                location.file().file_name().is_some_and(|own| names.iter().all(|name| **name != *own))
            }
            Err(error) => nothing(&error),
        };
        let states = match files.list(&location.generations_folder()) {
            Ok(names) => names.is_empty(),
            Err(error) => nothing(&error),
        };
        self.home.is_own_vault() && self.home.damaged().is_none() && folder && states
    }

    /// Looks at the vault file anew, unless the vault is open: a stick may have come, a folder been synced, another
    /// program have saved.
    pub fn look_again(&mut self) {
        if self.is_open() {
            return;
        }
        let asked = match &self.phase {
            Phase::Locked { vault, keyring } => Some((vault.id(), *keyring)),
            _ => None,
        };
        self.look();
        if let (Some((id, before)), Phase::Locked { vault, keyring }) = (asked, &mut self.phase)
            && vault.id() == id
        {
            *keyring = before;
        }
    }

    fn session(&self) -> Result<&Session, Failure> {
        match &self.phase {
            Phase::Open(session) => Ok(session),
            other => Err(not_open(other)),
        }
    }

    fn session_mut(&mut self) -> Result<&mut Session, Failure> {
        match &mut self.phase {
            Phase::Open(session) => Ok(session),
            other => Err(not_open(other)),
        }
    }
}

pub(crate) fn not_open(phase: &Phase) -> Failure {
    match phase {
        Phase::Absent => failure::fail(FailureKind::NoVault, "there is no vault yet"),
        Phase::Unreadable(error) => failure::unreadable(error),
        Phase::Locked { .. } | Phase::Open(_) => failure::fail(FailureKind::Locked, "the vault is locked"),
    }
}
