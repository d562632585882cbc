//! The folder for downloads, as the person's system names it.

use keyhaven_app::host::DownloadedFile;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

pub(crate) fn list() -> io::Result<Vec<DownloadedFile>> {
    files(&folder().ok_or(io::ErrorKind::NotFound)?)
}

/// What the desktop was told (XDG user directories, the known folders of Windows and macOS); a home that says nothing
/// about it has the folder under its usual name.
fn folder() -> Option<PathBuf> {
    let person = directories::UserDirs::new()?;
    Some(person.download_dir().map_or_else(|| person.home_dir().join("Downloads"), Path::to_path_buf))
}

fn files(folder: &Path) -> io::Result<Vec<DownloadedFile>> {
    let file = |entry: io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        // Not the target of a link: whatever put it here did not download it.
        let about = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let written = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let written = written.and_then(|since| u64::try_from(since.as_millis()).ok());
        Some(DownloadedFile { path: entry.path(), size: about.len(), written_at: written.unwrap_or(0) })
    };
    Ok(std::fs::read_dir(folder)?.filter_map(file).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ordinary_files_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("codes.txt"), "12345").unwrap();
        std::fs::create_dir(folder.path().join("folder")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("codes.txt"), folder.path().join("link")).unwrap();
        let listed = files(folder.path()).unwrap();
        let [only] = &listed[..] else { panic!("{listed:?}") };
        assert_eq!((only.path.clone(), only.size), (folder.path().join("codes.txt"), 5));
        assert!(only.written_at > 1_600_000_000_000);
        assert!(files(&folder.path().join("nothing")).is_err());
    }
}
