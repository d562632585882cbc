//! Every operation that changes the vault or puts a file beside it, with a fault at each of its calls in turn and with the
//! power cut before each: what is there afterwards is what was there or what was to be, and every byte of what was
//! there before is kept somewhere.

use crate::failing::{FailingFiles, Fault};
use crate::power::Disk;
use crate::support::{Home, Keys, MemoryFiles, NOW, cheap, payloads, record, text};
use keyhaven_secret::SecretText;
use keyhaven_vault::{
    Credential, Files, Location, LockedVault, NewSlot, NewVault, OpenVault, ReadError, SlotId, SlotKind,
};
use std::{fmt::Display, io, path::Path, sync::Arc};

/// The operation itself, once everything before it was done.
type Act = Box<dyn FnOnce(&dyn Files) -> Result<(), String>>;

struct Operation {
    name: &'static str,
    /// Makes what the operation begins with.
    prepare: fn(&Scene) -> Act,
}

const OPERATIONS: &[Operation] = &[
    Operation { name: "a first save", prepare: first_save },
    Operation { name: "a record more", prepare: |scene| saving(scene.vault().with("three")) },
    Operation { name: "a record less", prepare: less },
    Operation { name: "a move of a counter", prepare: counter },
    Operation { name: "a record of the recovery compartment", prepare: recovery },
    Operation { name: "a record dropped into it", prepare: drop_in },
    Operation { name: "a slot more", prepare: slot_more },
    Operation { name: "a slot less", prepare: slot_less },
    Operation { name: "another passphrase", prepare: passphrase },
    Operation { name: "other keys", prepare: keys },
    Operation { name: "a save that thins the saved states", prepare: thinning },
    Operation { name: "a save over a damaged file", prepare: over_damaged },
    Operation { name: "a save where the file is gone", prepare: where_it_is_gone },
    Operation { name: "a merge", prepare: merge },
    Operation { name: "another program's save, taken in", prepare: refresh },
    Operation { name: "a restore", prepare: |scene| restoring(scene, |_| ()) },
    Operation { name: "a restore over a damaged file", prepare: |scene| restoring(scene, damage) },
    Operation { name: "a restore where the file is gone", prepare: |scene| restoring(scene, remove) },
    Operation { name: "a copy elsewhere", prepare: copy },
];

/// A vault's keys and place, and the disk that it is on.
struct Scene {
    keys: Keys,
    place: Location,
    disk: Arc<dyn Files>,
}

/// Where a copy goes, and the second passphrase.
const COPY: &str = "disk/copy.keyhaven";
const SECOND: &str = "the second passphrase";

impl Scene {
    fn on(disk: Arc<dyn Files>) -> Self {
        Self { keys: Home::new().keys, place: Location::in_folder("disk"), disk }
    }

    fn created(&self) -> OpenVault {
        let made = OpenVault::create(&NewVault {
            location: self.place.clone(),
            passphrase: Some((&self.keys.passphrase, cheap())),
            keyring: Some(&self.keys.keyring),
            recovery_key: Some(&self.keys.recovery_key),
            now: NOW,
        });
        made.unwrap()
    }

    /// A vault with two accounts that was saved twice; its recovery compartment is open.
    fn vault(&self) -> OpenVault {
        let mut vault = self.created();
        for (payload, now) in [("one", NOW), ("two", NOW + 1)] {
            vault.accounts_mut().put(record("account", payload));
            vault.save(&*self.disk, now).unwrap();
        }
        vault.unlock_recovery(Credential::Passphrase(&self.keys.passphrase)).unwrap();
        vault
    }

    /// The same vault once more, as another program has it open.
    fn opened(&self) -> OpenVault {
        let locked = LockedVault::read(&*self.disk, &self.place).unwrap();
        locked.unlock(Credential::Keyring(&self.keys.keyring)).unwrap()
    }

    /// All that can be seen of the vault and of the copy: what opens it, and what it holds.
    fn seen(&self, files: &dyn Files) -> String {
        let copy = LockedVault::read(files, &Location::at(COPY));
        let copy = match copy {
            Err(ReadError::NotFound) => "",
            Err(_) => ", half a copy",
            Ok(_) => ", a copy",
        };
        let vault = match LockedVault::read(files, &self.place) {
            Err(ReadError::NotFound) => return format!("none{copy}"),
            Err(error) => return format!("unreadable ({error}){copy}"),
            Ok(vault) => vault,
        };
        let second = text(SECOND);
        let ways = [
            ("passphrase", Credential::Passphrase(&self.keys.passphrase)),
            ("second passphrase", Credential::Passphrase(&second)),
            ("keyring", Credential::Keyring(&self.keys.keyring)),
            ("recovery key", Credential::RecoveryKey(&self.keys.recovery_key)),
        ];
        let mut seen = format!("{} slots", vault.slots().len());
        for (name, way) in ways {
            let Ok(mut open) = vault.unlock(way) else { continue };
            let accounts = payloads(open.accounts().iter());
            let codes = open.unlock_recovery(way).ok().map(|()| payloads(open.recovery().unwrap().iter()));
            seen += &format!("; {name}: {accounts:?}, {codes:?}");
        }
        seen + copy
    }
}

trait With {
    /// The vault with an account more, not saved.
    fn with(self, payload: &str) -> Self;
}

impl With for OpenVault {
    fn with(mut self, payload: &str) -> Self {
        self.accounts_mut().put(record("account", payload));
        self
    }
}

fn told<T>(result: Result<T, impl Display>) -> Result<(), String> {
    result.map(drop).map_err(|error| error.to_string())
}

fn saving(mut vault: OpenVault) -> Act {
    Box::new(move |files| told(vault.save(files, NOW + 5)))
}

fn first_save(scene: &Scene) -> Act {
    saving(scene.created().with("one"))
}

fn less(scene: &Scene) -> Act {
    let mut vault = scene.vault();
    let id = vault.accounts().iter().find(|record| record.payload.expose() == b"one").unwrap().id;
    assert!(vault.accounts_mut().delete(id, NOW + 2));
    saving(vault)
}

fn counter(scene: &Scene) -> Act {
    let mut vault = scene.vault().with("three");
    Box::new(move |files| told(vault.save_move(files, NOW + 5)))
}

fn recovery(scene: &Scene) -> Act {
    let mut vault = scene.vault();
    vault.recovery_mut().unwrap().put(record("codes", "code"));
    saving(vault)
}

fn drop_in(scene: &Scene) -> Act {
    let mut vault = scene.vault();
    vault.lock_recovery().unwrap();
    vault.drop_in_recovery(record("codes", "code")).unwrap();
    saving(vault)
}

fn slot_more(scene: &Scene) -> Act {
    let mut vault = scene.vault();
    vault.add_slot(&NewSlot::passphrase(&text(SECOND), cheap()), NOW + 2).unwrap();
    saving(vault)
}

fn slot_less(scene: &Scene) -> Act {
    let mut vault = scene.vault();
    vault.remove_slot(slot(&vault, SlotKind::RecoveryKey), NOW + 2).unwrap();
    saving(vault)
}

fn slot(vault: &OpenVault, kind: SlotKind) -> SlotId {
    vault.slots().into_iter().find(|slot| slot.kind == kind).unwrap().id
}

fn passphrase(scene: &Scene) -> Act {
    let mut vault = scene.vault();
    let id = slot(&vault, SlotKind::Passphrase);
    let current: &SecretText = &scene.keys.passphrase;
    vault.change_passphrase(id, current, &text(SECOND), cheap(), NOW + 2).unwrap();
    saving(vault)
}

fn keys(scene: &Scene) -> Act {
    let mut vault = scene.vault();
    vault.rotate_keys(&[NewSlot::passphrase(&text(SECOND), cheap())], NOW + 2).unwrap();
    saving(vault)
}

fn thinning(scene: &Scene) -> Act {
    let mut vault = scene.vault();
    for now in 0..12 {
        vault.save(&*scene.disk, NOW + now).unwrap();
    }
    saving(vault.with("three"))
}

fn over_damaged(scene: &Scene) -> Act {
    let mut vault = scene.vault().with("three");
    damage(scene);
    Box::new(move |files| told(vault.save_over_unreadable(files, NOW + 5)))
}

fn where_it_is_gone(scene: &Scene) -> Act {
    let mut vault = scene.vault().with("three");
    remove(scene);
    Box::new(move |files| told(vault.save_over_unreadable(files, NOW + 5)))
}

/// The first half of the vault's file is all that is there.
fn damage(scene: &Scene) {
    let bytes = scene.disk.read(scene.place.file(), u64::MAX).unwrap();
    remove(scene);
    let mut file = scene.disk.create(scene.place.file()).unwrap();
    file.write(&bytes[..bytes.len() / 2]).and_then(|()| file.sync()).unwrap();
    scene.disk.sync_folder(scene.place.folder()).unwrap();
}

fn remove(scene: &Scene) {
    scene.disk.remove(scene.place.file()).unwrap();
    scene.disk.sync_folder(scene.place.folder()).unwrap();
}

fn merge(scene: &Scene) -> Act {
    let mut vault = scene.vault().with("three");
    let other = scene.opened().with("four");
    vault.merge(&other).unwrap();
    saving(vault)
}

fn refresh(scene: &Scene) -> Act {
    let mut vault = scene.vault().with("three");
    scene.opened().with("four").save(&*scene.disk, NOW + 2).unwrap();
    Box::new(move |files| {
        told(vault.refresh(files))?;
        told(vault.save(files, NOW + 5))
    })
}

fn restoring(scene: &Scene, then: fn(&Scene)) -> Act {
    drop(scene.vault());
    then(scene);
    let place = scene.place.clone();
    let state = LockedVault::generations(&*scene.disk, &place).unwrap().remove(0).path;
    Box::new(move |files| told(LockedVault::restore(files, &place, &state)))
}

fn copy(scene: &Scene) -> Act {
    let vault = scene.vault();
    Box::new(move |files| told(vault.sealed().copy_to(files, &Location::at(COPY))))
}

/// Every file of the disk, by its folder.
fn all_files(files: &dyn Files, place: &Location) -> Vec<(String, Vec<u8>)> {
    let folders = [place.folder().to_owned(), place.generations_folder()];
    let inside = |folder: &Path| {
        let names = files.list(folder).unwrap_or_default();
        let folder = folder.to_owned();
        names.into_iter().filter_map(move |name| {
            let bytes = files.read(&folder.join(&name), u64::MAX).ok()?;
            Some((name, bytes))
        })
    };
    folders.iter().flat_map(|folder| inside(folder)).collect()
}

/// What holds after any of it: old or new, the old bytes kept, whole saved states, nothing half-written, and the next
/// save works. Answers what is there, and how many records are lost.
fn check(scene: &Scene, before: &Before, files: &dyn Files, case: &str) -> (String, usize) {
    // The next start.
    LockedVault::clean_up(files, &scene.place);
    LockedVault::clean_up(files, &Location::at(COPY));
    let now = scene.seen(files);
    let lost = before.lost(scene, &now, files);
    assert!(now == before.seen || now == before.expected, "{case}: neither old nor new but {now}");
    let all = all_files(files, &scene.place);
    let left: Vec<_> = all.iter().filter(|(name, _)| name.ends_with(".tmp")).collect();
    assert!(left.is_empty(), "{case}: {left:?}");
    if let Some(bytes) = &before.bytes {
        assert!(all.iter().any(|(_, kept)| kept == bytes), "{case}: what was there is nowhere");
    }
    let states = LockedVault::generations(files, &scene.place).unwrap();
    assert!(states.iter().all(|state| state.readable.is_ok()), "{case}: {states:?}");
    if let Ok(locked) = LockedVault::read(files, &scene.place) {
        let ways = [text(SECOND), scene.keys.passphrase.duplicate()];
        let open = ways.iter().find_map(|way| locked.unlock(Credential::Passphrase(way)).ok());
        let saved = open.unwrap().save(files, NOW + 9);
        assert!(saved.is_ok(), "{case}, then {saved:?}");
    }
    (now, lost)
}

/// What was there, and what is to be.
struct Before<'a> {
    seen: &'a str,
    bytes: Option<Vec<u8>>,
    expected: &'a str,
    /// The payloads that are in the vault before and after: none of them may be missing.
    stay: Vec<String>,
}

/// The payloads in what [`Scene::seen`] says.
fn told_payloads(seen: &str) -> impl Iterator<Item = String> {
    seen.split('"').skip(1).step_by(2).map(str::to_owned)
}

impl<'a> Before<'a> {
    fn new(seen: &'a str, bytes: Option<Vec<u8>>, expected: &'a str) -> Self {
        let after: Vec<String> = told_payloads(expected).collect();
        let mut stay: Vec<String> = told_payloads(seen).filter(|payload| after.contains(payload)).collect();
        stay.sort();
        stay.dedup();
        Self { seen, bytes, expected, stay }
    }

    /// How many of them the vault and its saved states no longer hold.
    fn lost(&self, scene: &Scene, now: &str, files: &dyn Files) -> usize {
        let mut held: Vec<String> = told_payloads(now).collect();
        if self.stay.iter().all(|payload| held.contains(payload)) {
            return 0;
        }
        for state in LockedVault::generations(files, &scene.place).unwrap_or_default() {
            let Ok(locked) = LockedVault::read(files, &Location::at(&state.path)) else { continue };
            for way in [text(SECOND), scene.keys.passphrase.duplicate()] {
                let Ok(open) = locked.unlock(Credential::Passphrase(&way)) else { continue };
                held.extend(payloads(open.accounts().iter()));
            }
        }
        self.stay.iter().filter(|payload| !held.contains(payload)).count()
    }
}

/// An operation's beginning on a disk.
fn begin<D: Files + Clone + 'static>(operation: &Operation, disk: &D) -> (Scene, Act) {
    let scene = Scene::on(Arc::new(disk.clone()));
    let act = (operation.prepare)(&scene);
    (scene, act)
}

/// What the operation begins with and comes to where nothing fails, and in how many calls.
fn undisturbed<D: Files + Clone + Default + 'static>(operation: &Operation) -> (String, String, usize) {
    let disk = D::default();
    let (scene, act) = begin(operation, &disk);
    let old = scene.seen(&disk);
    let counted = FailingFiles::on(Arc::new(disk.clone()), usize::MAX, Fault::Killed);
    act(&counted).unwrap_or_else(|error| panic!("{}: {error}", operation.name));
    let new = scene.seen(&disk);
    assert!(new != old, "{} does something", operation.name);
    (old, new, counted.calls())
}

/// One kind of fault at each call in turn, until the operation ends before it comes; how often that was, and how many
/// records were lost.
fn at_each_call(
    operation: &Operation,
    (old, new): (&str, &str),
    fault: Fault,
    links: bool,
) -> (usize, usize) {
    let mut lost = 0;
    for at in 0.. {
        let disk = MemoryFiles::default();
        let (scene, act) = begin(operation, &disk);
        let bytes = disk.read(scene.place.file(), u64::MAX).ok();
        let before = Before::new(old, bytes, new);
        let files = FailingFiles::on(Arc::new(disk.clone()), at, fault).with_links(links);
        let done = act(&files);
        let case = format!("{}: {fault:?} at call {at}, links {links}: {done:?}", operation.name);
        let (now, missing) = check(&scene, &before, &disk, &case);
        lost += missing;
        assert!(now == new || done.is_err(), "{case}: it says that it was done");
        if !matches!(fault, Fault::Killed | Fault::KilledAfter) {
            // Who is told that nothing was done does it again.
            assert!(now == old || done.is_ok(), "{case}: it says that it was not done");
        }
        if files.calls() <= at {
            return (at + 1, lost);
        }
    }
    (0, lost)
}

#[test]
fn whatever_fails_at_whatever_call_of_any_operation_the_old_or_the_new_is_there() {
    // With second names for files and, where that makes another way, without.
    let faults = [
        (Fault::Error(io::ErrorKind::Other), true),
        (Fault::Error(io::ErrorKind::Other), false),
        (Fault::Killed, true),
        (Fault::Killed, false),
        (Fault::KilledAfter, true),
        (Fault::DoneButFailed, true),
        (Fault::ShortWrite, true),
    ];
    let (mut tried, mut lost) = (0, 0);
    for operation in OPERATIONS {
        let (old, new, _) = undisturbed::<MemoryFiles>(operation);
        for (fault, links) in faults {
            let (calls, missing) = at_each_call(operation, (&old, &new), fault, links);
            tried += calls;
            lost += missing;
        }
    }
    println!("proof: faults {tried}, lost records {lost}");
    assert!(tried > 1_000 && lost == 0, "{tried}, {lost}");
}

#[test]
fn a_power_cut_at_whatever_call_of_any_operation_leaves_the_old_or_the_new() {
    let (mut cuts, mut lost) = (0, 0);
    for operation in OPERATIONS {
        let (old, new, calls) = undisturbed::<Disk>(operation);
        for cut in 0..=calls {
            let disk = Disk::default();
            let (scene, act) = begin(operation, &disk);
            let bytes = disk.read(scene.place.file(), u64::MAX).ok();
            let before = Before::new(&old, bytes, &new);
            disk.state().calls_left = Some(cut);
            let done = act(&disk);
            for names_arrived in [false, true] {
                let after = disk.after_cut(names_arrived);
                let case =
                    format!("{}: cut before call {cut}, names {names_arrived}: {done:?}", operation.name);
                let (now, missing) = check(&scene, &before, &after, &case);
                lost += missing;
                assert!(now == new || cut < calls, "{case}: what is done is on the disk");
                cuts += 1;
            }
        }
    }
    println!("proof: power cuts {cuts}, lost records {lost}");
    assert!(cuts > 500 && lost == 0, "{cuts}, {lost}");
}
