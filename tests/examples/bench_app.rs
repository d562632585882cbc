//! The figures of the app as it is shipped: how soon codes are on screen, how much memory its processes share out
//! among them, and what a hidden window costs. `bench_app PATH-OF-THE-APP`; `cargo xtask bench app` builds it.
#![expect(clippy::print_stdout, reason = "it prints figures")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]

#[cfg(target_os = "linux")]
fn main() {
    use keyhaven_tests::harness::{PASSPHRASE, World, sample_uris};
    use std::path::PathBuf;
    use std::time::Duration;

    const ACCOUNTS: usize = 200;
    const STARTS: usize = 5;
    const HIDDEN: Duration = Duration::from_secs(30);

    let binary = PathBuf::from(std::env::args_os().nth(1).expect("the path of the app"));
    let mut world = World::new("bench");
    let window = world.open_binary(&binary, &[]);
    window.create_vault(PASSPHRASE);
    window.add_by_text_file(&sample_uris(ACCOUNTS));
    window.close();

    let mut starts: Vec<f64> = Vec::new();
    let mut memory = 0;
    for _ in 0..STARTS {
        let window = world.open_binary(&binary, &[]);
        window.wait_for_code();
        starts.push(window.age().as_secs_f64() * 1000.0);
        std::thread::sleep(Duration::from_secs(2));
        memory = window.processes().iter().map(|process| process.shared_out_memory()).sum();
        window.close();
    }
    starts.sort_by(f64::total_cmp);
    let (best, middle, worst) = (starts[0], starts[STARTS / 2], starts[STARTS - 1]);
    let (what, range) =
        ("from exec to codes on screen", format!("{best:.0} to {worst:.0} in {STARTS} starts"));
    println!("{what:<44} {middle:>8.0} ms   ({range}; {ACCOUNTS} accounts, keyring open)");
    println!("{:<44} {:>8.0} MB   (PSS of all its processes)", "memory", memory as f64 / 1e6);

    let window = world.open_binary(&binary, &[]);
    window.wait_for_code();
    window.hide();
    // What the hiding itself causes is no idle cost.
    std::thread::sleep(Duration::from_secs(3));
    let before: Duration = window.processes().iter().map(|process| process.processor_time()).sum();
    std::thread::sleep(HIDDEN);
    let after: Duration = window.processes().iter().map(|process| process.processor_time()).sum();
    let percent = (after.saturating_sub(before)).as_secs_f64() / HIDDEN.as_secs_f64() * 100.0;
    println!("{:<44} {percent:>8.2} %    (of one core, over {} s)", "a hidden window", HIDDEN.as_secs());
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The app is measured on Linux only.");
}
