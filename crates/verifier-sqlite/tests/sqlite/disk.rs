//! Disks that are full or can only be read: nothing is decided, and nothing that was decided is lost.
#![expect(
    clippy::disallowed_methods,
    reason = "a test makes files unwritable, and its child learns its part from the environment"
)]
#![expect(clippy::print_stdout, reason = "a test that cannot be run here says so")]

use crate::crash::{DATABASE, SECRET, all_in_the_file, check, enrol, until_it_was_full};
use keyhaven_verifier_sqlite::SqliteStore;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

/// A command in a view of the file system of its own, in which it may mount what it likes.
fn unshared() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount"]);
    command
}

/// Whether this machine gives a program such a view (some containers do not).
fn own_view() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let tried = unshared().args(["mount", "-t", "tmpfs", "tmpfs"]).arg(folder.path()).output();
    let possible = tried.as_ref().is_ok_and(|output| output.status.success());
    if !possible {
        println!("skipped: this machine lets nobody have a view of the file system of their own: {tried:?}");
    }
    possible
}

/// What this test binary says when it is started again to run one of its tests.
fn child(mut command: Command, test: &str, database: &Path, uri: &str) -> Output {
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
    command.env(DATABASE, database).env(SECRET, uri).output().unwrap()
}

/// A file system with little room, full to the last block. A limit on the size of files, which needs no such view, is in
/// `crash::a_full_disk_decides_nothing_and_loses_nothing`.
#[tokio::test]
async fn a_file_system_without_room_decides_nothing_and_loses_nothing() {
    const SCRIPT: &str = r#"set -e
disk=$1; from=$2; to=$3; room=$4; shift 4
mount -t tmpfs -o "size=$room" tmpfs "$disk"
cp "$from" "$disk/v.db"
"$@"
df --output=avail "$disk" >"$to/room"
cp "$disk"/v.db* "$to""#;
    if !own_view() {
        return;
    }
    let [from, disk, to] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let path = from.path().join("v.db");
    let uri = enrol(&path).await;
    all_in_the_file(&path);
    let room = fs::metadata(&path).unwrap().len() + 400_000;
    let mut command = unshared();
    command.args(["sh", "-c", SCRIPT, "sh"]).arg(disk.path()).arg(&path).arg(to.path()).arg(room.to_string());
    let output = child(command, "crash::child_signs_in", &disk.path().join("v.db"), &uri);
    assert!(output.status.success(), "{output:?}");
    let last = until_it_was_full(&String::from_utf8_lossy(&output.stdout));
    let left = fs::read_to_string(to.path().join("room")).unwrap();
    let left: u64 = left.lines().last().unwrap().trim().parse().unwrap();
    assert!(left < 16, "{left} KiB were free");
    check(&to.path().join("v.db"), &uri, last).await;
}

/// The child's part: opens the file, and says how that went.
#[test]
fn child_opens() {
    let Ok(path) = std::env::var(DATABASE) else { return };
    let path = Path::new(&path);
    let writable = fs::OpenOptions::new().append(true).open(path).is_ok();
    println!("\nwritable {writable}");
    match SqliteStore::open(path) {
        Ok(_) => println!("opened"),
        Err(error) => println!("refused: {error}"),
    }
}

/// Whom permissions hold back: everybody but root, and root without the right to pass over them.
fn held_back() -> Command {
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout.trim_ascii() != b"0" {
        return Command::new("env");
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-dac_override,-dac_read_search", "--"]);
    command
}

fn is_refused(output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(words.iter().any(|words| said.contains(words)), "{output:?}");
    assert!(said.lines().all(|line| line != "opened"), "{output:?}");
}

/// A file that may not be written, one in a folder that may not, and both.
#[tokio::test]
async fn a_file_without_permission_to_write_is_refused_and_left_alone() {
    for (file, folder, writable) in [(0o444, 0o755, false), (0o644, 0o555, true), (0o444, 0o555, false)] {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("v.db");
        let uri = enrol(&path).await;
        closed(&path).await;
        let before = fs::read(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(file)).unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(folder)).unwrap();
        let output = child(held_back(), "disk::child_opens", &path, &uri);
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(&format!("writable {writable}")), "{output:?}");
        is_refused(
            &output,
            &["can only be read", "unable to open database file", "attempt to write a readonly"],
        );
        assert!(fs::read(&path).unwrap() == before, "{file:o} in {folder:o}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        check(&path, &uri, 0).await;
    }
}

/// Waits until whoever had the file open has closed it: the last who may write takes the log along, and that is who looks.
async fn closed(path: &Path) {
    let log = path.with_extension("db-wal");
    for _ in 0..3_000 {
        all_in_the_file(path);
        if !log.exists() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the writer does not close the file");
}

/// A file system that was mounted to be read only.
#[tokio::test]
async fn a_file_on_a_disk_that_can_only_be_read_is_refused_and_left_alone() {
    const SCRIPT: &str = r#"set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
shift
"$@""#;
    if !own_view() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("v.db");
    let uri = enrol(&path).await;
    closed(&path).await;
    let before = fs::read(&path).unwrap();
    let mut command = unshared();
    command.args(["sh", "-c", SCRIPT, "sh"]).arg(place.path());
    let output = child(command, "disk::child_opens", &path, &uri);
    assert!(String::from_utf8_lossy(&output.stdout).contains("writable false"), "{output:?}");
    is_refused(&output, &["can only be read", "unable to open database file"]);
    assert!(fs::read(&path).unwrap() == before, "it was changed");
    check(&path, &uri, 0).await;
}
