//! Locks when the computer is suspended or its screen is locked, where the system tells.
//!
//! Linux tells over D-Bus. Windows and macOS tell only through calls that need unsafe code; there `idle.rs` notices a
//! sleep within half a minute of waking up, and their screen lock is not heard.

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
    use zbus::zvariant::OwnedFd;
    use zbus::{MatchRule, Message};

    const MANAGER: &str = "org.freedesktop.login1.Manager";
    const SCREEN_SAVERS: &[&str] = &[
        "org.freedesktop.ScreenSaver",
        "org.gnome.ScreenSaver",
        "org.cinnamon.ScreenSaver",
        "org.mate.ScreenSaver",
        "org.xfce.ScreenSaver",
    ];

    pub(super) fn watch(app: &AppHandle) {
        spawn(app, sleep);
        spawn(app, session_lock);
        for &interface in SCREEN_SAVERS {
            spawn(app, move |app| screen_saver(app, interface));
        }
    }

    /// A computer without the bus or without threads to spare just does not tell.
    fn spawn(app: &AppHandle, listen: impl FnOnce(&AppHandle) -> zbus::Result<()> + Send + 'static) {
        let app = app.clone();
        let _ = std::thread::Builder::new().name("lock-signal".into()).spawn(move || listen(&app));
    }

    /// The computer goes to sleep. Holding a delay, it waits until the vault is locked (a moment; at most
    /// `InhibitDelayMaxSec`, 5 s by default): no key lies in memory while nobody is there.
    fn sleep(app: &AppHandle) -> zbus::Result<()> {
        let connection = Connection::system()?;
        let messages = signals(&connection, MANAGER, "PrepareForSleep")?;
        let mut delay = delay_sleep(&connection);
        for message in messages.flatten() {
            if truth(&message) == Some(true) {
                state::lock(app);
                drop(delay.take());
            } else if delay.is_none() {
                delay = delay_sleep(&connection);
            }
        }
        Ok(())
    }

    /// Sleep waits for as long as this is held (systemd's inhibitor locks); `None` where nobody grants it.
    fn delay_sleep(connection: &Connection) -> Option<OwnedFd> {
        let arguments = ("sleep", "Keyhaven", "locks the vault", "delay");
        let path = "/org/freedesktop/login1";
        let answer = connection.call_method(
            Some("org.freedesktop.login1"),
            path,
            Some(MANAGER),
            "Inhibit",
            &arguments,
        );
        answer.ok()?.body().deserialize().ok()
    }

    /// `loginctl lock-session`, which desktops also use for their own screen lock.
    fn session_lock(app: &AppHandle) -> zbus::Result<()> {
        let connection = Connection::system()?;
        for _ in signals(&connection, "org.freedesktop.login1.Session", "Lock")?.flatten() {
            state::lock(app);
        }
        Ok(())
    }

    /// A desktop's screen saver came up.
    fn screen_saver(app: &AppHandle, interface: &str) -> zbus::Result<()> {
        let connection = Connection::session()?;
        for message in signals(&connection, interface, "ActiveChanged")?.flatten() {
            if truth(&message) == Some(true) {
                state::lock(app);
            }
        }
        Ok(())
    }

    fn signals(connection: &Connection, interface: &str, member: &str) -> zbus::Result<MessageIterator> {
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .interface(interface.to_owned())?
            .member(member.to_owned())?
            .build();
        MessageIterator::for_match_rule(rule, connection, None)
    }

    fn truth(message: &Message) -> Option<bool> {
        message.body().deserialize::<bool>().ok()
    }
}
