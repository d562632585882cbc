//! What holds for every policy: single use, binding, failing closed, and being able to say why.

use crate::world::*;
use keyhaven_secret::SecretText;
use keyhaven_verifier::{
    Action, Answer, Begin, CHAIN_START, ChallengeError, Context, Decision, DeviceToken, EnrolError,
    EventName, Grant, ManageError, Method, NotRequired, Policy, Preset, Profile, Proof, PublicReason, Reason,
    Redeemed, Subject, TicketKind, TicketRequest, policy::RecoveryKind, verify_chain,
};

async fn enrolled() -> (World, keyhaven_otp::Account) {
    let mut world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    world.pass(30);
    (world, account)
}

fn copy(proof: &Proof) -> Proof {
    Proof::from_text(SecretText::new(proof.expose().to_owned()))
}

#[tokio::test]
async fn the_code_that_confirmed_does_not_sign_in() {
    let world = World::with(Policy::default()).await;
    let (_, account) = world.enrol_totp().await;
    let question = world.ask(Action::Login).await;
    let rejected = world.reject(&question.id, world.code(&account)).await;
    assert!(matches!(rejected.reason, Reason::Used { .. }));
}

#[tokio::test]
async fn a_b_a_an_older_code_of_the_window_is_dead_once_a_later_one_was_used() {
    let (mut world, account) = enrolled().await;
    let a = world.code(&account);
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let _ = world.accept(&question.id, world.code(&account)).await;
    let question = world.ask(Action::Login).await;
    assert!(matches!(world.reject(&question.id, a).await.reason, Reason::Used { .. }));
}

#[tokio::test]
async fn a_code_of_a_fast_clock_is_used_up_too() {
    let (mut world, account) = enrolled().await;
    world.change_policy(|policy| policy.totp.look_ahead = 1).await;
    let ahead = || Answer::code(&account.code_at(world.now + 30).unwrap().text);
    let first = world.ask(Action::Login).await;
    let _ = world.accept(&first.id, ahead()).await;
    let second = world.ask(Action::Login).await;
    assert!(matches!(world.reject(&second.id, ahead()).await.reason, Reason::Used { .. }));
    world.pass(30);
    let third = world.ask(Action::Login).await;
    assert!(matches!(world.reject(&third.id, world.code(&account)).await.reason, Reason::Used { .. }));
}

#[tokio::test]
async fn spelling_a_used_code_differently_does_not_make_it_a_new_one() {
    let (world, account) = enrolled().await;
    let code = account.code_at(world.now).unwrap().text;
    let question = world.ask(Action::Login).await;
    let _ = world.accept(&question.id, Answer::code(&code)).await;
    let wide: String =
        code.chars().map(|digit| char::from_u32(digit as u32 - 0x30 + 0xff10).unwrap()).collect();
    for typed in [format!("{} {}", &code[..3], &code[3..]), format!(" {code}\n"), wide] {
        let question = world.ask(Action::Login).await;
        assert!(matches!(world.reject(&question.id, Answer::code(&typed)).await.reason, Reason::Used { .. }));
    }
}

#[tokio::test]
async fn a_fast_clock_is_learnt_when_it_is_enrolled() {
    let mut world = World::with(Policy::default()).await;
    let (pending, account) = world.pending_totp(Grant::First).await;
    let theirs = |world: &World| Answer::code(&account.code_at(world.now + 30).unwrap().text);
    let _ = world.confirm(&pending.challenge, theirs(&world)).await;
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let _ = world.accept(&question.id, theirs(&world)).await;
}

#[tokio::test]
async fn a_challenge_is_of_one_session_and_one_user() {
    let (mut world, account) = enrolled().await;
    let question = world.ask(Action::Login).await;
    world.session = "s2".into();
    let foreign = world.reject(&question.id, world.code(&account)).await;
    assert_eq!((foreign.reason, foreign.public()), (Reason::Unknown, PublicReason::Invalid));
    let sent = world.send(&question.id).await;
    assert_eq!(sent.err(), Some(ChallengeError::NoChallenge));
    world.session = "s1".into();
    let bob = Subject::new("acme", "bob").unwrap();
    let decision =
        world.verifier.answer(&bob, &question.id, world.code(&account), &world.context()).await.unwrap();
    assert!(!decision.is_accepted());
    let _ = world.accept(&question.id, world.code(&account)).await;
}

#[tokio::test]
async fn a_challenge_ends() {
    let (mut world, account) = enrolled().await;
    let question = world.ask(Action::Login).await;
    world.now = question.expires_at.unix_seconds();
    assert_eq!(world.reject(&question.id, world.code(&account)).await.reason, Reason::Expired);
}

async fn redeem(world: &World, proof: &Proof, action: Action) -> Result<Redeemed, ManageError> {
    world.verifier.redeem(&ann(), &action, copy(proof), &world.context()).await
}

#[tokio::test]
async fn a_proof_is_for_one_action_user_and_session_once_and_five_minutes() {
    let (mut world, account) = enrolled().await;
    let proof = world.prove(Action::ChangeEmail, &account).await;
    for action in [Action::Login, Action::ChangePassword, Action::Custom("change_email".into())] {
        assert_eq!(redeem(&world, &proof, action).await, Err(ManageError::ProofInvalid));
    }
    let bob = Subject::new("acme", "bob").unwrap();
    let foreign = world.verifier.redeem(&bob, &Action::ChangeEmail, copy(&proof), &world.context()).await;
    assert_eq!(foreign, Err(ManageError::ProofInvalid));
    world.session = "s2".into();
    assert_eq!(redeem(&world, &proof, Action::ChangeEmail).await, Err(ManageError::ProofInvalid));
    world.session = "s1".into();
    world.pass(299);
    assert_eq!(redeem(&world, &proof, Action::ChangeEmail).await, Ok(Redeemed::Now));
    assert_eq!(redeem(&world, &proof, Action::ChangeEmail).await, Err(ManageError::ProofInvalid));
    let late = world.prove(Action::ChangeEmail, &account).await;
    world.pass(300);
    assert_eq!(redeem(&world, &late, Action::ChangeEmail).await, Err(ManageError::ProofInvalid));
}

#[tokio::test]
async fn a_reply_that_was_lost_can_be_asked_for_again_and_is_the_same_decision() {
    let (mut world, account) = enrolled().await;
    let question = world.ask(Action::ChangePassword).await;
    let mut context = world.context();
    context.request = Some("r1".into());
    let code = account.code_at(world.now).unwrap().text;
    let ask = async |context: &Context| {
        world.verifier.answer(&ann(), &question.id, Answer::code(&code), context).await.unwrap()
    };
    let Decision::Accepted(first) = ask(&context).await else { panic!("rejected") };
    let Decision::Accepted(second) = ask(&context).await else { panic!("rejected") };
    assert_eq!(first.id, second.id);
    assert_eq!(first.proof.expose(), second.proof.expose());
    // It is one proof, however often it was told.
    assert_eq!(redeem(&world, &first.proof, Action::ChangePassword).await, Ok(Redeemed::Now));
    assert_eq!(redeem(&world, &second.proof, Action::ChangePassword).await, Err(ManageError::ProofInvalid));
    // Another request, another answer or a later moment is a used challenge.
    context.request = Some("r2".into());
    assert!(!ask(&context).await.is_accepted());
    context.request = None;
    assert!(!ask(&context).await.is_accepted());
    let later = Answer::code(&code);
    world.pass(31);
    let mut context = world.context();
    context.request = Some("r1".into());
    assert!(!world.verifier.answer(&ann(), &question.id, later, &context).await.unwrap().is_accepted());
}

async fn trusted_device() -> (World, DeviceToken) {
    let mut policy = Policy::default();
    policy.trust.device = true;
    let mut world = World::with(policy).await;
    let (_, account) = world.enrol_totp().await;
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let mut context = world.context();
    context.remember_device = true;
    let decision = world.verifier.answer(&ann(), &question.id, world.code(&account), &context).await.unwrap();
    let Decision::Accepted(accepted) = decision else { panic!("rejected") };
    (world, accepted.device.unwrap())
}

async fn begin_with(world: &World, token: &str) -> Begin {
    let mut context = world.context();
    context.device = Some(DeviceToken::from_text(SecretText::new(token.to_owned())));
    world.verifier.begin(&ann(), Action::Login, &context).await.unwrap()
}

fn next(begin: Begin) -> Option<DeviceToken> {
    match begin {
        Begin::NotRequired { why: NotRequired::TrustedDevice, device, .. } => device,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_devices_token_changes_with_each_use_and_a_copy_ends_its_trust() {
    let (mut world, first) = trusted_device().await;
    let second = next(begin_with(&world, first.expose()).await).unwrap();
    assert_ne!(first.expose(), second.expose());
    // Two tabs at once: the one that lost keeps its token and is let through for a moment.
    assert!(next(begin_with(&world, first.expose()).await).is_none());
    world.pass(31);
    let third = next(begin_with(&world, second.expose()).await).unwrap();
    // Somebody shows the first: then the owner's own token is worth nothing any more either.
    assert!(matches!(begin_with(&world, first.expose()).await, Begin::Challenge(_)));
    assert!(matches!(begin_with(&world, third.expose()).await, Begin::Challenge(_)));
    let events = world.verifier.audit("acme", 0, 1_000).await.unwrap();
    assert!(events.iter().any(|record| record.event().unwrap().event == EventName::TrustCopiedToken));
}

#[tokio::test]
async fn the_token_before_is_good_for_thirty_seconds_and_no_more() {
    for (seconds, good) in [(30, true), (31, false)] {
        let (mut world, first) = trusted_device().await;
        let _second = next(begin_with(&world, first.expose()).await).unwrap();
        world.pass(seconds);
        let begin = begin_with(&world, first.expose()).await;
        assert_eq!(matches!(begin, Begin::NotRequired { .. }), good, "after {seconds} s: {begin:?}");
    }
}

#[tokio::test]
async fn a_token_is_of_one_user() {
    let (world, token) = trusted_device().await;
    let mut context = world.context();
    context.device = Some(token);
    let bob = Subject::new("acme", "bob").unwrap();
    let begin = world.verifier.begin(&bob, Action::Login, &context).await.unwrap();
    assert!(matches!(begin, Begin::NotRequired { why: NotRequired::OptInNotEnrolled, .. }));
}

#[tokio::test]
async fn removing_a_factor_ends_the_trust_it_earned() {
    let (world, token) = trusted_device().await;
    let factor = world.verifier.factors(&ann()).await.unwrap().remove(0).0;
    let _ = world.verifier.revoke_factor(&admin(), &ann(), &factor, "stolen", world.at()).await.unwrap();
    let _ = world.enrol_totp().await;
    assert!(matches!(begin_with(&world, token.expose()).await, Begin::Challenge(_)));
}

#[tokio::test]
async fn counters_go_forward_only() {
    let mut world = World::with(Policy { methods: [Method::Hotp].into(), ..Policy::default() }).await;
    let pending =
        world.verifier.enrol_hotp(&ann(), "Acme", "ann", Grant::First, &world.context()).await.unwrap();
    let account = keyhaven_otp::parse_uri(text(&pending.uri)).unwrap().account;
    let codes = account.codes_around(0, 20).unwrap();
    let code = |counter: usize| Answer::code(&codes[counter].code.text);
    let _ = world.confirm(&pending.challenge, code(0)).await;
    for (counter, accepted) in
        [(0, false), (3, true), (2, false), (3, false), (9, true), (16, false), (10, true)]
    {
        world.pass(3_600);
        let question = world.ask(Action::Login).await;
        assert_eq!(
            world.answer(&question.id, code(counter)).await.is_accepted(),
            accepted,
            "counter {counter}"
        );
    }
}

#[tokio::test]
async fn decisions_explain_themselves_to_operators() {
    let (mut world, account) = enrolled().await;
    let question = world.ask(Action::Login).await;
    let far = Answer::code(&account.code_at(world.now + 90).unwrap().text);
    let rejected = world.reject(&question.id, far).await;
    assert_eq!(rejected.attempts_left, Some(4));
    let why = world.verifier.explain("acme", &rejected.id).await.unwrap().unwrap();
    assert_eq!((why.rule.as_str(), why.policy, why.rejected), ("totp.look_back", 1, Some(Reason::Wrong)));
    assert!(
        why.otherwise[0].starts_with("the code is that of time step +3 of factor "),
        "{:?}",
        why.otherwise
    );
    let budget = why.budget.unwrap();
    assert_eq!((budget.name.as_str(), budget.used, budget.max), ("answers to one challenge", 1, 5));
    let code = world.code(&account);
    world.pass(30);
    let accepted = world.accept(&question.id, code).await;
    let why = world.verifier.explain("acme", &accepted.id).await.unwrap().unwrap();
    assert_eq!((why.step_offset, why.rejected), (Some(-1), None));
    assert_eq!(world.verifier.explain("other", &accepted.id).await.unwrap(), None, "of this tenant only");
}

#[tokio::test]
async fn the_audit_chain_holds_and_tells_no_secret() {
    let (mut world, account) = enrolled().await;
    let _ = world.sign_in(&account).await;
    let records = world.verifier.audit("acme", 0, 1_000).await.unwrap();
    let names: Vec<_> = records.iter().map(|record| record.event().unwrap().event).collect();
    assert_eq!(
        names,
        [
            EventName::PolicyChanged,
            EventName::FactorEnrolStarted,
            EventName::DecisionAccepted,
            EventName::FactorConfirmed,
            EventName::RecoveryRegenerated,
            EventName::ChallengeCreated,
            EventName::DecisionAccepted,
        ]
    );
    verify_chain("acme", 0, CHAIN_START, &records).unwrap();
    let page = world.verifier.audit("acme", 3, 2).await.unwrap();
    assert_eq!(page.iter().map(|record| record.sequence).collect::<Vec<_>>(), [4, 5]);
}

/// Everything that is secret in a user's life with an app, a number, a mailbox, recovery codes and tickets, looked for in
/// what the chain and the explanations say.
#[tokio::test]
async fn neither_the_chain_nor_an_explanation_tells_a_secret() {
    let mut policy = Policy { methods: [Method::Totp, Method::Sms].into(), ..Policy::default() };
    policy.recovery.kind = RecoveryKind::Codes { count: 2 };
    let mut world = World::with(policy).await;
    world.verify_email().await;
    let mut secrets = vec![MAIL.to_owned(), PHONE.to_owned(), PHONE[1..].to_owned(), world.session.clone()];
    let (pending, account) = world.pending_totp(Grant::First).await;
    secrets.extend([text(&pending.uri).to_owned(), text(&pending.secret).to_owned()]);
    let typed = world.code(&account);
    let enrolled = world.confirm(&pending.challenge, typed).await;
    let codes = enrolled.recovery.unwrap().codes;
    for code in &codes {
        secrets.extend([text(code).to_owned(), text(code).replace('-', "")]);
    }
    world.pass(30);
    let question = world.ask(Action::Enrol).await;
    let accepted = world.accept(&question.id, world.code(&account)).await;
    secrets
        .extend([accepted.proof.expose().to_owned(), account.code_at(world.now).unwrap().text.to_string()]);
    let grant = Grant::Proof(accepted.proof);
    let phone = world.verifier.enrol_phone(&ann(), PHONE, grant, &world.context()).await.unwrap();
    secrets.push(text(phone.sent.delivery.code.as_ref().unwrap()).to_owned());
    let _ = world.confirm(&phone.challenge, sent_code(&phone.sent)).await;
    world.pass(60);
    let question = world.ask(Action::Login).await;
    let _ = world.accept(&question.id, Answer::recovery(text(&codes[0]))).await;
    let wrong = world.ask(Action::Login).await;
    let _ = world.reject(&wrong.id, Answer::recovery("WRONG-WRONG-WRONG-WRONG")).await;
    let ticket = TicketRequest { kind: TicketKind::PhoneReset, reason: "lost".into(), invite_email: None };
    let issued = world.verifier.issue_ticket(&admin(), &ann(), &ticket, &world.context()).await.unwrap();
    secrets.push(issued.token.expose().to_owned());
    secrets.extend(issued.token.expose().split_once('.').map(|(_, secret)| secret.to_owned()));

    let records = world.verifier.audit("acme", 0, 1_000).await.unwrap();
    let mut said = String::new();
    for record in &records {
        said.push_str(&record.body);
        if let Some(decision) = record.event().unwrap().decision {
            let explained = world.verifier.explain("acme", &decision).await.unwrap();
            said.push_str(&format!("{explained:?}"));
            said.push_str(&serde_json::to_string(&explained).unwrap());
        }
    }
    assert!(
        said.contains("recovery.used") && said.contains("admin.ticket_issued"),
        "there is something to look at"
    );
    for secret in secrets {
        // A code of six digits may stand in a number by chance; between quotes or beside a word it does not.
        let found =
            if secret.len() > 8 { said.contains(&secret) } else { said.contains(&format!("\"{secret}\"")) };
        assert!(!found, "{secret} is told");
    }
}

#[tokio::test]
async fn codes_of_before_a_recovery_do_not_come_back_with_the_policy() {
    let mut world = World::with(Policy::default()).await;
    let (enrolled, _) = world.enrol_totp().await;
    let old = text(&enrolled.recovery.unwrap().codes[0]).to_owned();
    world.change_policy(|policy| policy.recovery.kind = RecoveryKind::None).await;
    let request =
        TicketRequest { kind: TicketKind::AdminRecovery, reason: "stolen".into(), invite_email: None };
    let issued = world.verifier.issue_ticket(&admin(), &ann(), &request, &world.context()).await.unwrap();
    world.pass(30);
    let (pending, account) = world.pending_totp(Grant::Ticket(issued.token)).await;
    let _ = world.confirm(&pending.challenge, world.code(&account)).await;
    world.change_policy(|policy| policy.recovery.kind = RecoveryKind::Codes { count: 10 }).await;
    world.pass(30);
    let question = world.ask(Action::Login).await;
    let decision = world.answer(&question.id, Answer::recovery(&old)).await;
    assert!(!decision.is_accepted(), "everything of before was ended: {decision:?}");
}

#[tokio::test]
async fn nothing_secret_is_printed() {
    let world = World::new(Preset::RecoveryKey).await;
    world.verify_email().await;
    let (pending, _) = world.pending_totp(Grant::First).await;
    let secret = text(&pending.secret).to_owned();
    assert!(!format!("{pending:?}").contains(&secret));
    let mailed = world.verifier.enrol_email(&ann(), Grant::First, &world.context()).await.unwrap();
    let code = text(mailed.sent.delivery.code.as_ref().unwrap()).to_owned();
    let printed = format!("{mailed:?} {:?}", world.context());
    assert!(!printed.contains(&code) && !printed.contains(MAIL) && !printed.contains("s1"));
    let enrolled = world.confirm(&mailed.challenge, sent_code(&mailed.sent)).await;
    let key = text(&enrolled.recovery.as_ref().unwrap().codes[0]).to_owned();
    assert!(!format!("{enrolled:?}").contains(&key));
    let secret = || SecretText::new("s3cr3t".to_owned());
    let answers = [
        Answer::code("s3cr3t"),
        Answer::recovery("s3cr3t"),
        Answer::Push { number: secret(), response: secret() },
        Answer::Denied { response: secret() },
    ];
    let tokens = (
        Proof::from_text(secret()),
        keyhaven_verifier::TicketToken::from_text(secret()),
        DeviceToken::from_text(secret()),
    );
    let profile = Profile { verified_email: Some(MAIL.into()), shared: false };
    let ticket =
        TicketRequest { kind: TicketKind::Invite, reason: "new".into(), invite_email: Some(MAIL.into()) };
    let printed = format!("{answers:?} {tokens:?} {profile:?} {ticket:?}");
    assert!(!printed.contains("s3cr3t") && !printed.contains(MAIL), "{printed}");
    let issued = world.verifier.issue_ticket(&admin(), &ann(), &ticket, &world.context()).await.unwrap();
    assert!(!format!("{issued:?}").contains(issued.token.expose()));
    let push = Policy { methods: [Method::Push].into(), ..Policy::default() };
    let world = World::with(push).await;
    let device = world.verifier.enrol_push(&ann(), "device", Grant::First, &world.context()).await.unwrap();
    let number = text(device.sent.show.as_ref().unwrap());
    let printed = format!("{device:?}");
    assert!(!printed.contains(&format!("\"{number}\"")) && printed.contains("PendingPush"));
    assert!(!printed.contains(&format!("{:?}", device.key.expose())));
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_what_counts_is_not() {
    let (mut world, account) = enrolled().await;
    for _ in 0..3 {
        let _ = world.ask(Action::Login).await;
    }
    let _ = world.sign_in(&account).await;
    world.pass(3 * 86_400);
    // Five challenges, the proof of the first factor and that of the sign-in; the budgets of two challenges, of the day, of the network, of the
    // tenant and of the app, whose row ended with success; no factor.
    assert_eq!(world.verifier.sweep(world.at()).await.unwrap(), 13);
    assert_eq!(world.verifier.sweep(world.at()).await.unwrap(), 0);
    let _ = world.sign_in(&account).await;
}

#[tokio::test]
async fn a_removed_factor_needs_another_beside_it() {
    let (mut world, first) = enrolled().await;
    let only = world.verifier.factors(&ann()).await.unwrap().remove(0).0;
    let proof = world.prove(Action::DisableMfa, &first).await;
    let refused = world.verifier.remove_factor(&ann(), &only, copy(&proof), &world.context()).await;
    assert!(matches!(refused, Err(ManageError::NotPermitted { .. })));
    let proof = world.prove(Action::Enrol, &first).await;
    let (pending, second) = world.pending_totp(Grant::Proof(proof)).await;
    let _ = world.confirm(&pending.challenge, world.code(&second)).await;
    let proof = world.prove(Action::Enrol, &second).await;
    let refused = world.verifier.remove_factor(&ann(), &only, proof, &world.context()).await;
    assert_eq!(refused.err(), Some(ManageError::ProofInvalid), "what enrols takes nothing away");
    let proof = world.prove(Action::DisableMfa, &second).await;
    let _ = world.verifier.remove_factor(&ann(), &only, proof, &world.context()).await.unwrap();
    world.pass(30);
    let question = world.ask(Action::Login).await;
    assert_eq!(world.reject(&question.id, world.code(&first)).await.reason, Reason::Wrong);
    let _ = world.accept(&question.id, world.code(&second)).await;
}

#[tokio::test]
async fn waiting_factors_do_not_pile_up() {
    let mut world = World::with(Policy::default()).await;
    for _ in 0..20 {
        let _ = world.pending_totp(Grant::First).await;
    }
    let refused = world.verifier.enrol_totp(&ann(), "Acme", "ann", Grant::First, &world.context()).await;
    assert_eq!(refused.err(), Some(EnrolError::TooManyPending));
    world.pass(1_800);
    let _ = world.enrol_totp().await;
}

#[tokio::test]
async fn a_lost_device_is_replaced_by_recovery_codes() {
    let mut world = World::with(Policy::default()).await;
    let (enrolled, lost) = world.enrol_totp().await;
    let sheet = enrolled.recovery.unwrap();
    let mut proofs = Vec::new();
    for (action, code) in [Action::Login, Action::Enrol].into_iter().zip(&sheet.codes) {
        let question = world.ask(action).await;
        proofs.push(world.accept(&question.id, Answer::recovery(text(code))).await.proof);
    }
    let (pending, account) = world.pending_totp(Grant::Proof(proofs.remove(1))).await;
    let _ = world.confirm(&pending.challenge, world.code(&account)).await;
    let proof = world.prove(Action::DisableMfa, &account).await;
    let _ = world.verifier.remove_factor(&ann(), &enrolled.factor, proof, &world.context()).await.unwrap();
    world.pass(30);
    let question = world.ask(Action::Login).await;
    assert_eq!(world.reject(&question.id, world.code(&lost)).await.reason, Reason::Wrong);
    let _ = world.accept(&question.id, world.code(&account)).await;
    // What changes the account's other ways in is not for recovery codes.
    for action in [Action::DisableMfa, Action::RegenerateRecovery, Action::ChangePhone] {
        assert!(!world.ask(action).await.methods.contains(&Method::Recovery));
    }
}

#[tokio::test]
async fn a_clock_far_off_is_found_again_by_two_codes_in_a_row_and_a_proof_by_another_way() {
    let mut world = World::with(Policy::default()).await;
    let (enrolled, account) = world.enrol_totp().await;
    let sheet = enrolled.recovery.unwrap();
    // From now on the app's clock is 20 minutes fast.
    world.pass(3_000);
    let theirs = |world: &World, steps: u64| {
        SecretText::new(account.code_at(world.now + 1_200 + steps * 30).unwrap().text)
    };
    let fast = |world: &World, steps: u64| Answer::code(text(&theirs(world, steps)));
    let question = world.ask(Action::Login).await;
    assert_eq!(world.reject(&question.id, fast(&world, 0)).await.reason, Reason::Wrong);
    let resync = async |world: &World, codes: (u64, u64), sheet_code: usize| {
        let question = world.ask(Action::Enrol).await;
        let proof = world.accept(&question.id, Answer::recovery(text(&sheet.codes[sheet_code]))).await.proof;
        let typed = (theirs(world, codes.0), theirs(world, codes.1));
        world.verifier.resync(&ann(), &enrolled.factor, (&typed.0, &typed.1), proof, &world.context()).await
    };
    for (attempt, apart) in [(0, 0), (0, 2), (1, 0)].into_iter().enumerate() {
        assert_eq!(resync(&world, apart, attempt).await.err(), Some(ManageError::CodesNotFound), "{apart:?}");
    }
    assert!(resync(&world, (0, 1), 3).await.is_ok());
    let question = world.ask(Action::Login).await;
    assert!(matches!(world.reject(&question.id, fast(&world, 1)).await.reason, Reason::Used { .. }));
    world.pass(60);
    let _ = world.accept(&question.id, fast(&world, 0)).await;
    assert_eq!(resync(&world, (0, 1), 4).await.err(), Some(ManageError::CodesNotFound), "the first was used");
    let stale = Proof::from_text(SecretText::new("00".repeat(32)));
    let typed = (theirs(&world, 1), theirs(&world, 2));
    let refused =
        world.verifier.resync(&ann(), &enrolled.factor, (&typed.0, &typed.1), stale, &world.context()).await;
    assert_eq!(refused.err(), Some(ManageError::ProofInvalid));
}
