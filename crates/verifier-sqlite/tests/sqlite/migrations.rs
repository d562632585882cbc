//! Files that earlier versions wrote are brought up to this one, whoever opens them first.

use crate::earlier::goes_on;
use keyhaven_verifier::Redeemed;
use keyhaven_verifier_sqlite::{OpenError, SqliteStore};
use rusqlite::Connection;
use std::path::Path;

/// The schema's version, and a file of it.
const EARLIER: [(i64, &str); 2] =
    [(1, include_str!("fixtures/version-1.sql")), (2, include_str!("fixtures/version-2.sql"))];
/// This version.
const NOW: i64 = EARLIER.len() as i64 + 1;

fn number(file: &Connection, sql: &str) -> i64 {
    file.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// What the file's tables are, as text.
fn tables(path: &Path) -> Vec<(String, String)> {
    let file = Connection::open(path).unwrap();
    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut found = file.prepare(sql).unwrap();
    let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn a_file_of_each_earlier_version_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("fresh.db");
    drop(SqliteStore::open(&fresh).unwrap());
    for (version, dump) in EARLIER {
        let path = folder.path().join(format!("{version}.db"));
        let file = Connection::open(&path).unwrap();
        file.execute_batch(dump).unwrap();
        assert_eq!(number(&file, "PRAGMA user_version"), version);
        for (table, _) in tables(&path) {
            assert!(
                number(&file, &format!("SELECT count(*) FROM {table}")) > 0,
                "version {version}: {table}"
            );
        }
        drop(file);
        // Two processes that start at the same moment: one brings it up, the other finds it done.
        let opened = [0, 1].map(|_| {
            let path = path.clone();
            std::thread::spawn(move || SqliteStore::open(&path))
        });
        let [first, second] = opened.map(|opened| opened.join().unwrap().unwrap());
        drop(second);
        assert_eq!(tables(&path), tables(&fresh));
        assert_eq!(number(&Connection::open(&path).unwrap(), "PRAGMA user_version"), NOW);
        // The first version bound proofs to no policy: those of its last five minutes are worth nothing, on the safe side.
        goes_on(first, dump, (version > 1).then_some(Redeemed::Now)).await;
    }
}

/// There is no way back: what a newer version wrote is left as it is.
#[test]
fn a_file_of_a_newer_version_is_refused_and_keeps_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    drop(SqliteStore::open(&path).unwrap());
    let file = Connection::open(&path).unwrap();
    file.pragma_update(None, "user_version", NOW + 1).unwrap();
    let before = tables(&path);
    let refused = SqliteStore::open(&path);
    assert!(matches!(refused, Err(OpenError::Newer { found }) if found == NOW + 1), "{:?}", refused.err());
    assert_eq!((tables(&path), number(&file, "PRAGMA user_version")), (before, NOW + 1));
}
