//! The steps that several stories and the first journey of `cargo xtask run` share, each done as a person does it.

use super::window::Window;
use super::world::World;
use super::{Keys, PATIENCE, poll};
use data_encoding::BASE32_NOPAD;
use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the stories' vaults are opened with.
pub const PASSPHRASE: &str = "seven quiet herons over the weir";

/// An account to add, made up for the stories.
pub struct Sample {
    /// Who issued it.
    pub issuer: &'static str,
    /// The account's name there.
    pub name: &'static str,
    /// The key; its length is that of SHA-1's output, as RFC 4226 §4 recommends.
    pub key: [u8; 20],
}

/// The account of most stories. Its key is like no other bytes, so that it can be searched for in memory.
pub const SAMPLE: Sample = Sample {
    issuer: "Northwind",
    name: "robin@example.org",
    key: [
        0xB7, 0x1D, 0x5A, 0xC3, 0x08, 0xE9, 0x4F, 0x62, 0x9B, 0x17, 0xD4, 0x3E, 0x85, 0xF0, 0x2C, 0x76, 0xA1,
        0x5B, 0xEE, 0x39,
    ],
};

impl Sample {
    /// The key as base32, as every authenticator shows it.
    pub fn base32(&self) -> String {
        BASE32_NOPAD.encode(&self.key)
    }

    /// The account as an otpauth URI.
    pub fn uri(&self) -> String {
        format!("otpauth://totp/{0}:{1}?secret={2}&issuer={0}", self.issuer, self.name, self.base32())
    }

    /// The URI as a QR code in a PNG file in the world's home.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn picture(&self, world: &World) -> PathBuf {
        let file = world.home().join(format!("{}.png", self.issuer));
        let png = keyhaven_qr::write::png(&self.uri(), 6).unwrap_or_else(|e| panic!("the QR code: {e}"));
        std::fs::write(&file, png).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        file
    }

    /// The code of an independent program for a second of Unix time.
    ///
    /// # Panics
    /// When oathtool is missing.
    pub fn code_of_oathtool(&self, seconds: u64) -> String {
        let mut oathtool = Command::new("oathtool");
        oathtool.args(["--totp", "--base32", &format!("--now=@{seconds}"), &self.base32()]);
        let output =
            oathtool.output().unwrap_or_else(|e| panic!("oathtool: {e}: `cargo xtask setup` installs it"));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

/// A named element of the page.
pub fn element(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}

/// As many different accounts as wanted, as otpauth URIs.
pub fn sample_uris(count: usize) -> Vec<String> {
    let uri = |n: usize| {
        let key = BASE32_NOPAD.encode(format!("key number {n:09}").as_bytes());
        format!("otpauth://totp/Issuer%20{n:03}:person{n}@example.org?secret={key}&issuer=Issuer%20{n:03}")
    };
    (0..count).map(uri).collect()
}

/// Seconds of Unix time.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

impl Window<'_> {
    /// Waits for a named element.
    pub fn wait_for_named(&self, id: &str) {
        self.wait_for(&element(id));
    }

    /// Clicks a named element.
    pub fn click_named(&self, id: &str) {
        self.click(&element(id));
    }

    /// Types into a named field.
    pub fn type_into_named(&self, id: &str, text: &str) {
        self.type_into(&element(id), text);
    }

    /// First start: passphrase and keyring, then the emergency kit, two of its groups typed back. The recovery
    /// key's groups are the answer.
    pub fn create_vault(&self, passphrase: &str) -> Vec<String> {
        self.wait_for_named("first-start");
        self.type_into_named("passphrase", passphrase);
        self.type_into_named("passphrase-again", passphrase);
        self.wait_for_named("strength");
        self.click_named("create");
        self.keep_kit()
    }

    /// Reads the emergency kit and proves it.
    pub fn keep_kit(&self) -> Vec<String> {
        self.wait_for_named("kit");
        let groups = self.texts(&element("kit-group"));
        for answer in ["kit-answer-0", "kit-answer-1"] {
            // The field says which group it wants: "Group 4".
            let label = self.attribute(&element(answer), "placeholder");
            let number: usize =
                label.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or(0);
            let group =
                groups.get(number.wrapping_sub(1)).unwrap_or_else(|| panic!("{label} of {}", groups.len()));
            self.type_into_named(answer, group);
        }
        self.click_named("kit-confirm");
        self.wait_for_named("search");
        groups
    }

    /// Drops a picture of the sample's QR code on the window and keeps what was found.
    pub fn add_by_drop(&self, sample: &Sample) {
        let picture = sample.picture(self.world);
        self.drop_files(&[&picture]);
        self.wait_for_named("offer-item");
        self.click_named("offer-accept");
        self.wait_for_code();
    }

    /// Drops a text file of otpauth URIs, one a line, on the window and keeps them all.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn add_by_text_file(&self, uris: &[String]) {
        let file = self.world.home().join("accounts.txt");
        std::fs::write(&file, uris.join("\n")).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        self.drop_files(&[&file]);
        self.click_named("offer-accept");
        let count = uris.len().to_string();
        self.wait_until("all are in the list", || self.attribute("[role=grid]", "aria-rowcount") == count);
        self.wait_for_code();
    }

    /// Waits until the first row shows a code.
    pub fn wait_for_code(&self) {
        self.wait_until("a code shows", || {
            let code = self.first_code();
            code.len() >= 6 && code.chars().all(|c| c.is_ascii_digit())
        });
    }

    /// The first row's code, without the gap between its halves; empty when there is none yet.
    pub fn first_code(&self) -> String {
        let shown = self.texts(&element("code")).into_iter().next().unwrap_or_default();
        shown.split_whitespace().collect()
    }

    /// Compares the code on screen with oathtool's for the very second in which it was read.
    ///
    /// # Panics
    /// When they differ.
    pub fn assert_code_is_true(&self, sample: &Sample) {
        // Read before and after: only a reading within one period, and not in its first second, tells anything.
        let reading = poll(PATIENCE, || {
            let before = now();
            let code = self.first_code();
            (!before.is_multiple_of(30) && before / 30 == now() / 30).then_some((before, code))
        });
        let (second, code) = reading.unwrap_or_else(|| panic!("the code cannot be read within one period"));
        assert_eq!(code, sample.code_of_oathtool(second), "at second {second}");
    }

    /// Presses the key that locks.
    pub fn lock(&self) {
        self.press(&[Keys::CONTROL, 'l']);
        self.wait_for_named("unlock");
    }

    /// Unlocks by typing.
    pub fn unlock(&self, passphrase: &str) {
        self.type_into_named("unlock-passphrase", passphrase);
        self.click_named("unlock-submit");
    }
}

/// Walks from nothing to a live code and back to it after a restart; leaves a picture in the story's results.
pub fn first_journey(world: &mut World) -> PathBuf {
    let window = world.open(&[]);
    window.create_vault(PASSPHRASE);
    window.add_by_drop(&SAMPLE);
    window.assert_code_is_true(&SAMPLE);
    window.close();
    let window = world.open(&[]);
    window.wait_for_code();
    window.assert_code_is_true(&SAMPLE);
    window.screenshot("first-journey")
}

/// Opens the throw-away vault of samples; leaves a picture of its codes in the story's results.
///
/// # Panics
/// When a file appears where a real vault would be.
pub fn demo(world: &mut World) -> PathBuf {
    let window = world.open(&["--demo"]);
    window.wait_until("24 accounts are listed", || window.attribute("[role=grid]", "aria-rowcount") == "24");
    window.wait_for_code();
    let picture = window.screenshot("codes");
    window.close();
    let files = std::fs::read_dir(world.vault_home()).map_or(0, Iterator::count);
    assert_eq!(files, 0, "the demo never touches the real vault's folder");
    picture
}
