//! For the transcripts: `typed TEXT keyhaven ARGUMENTS…` runs the program with TEXT and a line end on its standard
//! input, as `echo TEXT | keyhaven ARGUMENTS…` would in a shell of any system.

use std::error::Error;
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let text = arguments.next().ok_or("typed TEXT keyhaven ARGUMENTS…")?;
    let program = arguments.next().ok_or("typed TEXT keyhaven ARGUMENTS…")?;
    // Examples stand in a folder of the one that has the programs.
    let folder = std::env::current_exe()?;
    let folder = folder.ancestors().nth(2).ok_or("no folder of programs")?;
    let program = folder.join(program).with_extension(std::env::consts::EXE_EXTENSION);
    let mut child = Command::new(program).args(arguments).stdin(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // A command that does not read its input may have ended by now.
        let _ = writeln!(input, "{}", text.to_string_lossy());
    }
    let code = child.wait()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
