//! One story's world: folders, display, bus, keyring, driver, and the way into the app.

use super::display::Display;
use super::keyring::{self, Keyring};
use super::process::Program;
use super::session_bus::SessionBus;
use super::webdriver::{Session, free_port, wait_ready};
use super::window::Window;
use super::{PATIENCE, drop_source, poll};
use crate::{app_binary, root};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;
use tempfile::TempDir;

/// Everything that the app sees of a computer. Fields are dropped in this order: the app before its display.
pub struct World {
    driver: Option<(Program, u16)>,
    keyring: Option<Keyring>,
    bus: SessionBus,
    /// Stands for the machine's own bus, whose sleep and screen lock are no business of a story's.
    system_bus: SessionBus,
    display: Display,
    folder: TempDir,
    vault: PathBuf,
    variables: Vec<(String, String)>,
    /// Where this story's pictures and logs go.
    pub(crate) results: PathBuf,
    /// The story's name, with which its files begin.
    pub(crate) name: String,
}

impl World {
    /// A world with an open keyring, named after the story that happens in it.
    ///
    /// # Panics
    /// When a program is missing or does not start; the message names it.
    pub fn new(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("keyhaven-story-").tempdir();
        let folder = folder.unwrap_or_else(|e| panic!("a folder for the story: {e}"));
        let results = target().join("stories");
        let folders = ["home", "config", "data", "cache", "state", "runtime", "vault", "system"];
        let folders = folders.map(|f| folder.path().join(f));
        for path in folders.iter().chain([&results]) {
            fs::create_dir_all(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        }
        // XDG Base Directory specification: the runtime folder is its owner's alone, else programs refuse it.
        let private = fs::set_permissions(folder.path().join("runtime"), fs::Permissions::from_mode(0o700));
        private.unwrap_or_else(|e| panic!("the runtime folder: {e}"));
        let log = results.join(format!("{name}.log"));
        drop(fs::remove_file(&log));
        let display = Display::start(folder.path(), &log);
        let bus = SessionBus::start(&folder.path().join("runtime"), &log);
        let system_bus = SessionBus::start(&folder.path().join("system"), &log);
        let name = name.to_owned();
        let (vault, variables) = (folder.path().join("vault"), Vec::new());
        let mut world = Self {
            driver: None,
            keyring: None,
            bus,
            system_bus,
            display,
            folder,
            vault,
            variables,
            results,
            name,
        };
        world.start_keyring();
        world
    }

    /// Starts the app with `arguments` and waits until its page has been drawn.
    ///
    /// # Panics
    /// When the window does not open.
    pub fn open(&mut self, arguments: &[&str]) -> Window<'_> {
        self.open_binary(&app_binary(), arguments)
    }

    /// The same with another build of the app (the figures want the release build).
    ///
    /// # Panics
    /// When the window does not open.
    pub fn open_binary(&mut self, binary: &Path, arguments: &[&str]) -> Window<'_> {
        assert!(binary.is_file(), "{}: `cargo xtask test` builds it", binary.display());
        // A driver serves one app; a fresh one forgets everything about the last.
        self.driver = None;
        let port = free_port();
        let mut command = Command::new("WebKitWebDriver");
        command.arg(format!("--port={port}")).arg("--host=127.0.0.1");
        command
            .envs(self.environment())
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true");
        let mut driver = Program::start(&command, &self.log());
        assert!(
            wait_ready(port),
            "WebKitWebDriver does not answer; its words are in {}",
            self.log().display()
        );
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let session = Session::open(port, binary, &arguments);
        let ended = driver.has_ended();
        let group = driver.group();
        self.driver = Some((driver, port));
        let session = session.unwrap_or_else(|e| {
            panic!("the window does not open (driver ended: {ended}): {e}; see {}", self.log().display())
        });
        Window::new(self, session, group, binary.to_owned())
    }

    /// What the display shows, as a PNG.
    pub(crate) fn display_picture(&self) -> Result<Vec<u8>, String> {
        self.display.picture()
    }

    /// Locks the keyring, as the desktop does when the session is locked.
    pub fn lock_keyring(&self) {
        if let Some(keyring) = &self.keyring {
            keyring.lock(&self.bus);
        }
    }

    /// Ends the Secret Service: nobody on the bus has its name any more.
    pub fn stop_keyring(&mut self) {
        self.keyring = None;
        let gone = poll(PATIENCE, || (!self.bus.has_owner("org.freedesktop.secrets")).then_some(()));
        assert!(gone.is_some(), "the keyring's name is still taken");
    }

    /// Starts the Secret Service again, open; what it kept is still there.
    pub fn start_keyring(&mut self) {
        self.keyring = None;
        let (environment, folder) = (self.environment(), self.folder.path());
        self.keyring = Some(Keyring::start(keyring::NAME, &environment, folder, &self.bus, &self.log()));
    }

    /// Starts another program's Secret Service in its place, with entries of its own: the same daemon under another name
    /// and with another home.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_other_keyring(&mut self, name: &str) {
        self.stop_keyring();
        let home = self.folder.path().join(name).with_extension("home");
        fs::create_dir_all(&home).unwrap_or_else(|e| panic!("{}: {e}", home.display()));
        let mut environment = self.environment();
        for (key, value) in &mut environment {
            if ["HOME", "XDG_DATA_HOME"].contains(&key.as_str()) {
                *value = home.to_string_lossy().into_owned();
            }
        }
        self.keyring = Some(Keyring::start(name, &environment, self.folder.path(), &self.bus, &self.log()));
    }

    /// Uses another world's vault, as a second person's session on one computer, or a share, would.
    pub fn use_vault_of(&mut self, other: &Self) {
        self.vault = other.vault_home();
    }

    /// Sets one variable of the app's environment from now on.
    pub fn set_variable(&mut self, key: &str, value: &str) {
        self.variables.push((key.to_owned(), value.to_owned()));
    }

    /// Tells the whole system something, as its login manager does (`dbus-send --type=signal`).
    pub fn signal_on_system_bus(&self, path: &str, member: &str, arguments: &[&str]) {
        self.system_bus.signal(path, member, arguments);
    }

    /// Tells the whole session something, as its desktop does.
    pub fn signal_on_session_bus(&self, path: &str, member: &str, arguments: &[&str]) {
        self.bus.signal(path, member, arguments);
    }

    /// The address of the session's bus.
    pub fn session_bus(&self) -> &str {
        &self.bus.address
    }

    /// The address of the bus that stands for the system's.
    pub fn system_bus(&self) -> &str {
        &self.system_bus.address
    }

    /// Starts the app with `arguments` beside the one that runs, and waits for it to end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn start_again(&self, arguments: &[&str]) -> ExitStatus {
        let mut command = Command::new(app_binary());
        command.args(arguments).env_clear().envs(self.environment());
        let mut child = command.spawn().unwrap_or_else(|e| panic!("the app does not start: {e}"));
        let ended = poll(PATIENCE, || child.try_wait().ok().flatten());
        ended.unwrap_or_else(|| {
            drop(child.kill());
            panic!("the second app goes on beside the first")
        })
    }

    /// Types and presses keys from outside (`xdotool`), where no driver reaches: in the system's own dialogs.
    /// Answers what it printed.
    ///
    /// # Panics
    /// When xdotool is missing.
    pub fn xdotool(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("xdotool");
        command.args(arguments).envs(self.environment());
        let output =
            command.output().unwrap_or_else(|e| panic!("xdotool: {e}: `cargo xtask setup` installs it"));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Chooses a file in the system's dialog with this title, as a person does who knows its path.
    ///
    /// # Panics
    /// When there is no such dialog in time, or it stays.
    pub fn choose_in_dialog(&self, title: &str, file: &Path) {
        let find = || self.xdotool(&["search", "--onlyvisible", "--name", title]);
        let window = poll(PATIENCE, || Some(find()).filter(|id| !id.is_empty()));
        let window = window.unwrap_or_else(|| panic!("there is no dialog {title:?}"));
        let gone = poll(PATIENCE, || {
            // Without a window manager nobody else gives it the keyboard.
            self.xdotool(&["windowfocus", "--sync", &window]);
            // GTK's file chooser opens its line for a path (Ctrl L); while it does, it swallows keys.
            self.xdotool(&["key", "ctrl+l"]);
            std::thread::sleep(Duration::from_millis(800));
            self.xdotool(&["key", "ctrl+a"]);
            self.xdotool(&["type", "--delay", "40", &file.to_string_lossy()]);
            std::thread::sleep(Duration::from_millis(300));
            self.xdotool(&["key", "Return"]);
            poll(Duration::from_secs(2), || find().is_empty().then_some(()))
        });
        assert!(gone.is_some(), "the dialog {title:?} stays");
    }

    /// Shows a picture in another program's window, until the answer is dropped.
    ///
    /// # Panics
    /// When feh is missing or shows nothing in time.
    pub fn show_picture(&self, picture: &Path) -> Shown {
        let mut command = Command::new("feh");
        command.args(["--borderless", "--geometry", "560x560+420+160"]).arg(picture).envs(self.environment());
        let shown = Shown(Program::start(&command, &self.log()));
        let visible = || self.xdotool(&["search", "--onlyvisible", "--class", "feh"]);
        let there = poll(PATIENCE, || Some(visible()).filter(|id| !id.is_empty()));
        assert!(there.is_some(), "feh shows nothing: `cargo xtask setup` installs it");
        shown
    }

    /// Closes the app's window, as its close button does.
    pub(crate) fn close_window(&self) {
        drop_source::close(&self.display);
    }

    /// Drags files over the app's window and lets go.
    pub fn drop_files(&self, files: &[&Path]) {
        drop_source::drop_files(&self.display, files);
    }

    /// Takes the app's window off the screen.
    pub(crate) fn hide_window(&self) {
        drop_source::hide(&self.display);
    }

    /// The folder that the app keeps its vault in (`KEYHAVEN_HOME`).
    pub fn vault_home(&self) -> PathBuf {
        self.vault.clone()
    }

    /// A folder for this story's own files.
    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The folder of a camera before which a story holds pictures ([`super::frames`]); it is plugged in when it is there.
    pub fn camera(&self, name: &str) -> PathBuf {
        self.folder.path().join("cameras").join(name)
    }

    /// Holds a picture before a camera from now on, which is plugged in when it was not.
    ///
    /// # Panics
    /// When the picture cannot be written.
    pub fn hold_before(&self, camera: &str, luma: &[u8]) {
        let folder = self.camera(camera);
        // A whole picture or none: the camera looks at any moment.
        let written = fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.with_extension("next"), super::frames::bmp(luma)))
            .and_then(|()| fs::rename(folder.with_extension("next"), folder.join("now.bmp")));
        written.unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    }

    /// Whether a camera's light is on.
    pub fn is_camera_on(&self, name: &str) -> bool {
        self.camera(name).with_extension("on").exists()
    }

    /// Where this story's programs write their complaints.
    pub fn log(&self) -> PathBuf {
        self.results.join(format!("{}.log", self.name))
    }

    /// All that the app's environment holds; nothing of this test program's own comes in beside the search path.
    pub fn environment(&self) -> Vec<(String, String)> {
        let path = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        let pairs = [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            ("HOME", path("home")),
            ("XDG_CONFIG_HOME", path("config")),
            ("XDG_DATA_HOME", path("data")),
            ("XDG_CACHE_HOME", path("cache")),
            ("XDG_STATE_HOME", path("state")),
            ("XDG_RUNTIME_DIR", path("runtime")),
            ("KEYHAVEN_HOME", self.vault.to_string_lossy().into_owned()),
            ("KEYHAVEN_CAMERA_FRAMES", path("cameras")),
            ("DISPLAY", self.display.name.clone()),
            ("XAUTHORITY", self.display.authority.to_string_lossy().into_owned()),
            ("DBUS_SESSION_BUS_ADDRESS", self.bus.address.clone()),
            ("DBUS_SYSTEM_BUS_ADDRESS", self.system_bus.address.clone()),
            ("GDK_BACKEND", "x11".into()),
            ("GSETTINGS_BACKEND", "memory".into()),
            ("GIO_USE_VFS", "local".into()),
            ("NO_AT_BRIDGE", "1".into()),
            // There is no graphics card here.
            ("LIBGL_ALWAYS_SOFTWARE", "1".into()),
            ("WEBKIT_DISABLE_DMABUF_RENDERER", "1".into()),
            ("LANG", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
        ];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value));
        pairs.into_iter().chain(self.variables.iter().cloned()).collect()
    }
}

/// Another program's window with a picture in it; it closes when this is dropped.
pub struct Shown(#[expect(dead_code, reason = "held, not looked at")] Program);

/// Cargo's target folder, from where this test program runs.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}
