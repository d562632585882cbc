//! Connections that are cut and a server that crashes: whatever the caller heard, each code counts once.

use crate::{
    cluster::{self, ADDRESS, Cluster},
    server,
    world::{accepted_by_the_chain, account, answer, ask, enrol, node, sign_in},
};
use keyhaven_verifier::{Decision, Failure, Reason};
use keyhaven_verifier_postgres::{OpenError, PostgresStore, tokio_postgres};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

/// Stands between the store and the server, and can cut a connection when the server says that it committed a
/// transaction that wrote: before the store hears of it.
struct Proxy {
    folder: tempfile::TempDir,
    /// How many commits are let through before one is not; below zero all are.
    through: Arc<AtomicI64>,
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    fn start(to: PathBuf) -> Self {
        let folder = tempfile::Builder::new().prefix("kh").tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let (through, cuts) = (Arc::new(AtomicI64::new(-1)), Arc::new(AtomicUsize::new(0)));
        let (left, count) = (through.clone(), cuts.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (to, left, count) = (to.clone(), left.clone(), count.clone());
                tokio::spawn(async move { relay(client, &to, &left, &count).await });
            }
        });
        Self { folder, through, cuts }
    }

    fn address(&self, address: &str) -> String {
        // The last of several hosts is not taken, so the server's own is replaced.
        let (_, rest) = address.split_once(" user=").unwrap();
        format!("host={} user={rest}", self.folder.path().display())
    }
}

async fn relay(client: UnixStream, to: &Path, left: &AtomicI64, count: &AtomicUsize) {
    let server = UnixStream::connect(to).await.unwrap();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let up = tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    let (mut bytes, mut wrote) = (vec![0; 1 << 16], false);
    // Tags of finished commands (PostgreSQL's protocol, "CommandComplete"); messages here are far below the buffer.
    let has = |bytes: &[u8], tag: &[u8]| bytes.windows(tag.len()).any(|window| window == tag);
    while let Ok(length) = from_server.read(&mut bytes).await {
        let chunk = &bytes[..length];
        wrote |= has(chunk, b"INSERT 0 1\0") || has(chunk, b"UPDATE 1\0");
        if has(chunk, b"COMMIT\0") && std::mem::take(&mut wrote) && left.fetch_sub(1, Ordering::SeqCst) == 0 {
            count.fetch_add(1, Ordering::SeqCst);
            break;
        }
        if length == 0 || to_client.write_all(chunk).await.is_err() {
            break;
        }
    }
    up.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_after_its_commit_is_asked_again_and_counts_once() {
    if std::env::var(ADDRESS).is_ok() {
        return; // a server elsewhere has no socket to stand in front of
    }
    let own = Cluster::start();
    let address = cluster::database(&own.address("postgres")).await;
    let proxy = Proxy::start(own.socket());
    let direct = node(PostgresStore::open(&address).await.unwrap()).await;
    let known = account(&enrol(&direct).await);
    let behind = node(PostgresStore::open(&proxy.address(&address)).await.unwrap()).await;
    assert!(sign_in(&behind, &known, 1).await.unwrap());
    // The commit of the charge is lost, then that of the settlement.
    for (step, commits) in [(2, 0), (3, 1)] {
        let challenge = ask(&behind, step).await.unwrap();
        proxy.through.store(commits, Ordering::SeqCst);
        let lost = answer(&behind, &known, &challenge, step).await;
        assert!(matches!(lost, Err(Failure::Unavailable(_))), "{lost:?}");
        assert_eq!(proxy.cuts.swap(0, Ordering::SeqCst), 1);
        let again = answer(&behind, &known, &challenge, step).await.unwrap();
        assert!(again.is_accepted(), "step {step}: {again:?}");
        let elsewhere = ask(&direct, step).await.unwrap();
        let Decision::Rejected(replay) = answer(&direct, &known, &elsewhere, step).await.unwrap() else {
            panic!("step {step} counted twice")
        };
        assert!(matches!(replay.reason, Reason::Used { .. }), "{replay:?}");
    }
    assert_eq!(accepted_by_the_chain(&direct).await, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_in_the_middle_loses_no_accepted_code() {
    if std::env::var(ADDRESS).is_ok() {
        return; // a server of others is not crashed
    }
    let own = Arc::new(Cluster::start());
    let address = cluster::database(&own.address("postgres")).await;
    let check = Arc::new(node(PostgresStore::open(&address).await.unwrap()).await);
    let known = Arc::new(account(&enrol(&check).await));
    let (mut step, mut last, mut accepted) = (0, 0, 0);
    for _ in 0..2 {
        let (crashing, coming) = (own.clone(), own.clone());
        let crash = tokio::task::spawn_blocking(move || crashing.crash());
        // What was asked and not answered when the server went.
        let mut open = None;
        // Signs in without pause until the server is gone.
        while !crash.is_finished() && open.is_none() {
            step += 1;
            let Ok(challenge) = ask(&check, step).await else { continue };
            match answer(&check, &known, &challenge, step).await {
                Ok(decision) => {
                    assert!(decision.is_accepted(), "step {step}: {decision:?}");
                    (last, accepted) = (step, accepted + 1);
                }
                Err(Failure::Unavailable(_)) => open = Some(challenge),
                Err(other) => panic!("{other}"),
            }
        }
        crash.await.unwrap();
        let gone = ask(&check, step).await;
        assert!(matches!(gone, Err(Failure::Unavailable(_))), "{gone:?}");
        // It comes back while everybody asks.
        let restart = tokio::task::spawn_blocking(move || coming.restart());
        while !restart.is_finished() {
            assert!(matches!(ask(&check, step).await, Ok(_) | Err(Failure::Unavailable(_))));
        }
        restart.await.unwrap();
        if let Some(challenge) = open {
            // The same request again: it was accepted before the server went, or it is now.
            let decision = answer(&check, &known, &challenge, step).await.unwrap();
            assert!(decision.is_accepted(), "step {step}: {decision:?}");
            (last, accepted) = (step, accepted + 1);
        }
        assert!(!sign_in(&check, &known, last).await.unwrap(), "step {last} counted twice");
        step += 1;
        assert!(sign_in(&check, &known, step).await.unwrap(), "step {step}");
        (last, accepted) = (step, accepted + 1);
    }
    assert_eq!(accepted_by_the_chain(&check).await, accepted);
}

/// A connection of a test's own.
async fn connection(address: &str) -> tokio_postgres::Client {
    let config = address.parse::<tokio_postgres::Config>().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    // It ends with the client, or with the server.
    tokio::spawn(connection);
    client
}

/// Whether a settlement has written and now waits for a row to claim its step: its transaction is open, by the server's
/// own word.
async fn is_under_way(observer: &tokio_postgres::Client) -> bool {
    let waits = "SELECT 1 FROM pg_stat_activity
                  WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock'
                    AND backend_xid IS NOT NULL AND query LIKE 'UPDATE factor SET last_step%'";
    !observer.query(waits, &[]).await.unwrap().is_empty()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_was_open_when_the_server_crashed_never_was() {
    if std::env::var(ADDRESS).is_ok() {
        return; // a server of others is not crashed
    }
    let own = Arc::new(Cluster::start());
    let address = cluster::database(&own.address("postgres")).await;
    let check = Arc::new(node(PostgresStore::open(&address).await.unwrap()).await);
    let known = Arc::new(account(&enrol(&check).await));
    let (mut step, mut accepted, mut crashed_within) = (0, 0, 0);
    // Where the machine stands still for so long that the settlement gives up first, it is tried once more.
    for _ in 0..20 {
        step += 1;
        let challenge = ask(&check, step).await.unwrap();
        let (holder, observer) = (connection(&address).await, connection(&address).await);
        // The factor's row is held by somebody. The settlement has answered the challenge when it comes to it.
        holder.batch_execute("BEGIN; SELECT 1 FROM factor FOR UPDATE").await.unwrap();
        let (by, of, asked) = (check.clone(), known.clone(), challenge.clone());
        let answering = tokio::spawn(async move { answer(&by, &of, &asked, step).await });
        let mut under_way = false;
        while !under_way && !answering.is_finished() {
            under_way = is_under_way(&observer).await;
        }
        let crashing = own.clone();
        tokio::task::spawn_blocking(move || crashing.crash()).await.unwrap();
        let failed = match answering.await.unwrap() {
            Err(Failure::Unavailable(failed)) => failed,
            other => panic!("step {step}: {other:?}"),
        };
        let restarting = own.clone();
        tokio::task::spawn_blocking(move || restarting.restart()).await.unwrap();
        // Nothing of it was done: the challenge is open, and the code not used. The same request again is good, once.
        assert_eq!(accepted_by_the_chain(&check).await, accepted, "step {step}");
        let again = answer(&check, &known, &challenge, step).await.unwrap();
        assert!(again.is_accepted(), "step {step}: {again:?}");
        accepted += 1;
        let elsewhere = ask(&check, step).await.unwrap();
        let replay = answer(&check, &known, &elsewhere, step).await.unwrap();
        assert!(!replay.is_accepted(), "step {step} counted twice");
        crashed_within += u32::from(under_way && !failed.detail.contains("lock timeout"));
        if crashed_within == 2 {
            break;
        }
    }
    assert_eq!(crashed_within, 2, "no crash met an open transaction");
    assert_eq!(accepted_by_the_chain(&check).await, accepted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_serves_everybody() {
    let address = cluster::database(&server()).await;
    let config = address.parse().unwrap();
    let store = PostgresStore::open_with(config, tokio_postgres::NoTls, Some(1)).await.unwrap();
    let check = Arc::new(node(store).await);
    let known = Arc::new(account(&enrol(&check).await));
    let mut tasks = Vec::new();
    for _ in 0..64 {
        let (check, known) = (check.clone(), known.clone());
        tasks.push(tokio::spawn(async move { sign_in(&check, &known, 1).await.unwrap() }));
    }
    let mut accepted = 0;
    for task in tasks {
        accepted += u32::from(task.await.unwrap());
    }
    assert_eq!(accepted, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_make_one_schema_and_a_newer_one_is_left_alone() {
    let address = cluster::database(&server()).await;
    let mut opening = Vec::new();
    for _ in 0..6 {
        let address = address.clone();
        opening.push(tokio::spawn(async move { PostgresStore::open(&address).await.map(drop) }));
    }
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
    let (client, connection) =
        address.parse::<tokio_postgres::Config>().unwrap().connect(tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute("UPDATE verifier_schema SET version = 77").await.unwrap();
    assert!(matches!(PostgresStore::open(&address).await, Err(OpenError::Newer { found: 77 })));
    drop(client);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn nobody_there_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!("host={} user=x dbname=x", folder.path().display());
    assert!(matches!(PostgresStore::open(&nowhere).await, Err(OpenError::Connect(_))));
    assert!(matches!(PostgresStore::open("port=no").await, Err(OpenError::Address(_))));
}
