//! A picture of the screen from the desktop's portal, as under Wayland, for a program that nobody may look into.

use super::terminal::Terminal;
use super::*;
use keyhaven_tests::program;
use std::collections::HashMap;
use std::process::{Command, Output};
use std::sync::Mutex;
use zbus::blocking::connection;
use zbus::message::Header;
use zbus::zvariant::{OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, fdo};

const DESKTOP: &str = "/org/freedesktop/portal/desktop";

/// Stands where a desktop's portal would, and refuses whom it cannot look into, as those do.
struct Portal {
    /// What the person says: 0 yes, 1 no.
    says: u32,
    picture: PathBuf,
    /// The process that asked last.
    asked_by: Mutex<Option<u32>>,
}

#[zbus::interface(name = "org.freedesktop.portal.Screenshot")]
impl Portal {
    async fn screenshot(
        &self,
        _parent: String,
        options: HashMap<String, OwnedValue>,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] bus: &Connection,
    ) -> fdo::Result<OwnedObjectPath> {
        let sender = header.sender().expect("a sender").to_owned();
        let process =
            fdo::DBusProxy::new(bus).await?.get_connection_unix_process_id(sender.clone().into()).await?;
        *self.asked_by.lock().expect("who asked") = Some(process);
        if !may_be_looked_into(process) {
            return Err(fdo::Error::AccessDenied(format!("Unable to open /proc/{process}/root")));
        }
        let token = options["handle_token"].downcast_ref::<String>().expect("a token");
        let caller = sender.trim_start_matches(':').replace('.', "_");
        let request =
            OwnedObjectPath::try_from(format!("{DESKTOP}/request/{caller}/{token}")).expect("a path");
        let uri = format!("file://{}", self.picture.display());
        let results = HashMap::from([("uri", Value::from(uri))]);
        let response = (self.says, results);
        bus.emit_signal(
            Some(sender.as_str()),
            &request,
            "org.freedesktop.portal.Request",
            "Response",
            &response,
        )
        .await?;
        Ok(request)
    }
}

/// A program without the administrator's privileges, with which nothing here would be refused.
fn unprivileged(program: &std::path::Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all"]).arg(program);
    command
}

/// Whether another process of the same person sees this one's root folder.
fn may_be_looked_into(process: u32) -> bool {
    let look = unprivileged("test".as_ref()).args(["-d", &format!("/proc/{process}/root")]).status();
    look.expect("setpriv, of util-linux").success()
}

/// `keyhaven add --screen` under Wayland.
fn add_screen(world: &World, protect: bool) -> Output {
    let mut command = unprivileged(&program("keyhaven"));
    command.args(["add", "--screen", "--json"]).env_clear().envs(world.environment());
    command.env_remove("DISPLAY").env("WAYLAND_DISPLAY", "wayland-0");
    if protect {
        command.env("KEYHAVEN_PROTECT", "1");
    }
    command.output().expect("keyhaven")
}

#[test]
fn a_screen_seen_through_a_portal_is_read_by_a_program_that_nobody_may_look_into() {
    let world = World::new("portal");
    let made = Terminal::run(&world, "vault init --keyring")
        .answer("New passphrase: ", PASSPHRASE)
        .answer("The same again: ", PASSPHRASE)
        .end();
    assert_eq!(made.0, 0, "{}", made.1);
    let picture = world.home().join("Screen shot.png");
    let draw = |uri: &str| {
        let drawn = Command::new(program("keyhaven"))
            .args(["qr", "write", uri, "--force", "-o"])
            .arg(&picture)
            .output();
        assert!(drawn.expect("keyhaven").status.success());
    };
    let serve = |says| {
        let portal = Portal { says, picture: picture.clone(), asked_by: Mutex::new(None) };
        connection::Builder::address(world.session_bus())
            .and_then(|bus| bus.serve_at(DESKTOP, portal))
            .and_then(|bus| bus.name("org.freedesktop.portal.Desktop"))
            .and_then(connection::Builder::build)
            .expect("a portal on the session's bus")
    };
    let bus = serve(0);
    for (issuer, protect) in [("Open", false), ("Kept", true)] {
        draw(&format!("otpauth://totp/{issuer}:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer={issuer}"));
        let added = add_screen(&world, protect);
        let (out, err) = (String::from_utf8_lossy(&added.stdout), String::from_utf8_lossy(&added.stderr));
        assert!(added.status.success() && out.contains(issuer), "{issuer}: {out}{err}");
        assert!(!picture.exists(), "a picture of the screen stays nowhere");
        let portal = bus.object_server().interface::<_, Portal>(DESKTOP).expect("its object");
        assert!(portal.get().asked_by.lock().expect("who asked").take().is_some());
    }
    drop(bus);
    // What the person says to the portal is passed on.
    let bus = serve(1);
    let refused = add_screen(&world, true);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("refused"));
    drop(bus);
    let nobody = add_screen(&world, true);
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("no screen that can be looked at"));
}
