//! Which earlier states stay, and what an earlier state in the vault's place knows of those that came after it.

use crate::support::{Home, NOW, payloads, record};
use keyhaven_secret::SecretBytes;
use keyhaven_vault::{Credential, DiskFiles, Files as _, LockedVault, OpenVault, Problem, RecordId};

/// The counter's next value, saved as the move that it is.
fn moved(vault: &mut OpenVault, counter: RecordId, to: u64) {
    let now = NOW + to;
    let record = vault.accounts().get(counter).expect("it is there");
    let record = record.changed(now, SecretBytes::new(format!("counter {to}").into_bytes()));
    vault.accounts_mut().put(record);
    vault.save_move(&DiskFiles, now).expect("saved");
}

/// What each kept state holds, newest first.
fn kept(home: &Home, vault: &OpenVault) -> Vec<Vec<String>> {
    let states = LockedVault::generations(&DiskFiles, &home.location()).expect("the folder");
    let open = |path| {
        let state = LockedVault::read(&DiskFiles, &keyhaven_vault::Location::at(path)).expect("readable");
        payloads(vault.open_copy(&state).expect("its own keys").accounts().iter())
    };
    states.into_iter().map(|state| open(state.path)).collect()
}

#[test]
fn eleven_moves_of_a_counter_leave_the_state_with_a_deleted_account() {
    let home = Home::new();
    let mut vault = home.saved();
    let gone = vault.accounts().iter().next().expect("one").id;
    let counter = record("account", "counter 0");
    let id = counter.id;
    vault.accounts_mut().put(counter);
    vault.save(&DiskFiles, NOW).expect("saved");
    vault.accounts_mut().delete(gone, NOW);
    vault.save(&DiskFiles, NOW).expect("saved");
    for to in 1..=11 {
        moved(&mut vault, id, to);
    }
    // The newest move for the case that the vault's file is damaged; before it the state with the account.
    let expected: [&[&str]; 3] = [&["counter 10"], &["counter 0", "one"], &["one"]];
    assert_eq!(kept(&home, &vault), expected);
}

/// A caller may be wrong about what a save is.
#[test]
fn a_move_that_drops_a_record_is_none() {
    let home = Home::new();
    let mut vault = home.saved();
    let gone = vault.accounts().iter().next().expect("one").id;
    vault.accounts_mut().delete(gone, NOW);
    vault.save_move(&DiskFiles, NOW).expect("saved");
    for payload in ["two", "three"] {
        vault.accounts_mut().put(record("account", payload));
        vault.save(&DiskFiles, NOW).expect("saved");
    }
    assert_eq!(kept(&home, &vault), [vec!["two"], vec![], vec!["one"]]);
}

#[test]
fn a_recovery_record_that_goes_is_noticed_too() {
    let home = Home::new();
    let mut vault = home.saved();
    vault.unlock_recovery(Credential::Passphrase(&home.keys.passphrase)).expect("opens");
    let codes = record("codes", "12345678");
    let id = codes.id;
    vault.recovery_mut().expect("open").put(codes);
    vault.save(&DiskFiles, NOW).expect("saved");
    vault.recovery_mut().expect("open").delete(id, NOW);
    vault.save(&DiskFiles, NOW).expect("saved");
    for number in 0..30 {
        vault.accounts_mut().put(record("account", &number.to_string()));
        vault.save(&DiskFiles, NOW + number).expect("saved");
    }
    let states = LockedVault::generations(&DiskFiles, &home.location()).expect("the folder");
    let with_codes = |state: &keyhaven_vault::Generation| {
        let state = LockedVault::read(&DiskFiles, &keyhaven_vault::Location::at(&state.path));
        let open = vault.open_copy(&state.expect("readable")).expect("its own keys");
        open.recovery().is_some_and(|recovery| recovery.get(id).is_some())
    };
    assert_eq!(states.iter().filter(|state| with_codes(state)).count(), 1);
}

#[test]
fn an_earlier_state_in_the_vaults_place_finds_the_later_ones_until_it_is_saved() {
    let home = Home::new();
    let mut vault = home.saved();
    for payload in ["two", "three"] {
        vault.accounts_mut().put(record("account", payload));
        vault.save(&DiskFiles, NOW).expect("saved");
    }
    assert!(vault.later_generations(&DiskFiles).is_empty());
    let states = LockedVault::generations(&DiskFiles, &home.location()).expect("the folder");
    let first = states.last().expect("the first");
    let restored = LockedVault::restore(&DiskFiles, &home.location(), &first.path).expect("restored");
    let mut restored = restored.unlock(Credential::Keyring(&home.keys.keyring)).expect("opens");
    let later: Vec<_> = restored.later_generations(&DiskFiles);
    let later: Vec<_> = later.iter().map(|later| payloads(later.state.accounts().iter())).collect();
    assert_eq!(later, [vec!["one", "three", "two"], vec!["one", "two"]]);
    restored.save(&DiskFiles, NOW).expect("saved");
    assert!(restored.later_generations(&DiskFiles).is_empty());
}

/// The vault's file is lost, and a kept state, counted from the newest, comes back in its place.
fn lost(home: &Home, place: usize) -> OpenVault {
    DiskFiles.remove(home.location().file()).expect("it was there");
    let states = LockedVault::generations(&DiskFiles, &home.location()).expect("the folder");
    let restored = LockedVault::restore(&DiskFiles, &home.location(), &states[place].path).expect("restored");
    restored.unlock(Credential::Keyring(&home.keys.keyring)).expect("opens")
}

/// How many accounts each later state has, and whether a counter may have moved in the one after it, which is lost.
fn later(vault: &OpenVault) -> Vec<(usize, bool)> {
    let later = vault.later_generations(&DiskFiles);
    later.iter().map(|later| (later.state.accounts().len(), later.moved)).collect()
}

#[test]
fn a_move_that_is_lost_with_the_vaults_file_is_known_of() {
    let home = Home::new();
    let mut vault = home.saved();
    let counter = record("account", "counter 0");
    let id = counter.id;
    vault.accounts_mut().put(counter);
    vault.save(&DiskFiles, NOW).expect("saved");
    moved(&mut vault, id, 1);
    assert_eq!(later(&vault), [], "nothing is lost");
    assert_eq!(later(&lost(&home, 0)), [(2, true)], "the state itself");
    assert_eq!(later(&lost(&home, 1)), [(2, true)], "one before it");
}

#[test]
fn what_is_lost_and_moved_no_counter_is_no_move() {
    let home = Home::new();
    let mut vault = home.saved();
    let two = record("account", "two");
    let id = two.id;
    vault.accounts_mut().put(two);
    vault.save(&DiskFiles, NOW).expect("saved");
    assert_eq!(later(&lost(&home, 0)), [], "something was added");
    let mut vault = home.read().unlock(Credential::Keyring(&home.keys.keyring)).expect("opens");
    vault.accounts_mut().put(record("account", "three"));
    vault.save(&DiskFiles, NOW).expect("saved");
    let gone = vault.accounts().iter().next().expect("one").id;
    assert_ne!(gone, id);
    vault.accounts_mut().delete(gone, NOW);
    vault.save(&DiskFiles, NOW).expect("saved");
    assert_eq!(later(&lost(&home, 0)), [], "something went");
}

/// Using a code of an account with two versions settles them, and is marked as something that went.
#[test]
fn a_state_with_two_versions_may_have_been_followed_by_a_move() {
    let home = Home::new();
    let mut vault = home.saved();
    let shared = vault.accounts().iter().next().expect("one").id;
    let change = |vault: &mut OpenVault, payload: &str| {
        let record = vault.accounts().get(shared).expect("it is there");
        let record = record.changed(NOW, SecretBytes::new(payload.as_bytes().to_vec()));
        vault.accounts_mut().put(record);
    };
    let mut there = home.read().unlock(Credential::Keyring(&home.keys.keyring)).expect("opens");
    change(&mut vault, "here");
    change(&mut there, "there");
    vault.merge(&there).expect("merged");
    vault.save(&DiskFiles, NOW).expect("saved");
    change(&mut vault, "decided");
    vault.save_move(&DiskFiles, NOW).expect("saved");
    assert_eq!(later(&lost(&home, 0)), [(1, true)]);
    let mut vault = home.read().unlock(Credential::Keyring(&home.keys.keyring)).expect("opens");
    change(&mut vault, "decided again");
    vault.save(&DiskFiles, NOW).expect("saved");
    vault.accounts_mut().put(record("account", "two"));
    vault.save(&DiskFiles, NOW).expect("saved");
    let first = later(&lost(&home, 2));
    assert_eq!(first, [(1, false), (1, false)], "what came after the two versions is kept");
}

/// A folder that was moved to a drive, and a link left in its place: without the drive there are states, not none.
#[cfg(unix)]
#[test]
fn a_link_to_saved_states_that_leads_nowhere_is_told() {
    let home = Home::new();
    let mut vault = home.saved();
    vault.save(&DiskFiles, NOW).expect("saved");
    assert!(vault.check(&DiskFiles).problems.iter().all(|one| !matches!(one, Problem::Generations(_))));
    let states = home.location().generations_folder();
    std::fs::rename(&states, home.folder.path().join("unplugged")).expect("it moves");
    assert!(LockedVault::generations(&DiskFiles, &home.location()).expect("none").is_empty());
    std::os::unix::fs::symlink(home.folder.path().join("drive"), &states).expect("a link");
    assert!(LockedVault::generations(&DiskFiles, &home.location()).is_err());
    let report = vault.check(&DiskFiles);
    assert!(report.problems.iter().any(|one| matches!(one, Problem::Generations(_))), "{report:?}");
}
