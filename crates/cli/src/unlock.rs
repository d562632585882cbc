//! The vault as a command finds it, and the ways to open it: keyring first, then what a person types.

use crate::args::Unlock;
use crate::error::{Failure, tell};
use crate::{copies, input};
use keyhaven_app::App;
use keyhaven_app::host::Host;
use keyhaven_app::view::{FailureKind, Proof, Status};
use keyhaven_platform::SystemHost;
use keyhaven_secret::SecretText;
use keyhaven_vault::{Credential, KeyringKey, Location, LockedVault, OpenVault, RecoveryKey, SlotKind};
use std::sync::Arc;

/// The vault's place, looked into and still locked.
pub fn find() -> Result<(App, Arc<SystemHost>), Failure> {
    let home = keyhaven_platform::home().ok_or_else(|| {
        Failure::vault("this system names no home folder").advise("set KEYHAVEN_HOME to the vault's folder")
    })?;
    if home.metadata().is_ok_and(|found| !found.is_dir()) {
        return Err(Failure::vault(format_args!("{}: this is no folder", home.display()))
            .advise("KEYHAVEN_HOME names the folder of the vault"));
    }
    let computer = Arc::new(SystemHost::default());
    Ok((App::open(computer.clone(), &home), computer))
}

/// What a person typed to open the vault.
pub enum Typed {
    Passphrase(SecretText),
    RecoveryKey(SecretText),
}

impl Unlock {
    /// What was given on standard input, if the arguments say that something is.
    pub fn given(&self) -> Result<Option<Typed>, Failure> {
        Ok(if self.password_stdin {
            Some(Typed::Passphrase(input::stdin_line("passphrase")?))
        } else if self.recovery_key_stdin {
            Some(Typed::RecoveryKey(input::stdin_line("recovery key")?))
        } else {
            None
        })
    }
}

/// Opens the vault: with what the arguments give; else with the keyring, if the vault has a slot for it; else with
/// what is typed at a prompt. Answers what was typed, for the few commands that ask for proof.
pub fn open(app: &mut App, unlock: &Unlock) -> Result<Option<Typed>, Failure> {
    open_advising(app, unlock, NO_TERMINAL)
}

/// The same for a command whose option for the passphrase has another name.
pub fn open_advising(app: &mut App, unlock: &Unlock, no_terminal: &str) -> Result<Option<Typed>, Failure> {
    let typed = open_telling_nothing(app, unlock, no_terminal)?;
    copies::announce(app);
    Ok(typed)
}

/// As [`open`], for the command that is about the copies beside the vault.
pub fn open_unannounced(app: &mut App, unlock: &Unlock) -> Result<Option<Typed>, Failure> {
    open_telling_nothing(app, unlock, NO_TERMINAL)
}

fn open_telling_nothing(app: &mut App, unlock: &Unlock, no_terminal: &str) -> Result<Option<Typed>, Failure> {
    if let Some(typed) = unlock.given()? {
        open_with(app, &typed)?;
        return Ok(Some(typed));
    }
    let has_keyring = match app.status() {
        Status::Locked(view) => view.has_keyring,
        // Opening says in the app's own words why it cannot be.
        _ => return app.unlock_with_keyring().map(|()| None).map_err(Failure::from),
    };
    if has_keyring {
        match app.unlock_with_keyring() {
            Ok(()) => return Ok(None),
            Err(failure) if !input::can_prompt() => return Err(Failure::from(failure).advise(no_terminal)),
            Err(failure) => tell(failure.detail),
        }
    }
    ask(app)?.map(Some).ok_or_else(|| self::no_terminal().advise(no_terminal))
}

/// How often a prompt asks for a passphrase before it gives up: a slip of the hand is no reason to begin again.
const TRIES: u32 = 3;

/// Opens the vault with a passphrase typed at a prompt; `None` where there is no terminal.
fn ask(app: &mut App) -> Result<Option<Typed>, Failure> {
    let mut tries = 1;
    loop {
        let Some(passphrase) = input::prompt("Passphrase: ")? else { return Ok(None) };
        match app.unlock_with_passphrase(&passphrase) {
            Ok(()) => return Ok(Some(Typed::Passphrase(passphrase))),
            Err(failure) if failure.kind == FailureKind::WrongPassphrase && tries < TRIES => {
                tell(format_args!("{}; try again", failure.detail));
                tries += 1;
            }
            Err(failure) => return Err(not_opened(app, failure)),
        }
    }
}

/// Opens the vault with what a person types, for what the keyring alone does not allow.
pub fn open_with_proof(app: &mut App, unlock: &Unlock) -> Result<Typed, Failure> {
    let typed = match unlock.given()? {
        Some(typed) => {
            open_with(app, &typed)?;
            typed
        }
        None => ask(app)?.ok_or_else(no_terminal)?,
    };
    copies::announce(app);
    Ok(typed)
}

impl Typed {
    /// The same as the use-cases take it.
    pub fn proof(&self) -> Proof {
        match self {
            Self::Passphrase(text) => {
                Proof { passphrase: Some(text.expose().to_owned()), recovery_key: None }
            }
            Self::RecoveryKey(text) => {
                Proof { passphrase: None, recovery_key: Some(text.expose().to_owned()) }
            }
        }
    }
}

const NO_TERMINAL: &str = "--password-stdin or --recovery-key-stdin reads it from standard input";

/// Opens the vault with what was typed, else with the keyring; nothing is asked for.
pub fn open_quietly(app: &mut App, typed: Option<&Typed>) -> Result<(), Failure> {
    match typed {
        Some(typed) => open_with(app, typed),
        None => app.unlock_with_keyring().map_err(Failure::from),
    }
}

fn open_with(app: &mut App, typed: &Typed) -> Result<(), Failure> {
    match typed {
        Typed::Passphrase(text) => app.unlock_with_passphrase(text),
        Typed::RecoveryKey(text) => app.unlock_with_recovery_key(text),
    }
    .map_err(|failure| not_opened(app, failure))
}

/// With the other way in, where there is one.
fn not_opened(app: &App, failure: keyhaven_app::view::Failure) -> Failure {
    let wrong = failure.kind == FailureKind::WrongPassphrase;
    match app.status() {
        Status::Locked(view) if wrong && view.has_recovery_key => {
            Failure::from(failure).advise("the recovery key opens the vault too: --recovery-key-stdin")
        }
        _ => failure.into(),
    }
}

/// Reads a vault file itself, for what concerns the file and not the accounts in it.
pub fn read(computer: &SystemHost, location: &Location) -> Result<LockedVault, Failure> {
    LockedVault::read(computer.files(), location)
        .map_err(|error| Failure::vault(format_args!("{}: {error}", location.file().display())))
}

/// What opens a whole file: what the arguments give, else the keyring (`None`) where there is a slot for it, else what
/// is typed at a prompt.
pub fn typed(locked: &LockedVault, unlock: &Unlock) -> Result<Option<Typed>, Failure> {
    if let Some(typed) = unlock.given()? {
        return Ok(Some(typed));
    }
    if locked.slots().iter().any(|slot| slot.kind == SlotKind::Keyring) {
        return Ok(None);
    }
    let passphrase = input::prompt("Passphrase: ")?;
    passphrase.map(|text| Some(Typed::Passphrase(text))).ok_or_else(no_terminal)
}

fn no_terminal() -> Failure {
    Failure::input("the vault is locked, and there is no terminal to ask for the passphrase")
        .advise(NO_TERMINAL)
}

/// Opens the recovery compartment too.
pub fn open_recovery(vault: &mut OpenVault, typed: &Typed) -> Result<(), Failure> {
    match typed {
        Typed::Passphrase(text) => vault.unlock_recovery(Credential::Passphrase(text)),
        Typed::RecoveryKey(text) => {
            vault.unlock_recovery(Credential::RecoveryKey(&RecoveryKey::parse(text).map_err(Failure::vault)?))
        }
    }
    .map_err(Failure::vault)
}

/// Opens a vault file as [`open`] does, for checking and merging whole files.
pub fn open_file(
    computer: &SystemHost,
    locked: &LockedVault,
    typed: &Option<Typed>,
) -> Result<OpenVault, Failure> {
    let result = match typed {
        Some(Typed::Passphrase(text)) => locked.unlock(Credential::Passphrase(text)),
        Some(Typed::RecoveryKey(text)) => {
            let key = RecoveryKey::parse(text).map_err(Failure::vault)?;
            locked.unlock(Credential::RecoveryKey(&key))
        }
        None => {
            let text = computer.keyring().read(&locked.id().to_string()).map_err(Failure::vault)?;
            let key = KeyringKey::from_text(&text).map_err(Failure::vault)?;
            locked.unlock(Credential::Keyring(&key))
        }
    };
    result.map_err(|error| Failure::vault(format_args!("{}: {error}", locked.location().file().display())))
}
