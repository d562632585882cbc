//! A real Secret Service: gnome-keyring with a collection that a known password opens.

use super::process::Program;
use super::session_bus::SessionBus;
use super::{PATIENCE, poll};
use std::path::Path;
use std::process::Command;

const SERVICE: &str = "org.freedesktop.secrets";
const COLLECTION: &str = "/org/freedesktop/secrets/collection/login";
/// What it is called.
pub(crate) const NAME: &str = "gnome-keyring-daemon";
const PASSWORD: &str = "the keyring's own password";

/// The running service.
pub(crate) struct Keyring {
    _daemon: Program,
}

impl Keyring {
    /// Starts it under this program's name, its collection open. `environment` is that of the app: both must see one bus
    /// and one home.
    pub(crate) fn start(
        name: &str,
        environment: &[(String, String)],
        folder: &Path,
        bus: &SessionBus,
        log: &Path,
    ) -> Self {
        // Debian gives the program a file capability (locked memory), and where a container does not have that
        // one to give, it cannot even be started (execve(2), EPERM). A copy has none and runs everywhere.
        let copy = folder.join(name);
        if !copy.exists() {
            let installed = "/usr/bin/gnome-keyring-daemon";
            // By a program of its own: were it written here, whatever another story starts meanwhile would hold it
            // open for writing for a moment, and what is open for writing cannot be run (execve(2), ETXTBSY).
            let copied = Command::new("cp").arg("--").arg(installed).arg(&copy).status();
            assert!(
                copied.is_ok_and(|status| status.success()),
                "{installed} was not copied: `cargo xtask setup` installs it"
            );
        }
        let mut command = Command::new(&copy);
        command.args(["--foreground", "--unlock", "--components=secrets"]);
        command.envs(environment.iter().map(|(key, value)| (key, value)));
        let mut daemon = Program::start(&command, log);
        daemon.feed(PASSWORD);
        let open = poll(PATIENCE, || (bus.has_owner(SERVICE) && is_locked(bus) == Some(false)).then_some(()));
        assert!(open.is_some(), "the keyring did not open; its words are in {}", log.display());
        Self { _daemon: daemon }
    }

    /// Locks the collection, as a screen lock of the desktop does.
    pub(crate) fn lock(&self, bus: &SessionBus) {
        let method = "org.freedesktop.Secret.Service.Lock";
        bus.call(SERVICE, "/org/freedesktop/secrets", method, &[&format!("array:objpath:{COLLECTION}")]);
        let locked = poll(PATIENCE, || is_locked(bus).filter(|locked| *locked));
        assert!(locked.is_some(), "the keyring did not lock");
    }
}

fn is_locked(bus: &SessionBus) -> Option<bool> {
    let arguments = ["string:org.freedesktop.Secret.Collection", "string:Locked"];
    let answer = bus.call(SERVICE, COLLECTION, "org.freedesktop.DBus.Properties.Get", &arguments);
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    if text.contains("boolean true") {
        Some(true)
    } else if text.contains("boolean false") {
        Some(false)
    } else {
        None
    }
}
