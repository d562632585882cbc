//! Power cuts: what was not brought to the disk is gone, names and contents each for themselves.

use crate::support::{Home, NOW, cheap, payloads, record};
use keyhaven_vault::{
    Credential, Files, Location, Lock, LockedVault, NewFile, NewVault, OpenVault, ReadError,
};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

/// A disk that keeps only what was synced. A file's content and a folder's names are separate things, as on real
/// file systems: after a cut, names may or may not have arrived, and contents that were not synced have not.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<State>>);

#[derive(Clone, Default)]
pub struct State {
    /// Content now, and as it is on the disk.
    contents: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    names: BTreeMap<PathBuf, usize>,
    synced_names: BTreeMap<PathBuf, usize>,
    pub calls_left: Option<usize>,
    /// Where the disk says of a file that it is there, and of so many percent of it only that is true.
    lies: Option<usize>,
}

impl Disk {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// One call more; the power may go just before it.
    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        if let Some(left) = &mut state.calls_left {
            *left = left.checked_sub(1).ok_or_else(|| io::Error::other("the power is gone"))?;
        }
        Ok(state)
    }

    /// The disk after the cut, when names that were not synced did or did not arrive.
    pub fn after_cut(&self, names_arrived: bool) -> Self {
        let mut state = self.state().clone();
        state.calls_left = None;
        if !names_arrived {
            state.names = state.synced_names.clone();
        }
        for (content, on_disk) in &mut state.contents {
            *content = on_disk.clone().unwrap_or_default();
        }
        Self(Arc::new(Mutex::new(state)))
    }
}

impl State {
    fn number(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().ok_or(io::ErrorKind::NotFound.into())
    }
}

impl Files for Disk {
    fn read(&self, path: &Path, _: u64) -> io::Result<Vec<u8>> {
        let state = self.call()?;
        Ok(state.contents[state.number(path)?].0.clone())
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn NewFile>> {
        let mut state = self.call()?;
        let number = state.contents.len();
        state.contents.push((Vec::new(), None));
        state.names.insert(path.to_owned(), number);
        Ok(Box::new(DiskFile(self.clone(), number)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        let number = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_owned(), number);
        Ok(())
    }
    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        let number = state.number(from)?;
        state.names.insert(to.to_owned(), number);
        Ok(())
    }
    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        let inside = |path: &Path| path.parent() == Some(folder);
        state.synced_names.retain(|path, _| !inside(path));
        let names: Vec<_> =
            state.names.iter().filter(|(path, _)| inside(path)).map(|(p, n)| (p.clone(), *n)).collect();
        state.synced_names.extend(names);
        Ok(())
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call()?.names.remove(path).map(drop).ok_or(io::ErrorKind::NotFound.into())
    }
    fn create_folder(&self, _: &Path) -> io::Result<()> {
        self.call().map(drop)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.call()?;
        let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect())
    }
    fn lock(&self, _: &Path) -> io::Result<Lock> {
        self.call().map(|_| Lock::Held(Box::new(())))
    }
    fn real_path(&self, path: &Path) -> io::Result<PathBuf> {
        self.call()?.number(path).map(|_| path.to_owned())
    }
}

struct DiskFile(Disk, usize);

impl NewFile for DiskFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.call()?.contents[self.1].0.extend(bytes);
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.0.call()?;
        let lies = state.lies;
        let (content, on_disk) = &mut state.contents[self.1];
        let there = lies.map_or(content.len(), |percent| content.len() * percent / 100);
        *on_disk = Some(content[..there].to_vec());
        Ok(())
    }
}

#[test]
fn a_restore_that_is_done_is_on_the_disk() {
    let home = Home::new();
    let (disk, location) = (Disk::default(), Location::in_folder("disk"));
    let mut vault = OpenVault::create(&NewVault {
        location: location.clone(),
        passphrase: Some((&home.keys.passphrase, cheap())),
        keyring: Some(&home.keys.keyring),
        recovery_key: None,
        now: NOW,
    })
    .unwrap();
    for payload in ["one", "two"] {
        vault.accounts_mut().put(record("account", payload));
        vault.save(&disk, NOW).unwrap();
    }
    let generations = LockedVault::generations(&disk, &location).unwrap();
    LockedVault::restore(&disk, &location, &generations[0].path).unwrap();
    let disk = disk.after_cut(false);
    let restored = LockedVault::read(&disk, &location).unwrap();
    let restored = restored.unlock(Credential::Keyring(&home.keys.keyring)).unwrap();
    assert_eq!(payloads(restored.accounts().iter()), ["one"]);
    let kept = LockedVault::generations(&disk, &location).unwrap();
    assert!(kept.len() == 2 && kept.iter().all(|state| state.readable.is_ok()), "{kept:?}");
}

#[test]
fn after_a_power_cut_at_any_call_the_old_or_the_new_vault_is_there() {
    let home = Home::new();
    let location = Location::in_folder("disk");
    let open = |disk: &Disk| {
        let locked = LockedVault::read(disk, &location)?;
        let vault = locked.unlock(Credential::Keyring(&home.keys.keyring)).unwrap();
        Ok::<_, ReadError>(payloads(vault.accounts().iter()))
    };
    let mut lost = 0;
    for cut in 0.. {
        let disk = Disk::default();
        let mut vault = OpenVault::create(&NewVault {
            location: location.clone(),
            passphrase: Some((&home.keys.passphrase, cheap())),
            keyring: Some(&home.keys.keyring),
            recovery_key: None,
            now: NOW,
        })
        .unwrap();
        vault.accounts_mut().put(record("account", "one"));
        vault.save(&disk, NOW).unwrap();
        assert_eq!(open(&disk.after_cut(false)).unwrap(), ["one"], "a save that is done is on the disk");

        vault.accounts_mut().put(record("account", "two"));
        disk.state().calls_left = Some(cut);
        let saved = vault.save(&disk, NOW + 1);
        let durable = saved.as_ref().is_ok_and(|saved| saved.durable);
        for names_arrived in [false, true] {
            let there = open(&disk.after_cut(names_arrived)).unwrap();
            lost += usize::from(!there.contains(&"one".to_owned()));
            let case = format!("cut before call {cut}, names {names_arrived}: {saved:?}, {there:?}");
            assert!(there == ["one", "two"] || (there == ["one"] && !durable), "{case}");
        }
        let generations = LockedVault::generations(&disk.after_cut(false), &location).unwrap();
        assert!(generations.iter().all(|generation| generation.readable.is_ok()), "{cut}");
        if disk.state().calls_left != Some(0) && durable {
            assert_eq!(generations.len(), 1, "the state that was replaced is on the disk too");
            println!("proof: power cuts {}, lost records {lost}", 2 * (cut + 1));
            return;
        }
    }
}

/// The disk says of some files that it has them, until the power goes. Nobody can tell before; what is true then is that
/// the vault's own name may lead to nothing, and that the newest state that the disk has in truth is one of the
/// generations. (The folders' names are what it has; where those lie too, nothing can be promised.)
#[test]
fn where_the_disk_lied_the_newest_state_that_it_has_is_among_the_generations() {
    const SAVES: usize = 3;
    let home = Home::new();
    let location = Location::in_folder("disk");
    let key = || Credential::Keyring(&home.keys.keyring);
    let mut lost_names = 0;
    for (lying, percent, names_arrived) in (0..1 << SAVES)
        .flat_map(|lying| [0, 50, 99].map(|percent| (lying, percent)))
        .flat_map(|(lying, percent)| [false, true].map(|arrived| (lying, percent, arrived)))
    {
        let disk = Disk::default();
        let mut vault = OpenVault::create(&NewVault {
            location: location.clone(),
            passphrase: Some((&home.keys.passphrase, cheap())),
            keyring: Some(&home.keys.keyring),
            recovery_key: None,
            now: NOW,
        })
        .unwrap();
        vault.accounts_mut().put(record("account", "0"));
        vault.save(&disk, NOW).unwrap();
        for save in 1..=SAVES {
            disk.state().lies = (lying >> (save - 1) & 1 == 1).then_some(percent);
            vault.accounts_mut().put(record("account", &save.to_string()));
            vault.save(&disk, NOW).unwrap();
        }
        let there = (0..=SAVES).rev().find(|save| *save == 0 || lying >> (save - 1) & 1 == 0).unwrap();
        let expected: Vec<_> = (0..=there).map(|save| save.to_string()).collect();
        let disk = disk.after_cut(names_arrived);
        disk.state().lies = None;
        let case = format!("lies {lying:03b} of {percent} percent, names {names_arrived}");
        let vault = match LockedVault::read(&disk, &location) {
            Ok(vault) => vault,
            Err(error) => {
                assert!(matches!(error, ReadError::Truncated { .. }), "{case}: {error:?}");
                lost_names += 1;
                let states = LockedVault::generations(&disk, &location).unwrap();
                let newest = states.iter().find(|state| state.readable.is_ok()).expect(&case);
                LockedVault::restore(&disk, &location, &newest.path).unwrap()
            }
        };
        let mut vault = vault.unlock(key()).unwrap();
        assert_eq!(payloads(vault.accounts().iter()), expected, "{case}");
        vault.accounts_mut().put(record("account", "after"));
        vault.save(&disk, NOW).unwrap();
        assert!(LockedVault::read(&disk.after_cut(false), &location).is_ok(), "{case}");
    }
    assert_eq!(lost_names, 4 * 3 * 2, "whenever the last save was lied about");
}
