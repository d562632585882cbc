//! Attackers against the verifier itself, by the table of the verifier's specification §5.3: how many guesses are compared
//! in a day, and how many attackers are lucky.
//!
//! A verifier decides here as it always does: it opens challenges, charges, compares and settles. Where a row of the table
//! is somebody else's rule, which no policy can say, the store charges by that rule instead. Codes have six digits; so that
//! luck can be seen in a moment, an attacker of the second half guesses among few numbers, as many of which are right as in
//! the row. Clocks are turned by hand and every guess comes from a generator with a seed, so that each run is the same.

use crate::world::{operator, sent_code, text};
use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Answer, Begin, Budget, BudgetKey, ChallengeError, ChallengeId, Confirmation, Context, Decision,
    Grant, HashCost, Limit, LocalKeys, MemoryStore, Method, Policy, Reason, Sent, Store, Subject, Timestamp,
    Unavailable, Verifier,
    policy::RecoveryKind,
    store::{Charge, Charged, Query, Snapshot},
};
use std::sync::Mutex;

const T0: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

/// Somebody's rule in place of the policy's budgets.
#[derive(Debug, Clone, Copy)]
struct Rule {
    /// Of wrong answers with one method.
    answers: Limit,
    /// Of messages.
    sends: Limit,
}

/// The store in memory, charging by a rule if there is one. Each challenge's own budget stays.
struct Ruled {
    inner: MemoryStore,
    rule: Option<Rule>,
}

impl Store for Ruled {
    async fn charge(
        &self,
        tenant: &str,
        charges: Vec<Charge>,
        now: Timestamp,
    ) -> Result<Charged, Unavailable> {
        let Some(rule) = self.rule else { return self.inner.charge(tenant, charges, now).await };
        let ruled = charges.into_iter().filter_map(|charge| match charge.key {
            BudgetKey::Challenge(_) => Some(charge),
            BudgetKey::Attempts { .. } => Some(Charge { limit: rule.answers, ..charge }),
            BudgetKey::Sends { .. } => Some(Charge { limit: rule.sends, ..charge }),
            _ => None,
        });
        self.inner.charge(tenant, ruled.collect(), now).await
    }

    async fn load(&self, query: Query) -> Result<Snapshot, Unavailable> {
        let mut found = self.inner.load(query).await?;
        if self.rule.is_some() {
            // Whether a challenge is opened goes by the policy's limits, which are not those of the rule.
            found.budgets.fill(Budget::default());
        }
        Ok(found)
    }
    keyhaven_verifier::pass_on!(inner: settle users tenants audit explanation expired sweep clock self_test);
}

/// A row of the table.
struct Row {
    name: &'static str,
    policy: Policy,
    rule: Option<Rule>,
    /// How many numbers are right at any moment.
    right: u64,
    /// Guesses of a day; of a lifetime where nothing gives them back but an administrator.
    guesses: u64,
    /// The chance in percent that one of them is right, as the table says.
    percent: f64,
    /// Days after which half of all attackers were lucky, as the table says; nothing where guesses end.
    half: Option<f64>,
}

/// Apps with so many steps accepted, and budgets out of the way.
fn app(back: u8, ahead: u8) -> Policy {
    let mut policy = Policy::default();
    (policy.totp.look_back, policy.totp.look_ahead) = (back, ahead);
    policy.totp.max_active = 1;
    policy.recovery.kind = RecoveryKind::None;
    policy.attempts.free = 100;
    policy.attempts.consecutive = 100;
    policy.attempts.delays = [0; 3];
    policy.attempts.per_day = 1_000_000;
    policy.attempts.per_tenant_hour = u32::MAX;
    policy.challenge_ttl = 3_600;
    policy
}

fn texts() -> Policy {
    let mut policy = Policy { methods: [Method::Sms].into(), ..app(0, 0) };
    policy.sends.cooldown = 0;
    policy.sends.per_address_day = 1_000_000;
    policy.sends.per_tenant_day = u32::MAX;
    policy.sms.login_sends_per_day = 20;
    policy
}

/// Our own policy, as it is without a word, but for one app and no recovery codes.
fn ours() -> Policy {
    let mut policy = Policy::default();
    policy.totp.max_active = 1;
    policy.recovery.kind = RecoveryKind::None;
    policy
}

fn rows() -> Vec<Row> {
    let endless = Limit::per_window(Limit::ENDLESS, 60);
    let answers = |limit| Some(Rule { answers: limit, sends: endless });
    let row = |name, policy, rule, right, guesses, percent, half| Row {
        name,
        policy,
        rule,
        right,
        guesses,
        percent,
        half,
    };
    let per = |max, window| answers(Limit::per_window(max, window));
    vec![
        row("15 a minute", app(1, 1), per(15, 60), 3, 21_600, 6.3, Some(10.7)),
        row("5 in 30 s", app(1, 1), per(5, 30), 3, 14_400, 4.2, Some(16.0)),
        row("3 in 30 s, 3 steps", app(1, 1), per(3, 30), 3, 8_640, 2.6, Some(27.0)),
        row("3 in 30 s, 17 steps", app(8, 8), per(3, 30), 17, 8_640, 13.7, Some(4.7)),
        row("10 in 10 minutes", app(1, 1), per(10, 600), 3, 1_440, 0.43, Some(160.0)),
        row(
            "5 answers to each of 5 messages in 10 minutes",
            texts(),
            Some(Rule { answers: endless, sends: Limit::per_window(5, 600) }),
            1,
            3_600,
            0.36,
            Some(192.0),
        ),
        row("5 in 15 minutes", app(1, 1), per(5, 900), 3, 480, 0.14, Some(481.0)),
        row("5 answers to each of 20 messages a day", texts(), None, 1, 100, 0.010, Some(19.0 * 365.25)),
        row("100 in a row", app(1, 1), None, 3, 100, 0.03, None),
        row(
            "10 in a row, 12 steps",
            app(6, 5),
            answers(Limit { consecutive: 10, ..endless }),
            12,
            10,
            0.012,
            None,
        ),
    ]
}

type Node = Verifier<Ruled, LocalKeys>;

async fn node(policy: &Policy, rule: Option<Rule>) -> Node {
    let keys = LocalKeys::new("k1", Key::from_slice(&[7; 32]).unwrap());
    let store = Ruled { inner: MemoryStore::new(), rule };
    let node = Verifier::new(store, keys).await.unwrap().with_hash_cost(HashCost::LEAST);
    node.put_policy(&operator(), "acme", policy, 0, T0.into()).await.unwrap();
    node
}

fn context(now: u64) -> Context {
    Context::with_password((T0 + now).into(), SecretText::new("session".to_owned()))
}

/// Whom an attacker has chosen, and what is known of them.
struct Victim<'a> {
    node: &'a Node,
    who: Subject,
    /// The app; nothing where codes come by text message.
    account: Option<Account>,
    back: u64,
    /// A number that is none of the app's at a moment.
    wrong: Mutex<Option<(u64, String)>>,
}

/// What came of a guess.
#[derive(PartialEq)]
enum Guessed {
    Right,
    Wrong,
    /// It was not compared; from when one is again.
    Later(Option<Timestamp>),
}

/// A challenge, and how many answers of it are left by what a challenge takes.
struct Asked {
    id: ChallengeId,
    sent: Option<Sent>,
    left: u32,
}

impl<'a> Victim<'a> {
    async fn new(node: &'a Node, number: u64, policy: &Policy) -> Self {
        let who = Subject::new("acme", &format!("victim {number}")).unwrap();
        let (challenge, answer, account) = if policy.methods.contains(&Method::Sms) {
            let pending = node.enrol_phone(&who, "+442079460958", Grant::First, &context(0)).await.unwrap();
            (pending.challenge, sent_code(&pending.sent), None)
        } else {
            let pending = node.enrol_totp(&who, "Acme", "ann", Grant::First, &context(0)).await.unwrap();
            let account = parse_uri(text(&pending.uri)).unwrap().account;
            let code = Answer::code(&account.code_at(T0).unwrap().text);
            (pending.challenge, code, Some(account))
        };
        let confirmed = node.confirm(&who, &challenge, answer, &context(0)).await.unwrap();
        assert!(matches!(confirmed, Confirmation::Enrolled(_)));
        Self { node, who, account, back: policy.totp.look_back.into(), wrong: Mutex::default() }
    }

    /// Asks for something to answer, and for a message where there are such.
    async fn ask(&self, now: u64) -> Result<Asked, Option<Timestamp>> {
        let id = match self.node.begin(&self.who, Action::Login, &context(now)).await.unwrap() {
            Begin::Challenge(question) => question.id,
            Begin::Locked { until } => return Err(until),
            other => panic!("{other:?}"),
        };
        let sent = match &self.account {
            Some(_) => None,
            None => match self.node.send(&self.who, &id, &context(now)).await {
                Ok(sent) => Some(sent),
                Err(ChallengeError::Locked { until }) => return Err(until),
                Err(other) => panic!("{other}"),
            },
        };
        Ok(Asked { id, sent, left: 5 })
    }

    /// A number that is right now, the one of that place; or one that is not.
    fn number(&self, asked: &Asked, right: Option<u64>, now: u64) -> String {
        let Some(account) = &self.account else {
            let sent = text(asked.sent.as_ref().unwrap().delivery.code.as_ref().unwrap());
            let other = if sent == "000000" { "000001" } else { "000000" };
            return if right.is_some() { sent.to_owned() } else { other.to_owned() };
        };
        let mut cached = self.wrong.lock().unwrap();
        if let Some(place) = right {
            return account.code_at(T0 + now + 30 * place - 30 * self.back).unwrap().text;
        }
        if let Some((_, wrong)) = cached.as_ref().filter(|(at, _)| *at == now) {
            return wrong.clone();
        }
        // The window and the steps beside it that are looked at to say how far a clock is off.
        let near = account.codes_around(T0 + now, 30).unwrap();
        let wrong = (0..).map(|n| format!("{n:06}"));
        let wrong = wrong.into_iter().find(|text| near.iter().all(|code| code.code.text != *text)).unwrap();
        *cached = Some((now, wrong.clone()));
        wrong
    }

    async fn guess(&self, asked: &mut Option<Asked>, right: Option<u64>, now: u64) -> Guessed {
        if asked.as_ref().is_none_or(|asked| asked.left == 0) {
            *asked = match self.ask(now).await {
                Ok(fresh) => Some(fresh),
                Err(until) => return Guessed::Later(until),
            };
        }
        let open = asked.as_mut().unwrap();
        open.left -= 1;
        let answer = Answer::code(&self.number(open, right, now));
        match self.node.answer(&self.who, &open.id, answer, &context(now)).await.unwrap() {
            Decision::Accepted(_) => Guessed::Right,
            Decision::Rejected(rejected) => match rejected.reason {
                Reason::Wrong => Guessed::Wrong,
                Reason::Locked { until } => {
                    *asked = None;
                    Guessed::Later(until)
                }
                other => panic!("{other:?}"),
            },
        }
    }

    /// Guesses as often as it is let, from one moment to another; how many were compared, and whether one was right.
    async fn attack(&self, span: std::ops::Range<u64>, mut draw: impl FnMut() -> Option<u64>) -> (u64, bool) {
        let (mut compared, mut now, mut asked) = (0, span.start, None);
        while now < span.end {
            match self.guess(&mut asked, draw(), now).await {
                Guessed::Right => return (compared + 1, true),
                Guessed::Wrong => compared += 1,
                Guessed::Later(Some(until)) => {
                    now = until.unix_seconds() - T0;
                    asked = None;
                }
                Guessed::Later(None) => break,
            }
        }
        (compared, false)
    }
}

/// The chance that one of so many guesses is right.
fn chance(p: f64, guesses: u64) -> f64 {
    -(guesses as f64 * (-p).ln_1p()).exp_m1()
}

#[tokio::test]
async fn every_rule_lets_through_as_many_guesses_as_the_table_says() {
    for row in rows() {
        let name = row.name;
        let node = node(&row.policy, row.rule).await;
        let victim = Victim::new(&node, 0, &row.policy).await;
        // Rules of minutes are looked at for an eighth of a day; those of a day and of a row to their end.
        let (span, times) = if row.guesses > 100 { (DAY / 8, 8) } else { (DAY, 1) };
        let (compared, hit) = victim.attack(DAY..DAY + span, || None).await;
        assert!(!hit);
        assert_eq!(compared * times, row.guesses, "{name}");
        let p = row.right as f64 * 1e-6;
        let percent = 100.0 * chance(p, row.guesses);
        assert!((percent - row.percent).abs() <= 0.05 * row.percent, "{name}: {percent}");
        match row.half {
            Some(half) => {
                let days = 0.5_f64.ln() / (-p).ln_1p() / row.guesses as f64;
                assert!((days - half).abs() <= 0.03 * half, "{name}: {days}");
            }
            None => {
                let (more, _) = victim.attack(9 * DAY..99 * DAY, || None).await;
                assert_eq!(more, 0, "{name}: only an administrator can say");
            }
        }
    }
}

/// Without any limit, at a hundred guesses a second, half of all attackers are through after 38 minutes.
#[tokio::test]
async fn without_a_rule_every_guess_is_compared() {
    let endless = Limit::per_window(Limit::ENDLESS, 60);
    let policy = app(1, 1);
    let node = node(&policy, Some(Rule { answers: endless, sends: endless })).await;
    let victim = Victim::new(&node, 0, &policy).await;
    let (mut compared, mut asked) = (0, None);
    for second in 0..10 {
        for _ in 0..100 {
            compared += u64::from(victim.guess(&mut asked, None, DAY + second).await == Guessed::Wrong);
        }
    }
    assert_eq!(compared * 8_640, 8_640_000);
    let half = 0.5_f64.ln() / (-3e-6_f64).ln_1p() / (compared as f64 / 10.0) / 60.0;
    assert!((half - 38.0).abs() < 1.0, "{half}");
    assert!(chance(3e-6, 8_640_000) > 0.999);
}

/// A small generator of numbers (xorshift64*): the same ones each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        // The upper bits are the good ones; a range far below 2³² is hit evenly enough.
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) % end
    }
}

/// Whether as many of all attackers were lucky as the arithmetic says, within three standard deviations.
fn as_lucky(name: &str, lucky: u32, attackers: u32, p: f64) {
    let (n, found) = (f64::from(attackers), f64::from(lucky) / f64::from(attackers));
    assert!((found - p).abs() < 3.0 * (p * (1.0 - p) / n).sqrt(), "{name}: {found} instead of {p}");
}

#[tokio::test]
async fn as_many_attackers_are_lucky_as_the_arithmetic_says() {
    const ATTACKERS: u32 = 50;
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for row in rows() {
        let node = node(&row.policy, row.rule).await;
        // Two windows of the rule, or what there is of guesses, each lucky enough that about half of all attackers are.
        let window = row.rule.map_or(DAY, |rule| {
            u64::from(if rule.sends.max < Limit::ENDLESS { rule.sends.window } else { rule.answers.window })
        });
        let span = DAY..DAY + (2 * window).min(DAY);
        let quiet = Victim::new(&node, 0, &row.policy).await;
        let (guesses, _) = quiet.attack(span.clone(), || None).await;
        let space = (row.right * guesses * 10).div_ceil(7);
        let mut lucky = 0;
        for number in 1..=ATTACKERS {
            let victim = Victim::new(&node, number.into(), &row.policy).await;
            let draw = || Some(numbers.below(space)).filter(|drawn| *drawn < row.right);
            lucky += u32::from(victim.attack(span.clone(), draw).await.1);
        }
        as_lucky(row.name, lucky, ATTACKERS, chance(row.right as f64 / space as f64, guesses));
    }
}

/// A day of an attacker who rides on the owner's sign-ins, each of which ends the row: one guess fewer than locks between
/// any two, for whoever locks the method keeps the owner from ending the row.
async fn ride(victim: &Victim<'_>, begins: u64, mut draw: impl FnMut() -> Option<u64>) -> (u64, bool) {
    let account = victim.account.as_ref().unwrap();
    let mut compared = 0;
    for now in (begins..begins + DAY).step_by(600) {
        if let Ok(asked) = victim.ask(now).await {
            let typed = Answer::code(&account.code_at(T0 + now).unwrap().text);
            let decided = victim.node.answer(&victim.who, &asked.id, typed, &context(now)).await.unwrap();
            assert!(decided.is_accepted(), "the owner at {now}: {decided:?}");
        }
        let (mut asked, now) = (None, now + 300);
        for _ in 0..4 {
            match victim.guess(&mut asked, draw(), now).await {
                Guessed::Right => return (compared + 1, true),
                Guessed::Wrong => compared += 1,
                Guessed::Later(_) => break,
            }
        }
    }
    (compared, false)
}

/// The table's last row: what the price list says of our policy is what an attacker gets.
#[tokio::test]
async fn ours_costs_what_its_price_list_says() {
    let policy = ours();
    let cost = policy.lint().cost;
    let node = node(&policy, None).await;
    let alone = Victim::new(&node, 0, &policy).await;
    let (compared, _) = alone.attack(DAY..90 * DAY, || None).await;
    assert_eq!(compared, u64::from(cost.wrong_answers_to_lock), "then only an administrator can say");
    assert_eq!(compared, 20);
    let ridden = Victim::new(&node, 1, &policy).await;
    for day in 1..=3 {
        let (compared, _) = ride(&ridden, day * 2 * DAY, || None).await;
        assert_eq!(compared, cost.guesses_per_day, "day {day}");
    }
    assert_eq!(cost.guesses_per_day, 50);
    // Two steps of a million, fifty times: a hundredth of a percent a day, half of all attackers after 19 years.
    assert!((cost.guess - 2e-6).abs() < 1e-18);
    assert!((cost.guessed_per_day - chance(2e-6, 50)).abs() < 1e-12);
    assert!(100.0 * cost.guessed_per_day <= 0.01);
    let years = 0.5_f64.ln() / (-2e-6_f64).ln_1p() / 50.0 / 365.25;
    assert!((years - 19.0).abs() < 0.1, "{years}");
    let (mut numbers, mut lucky, space) = (Numbers(7), 0, 140);
    for number in 2..42 {
        let victim = Victim::new(&node, number, &policy).await;
        let draw = || Some(numbers.below(space)).filter(|drawn| *drawn < 2);
        lucky += u32::from(ride(&victim, 2 * DAY, draw).await.1);
    }
    as_lucky("ours", lucky, 40, chance(2.0 / space as f64, 50));
}
