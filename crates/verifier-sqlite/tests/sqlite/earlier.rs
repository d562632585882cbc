//! A database that an earlier version wrote, with something in every table, goes on where it was: everything that users
//! held then is worth now what it was worth.
//!
//! The file of each version was written by that version through its public calls. Its first lines say what the users held.

use keyhaven_otp::{Account, parse_uri};
use keyhaven_secret::{Key, SecretText};
use keyhaven_verifier::{
    Action, Answer, Begin, BudgetKey, CHAIN_START, ChallengeId, Confirmation, Context, Decision, DecisionId,
    DeviceToken, Flow, Grant, HashCost, LocalKeys, Method, NotRequired, Proof, Reason, Redeemed, Store,
    Subject, TicketId, TicketToken, Verifier, store::Query, verify_chain,
};

const T0: u64 = 1_800_000_000;
/// When the last line was written.
const THEN: u64 = 362;

fn who() -> Subject {
    Subject::new("acme", "ann").unwrap()
}

fn context(now: u64) -> Context {
    Context::with_password((T0 + now).into(), SecretText::new("session 1".to_owned()))
        .from_ip("203.0.113.5".parse().unwrap())
}

/// What the first lines of `dump` say of `name`: the words behind it.
fn held<'a>(dump: &'a str, name: &str) -> Vec<&'a str> {
    let front = format!("-- {name} ");
    let line = dump.lines().find_map(|line| line.strip_prefix(front.as_str()));
    line.unwrap_or_else(|| panic!("the file says nothing of {name}")).split(' ').collect()
}

fn secret(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn account(uri: &str) -> Account {
    parse_uri(uri).unwrap().account
}

async fn ask<S: Store>(node: &Verifier<S, LocalKeys>, action: Action, now: u64) -> ChallengeId {
    match node.begin(&who(), action, &context(now)).await.unwrap() {
        Begin::Challenge(question) => question.id,
        other => panic!("not asked: {other:?}"),
    }
}

async fn answer<S: Store>(
    node: &Verifier<S, LocalKeys>,
    challenge: &ChallengeId,
    answer: Answer,
    now: u64,
) -> Decision {
    node.answer(&who(), challenge, answer, &context(now)).await.unwrap()
}

fn reason(decision: Decision) -> Reason {
    match decision {
        Decision::Rejected(rejected) => rejected.reason,
        Decision::Accepted(_) => panic!("accepted"),
    }
}

/// Reads everything back that `dump`, which was loaded into `store`, holds. `proof` is what its proof is worth.
pub async fn goes_on<S: Store>(store: S, dump: &str, proof: Option<Redeemed>) {
    let keys = LocalKeys::new("k1", Key::from_slice(&[1; 32]).unwrap());
    let node = Verifier::new(store, keys).await.unwrap().with_hash_cost(HashCost::LEAST);
    // Tenants and users.
    let (policy, revision) = node.policy("acme").await.unwrap().unwrap();
    assert!(policy.trust.device && policy.tickets.second_admin && revision == 1);
    assert!(node.policy("other 'tenant'").await.unwrap().is_some());
    let report = node.report("acme", "", 10).await.unwrap();
    let users: Vec<(&str, bool, bool, Option<u32>)> =
        report.iter().map(|row| (row.user.as_str(), row.enrolled, row.shared, row.recovery_left)).collect();
    assert_eq!(users, [("ann", true, true, Some(2)), ("bob", false, false, None)]);
    assert_eq!(report[0].methods, [Method::Totp, Method::Hotp, Method::Sms]);
    // The audit chain, and why a decision came out as it did.
    let [count, hash] = held(dump, "chain")[..] else { panic!("a number and a hash") };
    let chain = node.audit("acme", 0, 10_000).await.unwrap();
    verify_chain("acme", 0, CHAIN_START, &chain).unwrap();
    assert_eq!((chain.len().to_string().as_str(), chain.last().unwrap().hash.as_str()), (count, hash));
    let decision = DecisionId::parse(held(dump, "decision")[0]).unwrap();
    let why = node.explain("acme", &decision).await.unwrap().unwrap();
    assert_eq!((why.method, why.rejected, why.policy), (Some(Method::Recovery), None, 1));
    // Budgets: two wrong answers, and what was sent.
    let attempts = BudgetKey::Attempts { user: "ann".into(), method: Method::Sms, trusted: false };
    let sends = BudgetKey::Sends { user: "ann".into(), method: Method::Sms, flow: Flow::Setup };
    let budgets = vec![attempts, sends];
    let query = Query { tenant: "acme".into(), user: "ann".into(), budgets, ..Query::default() };
    let budgets = node.store().load(query).await.unwrap().budgets;
    assert_eq!((budgets[0].consecutive, budgets[1].used), (2, 1));
    // A device that was remembered.
    let device = Some(DeviceToken::from_text(secret(held(dump, "device")[0])));
    let shown = Context { device, ..context(THEN) };
    let begin = node.begin(&who(), Action::Login, &shown).await.unwrap();
    assert!(
        matches!(begin, Begin::NotRequired { why: NotRequired::TrustedDevice, device: Some(_), .. }),
        "{begin:?}"
    );
    // A proof, once.
    for worth in [proof, None] {
        let proof = Proof::from_text(secret(held(dump, "proof")[0]));
        let redeemed = node.redeem(&who(), &Action::ChangePassword, proof, &context(THEN)).await;
        assert_eq!(redeemed.ok(), worth);
    }
    // A challenge that was open, by the code that was sent.
    let [open, code] = held(dump, "open")[..] else { panic!("a challenge and a code") };
    let open = ChallengeId::parse(open).unwrap();
    assert!(answer(&node, &open, Answer::code(code), THEN).await.is_accepted());
    assert_eq!(reason(answer(&node, &open, Answer::code(code), THEN).await), Reason::Answered);
    // The app and the token: what was used is used, what comes next is good.
    let (app, token) = (account(held(dump, "totp")[0]), account(held(dump, "hotp")[0]));
    let challenge = ask(&node, Action::ChangePassword, 90).await;
    node.select(&who(), &challenge, Method::Totp, &context(90)).await.unwrap();
    let used = Answer::code(&app.code_at(T0 + 61).unwrap().text);
    assert!(matches!(reason(answer(&node, &challenge, used, 90).await), Reason::Used { .. }));
    let next = Answer::code(&app.code_at(T0 + 90).unwrap().text);
    assert!(answer(&node, &challenge, next, 90).await.is_accepted());
    let challenge = ask(&node, Action::ChangePassword, THEN).await;
    node.select(&who(), &challenge, Method::Hotp, &context(THEN)).await.unwrap();
    let codes = token.codes_around(0, 1).unwrap();
    let code = |at: u64| Answer::code(&codes.iter().find(|code| code.code.counter == at).unwrap().code.text);
    assert!(matches!(reason(answer(&node, &challenge, code(0), THEN).await), Reason::Used { .. }));
    assert!(answer(&node, &challenge, code(1), THEN).await.is_accepted());
    // Recovery codes.
    let challenge = ask(&node, Action::Login, THEN).await;
    let used = Answer::recovery(held(dump, "used")[0]);
    assert_eq!(reason(answer(&node, &challenge, used, THEN).await), Reason::RecoveryUsed);
    let unused = Answer::recovery(held(dump, "unused")[0]);
    assert!(answer(&node, &challenge, unused, THEN).await.is_accepted());
    // A factor that waited is confirmed, in a database that has what is new: its reply is kept under a name.
    let [waiting, uri] = held(dump, "waiting")[..] else { panic!("a challenge and a URI") };
    let code = Answer::code(&account(uri).code_at(T0 + THEN).unwrap().text);
    let waiting = ChallengeId::parse(waiting).unwrap();
    let named = context(THEN).named("r1");
    let confirmed = node.confirm(&who(), &waiting, code, &named).await.unwrap();
    let Confirmation::Enrolled(confirmed) = confirmed else { panic!("{confirmed:?}") };
    let code = Answer::code(&account(uri).code_at(T0 + THEN).unwrap().text);
    let again = node.confirm(&who(), &waiting, code, &named).await.unwrap();
    assert!(matches!(again, Confirmation::Enrolled(again) if again.id == confirmed.id));
    // Tickets: one that waits for a second administrator, and one that can be taken.
    let ticket = TicketId::parse(held(dump, "awaits")[0]).unwrap();
    let second = keyhaven_verifier::Actor::administrator("second");
    node.approve_ticket(&second, &who(), &ticket, (T0 + THEN).into()).await.unwrap();
    let grant = Grant::Ticket(TicketToken::from_text(secret(held(dump, "ticket")[0])));
    let pending = node.enrol_phone(&who(), "+4915112345678", grant, &context(THEN)).await.unwrap();
    let code = Answer::code(pending.sent.delivery.code.unwrap().expose());
    let confirmed = node.confirm(&who(), &pending.challenge, code, &context(THEN)).await.unwrap();
    assert!(confirmed.is_accepted());
    let records = node.audit("acme", 0, 10_000).await.unwrap();
    verify_chain("acme", 0, CHAIN_START, &records).unwrap();
}
