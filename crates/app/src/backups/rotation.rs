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
    pub fn of(vault_id: &str, state: VaultState, number: u32) -> String {
        let time = moment(state.saved_at).to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d-%H%M%S");
        let behind = if number > 1 { format!("-{number}") } else { String::new() };
        format!("keyhaven-{}-{time}-g{}{behind}.keyhaven", short(vault_id), state.generation)
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
        let named = u64::try_from(moment(state.saved_at).as_second() * 1_000).ok();
        self.state.generation == state.generation && Some(self.state.saved_at) == named
    }
}

/// A moment that a name can tell; one that is later than any calendar goes is told as the last of them.
fn moment(milliseconds: u64) -> jiff::Timestamp {
    let moment = i64::try_from(milliseconds).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    moment.unwrap_or(jiff::Timestamp::MAX)
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

/// The backups of one vault that are in a folder and that this computer wrote, the last that was in use first.
/// `written` has their names in the order in which the states were in use. Neither numbers nor dates can say that order:
/// after a restore both begin at an earlier one, and a clock jumps.
pub(crate) fn own(vault_id: &str, written: &[String], names: &[String]) -> Vec<BackupName> {
    let there: BTreeSet<&String> = names.iter().collect();
    let own = written.iter().rev().filter(|name| there.contains(name));
    own.filter_map(|name| BackupName::parse(vault_id, name)).collect()
}

/// The backups that go: neither among the newest, nor the newest of one of the last days that have any. Days are
/// counted, not reckoned from a date: whatever a clock shows once takes one day's place and no more.
pub(crate) fn superfluous<'a>(
    newest_first: &'a [BackupName],
    rotation: &'a BackupRotation,
) -> impl Iterator<Item = &'a BackupName> {
    let mut days = BTreeSet::new();
    newest_first.iter().enumerate().filter_map(move |(index, name)| {
        let of_day = days.len() < rotation.keep_days as usize && days.insert(name.date);
        (index >= rotation.keep_newest as usize && !of_day).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "7e72-3a21-f44a-ef12-86bb-fa05-8ba6-3db7";
    const DAY: u64 = 24 * 60 * 60_000;

    fn names(times: impl Iterator<Item = u64>) -> Vec<BackupName> {
        let names: Vec<String> = times
            .zip(1..)
            .map(|(saved_at, generation)| BackupName::of(ID, VaultState { generation, saved_at }, 1))
            .collect();
        of_vault(ID, &names)
    }

    #[test]
    fn a_name_is_read_back_and_foreign_names_are_left_alone() {
        let state = VaultState { generation: 42, saved_at: 1_795_338_900_123 };
        for number in [1, 2] {
            let file = BackupName::of(ID, state, number);
            let read = BackupName::parse(ID, &file).unwrap();
            assert!(read.may_hold(state), "{file}");
        }
        assert_eq!(BackupName::of(ID, state, 1), "keyhaven-7e723a21-2026-11-22-091500-g42.keyhaven");
        // A clock that shows a year which no calendar has, as one that lost its battery may.
        for saved_at in [253_402_300_800_000, u64::MAX] {
            let late = VaultState { generation: 1, saved_at };
            let file = BackupName::of(ID, late, 1);
            assert_eq!(file, "keyhaven-7e723a21-9999-12-30-220000-g1.keyhaven");
            assert!(BackupName::parse(ID, &file).is_some_and(|read| read.may_hold(late)));
        }
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
    fn a_clock_that_jumped_years_ahead_and_back_takes_one_days_place() {
        let rotation = BackupRotation { keep_newest: 3, keep_days: 20 };
        let times = (0..25).chain([25 + 73 * 365]).chain(26..40).map(|day| day * DAY);
        let all = names(times);
        let gone: BTreeSet<u64> = superfluous(&all, &rotation).map(|name| name.state.generation).collect();
        assert_eq!(gone, (1..=20).collect());
    }

    /// What happens to the backups of one vault in one folder.
    #[derive(Clone, Debug)]
    enum Event {
        /// One of the two computers saves at this time, whatever the time before was, and backs up.
        Save { computer: usize, saved_at: u64 },
        /// It goes back to one of the states that it backed up, which is in use from then on, and is found whole.
        Restore { computer: usize, which: prop::sample::Index },
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let saved_at = prop_oneof![
            4 => (0_u64..40).prop_map(|day| (20_000 + day) * DAY),
            1 => 0_u64..4_000_000_000_000,
        ];
        let event = prop_oneof![
            5 => (0_usize..2, saved_at)
                .prop_map(|(computer, saved_at)| Event::Save { computer, saved_at }),
            1 => (0_usize..2, any::<prop::sample::Index>())
                .prop_map(|(computer, which)| Event::Restore { computer, which }),
        ];
        prop::collection::vec(event, 0..60)
    }

    proptest! {
        /// Two computers with a branch each, clocks that jump and restores: what each of them used last is there, as
        /// many of its newest as were promised, and the last one of each of as many days; no more than that; and
        /// neither touches what the other wrote.
        #[test]
        fn what_was_promised_stays_after_any_history(
            events in events(),
            keep_newest in 3_u32..8,
            keep_days in 1_u32..8,
        ) {
            let rotation = BackupRotation { keep_newest, keep_days };
            let mut folder: Vec<String> = Vec::new();
            // What each computer backed up, in the order of its use, nothing ever taken out.
            let mut used: [Vec<String>; 2] = Default::default();
            let mut written: [Vec<String>; 2] = Default::default();
            let mut generations = [0, 0];
            for event in events {
                let (computer, name) = match event {
                    Event::Save { computer, saved_at } => {
                        generations[computer] += 1;
                        let state = VaultState { generation: generations[computer], saved_at };
                        let free = (1..).map(|number| BackupName::of(ID, state, number));
                        (computer, free.into_iter().find(|name| !folder.contains(name)).unwrap())
                    }
                    Event::Restore { computer, which } => {
                        let there: Vec<_> = own(ID, &written[computer], &folder);
                        if there.is_empty() {
                            continue;
                        }
                        let state = which.get(&there);
                        generations[computer] = state.state.generation;
                        (computer, state.file.clone())
                    }
                };
                for order in [&mut used[computer], &mut written[computer]] {
                    order.retain(|one| *one != name);
                    order.push(name.clone());
                }
                if !folder.contains(&name) {
                    folder.push(name);
                }
                let others: Vec<_> =
                    folder.iter().filter(|name| written[1 - computer].contains(name)).cloned().collect();
                let there = own(ID, &written[computer], &folder);
                let gone: BTreeSet<_> = superfluous(&there, &rotation).map(|name| name.file.clone()).collect();
                folder.retain(|name| !gone.contains(name));
                written[computer].retain(|name| !gone.contains(name));
                prop_assert!(others.iter().all(|name| folder.contains(name)), "the other computer's");

                let newest_first: Vec<_> = used[computer].iter().rev().collect();
                for name in newest_first.iter().take(keep_newest as usize) {
                    prop_assert!(folder.contains(name), "{name} of the newest");
                }
                let mut days = BTreeSet::new();
                for name in &newest_first {
                    let date = BackupName::parse(ID, name).unwrap().date;
                    if days.len() < keep_days as usize && days.insert(date) {
                        prop_assert!(folder.contains(name), "{name} of its day");
                    }
                }
                let left = own(ID, &written[computer], &folder).len();
                prop_assert!(left <= (keep_newest + keep_days) as usize, "{left}");
            }
        }
    }
}
