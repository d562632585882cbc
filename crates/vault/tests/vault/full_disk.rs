//! A real full disk: a file system of its own, filled so that a save ends at every place where it can.
#![cfg(target_os = "linux")]

use crate::support::{Home, NOW, payloads, record};
use keyhaven_vault::{Credential, DiskFiles, LockedVault, SaveError};
use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
};

const DISK: &str = "KEYHAVEN_TEST_CHILD_DISK";
/// The disk's size: a vault, its generations and some saves.
const SIZE: &str = "size=512k";
const PAGE: usize = 4096;

/// The child's part, in a name space of its own with a small disk.
#[test]
fn child_fills_the_disk() {
    let Ok(disk) = std::env::var(DISK) else { return };
    let disk = Path::new(&disk);
    let filler = disk.join("filler");
    let (mut refused, mut done, mut lost) = (0, 0, 0);
    for free in 0..24 {
        let home = Home::in_folder(tempfile::tempdir_in(disk).unwrap());
        let mut vault = home.saved();
        fill(&filler, free);
        // Long enough for a save to end anywhere within it.
        let two = "two".repeat(10_000);
        vault.accounts_mut().put(record("account", &two));
        let saved = vault.save(&DiskFiles, NOW + 1);
        let there = home.read().unlock(Credential::Keyring(&home.keys.keyring)).unwrap();
        let there = payloads(there.accounts().iter());
        lost += usize::from(!there.contains(&"one".to_owned()));
        match saved {
            Ok(_) => {
                assert_eq!(there, ["one", two.as_str()], "{free} pages free");
                done += 1;
            }
            Err(SaveError::NoSpace { .. }) => {
                assert!(there == ["one"] || there == ["one", two.as_str()], "{free} pages free");
                let left = home.names().into_iter().filter(|name| name.ends_with(".tmp")).count();
                assert_eq!(left, 0, "nothing is left on a disk that has no room");
                refused += 1;
            }
            Err(other) => panic!("{free} pages free: {other}"),
        }
        // With room again the same open vault is saved, nothing of it lost.
        fs::remove_file(&filler).unwrap();
        vault.save(&DiskFiles, NOW + 2).unwrap();
        assert!(LockedVault::read(&DiskFiles, &home.location()).is_ok());
    }
    println!(
        "proof: saves on a full disk {}, of them refused {refused}, lost records {lost}",
        refused + done
    );
    assert!(refused > 2 && done > 2, "{refused} were refused, {done} were not");
    assert_eq!(lost, 0);
}

/// Takes all the room but `free` pages.
fn fill(filler: &Path, free: usize) {
    let mut file = File::create(filler).unwrap();
    while file.write_all(&[0; PAGE]).is_ok() {}
    let length = file.metadata().unwrap().len();
    file.set_len((length / PAGE as u64 - free as u64) * PAGE as u64).unwrap();
}

#[test]
fn a_full_disk_keeps_the_old_vault_and_the_open_one() {
    let mount = tempfile::tempdir().unwrap();
    let script = format!("mount -t tmpfs -o {SIZE} tmpfs \"$1\" && shift && exec \"$@\"");
    let run = |map: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(map).args(["--mount", "--", "sh", "-c", &script, "sh"]).arg(mount.path());
        command.arg(std::env::current_exe().unwrap());
        command.args(["--exact", "full_disk::child_fills_the_disk", "--nocapture", "--test-threads=1"]);
        command.env(DISK, mount.path()).output()
    };
    // Root needs no name space of users, and may not have one in a container; everybody else needs one.
    let answers = [&[][..], &["--user", "--map-root-user"]].map(run);
    let told = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let ran = answers.iter().flatten().find(|output| told(output).contains("running 1 test"));
    let Some(output) = ran else {
        return println!(
            "skipped: this machine lets nobody make a small disk (unshare --mount): {answers:?}"
        );
    };
    let text = told(output);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find_map(|line| line.find("proof: ").map(|at| &line[at..])).unwrap();
    println!("{line}");
    assert!(fs::read_dir(mount.path()).unwrap().next().is_none(), "the disk was the child's alone");
}
