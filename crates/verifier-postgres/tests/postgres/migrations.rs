//! Databases that earlier versions wrote are brought up to this one, however many nodes start at once.

use crate::{cluster, earlier::goes_on, server};
use keyhaven_verifier::Redeemed;
use keyhaven_verifier_postgres::{
    OpenError, PostgresStore,
    tokio_postgres::{Client, Config, NoTls},
};

/// The schema's version, and a database of it.
const EARLIER: [(i64, &str); 1] = [(1, include_str!("fixtures/version-1.sql"))];
/// This version.
const NOW: i64 = EARLIER.len() as i64 + 1;

async fn connect(address: &str) -> Client {
    let (client, connection) = address.parse::<Config>().unwrap().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// The columns of every table, as text.
async fn columns(client: &Client) -> Vec<String> {
    let sql = "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable
                 FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_each_earlier_version_goes_on() {
    let fresh = cluster::database(&server()).await;
    drop(PostgresStore::open(&fresh).await.unwrap());
    for (version, dump) in EARLIER {
        let address = cluster::database(&server()).await;
        let client = connect(&address).await;
        client.batch_execute(dump).await.unwrap();
        assert_eq!(number(&client, "SELECT version FROM verifier_schema").await, version);
        let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'";
        for row in client.query(tables, &[]).await.unwrap() {
            let table: String = row.get(0);
            assert!(
                number(&client, &format!("SELECT count(*) FROM {table}")).await > 0,
                "{version}: {table}"
            );
        }
        // Four nodes that start at the same moment: one brings it up, the others find it done.
        let opening: Vec<_> = (0..4)
            .map(|_| {
                let address = address.clone();
                tokio::spawn(async move { PostgresStore::open(&address).await })
            })
            .collect();
        let mut stores = Vec::new();
        for opened in opening {
            stores.push(opened.await.unwrap().unwrap());
        }
        assert_eq!(number(&client, "SELECT version FROM verifier_schema").await, NOW);
        assert_eq!(columns(&client).await, columns(&connect(&fresh).await).await);
        goes_on(stores.swap_remove(0), dump, Some(Redeemed::Now)).await;
    }
}

/// There is no way back: what a newer version wrote is left as it is.
#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_keeps_its_version() {
    let address = cluster::database(&server()).await;
    drop(PostgresStore::open(&address).await.unwrap());
    let client = connect(&address).await;
    client.execute("UPDATE verifier_schema SET version = $1", &[&(NOW + 1)]).await.unwrap();
    let before = columns(&client).await;
    let refused = PostgresStore::open(&address).await;
    assert!(matches!(refused, Err(OpenError::Newer { found }) if found == NOW + 1), "{:?}", refused.err());
    assert_eq!(columns(&client).await, before);
    assert_eq!(number(&client, "SELECT version FROM verifier_schema").await, NOW + 1);
}
