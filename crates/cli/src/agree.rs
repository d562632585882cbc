//! What takes something away asks first.

use crate::error::{Failure, tell};
use crate::input;
use std::fmt::Display;

/// Goes on where `--yes` was given or a person at the terminal says yes. `what` would happen, `details` name it line by
/// line; nothing was done yet.
pub fn or_refuse(yes: bool, what: impl Display, details: &[String]) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !input::can_prompt() {
        let lines = details.iter().map(String::as_str).chain(["--yes does it"]).collect::<Vec<_>>();
        return Err(Failure::input(format_args!("nothing was changed: {what}")).advise(lines.join("\n  ")));
    }
    tell(&what);
    for line in details {
        input::say(format_args!("  {line}\n"));
    }
    input::say("Do it? Type yes: ");
    let answer = input::typed_line()?;
    match answer.trim().to_lowercase().as_str() {
        "yes" | "y" => Ok(()),
        _ => Err(Failure::nothing("nothing was changed")),
    }
}
