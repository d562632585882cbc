//! Taking a downloaded file away: into the bin, or overwritten and deleted.

use keyhaven_app::recovery::view::TidyWay;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::path::Path;

/// Bytes that are written at once.
const BLOCK: usize = 64 * 1024;

pub(crate) fn tidy(path: &Path, way: TidyWay) -> io::Result<()> {
    match way {
        TidyWay::Bin => trash::delete(path).map_err(io::Error::other),
        TidyWay::Erase => erase(path),
    }
}

/// Overwrites the file where it lies and deletes it. What this cannot do, the screen says: an SSD or a file system that
/// copies on write may keep the old bytes elsewhere.
fn erase(path: &Path) -> io::Result<()> {
    // A link's target would be overwritten, and only the link removed.
    if path.symlink_metadata()?.file_type().is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is a link to another file"));
    }
    let mut file = OpenOptions::new().write(true).open(path)?;
    let mut left = file.metadata()?.len();
    file.rewind()?;
    let zeros = vec![0; BLOCK];
    while left > 0 {
        let now = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        file.write_all(&zeros[..now])?;
        left -= now as u64;
    }
    file.sync_all()?;
    drop(file);
    std::fs::remove_file(path)?;
    match path.parent() {
        Some(folder) if cfg!(unix) && !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_erased_file_is_overwritten_before_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (file, second) = (folder.path().join("codes.txt"), folder.path().join("second"));
        std::fs::write(&file, vec![b'x'; BLOCK + 17]).unwrap();
        // Another name for the same bytes shows what became of them.
        std::fs::hard_link(&file, &second).unwrap();
        tidy(&file, TidyWay::Erase).unwrap();
        assert!(!file.exists());
        assert_eq!(std::fs::read(&second).unwrap(), vec![0; BLOCK + 17]);
        assert!(tidy(&file, TidyWay::Erase).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("codes.txt"), folder.path().join("link"));
        std::fs::write(&file, "codes").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(tidy(&link, TidyWay::Erase).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), b"codes");
    }
}
