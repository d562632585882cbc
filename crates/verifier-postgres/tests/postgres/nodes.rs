//! Several processes on one database, killed at any moment: what was accepted stays used, nothing is accepted twice.
//!
//! A process is this test binary, started again to run one test that does nothing unless it is told a database.

use crate::{
    clocks, cluster, server,
    waiting::Waiting,
    world::{accepted_by_the_chain, account, context, enrol, node, sign_in, who},
};
use keyhaven_verifier::{BudgetKey, Failure, Method, Store, store::Query};
use keyhaven_verifier_postgres::PostgresStore;
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    sync::mpsc,
};

const DATABASE: &str = "KEYHAVEN_TEST_CHILD_DATABASE";
const URI: &str = "KEYHAVEN_TEST_CHILD_URI";
const PART: &str = "KEYHAVEN_TEST_CHILD_PART";
const AHEAD: &str = "KEYHAVEN_TEST_CHILD_AHEAD";
/// Time steps of a minute.
const MINUTE: i64 = 2;

pub fn say(line: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// The next line that a child is told. Its lines are not read anywhere else then.
pub async fn told() -> String {
    let read = || std::io::stdin().lines().next().and_then(Result::ok);
    // Whoever started it went away where there is no line.
    tokio::task::spawn_blocking(read).await.unwrap().unwrap_or_default()
}

/// The child's part: signs in at each step that it is told, and says what came of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_signs_in() {
    let (Ok(address), Ok(uri)) = (std::env::var(DATABASE), std::env::var(URI)) else { return };
    let account = account(&uri);
    let store = PostgresStore::open(&address).await.unwrap();
    let ahead: i64 = std::env::var(AHEAD).map_or(0, |steps| steps.parse().unwrap());
    match std::env::var(PART).as_deref() {
        Ok("waits") => {
            let node = node(Waiting(store)).await;
            say("ready 0");
            let step = told().await.parse().unwrap();
            let word = if sign_in(&node, &account, step).await.unwrap() { "accepted" } else { "rejected" };
            say(&format!("{word} {step}"));
            return;
        }
        Ok("goes by its clock") => {
            drop(store);
            let started = clocks::node(&address, clocks::ahead(ahead * 30)).await;
            say(if started.is_ok() { "ready 0" } else { "refused 0" });
            return;
        }
        _ => {}
    }
    let node = node(store).await;
    say("ready 0");
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let step = line.parse::<u64>().unwrap().saturating_add_signed(ahead);
        let mut outcome = sign_in(&node, &account, step).await;
        // On a machine that stands still, a lock may be waited for too long; then one asks again.
        for _ in 0..9 {
            if matches!(outcome, Err(Failure::Unavailable(_))) {
                outcome = sign_in(&node, &account, step).await;
            }
        }
        match outcome {
            Ok(true) => say(&format!("accepted {step}")),
            Ok(false) => say(&format!("rejected {step}")),
            Err(Failure::Unavailable(_)) => say(&format!("unavailable {step}")),
            Err(other) => panic!("{other}"),
        }
    }
}

/// A child whose lines come over a channel, each with the child's number.
struct Process {
    child: Child,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Process {
    fn start(
        number: usize,
        address: &str,
        uri: &str,
        part: &str,
        ahead: i64,
        lines: &mpsc::Sender<(usize, String, u64)>,
    ) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "nodes::child_signs_in", "--nocapture", "--test-threads=1"])
            .env(DATABASE, address)
            .env(URI, uri)
            .env(PART, part)
            .env(AHEAD, ahead.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (out, lines) = (child.stdout.take().unwrap(), lines.clone());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                // The test harness' own words stand before the first.
                let words: Vec<&str> = line.split_whitespace().rev().take(2).collect();
                if let [step, word] = words[..]
                    && let Ok(step) = step.parse()
                {
                    let _ = lines.send((number, word.to_owned(), step));
                }
            }
            let _ = lines.send((number, "gone".to_owned(), 0));
        });
        Self { child, reader: Some(reader) }
    }

    fn tell(&mut self, step: u64) {
        // A child that was killed hears nothing.
        let _ = writeln!(self.child.stdin.as_mut().unwrap(), "{step}");
    }

    /// SIGKILL: nothing of it runs any more, wherever it was, and all that it said is in the channel.
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_accept_each_code_once_while_they_are_killed() {
    let address = cluster::database(&server()).await;
    let check = node(PostgresStore::open(&address).await.unwrap()).await;
    let uri = enrol(&check).await;
    let (sender, lines) = mpsc::channel();
    let start = |number| Process::start(number, &address, &uri, "signs in", 0, &sender);
    let mut processes: Vec<Process> = (0..3).map(start).collect();
    let mut ready = 0;
    while ready < 3 {
        ready += usize::from(lines.recv().unwrap().1 == "ready");
    }
    let mut accepted: BTreeMap<u64, usize> = BTreeMap::new();
    for step in 1..=30_u64 {
        for process in &mut processes {
            process.tell(step);
        }
        let mut waiting = [true; 3];
        // In every third round one is killed as soon as another has answered: it is anywhere then.
        let victim = (step % 3 == 0).then_some((step as usize / 3) % 3);
        while waiting.iter().any(|waits| *waits) {
            let (number, word, of) = lines.recv().unwrap();
            match word.as_str() {
                "accepted" => *accepted.entry(of).or_default() += 1,
                "rejected" => {}
                "gone" => {}
                other => panic!("process {number} says {other} {of}"),
            }
            waiting[number] = false;
            if let Some(victim) = victim.filter(|victim| waiting[*victim]) {
                processes[victim].kill();
            }
        }
        if let Some(victim) = victim {
            processes[victim].kill();
            processes[victim] = start(victim);
            // What the old one still had to say is heard before the new one's first word.
            loop {
                let (number, word, of) = lines.recv().unwrap();
                match word.as_str() {
                    "accepted" => *accepted.entry(of).or_default() += 1,
                    "ready" if number == victim => break,
                    _ => {}
                }
            }
        }
    }
    assert!(accepted.values().all(|times| *times == 1), "{accepted:?}");
    // A process may be killed after its commit and before its word; the chain knows. Every step was accepted once.
    assert_eq!(accepted_by_the_chain(&check).await, 30, "{accepted:?}");
    assert!(accepted.len() >= 20, "{accepted:?}");
    let known = account(&uri);
    assert!(!sign_in(&check, &known, 30).await.unwrap());
    assert!(sign_in(&check, &known, 31).await.unwrap());
    for process in &mut processes {
        process.kill();
    }
}

/// Three processes have charged for the same code and stand before their settlements. Some are killed there: each costs the
/// guess that it charged, and of the others one is accepted; where none is left, the code is still good, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_killed_between_charge_and_settlement_cost_a_guess_and_nothing_else() {
    let address = cluster::database(&server()).await;
    let check = node(PostgresStore::open(&address).await.unwrap()).await;
    let uri = enrol(&check).await;
    let known = account(&uri);
    let key = BudgetKey::Attempts { user: "ann".to_owned(), method: Method::Totp, trusted: false };
    let query =
        Query { tenant: "acme".to_owned(), user: "ann".to_owned(), budgets: vec![key], ..Query::default() };
    let budget = async || check.store().load(query.clone()).await.unwrap().budgets[0];
    let mut used = 0;
    for killed in 1..=3_usize {
        let step = 2 * killed as u64;
        let (sender, lines) = mpsc::channel();
        let start = |number| Process::start(number, &address, &uri, "waits", 0, &sender);
        let mut processes: Vec<Process> = (0..3).map(start).collect();
        for word in ["ready", "charged"] {
            // Nobody goes on before all are there.
            for _ in 0..3 {
                assert_eq!(lines.recv().unwrap().1, word);
            }
            if word == "ready" {
                processes.iter_mut().for_each(|process| process.tell(step));
            }
        }
        let charged = budget().await;
        assert_eq!((charged.used, charged.consecutive), (used + 3, 3), "each guess is counted");
        for process in &mut processes[..killed] {
            process.kill();
        }
        assert_eq!(accepted_by_the_chain(&check).await, 2 * (killed - 1), "nothing was settled");
        for process in &mut processes[killed..] {
            process.tell(step);
        }
        let mut words: Vec<String> = Vec::new();
        while words.len() < 3 - killed {
            let (_, word, _) = lines.recv().unwrap();
            words.extend((word != "gone").then_some(word));
        }
        words.sort_unstable();
        assert_eq!(words, ["accepted", "rejected"][..3 - killed], "{killed} were killed");
        // The guesses of those who were killed stay counted, and that of whoever was late; the right one is given back.
        used += if killed == 3 { 3 } else { 2 };
        assert_eq!(budget().await.used, used);
        if killed == 3 {
            assert!(sign_in(&check, &known, step).await.unwrap(), "the code was not used");
        }
        assert_eq!(accepted_by_the_chain(&check).await, 2 * killed - 1);
        assert!(!sign_in(&check, &known, step).await.unwrap());
        used += 1;
        // In a row are only those since the last that was right.
        assert!(sign_in(&check, &known, step + 1).await.unwrap());
        let left = budget().await;
        assert_eq!((left.used, left.consecutive), (used, 0));
    }
}

/// Three processes whose clocks are a minute behind, right and a minute ahead, each shown the codes that its own clock asks
/// for: no step is accepted twice, none is behind an accepted one, and the clock that is ahead is never kept out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_whose_clocks_are_a_minute_apart_accept_each_code_once() {
    let address = cluster::database(&server()).await;
    let check = node(PostgresStore::open(&address).await.unwrap()).await;
    let uri = enrol(&check).await;
    let (sender, lines) = mpsc::channel();
    let aheads = [-MINUTE, 0, MINUTE];
    let start = |number: usize| Process::start(number, &address, &uri, "signs in", aheads[number], &sender);
    let mut processes: Vec<Process> = (0..3).map(start).collect();
    for _ in 0..3 {
        assert_eq!(lines.recv().unwrap().1, "ready");
    }
    let mut accepted: BTreeMap<u64, usize> = BTreeMap::new();
    for step in 3..=15_u64 {
        processes.iter_mut().for_each(|process| process.tell(step));
        for _ in 0..3 {
            let (number, word, of) = lines.recv().unwrap();
            assert_eq!(of, step.saturating_add_signed(aheads[number]));
            match word.as_str() {
                "accepted" => *accepted.entry(of).or_default() += 1,
                "rejected" => {}
                other => panic!("process {number} says {other} {of}"),
            }
        }
        assert!(accepted.contains_key(&step.saturating_add_signed(MINUTE)), "{accepted:?}");
    }
    assert!(accepted.values().all(|times| *times == 1), "{accepted:?}");
    // From the second round on, what the other two are shown is never later than what was used in the round before.
    let later: Vec<u64> = accepted.keys().copied().filter(|of| *of > 5).collect();
    assert_eq!(later, Vec::from_iter(6..=17));
    assert_eq!(accepted_by_the_chain(&check).await, accepted.len());
    for process in &mut processes {
        process.kill();
    }
}

/// And where the database's clock is looked at, those two do not even start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_processes_those_a_minute_off_do_not_start() {
    let address = cluster::database(&server()).await;
    drop(PostgresStore::open(&address).await.unwrap());
    for (ahead, word) in [(-MINUTE, "refused"), (0, "ready"), (MINUTE, "refused")] {
        let (sender, lines) = mpsc::channel();
        // The secret is not looked at before anybody signs in.
        let uri = "otpauth://totp/Acme:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme";
        let mut process = Process::start(0, &address, uri, "goes by its clock", ahead, &sender);
        assert_eq!(lines.recv().unwrap().1, word, "{ahead}");
        process.kill();
    }
}

/// Somebody holds the tenant's lock and does not come back: its callers are told so, other tenants' notice nothing, and
/// nothing was decided.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_stands_still_in_a_transaction_decides_nothing_for_others() {
    use keyhaven_verifier_postgres::tokio_postgres::{Config, NoTls};
    let address = cluster::database(&server()).await;
    let check = node(PostgresStore::open(&address).await.unwrap()).await;
    let known = account(&enrol(&check).await);
    let (client, connection) = address.parse::<Config>().unwrap().connect(NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute("BEGIN; SELECT * FROM chain WHERE tenant = 'acme' FOR UPDATE").await.unwrap();
    let failed = sign_in(&check, &known, 1).await;
    assert!(matches!(failed, Err(Failure::Unavailable(_))), "{failed:?}");
    let other = keyhaven_verifier::Subject::new("other", "ann").unwrap();
    let actor = keyhaven_verifier::Actor::operator("ops");
    check.put_policy(&actor, "other", &crate::world::wide(), 0, 0.into()).await.unwrap();
    let grant = keyhaven_verifier::Grant::First;
    assert!(check.enrol_totp(&other, "Other", "ann", grant, &context(1)).await.is_ok());
    drop(client);
    connection.await.unwrap().unwrap();
    assert!(sign_in(&check, &known, 1).await.unwrap());
    assert!(!sign_in(&check, &known, 1).await.unwrap());
    assert_eq!(who().user(), "ann");
}
