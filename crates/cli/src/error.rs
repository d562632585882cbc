//! Exit codes, and errors in two parts: what went wrong and where, then what to do about it.

use keyhaven_app::view::{self, FailureKind};
use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// What a command that worked found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Exit code 0.
    Yes,
    /// Exit code 1: a wrong code, nothing found.
    No,
}

impl Answer {
    pub fn yes_if(condition: bool) -> Self {
        if condition { Self::Yes } else { Self::No }
    }
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => Self::SUCCESS,
            Answer::No => Self::from(1),
        }
    }
}

/// Why a command did not work. The words never hold a secret: they come from errors that hold none.
#[derive(Debug)]
pub enum Failure {
    /// Exit code 1: what was asked for is not there.
    Nothing(Words),
    /// Exit code 2: bad input or use.
    Input(Words),
    /// Exit code 3: trouble with the vault or the keyring.
    Vault(Words),
    /// Exit code 2: bad input among good, told where it was met.
    Told,
    /// Whoever read the output stopped reading; there is nobody to tell.
    OutputClosed,
}

/// What and where, and what to do about it.
#[derive(Debug)]
pub struct Words {
    what: String,
    advice: Option<String>,
}

impl Words {
    fn new(what: impl Display) -> Self {
        Self { what: what.to_string(), advice: None }
    }
}

impl Failure {
    pub fn nothing(what: impl Display) -> Self {
        Self::Nothing(Words::new(what))
    }

    pub fn input(what: impl Display) -> Self {
        Self::Input(Words::new(what))
    }

    pub fn vault(what: impl Display) -> Self {
        Self::Vault(Words::new(what))
    }

    /// Adds a line about what to do.
    pub fn advise(mut self, advice: impl Display) -> Self {
        if let Self::Nothing(words) | Self::Input(words) | Self::Vault(words) = &mut self {
            words.advice = Some(advice.to_string());
        }
        self
    }

    /// Of output that is given only once: that it did not arrive is a failure even where the reader went away. `deed`
    /// says what stands all the same, and how to have it again.
    pub fn lost(self, deed: impl Display) -> Self {
        match self {
            Self::OutputClosed => Self::input("standard output was closed before it was read"),
            other => other,
        }
        .advise(deed)
    }

    /// Tells it on standard error and chooses the exit code.
    pub fn report(self) -> ExitCode {
        let (code, words) = match self {
            Self::Nothing(words) => (1, words),
            Self::Input(words) => (2, words),
            Self::Vault(words) => (3, words),
            Self::Told => return ExitCode::from(2),
            Self::OutputClosed => return ExitCode::SUCCESS,
        };
        tell(&words.what);
        if let Some(advice) = words.advice {
            let _ = writeln!(io::stderr(), "  {advice}");
        }
        ExitCode::from(code)
    }
}

/// One line on standard error under the program's name. A standard error that is closed is nobody's trouble.
pub fn tell(what: impl Display) {
    let _ = writeln!(io::stderr(), "keyhaven: {what}");
}

impl Failure {
    /// About a file that was named, not about the vault: says which, and how the vault stands.
    pub fn about(file: &Path, failure: view::Failure) -> Self {
        use FailureKind as Kind;
        let name = file.display().to_string();
        let view::Failure { kind, detail } = failure;
        let what = if detail.contains(&name) { detail } else { format!("{name}: {detail}") };
        match kind {
            Kind::NoVault | Kind::DamagedVault | Kind::VaultUnreachable => {
                Self::vault(what).advise("this is about the file that was named; nothing was changed")
            }
            Kind::WrongPassphrase => Self::vault(what).advise(
                "a copy opens with what opened the vault when it was saved: --password-stdin, or --recovery-key-stdin",
            ),
            kind => Self::from(view::Failure { kind, detail: what }),
        }
    }
}

/// From writing to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::input(format_args!("standard output: {error}")),
        }
    }
}

/// From a use-case: its words, its exit code, and what to do about it.
impl From<view::Failure> for Failure {
    fn from(failure: view::Failure) -> Self {
        use FailureKind as Kind;
        let what = failure.detail;
        match failure.kind {
            Kind::NoSuchAccount | Kind::NoSuchSet => Self::nothing(what),
            Kind::BadInput | Kind::WeakPassphrase | Kind::KitMismatch => Self::input(what),
            Kind::NoVault => Self::vault(what)
                .advise("keyhaven vault init makes one, keyhaven vault restore FILE brings a backup back"),
            Kind::Keyring => Self::vault(what).advise("the passphrase opens the vault too: --password-stdin"),
            Kind::DamagedVault => Self::vault(what)
                .advise("nothing was changed; keyhaven vault restore --list shows earlier states, and keyhaven vault restore FILE puts a backup in the place of a vault that cannot be read"),
            Kind::VaultUnreachable => Self::vault(what).advise(
                "nothing was changed, its folder may not be there yet; keyhaven vault restore --list shows earlier states",
            ),
            Kind::VaultExists => Self::vault(what)
                .advise("keyhaven vault merge FILE does that; KEYHAVEN_HOME names another folder for a vault"),
            Kind::NewerVault => Self::vault(what).advise("nothing was changed; use the newer Keyhaven"),
            _ => Self::vault(what),
        }
    }
}
