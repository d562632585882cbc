//! A private D-Bus session: a daemon of its own, with no services to start and no machine-wide settings.

use super::process::Program;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The running bus.
pub(crate) struct SessionBus {
    _daemon: Program,
    /// For `DBUS_SESSION_BUS_ADDRESS`.
    pub(crate) address: String,
}

impl SessionBus {
    /// Starts it with its socket in `folder`.
    pub(crate) fn start(folder: &Path, log: &Path) -> Self {
        let settings = folder.join("session-bus.conf");
        let text = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
            folder.display()
        );
        fs::write(&settings, text).unwrap_or_else(|e| panic!("{}: {e}", settings.display()));
        let mut command = Command::new("dbus-daemon");
        command.arg("--config-file").arg(&settings).args(["--nofork", "--print-address=1"]);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let mut daemon = Program::start(&command, log);
        let address = daemon.first_line();
        assert!(!address.is_empty(), "dbus-daemon printed no address; its words are in {}", log.display());
        Self { _daemon: daemon, address }
    }

    /// Calls a method and waits for the answer (`dbus-send --print-reply`).
    pub(crate) fn call(&self, destination: &str, path: &str, method: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new("dbus-send");
        command
            .args(["--session", "--print-reply", &format!("--dest={destination}"), path, method])
            .args(arguments);
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command.output().unwrap_or_else(|e| panic!("dbus-send: {e}"))
    }

    /// Tells everybody something.
    pub(crate) fn signal(&self, path: &str, member: &str, arguments: &[&str]) {
        let mut command = Command::new("dbus-send");
        command.arg(format!("--bus={}", self.address)).args(["--type=signal", path, member]).args(arguments);
        let sent = command.status().unwrap_or_else(|e| panic!("dbus-send: {e}"));
        assert!(sent.success(), "dbus-send {member}: {sent}");
    }

    /// Whether somebody on the bus has this well-known name.
    pub(crate) fn has_owner(&self, name: &str) -> bool {
        let method = "org.freedesktop.DBus.NameHasOwner";
        let answer =
            self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", method, &[&format!("string:{name}")]);
        String::from_utf8_lossy(&answer.stdout).contains("boolean true")
    }
}
