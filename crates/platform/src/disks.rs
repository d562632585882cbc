//! Which disk a place is on: what lies on one disk is gone together.

use std::path::Path;

/// Whether both are on one disk; `None` where the system does not tell.
#[cfg(unix)]
pub(crate) fn same(one: &Path, other: &Path) -> Option<bool> {
    use std::os::unix::fs::MetadataExt as _;
    // Layered file systems give files the numbers of their layers; folders have the number of the whole.
    let folder = |path: &Path| {
        let path = std::fs::canonicalize(path).ok()?;
        if path.is_dir() { Some(path) } else { path.parent().map(Path::to_path_buf) }
    };
    let (one, other) = (folder(one)?, folder(other)?);
    let device = |path: &Path| std::fs::metadata(path).ok().map(|about| about.dev());
    if device(&one)? == device(&other)? {
        return Some(true);
    }
    #[cfg(target_os = "linux")]
    if let (Some(one), Some(other)) = (linux::disks(&one), linux::disks(&other)) {
        return Some(!one.is_disjoint(&other));
    }
    Some(false)
}

/// Two drive letters may be parts of one disk, which only calls with unsafe code tell: then they count as two.
#[cfg(windows)]
pub(crate) fn same(one: &Path, other: &Path) -> Option<bool> {
    let drive = |path: &Path| {
        let path = std::fs::canonicalize(path).ok()?;
        path.components().next().map(|first| first.as_os_str().to_ascii_lowercase())
    };
    Some(drive(one)? == drive(other)?)
}

#[cfg(not(any(unix, windows)))]
pub(crate) fn same(_one: &Path, _other: &Path) -> Option<bool> {
    None
}

/// Two partitions, or two volumes in them, have numbers of their own; the kernel knows the disks below (sysfs(5)).
#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::MetadataExt as _;
    use std::path::{Path, PathBuf};

    /// The disks below the file system of `path`, which has no links in it; `None` where it stands on none (memory, a share, a container's layers).
    pub(super) fn disks(path: &Path) -> Option<BTreeSet<PathBuf>> {
        let mounts = std::fs::read("/proc/self/mountinfo").ok()?;
        // Asked of the mounted device: btrfs gives each of its volumes a number that no disk has.
        let device = std::fs::metadata(source(&mounts, path)?).ok()?.rdev();
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        let mut disks = BTreeSet::new();
        let block = std::fs::canonicalize(format!("/sys/dev/block/{major}:{minor}")).ok()?;
        below(&block, &mut disks, 8);
        (!disks.is_empty()).then_some(disks)
    }

    /// The disks of a block device: of a partition the disk that it is a part of, of an encrypted or joined volume those
    /// of what it is made of.
    fn below(block: &Path, disks: &mut BTreeSet<PathBuf>, depth: u8) {
        let slaves = std::fs::read_dir(block.join("slaves")).into_iter().flatten().flatten();
        let slaves: Vec<_> = slaves.filter_map(|slave| std::fs::canonicalize(slave.path()).ok()).collect();
        match block.parent() {
            _ if !slaves.is_empty() && depth > 0 => {
                slaves.iter().for_each(|slave| below(slave, disks, depth - 1));
            }
            Some(disk) if block.join("partition").exists() => {
                disks.insert(disk.to_path_buf());
            }
            _ => {
                disks.insert(block.to_path_buf());
            }
        }
    }

    /// The device that is mounted where `path` is, from lines as in proc(5): number, parent, device, root, place,
    /// options, fields, "-", kind, source, options.
    fn source(mounts: &[u8], path: &Path) -> Option<PathBuf> {
        let mut found: Option<(PathBuf, PathBuf)> = None;
        for line in mounts.split(|byte| *byte == b'\n') {
            let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
            let (Some(place), Some(dash)) =
                (fields.get(4), fields.iter().skip(6).position(|field| *field == b"-"))
            else {
                continue;
            };
            let Some(source) = fields.get(6 + dash + 2) else { continue };
            let place = unescaped(place);
            // Of two at one place the later one is seen.
            let deeper = found.as_ref().is_none_or(|(known, _)| place.starts_with(known));
            if path.starts_with(&place) && deeper {
                found = Some((place, unescaped(source)));
            }
        }
        found.map(|(_, source)| source).filter(|source| source.is_absolute())
    }

    /// Spaces and the like are written as three octal digits behind a backslash.
    fn unescaped(field: &[u8]) -> PathBuf {
        let mut bytes = Vec::with_capacity(field.len());
        let mut rest = field;
        while let [first, behind @ ..] = rest {
            let octal = behind.get(..3).filter(|_| *first == b'\\');
            let octal =
                octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
            bytes.push(octal.unwrap_or(*first));
            rest = if octal.is_some() { &behind[3..] } else { behind };
        }
        PathBuf::from(std::ffi::OsStr::from_bytes(&bytes))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const MOUNTS: &[u8] = b"22 1 259:2 / / rw shared:1 - ext4 /dev/nvme0n1p2 rw\n\
            30 22 0:40 /@home /home rw shared:2 master:3 - btrfs /dev/mapper/home rw\n\
            41 22 8:1 / /media/My\\040Stick rw - vfat /dev/sda1 rw\n\
            42 22 0:50 / /mnt/share rw - nfs4 server:/share rw\n\
            broken line\n";

        #[test]
        fn the_mounted_device_is_found_for_a_path() {
            let source = |path: &str| source(MOUNTS, Path::new(path));
            assert_eq!(source("/var/vault"), Some("/dev/nvme0n1p2".into()));
            assert_eq!(source("/home/robin/vault"), Some("/dev/mapper/home".into()));
            assert_eq!(source("/homes"), Some("/dev/nvme0n1p2".into()));
            assert_eq!(source("/media/My Stick/backups"), Some("/dev/sda1".into()));
            assert_eq!(source("/mnt/share/x"), None, "a share is on no disk of this computer");
        }

        #[test]
        fn parts_of_one_disk_are_found_below_what_is_made_of_them() {
            let sys = tempfile::tempdir().unwrap();
            let sys = std::fs::canonicalize(sys.path()).unwrap();
            for part in ["sda/sda1", "sda/sda2", "sdb"] {
                std::fs::create_dir_all(sys.join(part)).unwrap();
            }
            for part in ["sda/sda1", "sda/sda2"] {
                std::fs::write(sys.join(part).join("partition"), "1").unwrap();
            }
            std::fs::create_dir_all(sys.join("dm-0/slaves")).unwrap();
            std::os::unix::fs::symlink("../../sda/sda2", sys.join("dm-0/slaves/sda2")).unwrap();
            std::os::unix::fs::symlink("../../sdb", sys.join("dm-0/slaves/sdb")).unwrap();
            let below = |block: &str| {
                let mut disks = BTreeSet::new();
                below(&sys.join(block), &mut disks, 8);
                disks
            };
            assert_eq!(below("sda/sda1"), [sys.join("sda")].into());
            assert_eq!(below("dm-0"), [sys.join("sda"), sys.join("sdb")].into());
            assert_eq!(below("sdb"), [sys.join("sdb")].into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_on_the_disk_of_the_folder_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("copy"), "x").unwrap();
        assert_eq!(same(folder.path(), &inner), Some(true));
        assert_eq!(same(folder.path(), &inner.join("copy")), Some(true));
        assert_eq!(same(folder.path(), &folder.path().join("nothing")), None);
        #[cfg(target_os = "linux")]
        assert_eq!(same(folder.path(), Path::new("/proc")), Some(false));
    }
}
