//! What a locked vault leaves in memory: a program opens a vault through `keyhaven-app`, and one through
//! `keyhaven-vault` with its recovery compartment; every planted secret is looked for before and after both are locked.
//!
//! The program is this test binary, started again, with the allocator that both shells have. It is told the secrets
//! through a pipe, for what stands in an environment stays there. The window's stories look at the desktop program.
#![cfg(target_os = "linux")]
#![expect(
    clippy::disallowed_methods,
    reason = "a child learns its part from the environment and reads a pipe"
)]
#![expect(clippy::print_stdout, reason = "the child says how far it is")]

use keyhaven_app::App;
use keyhaven_app::host::{Host, Keyring, KeyringError, KeyringProbe, KeyringStanding};
use keyhaven_app::offer::Input;
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_tests::fuzzing::forge;
use keyhaven_tests::harness::{Needle, search};
use keyhaven_vault::{
    Credential, DiskFiles, Files, KdfCost, KeyringKey, Location, LockedVault, NewVault, OpenVault, Record,
    RecordId, RecoveryKey,
};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

#[global_allocator]
static WIPED_WHEN_FREED: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

const HOME: &str = "KEYHAVEN_TEST_CHILD_HOME";
const KEYRING_KEY: &str = "the keyring's key";
const RECOVERY_KEY: &str = "the recovery key";
/// Length of each planted text: a base32 secret of 20 bytes, and others like it.
const LENGTH: usize = 32;

/// A computer without a keyring.
struct Bare;

impl Host for Bare {
    fn now(&self) -> u64 {
        1_790_000_000_000
    }

    fn measure(&self, work: &mut dyn FnMut()) -> Duration {
        work();
        Duration::from_secs(10)
    }

    fn files(&self) -> &dyn Files {
        &DiskFiles
    }

    fn keyring(&self) -> &dyn Keyring {
        self
    }
}

impl Keyring for Bare {
    fn read(&self, _: &str) -> Result<SecretText, KeyringError> {
        Err(KeyringError::Absent("none".into()))
    }

    fn write(&self, _: &str, _: &SecretText) -> Result<(), KeyringError> {
        Err(KeyringError::Absent("none".into()))
    }

    fn remove(&self, _: &str) -> Result<(), KeyringError> {
        Err(KeyringError::Absent("none".into()))
    }

    fn probe(&self) -> KeyringProbe {
        KeyringProbe::of(KeyringStanding::NoBus, "none")
    }
}

/// Standard input without the standard library's buffer, which nobody wipes.
struct Pipe(File);

impl Pipe {
    /// One text; its length comes first.
    fn text(&mut self) -> SecretText {
        let mut length = [0];
        self.0.read_exact(&mut length).expect("the parent writes");
        let mut bytes = Zeroizing::new(vec![0; length[0].into()]);
        self.0.read_exact(&mut bytes).expect("the parent writes");
        SecretText::new(String::from_utf8(bytes.to_vec()).expect("text"))
    }

    /// Says how far the child is, and waits until the parent has looked.
    fn pause(&mut self, at: &str) {
        println!("now {at}");
        self.0.read_exact(&mut [0]).expect("the parent goes on");
    }
}

fn cheap() -> KdfCost {
    KdfCost::new(64, 1).expect("a possible cost")
}

/// The child's part.
#[test]
fn child_opens_and_locks() {
    let Ok(home) = std::env::var(HOME) else { return };
    let home = PathBuf::from(home);
    let mut pipe = Pipe(File::open("/proc/self/fd/0").expect("a pipe"));
    let mut app = App::open(Arc::new(Bare), &home.join("app"));
    let mut vault = {
        let [base32, note, passphrase, payload, second] = std::array::from_fn(|_| pipe.text());
        let key = KeyringKey::from_text(&pipe.text()).expect("the keyring's key");
        let recovery_key = RecoveryKey::parse(&pipe.text()).expect("a recovery key");
        app.create(Some((passphrase.duplicate(), cheap())), false).expect("a vault");
        app.close_kit();
        let uri = format!(
            "otpauth://totp/Northwind:robin?secret={}&issuer=Northwind&note={}",
            base32.expose(),
            note.expose()
        );
        let text = Input::Text(SecretText::new(uri));
        let pending = app.begin_offer().expect("open").inputs(vec![("text".into(), text)]);
        let offer = app.keep_offer(pending).expect("an account");
        let ids = app.accept_offer(offer.id, &[0]).expect("saved");
        app.codes(&ids).expect("a code");

        let location = Location::in_folder(home.join("vault"));
        let mut vault = OpenVault::create(&NewVault {
            location: location.clone(),
            passphrase: Some((&passphrase, cheap())),
            keyring: Some(&key),
            recovery_key: Some(&recovery_key),
            now: 1,
        })
        .expect("a vault");
        vault.save(&DiskFiles, 1).expect("saved");
        let locked = LockedVault::read(&DiskFiles, &location).expect("read");
        drop(locked.unlock(Credential::RecoveryKey(&recovery_key)).expect("opens"));
        drop(locked.unlock(Credential::Keyring(&key)).expect("opens"));
        vault = locked.unlock(Credential::Passphrase(&passphrase)).expect("opens");
        vault.unlock_recovery(Credential::Passphrase(&passphrase)).expect("opens");
        let record = |text: &SecretText| {
            let payload = SecretBytes::new(text.expose().as_bytes().to_vec());
            Record::new(RecordId::random().expect("randomness"), "codes", 2, payload)
        };
        vault.recovery_mut().expect("open").put(record(&payload));
        vault.accounts_mut().put(record(&second));
        vault.save(&DiskFiles, 2).expect("saved");
        pipe.pause("has its keys");
        vault
    };
    pipe.pause("open");
    app.lock();
    vault.lock_recovery().expect("randomness");
    let _locked = vault.lock();
    pipe.pause("locked");
}

/// Random letters and digits of base32.
fn planted() -> String {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).expect("randomness");
    bytes.iter().map(|byte| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[usize::from(byte % 32)])).collect()
}

#[test]
fn a_locked_vault_leaves_no_planted_secret_in_memory() {
    let home = tempfile::tempdir().expect("a folder");
    let texts: [String; 5] = std::array::from_fn(|_| planted());
    let names = [
        "the account's secret",
        "the account's note",
        "the passphrase",
        "a recovery code",
        "a second record",
    ];
    let mut needles: Vec<Needle> =
        names.iter().zip(&texts).map(|(name, text)| Needle::text(name, text)).collect();
    let raw = data_encoding::BASE32_NOPAD.decode(texts[0].as_bytes()).expect("base32");
    needles.push(Needle::bytes("the account's raw key", &raw));
    for (name, text) in names.iter().zip(&texts) {
        // As it stands in a body, at each of the three places in a Base64 group.
        for shift in 0..3 {
            let shifted = [&b"\0\0\0"[..shift], text.as_bytes()].concat();
            let base64 = data_encoding::BASE64.encode(&shifted);
            needles.push(Needle::text(&format!("{name} in Base64"), &base64[4..base64.len() - 4]));
        }
    }
    let (key, recovery_key) =
        (KeyringKey::generate().expect("randomness"), RecoveryKey::generate().expect("randomness"));
    let keys = [key.to_text(), recovery_key.to_text()];
    for (name, text) in [KEYRING_KEY, RECOVERY_KEY].into_iter().zip(&keys) {
        needles.push(Needle::text(name, text.expose()));
    }
    let raw_key = data_encoding::BASE64.decode(keys[0].expose().as_bytes()).expect("Base64");
    needles.push(Needle::bytes(KEYRING_KEY, &raw_key));
    let number = forge::printed_key(keys[1].expose()).expect("a printed key");
    needles.push(Needle::bytes(RECOVERY_KEY, &number.to_be_bytes()));
    needles.push(Needle::bytes(RECOVERY_KEY, &number.to_ne_bytes()));
    let mut child = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "child_opens_and_locks", "--nocapture", "--test-threads=1"])
        .env(HOME, home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut input = child.stdin.take().expect("its input");
    for text in texts.iter().map(String::as_str).chain(keys.iter().map(SecretText::expose)) {
        input.write_all(&[u8::try_from(text.len()).expect("short")]).expect("it reads");
        input.write_all(text.as_bytes()).expect("it reads");
    }
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut states =
        lines.map_while(Result::ok).filter_map(|line| line.split_once("now ").map(|(_, at)| at.to_owned()));

    assert_eq!(states.next().as_deref(), Some("has its keys"));
    let keyed = match search(child.id(), &needles) {
        Ok((keyed, _)) => keyed,
        Err(why) => {
            drop(input);
            child.wait().expect("it ends");
            return println!("skipped: this machine does not show other processes' memory: {why:?}");
        }
    };
    // The vault's own keys, as docs/vault-format.md says that whoever has the emergency kit gets them.
    let file = std::fs::read(home.path().join("vault/vault.keyhaven")).expect("the child's vault");
    let keys = forge::keys_of(&file, number).expect("the recovery key opens it");
    needles.extend(keys.iter().map(|(name, key)| Needle::bytes(name, key)));
    let seen = |found: &[String], name: &str| found.iter().any(|one| one.starts_with(name));
    assert!(seen(&keyed, KEYRING_KEY), "the key is not seen while it is in use: {keyed:?}");
    input.write_all(b"x").expect("it reads");
    assert_eq!(states.next().as_deref(), Some("open"));
    let (open, _) = search(child.id(), &needles).expect("readable a moment ago");
    for name in [KEYRING_KEY, RECOVERY_KEY] {
        assert!(!seen(&open, name), "{name} is left after it opened the vault: {open:?}");
    }
    for name in [
        "the account's raw key",
        "a recovery code",
        "a second record",
        "the accounts' key",
        "the recovery compartment's key",
    ] {
        assert!(seen(&open, name), "{name} is not seen while it is open: {open:?}");
    }
    input.write_all(b"x").expect("it reads");
    assert_eq!(states.next().as_deref(), Some("locked"));
    let (found, read) = search(child.id(), &needles).expect("readable a moment ago");
    input.write_all(b"x").expect("it reads");
    assert!(child.wait().expect("it ends").success());
    assert!(read > 1 << 20, "{read} bytes were read");
    assert!(found.is_empty(), "\n  {}", found.join("\n  "));
}
