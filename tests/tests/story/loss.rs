//! What could lose something: a vault that cannot be read, and several windows and programs that save at once.

use super::safety::keyhaven;
use super::*;
use keyhaven_tests::program;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

/// An account with a secret of its own: one that is there already is not added.
fn uri(name: &str) -> String {
    let secret = data_encoding::BASE32_NOPAD.encode(format!("the secret of {name:6.6}").as_bytes());
    format!("otpauth://totp/{name}:robin?secret={secret}&issuer={name}")
}

#[test]
fn a_damaged_vault_is_looked_into_before_a_state_takes_its_place() {
    let mut world = world_with_account("damaged");
    let home = world.vault_home();
    for name in ["Second", "Third"] {
        assert_eq!(keyhaven(&world, &home, &["add", &uri(name), "--password-stdin"]).0, 0);
    }
    let file = home.join("vault.keyhaven");
    let whole = std::fs::read(&file).expect("the vault");
    std::fs::write(&file, &whole[..whole.len() / 2]).expect("half a vault");

    let window = world.open(&[]);
    window.wait_for_named("unreadable");
    window.wait_for_named("unreadable-look");
    // The oldest: what it lacks is told, and that there is a newer one.
    let looks = window.texts(&element("unreadable-look")).len();
    window.click(&format!("li:nth-child({looks}) {}", element("unreadable-look")));
    window.wait_for_named("preview-newer");
    window.click_named("preview-look");
    window.wait_for_named("preview-difference");
    let told = window.text(&element("preview"));
    assert!(told.contains("It holds 0 accounts") && told.contains("not in this one"), "{told}");
    assert_eq!(std::fs::read(&file).expect("the file").len(), whole.len() / 2, "looking changes nothing");
    window.click_named("unreadable-back");

    // The newest.
    window.wait_for_named("unreadable-look");
    window.click(&format!("li:first-child {}", element("unreadable-look")));
    window.click_named("preview-look");
    window.wait_for_named("preview-holds");
    let told = window.text(&element("preview-holds"));
    assert!(told.contains("It holds 2 accounts"), "{told}");
    assert!(!window.is_visible(&element("preview-newer")));
    window.click_named("restore-whole");
    window.wait_until("what it held is in the list", || {
        window.attribute("[role=grid]", "aria-rowcount") == "2"
    });
}

/// `keyhaven add`, in a world and on its vault.
fn adding(world: &World, name: &str) -> Child {
    let mut child = Command::new(program("keyhaven"))
        .args(["add", &uri(name), "--password-stdin"])
        .env_clear()
        .envs(world.environment())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("keyhaven");
    writeln!(child.stdin.take().expect("its input"), "{PASSPHRASE}").expect("it reads");
    child
}

/// Drops an account on a window and keeps it, while others save.
fn add(window: &Window<'_>, name: &str) {
    let file = window.world.home().join(format!("{name}.txt"));
    std::fs::write(&file, uri(name)).expect("a file to drop");
    window.drop_files(&[&file]);
    window.wait_for_named("offer-accept");
    window.click_named("offer-accept");
    window.wait_until("it is in the list", || {
        window.texts(&element("account-row")).iter().any(|row| row.contains(name))
    });
}

/// Two windows, as two people's sessions or two computers have them on one share, and programs beside them.
#[test]
fn two_windows_and_programs_that_add_at_once_lose_nothing() {
    const PROGRAMS: [&str; 4] = ["Alpha", "Beta", "Gamma", "Delta"];
    let mut world = world_with_account("together");
    let mut other = World::new("together-other");
    other.use_vault_of(&world);
    // Its own keyring knows nothing of this vault.
    let second = other.open(&[]);
    second.unlock(PASSPHRASE);
    second.wait_for_code();
    let first = world.open(&[]);
    first.wait_for_code();

    let mut waiting: Vec<&str> = PROGRAMS.to_vec();
    let mut rounds = 0;
    while !waiting.is_empty() {
        let children: Vec<_> = waiting.drain(..).map(|name| (adding(first.world, name), name)).collect();
        if rounds == 0 {
            add(&first, "Window");
            add(&second, "Elsewhere");
        }
        for (child, name) in children {
            let output = child.wait_with_output().expect("an end");
            if !output.status.success() {
                // Whoever could not save says so, and is asked once more.
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(said.contains("another") || said.contains("changed"), "{name}: {said}");
                waiting.push(name);
            }
        }
        rounds += 1;
        assert!(rounds <= 50, "{waiting:?} were never saved");
    }
    // Both windows save once more, on what all the others saved.
    add(&second, "Last");
    add(&first, "Least");
    first.close();
    second.close();
    let (code, list) = keyhaven(&world, &world.vault_home(), &["list", "--json", "--password-stdin"]);
    assert_eq!(code, 0, "{list}");
    let mut there: Vec<&str> = list["accounts"]
        .as_array()
        .map(|all| all.iter().filter_map(|one| one["issuer"].as_str()).collect())
        .unwrap_or_default();
    there.sort_unstable();
    let mut wanted = vec!["Window", "Elsewhere", "Last", "Least", SAMPLE.issuer];
    wanted.extend(PROGRAMS);
    wanted.sort_unstable();
    assert_eq!(there, wanted);
}
