//! Running programs: from the project's root, without a standard input, into a log.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Where things are.
pub struct Project {
    /// The repository's root.
    pub root: PathBuf,
    /// Cargo's target folder.
    pub target: PathBuf,
}

impl Project {
    /// Finds the repository that this program belongs to.
    pub fn find() -> Self {
        // Set by `cargo run`, and right even when the clone was moved after this was compiled.
        let xtask =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&xtask).parent().map(Path::to_path_buf).unwrap_or_default();
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |t| root.join(t));
        Self { root, target }
    }

    /// The folder of the pages.
    pub fn ui(&self) -> PathBuf {
        self.root.join("ui")
    }

    /// A program to run in the root, without what `cargo run` added to this program's environment: a nested
    /// cargo that saw it could rebuild what is already built.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text == "CARGO"
                || text == "LD_LIBRARY_PATH"
                || text.starts_with("CARGO_PKG_")
                || text.starts_with("CARGO_MANIFEST_")
            {
                command.env_remove(&name);
            }
        }
        command
    }

    /// `cargo ARGUMENTS`, with the toolchain that runs this program.
    pub fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let mut command = self.command(&cargo);
        command.args(arguments);
        command
    }

    /// `npm ARGUMENTS` in `ui`.
    pub fn npm(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(if cfg!(windows) { "npm.cmd" } else { "npm" });
        command.args(arguments).current_dir(self.ui());
        command
    }

    /// Runs `command` with both its outputs in `target/xtask-logs/NAME.log`, for at most `limit`.
    pub fn logged(&self, name: &str, mut command: Command, limit: Duration) -> Result<Logged, String> {
        let folder = self.target.join("xtask-logs");
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let twin = file.try_clone().map_err(|e| format!("{}: {e}", log.display()))?;
        let started = Instant::now();
        let mut child = command
            .stdout(file)
            .stderr(twin)
            .spawn()
            .map_err(|e| format!("{}: {e}", command.get_program().to_string_lossy()))?;
        let success = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status.success(),
                Ok(None) if started.elapsed() < limit => std::thread::sleep(Duration::from_millis(50)),
                Ok(None) => {
                    // A hanging step is a failing step; the log shows how far it came.
                    drop(child.kill());
                    drop(child.wait());
                    break false;
                }
                Err(e) => return Err(format!("{name}: {e}")),
            }
        };
        let took = started.elapsed();
        let text = String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
        Ok(Logged { success, timed_out: !success && took >= limit, took, text, log })
    }
}

/// What a logged program did.
pub struct Logged {
    /// It ended by itself with status 0.
    pub success: bool,
    /// It was ended because it took too long.
    pub timed_out: bool,
    /// How long it ran.
    pub took: Duration,
    /// All it printed.
    pub text: String,
    /// Where that is kept.
    pub log: PathBuf,
}

/// The standard output of a program that is expected to succeed quickly; `None` when it cannot be run or fails.
pub fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
