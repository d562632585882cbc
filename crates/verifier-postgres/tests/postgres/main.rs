//! The store in PostgreSQL: the suite for every store, and what only a server and its connections can do wrong.
#![expect(clippy::disallowed_methods, reason = "a test reads from the environment which server to use")]

mod broken;
mod clocks;
mod cluster;
#[path = "../../../verifier-sqlite/tests/sqlite/earlier.rs"]
mod earlier;
mod migrations;
mod nodes;
mod waiting;
mod world;

use cluster::Cluster;
use keyhaven_verifier_postgres::PostgresStore;
use std::sync::OnceLock;

/// The server that tests share: the one that is named in the environment, or one of our own.
fn server() -> String {
    static SERVER: OnceLock<Result<String, Cluster>> = OnceLock::new();
    match SERVER.get_or_init(|| std::env::var(cluster::ADDRESS).map_err(|_| Cluster::start())) {
        Ok(named) => named.clone(),
        Err(own) => own.address("postgres"),
    }
}

/// A fresh store in a database of its own.
async fn open() -> PostgresStore {
    let address = cluster::database(&server()).await;
    PostgresStore::open(&address).await.expect("a new database becomes a store")
}

keyhaven_verifier::store_conformance!(open);

/// What CockroachDB or YugabyteDB does not take stands in no statement. Whether they take all others was not tried.
#[test]
fn the_statements_keep_to_what_other_servers_take() {
    let sources = [
        include_str!("../../src/budgets.rs"),
        include_str!("../../src/changes.rs"),
        include_str!("../../src/group.rs"),
        include_str!("../../src/open.rs"),
        include_str!("../../src/read.rs"),
        include_str!("../../src/steps.rs"),
        include_str!("../../src/schema.sql"),
        include_str!("../../src/schema-2.sql"),
    ];
    let beyond = [
        "pg_advisory",
        "pg_try_advisory",
        "LISTEN ",
        "NOTIFY ",
        "NEXTVAL",
        "SERIAL",
        "CREATE SEQUENCE",
        "COLLATE",
        "CREATE TRIGGER",
        "CREATE EXTENSION",
        "CREATE FUNCTION",
        "LOCK TABLE",
        "CTID",
        "XMIN",
        "PREPARE TRANSACTION",
        "DO $$",
    ];
    for source in sources {
        let code: String = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let code = code.to_uppercase();
        for word in beyond {
            assert!(!code.contains(&word.to_uppercase()), "{word} is in a statement");
        }
    }
}
