//! Walks through the real window where nobody can see it; `cargo xtask run` without a display ends here. Prints
//! where the picture is. `--journey`: from nothing to a live code; `--demo`: the throw-away vault.
#![expect(clippy::print_stdout, reason = "a program for a person at a terminal")]

#[cfg(target_os = "linux")]
fn main() {
    use keyhaven_tests::harness::{World, demo, first_journey};

    let picture = match std::env::args().nth(1).as_deref() {
        Some("--demo") => demo(&mut World::new("demo")),
        _ => first_journey(&mut World::new("first-journey")),
    };
    println!("{}", picture.display());
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The window is driven on Linux only; with a display, `cargo xtask run` opens it.");
}
