//! No statement reads a table from end to end: a verification takes as long among a million users as among a thousand.

use keyhaven_verifier_sqlite::SqliteStore;

const SOURCES: [&str; 3] = [
    include_str!("../../src/budgets.rs"),
    include_str!("../../src/changes.rs"),
    include_str!("../../src/read.rs"),
];

/// The statements that stand in a source as they are.
fn statements(source: &str) -> Vec<&str> {
    let words = ["SELECT ", "INSERT ", "UPDATE ", "DELETE "];
    let begins = |text: &&str| words.iter().any(|word| text.trim_start().starts_with(word));
    // Every other piece between quotation marks is a literal; none of these files has an escaped one.
    source.split('"').skip(1).step_by(2).filter(begins).collect()
}

#[test]
fn every_statement_finds_its_rows_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v.db");
    drop(SqliteStore::open(&path).unwrap());
    let file = rusqlite::Connection::open(&path).unwrap();
    let mut seen = 0;
    for sql in SOURCES.into_iter().flat_map(statements).filter(|sql| !sql.contains('{')) {
        let mut plan =
            file.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap_or_else(|e| panic!("{sql}: {e}"));
        // Without parameters, as each is NULL then.
        let (mut rows, mut steps) = (plan.raw_query(), Vec::new());
        while let Some(row) = rows.next().unwrap() {
            steps.push(row.get::<_, String>(3).unwrap());
        }
        let scans: Vec<&String> =
            steps.iter().filter(|step| step.starts_with("SCAN ") && *step != "SCAN CONSTANT ROW").collect();
        // What is swept once a day is looked for among all budgets.
        let swept = sql.trim_start().starts_with("DELETE FROM budget WHERE window_start");
        assert!(scans.is_empty() || swept, "{sql}\n{steps:?}");
        seen += 1;
    }
    assert!(seen >= 45, "{seen} statements were found");
}
