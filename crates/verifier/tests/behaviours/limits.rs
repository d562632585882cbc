//! Budgets: counted before anything is compared, given back by nothing but time, success and administrators.

use crate::world::*;
use keyhaven_verifier::{
    Action, Answer, Begin, Limit, Method, Policy, Preset, PublicReason, Reason, Timestamp,
    policy::{AppliesTo, Enforcement, RecoveryKind},
};

/// An app's user and a wrong code for now.
async fn enrolled() -> (World, keyhaven_otp::Account) {
    // Without recovery codes, which have budgets of their own and would keep a way open.
    let mut policy = Policy::default();
    policy.recovery.kind = RecoveryKind::None;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    world.pass(30);
    (world, account)
}

fn wrong(account: &keyhaven_otp::Account, world: &World) -> Answer {
    let near = account.codes_around(world.now, 30).unwrap();
    let text = (0..)
        .map(|number| format!("{number:06}"))
        .find(|text| near.iter().all(|code| code.code.text != *text));
    Answer::code(&text.unwrap())
}

/// Guesses once, in a challenge of its own; the reason, or `None` when not even a challenge is to be had.
async fn guess(world: &World, account: &keyhaven_otp::Account) -> Option<Reason> {
    match world.begin(Action::Login).await {
        Begin::Challenge(question) => Some(world.reject(&question.id, wrong(account, world)).await.reason),
        Begin::Locked { .. } => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_new_challenge_is_no_new_budget() {
    let (world, account) = enrolled().await;
    let open = world.ask(Action::Login).await;
    for _ in 0..5 {
        assert_eq!(guess(&world, &account).await, Some(Reason::Wrong));
    }
    assert_eq!(guess(&world, &account).await, None);
    // The right code is not even compared now, and says so in words that tell nothing about it.
    let rejected = world.reject(&open.id, world.code(&account)).await;
    let until = Some(Timestamp::from_unix_seconds(world.now + 60));
    assert_eq!(rejected.reason, Reason::Locked { until });
    assert_eq!(rejected.public(), PublicReason::TryLater { after: until });
}

#[tokio::test]
async fn waiting_grows_and_the_twentieth_in_a_row_is_the_last() {
    let (mut world, account) = enrolled().await;
    world.change_policy(|policy| policy.attempts.per_day = 1_000).await;
    let mut guesses = 0;
    let mut waited = Vec::new();
    for _ in 0..100 {
        match world.begin(Action::Login).await {
            Begin::Challenge(question) => {
                assert_eq!(world.reject(&question.id, wrong(&account, &world)).await.reason, Reason::Wrong);
                guesses += 1;
            }
            Begin::Locked { until: Some(until) } => {
                waited.push(until.unix_seconds() - world.now);
                world.now = until.unix_seconds();
            }
            Begin::Locked { until: None } => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(guesses, 20);
    assert_eq!(&waited[..3], [60, 900, 3_600]);
    world.pass(10 * 365 * 86_400);
    assert!(
        matches!(world.begin(Action::Login).await, Begin::Locked { until: None }),
        "time alone opens nothing"
    );
    world.verifier.unlock(&admin(), &ann(), "called back", world.at()).await.unwrap();
    let _ = world.sign_in(&account).await;
}

#[tokio::test]
async fn success_ends_the_row_but_gives_the_days_guesses_not_back() {
    let (mut world, account) = enrolled().await;
    let mut guesses = 0;
    // An attacker who rides on the owner's sign-ins: four guesses between any two.
    let day_ends = world.now + 86_400;
    'day: while world.now < day_ends - 1_000 {
        for _ in 0..4 {
            match guess(&world, &account).await {
                Some(Reason::Wrong) => guesses += 1,
                None | Some(Reason::Locked { .. }) => break 'day,
                other => panic!("{other:?}"),
            }
        }
        let _ = world.sign_in(&account).await;
    }
    assert_eq!(guesses, 50);
}

#[tokio::test]
async fn a_stranger_does_not_lock_the_owner_out_at_home() {
    let mut world = World::new(Preset::Portal15x20).await;
    let _ = world.enrol_phone().await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let sent = world.send(&question.id).await.unwrap();
    let _ = world.accept(&question.id, sent_code(&sent)).await;
    world.pass(60);
    world.ip = AWAY;
    let foreign = world.ask(Action::Login).await;
    let sent = world.send(&foreign.id).await.unwrap();
    for _ in 0..5 {
        assert_eq!(world.reject(&foreign.id, wrong_code(&sent)).await.reason, Reason::Wrong);
    }
    assert!(matches!(world.begin(Action::Login).await, Begin::Locked { .. }));
    world.ip = HOME;
    world.pass(30);
    let question = world.ask(Action::ChangePassword).await;
    let sent = world.send(&question.id).await.unwrap();
    let _ = world.accept(&question.id, sent_code(&sent)).await;
}

#[tokio::test]
async fn one_network_has_one_budget_for_everybody_in_the_tenant() {
    let (mut world, account) = enrolled().await;
    world.change_policy(|policy| policy.attempts.per_network_hour = 3).await;
    for (ip, expected) in [
        ("203.0.113.1", Reason::Wrong),
        ("203.0.113.99", Reason::Wrong),
        ("203.0.113.7", Reason::Wrong),
        ("203.0.113.200", Reason::Locked { until: Some(Timestamp::from_unix_seconds(world.now + 3_600)) }),
        (AWAY, Reason::Wrong),
    ] {
        world.ip = ip;
        assert_eq!(guess(&world, &account).await, Some(expected), "{ip}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_code_costs_nothing() {
    let (world, account) = enrolled().await;
    let question = world.ask(Action::Login).await;
    for typed in ["", "12345", "1234567", "abcdef", "12 34", "１２３"] {
        assert_eq!(world.reject(&question.id, Answer::code(typed)).await.reason, Reason::Malformed);
    }
    let _ = world.accept(&question.id, world.code(&account)).await;
}

#[test]
fn the_price_list_is_the_arithmetic_of_rfc_4226() {
    let mut policy = Policy::default();
    policy.totp.max_active = 1;
    let cost = policy.lint().cost;
    assert!((cost.guess - 2e-6).abs() < 1e-18, "two steps of a million");
    assert_eq!(cost.guesses_per_day, 50);
    assert!((cost.guessed_per_day - 1e-4).abs() < 1e-8);
    // 1 − (1 − 2·10⁻⁶)^18250
    assert!((cost.guessed_per_year - 0.035_842).abs() < 1e-6, "{}", cost.guessed_per_year);
    policy.totp.max_active = 3;
    assert!((policy.lint().cost.guess - 6e-6).abs() < 1e-18, "any of three apps can be hit");
    let portal = Preset::Portal15x20.policy().lint().cost;
    assert_eq!((portal.sms_per_user_day, portal.guesses_per_day), (100, 100), "by resets after each success");
    assert!(portal.owner_is_apart && !cost.owner_is_apart);
    assert_eq!((cost.wrong_answers_to_wait, cost.wrong_answers_to_lock), (5, 20));
}

#[test]
fn the_linter_names_the_clauses() {
    let clauses = |preset: Preset| -> Vec<String> {
        let findings = preset.policy().lint().findings;
        findings.iter().map(|finding| format!("{} {}", finding.field, finding.clause)).collect()
    };
    let portal = clauses(Preset::Portal15x20);
    for clause in ["methods 3.1.3.1", "methods 6.3.6", "methods 3.1.3.3", "methods 6.6.1"] {
        assert!(portal.iter().any(|found| found == clause), "{clause}: {portal:?}");
    }
    let nist = Preset::Nist63b4Aal2.policy().lint().findings;
    let broken: Vec<_> =
        nist.iter().filter(|f| f.standard == keyhaven_verifier::policy::Standard::Nist).collect();
    assert_eq!(broken.len(), 1, "shared accounts are for the tenant to decide: {broken:?}");
    for preset in [Preset::Asvs5L2, Preset::Asvs5L3] {
        let findings = preset.policy().lint().findings;
        assert!(
            findings.iter().all(|f| f.standard != keyhaven_verifier::policy::Standard::Asvs),
            "{findings:?}"
        );
    }
}

/// The last value that a clause lets pass, and the first that it does not.
#[test]
fn the_linter_knows_where_each_clause_begins() {
    type Change = fn(&mut Policy);
    let cases: [(Change, &str, bool); 21] = [
        (|policy| (policy.totp.look_back, policy.totp.look_ahead) = (1, 1), "totp 5.2", false),
        (|policy| policy.totp.look_back = 2, "totp 5.2", true),
        (|policy| policy.totp.look_ahead = 2, "totp 5.2", true),
        (|policy| policy.totp.look_back = 3, "totp.look_back 3.1.4.2", false),
        (|policy| policy.totp.look_back = 4, "totp.look_back 3.1.4.2", true),
        (|policy| (policy.totp.look_back, policy.totp.look_ahead) = (2, 2), "totp.look_back 3.1.4.2", true),
        (|policy| policy.attempts.consecutive = 50, "attempts.consecutive 3.2.2", false),
        (|policy| policy.attempts.consecutive = 51, "attempts.consecutive 3.2.2", true),
        (|policy| policy.applies_to = AppliesTo::NewInvites, "applies_to 6.3.3", true),
        (|policy| policy.applies_to = AppliesTo::All, "applies_to 6.3.3", false),
        (
            |policy| policy.enforcement = Enforcement::Forced { grace: 0 },
            "enforcement.forced.grace 6.3.3",
            false,
        ),
        (
            |policy| policy.enforcement = Enforcement::Forced { grace: 1 },
            "enforcement.forced.grace 6.3.3",
            true,
        ),
        (|policy| policy.totp.period = 15, "totp.period 6.5.5", false),
        (|policy| policy.totp.period = 30, "totp.period 6.5.5", false),
        (|policy| policy.totp.period = 60, "totp.period 6.5.5", true),
        (|policy| policy.push.digits = 6, "push.digits 6.5.4", true),
        (|policy| policy.push.digits = 7, "push.digits 6.5.4", false),
        (|policy| policy.push.digits = 8, "push.digits 6.5.4", false),
        (|policy| policy.sms.digits = 6, "sms.digits 6.5.4", false),
        (|policy| policy.disable.allow_recovery = true, "disable.allow_recovery 6.4.3", true),
        (|policy| policy.disable.allow_recovery = false, "disable.allow_recovery 6.4.3", false),
    ];
    for (place, (change, clause, broken)) in cases.into_iter().enumerate() {
        let methods = [Method::Totp, Method::Push].into();
        let mut policy = Policy { methods, ..Policy::default() };
        change(&mut policy);
        let found = policy.lint().findings.iter().any(|f| format!("{} {}", f.field, f.clause) == clause);
        assert_eq!(found, broken, "case {place}: {clause}");
    }
}

/// Each method's chance of one guess, alone: numbers that count of numbers that there are.
#[test]
fn every_method_has_its_price() {
    let mut policy = Policy::default();
    (policy.totp.look_back, policy.totp.look_ahead, policy.totp.max_active) = (2, 1, 3);
    policy.totp.digits = 7;
    (policy.hotp.digits, policy.hotp.look_ahead) = (8, 9);
    (policy.sms.digits, policy.email.digits, policy.push.digits) = (6, 7, 4);
    for (method, price) in [
        (Method::Totp, 12e-7),
        (Method::Hotp, 10e-8),
        (Method::Sms, 1e-6),
        (Method::Email, 1e-7),
        (Method::Push, 1e-4),
    ] {
        policy.methods = [method].into();
        let cost = policy.lint().cost;
        assert!((cost.guess / price - 1.0).abs() < 1e-9, "{method}: {} {price}", cost.guess);
        assert_eq!(cost.sms_per_user_day, if method == Method::Sms { 20 } else { 0 });
    }
    policy.methods = [Method::Email, Method::Push, Method::Sms].into();
    assert!((policy.lint().cost.guess - 1e-4).abs() < 1e-12, "the weakest");
}

#[test]
fn presets_are_valid_and_survive_their_own_json() {
    for preset in Preset::ALL {
        let policy = preset.policy();
        assert_eq!(Policy::from_json(&policy.to_json()), Ok(policy), "{preset:?}");
    }
    assert_eq!(Policy::from_json("{}"), Ok(Policy::default()));
}

#[test]
fn a_policy_that_cannot_be_says_which_field() {
    for (json, says) in [
        (r#"{"totp":{"digits":5}}"#, "totp.digits is 5; 6 to 8 are possible"),
        (r#"{"sms":{"ttl":601}}"#, "sms.ttl is 601; 30 to 600 are possible"),
        (r#"{"step_up":{"proof_ttl":301}}"#, "step_up.proof_ttl is 301; 10 to 300 are possible"),
        (r#"{"attempts":{"consecutive":101}}"#, "attempts.consecutive is 101; 1 to 100 are possible"),
        (r#"{"format":2}"#, "policy format 2; 1 is known"),
        (r#"{"methods":["recovery"]}"#, "methods names recovery; recovery codes go by recovery.kind"),
        (
            r#"{"sms":{"country_deny":["49"]}}"#,
            "sms.country_deny has \"49\"; a prefix is + and 1 to 7 digits",
        ),
        (
            r#"{"methods":[],"enforcement":{"forced":{"grace":0}}}"#,
            "enforcement is forced and methods is empty: nobody could sign in",
        ),
    ] {
        assert_eq!(Policy::from_json(json).unwrap_err().to_string(), says);
    }
    let unknown = Policy::from_json(r#"{"attempts":{"perday":5}}"#).unwrap_err().to_string();
    assert!(unknown.contains("unknown field `perday`"), "{unknown}");
    let algorithm = Policy::from_json(r#"{"totp":{"algorithm":"MD5"}}"#).unwrap_err().to_string();
    assert!(algorithm.contains("SHA1, SHA256 and SHA512 are possible"), "{algorithm}");
}

#[test]
fn delays_follow_the_row() {
    let limit = Limit { free: 2, delays: [1, 2, 3], ..Limit::per_window(9, 9) };
    assert_eq!([1, 2, 3, 4, 9].map(|row| limit.delay_after(row)), [0, 1, 2, 3, 3]);
}

#[tokio::test]
async fn a_row_of_wrong_answers_outlives_the_sweep() {
    let (mut world, account) = enrolled().await;
    for _ in 0..5 {
        assert_eq!(guess(&world, &account).await, Some(Reason::Wrong));
    }
    world.pass(3 * 86_400);
    world.verifier.sweep(world.at()).await.unwrap();
    assert_eq!(guess(&world, &account).await, Some(Reason::Wrong), "the sixth in a row");
    let until = Timestamp::from_unix_seconds(world.now + 900);
    assert!(matches!(world.begin(Action::Login).await, Begin::Locked { until: Some(end) } if end == until));
}
