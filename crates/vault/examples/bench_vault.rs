//! Prints how long a vault of 10,000 records takes to open and to save, and its key derivation beside it:
//! `cargo run --release -p keyhaven-vault --example bench_vault`
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures time and prints it"
)]

use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{
    Credential, DiskFiles, KdfCost, KeyringKey, Location, LockedVault, NewVault, OpenVault, Record, RecordId,
};
use std::time::{Duration, Instant};

const RECORDS: usize = 10_000;
const ROUNDS: u64 = 15;
const NOW: u64 = 1_763_800_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir_in(".")?; // a real disk, where /tmp may be memory
    let location = Location::in_folder(folder.path());
    let (keyring, passphrase) = (KeyringKey::generate()?, SecretText::new("correct horse".into()));

    let cost = KdfCost::calibrate(Duration::from_millis(700), |run| {
        let start = Instant::now();
        run();
        start.elapsed()
    });
    let start = Instant::now();
    let mut vault = OpenVault::create(&NewVault {
        location: location.clone(),
        passphrase: Some((&passphrase, cost)),
        keyring: Some(&keyring),
        recovery_key: None,
        now: NOW,
    })?;
    let kdf = start.elapsed();

    for index in 0..RECORDS {
        let payload = format!(
            r#"{{"type":"totp","issuer":"Example {index}","name":"person{index}@example.org","secret":"JBSWY3DPEHPK3PXP","algorithm":"SHA1","digits":6,"period":30,"tags":["work"],"note":""}}"#
        );
        let payload = SecretBytes::new(payload.into_bytes());
        vault.accounts_mut().put(Record::new(RecordId::random()?, "account", NOW, payload));
    }
    vault.save(&DiskFiles, NOW)?;

    let (mut read, mut unlock, mut save) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let start = Instant::now();
        let locked = LockedVault::read(&DiskFiles, &location)?;
        read.push(start.elapsed());
        let start = Instant::now();
        let mut vault = locked.unlock(Credential::Keyring(&keyring))?;
        unlock.push(start.elapsed());
        let start = Instant::now();
        vault.save(&DiskFiles, NOW + round)?;
        save.push(start.elapsed());
    }
    let size = LockedVault::read(&DiskFiles, &location)?.as_bytes().len();
    println!("records            {RECORDS}, file {:.1} MB", size as f64 / 1e6);
    println!("read and check     {:.1} ms", median(read));
    println!("unlock (no KDF)    {:.1} ms", median(unlock));
    println!("save, with fsync   {:.1} ms", median(save));
    println!(
        "KDF                {:.0} ms ({} MiB, {} passes)",
        kdf.as_secs_f64() * 1e3,
        cost.memory_kib() / 1024,
        cost.passes()
    );
    Ok(())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}
