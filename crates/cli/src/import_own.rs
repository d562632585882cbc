//! A file of Keyhaven's own among those that are imported: an export, a backup, another vault.

use keyhaven_app::offer::{Input, Pending};
use keyhaven_app::stored::Stored;
use keyhaven_app::view::FailureKind;
use keyhaven_interchange::Imported;
use keyhaven_secret::{SecretBytes, SecretText};
use keyhaven_vault::{Location, LockedVault, ReadError};
use std::ops::ControlFlow;

/// What such a file gave.
pub struct Own {
    /// Its accounts, in its own order.
    pub accounts: Vec<Imported>,
    /// What is in it and does not come along.
    pub problems: Vec<String>,
}

/// The name of the format in JSON.
pub const ID: &str = "keyhaven";

pub fn is_vault(bytes: &[u8]) -> bool {
    !matches!(LockedVault::parse(bytes.to_vec(), &Location::at("import")), Err(ReadError::NotAVault))
}

/// Opens it, and gives its accounts twice: to be told of, and to be added with everything that stands beside them.
///
/// # Errors
/// In words: the password is wrong, or the file cannot be read.
pub fn open(file: &str, bytes: &[u8], password: &SecretText) -> Result<(Own, Pending), String> {
    let input = Input::Bytes(SecretBytes::new(bytes.to_vec()));
    let sealed = Pending::read(0, vec![(file.to_owned(), input)]);
    let Some(export) = sealed.locked(0) else {
        let problems = sealed.view(std::iter::empty()).problems;
        return Err(problems.into_iter().map(|problem| problem.reason).collect::<Vec<_>>().join("; "));
    };
    let opened = Pending::open(0, &export, password, &|_| ControlFlow::Continue(()));
    let opened = opened.map_err(|failure| match failure.kind {
        FailureKind::WrongPassphrase => "the password is wrong".to_owned(),
        _ => failure.detail,
    })?;
    let pending = opened.ok_or("reading it was stopped")?;
    let view = pending.view(std::iter::empty());
    let all: Vec<u32> = view.found.iter().map(|found| found.index).collect();
    let accounts = pending.chosen(&all).into_iter().map(imported).collect();
    let problems = view.problems.into_iter().map(|problem| problem.reason).collect();
    Ok((Own { accounts, problems }, pending))
}

fn imported(Stored { account, meta }: Stored) -> Imported {
    Imported {
        account,
        spelling: None,
        note: (!meta.note.is_empty()).then(|| SecretText::new(meta.note)),
        tags: meta.tags,
        icon: None,
        pinned: meta.pinned,
        trashed: false,
        oddities: Vec::new(),
    }
}
