//! Names of backups, and which of them have had their time.

use super::plan::VaultState;
use crate::safety_view::BackupRotation;
use jiff::civil::Date;
use std::collections::BTreeSet;

/// `keyhaven-7e723a21-2026-11-22-091500-g42.keyhaven`: the vault's first 32 bits, when it was saved (UTC), how often.
/// A number behind that tells apart what would be of one name (`…-g42-2.keyhaven`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BackupName {
    pub file: String,
    pub state: VaultState,
    date: Date,
}

/// How long a name's part of the vault's id is, in hexadecimal digits.
const ID_DIGITS: usize = 8;

impl BackupName {
    /// The name for a vault in this state; `number` counts from 1.
    pub fn of(vault_id: &str, state: VaultState, number: u32) -> Option<String> {
        let time = jiff::Timestamp::from_millisecond(i64::try_from(state.saved_at).ok()?).ok()?;
        let time = time.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d-%H%M%S");
        let behind = if number > 1 { format!("-{number}") } else { String::new() };
        Some(format!("keyhaven-{}-{time}-g{}{behind}.keyhaven", short(vault_id), state.generation))
    }

    /// Reads the name of a backup of this vault; anything else in the folder is none of ours and is left alone.
    pub fn parse(vault_id: &str, file: &str) -> Option<Self> {
        let rest = file.strip_prefix("keyhaven-")?.strip_prefix(&short(vault_id))?.strip_prefix('-')?;
        let rest = rest.strip_suffix(".keyhaven")?;
        let time = jiff::civil::DateTime::strptime("%Y-%m-%d-%H%M%S", rest.get(..17)?).ok()?;
        let mut parts = rest.get(17..)?.strip_prefix("-g")?.split('-');
        let generation = parts.next()?.parse().ok()?;
        if parts.next().is_some_and(|number| number.parse::<u32>().is_err()) || parts.next().is_some() {
            return None;
        }
        let saved_at = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond();
        let saved_at = u64::try_from(saved_at).ok()?;
        Some(Self { file: file.to_owned(), state: VaultState { generation, saved_at }, date: time.date() })
    }

    /// Whether the file would hold this state: names know seconds only.
    pub fn may_hold(&self, state: VaultState) -> bool {
        self.state.generation == state.generation && self.state.saved_at == state.saved_at / 1_000 * 1_000
    }
}

fn short(vault_id: &str) -> String {
    vault_id.chars().filter(char::is_ascii_hexdigit).take(ID_DIGITS).collect()
}

/// The backups of one vault among the names in a folder, newest first.
pub(crate) fn of_vault(vault_id: &str, names: &[String]) -> Vec<BackupName> {
    let mut found: Vec<_> = names.iter().filter_map(|name| BackupName::parse(vault_id, name)).collect();
    found.sort_by(|a, b| {
        let key = |name: &BackupName| (name.state.generation, name.state.saved_at, name.file.clone());
        key(b).cmp(&key(a))
    });
    found
}

/// The backups that go: neither among the newest nor the newest of one of the days. Days are counted back from the
/// newest backup and not from today, so a clock that jumps removes nothing by mistake.
pub(crate) fn superfluous<'a>(
    newest_first: &'a [BackupName],
    rotation: &'a BackupRotation,
) -> impl Iterator<Item = &'a BackupName> {
    let newest = newest_first.iter().map(|name| name.date).max();
    let mut days = BTreeSet::new();
    newest_first.iter().enumerate().filter_map(move |(index, name)| {
        let first_of_day = days.insert(name.date);
        let age = newest.and_then(|newest| newest.since(name.date).ok()).map_or(0, |span| span.get_days());
        let of_day = first_of_day && i64::from(age) < i64::from(rotation.keep_days);
        (index >= rotation.keep_newest as usize && !of_day).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "7e72-3a21-f44a-ef12-86bb-fa05-8ba6-3db7";
    const DAY: u64 = 24 * 60 * 60_000;

    fn names(times: impl Iterator<Item = u64>) -> Vec<BackupName> {
        let names: Vec<String> = times
            .zip(1..)
            .filter_map(|(saved_at, generation)| BackupName::of(ID, VaultState { generation, saved_at }, 1))
            .collect();
        of_vault(ID, &names)
    }

    #[test]
    fn a_name_is_read_back_and_foreign_names_are_left_alone() {
        let state = VaultState { generation: 42, saved_at: 1_795_338_900_123 };
        for number in [1, 2] {
            let file = BackupName::of(ID, state, number).unwrap();
            let read = BackupName::parse(ID, &file).unwrap();
            assert!(read.may_hold(state), "{file}");
        }
        assert_eq!(BackupName::of(ID, state, 1).unwrap(), "keyhaven-7e723a21-2026-11-22-091500-g42.keyhaven");
        for foreign in [
            "vault.keyhaven",
            "keyhaven-7e723a21-2026-11-22-091500-g42.keyhaven.new",
            "keyhaven-ffffffff-2026-11-22-091500-g42.keyhaven",
            "keyhaven-7e723a21-2026-13-22-091500-g42.keyhaven",
            "keyhaven-7e723a21-2026-11-22-091500-g42-x.keyhaven",
            "keyhaven-7e723a21-2026-11-22-091500-g.keyhaven",
            "keyhaven-7e723a21-2026-11-22-091500-g42 (conflicted copy).keyhaven",
            "keyhaven-7e723a21-äöü",
        ] {
            assert_eq!(BackupName::parse(ID, foreign), None, "{foreign}");
        }
    }

    #[test]
    fn the_newest_stay_and_then_one_of_each_day() {
        let rotation = BackupRotation { keep_newest: 10, keep_days: 30 };
        let all = names((0..2_000).map(|index| 1_700_000_000_000 + index * DAY / 10));
        let removed: Vec<_> = superfluous(&all, &rotation).collect();
        let left = all.len() - removed.len();
        assert!((10 + 28..=10 + 30).contains(&left), "{left}");
        assert!(removed.iter().all(|name| name.state.generation <= 1_990));
        let again = names((0..2_000).map(|index| 1_700_000_000_000 + index * DAY / 10));
        assert_eq!(superfluous(&again[..10], &rotation).count(), 0);
    }

    #[test]
    fn a_clock_that_jumped_years_ahead_and_back_takes_no_new_backup_along() {
        let rotation = BackupRotation { keep_newest: 3, keep_days: 2 };
        let times = [10, 20, 9_000, 30, 31, 32, 33].map(|day| day * DAY);
        let all = names(times.into_iter());
        let left: Vec<u64> = all
            .iter()
            .filter(|name| !superfluous(&all, &rotation).any(|gone| gone.file == name.file))
            .map(|name| name.state.generation)
            .collect();
        assert_eq!(left, [7, 6, 5, 3]);
    }
}
