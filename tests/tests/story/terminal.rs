//! The command line as a person meets it: on a terminal, with the keyring of the session.

use super::*;
use keyhaven_tests::program;
use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

/// A command on a terminal of its own (util-linux's `script`).
pub(super) struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: Arc<Mutex<String>>,
    /// How much of the screen was there at the last answer.
    read: usize,
}

impl Terminal {
    pub(super) fn run(world: &World, arguments: &str) -> Self {
        let line = format!("'{}' {arguments}", program("keyhaven").display());
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--command", &line, "/dev/null"])
            .env_clear()
            .envs(world.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script, of util-linux");
        let (keys, mut output) = (child.stdin.take().expect("keys"), child.stdout.take().expect("a screen"));
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = screen.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().expect("the screen").push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { child, keys, screen, read: 0 }
    }

    fn screen(&self) -> String {
        self.screen.lock().expect("the screen").clone()
    }

    /// Types a line once the command asks for it.
    pub(super) fn answer(mut self, question: &str, line: &str) -> Self {
        let asked = Instant::now();
        while !self.screen()[self.read..].contains(question) {
            assert!(asked.elapsed() < Duration::from_secs(30), "no {question:?} in: {}", self.screen());
            std::thread::sleep(Duration::from_millis(20));
        }
        // The question comes before the echo is off; a person is slower than that.
        std::thread::sleep(Duration::from_millis(300));
        self.read = self.screen().len();
        writeln!(self.keys, "{line}").expect("a key press");
        self
    }

    /// Exit code and everything that was on the screen.
    pub(super) fn end(mut self) -> (i32, String) {
        let code = self.child.wait().expect("an end").code().expect("an exit code");
        std::thread::sleep(Duration::from_millis(100));
        (code, self.screen())
    }
}

/// A command without a terminal.
pub(super) fn plain(world: &World, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(program("keyhaven"))
        .args(arguments)
        .env_clear()
        .envs(world.environment())
        .stdin(Stdio::null())
        .output()
        .expect("keyhaven");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

/// A command without a terminal that is given `lines` on its standard input.
pub(super) fn with_input(world: &World, arguments: &[&str], lines: &str) -> (i32, String, String) {
    let mut child = Command::new(program("keyhaven"))
        .args(arguments)
        .env_clear()
        .envs(world.environment())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("keyhaven");
    child.stdin.take().expect("its input").write_all(lines.as_bytes()).expect("a way in");
    let output = child.wait_with_output().expect("an end");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

#[test]
fn a_passphrase_is_asked_for_and_never_shown() {
    let world = World::new("terminal");
    let init = Terminal::run(&world, "vault init")
        .answer("New passphrase: ", PASSPHRASE)
        .answer("The same again: ", "seven quiet herons")
        .answer("New passphrase: ", PASSPHRASE)
        .answer("The same again: ", PASSPHRASE);
    let (code, screen) = init.end();
    assert!(code == 0 && screen.contains("the two differ; try another"), "{code}: {screen}");
    assert!(screen.contains("Recovery key") && !screen.contains("herons"), "{screen}");

    let uri = SAMPLE.uri();
    let add = Terminal::run(&world, &format!("add '{uri}'")).answer("Passphrase: ", PASSPHRASE);
    let (code, screen) = add.end();
    assert!(code == 0 && screen.contains("added") && !screen.contains("herons"), "{code}: {screen}");

    let code_at = Terminal::run(&world, "code northwind --at 59").answer("Passphrase: ", PASSPHRASE);
    let (code, screen) = code_at.end();
    assert!(code == 0 && screen.contains(&SAMPLE.code_of_oathtool(59)), "{code}: {screen}");

    const SLIP: &str = "seven quiet herons over the wier";
    let slip = Terminal::run(&world, "list").answer("Passphrase: ", SLIP).answer("Passphrase: ", PASSPHRASE);
    let (code, screen) = slip.end();
    assert!(
        code == 0 && screen.contains("the passphrase is not this vault's; try again"),
        "{code}: {screen}"
    );
    assert!(screen.contains("Northwind") && !screen.contains("herons"), "{screen}");

    let mut wrong = Terminal::run(&world, "list");
    for _ in 0..3 {
        wrong = wrong.answer("Passphrase: ", SLIP);
    }
    let (code, screen) = wrong.end();
    assert!(code == 3 && screen.contains("the passphrase is not this vault's\r\n"), "{code}: {screen}");
    assert!(!screen.contains("herons"), "{screen}");
}

#[test]
fn the_keyring_opens_for_the_command_line_too() {
    let mut world = World::new("terminal-keyring");
    let init = Terminal::run(&world, "vault init --keyring")
        .answer("New passphrase: ", PASSPHRASE)
        .answer("The same again: ", PASSPHRASE);
    assert_eq!(init.end().0, 0);
    let uri = SAMPLE.uri();
    assert_eq!(plain(&world, &["add", &uri]).0, 0);
    assert_eq!(plain(&world, &["code", "northwind", "--at", "59"]).1.trim(), SAMPLE.code_of_oathtool(59));
    // What the keyring opens is no proof that a person is there.
    let (code, out, _) = plain(&world, &["show", "northwind", "--secret"]);
    assert!(code == 2 && !out.contains(&SAMPLE.base32()), "{code}: {out}");
    let shown = Terminal::run(&world, "show northwind --secret").answer("to show the secret: ", PASSPHRASE);
    assert!(shown.end().1.contains(&SAMPLE.base32()));

    world.lock_keyring();
    let (code, _, err) = plain(&world, &["list"]);
    assert!(code == 3 && err.contains("the keyring is locked"), "{code}: {err}");
    let list = Terminal::run(&world, "list").answer("Passphrase: ", PASSPHRASE);
    let (code, screen) = list.end();
    assert!(
        code == 0 && screen.contains("the keyring is locked") && screen.contains("Northwind"),
        "{screen}"
    );

    world.stop_keyring();
    let (code, _, err) = plain(&world, &["list"]);
    assert!(code == 3 && err.contains("no keyring service"), "{code}: {err}");
    // The app opens the same vault.
    world.start_keyring();
    let window = world.open(&[]);
    window.wait_for_code();
    window.assert_code_is_true(&SAMPLE);
}
