//! The app among the desktop's other parts: sleep, screen lock, tray, the system's dialogs, a second start.

use super::*;
use std::io::{PipeReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use zbus::blocking::{Connection, Proxy, connection};
use zbus::message::Header;
use zbus::zvariant::{OwnedFd, OwnedValue, Value};

const LOGIN: &str = "/org/freedesktop/login1";

/// The login manager's side of sleep: hands out delays and sees when they are given back.
struct LoginManager(Mutex<Vec<PipeReader>>);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl LoginManager {
    fn inhibit(&self, what: &str, _who: &str, _why: &str, mode: &str) -> OwnedFd {
        assert_eq!((what, mode), ("sleep", "delay"));
        let (reader, writer) = std::io::pipe().expect("a pipe");
        self.0.lock().expect("the list of delays").push(reader);
        std::os::fd::OwnedFd::from(writer).into()
    }
}

#[test]
fn going_to_sleep_waits_until_the_vault_is_locked() {
    let mut world = world_with_account("sleep");
    let login = connection::Builder::address(world.system_bus())
        .and_then(|bus| bus.serve_at(LOGIN, LoginManager(Mutex::new(Vec::new()))))
        .and_then(|bus| bus.name("org.freedesktop.login1"))
        .and_then(connection::Builder::build)
        .expect("a login manager");
    let manager = login.object_server().interface::<_, LoginManager>(LOGIN).expect("its object");
    let delays = || std::mem::take(&mut *manager.get().0.lock().expect("the list of delays"));
    let window = world.open(&[]);
    window.wait_for_code();
    let mut delay = delays().pop().expect("sleep waits for the app");
    // Waking up alone is no reason.
    let sleep = "org.freedesktop.login1.Manager.PrepareForSleep";
    window.world.signal_on_system_bus(LOGIN, sleep, &["boolean:false"]);
    window.world.signal_on_system_bus(LOGIN, sleep, &["boolean:true"]);
    // The delay is given back only when the vault is locked.
    delay.read_to_end(&mut Vec::new()).expect("the end of the delay");
    match window.find_in_memory(|process| process.is_app(), &secrets()) {
        Ok(found) => assert!(found.is_empty(), "\n  {}", found.join("\n  ")),
        Err(why) => println!("skipped: this machine does not show other processes' memory: {why}"),
    }
    window.wait_for_named("unlock");
    window.world.signal_on_system_bus(LOGIN, sleep, &["boolean:false"]);
    window.wait_until("the next sleep waits too", || !delays().is_empty());
}

#[test]
fn the_screen_lock_locks() {
    let mut world = world_with_account("screen-lock");
    let window = world.open(&[]);
    window.wait_for_code();
    let saver = ("/org/freedesktop/ScreenSaver", "org.freedesktop.ScreenSaver.ActiveChanged");
    window.world.signal_on_session_bus(saver.0, saver.1, &["boolean:false"]);
    assert!(window.is_visible(&element("code")));
    window.world.signal_on_session_bus(saver.0, saver.1, &["boolean:true"]);
    window.wait_for_named("unlock");
    window.unlock(PASSPHRASE);
    window.wait_for_code();
    let session = ("/org/freedesktop/login1/session/_31", "org.freedesktop.login1.Session.Lock");
    window.world.signal_on_system_bus(session.0, session.1, &[]);
    window.wait_for_named("unlock");
}

#[test]
fn a_second_start_brings_the_first_window() {
    let mut world = world_with_account("second-start");
    let window = world.open(&[]);
    window.wait_for_code();
    window.hide();
    let ended = window.world.start_again(&[]);
    assert!(ended.success(), "{ended}");
    window.wait_until("the first window is back", || {
        window.script("return document.visibilityState", &[]) == "visible"
    });
    window.assert_code_is_true(&SAMPLE);
}

#[test]
fn the_window_keeps_its_size() {
    let mut world = world_with_account("window-size");
    let size = |window: &Window<'_>| {
        let size = window.script("return [innerWidth, innerHeight]", &[]);
        (size[0].as_u64().unwrap_or(0), size[1].as_u64().unwrap_or(0))
    };
    let window = world.open(&[]);
    window.wait_for_code();
    assert_ne!(size(&window), (900, 610));
    let id = window.world.xdotool(&["search", "--onlyvisible", "--name", "^Keyhaven$"]);
    window.world.xdotool(&["windowsize", "--sync", &id, "900", "610"]);
    window.wait_until("the window is smaller", || size(&window) == (900, 610));
    window.screenshot("small-window");
    window.close_by_button();
    let window = world.open(&[]);
    window.wait_for_code();
    window.wait_until("the window is as it was", || size(&window) == (900, 610));
}

#[test]
fn a_file_dropped_on_a_locked_window_is_not_read_and_says_so() {
    let mut world = world_with_account("drop-locked");
    let window = world.open(&[]);
    window.wait_for_code();
    window.lock();
    let picture = SAMPLE.picture(window.world);
    window.drop_files(&[&picture]);
    window.wait_until("the page says what to do", || {
        window.texts(&element("toast")).iter().any(|text| text.contains("Unlock Keyhaven first"))
    });
    window.screenshot("drop-locked");
    window.unlock(PASSPHRASE);
    window.wait_for_code();
    assert!(!window.is_visible(&element("offer-item")));
}

#[test]
fn a_backup_is_restored_as_a_copy_and_a_vault_is_used_where_it_is() {
    let mut first = world_with_account("vault-elsewhere");
    let vault = first.vault_home().join("vault.keyhaven");
    first.stop_keyring();

    let mut second = World::new("restore");
    let backup = second.home().join("backup of may.keyhaven");
    std::fs::copy(&vault, &backup).expect("a backup");
    let before = std::fs::read(&backup).expect("the backup");
    let window = second.open(&[]);
    window.click_named("restore");
    window.world.choose_in_dialog("Choose a vault or a backup", &backup);
    window.wait_for_named("chosen");
    window.screenshot("restore-chosen");
    window.click_named("use-copy");
    window.unlock(PASSPHRASE);
    window.wait_for_code();
    window.assert_code_is_true(&SAMPLE);
    window.close();
    assert!(second.vault_home().join("vault.keyhaven").is_file(), "the copy is the vault now");
    assert_eq!(std::fs::read(&backup).expect("the backup"), before, "the backup is as it was");

    let mut third = World::new("use-here");
    let stick = third.home().join("stick.keyhaven");
    std::fs::copy(&vault, &stick).expect("a vault on a stick");
    let window = third.open(&[]);
    window.click_named("open-vault");
    window.world.choose_in_dialog("Choose a vault or a backup", &stick);
    window.click_named("use-here");
    window.unlock(PASSPHRASE);
    window.wait_for_code();
    window.close();
    assert!(!third.vault_home().join("vault.keyhaven").exists(), "nothing was copied");
    // It is that file from now on.
    let window = third.open(&[]);
    window.unlock(PASSPHRASE);
    window.wait_for_code();
}

/// What the QR codes of a printed page say, drawn by poppler.
fn printed_codes(pdf: &std::path::Path) -> Vec<String> {
    let picture = pdf.with_extension("");
    let mut pdftoppm = Command::new("pdftoppm");
    let drawn = pdftoppm.args(["-r", "150", "-png", "-singlefile"]).arg(pdf).arg(&picture).status();
    assert!(drawn.expect("pdftoppm: `cargo xtask setup` installs it").success(), "poppler reads the PDF");
    let picture = std::fs::read(picture.with_extension("png")).expect("the drawn page");
    let found = keyhaven_qr::read(&picture, &keyhaven_qr::Limits::default()).expect("a picture");
    found.into_iter().map(|code| code.text.expose().to_owned()).collect()
}

/// The recovery key that these shares make, by the command line.
fn joined(world: &World, shares: &[String]) -> Option<String> {
    let mut join = Command::new(keyhaven_tests::program("keyhaven"));
    join.args(["kit", "join"]).env_clear().envs(world.environment());
    let mut child =
        join.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("keyhaven");
    child.stdin.take().expect("its input").write_all(shares.join("\n").as_bytes()).expect("the shares");
    let output = child.wait_with_output().expect("an end");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[test]
fn the_kit_is_saved_and_printed() {
    let mut world = World::new("kit");
    let window = world.open(&[]);
    window.wait_for_named("first-start");
    window.type_into_named("passphrase", PASSPHRASE);
    window.type_into_named("passphrase-again", PASSPHRASE);
    window.wait_for_named("strength");
    window.click_named("create");
    window.wait_for_named("kit");
    for (button, name, begin) in [("kit-pdf", "kit.pdf", "%PDF-"), ("kit-svg", "kit.svg", "<svg")] {
        let file = window.world.home().join(name);
        window.click_named(button);
        window.world.choose_in_dialog("Save the emergency kit", &file);
        window.wait_until("the kit is on the disk", || file.is_file());
        let bytes = std::fs::read(&file).expect("the kit");
        assert!(String::from_utf8_lossy(&bytes).contains(begin), "{name}");
        let mode = file.metadata().expect("the kit").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name} is for its owner alone");
    }
    // Printed, it is the key: what another program drew, this one reads back.
    let key = window.texts(&element("kit-group")).join("-");
    assert_eq!(printed_codes(&window.world.home().join("kit.pdf")), std::slice::from_ref(&key));
    window.click_named("paper-size-letter");
    let letter = window.world.home().join("letter.pdf");
    window.click_named("kit-pdf");
    window.world.choose_in_dialog("Save the emergency kit", &letter);
    window.wait_until("the kit is on the disk", || letter.is_file());
    assert!(String::from_utf8_lossy(&std::fs::read(&letter).expect("the kit")).contains("0 0 612 792"));
    assert_eq!(printed_codes(&letter), std::slice::from_ref(&key));

    // Split among three people, and any two of them open the vault.
    let shares = window.world.home().join("shares");
    std::fs::create_dir(&shares).expect("a folder for the shares");
    window.click_named("split");
    window.click_named("split-save");
    window.world.choose_in_dialog("Choose a folder for the shares", &shares);
    let files = || {
        let entries = std::fs::read_dir(&shares).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|ending| ending == "pdf"));
        files.sort();
        files
    };
    window.wait_until("three shares are on the disk", || files().len() == 3);
    window.screenshot("kit-split");
    let two: Vec<String> = files()[1..].iter().flat_map(|file| printed_codes(file)).collect();
    assert_eq!(joined(window.world, &two), Some(key));
    assert_eq!(joined(window.world, &two[..1]), None, "one alone opens nothing");
    window.click_named("kit-print");
    let dialog = || window.world.xdotool(&["search", "--onlyvisible", "--name", "^Print$"]);
    window.wait_until("the print dialog opens", || !dialog().is_empty());
    window.world.xdotool(&["windowfocus", "--sync", &dialog(), "key", "Escape"]);
    window.wait_until("the print dialog closes", || dialog().is_empty());
    window.keep_kit();
}

/// The desktop's side of a tray (StatusNotifierItem): takes icons in, and presses what is in their menus.
struct Tray {
    connection: Connection,
    items: Arc<Mutex<Vec<(String, String)>>>,
}

struct Watcher(Arc<Mutex<Vec<(String, String)>>>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&self, service: String, #[zbus(header)] header: Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        self.0.lock().expect("the list of icons").push((sender, service));
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

impl Tray {
    fn start(world: &World) -> Self {
        let items = Arc::new(Mutex::new(Vec::new()));
        let connection = connection::Builder::address(world.session_bus())
            .and_then(|bus| bus.serve_at("/StatusNotifierWatcher", Watcher(items.clone())))
            .and_then(|bus| bus.name("org.kde.StatusNotifierWatcher"))
            .and_then(connection::Builder::build)
            .expect("a tray on the session's bus");
        Self { connection, items }
    }

    /// The icon's menu: where it is, and its lines with their numbers.
    fn menu(&self) -> (Proxy<'_>, Vec<(i32, String)>) {
        let (sender, path) = self.items.lock().expect("the list of icons").last().cloned().expect("an icon");
        let item = Proxy::new(&self.connection, sender.as_str(), path.as_str(), "org.kde.StatusNotifierItem");
        let menu: zbus::zvariant::OwnedObjectPath =
            item.and_then(|item| item.get_property("Menu")).expect("the icon's menu");
        let menu = Proxy::new(&self.connection, sender, menu, "com.canonical.dbusmenu").expect("the menu");
        let names: &[&str] = &["label"];
        type Node = (i32, std::collections::HashMap<String, OwnedValue>, Vec<OwnedValue>);
        let (_, root): (u32, Node) =
            menu.call("GetLayout", &(0_i32, -1_i32, names)).expect("the menu's lines");
        let lines = root.2.into_iter().filter_map(|child| {
            let (id, properties, _) = Node::try_from(child).ok()?;
            Some((id, properties.get("label").and_then(|value| value.downcast_ref::<String>().ok())?))
        });
        (menu, lines.collect())
    }

    fn lines(&self) -> Vec<String> {
        self.menu().1.into_iter().map(|(_, text)| text).collect()
    }

    /// Presses an entry of the icon's menu.
    fn press(&self, label: &str) {
        let (menu, lines) = self.menu();
        let entry = lines.iter().find(|(_, text)| text == label);
        let (id, _) = entry.unwrap_or_else(|| panic!("the menu has no {label:?}: {lines:?}"));
        let pressed = menu.call::<_, _, ()>("Event", &(id, "clicked", Value::from(0_i32), 0_u32));
        pressed.expect("a press");
    }
}

#[test]
fn the_tray_shows_locks_and_quits() {
    let mut world = world_with_account("tray");
    let tray = Tray::start(&world);
    let window = world.open(&[]);
    window.wait_for_code();
    window.wait_until("the icon is in the tray", || !tray.items.lock().expect("icons").is_empty());
    window.hide();
    tray.press("Show Keyhaven");
    window.wait_until("the window is back", || {
        window.script("return document.visibilityState", &[]) == "visible"
    });
    tray.press("Lock");
    window.wait_for_named("unlock");
    tray.press("Quit");
    window.wait_until("the app ends", || window.processes().is_empty());
}

/// The page follows the system's colours as long as the settings leave that to it.
#[test]
fn closing_goes_to_the_tray_where_the_settings_say_so_and_the_theme_is_the_persons_own() {
    let mut world = world_with_account("close-to-tray");
    let tray = Tray::start(&world);
    let window = world.open(&[]);
    window.wait_for_code();
    window.wait_until("the icon is in the tray", || !tray.items.lock().expect("icons").is_empty());
    let ground = || window.script("return getComputedStyle(document.body).backgroundColor", &[]).to_string();
    window.click_named("settings");
    window.wait_for_named("close-to-tray");
    let system = ground();
    window.click_named("theme-dark");
    window.wait_until("it is dark", || ground() != system);
    window.click_named("theme-system");
    window.wait_until("it is as the system again", || ground() == system);
    window.click_named("close-to-tray");
    window.press(&[Keys::ESCAPE]);
    window.press_close();
    window.wait_until("the page is hidden", || {
        window.script("return document.visibilityState", &[]) == "hidden"
    });
    assert!(!window.processes().is_empty(), "it runs on in the tray");
    tray.press("Show Keyhaven");
    window.wait_for_named("unlock");
    tray.press("Quit");
    window.wait_until("the app ends", || window.processes().is_empty());
}

#[test]
fn low_recovery_codes_show_on_the_face_of_the_codes_in_the_tray_and_in_the_search() {
    const LOW: &str = "1 recovery set is low or used up";
    const GITHUB: Sample = Sample { issuer: "GitHub", name: "robin@example.org", key: [0x5c; 20] };
    let mut world = World::new("recovery-low");
    let tray = Tray::start(&world);
    let window = world.open(&[]);
    window.create_vault(PASSPHRASE);
    window.add_by_drop(&GITHUB);
    window.add_by_drop(&SAMPLE);
    let file = window.world.home().join("github-recovery-codes.txt");
    std::fs::write(&file, "8f3a9-71c02\nb04de-9952a\nc7719-0e4d1\nd2f68-3ab90\n").expect("a file to drop");
    window.drop_files(&[&file]);
    window.wait_for_named("draft-provider");
    window.type_into_named("draft-provider", "GitHub");
    let account = "return [...document.querySelectorAll('[data-testid=draft-account] option')] \
                   .find((one) => one.textContent.includes('GitHub')).value";
    let account = window.script(account, &[]);
    window.choose(&element("draft-account"), account.as_str().unwrap_or_default());
    window.click_named("draft-keep");
    window.wait_for_named("recovery-detail");
    window.wait_until("the icon is in the tray", || !tray.items.lock().expect("icons").is_empty());
    assert!(!tray.lines().contains(&LOW.to_owned()), "four of four are not low: {:?}", tray.lines());
    window.type_into_named("recovery-proof", PASSPHRASE);
    window.click_named("recovery-unlock-go");
    window.wait_for_named("copy-next");
    window.click_named("copy-next");
    window.wait_until("the tray says it", || tray.lines().contains(&LOW.to_owned()));

    window.click("nav button");
    window.wait_for_named("banner");
    assert!(window.texts(&element("banner")).iter().any(|text| text.contains("GitHub")));
    let chips = window.texts(&element("row-recovery"));
    assert_eq!(chips, ["3 of 4 left", "No recovery codes"]);
    window.screenshot("recovery-low");
    window.type_into_named("search", "github");
    window.wait_for_named("found-set");
    assert!(window.text(&element("found-set")).contains("3 of 4 left"));
    window.screenshot("recovery-search");
    window.lock();
    assert!(tray.lines().contains(&LOW.to_owned()), "the number stays after a lock");
    window.unlock(PASSPHRASE);
    window.wait_for_code();
    tray.press(LOW);
    window.wait_for_named("recovery-screen");
    window.wait_for_named("recovery-unlock");
}
