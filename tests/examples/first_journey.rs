//! Walks the first journey through the real window where nobody can see it; `cargo xtask run` without a display
//! ends here. Prints where the picture is.
#![expect(clippy::print_stdout, reason = "a program for a person at a terminal")]

#[cfg(target_os = "linux")]
fn main() {
    use keyhaven_tests::harness::{World, first_journey};

    let mut world = World::new("first-journey");
    println!("{}", first_journey(&mut world).display());
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The window is driven on Linux only; with a display, `cargo xtask run` opens it.");
}
