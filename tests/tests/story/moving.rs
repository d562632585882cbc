//! Moving in and out: what other programs wrote comes in, what they read goes out.

use super::*;
use std::os::unix::fs::PermissionsExt as _;

#[test]
fn accounts_are_exported_and_the_readable_file_is_removed() {
    let mut world = world_with_account("export");
    let window = world.open(&[]);
    window.wait_for_code();
    window.click_named("settings");
    window.click_named("export-open");
    window.wait_for_named("export-losses");
    window.choose(&element("export-target"), "aegis");
    window.wait_for_named("export-plain");
    window.type_into_named("export-proof", "not the passphrase");
    window.click_named("export-go");
    window.wait_until("a wrong passphrase is told", || {
        window.text(&element("export-sheet")).contains("does not open the vault")
    });
    window.screenshot("export");
    window.type_into_named("export-proof", PASSPHRASE);
    window.click_named("export-go");
    let file = window.world.home().join("for aegis.json");
    window.world.choose_in_dialog("Save the export", &file);
    window.wait_for_named("plain-export");
    let text = std::fs::read_to_string(&file).expect("the export");
    assert!(text.contains(&SAMPLE.base32()) && text.contains(SAMPLE.issuer));
    let mode = file.metadata().expect("the export").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "for its owner alone");
    window.press(&[Keys::ESCAPE]);
    window.wait_for_code();
    let reminder = "[data-testid=\"banner\"][data-kind=\"export\"]";
    window.wait_for(reminder);
    window.screenshot("export-reminder");
    window.click(&format!("{reminder} .act"));
    window.wait_for_named("plain-export");
    window.screenshot("export-written");
    window.click_named("export-erase");
    window.wait_until("the file is gone", || !file.exists());
    window.wait_until("nobody reminds of it", || !window.is_visible(&element("plain-export")));

    // Sealed, it asks for a password of its own.
    window.click_named("export-open");
    window.type_into_named("export-password", "six brown horses in the rain");
    window.type_into_named("export-password-again", "six brown horses in the rain");
    window.type_into_named("export-proof", PASSPHRASE);
    window.click_named("export-go");
    let sealed = window.world.home().join("some.keyhaven");
    window.world.choose_in_dialog("Save the export", &sealed);
    window.wait_until("the sheet closes", || !window.is_visible(&element("export-sheet")));
    assert!(!window.is_visible(&element("plain-export")), "nobody has to remove it");
    assert!(!std::fs::read(&sealed).expect("the export").windows(9).any(|part| part == b"Northwind"));
}
