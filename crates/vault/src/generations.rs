//! Earlier states of the vault, kept in the folder `generations` beside it.
//!
//! Each save keeps what it replaces. The newest ten stay, then the newest of each of fourteen days and of each of
//! twenty-six weeks. Days and weeks are those of the saves, so a clock that jumps thins nothing by mistake. A name says
//! also what came after the state ([`Next`]): of those that lack nothing but the move of a counter only the newest
//! stays, and counts for nothing; those with something that was gone afterwards stay longer than others.

use crate::{
    files::Files,
    header::{MAX_FILE, ReadError},
    ids::{VaultId, hex, unhex},
    location::Location,
    locked::LockedVault,
    open::OpenVault,
    random,
    save::{self, DiskOperation, SaveError, failed},
    seal,
};
use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

const NEWEST: usize = 10;
/// So many newest states after which something was gone.
const LASTS: usize = 30;
const DAYS: usize = 14;
const WEEKS: usize = 26;
const DAY: u64 = 24 * 60 * 60 * 1000;
/// 1970-01-01 was a Thursday; weeks begin on Monday.
const MONDAY: u64 = 3 * DAY;

/// An earlier state of the vault. To look inside, read [`Location::at`] its path.
#[derive(Debug)]
pub struct Generation {
    /// Its file.
    pub path: PathBuf,
    /// The generation's number, from the file's name.
    pub number: u64,
    /// When it was saved, in milliseconds since 1970-01-01 UTC, from the file's name.
    pub saved_at: u64,
    /// The file's size in bytes; 0 when it could not be read.
    pub size: u64,
    /// Which vault it is, or why it cannot be read.
    pub readable: Result<VaultId, ReadError>,
}

/// A kept state that was saved after the vault's own.
#[derive(Debug)]
pub struct Later {
    /// The state, opened.
    pub state: OpenVault,
    /// Whether the state that came after it may have moved a counter, and is not kept: it was the vault's file that
    /// was lost. Which counter moved is not known.
    pub moved: bool,
}

/// Why a generation was not restored. The vault file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The generation cannot be read.
    #[error("the generation cannot be restored: {0}")]
    Unreadable(#[from] ReadError),
    /// The generation is another vault's than the file that is there.
    #[error("the generation belongs to vault {found}, the file is vault {expected}")]
    AnotherVault {
        /// The vault that the file is.
        expected: VaultId,
        /// The vault that the generation is.
        found: VaultId,
    },
    /// It could not be put in place.
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl LockedVault {
    /// The generations kept for the vault at `location`, newest first, each read and checked as far as that goes
    /// without a key. None when the folder is not there.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn generations(files: &dyn Files, location: &Location) -> Result<Vec<Generation>, ReadError> {
        let location = location.real(files).map_err(ReadError::Io)?;
        let folder = location.generations_folder();
        let names = match files.list(&folder) {
            Ok(names) => names,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // A name that is there and leads to no folder, such as a link to a drive that is gone.
                let beside = files.list(location.folder()).unwrap_or_default();
                let named =
                    beside.iter().any(|name| folder.file_name().is_some_and(|own| own == name.as_str()));
                return if named { Err(ReadError::Io(error)) } else { Ok(Vec::new()) };
            }
            Err(error) => return Err(ReadError::Io(error)),
        };
        let generations = sorted(&location, &names).into_iter().map(|name| {
            let path = folder.join(&name.file);
            let read = LockedVault::read(files, &Location::at(&path));
            let size = read.as_ref().map_or(0, |locked| locked.bytes.len() as u64);
            let readable = read.map(|locked| locked.id());
            Generation { path, number: name.number, saved_at: name.saved_at, size, readable }
        });
        Ok(generations.collect())
    }

    /// Puts a generation in the vault's place. The file that is there, whole or damaged, is kept among the
    /// generations first. Needs no key.
    ///
    /// # Errors
    /// See [`RestoreError`].
    pub fn restore(
        files: &dyn Files,
        location: &Location,
        generation: &Path,
    ) -> Result<LockedVault, RestoreError> {
        let place = location.real(files).map_err(failed(DiskOperation::Resolve, location.file()))?;
        let source = LockedVault::read(files, &Location::at(generation))?;
        let _lock = save::lock(files, &place)?;
        match LockedVault::read(files, &place) {
            Ok(there) if there.id() != source.id() => {
                return Err(RestoreError::AnotherVault { expected: there.id(), found: source.id() });
            }
            // Who can tell, without a key, what it has and the generation lacks.
            Ok(there) => keep(files, &place, &there, Next::Lacks)?,
            Err(ReadError::NotFound) => {}
            // Damaged, or from a newer version: kept as it is.
            Err(_) => keep_unreadable(files, &place)?,
        }
        // What was put there was read back: from here on it is restored, whatever the disk answers next.
        put(files, place.file(), source.as_bytes(), Way::Over)?;
        Ok(LockedVault { location: location.clone(), ..source })
    }

    /// Writes this vault, as it is, to a file of its own that is not there yet: a backup. Nobody saves there, so nothing
    /// is locked, and nothing but the file is left in its folder.
    ///
    /// # Errors
    /// See [`SaveError`]; [`SaveError::AlreadyExists`] when something is there.
    pub fn copy_to(&self, files: &dyn Files, location: &Location) -> Result<(), SaveError> {
        let place = location.real(files).map_err(failed(DiskOperation::Resolve, location.file()))?;
        match files.read(place.file(), MAX_FILE) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Ok(_) => return Err(SaveError::AlreadyExists),
            Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
                return Err(SaveError::AlreadyExists);
            }
            Err(error) => return Err(failed(DiskOperation::Read, place.file())(error)),
        }
        put(files, place.file(), &self.bytes, Way::New)
    }
}

impl OpenVault {
    /// The kept states that were saved after this one and open with this vault's keys: there are some once an earlier
    /// state was put in the vault's place, until the next save. The newest kept state is among them also when it is
    /// this one, where the state that came after it moved a counter and is lost.
    pub fn later_generations(&self, files: &dyn Files) -> Vec<Later> {
        let Ok(location) = self.image.location.real(files) else { return Vec::new() };
        let folder = location.generations_folder();
        let names = sorted(&location, &files.list(&folder).unwrap_or_default());
        let later = names.iter().enumerate().filter_map(|(index, name)| {
            let here = self.generation();
            // Only what came after the newest is not kept itself.
            let may_have_moved = index == 0 && name.next != Next::Changes && name.number >= here;
            if name.number <= here && !may_have_moved {
                return None;
            }
            let locked = LockedVault::read(files, &Location::at(folder.join(&name.file))).ok()?;
            let state = (locked.id() == self.id()).then(|| self.open_copy(&locked).ok())??;
            // A code of an account with two versions settles them, and is marked as something that went.
            let moved =
                may_have_moved && (name.next == Next::Moves || state.accounts().conflicts().next().is_some());
            (name.number > here || moved).then_some(Later { state, moved })
        });
        later.collect()
    }

    /// Whether this vault's key opens the generation.
    pub fn opens(&self, files: &dyn Files, generation: &Generation) -> bool {
        LockedVault::read(files, &Location::at(&generation.path))
            .is_ok_and(|locked| locked.id() == self.id() && locked.open_accounts(&self.key).is_ok())
    }
}

/// What a file that is put somewhere may take the place of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Whatever is there.
    Over,
    /// Nothing: what came there meanwhile stays, as far as the file system knows second names.
    New,
}

/// Gives a file that was written beside it the name `path`.
fn name(files: &dyn Files, temporary: &Path, path: &Path, way: Way) -> io::Result<()> {
    if way == Way::New {
        match files.link(temporary, path) {
            Ok(()) => {
                let _ = files.remove(temporary); // a random name, and whole
                return Ok(());
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            Err(_) => {} // such as a stick's
        }
    }
    files.rename(temporary, path)?;
    if way == Way::New {
        // Where the link was made and reported as failed, the two are one file and renaming left both names (rename(2)).
        let _ = files.remove(temporary);
    }
    Ok(())
}

/// Writes a file that is on the disk as a whole or not at all.
/// Where the folder cannot be brought to the disk the file is there all the same, and a power cut may take it away again,
/// whole.
fn put(files: &dyn Files, path: &Path, bytes: &[u8], way: Way) -> Result<(), SaveError> {
    let temporary = save::write_beside(files, path, bytes)?;
    let discard = |error| {
        let _ = files.remove(&temporary); // a random name; the next save removes it
        error
    };
    let same = files
        .read(&temporary, MAX_FILE)
        .map_err(failed(DiskOperation::ReadBack, &temporary))
        .map_err(discard)?
        == bytes;
    if !same {
        return Err(discard(SaveError::NotVerified));
    }
    if let Err(error) = name(files, &temporary, path, way) {
        // Some shares name it and report an error. What stands there decides, not the answer.
        if !files.read(path, MAX_FILE).is_ok_and(|there| there == bytes) {
            if way == Way::New && error.kind() == io::ErrorKind::AlreadyExists {
                return Err(discard(SaveError::AlreadyExists));
            }
            return Err(discard(failed(DiskOperation::Rename, path)(error)));
        }
    }
    // The parent of a bare file name is the empty path, which no system knows.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = files.sync_folder(folder);
    Ok(())
}

/// What became of a state that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The next state changes something.
    Changes,
    /// The next state says everything that this one does, but for counters that moved.
    Moves,
    /// The next state lacks a record that this one has.
    Lacks,
}

impl Next {
    const ALL: [Self; 3] = [Self::Changes, Self::Moves, Self::Lacks];

    /// What a file's name says of it.
    fn mark(self) -> &'static str {
        match self {
            Self::Changes => "",
            Self::Moves => "-step",
            Self::Lacks => "-last",
        }
    }
}

/// Keeps a state of the vault, unless that is done already.
pub(crate) fn keep(
    files: &dyn Files,
    location: &Location,
    vault: &LockedVault,
    next: Next,
) -> Result<(), SaveError> {
    let name = Name::of(location, vault, next);
    keep_as(files, location, &name.file, &vault.bytes)
}

/// Keeps whatever stands in the vault's place, even where the disk no longer gives its bytes.
pub(crate) fn keep_unreadable(files: &dyn Files, location: &Location) -> Result<(), SaveError> {
    let place = |mark: &[u8; 4]| format!("{}{UNREADABLE}{}.keyhaven", location.stem(), hex(mark));
    if let Ok(bytes) = files.read(location.file(), MAX_FILE) {
        let [a, b, c, d, ..] = seal::digest(&bytes);
        return keep_as(files, location, &place(&[a, b, c, d]), &bytes);
    }
    let folder = location.generations_folder();
    files.create_folder(&folder).map_err(failed(DiskOperation::CreateFolder, &folder))?;
    let path = folder.join(place(&random::bytes()?));
    // Its name is about to be given away: a second one, or where there are none, this one.
    let kept = files.link(location.file(), &path).or_else(|_| files.rename(location.file(), &path));
    kept.map_err(failed(DiskOperation::Rename, location.file()))?;
    files.sync_folder(&folder).map_err(failed(DiskOperation::SyncFolder, &folder))
}

/// In the name of what could not be read when it was replaced.
const UNREADABLE: &str = "-unreadable-";

/// `bytes` are what the vault file holds. A save gives the vault's name to a new file and never writes into the old
/// one, so a second name for that is as good as a copy, and costs no space and no time; where there are no second
/// names it is copied.
fn keep_as(files: &dyn Files, location: &Location, name: &str, bytes: &[u8]) -> Result<(), SaveError> {
    let folder = location.generations_folder();
    files.create_folder(&folder).map_err(failed(DiskOperation::CreateFolder, &folder))?;
    let path = folder.join(name);
    let there = || files.read(&path, MAX_FILE).is_ok_and(|there| there == bytes);
    if files.link(location.file(), &path).is_ok() || there() {
        // A save that failed may have made the name and not brought it to the disk.
        return files.sync_folder(&folder).map_err(failed(DiskOperation::SyncFolder, &folder));
    }
    put(files, &path, bytes, Way::Over)
}

/// The number of the next generation: above that of every one that is kept. After a restore the file's own would be
/// below those of the states that it was restored over, and what is saved from then on would be thinned first.
pub(crate) fn next(files: &dyn Files, location: &Location, current: u64) -> u64 {
    let names = files.list(&location.generations_folder()).unwrap_or_default();
    let numbers = names.iter().filter_map(|name| Name::parse(location, name)).map(|name| name.number);
    // A name that somebody made up does not use the numbers up.
    let highest = numbers.filter(|number| *number < u64::from(u32::MAX)).max().unwrap_or(0);
    highest.max(current).saturating_add(1)
}

/// Whether a file of the generations' folder has the name of one of this vault's.
pub(crate) fn is_name(location: &Location, file: &str) -> bool {
    let unreadable = || {
        let rest = file.strip_prefix(&location.stem())?.strip_prefix(UNREADABLE)?;
        unhex::<4>(rest.strip_suffix(".keyhaven")?)
    };
    Name::parse(location, file).is_some() || unreadable().is_some()
}

/// Removes the generations that neither count, day nor week keeps. Those that could not be removed are returned.
pub(crate) fn thin(files: &dyn Files, location: &Location) -> Vec<PathBuf> {
    let folder = location.generations_folder();
    let names = sorted(location, &files.list(&folder).unwrap_or_default());
    superfluous(&names)
        .map(|name| folder.join(&name.file))
        .filter(|path| files.remove(path).is_err())
        .collect()
}

/// `names` stand newest first.
fn superfluous(names: &[Name]) -> impl Iterator<Item = &Name> {
    let (mut days, mut weeks) = (BTreeSet::new(), BTreeSet::new());
    let (mut newest, mut lasts) = (0, 0);
    names.iter().enumerate().filter_map(move |(index, name)| {
        if name.next == Next::Moves {
            // What follows it has all of it. The newest stays for the case that the vault's file is damaged.
            return (index > 0).then_some(name);
        }
        newest += 1;
        lasts += usize::from(name.next == Next::Lacks);
        let day = name.saved_at / DAY;
        let week = (name.saved_at + MONDAY) / (7 * DAY);
        let of_day = days.len() < DAYS && days.insert(day);
        let of_week = weeks.len() < WEEKS && weeks.insert(week);
        let last = name.next == Next::Lacks && lasts <= LASTS;
        (newest > NEWEST && !of_day && !of_week && !last).then_some(name)
    })
}

/// The names of a vault's generations among others, newest first.
fn sorted(location: &Location, names: &[String]) -> Vec<Name> {
    let mut found: Vec<_> = names.iter().filter_map(|name| Name::parse(location, name)).collect();
    found.sort_by(|a, b| (b.number, b.saved_at, &b.file).cmp(&(a.number, a.saved_at, &a.file)));
    found
}

/// `vault-0000000042-1763790192000-1a2b3c4d-last.keyhaven`: stem, number, milliseconds, the digest's beginning, what
/// became of it.
struct Name {
    file: String,
    number: u64,
    saved_at: u64,
    next: Next,
}

impl Name {
    fn of(location: &Location, vault: &LockedVault, next: Next) -> Self {
        let (number, saved_at) = (vault.generation(), vault.saved_at());
        let (digest, mark) = (hex(&vault.parsed.digest[..4]), next.mark());
        let file = format!("{}-{number:010}-{saved_at}-{digest}{mark}.keyhaven", location.stem());
        Self { file, number, saved_at, next }
    }

    fn parse(location: &Location, file: &str) -> Option<Self> {
        let rest = file.strip_prefix(&location.stem())?.strip_prefix('-')?.strip_suffix(".keyhaven")?;
        let mut parts = rest.splitn(3, '-');
        let (number, saved_at, end) = (parts.next()?, parts.next()?, parts.next()?);
        let (digest, mark) = end.split_at_checked(8)?;
        let next = Next::ALL.into_iter().find(|next| next.mark() == mark)?;
        if !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let (number, saved_at) = (number.parse().ok()?, saved_at.parse().ok()?);
        Some(Self { file: file.to_owned(), number, saved_at, next })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(times: impl Iterator<Item = u64>) -> Vec<Name> {
        let mut names: Vec<_> = times
            .enumerate()
            .map(|(number, saved_at)| Name {
                file: number.to_string(),
                number: number as u64,
                saved_at,
                next: Next::Changes,
            })
            .collect();
        names.reverse();
        names
    }

    #[test]
    fn ten_saves_a_day_for_a_year_leave_ten_then_days_then_weeks() {
        let names = saved((0..3650).map(|index| index * DAY / 10));
        let removed = superfluous(&names).count();
        // The ten are those of the last day; 13 days follow; of 26 weeks the newest three end in those.
        assert_eq!(3650 - removed, 10 + 13 + 23);
        assert!(superfluous(&names).all(|name| name.number < 3640));
    }

    #[test]
    fn days_begin_at_midnight_and_weeks_on_monday() {
        const HOURS_24: u64 = 86_400_000;
        let midnight = |day: u64| day * HOURS_24;
        let before_midnight = |day: u64| day * HOURS_24 + HOURS_24 - 1;
        // Newest last: 1970-01-04 was a Sunday, and the 5th to the 11th a week.
        let weeks = [before_midnight(3), midnight(4), before_midnight(10)];
        let days = [before_midnight(998), midnight(999), before_midnight(999)];
        // The days that are kept end here.
        let others = (987..998).map(midnight);
        let newest = [midnight(1000); NEWEST];
        let names = saved(weeks.into_iter().chain(others).chain(days).chain(newest));
        let removed: Vec<u64> = superfluous(&names).map(|name| name.saved_at).collect();
        assert_eq!(removed, [midnight(999), midnight(4)]);
    }

    #[test]
    fn a_clock_that_jumps_back_thins_none_of_the_newest() {
        let names = saved((0..30).map(|index| if index < 20 { 1000 * DAY } else { 10 * DAY }));
        assert!(superfluous(&names).all(|name| name.number < 20));
    }

    #[test]
    fn moves_of_counters_count_for_nothing_and_push_nothing_out() {
        let mut names = saved((0..40).map(|index| DAY + index));
        // Newest first: eleven moves, a deletion, changes.
        names[..11].iter_mut().for_each(|name| name.next = Next::Moves);
        names[11].next = Next::Lacks;
        let left = |names: &[Name]| {
            let removed: BTreeSet<u64> = superfluous(names).map(|name| name.number).collect();
            let left = names.iter().map(|name| name.number).filter(|number| !removed.contains(number));
            left.collect::<Vec<_>>()
        };
        assert_eq!(left(&names), [39, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19]);
        // Were they changes of another kind, the state before the deletion would stay all the same.
        names[..11].iter_mut().for_each(|name| name.next = Next::Changes);
        assert_eq!(left(&names), [39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 28]);
        // Not for ever.
        names.iter_mut().for_each(|name| name.next = Next::Lacks);
        assert_eq!(left(&names).len(), LASTS);
    }

    #[test]
    fn foreign_names_are_no_generations() {
        let location = Location::in_folder("x");
        let name = "vault-0000000042-1763790192000-1a2b3c4d.keyhaven";
        assert_eq!(
            Name::parse(&location, name).map(|name| (name.number, name.saved_at)),
            Some((42, 1_763_790_192_000))
        );
        for (mark, next) in [("-last", Next::Lacks), ("-step", Next::Moves)] {
            let name = name.replace(".keyhaven", &format!("{mark}.keyhaven"));
            assert_eq!(Name::parse(&location, &name).map(|name| name.next), Some(next));
        }
        for foreign in [
            "vault.keyhaven",
            "vault-0000000042-1763790192000-1a2b3c4d-first.keyhaven",
            "vault-0000000042-1763790192000-1a2b3c4dlast.keyhaven",
            "other-0000000042-1763790192000-1a2b3c4d.keyhaven",
            "vault-0000000042-1763790192000-1a2b3c4d.keyhaven.tmp",
            "vault-0000000042-1763790192000-1a2b3c4.keyhaven",
            "vault-x-1763790192000-1a2b3c4d.keyhaven",
            "vault-unreadable-1a2b3c4d.keyhaven",
        ] {
            assert!(Name::parse(&location, foreign).is_none(), "{foreign}");
        }
    }
}
