//! An account that was changed on two computers at once: both versions are kept, shown, and decided by a person alone.

use crate::host::{TestHost, open_app, passphrase};
use keyhaven_app::App;
use keyhaven_app::offer::Input;
use keyhaven_app::view::*;
use keyhaven_secret::SecretText;
use std::path::Path;
use std::sync::Arc;

const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn add(app: &mut App, link: &str) -> String {
    let input = Input::Text(SecretText::new(link.to_owned()));
    let pending = app.begin_offer().unwrap().inputs(vec![("test".to_owned(), input)]);
    let offer = app.keep_offer(pending).unwrap();
    let indices: Vec<u32> = offer.found.iter().map(|found| found.index).collect();
    app.accept_offer(offer.id, &indices).unwrap().remove(0)
}

/// Two computers with one vault, in which each changes the account in its own way; then a sync program brings theirs
/// here, and ours notices it with its next save.
struct Computers {
    host: Arc<TestHost>,
    home: tempfile::TempDir,
    here: App,
    id: String,
}

impl Computers {
    fn new(link: &str, ours: impl FnOnce(&mut App, &str), theirs: impl FnOnce(&mut App, &str)) -> Self {
        let (host, home) = (TestHost::new(), tempfile::tempdir().unwrap());
        let mut here = open_app(&host, home.path());
        let id = add(&mut here, link);
        let other = tempfile::tempdir().unwrap();
        let file = |folder: &Path| folder.join("vault.keyhaven");
        std::fs::copy(file(home.path()), file(other.path())).unwrap();
        let mut there = App::open(host.clone(), other.path());
        there.unlock_with_passphrase(&passphrase()).unwrap();
        theirs(&mut there, &id);
        host.pass(60_000);
        ours(&mut here, &id);
        std::fs::copy(file(other.path()), file(home.path())).unwrap();
        add(&mut here, "otpauth://totp/another?secret=JBSWY3DPEHPK3PXP");
        Self { host, home, here, id }
    }

    fn row(&self) -> AccountRow {
        self.here.accounts().unwrap().into_iter().find(|row| row.id == self.id).unwrap()
    }

    fn versions(&self) -> Vec<AccountVersion> {
        self.here.account(&self.id).unwrap().versions
    }

    /// What a program that starts now finds.
    fn after_a_restart(&self) -> App {
        let mut app = App::open(self.host.clone(), self.home.path());
        app.unlock_with_passphrase(&passphrase()).unwrap();
        app
    }
}

fn note(text: &'static str) -> impl FnOnce(&mut App, &str) {
    move |app, id| {
        app.edit_account(id, AccountChanges { note: Some(text.into()), ..AccountChanges::default() })
            .unwrap();
    }
}

fn totp() -> String {
    format!("otpauth://totp/Example:me?secret={SECRET}&issuer=Example")
}

#[test]
fn both_versions_are_shown_and_one_is_chosen() {
    for number in [0, 1] {
        let mut computers = Computers::new(&totp(), note("ours"), note("theirs"));
        assert!(computers.row().undecided);
        let versions = computers.versions();
        assert_eq!(versions.len(), 2);
        assert!(versions[0].differs.is_empty() && versions[1].differs == ["the note"], "{versions:?}");
        assert!(!versions[1].other_codes && !versions[1].deleted);
        let wanted = ["ours", "theirs"][number as usize];
        let changed_at = versions[number as usize].changed_at;
        let detail = computers.here.choose_version(&computers.id, number, changed_at).unwrap().unwrap();
        assert_eq!((detail.note.as_str(), detail.versions.len()), (wanted, 0));
        let again = computers.after_a_restart().account(&computers.id).unwrap();
        assert_eq!((again.note.as_str(), again.row.undecided), (wanted, false));
        let gone = computers.here.choose_version(&computers.id, 0, changed_at).unwrap_err();
        assert!(gone.detail.contains("no such version"), "{gone:?}");
    }
}

#[test]
fn an_edit_goes_on_with_the_shown_version_and_decides_nothing() {
    let mut computers = Computers::new(&totp(), note("ours"), note("theirs"));
    let id = computers.id.clone();
    let tags = AccountChanges { tags: Some(vec!["work".into()]), ..AccountChanges::default() };
    computers.here.edit_account(&id, tags).unwrap();
    let ids: Vec<String> = computers.here.accounts().unwrap().into_iter().rev().map(|row| row.id).collect();
    computers.here.arrange(&ids).unwrap();
    let detail = computers.after_a_restart().account(&id).unwrap();
    assert_eq!((detail.note.as_str(), detail.row.tags.as_slice()), ("ours", ["work".to_owned()].as_slice()));
    assert!(detail.versions[1].differs.iter().any(|words| words == "the note"), "{:?}", detail.versions);
    let refused = computers.here.delete_account(&id).unwrap_err();
    assert!(refused.detail.contains("choose the version"), "{refused:?}");
}

#[test]
fn uses_and_places_in_the_list_are_no_question() {
    let move_to_the_end = |app: &mut App, id: &str| {
        let other = add(app, "otpauth://totp/first?secret=JBSWY3DPEHPK3PXQ");
        app.arrange(&[other, id.to_owned()]).unwrap();
    };
    let pin = |app: &mut App, id: &str| {
        app.use_code(id).unwrap();
        app.edit_account(id, AccountChanges { pinned: Some(true), ..AccountChanges::default() }).unwrap();
    };
    let computers = Computers::new(&totp(), move_to_the_end, pin);
    assert!(!computers.row().undecided);
    assert!(computers.versions().is_empty());
}

#[test]
fn a_deletion_elsewhere_is_one_of_the_versions() {
    let delete = |app: &mut App, id: &str| app.delete_account(id).unwrap();
    let mut kept = Computers::new(&totp(), note("ours"), delete);
    let versions = kept.versions();
    assert!(versions[1].deleted && versions[1].differs.is_empty(), "{versions:?}");
    let id = kept.id.clone();
    kept.here.choose_version(&id, 0, versions[0].changed_at).unwrap().unwrap();
    assert!(!kept.after_a_restart().account(&id).unwrap().row.undecided);

    let mut deleted = Computers::new(&totp(), note("ours"), delete);
    let (id, changed_at) = (deleted.id.clone(), deleted.versions()[1].changed_at);
    assert!(deleted.here.choose_version(&id, 1, changed_at).unwrap().is_none());
    assert!(deleted.after_a_restart().account(&id).is_err());
}

#[test]
fn a_counter_goes_on_after_the_highest_of_the_versions() {
    let link = format!("otpauth://hotp/Example:me?secret={SECRET}&issuer=Example&counter=0");
    let used = |times: usize, text: &'static str| {
        move |app: &mut App, id: &str| {
            (0..times).for_each(|_| drop(app.use_code(id).unwrap()));
            note(text)(app, id);
        }
    };
    let mut computers = Computers::new(&link, used(1, "ours"), used(3, "theirs"));
    let id = computers.id.clone();
    computers.here.use_code(&id).unwrap();
    assert!(computers.row().undecided, "a code decides nothing");
    let changed_at = computers.versions()[0].changed_at;
    let detail = computers.here.choose_version(&id, 0, changed_at).unwrap().unwrap();
    assert_eq!((detail.note.as_str(), detail.counter), ("ours", Some(4)));
}

/// An account deleted and added anew under its old record could only come from another program; a restore can do it.
#[test]
fn versions_with_other_secrets_become_accounts_of_their_own() {
    let mut computers = Computers::new(&totp(), note("ours"), note("theirs"));
    let id = computers.id.clone();
    let ids = computers.here.keep_versions(&id).unwrap();
    let mut app = computers.after_a_restart();
    assert_eq!(ids.len(), 1);
    assert_eq!(app.account(&id).unwrap().note, "ours");
    assert_eq!(app.account(&ids[0]).unwrap().note, "theirs");
    assert!(app.accounts().unwrap().iter().all(|row| !row.undecided));
    assert!(app.keep_versions(&id).is_err());
}
