//! The clipboard, read and written by another program (`xclip`), as any other window would.

use super::world::World;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

impl World {
    /// What a person would paste now; empty when nobody offers text.
    pub fn clipboard(&self) -> String {
        let output = self.xclip(&["-o"]).output().unwrap_or_else(|e| panic!("xclip: {e}"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The kinds of content that the clipboard's owner offers, one a line (`TARGETS`, ICCCM §2.6.2).
    pub fn clipboard_kinds(&self) -> String {
        let output = self.xclip(&["-o", "-t", "TARGETS"]).output().unwrap_or_else(|e| panic!("xclip: {e}"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Puts text there, as if copied in another program.
    pub fn copy_elsewhere(&self, text: &str) {
        let child = self.xclip(&["-i"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        let mut child = child.unwrap_or_else(|e| panic!("xclip: {e}"));
        if let Some(mut input) = child.stdin.take() {
            input.write_all(text.as_bytes()).unwrap_or_else(|e| panic!("xclip: {e}"));
        }
        drop(child.wait());
    }

    /// Puts a PNG picture there.
    pub fn copy_picture_elsewhere(&self, file: &Path) {
        let done = self.xclip(&["-i", "-t", "image/png"]).arg(file).stdout(Stdio::null()).status();
        assert!(done.is_ok_and(|status| status.success()), "xclip does not take {}", file.display());
    }

    fn xclip(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("xclip");
        command.args(["-selection", "clipboard"]).args(arguments);
        command.env_clear().envs(self.environment().iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }
}
