//! A PostgreSQL server of our own: made from the system's programs in a folder of its own, reachable by a Unix socket
//! in it alone, and gone with the process that started it, however that ends.
//!
//! PostgreSQL refuses to run as root. Where this runs as root, the server runs as the user `postgres`, which comes with
//! the package.

use keyhaven_verifier_postgres::tokio_postgres::{self, NoTls};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

/// Where tests may use a server that runs already: the address of a database whose user may make others.
pub const ADDRESS: &str = "KEYHAVEN_TEST_POSTGRES_URL";

pub struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    /// The shell that waits for us to go. Its standard input is the leash: when it closes, the server stops.
    leash: Child,
}

/// A command that runs as a user that PostgreSQL accepts.
fn as_user(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let id = Command::new("id").arg("-u").output().expect("`id` says who we are");
    if id.stdout.trim_ascii() == b"0" {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
        return command;
    }
    Command::new(program)
}

/// The folder of the server's programs, the newest version's.
fn programs() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = folders.map(|version| version.path().join("bin"));
    let found = debian.filter(|bin| bin.join("initdb").exists()).max();
    let asked = || {
        let output = Command::new("pg_config").arg("--bindir").output().ok()?;
        let bin = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        bin.join("initdb").exists().then_some(bin)
    };
    found.or_else(asked).unwrap_or_else(|| {
        panic!("PostgreSQL's server is not installed (Debian: postgresql); or name one in {ADDRESS}")
    })
}

/// What a command printed. It has to end well.
fn said(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    assert!(output.status.success(), "{command:?}: {text} {}", String::from_utf8_lossy(&output.stderr));
    text
}

impl Cluster {
    /// Makes and starts one.
    pub fn start() -> Self {
        let bin = programs();
        let pattern = std::env::temp_dir().join("keyhaven-pg.XXXXXX");
        let folder = PathBuf::from(said(as_user("mktemp").arg("-d").arg(pattern)));
        let data = folder.join("data");
        said(
            as_user(bin.join("initdb"))
                .args(["--auth=trust", "--username=keyhaven", "--encoding=UTF8", "--no-sync", "-D"])
                .arg(&data),
        );
        // The server is started by the shell, ends with it, and takes its folder along.
        let script = r#""$1/pg_ctl" -D "$2/data" -l "$2/log" -o "$3" -w -t 600 start >/dev/null && echo up
cat >/dev/null
"$1/pg_ctl" -D "$2/data" -m immediate -w -t 600 stop >/dev/null
rm -rf "$2""#;
        let options = options(&folder);
        let mut leash = as_user("sh")
            .args(["-c", script, "sh"])
            .args([&bin, &folder])
            .arg(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut up = [0; 3];
        let reader = leash.stdout.as_mut().expect("it is piped");
        std::io::Read::read_exact(reader, &mut up).expect("the server starts");
        Self { bin, folder, leash }
    }

    /// The address of a database of it.
    pub fn address(&self, database: &str) -> String {
        format!("host={} user=keyhaven dbname={database}", self.folder.display())
    }

    /// The server's socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    fn control(&self) -> Command {
        let mut command = as_user(self.bin.join("pg_ctl"));
        command.arg("-D").arg(self.folder.join("data")).args(["-w", "-t", "600"]);
        command
    }

    /// Stops the server at once, as a crash does. It is gone when this returns.
    pub fn crash(&self) {
        said(self.control().args(["-m", "immediate", "stop"]));
    }

    /// Starts it again. It answers when this returns.
    pub fn restart(&self) {
        let log = self.folder.join("log");
        said(self.control().args(["-o", &options(&self.folder), "-l"]).arg(log).arg("start"));
    }
}

/// Each test that runs at the same time has a pool or two of its own.
fn options(folder: &Path) -> String {
    format!("-k {} -c listen_addresses= -c max_connections=600", folder.display())
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.leash.stdin.take());
        let _ = self.leash.wait();
    }
}

/// Makes an empty database and gives its address.
pub async fn database(server: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("keyhaven_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let config: tokio_postgres::Config = server.parse().expect("an address");
    let (client, connection) = config.connect(NoTls).await.expect("the server answers");
    let running = tokio::spawn(connection);
    client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database can be made");
    drop(client);
    running.await.expect("it ends").expect("and clean");
    if server.contains("://") {
        let (front, query) =
            server.split_once('?').map_or((server, None), |(front, query)| (front, Some(query)));
        let host =
            front.rsplit_once('/').filter(|(host, _)| !host.ends_with('/')).map_or(front, |(host, _)| host);
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        return format!("{host}/{name}{query}");
    }
    format!("{server} dbname={name}")
}
