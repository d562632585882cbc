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
    const SETTLED: Duration = Duration::from_secs(30);
    const HIDDEN: Duration = Duration::from_secs(30);

    let binary = PathBuf::from(std::env::args_os().nth(1).expect("the path of the app"));
    let mut world = World::new("bench");
    let window = world.open_binary(&binary, &[]);
    window.create_vault(PASSPHRASE);
    window.add_by_text_file(&sample_uris(ACCOUNTS));
    window.close();

    let memory = starts(&mut world, &binary, ACCOUNTS);
    println!("{:<44} {:>8.0} MB   (PSS of all its processes)", "memory", memory as f64 / 1e6);

    let window = world.open_binary(&binary, &[]);
    window.wait_for_code();
    window.hide();
    // What the start and the hiding leave to do (the web view collects garbage for a while) is no idle cost.
    std::thread::sleep(SETTLED);
    let before: Duration = window.processes().iter().map(|process| process.processor_time()).sum();
    std::thread::sleep(HIDDEN);
    let after: Duration = window.processes().iter().map(|process| process.processor_time()).sum();
    let percent = (after.saturating_sub(before)).as_secs_f64() / HIDDEN.as_secs_f64() * 100.0;
    println!("{:<44} {percent:>8.2} %    (of one core, over {} s)", "a hidden window", HIDDEN.as_secs());
    window.close();

    let mut world = World::new("bench-thousand");
    let window = world.open_binary(&binary, &[]);
    window.create_vault(PASSPHRASE);
    window.add_by_text_file(&sample_uris(MANY));
    window.wait_until("the new rows are rows like others", || !window.is_visible(".row.fresh"));
    frames(&window, "scrolling", SCROLL);
    frames(&window, "filtering", FILTER);
    window.close();

    let mut world = World::new("bench-ten-thousand");
    let window = world.open_binary(&binary, &[]);
    window.create_vault(PASSPHRASE);
    window.add_by_text_file(&sample_uris(MOST));
    window.wait_until("the new rows are rows like others", || !window.is_visible(".row.fresh"));
    keystrokes(&window);
    window.close();
    starts(&mut world, &binary, MOST);
}

#[cfg(target_os = "linux")]
const STARTS: usize = 5;

/// Prints how long the app takes from its start to codes on the screen, the keyring open; returns the memory that all
/// its processes take then, in bytes.
#[cfg(target_os = "linux")]
fn starts(world: &mut keyhaven_tests::harness::World, binary: &std::path::Path, accounts: usize) -> u64 {
    let mut starts: Vec<f64> = Vec::new();
    let mut memory = 0;
    for _ in 0..STARTS {
        let window = world.open_binary(binary, &[]);
        window.wait_for_code();
        starts.push(window.age().as_secs_f64() * 1000.0);
        std::thread::sleep(std::time::Duration::from_secs(2));
        memory = window.processes().iter().map(|process| process.shared_out_memory()).sum();
        window.close();
    }
    starts.sort_by(f64::total_cmp);
    let (best, middle, worst) = (starts[0], starts[STARTS / 2], starts[STARTS - 1]);
    let (what, range) =
        ("from exec to codes on screen", format!("{best:.0} to {worst:.0} in {STARTS} starts"));
    println!("{what:<44} {middle:>8.0} ms   ({range}; {accounts} accounts, keyring open)");
    memory
}

#[cfg(target_os = "linux")]
const MANY: usize = 1000;

#[cfg(target_os = "linux")]
const MOST: usize = 10_000;

/// Prints how long after a key in the search the list stands on the screen anew.
#[cfg(target_os = "linux")]
fn keystrokes(window: &keyhaven_tests::harness::Window<'_>) {
    const TYPE: &str = "const field = document.querySelector('[data-testid=search]');
        const words = ['p', 'pe', 'per', 'pers', 'perso', 'person', 'person7', 'person77', 'person777', 'person7777'];
        const times = []; window.keyTimes = null;
        const next = () => {
          const word = words[times.length];
          if (word === undefined) { window.keyTimes = times; return; }
          const typed = performance.now();
          field.value = word;
          field.dispatchEvent(new InputEvent('input', { bubbles: true }));
          requestAnimationFrame(() => setTimeout(() => { times.push(performance.now() - typed); setTimeout(next, 200); }));
        };
        next();";
    window.script(TYPE, &[]);
    window.wait_until("the words are typed", || !window.script("return window.keyTimes", &[]).is_null());
    let times = window.script("return window.keyTimes", &[]);
    let mut times: Vec<f64> = times.as_array().into_iter().flatten().filter_map(|t| t.as_f64()).collect();
    times.sort_by(f64::total_cmp);
    let what = format!("a key in the search of {MOST} accounts");
    println!(
        "{what:<44} {:>8.1} ms   (to the next picture; longest {:.1})",
        times[times.len() / 2],
        times[times.len() - 1]
    );
}

/// From the first row to the last, 40 pixels a frame.
#[cfg(target_os = "linux")]
const SCROLL: &str = "const list = document.getElementById('accounts');
    step = () => { list.scrollTop += 40; return list.scrollTop + list.clientHeight < list.scrollHeight - 1; };";

/// A letter more or less every third frame.
#[cfg(target_os = "linux")]
const FILTER: &str = "const field = document.querySelector('[data-testid=search]');
    const words = ['p', 'pe', 'per', 'person7', 'person77', 'person777', 'person77', 'person7', 'p', ''];
    let turn = 0;
    step = () => {
      if (turn++ % 3 === 0) {
        field.value = words[(turn / 3 | 0) % words.length];
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));
      }
      return turn < 300;
    };";

/// Prints how long the window's frames take while `work` sets a `step` for each (true: there is more to do), beside
/// as many frames of the same window at rest: where no graphics card draws, not even those are 16.7 ms, and what is
/// dropped at rest is the machine's.
#[cfg(target_os = "linux")]
fn frames(window: &keyhaven_tests::harness::Window<'_>, what: &str, work: &str) {
    let measured = |work: &str| -> Vec<f64> {
        let body = format!(
            "let step; {work}
            const times = []; let last = 0; window.frameTimes = null;
            const frame = (now) => {{
              if (last) times.push(now - last);
              last = now;
              if (step()) requestAnimationFrame(frame); else window.frameTimes = times;
            }};
            requestAnimationFrame(frame);"
        );
        window.script(&body, &[]);
        window.wait_up_to(std::time::Duration::from_secs(120), "the frames are drawn", || {
            !window.script("return window.frameTimes", &[]).is_null()
        });
        let times = window.script("return window.frameTimes", &[]);
        let mut times: Vec<f64> = times.as_array().into_iter().flatten().filter_map(|t| t.as_f64()).collect();
        times.sort_by(f64::total_cmp);
        times
    };
    let busy = measured(work);
    let rest = measured(&format!("let left = {}; step = () => --left > 0;", busy.len()));
    let share = |times: &[f64], percent: usize| times[(times.len() - 1) * percent / 100];
    let dropped = |times: &[f64]| times.iter().filter(|time| **time > 1.5 * 1000.0 / 60.0).count();
    println!(
        "{:<44} {:>8.1} ms   (a frame in the middle; 95 of 100 within {:.1}, longest {:.1}, {} of {} dropped; at rest {:.1}, {:.1}, {:.1}, {} dropped)",
        format!("{what} {MANY} accounts"),
        share(&busy, 50),
        share(&busy, 95),
        share(&busy, 100),
        dropped(&busy),
        busy.len(),
        share(&rest, 50),
        share(&rest, 95),
        share(&rest, 100),
        dropped(&rest),
    );
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("The app is measured on Linux only.");
}
