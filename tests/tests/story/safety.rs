//! What looks after the vault: backups and what comes back out of them, copies of a synced folder, the ways in, and
//! the keyring doctor before a real keyring.

use super::*;
use keyhaven_tests::program;
use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use zbus::blocking::{Connection, Proxy, connection};
use zbus::zvariant::{ObjectPath, OwnedObjectPath, Value};

/// What the command line prints as JSON, with the passphrase on its standard input, and its exit code.
pub(super) fn keyhaven(world: &World, home: &Path, arguments: &[&str]) -> (i32, serde_json::Value) {
    let mut child = Command::new(program("keyhaven"))
        .args(arguments)
        .env_clear()
        .envs(world.environment())
        .env("KEYHAVEN_HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("keyhaven");
    // A command that asks for nothing may have ended by now.
    let _ = writeln!(child.stdin.take().expect("its input"), "{PASSPHRASE}");
    let output = child.wait_with_output().expect("an end");
    let value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().expect("an exit code"), value)
}

fn backups_in(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("the folder").flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "keyhaven")).count()
}

fn to_settings(window: &Window<'_>) {
    window.click_named("settings");
    window.wait_for_named("backup-settings");
}

/// Brings a part of the settings into view, for a picture of it.
fn show(window: &Window<'_>, id: &str) {
    window.wait_for_named(id);
    window.script(
        "document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })",
        &[element(id).into()],
    );
}

/// The same picture in both themes.
fn in_both_themes(window: &Window<'_>, name: &str) {
    for theme in ["light", "dark"] {
        window.script("document.documentElement.dataset.theme = arguments[0]", &[theme.into()]);
        let still = "return document.getAnimations().every((one) => one.playState !== 'running')";
        window.wait_until("the colours have changed", || window.script(still, &[]) == true);
        window.screenshot(&format!("{name}-{theme}"));
    }
    window.script("document.documentElement.dataset.theme = 'light'", &[]);
}

#[test]
fn backups_begin_with_a_folder_follow_a_change_and_bring_an_account_back() {
    let mut world = world_with_account("backup");
    let folder = world.home().join("stick");
    std::fs::create_dir(&folder).expect("a folder");
    let window = world.open(&[]);
    window.wait_for_code();
    to_settings(&window);
    window.type_into_named("backup-folder", &folder.display().to_string());
    window.click_named("backup-folder-go");
    window.wait_until("the first backup is whole", || {
        window.attribute(&element("backup-settings"), "data-state") == "good"
    });
    assert_eq!(backups_in(&folder), 1);
    in_both_themes(&window, "backup-settings");

    // A change goes into a backup at the latest when the vault is locked.
    window.press(&[Keys::ESCAPE]);
    window.wait_for_code();
    window.press(&[Keys::DOWN]);
    window.press(&[Keys::DELETE]);
    window.wait_for_named("empty");
    window.lock();
    window.wait_until("the deletion is in a backup", || backups_in(&folder) == 2);
    window.close();

    // The account comes back out of the first one; it is shown before anything changes.
    let before = vault_files(&world);
    let window = world.open(&[]);
    window.wait_for_named("empty");
    to_settings(&window);
    window.click_named("restore-open");
    window.wait_for_named("restore-point");
    in_both_themes(&window, "restore-points");
    window.click(&format!(
        "li:nth-child(2) {}, li:nth-child(3) {}",
        element("restore-point"),
        element("restore-point")
    ));
    window.wait_for_named("restore-difference");
    let told = window.text(&element("restore-difference"));
    assert!(told.contains(SAMPLE.issuer) && told.contains("missing now"), "{told}");
    in_both_themes(&window, "restore");
    let file = |world: &World| vault_files(world).get(&world.vault_home().join("vault.keyhaven")).cloned();
    assert_eq!(file(window.world), before.get(&window.world.vault_home().join("vault.keyhaven")).cloned());
    window.click_named("restore-go");
    window.wait_until("the sheet is closed", || !window.is_visible(&element("restore")));
    window.press(&[Keys::ESCAPE]);
    window.wait_for_code();
    window.assert_code_is_true(&SAMPLE);
}

#[test]
fn a_backup_folder_that_is_gone_is_on_the_apps_face_until_it_is_back() {
    let mut world = world_with_account("backup-gone");
    let (folder, away) = (world.home().join("stick"), world.home().join("unplugged"));
    std::fs::create_dir(&folder).expect("a folder");
    let home = world.vault_home();
    let (code, view) =
        keyhaven(&world, &home, &["vault", "backup", "--json", "--folder", &folder.display().to_string()]);
    assert_eq!((code, view["state"].as_str()), (0, Some("good")), "{view}");
    std::fs::rename(&folder, &away).expect("the stick is pulled out");
    let window = world.open(&[]);
    window.wait_for_code();
    to_settings(&window);
    window.click_named("backup-now");
    window.wait_until("it is told", || {
        window.attribute(&element("backup-settings"), "data-state") == "unreachable"
    });
    show(&window, "backup-settings");
    in_both_themes(&window, "backup-unreachable-settings");
    window.press(&[Keys::ESCAPE]);
    window.wait_for("[data-kind=backup]");
    in_both_themes(&window, "backup-unreachable");
    std::fs::rename(&away, &folder).expect("the stick is back");
    to_settings(&window);
    window.click_named("backup-now");
    window.wait_until("it is well again", || {
        window.attribute(&element("backup-settings"), "data-state") == "good"
    });
    window.press(&[Keys::ESCAPE]);
    window.wait_for_code();
    assert!(!window.is_visible("[data-kind=backup]"));
}

#[test]
fn a_conflicted_copy_is_seen_looked_into_merged_and_put_away() {
    let mut world = world_with_account("conflict");
    // Another computer with the same synced folder adds an account while this one is off.
    let other = world.home().join("other-computer");
    std::fs::create_dir(&other).expect("a folder");
    let (ours, theirs) = (world.vault_home().join("vault.keyhaven"), other.join("vault.keyhaven"));
    std::fs::copy(&ours, &theirs).expect("a copy");
    let uri = "otpauth://totp/Elsewhere:robin?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Elsewhere";
    assert_eq!(keyhaven(&world, &other, &["add", uri, "--password-stdin"]).0, 0);
    // Both change the account that both have.
    let there = ["edit", "Northwind", "--name", "robin@elsewhere", "--password-stdin"];
    assert_eq!(keyhaven(&world, &other, &there).0, 0);
    let here = ["edit", "Northwind", "--tags", "work", "--password-stdin"];
    assert_eq!(keyhaven(&world, &world.vault_home(), &here).0, 0);
    let name = "vault.sync-conflict-20261122-091500-K4T2ABC.keyhaven";
    let copy = world.vault_home().join(name);
    std::fs::copy(&theirs, &copy).expect("the copy arrives");
    let before = std::fs::read(&ours).expect("the vault");

    let window = world.open(&[]);
    window.wait_for_code();
    window.wait_for("[data-kind=copies]");
    in_both_themes(&window, "copies-banner");
    window.click("[data-kind=copies] .act");
    window.wait_for_named("copy");
    assert_eq!(window.attribute(&element("copy"), "data-maker"), "syncthing");
    window.click_named("copy-look");
    window.wait_for_named("merge-difference");
    let told = window.text(&element("merge-difference"));
    assert!(told.contains("Elsewhere") && told.contains("comes in"), "{told}");
    in_both_themes(&window, "merge");
    assert_eq!(std::fs::read(&ours).expect("the vault"), before, "looking changes nothing");
    window.click_named("merge-go");
    window.wait_for_named("merge-done");
    window.screenshot("merged");
    assert!(copy.exists(), "nobody said yet what shall become of the copy");
    window.click_named("copy-keep");
    window.wait_until("the copy is put away", || !copy.exists());
    assert!(window.world.vault_home().join(format!("{name}.merged")).exists());
    window.wait_until("both accounts are in the list", || window.texts(&element("account-row")).len() == 2);
    assert!(!window.is_visible("[data-kind=copies]"));

    // What both changed is shown, and a person decides.
    window.click_named("row-undecided");
    window.wait_for_named("versions");
    in_both_themes(&window, "versions");
    let versions = window.texts(&element("version"));
    assert!(versions.len() == 2 && versions[1].contains("name: "), "{versions:?}");
    window.click(&format!("{}:nth-of-type(2) button", element("version")));
    window.wait_until("one version is left", || !window.is_visible(&element("versions")));
    window.wait_until("nothing is undecided", || !window.is_visible(&element("row-undecided")));
}

#[test]
fn ways_in_are_added_and_renewed_and_the_kit_is_new() {
    let mut world = world_with_account("slots");
    let second = "nine patient otters under the bridge";
    let window = world.open(&[]);
    window.wait_for_code();
    to_settings(&window);
    show(&window, "slot-settings");
    in_both_themes(&window, "slots");
    window.click_named("slot-add");
    window.type_into_named("slot-new", second);
    window.type_into_named("slot-new-again", second);
    window.type_into_named("slot-proof", PASSPHRASE);
    window.wait_until("the strength is told", || window.attribute(&element("strength"), "data-score") == "4");
    in_both_themes(&window, "slot-add");
    window.click_named("slot-go");
    window.wait_until("it stands in the list", || window.texts(&element("slot")).len() == 4);
    window.lock();
    window.unlock(second);
    window.wait_for_code();

    to_settings(&window);
    window.click_named("rotate-open");
    window.wait_for_named("rotation-fate");
    let fate = window.text(&element("rotation-fate"));
    assert!(fate.contains("saved states") && fate.contains("further passphrase"), "{fate}");
    in_both_themes(&window, "rotate");
    window.type_into_named("rotate-passphrase", PASSPHRASE);
    window.click_named("rotate-go");
    window.wait_for_named("kit");
    let groups = window.texts(&element("kit-group"));
    window.click_named("kit-later");
    window.wait_for_named("slot-settings");
    window.lock();
    window.unlock(second);
    window.wait_for_named("unlock-error");
    window.click_named("unlock-other");
    window.type_into_named("unlock-recovery", &groups.join(" "));
    window.click_named("unlock-submit");
    window.wait_for_code();
    window.close();
    // The keyring has the new key.
    world.open(&[]).wait_for_code();
}

/// The session's Secret Service, spoken to as another program does.
pub(super) struct Secrets(Connection);

impl Secrets {
    pub(super) fn of(world: &World) -> Self {
        Self(
            connection::Builder::address(world.session_bus())
                .and_then(connection::Builder::build)
                .expect("a bus"),
        )
    }

    fn service(&self) -> Proxy<'_> {
        Proxy::new(
            &self.0,
            "org.freedesktop.secrets",
            "/org/freedesktop/secrets",
            "org.freedesktop.Secret.Service",
        )
        .expect("the service")
    }

    /// The entries of Keyhaven.
    fn entries(&self) -> Vec<OwnedObjectPath> {
        let wanted = HashMap::from([("service", "Keyhaven")]);
        let (open, _): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
            self.service().call("SearchItems", &(wanted,)).expect("a search");
        open
    }

    fn delete_entries(&self) {
        for path in self.entries() {
            let item = self.item(&path);
            item.call::<_, _, OwnedObjectPath>("Delete", &()).expect("a deletion");
        }
    }

    fn item<'a>(&'a self, path: &'a OwnedObjectPath) -> Proxy<'a> {
        Proxy::new(&self.0, "org.freedesktop.secrets", path, "org.freedesktop.Secret.Item").expect("an entry")
    }

    /// A secret in the form of a session without encryption.
    fn secret<'a>(
        &self,
        session: &'a OwnedObjectPath,
        text: &str,
    ) -> (ObjectPath<'a>, Vec<u8>, Vec<u8>, String) {
        (session.as_ref().to_owned(), Vec::new(), text.as_bytes().to_vec(), "text/plain".into())
    }

    fn session(&self) -> OwnedObjectPath {
        let (_, session): (zbus::zvariant::OwnedValue, OwnedObjectPath) =
            self.service().call("OpenSession", &("plain", Value::from(""))).expect("a session");
        session
    }

    /// What Keyhaven's entries hold.
    pub(super) fn texts(&self) -> Vec<String> {
        let session = self.session();
        let read = |path: &OwnedObjectPath| {
            let (_, _, text, _): (OwnedObjectPath, Vec<u8>, Vec<u8>, String) =
                self.item(path).call("GetSecret", &(&session,)).expect("a secret");
            String::from_utf8(text).expect("text")
        };
        self.entries().iter().map(read).collect()
    }

    /// Writes something else into Keyhaven's entry.
    fn overwrite(&self, text: &str) {
        let session = self.session();
        for path in self.entries() {
            let secret = self.secret(&session, text);
            self.item(&path).call::<_, _, ()>("SetSecret", &(secret,)).expect("a new secret");
        }
    }

    /// Makes a second entry for the same vault.
    fn double(&self, vault_id: &str) {
        let session = self.session();
        let path = "/org/freedesktop/secrets/collection/login";
        let collection =
            Proxy::new(&self.0, "org.freedesktop.secrets", path, "org.freedesktop.Secret.Collection");
        let attributes = HashMap::from([("service", "Keyhaven"), ("username", vault_id), ("again", "yes")]);
        let properties = HashMap::from([
            ("org.freedesktop.Secret.Item.Label", Value::from("a second one")),
            ("org.freedesktop.Secret.Item.Attributes", Value::from(attributes)),
        ]);
        let secret = self.secret(&session, "x");
        collection
            .expect("the collection")
            .call::<_, _, (OwnedObjectPath, OwnedObjectPath)>("CreateItem", &(properties, secret, false))
            .expect("a second entry");
    }

    /// Deletes the default collection, after which there is none.
    fn delete_default(&self) {
        let default: OwnedObjectPath =
            self.service().call("ReadAlias", &("default",)).expect("the default collection");
        let collection =
            Proxy::new(&self.0, "org.freedesktop.secrets", &default, "org.freedesktop.Secret.Collection");
        let prompt: OwnedObjectPath =
            collection.expect("the collection").call("Delete", &()).expect("a deletion");
        assert_eq!(prompt.as_str(), "/", "the keyring asks nobody");
    }
}

fn finding(world: &World, arguments: &[&str]) -> String {
    let home = world.vault_home();
    let (code, report) = keyhaven(world, &home, &[&["doctor", "--json"], arguments].concat());
    let finding = report["finding"].as_str().unwrap_or_default().to_owned();
    assert_eq!(code, i32::from(finding != "ready"), "{report}");
    finding
}

#[test]
fn the_doctor_tells_every_state_of_a_real_keyring_apart_and_repairs_what_can_be() {
    let mut world = world_with_account("doctor");
    assert_eq!(finding(&world, &[]), "ready");
    let secrets = Secrets::of(&world);
    let repaired = |world: &World| {
        assert_eq!(finding(world, &["--repair", "--password-stdin"]), "ready");
        assert_eq!(secrets.entries().len(), 1);
    };
    secrets.delete_entries();
    assert_eq!(finding(&world, &[]), "missing");
    repaired(&world);
    for (entry, what) in [
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "another_vault"),
        ("a password for something else", "not_a_key"),
        (&"A".repeat(5_000), "too_large"),
    ] {
        secrets.overwrite(entry);
        assert_eq!(finding(&world, &[]), what);
        repaired(&world);
    }
    let (_, info) = keyhaven(&world, &world.vault_home(), &["vault", "info", "--json"]);
    secrets.double(info["vault_id"].as_str().expect("an id"));
    assert_eq!(finding(&world, &[]), "ambiguous");
    secrets.delete_entries();
    repaired(&world);

    // libsecret's own program puts something of its own where Keyhaven's key would be.
    let mut store = Command::new("secret-tool");
    store.args(["store", "--label=of another program", "service", "Keyhaven", "username"]);
    store.arg(info["vault_id"].as_str().expect("an id")).env_clear().envs(world.environment());
    secrets.delete_entries();
    let mut store =
        store.stdin(Stdio::piped()).spawn().expect("secret-tool: `cargo xtask setup` installs it");
    store.stdin.take().expect("its input").write_all(b"of another program").expect("it reads");
    assert!(store.wait().expect("an end").success());
    assert_eq!(finding(&world, &[]), "not_a_key");
    secrets.delete_entries();
    repaired(&world);

    // The key of a newer state: the vault was put back to an earlier one.
    let file = world.vault_home().join("vault.keyhaven");
    let earlier = std::fs::read(&file).expect("the vault");
    secrets.overwrite("not a key");
    repaired(&world);
    let uri = "otpauth://totp/Later?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    assert_eq!(keyhaven(&world, &world.vault_home(), &["add", uri, "--password-stdin"]).0, 0);
    std::fs::write(&file, &earlier).expect("an earlier vault");
    assert_eq!(finding(&world, &[]), "stale");
    repaired(&world);

    // Another program's Secret Service answers, and has no entry for the vault.
    world.start_other_keyring("other-keyring");
    let (code, report) = keyhaven(&world, &world.vault_home(), &["doctor", "--json"]);
    assert_eq!((code, report["finding"].as_str()), (1, Some("other_provider")), "{report}");
    assert_eq!(
        (report["stored_with"].as_str(), report["provider"].as_str()),
        (Some("gnome-keyring-d"), Some("other-keyring")),
        "{report}"
    );
    world.start_keyring();
    assert_eq!(finding(&world, &[]), "ready", "the key is still where it was stored");

    world.lock_keyring();
    assert_eq!(finding(&world, &[]), "locked");
    // Nobody is there to answer the keyring's question, which is one way to refuse it.
    assert_eq!(finding(&world, &["--ask"]), "refused");
    world.start_keyring();
    secrets.delete_default();
    assert_eq!(finding(&world, &[]), "no_collection");
    world.stop_keyring();
    assert_eq!(finding(&world, &[]), "no_service");

    let mut nowhere = Command::new(program("keyhaven"));
    nowhere.args(["doctor", "--json"]).env_clear().envs(world.environment());
    let output = nowhere.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=no-such-bus").output().expect("keyhaven");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(report["finding"], "no_bus");
}

#[test]
fn the_doctor_in_the_window_says_what_to_do_and_puts_the_key_back() {
    let mut world = world_with_account("doctor-window");
    let secrets = Secrets::of(&world);
    secrets.overwrite("a password for something else");
    let window = world.open(&[]);
    window.wait_for_named("keyring-state");
    window.click_named("doctor-open");
    window.wait_for_named("finding");
    assert_eq!(window.attribute(&element("finding"), "data-finding"), "not_a_key");
    window.click_named("doctor-later");
    window.unlock(PASSPHRASE);
    window.wait_for_code();
    to_settings(&window);
    // While it is being put back the words above the button change, and the button moves away under the pointer.
    window.wait_until("the key is put back", || {
        window.attribute(&element("keyring-state"), "data-state") == "ready"
    });
    window.click_named("doctor-open");
    window.wait_until("the key is back", || {
        window.is_visible(&element("finding"))
            && window.attribute(&element("finding"), "data-finding") == "ready"
    });
    in_both_themes(&window, "doctor-ready");
    secrets.delete_entries();
    window.click_named("doctor-again");
    window.wait_until("the missing key is seen", || {
        window.attribute(&element("finding"), "data-finding") == "missing"
    });
    in_both_themes(&window, "doctor");
    window.click_named("doctor-repair");
    window.wait_until("the key is back once more", || {
        window.attribute(&element("finding"), "data-finding") == "ready"
    });
    window.close();
    world.open(&[]).wait_for_code();
}

#[test]
fn a_keyring_without_a_default_collection_is_known_before_anything_is_typed() {
    let mut world = World::new("no-collection");
    Secrets::of(&world).delete_default();
    let window = world.open(&[]);
    window.wait_for_named("first-start");
    window.wait_for_named("keyring-state");
    assert_eq!(window.attribute(&element("keyring-state"), "data-state"), "no_collection");
    assert_eq!(
        window.script("return document.querySelector('[data-testid=use-keyring]').disabled", &[]),
        true
    );
    window.screenshot("first-start-no-collection");
    window.create_vault(PASSPHRASE);
    window.wait_for_named("empty");
}
