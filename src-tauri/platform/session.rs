//! Locks when the computer is suspended or its screen is locked, where the system tells.
//!
//! Linux tells over D-Bus. Windows and macOS tell only through calls that need unsafe code; there the idle clock,
//! which runs in wall-clock time, locks within half a minute of waking up.

use tauri::AppHandle;

/// Listens until the program ends.
#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) fn watch(app: &AppHandle) {
    linux::watch(app);
}

/// Nothing to listen to without unsafe code.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(crate) fn watch(_app: &AppHandle) {}

#[cfg(all(unix, not(target_os = "macos")))]
mod linux {
    use crate::state;
    use tauri::AppHandle;
    use zbus::blocking::{Connection, MessageIterator};
    use zbus::{MatchRule, Message};

    /// Whose signals mean "lock": interface, member, and what the signal's truth value must be, if it has one.
    const SYSTEM: &[(&str, &str, Option<bool>)] = &[
        ("org.freedesktop.login1.Manager", "PrepareForSleep", Some(true)),
        ("org.freedesktop.login1.Session", "Lock", None),
    ];
    const SESSION: &[(&str, &str, Option<bool>)] = &[
        ("org.freedesktop.ScreenSaver", "ActiveChanged", Some(true)),
        ("org.gnome.ScreenSaver", "ActiveChanged", Some(true)),
        ("org.cinnamon.ScreenSaver", "ActiveChanged", Some(true)),
        ("org.mate.ScreenSaver", "ActiveChanged", Some(true)),
    ];

    pub(super) fn watch(app: &AppHandle) {
        for (bus, signals) in
            [(Connection::system as fn() -> _, SYSTEM), (Connection::session as fn() -> _, SESSION)]
        {
            for signal in signals {
                let app = app.clone();
                // A computer without this bus or without threads to spare just does not tell.
                let _ = std::thread::Builder::new()
                    .name("lock-signal".into())
                    .spawn(move || listen(&app, bus, *signal));
            }
        }
    }

    fn listen(
        app: &AppHandle,
        bus: fn() -> zbus::Result<Connection>,
        signal: (&str, &str, Option<bool>),
    ) -> Option<()> {
        let (interface, member, wanted) = signal;
        let connection = bus().ok()?;
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface(interface)
            .ok()?
            .member(member)
            .ok()?
            .build();
        for message in MessageIterator::for_match_rule(rule, &connection, None).ok()?.flatten() {
            if wanted.is_none_or(|wanted| truth(&message) == Some(wanted)) {
                state::lock(app);
            }
        }
        None
    }

    fn truth(message: &Message) -> Option<bool> {
        message.body().deserialize::<bool>().ok()
    }
}
