//! Prints how long a vault of 10,000 records takes to open and to save, its key derivation beside it, and how soon
//! files that ask too much are refused: `cargo xtask bench vault`
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures time and prints it"
)]

use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_tests::fuzzing::forge;
use keyhaven_vault::{
    Credential, DiskFiles, KdfCost, KeyringKey, Location, LockedVault, NewVault, OpenVault, Record, RecordId,
};
use std::time::{Duration, Instant};

const RECORDS: usize = 10_000;
/// Accounts of a person who has many.
const USUAL: usize = 200;
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
    let mut vault = OpenVault::create(&NewVault {
        location: location.clone(),
        passphrase: Some((&passphrase, cost)),
        keyring: Some(&keyring),
        recovery_key: None,
        now: NOW,
    })?;
    for index in 0..RECORDS {
        // With so many a person's own vault is like; what unlocking it takes has its own line.
        if index == USUAL {
            vault.save(&DiskFiles, NOW)?;
            by_passphrase(&location, &passphrase, &keyring, cost)?;
        }
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
    by_passphrase(&location, &passphrase, &keyring, cost)?;
    hostile(&location)
}

/// How long a passphrase takes to open the vault, and how much of that is not the derivation of its key: what the
/// keyring's key, which is derived in no time, takes.
fn by_passphrase(
    location: &Location,
    passphrase: &SecretText,
    keyring: &KeyringKey,
    cost: KdfCost,
) -> Result<(), Box<dyn std::error::Error>> {
    let (mut whole, mut rest) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (times, credential) in
            [(&mut whole, Credential::Passphrase(passphrase)), (&mut rest, Credential::Keyring(keyring))]
        {
            let start = Instant::now();
            drop(LockedVault::read(&DiskFiles, location)?.unlock(credential)?);
            times.push(start.elapsed());
        }
    }
    let (records, whole, rest) = (records(location, keyring)?, median(whole), median(rest));
    println!(
        "unlock by passphrase, {records} records: {whole:.0} ms = KDF {:.0} ms ({} MiB, {} passes) + {rest:.1} ms",
        whole - rest,
        cost.memory_kib() / 1024,
        cost.passes()
    );
    Ok(())
}

fn records(location: &Location, keyring: &KeyringKey) -> Result<usize, Box<dyn std::error::Error>> {
    Ok(LockedVault::read(&DiskFiles, location)?.unlock(Credential::Keyring(keyring))?.accounts().len())
}

/// Each file is refused before a key is asked for.
fn hostile(location: &Location) -> Result<(), Box<dyn std::error::Error>> {
    let slot = |cost: &str| {
        format!(
            r#"{{"id":"{0}","kind":"passphrase","created_at":1,"label":"","argon2id":{cost},"commitment":"{0}{0}","accounts":"{1}"}}"#,
            "0".repeat(32),
            "0".repeat(144)
        )
    };
    let header = |slots: &str, more: &str| {
        let key = "0".repeat(64);
        let id = "0".repeat(32);
        let json = format!(
            r#"{{"vault":"{id}","generation":1,"saved_at":1,"accounts":{{"epoch":1,"commitment":"{key}","length":0}},"recovery":{{"commitment":"{key}","public_key":"{key}","segments":[]}},"slots":[{slots}]{more}}}"#
        );
        forge::closed(forge::head(json.as_bytes()))
    };
    let salt = "0".repeat(32);
    let memory = slot(&format!(r#"{{"memory_kib":67108864,"passes":3,"salt":"{salt}"}}"#));
    let mut huge_header = header("", "");
    huge_header[10..14].fill(0xff);
    let nested = |depth: usize| format!(r#","deep":{}{}"#, "[".repeat(depth), "]".repeat(depth));
    let files = [
        ("64 GiB of Argon2 memory", header(&memory, "")),
        ("a million slots", header(&vec!["{}"; 1_000_000].join(","), "")),
        ("87,000 slots (what fits a header)", header(&vec!["{}"; 87_000].join(","), "")),
        ("a header of 4 GiB", huge_header),
        ("nesting of 1,000,000 levels", header("", &nested(1_000_000))),
        ("nesting of 130,000 levels (what fits)", header("", &nested(130_000))),
    ];
    let mut slowest = 0.0_f64;
    for (name, file) in files {
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            let copy = file.clone();
            let start = Instant::now();
            let refused = LockedVault::parse(copy, location).is_err();
            times.push(start.elapsed());
            if !refused {
                return Err(format!("a file with {name} is not refused").into());
            }
        }
        let time = median(times);
        slowest = slowest.max(time);
        println!("refused: {name:<38}  {time:.2} ms");
    }
    let sparse = location.folder().join("sparse.keyhaven");
    std::fs::File::create(&sparse)?.set_len(64 << 30)?;
    let start = Instant::now();
    let refused = LockedVault::read(&DiskFiles, &Location::at(&sparse)).is_err();
    let time = median(vec![start.elapsed()]);
    slowest = slowest.max(time);
    println!("refused: {:<38}  {time:.2} ms", "64 GiB of nothing");
    if !refused || slowest > 50.0 {
        return Err(format!("a hostile file is refused too late: {slowest:.2} ms").into());
    }
    Ok(())
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e3
}
