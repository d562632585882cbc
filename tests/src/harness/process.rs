//! Programs that end when their owner does.

use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running program in a process group of its own. Dropping it kills the whole group, and waits.
pub(crate) struct Program {
    name: String,
    child: Child,
}

impl Program {
    /// Starts `command` with its error output in `log`. Should this test program be killed so that nothing is
    /// dropped, the kernel ends the program (`prctl(2)`, PR_SET_PDEATHSIG, set by util-linux's `setpriv`).
    pub(crate) fn start(command: &Command, log: &Path) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut guarded = Command::new("setpriv");
        guarded.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program()).args(command.get_args());
        guarded.env_clear();
        for (key, value) in command.get_envs() {
            if let Some(value) = value {
                guarded.env(key, value);
            }
        }
        let log = File::options().create(true).append(true).open(log);
        let log = log.unwrap_or_else(|e| panic!("the log of {name}: {e}"));
        let spawned =
            guarded.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn();
        let child = spawned
            .unwrap_or_else(|e| panic!("{name} does not start ({e}): `cargo xtask setup` installs it"));
        Self { name, child }
    }

    /// The first line that it prints, and everything after it thrown away.
    pub(crate) fn first_line(&mut self) -> String {
        let output =
            self.child.stdout.take().unwrap_or_else(|| panic!("{}: its output was read before", self.name));
        let mut reader = BufReader::new(output);
        let mut line = String::new();
        drop(reader.read_line(&mut line));
        // A pipe that nobody reads would stop or end the program some day.
        std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        line.trim().to_owned()
    }

    /// Gives it `text` as its whole standard input.
    pub(crate) fn feed(&mut self, text: &str) {
        if let Some(mut input) = self.child.stdin.take() {
            let fed = input.write_all(text.as_bytes());
            fed.unwrap_or_else(|e| panic!("{} does not read: {e}", self.name));
        }
    }

    /// Its process group, which is its process id.
    pub(crate) fn group(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may have ended by itself.
            let _gone = kill_process_group(group, Signal::KILL);
        }
        drop(self.child.wait());
    }
}
