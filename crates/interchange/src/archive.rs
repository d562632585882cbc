//! ZIP archives, read in memory: nothing is unpacked to a disk, and no archive inside an archive is opened.

use crate::{Format, ImportError};
use keyhaven_secret::{SecretBytes, SecretText};
use std::io::{Cursor, Read};
use zip::ZipArchive;
use zip::result::ZipError;

/// Largest member read, in bytes unpacked (64 MiB): what stops an archive bomb.
const MAX_MEMBER: u64 = 64 << 20;

/// The names in the archive; none when it cannot be read.
pub(crate) fn names(bytes: &[u8]) -> Vec<String> {
    ZipArchive::new(Cursor::new(bytes))
        .map(|archive| archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect())
        .unwrap_or_default()
}

/// Unpacks the first member that `wanted` accepts by its name. `None` when there is none.
pub(crate) fn read(
    bytes: &[u8],
    format: Format,
    wanted: impl Fn(&str) -> bool,
    password: Option<&SecretText>,
) -> Result<Option<SecretBytes>, ImportError> {
    let broken = |what| ImportError::broken(format, "its ZIP archive", what);
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken("the list of its files cannot be read"))?;
    let is_wanted = |index: &usize| {
        let name = archive.name_for_index(*index).and_then(|name| name.ok());
        name.is_some_and(|name| wanted(&name))
    };
    let Some(index) = (0..archive.len()).find(is_wanted) else { return Ok(None) };
    let encrypted =
        archive.by_index_raw(index).map_err(|_| broken("a file's header cannot be read"))?.encrypted();
    let member = match (encrypted, password) {
        (false, _) => archive.by_index(index),
        (true, None) => return Err(ImportError::PasswordNeeded { format }),
        (true, Some(password)) => archive.by_index_decrypt(index, password.expose().as_bytes()),
    };
    let member = member.map_err(|error| match error {
        ZipError::InvalidPassword => ImportError::WrongPassword { format, certain: true },
        ZipError::UnsupportedArchive(_) => ImportError::Unsupported {
            format,
            what: "its ZIP archive uses a compression that is not known here",
        },
        _ => broken("a file's header cannot be read"),
    })?;
    let mut content = Vec::with_capacity(usize::try_from(member.size().min(MAX_MEMBER)).unwrap_or(0));
    let read = member.take(MAX_MEMBER + 1).read_to_end(&mut content);
    let content = SecretBytes::new(content);
    match read {
        Ok(length) if length as u64 > MAX_MEMBER => Err(ImportError::TooDemanding {
            what: "bytes or more, unpacked",
            asked: length as u64,
            most: MAX_MEMBER,
        }),
        Ok(_) => Ok(Some(content)),
        // ZipCrypto checks one byte of the password (APPNOTE §6.1.6); what slips through fails its checksum here.
        Err(_) if encrypted => Err(ImportError::WrongPassword { format, certain: false }),
        Err(_) => Err(broken("a file in it fails its checksum")),
    }
}
