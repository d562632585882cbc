//! Programs of others: what three generators show is accepted, at every number of digits, hash and period there can be,
//! and what our secrets give is accepted by a login guard (libpam-oath), once.
//!
//! `cargo xtask test` installs them: the Debian packages oathtool, python3-pyotp, libpam-oath, pamtester and libpam-wrapper,
//! and otplib among the interface's tools.
#![expect(
    clippy::disallowed_methods,
    reason = "a login guard goes by the real clock, and reads a file that is written here"
)]

use crate::world::*;
use keyhaven_otp::{Account, Algorithm, parse_uri};
use keyhaven_verifier::{Action, Answer, Grant, Method, Policy};
use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

/// Reads lines `URI moment-or-counter`, writes each one's code.
const PYOTP: &str = r"
import sys, pyotp
for line in sys.stdin:
    uri, at = line.split()
    print(pyotp.parse_uri(uri).at(int(at)))
";

const OTPLIB: &str = r"
import { generateSync } from 'otplib';
import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin })) {
    const [uri, at] = line.split(' ');
    const known = new URL(uri), of = name => known.searchParams.get(name);
    const common = { secret: of('secret'), digits: Number(of('digits') ?? 6), algorithm: (of('algorithm') ?? 'SHA1').toLowerCase() };
    console.log(known.host === 'hotp'
        ? generateSync({ ...common, strategy: 'hotp', counter: Number(at) })
        : generateSync({ ...common, strategy: 'totp', period: Number(of('period') ?? 30), epoch: Number(at) }));
}
";

/// What a program writes when it is given these lines.
fn ask(command: &mut Command, lines: &str) -> Vec<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo xtask test` installs it"));
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?} ends with {}", output.status);
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn pyotp(lines: &str) -> Vec<String> {
    // The system's own Python has the system's packages, whatever other one comes first.
    ask(Command::new("/usr/bin/python3").args(["-c", PYOTP]), lines)
}

fn otplib(lines: &str) -> Vec<String> {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui");
    ask(Command::new("node").args(["--input-type=module", "-e", OTPLIB]).current_dir(ui), lines)
}

fn oathtool(arguments: &[String]) -> String {
    ask(Command::new("oathtool").args(arguments), "").concat()
}

fn totp_of_oathtool(secret: &str, (algorithm, digits, period): (Algorithm, u8, u32), at: u64) -> String {
    oathtool(&[
        format!("--totp={algorithm}"),
        format!("--digits={digits}"),
        format!("--time-step-size={period}s"),
        format!("--now=@{at}"),
        "--base32".to_owned(),
        secret.to_owned(),
    ])
}

/// A moment, not much later, at which the code begins with a zero.
fn leading_zero(account: &Account, period: u64, from: u64) -> u64 {
    (1..1_000)
        .map(|step| from + step * period)
        .find(|at| account.code_at(*at).unwrap().text.starts_with('0'))
        .expect("one code in ten begins with a zero")
}

#[tokio::test]
async fn every_generator_is_accepted_at_every_digits_hash_and_period() {
    let mut cases = Vec::new();
    let mut lines = String::new();
    for algorithm in [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
        for digits in [6, 7, 8] {
            for period in [15, 30, 60, 120] {
                let mut policy = Policy::default();
                policy.totp.algorithm = algorithm;
                policy.totp.digits = digits;
                policy.totp.period = period;
                let rule = policy.totp.clone();
                let world = World::with(policy).await;
                let (pending, account) = world.pending_totp(Grant::First).await;
                let second = leading_zero(&account, period.into(), world.now);
                let third = leading_zero(&account, period.into(), second);
                for at in [world.now, second, third] {
                    lines.push_str(&format!("{} {at}\n", text(&pending.uri)));
                }
                cases.push((world, pending, rule, [second, third]));
            }
        }
    }
    let (python, node) = (pyotp(&lines), otplib(&lines));
    assert_eq!((python.len(), node.len()), (108, 108));
    for (place, (mut world, pending, rule, [second, third])) in cases.into_iter().enumerate() {
        let case = format!("{} {} {}", rule.algorithm, rule.digits, rule.period);
        let parameters = (rule.algorithm, rule.digits, rule.period);
        let of_oath = totp_of_oathtool(text(&pending.secret), parameters, world.now);
        assert_eq!((&python[3 * place], &node[3 * place]), (&of_oath, &of_oath), "{case}");
        let _ = world.confirm(&pending.challenge, Answer::code(&of_oath)).await;
        for (at, shown) in [(second, &python[3 * place + 1]), (third, &node[3 * place + 2])] {
            assert!(shown.starts_with('0') && shown.len() == usize::from(rule.digits), "{case}: {shown}");
            world.now = at;
            let question = world.ask(Action::Login).await;
            let _ = world.accept(&question.id, Answer::code(shown)).await;
            let again = world.ask(Action::Login).await;
            let _ = world.reject(&again.id, Answer::code(shown)).await;
        }
    }
}

/// No policy takes steps of a second, an hour or a day; what computes and compares the codes is the same, and agrees there as
/// well. otplib takes steps of an hour at most.
#[test]
fn every_generator_agrees_at_the_shortest_and_the_longest_period() {
    const AT: u64 = 1_800_000_000;
    let (mut cases, mut lines, mut short) = (Vec::new(), String::new(), String::new());
    for (algorithm, length) in [(Algorithm::Sha1, 20), (Algorithm::Sha256, 32), (Algorithm::Sha512, 64)] {
        for digits in [6, 7, 8] {
            for period in [1, 3_600, 86_400] {
                let secret = keyhaven_secret::SecretBytes::new((0..length).collect());
                let kind = keyhaven_otp::Kind::Totp { algorithm, digits, period };
                let account = Account::new("Acme", "ann", secret, kind);
                let line = format!("{} {AT}\n", text(&account.to_uri()));
                lines.push_str(&line);
                short.push_str(if period <= 3_600 { &line } else { "" });
                cases.push((account, (algorithm, digits, period)));
            }
        }
    }
    let (python, node) = (pyotp(&lines), otplib(&short));
    assert_eq!((python.len(), node.len()), (27, 18));
    let mut node = node.into_iter();
    for (place, (account, parameters)) in cases.into_iter().enumerate() {
        let ours = account.code_at(AT).unwrap().text;
        let oath = totp_of_oathtool(text(&account.secret_base32()), parameters, AT);
        assert_eq!([&python[place], &oath], [&ours; 2], "{parameters:?}");
        if parameters.2 <= 3_600 {
            assert_eq!(node.next(), Some(ours), "{parameters:?}");
        }
    }
}

#[tokio::test]
async fn every_generator_is_accepted_by_counter() {
    let mut cases = Vec::new();
    let mut lines = String::new();
    for digits in [6, 7, 8] {
        let mut policy = Policy { methods: [Method::Hotp].into(), ..Policy::default() };
        policy.hotp.digits = digits;
        let world = World::with(policy).await;
        let pending =
            world.verifier.enrol_hotp(&ann(), "Acme", "ann", Grant::First, &world.context()).await.unwrap();
        for counter in 0..3 {
            lines.push_str(&format!("{} {counter}\n", text(&pending.uri)));
        }
        cases.push((world, pending, digits));
    }
    let (python, node) = (pyotp(&lines), otplib(&lines));
    assert_eq!((python.len(), node.len()), (9, 9));
    for (place, (world, pending, digits)) in cases.into_iter().enumerate() {
        let of_oath = oathtool(&[
            "--hotp".to_owned(),
            format!("--digits={digits}"),
            "--counter=0".to_owned(),
            "--base32".to_owned(),
            text(&pending.secret).to_owned(),
        ]);
        assert_eq!((&python[3 * place], &node[3 * place]), (&of_oath, &of_oath), "{digits}");
        let _ = world.confirm(&pending.challenge, Answer::code(&of_oath)).await;
        for shown in [&python[3 * place + 1], &node[3 * place + 2]] {
            let question = world.ask(Action::Login).await;
            let _ = world.accept(&question.id, Answer::code(shown)).await;
        }
    }
}

/// Signs in at a login guard that knows one secret. Its rules come from a folder of the test's own, by Samba's pam_wrapper,
/// so that it runs as anybody and anywhere; the guard, the program that asks it and all between them are the system's.
fn guard(users: &str, digits: u8, codes: &[&str]) -> Vec<bool> {
    let folder = tempfile::tempdir().unwrap();
    let (file, rules) = (folder.path().join("users"), folder.path().join("rules"));
    std::fs::write(&file, users).unwrap();
    std::fs::create_dir(&rules).unwrap();
    let rule = format!(
        "auth required pam_oath.so usersfile={} window=5 digits={digits}\naccount required pam_permit.so\n",
        file.display()
    );
    std::fs::write(rules.join("keyhaven-test"), rule).unwrap();
    let sign_in = |code: &&str| {
        let mut command = Command::new("pamtester");
        command.args(["keyhaven-test", "somebody", "authenticate"]);
        command.env("LD_PRELOAD", "libpam_wrapper.so").env("PAM_WRAPPER", "1");
        command.env("PAM_WRAPPER_SERVICE_DIR", &rules);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; `cargo xtask test` installs it"));
        writeln!(child.stdin.take().unwrap(), "{code}").unwrap();
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!told.contains("cannot be preloaded"), "{told}; `cargo xtask test` installs libpam-wrapper");
        assert!(told.contains("One-time password (OATH)"), "the guard was not asked: {told}");
        output.status.success()
    };
    codes.iter().map(sign_in).collect()
}

/// The users' file of libpam-oath knows SHA-1, 6 to 8 digits, and steps of 30 and 60 seconds: each of them, and counters.
#[tokio::test]
async fn a_login_guard_takes_what_our_secrets_give_once() {
    for digits in [6, 7, 8] {
        for period in [30, 60] {
            let mut policy = Policy::default();
            policy.totp.digits = digits;
            policy.totp.period = period;
            let world = World::with(policy).await;
            let (pending, account) = world.pending_totp(Grant::First).await;
            let hex: String = account.secret.expose().iter().map(|byte| format!("{byte:02x}")).collect();
            let users = format!("HOTP/T{period}/{digits} somebody - {hex}\n");
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let code = account.code_at(now).unwrap().text;
            let next = account.code_at(now + u64::from(period)).unwrap().text;
            let far = account.code_at(now + 1_000 * u64::from(period)).unwrap().text;
            let said = guard(&users, digits, &[&far, &code, &code, &next]);
            assert_eq!(said, [false, true, false, true], "{digits} digits, {period} s");
            assert_eq!(parse_uri(text(&pending.uri)).unwrap().account.code_at(now).unwrap().text, code);
        }
        let mut policy = Policy { methods: [Method::Hotp].into(), ..Policy::default() };
        policy.hotp.digits = digits;
        let world = World::with(policy).await;
        let pending =
            world.verifier.enrol_hotp(&ann(), "Acme", "ann", Grant::First, &world.context()).await.unwrap();
        let account = parse_uri(text(&pending.uri)).unwrap().account;
        let hex: String = account.secret.expose().iter().map(|byte| format!("{byte:02x}")).collect();
        let codes: Vec<String> = (0..3)
            .map(|counter| {
                let kind = keyhaven_otp::Kind::Hotp { algorithm: Algorithm::Sha1, digits, counter };
                let secret = keyhaven_secret::SecretBytes::new(account.secret.expose().to_vec());
                Account::new("", "", secret, kind).code_at(0).unwrap().text
            })
            .collect();
        let users = format!("HOTP somebody - {hex}\n");
        assert_eq!(
            guard(&users, digits, &[&codes[0], &codes[0], &codes[2]]),
            [true, false, true],
            "{digits}"
        );
    }
}
