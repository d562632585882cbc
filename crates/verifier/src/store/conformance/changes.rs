//! Settling: what each change's guard lets through.

use super::{activate, at, factor, load, load_query, race, settle, settle_for, tenant};
use crate::{
    Action, CHAIN_START, ChallengeId, DecisionId, Event, EventName, Explanation, HashCost, Method, Reason,
    RecoveryCodeId, Tag, TicketId, TicketKind, TrustId,
    keys::TenantKeys,
    record::{
        Answered, Challenge, ChallengeKind, FactorState, FormerKey, KeyRecord, ProofRecord, RecoveryCode,
        SentCode, SubjectRecord, Ticket, Trust, TrustKind,
    },
    store::{Change, Query, Settled, Settlement, Snapshot, Store},
    verify_chain,
};
use std::{future::Future, sync::Arc};

const DONE: Settled = Settled::Done;
const LOST: Settled = Settled::Lost(0);

fn tag(text: &str) -> Tag {
    Tag::from_text(text.to_owned())
}

fn random<T>(id: Result<T, crate::Unavailable>) -> T {
    id.expect("random numbers")
}

pub(super) fn recovery(generation: u64, selector: &str) -> RecoveryCode {
    let (_, keys) = TenantKeys::first().expect("random numbers");
    RecoveryCode {
        id: random(RecoveryCodeId::random()),
        generation,
        selector: selector.to_owned(),
        hash: crate::recovery::hash(&keys, HashCost::LEAST, "verifier").expect("a hash"),
        used_at: None,
    }
}

pub(super) fn challenge() -> Challenge {
    Challenge {
        id: random(ChallengeId::random()),
        kind: ChallengeKind::Answer,
        action: Action::Custom("pay 'bob'".to_owned()),
        session: tag("session"),
        methods: vec![Method::Sms, Method::Recovery],
        opened_at: at(0),
        expires_at: at(100),
        method: Method::Sms,
        factor: None,
        sends: 0,
        sent_at: None,
        code: None,
        cancelled: false,
        expired: false,
        answered: None,
    }
}

fn answered() -> Answered {
    Answered { decision: random(DecisionId::random()), at: at(5) }
}

pub(super) fn trust(name: &str, kind: TrustKind, last_used: u64) -> Trust {
    Trust {
        id: random(TrustId::random()),
        kind,
        tag: tag(name),
        former_tag: None,
        rotated_at: at(0),
        last_used: at(last_used),
        expires_at: at(1_000),
    }
}

fn ticket(awaits_approval: bool) -> Ticket {
    Ticket {
        id: random(TicketId::random()),
        kind: TicketKind::AdminRecovery,
        tag: tag("ticket"),
        issued_by: "root".to_owned(),
        expires_at: at(100),
        awaits_approval,
        must_enrol: true,
        policy: 3,
        used_at: None,
    }
}

fn explanation() -> Explanation {
    Explanation {
        decision: random(DecisionId::random()),
        at: at(1),
        user: "ann".to_owned(),
        action: Some(Action::Login),
        method: Some(Method::Totp),
        rejected: Some(Reason::Locked { until: Some(at(9)) }),
        rule: "attempts.delays".to_owned(),
        policy: 2,
        step_offset: Some(-1),
        drift: Some(1),
        budget: None,
        otherwise: vec!["later".to_owned()],
    }
}

/// A change that does not hold undoes what was done before it, and what follows is not done; nor are events.
pub async fn a_settlement_is_all_or_nothing<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let (kept, told) = (factor(Method::Totp), explanation());
    let settlement = Settlement {
        tenant: "acme".to_owned(),
        user: "ann".to_owned(),
        now: at(0),
        changes: vec![
            Change::PutPending(Box::new(kept.clone())),
            Change::Explain(Box::new(told.clone())),
            Change::Open(Box::new(challenge())),
            Change::ConsumeProof { tag: tag("nobody's") },
            Change::PutTicket(Box::new(ticket(false))),
        ],
        events: vec![Event::new(EventName::FactorConfirmed)],
        if_changed: Vec::new(),
    };
    assert_eq!(store.settle(settlement.clone()).await, Ok(Settled::Lost(3)));
    assert_eq!(load(&store).await, Snapshot::default());
    assert_eq!(store.audit("acme", 0, 10).await, Ok(Vec::new()));
    assert_eq!(store.explanation("acme", &told.decision).await, Ok(None));
    let budgets = vec![crate::BudgetKey::Tenant];
    let of_nobody = Query { tenant: "nobody".to_owned(), budgets, ..Query::default() };
    let found = store.load(of_nobody).await.expect("the store answers");
    assert_eq!(found, Snapshot { budgets: vec![crate::Budget::default()], ..Snapshot::default() });
    let held = Settlement { changes: settlement.changes[..3].to_vec(), ..settlement };
    assert_eq!(store.settle(held).await, Ok(DONE));
    assert_eq!(load(&store).await.factors, [kept]);
    assert_eq!(store.explanation("acme", &told.decision).await, Ok(Some(told)));
    assert_eq!(store.audit("acme", 0, 10).await.map(|records| records.len()), Ok(1));
}

/// Every field of every record is read as it was written.
pub async fn records_come_back_as_they_went<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let subject = SubjectRecord {
        created_at: at(3),
        email: Some(vec![0, 1, 255]),
        shared: true,
        must_enrol: true,
        email_allowed: true,
    };
    let mut asked = challenge();
    asked.factor = Some(factor(Method::Sms).id);
    let mut device = trust("device", TrustKind::Device, 1);
    device.former_tag = Some(tag("former"));
    let mut held = factor(Method::Hotp);
    held.ticket = Some(random(TicketId::random()));
    held.address = None;
    held.algorithm = None;
    let (given, code) = (ticket(true), recovery(1, "AB'C"));
    let changes = vec![
        Change::SetPolicy { expected: 0, tenant: tenant(1) },
        Change::PutSubject { expected: None, subject: subject.clone() },
        Change::PutPending(Box::new(held.clone())),
        Change::PutRecovery { expected: 0, codes: vec![code.clone()] },
        Change::PutTrust { trust: device.clone(), keep: 9 },
        Change::Open(Box::new(asked.clone())),
        Change::PutTicket(Box::new(given.clone())),
    ];
    assert_eq!(settle(&store, 0, changes).await, DONE);
    let query =
        Query { challenge: Some(asked.id.clone()), ticket: Some(given.id.clone()), ..Query::default() };
    let expected = Snapshot {
        tenant: Some(tenant(1)),
        subject: Some(subject),
        factors: vec![held],
        recovery: vec![code],
        trusts: vec![device],
        challenge: Some(asked),
        ticket: Some(given),
        reply: None,
        budgets: Vec::new(),
    };
    assert_eq!(load_query(&store, query).await, expected);
}

/// Pending → (validated →) active → revoked, never back, never too late, never one too many.
pub async fn factors_live_once<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let (first, second, late) = (factor(Method::Totp), factor(Method::Totp), factor(Method::Totp));
    for pending in [&first, &second, &late] {
        assert_eq!(settle(&store, 0, vec![Change::PutPending(Box::new(pending.clone()))]).await, DONE);
    }
    assert_eq!(settle(&store, 99, vec![activate(&first, 1)]).await, DONE);
    let state = load(&store).await.factors.remove(0);
    assert_eq!((state.state, state.last_step, state.drift), (FactorState::Active, Some(7), -1));
    assert_eq!(settle(&store, 99, vec![activate(&first, 9)]).await, LOST, "active already");
    assert_eq!(settle(&store, 99, vec![activate(&second, 1)]).await, LOST, "one too many");
    assert_eq!(settle(&store, 100, vec![activate(&late, 9)]).await, LOST, "too late");
    let validate = |id: &crate::FactorId| vec![Change::Validate { factor: id.clone() }];
    assert_eq!(settle(&store, 100, validate(&second.id)).await, LOST, "too late");
    assert_eq!(settle(&store, 50, validate(&second.id)).await, DONE);
    assert_eq!(settle(&store, 50, validate(&second.id)).await, LOST);
    assert_eq!(settle(&store, 50, vec![activate(&second, 9)]).await, LOST, "validated, not pending");
    let mut from_validated = activate(&second, 2);
    if let Change::Activate { from, .. } = &mut from_validated {
        *from = FactorState::Validated;
    }
    assert_eq!(settle(&store, 50, vec![from_validated]).await, DONE);
    let revoke = |id: &crate::FactorId| vec![Change::Revoke { factor: id.clone(), last: true }];
    assert_eq!(settle(&store, 50, revoke(&first.id)).await, DONE);
    assert_eq!(settle(&store, 50, revoke(&first.id)).await, LOST);
    assert_eq!(settle(&store, 50, vec![activate(&first, 9)]).await, LOST, "revoked is the end");
    assert_eq!(settle(&store, 50, vec![Change::Touch { factor: first.id }]).await, LOST);
    assert_eq!(settle(&store, 60, vec![Change::Touch { factor: second.id.clone() }]).await, DONE);
    assert_eq!(load(&store).await.factors[1].last_used, Some(at(60)));

    let phone = factor(Method::Sms);
    let others = vec![
        Change::PutPending(Box::new(phone.clone())),
        Change::RevokeOthers { method: Some(Method::Totp), except: Some(second.id.clone()) },
    ];
    assert_eq!(settle(&store, 0, others).await, DONE);
    let states = |snapshot: Snapshot| snapshot.factors.iter().map(|factor| factor.state).collect::<Vec<_>>();
    use FactorState::{Active, Pending, Revoked};
    assert_eq!(states(load(&store).await), [Revoked, Active, Revoked, Pending]);
    let all = vec![Change::RevokeOthers { method: None, except: Some(phone.id.clone()) }];
    assert_eq!(settle(&store, 0, all).await, DONE);
    assert_eq!(states(load(&store).await), [Revoked, Revoked, Revoked, Pending]);
    // Within one settlement a change sees those before it.
    assert_eq!(settle(&store, 0, vec![activate(&phone, 1)]).await, DONE);
    let mut resealed = phone.clone();
    resealed.sealed = vec![1, 2, 3];
    resealed.state = FactorState::Revoked;
    assert_eq!(settle(&store, 0, vec![Change::Reseal(Box::new(resealed))]).await, DONE);
    let found = load(&store).await.factors.remove(3);
    assert_eq!((found.sealed, found.state), (vec![1, 2, 3], FactorState::Active), "nothing but the secret");
    let stranger = vec![Change::Reseal(Box::new(factor(Method::Sms)))];
    assert_eq!(settle(&store, 0, stranger).await, LOST);
    let next = factor(Method::Sms);
    let replacing = vec![
        Change::PutPending(Box::new(next.clone())),
        Change::RevokeOthers { method: Some(Method::Sms), except: Some(next.id.clone()) },
        activate(&next, 1),
    ];
    assert_eq!(settle(&store, 0, replacing).await, DONE);
    // A first factor is one: with whatever else is active, it is not activated any more.
    let (only, not_any_more) = (factor(Method::Totp), factor(Method::Totp));
    let alone = |factor: &crate::record::Factor| {
        let mut change = activate(factor, 9);
        if let Change::Activate { alone, .. } = &mut change {
            *alone = true;
        }
        vec![Change::PutPending(Box::new(factor.clone())), change]
    };
    assert_eq!(settle(&store, 0, alone(&only)).await, Settled::Lost(1), "a number is active");
    assert_eq!(settle(&store, 0, revoke(&next.id)).await, DONE);
    assert_eq!(settle(&store, 0, alone(&only)).await, DONE);
    assert_eq!(settle(&store, 0, alone(&not_any_more)).await, Settled::Lost(1));
    assert_eq!(
        super::settle_for(&store, "acme", "bob", 0, alone(&factor(Method::Totp))).await,
        DONE,
        "another user"
    );
}

/// Where somebody may not be without a factor, the last active one stays; what waits goes at a word, but for one.
pub async fn the_last_factor_stays_and_what_waits_goes<S: Store, F: Future<Output = S>>(
    open: impl Fn() -> F,
) {
    use FactorState::{Active, Pending, Revoked};
    let store = open().await;
    let factors = [(); 5].map(|()| factor(Method::Totp));
    let [first, second, waits, validated, stays] = &factors;
    for pending in &factors {
        assert_eq!(settle(&store, 0, vec![Change::PutPending(Box::new(pending.clone()))]).await, DONE);
    }
    let revoke =
        |known: &crate::record::Factor| vec![Change::Revoke { factor: known.id.clone(), last: false }];
    assert_eq!(settle(&store, 0, vec![activate(first, 9)]).await, DONE);
    assert_eq!(settle(&store, 0, vec![Change::Validate { factor: validated.id.clone() }]).await, DONE);
    assert_eq!(settle(&store, 0, revoke(first)).await, LOST, "the others wait");
    let others = vec![Change::PutPending(Box::new(factor(Method::Sms)))];
    assert_eq!(settle_for(&store, "acme", "bob", 0, others).await, DONE);
    assert_eq!(settle(&store, 0, vec![activate(second, 9)]).await, DONE);
    let both = vec![revoke(first).remove(0), revoke(second).remove(0)];
    assert_eq!(settle(&store, 0, both).await, Settled::Lost(1));
    assert_eq!(settle(&store, 0, revoke(first)).await, DONE);
    assert_eq!(settle(&store, 0, revoke(second)).await, LOST);
    assert_eq!(settle(&store, 0, revoke(first)).await, LOST, "revoked already");
    assert_eq!(settle(&store, 0, revoke(waits)).await, DONE, "one that waits, beside one that is active");
    let states = |snapshot: Snapshot| snapshot.factors.iter().map(|factor| factor.state).collect::<Vec<_>>();
    let waiting = |except: Option<&crate::record::Factor>| {
        vec![Change::RevokeWaiting { except: except.map(|known| known.id.clone()) }]
    };
    assert_eq!(settle(&store, 0, waiting(Some(stays))).await, DONE);
    assert_eq!(states(load(&store).await), [Revoked, Active, Revoked, Revoked, Pending]);
    assert_eq!(settle(&store, 0, waiting(None)).await, DONE);
    assert_eq!(states(load(&store).await), [Revoked, Active, Revoked, Revoked, Revoked]);
    let query = Query { tenant: "acme".to_owned(), user: "bob".to_owned(), ..Query::default() };
    assert_eq!(states(store.load(query).await.expect("the store answers")), [Pending], "another user's");
}

/// A step is used once, and none before it afterwards; only of an active factor and its generation.
pub async fn steps_go_forward<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let held = factor(Method::Totp);
    let claim = |step, generation| vec![Change::ClaimStep { factor: held.id.clone(), generation, step }];
    assert_eq!(settle(&store, 0, claim(8, 1)).await, LOST, "no such factor");
    assert_eq!(settle(&store, 0, vec![Change::PutPending(Box::new(held.clone()))]).await, DONE);
    assert_eq!(settle(&store, 0, claim(8, 1)).await, LOST, "pending");
    assert_eq!(settle(&store, 0, vec![activate(&held, 1)]).await, DONE);
    for (step, outcome) in [(7, LOST), (6, LOST), (8, DONE), (8, LOST), (10, DONE), (9, LOST), (11, DONE)] {
        assert_eq!(settle(&store, 1, claim(step, 1)).await, outcome, "step {step}");
    }
    assert_eq!(settle(&store, 1, claim(12, 2)).await, LOST, "another generation");
    assert_eq!(load(&store).await.factors[0].last_step, Some(11));
    let resync =
        |step, generation| vec![Change::Resync { factor: held.id.clone(), generation, step, drift: 5 }];
    assert_eq!(settle(&store, 1, resync(11, 1)).await, LOST);
    assert_eq!(settle(&store, 1, resync(12, 2)).await, LOST);
    assert_eq!(load(&store).await.factors[0].drift, -1, "as it was learnt");
    assert_eq!(settle(&store, 1, resync(12, 1)).await, DONE);
    let held_now = load(&store).await.factors.remove(0);
    assert_eq!((held_now.last_step, held_now.drift), (Some(12), 5));
    assert_eq!(settle(&store, 1, vec![Change::Revoke { factor: held.id.clone(), last: true }]).await, DONE);
    assert_eq!(settle(&store, 1, claim(13, 1)).await, LOST, "revoked");
    assert_eq!(settle(&store, 1, resync(13, 1)).await, LOST, "revoked");
}

/// A code is used once; a new set ends the old one; two new sets at once are one.
pub async fn recovery_codes_are_used_once<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let (first, second) = (recovery(1, "AAAA"), recovery(1, "BBBB"));
    let put = |expected, codes: &[&RecoveryCode]| {
        vec![Change::PutRecovery { expected, codes: codes.iter().map(|code| (*code).clone()).collect() }]
    };
    let consume = |code: &RecoveryCode| {
        vec![Change::UseRecovery { code: code.id.clone(), generation: code.generation }]
    };
    assert_eq!(settle(&store, 0, put(1, &[&first])).await, LOST, "there is no set to replace");
    assert_eq!(settle(&store, 0, put(0, &[&first, &second])).await, DONE);
    assert_eq!(settle(&store, 0, put(0, &[&first])).await, LOST);
    assert_eq!(settle(&store, 5, consume(&first)).await, DONE);
    assert_eq!(settle(&store, 6, consume(&first)).await, LOST);
    let codes = load(&store).await.recovery;
    assert_eq!(codes.iter().map(|code| code.used_at).collect::<Vec<_>>(), [Some(at(5)), None]);
    let next = recovery(2, "CCCC");
    assert_eq!(settle(&store, 0, put(1, &[&next])).await, DONE);
    assert_eq!(settle(&store, 0, consume(&second)).await, LOST, "of the old set");
    assert_eq!(settle(&store, 0, put(2, &[])).await, DONE);
    assert_eq!(settle(&store, 0, consume(&next)).await, LOST);
    assert_eq!(load(&store).await.recovery, []);
}

/// Open challenges can be answered, once, in time; closed ones change no more.
pub async fn challenges_are_answered_once<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let (asked, given_up) = (challenge(), challenge());
    for opened in [&asked, &given_up] {
        assert_eq!(settle(&store, 0, vec![Change::Open(Box::new(opened.clone()))]).await, DONE);
    }
    let answer =
        |id: &ChallengeId| vec![Change::Answer { challenge: id.clone(), code: None, answered: answered() }];
    let cancel = |id: &ChallengeId| vec![Change::Cancel { challenge: id.clone() }];
    let select = |id: &ChallengeId| vec![Change::Select { challenge: id.clone(), method: Method::Recovery }];
    assert_eq!(settle(&store, 0, select(&asked.id)).await, DONE);
    assert_eq!(settle(&store, 100, answer(&asked.id)).await, LOST, "too late");
    assert_eq!(settle(&store, 99, answer(&asked.id)).await, DONE);
    assert_eq!(settle(&store, 99, answer(&asked.id)).await, LOST);
    assert_eq!(settle(&store, 99, cancel(&asked.id)).await, LOST);
    assert_eq!(settle(&store, 99, select(&asked.id)).await, LOST);
    assert_eq!(settle(&store, 0, cancel(&given_up.id)).await, DONE);
    assert_eq!(settle(&store, 0, cancel(&given_up.id)).await, LOST);
    assert_eq!(settle(&store, 0, answer(&given_up.id)).await, LOST);
    let found = load_query(&store, Query { challenge: Some(asked.id.clone()), ..Query::default() }).await;
    let found = found.challenge.expect("the challenge");
    assert_eq!(found.method, Method::Recovery);
    assert_eq!(found.answered.map(|answered| answered.at), Some(at(5)));
}

/// A new code replaces the old one, not before its time, and only the last one answers.
pub async fn codes_replace_each_other<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let asked = challenge();
    let phone = factor(Method::Sms);
    assert_eq!(settle(&store, 0, vec![Change::Open(Box::new(asked.clone()))]).await, DONE);
    let send = |name: &str, method| {
        let code = SentCode { tag: tag(name), expires_at: at(50) };
        vec![Change::SetCode {
            challenge: asked.id.clone(),
            method,
            factor: phone.id.clone(),
            code,
            cooldown: 10,
        }]
    };
    let answer = |name: &str| {
        vec![Change::Answer { challenge: asked.id.clone(), code: Some(tag(name)), answered: answered() }]
    };
    assert_eq!(settle(&store, 0, answer("first")).await, LOST, "nothing was sent");
    assert_eq!(settle(&store, 0, send("first", Method::Sms)).await, DONE);
    assert_eq!(settle(&store, 9, send("second", Method::Sms)).await, LOST, "a moment ago");
    assert_eq!(settle(&store, 10, send("second", Method::Email)).await, LOST, "another method was chosen");
    assert_eq!(settle(&store, 10, send("second", Method::Sms)).await, DONE);
    assert_eq!(settle(&store, 10, answer("first")).await, LOST);
    let found = load_query(&store, Query { challenge: Some(asked.id.clone()), ..Query::default() }).await;
    let found = found.challenge.expect("the challenge");
    assert_eq!((found.sends, found.sent_at, &found.factor), (2, Some(at(10)), &Some(phone.id.clone())));
    assert_eq!(found.code, Some(SentCode { tag: tag("second"), expires_at: at(50) }));
    assert_eq!(settle(&store, 50, answer("second")).await, LOST, "it held until then");
    assert_eq!(settle(&store, 49, answer("second")).await, DONE);
}

/// Proofs and tickets are used once and in time; a ticket that awaits approval gets it from somebody else.
pub async fn proofs_and_tickets<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    for name in ["p", "late"] {
        let proof = ProofRecord { tag: tag(name), expires_at: at(100), used_at: None };
        assert_eq!(settle(&store, 0, vec![Change::PutProof(proof)]).await, DONE);
    }
    let consume = |name: &str| vec![Change::ConsumeProof { tag: tag(name) }];
    assert_eq!(settle(&store, 0, consume("q")).await, LOST);
    assert_eq!(settle_for(&store, "acme", "bob", 0, consume("p")).await, LOST, "another user's");
    assert_eq!(settle(&store, 99, consume("p")).await, DONE);
    assert_eq!(settle(&store, 99, consume("p")).await, LOST);
    assert_eq!(settle(&store, 100, consume("late")).await, LOST);
    assert_eq!(settle_for(&store, "acme", "bob", 0, vec![Change::DropProofs]).await, DONE);
    let proof =
        |name: &str| Change::PutProof(ProofRecord { tag: tag(name), expires_at: at(100), used_at: None });
    assert_eq!(settle(&store, 0, vec![proof("kept")]).await, DONE);
    assert_eq!(settle(&store, 0, consume("kept")).await, DONE);
    assert_eq!(settle(&store, 0, vec![proof("ended"), Change::DropProofs]).await, DONE);
    assert_eq!(settle(&store, 0, consume("ended")).await, LOST);

    let (plain, guarded) = (ticket(false), ticket(true));
    for given in [&plain, &guarded] {
        assert_eq!(settle(&store, 0, vec![Change::PutTicket(Box::new(given.clone()))]).await, DONE);
    }
    let redeem = |given: &Ticket| vec![Change::ConsumeTicket { ticket: given.id.clone() }];
    let approve = |given: &Ticket, by: &str| {
        vec![Change::ApproveTicket { ticket: given.id.clone(), by: by.to_owned() }]
    };
    assert_eq!(settle(&store, 0, redeem(&guarded)).await, LOST, "not approved");
    assert_eq!(settle(&store, 0, approve(&guarded, "root")).await, LOST, "by the same person");
    assert_eq!(settle(&store, 0, approve(&guarded, "second")).await, DONE);
    assert_eq!(settle(&store, 0, approve(&guarded, "third")).await, LOST);
    assert_eq!(settle(&store, 100, redeem(&guarded)).await, LOST, "too late");
    assert_eq!(settle(&store, 99, redeem(&guarded)).await, DONE);
    assert_eq!(settle(&store, 99, redeem(&guarded)).await, LOST);
    assert_eq!(settle_for(&store, "acme", "bob", 0, redeem(&plain)).await, LOST, "another user's");
    assert_eq!(settle(&store, 0, redeem(&plain)).await, DONE);
}

/// The least recently used context makes room; a network is kept once; a device's token is rotated once.
pub async fn trust_makes_room<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let put = |trust: &Trust| vec![Change::PutTrust { trust: trust.clone(), keep: 2 }];
    let (home, device, away) = (
        trust("home", TrustKind::Network, 1),
        trust("token", TrustKind::Device, 2),
        trust("away", TrustKind::Network, 4),
    );
    for known in [&home, &device] {
        assert_eq!(settle(&store, 0, put(known)).await, DONE);
    }
    let again = trust("home", TrustKind::Network, 3);
    let with_room = vec![Change::PutTrust { trust: again.clone(), keep: 9 }];
    assert_eq!(settle(&store, 0, with_room).await, DONE);
    assert_eq!(load(&store).await.trusts, [device.clone(), again.clone()]);
    let rotate = |from: &str, to: &str| {
        vec![Change::RotateTrust { trust: device.id.clone(), expected: tag(from), tag: tag(to) }]
    };
    assert_eq!(settle(&store, 5, rotate("token", "next")).await, DONE);
    assert_eq!(settle(&store, 5, rotate("token", "other")).await, LOST);
    assert_eq!(settle(&store, 1_000, rotate("next", "late")).await, LOST, "trust has an end");
    let rotated =
        load(&store).await.trusts.into_iter().find(|known| known.id == device.id).expect("the device");
    assert_eq!((rotated.tag, rotated.former_tag), (tag("next"), Some(tag("token"))));
    assert_eq!((rotated.rotated_at, rotated.last_used), (at(5), at(5)));
    // The device was used at 5, home at 3.
    assert_eq!(settle(&store, 0, put(&away)).await, DONE);
    let ids: Vec<TrustId> = load(&store).await.trusts.into_iter().map(|known| known.id).collect();
    assert_eq!(ids, [away.id.clone(), device.id.clone()]);
    assert_eq!(settle(&store, 0, vec![Change::DropTrust { trust: Some(away.id) }]).await, DONE);
    assert_eq!(load(&store).await.trusts.len(), 1);
    assert_eq!(settle(&store, 0, vec![Change::DropTrust { trust: None }]).await, DONE);
    assert_eq!(load(&store).await.trusts, []);
}

/// A policy replaces the one its author saw, and a settlement judged by an older one is lost; keys stay.
pub async fn policies_are_replaced_in_order<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let set = |expected, revision| vec![Change::SetPolicy { expected, tenant: tenant(revision) }];
    assert_eq!(settle(&store, 0, vec![Change::RequirePolicy { revision: 0 }]).await, LOST);
    assert_eq!(settle_for(&store, "acme", "", 0, set(1, 2)).await, LOST);
    assert_eq!(settle_for(&store, "acme", "", 0, set(0, 1)).await, DONE);
    assert_eq!(settle_for(&store, "acme", "", 0, set(0, 1)).await, LOST);
    let mut other_key = tenant(2);
    other_key.keys.wrapped = vec![9];
    other_key.keys.kek = "stranger".to_owned();
    assert_eq!(
        settle_for(&store, "acme", "", 0, vec![Change::SetPolicy { expected: 1, tenant: other_key }]).await,
        DONE
    );
    assert_eq!(load(&store).await.tenant, Some(tenant(2)), "a tenant's key is not replaced by the way");
    assert_eq!(settle(&store, 0, vec![Change::RequirePolicy { revision: 1 }]).await, LOST);
    assert_eq!(settle(&store, 0, vec![Change::RequirePolicy { revision: 2 }]).await, DONE);
    let first = tenant(1).keys;
    let former = vec![FormerKey { number: 1, wrapped: vec![5, 0, 255], until: at(7) }];
    let second = KeyRecord { kek: "k2".to_owned(), number: 2, wrapped: vec![4], former };
    let keys = |expected: &KeyRecord, keys: &KeyRecord| {
        vec![Change::SetKeys { expected: expected.clone(), keys: keys.clone() }]
    };
    for change in [
        KeyRecord { kek: "k2".to_owned(), ..first.clone() },
        KeyRecord { number: 2, ..first.clone() },
        KeyRecord { wrapped: vec![9], ..first.clone() },
        KeyRecord { former: second.former.clone(), ..first.clone() },
    ] {
        assert_eq!(settle_for(&store, "acme", "", 0, keys(&change, &second)).await, LOST, "{change:?}");
    }
    assert_eq!(settle_for(&store, "acme", "", 0, keys(&first, &second)).await, DONE);
    assert_eq!(settle_for(&store, "acme", "", 0, keys(&first, &second)).await, LOST);
    let tenants = store.tenants("", 10).await.expect("the store answers");
    assert_eq!(tenants.len(), 1);
    assert_eq!((tenants[0].0.as_str(), &tenants[0].1.keys), ("acme", &second));
    assert_eq!(settle_for(&store, "acme", "", 0, keys(&second, &first)).await, DONE);
    assert_eq!(store.tenants("acme", 10).await, Ok(Vec::new()));
}

/// Nothing of one tenant or user is another's, under the same names and ids.
pub async fn tenants_and_users_are_apart<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let held = factor(Method::Totp);
    let changes = vec![Change::PutPending(Box::new(held.clone())), Change::Open(Box::new(challenge()))];
    assert_eq!(settle(&store, 0, changes).await, DONE);
    for (tenant, user) in [("other", "ann"), ("acme", "bob"), ("acme", "ANN"), ("acme", "ann ")] {
        assert_eq!(
            settle_for(&store, tenant, user, 0, vec![activate(&held, 9)]).await,
            LOST,
            "{tenant}/{user}"
        );
        let query = Query { tenant: tenant.to_owned(), user: user.to_owned(), ..Query::default() };
        assert_eq!(store.load(query).await.map(|found| found.factors), Ok(Vec::new()), "{tenant}/{user}");
    }
    assert_eq!(settle(&store, 0, vec![activate(&held, 9)]).await, DONE);
}

/// Users come in the order of their names' bytes, page by page.
pub async fn users_come_in_pages<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    for user in ["bob", "ann", "Zoe", "ömer"] {
        let put = Change::PutSubject { expected: None, subject: SubjectRecord::default() };
        let held = Change::PutPending(Box::new(factor(Method::Sms)));
        assert_eq!(settle_for(&store, "acme", user, 0, vec![put.clone(), held]).await, DONE);
        assert_eq!(settle_for(&store, "acme", user, 0, vec![put]).await, LOST, "known already");
    }
    let names = |page: Vec<(String, Snapshot)>| page.into_iter().map(|(user, _)| user).collect::<Vec<_>>();
    let page = store.users("acme", "", 3).await.expect("the store answers");
    assert!(page.iter().all(|(_, found)| found.factors.len() == 1 && found.subject.is_some()));
    assert_eq!(names(page), ["Zoe", "ann", "bob"]);
    assert_eq!(names(store.users("acme", "bob", 3).await.expect("the store answers")), ["ömer"]);
    assert_eq!(names(store.users("other", "", 3).await.expect("the store answers")), [""; 0]);
}

/// Many writers make one chain.
pub async fn the_chain_has_no_gaps_among_racers<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = Arc::new(open().await);
    let outcomes = race(&store, 64, |racer, store| async move {
        let settlement = Settlement {
            tenant: "acme".to_owned(),
            user: format!("user {racer}"),
            now: at(racer as u64),
            changes: Vec::new(),
            events: vec![Event::new(EventName::ChallengeCreated), Event::new(EventName::DecisionAccepted)],
            if_changed: Vec::new(),
        };
        store.settle(settlement).await
    })
    .await;
    assert!(outcomes.iter().all(|outcome| *outcome == Ok(DONE)), "{outcomes:?}");
    let records = store.audit("acme", 0, 1_000).await.expect("the store answers");
    assert_eq!(records.len(), 128);
    verify_chain("acme", 0, CHAIN_START, &records).expect("one chain");
    let page = store.audit("acme", 126, 1_000).await.expect("the store answers");
    assert_eq!(page.as_slice(), &records[126..]);
}

/// What ended before a moment goes, what did not stays.
pub async fn sweeping_forgets_what_is_over<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let (mut old, mut new) = (challenge(), challenge());
    old.expires_at = at(9);
    new.expires_at = at(10);
    let (mut pending, mut active) = (factor(Method::Totp), factor(Method::Sms));
    pending.pending_until = at(9);
    active.pending_until = at(9);
    let proof = ProofRecord { tag: tag("p"), expires_at: at(9), used_at: None };
    let mut given = ticket(false);
    given.expires_at = at(9);
    let changes = vec![
        Change::Open(Box::new(old.clone())),
        Change::Open(Box::new(new.clone())),
        Change::PutPending(Box::new(pending)),
        Change::PutPending(Box::new(active.clone())),
        activate(&active, 1),
        Change::PutProof(proof),
        Change::PutTicket(Box::new(given)),
    ];
    assert_eq!(settle(&store, 0, changes).await, DONE);
    let attempts =
        crate::BudgetKey::Attempts { user: "ann".to_owned(), method: Method::Totp, trusted: false };
    let limit = crate::Limit::per_window(9, 5);
    let (old_key, new_key, locked) = (
        crate::BudgetKey::Network("old".to_owned()),
        crate::BudgetKey::Network("new".to_owned()),
        crate::BudgetKey::Network("locked".to_owned()),
    );
    let waits = crate::Limit { free: 1, delays: [20; 3], ..limit };
    for (key, limit, now) in
        [(&attempts, limit, 9), (&old_key, limit, 9), (&new_key, limit, 10), (&locked, waits, 9)]
    {
        let charge = vec![crate::store::Charge { key: key.clone(), limit }];
        assert!(matches!(store.charge("acme", charge, at(now)).await, Ok(crate::store::Charged::Granted(_))));
    }
    assert_eq!(store.sweep(at(9)).await, Ok(0));
    assert_eq!(store.sweep(at(10)).await, Ok(5), "a challenge, a factor, a proof, a ticket, a budget");
    let budgets = vec![attempts, old_key, new_key, locked];
    let left = load_query(&store, Query { budgets, ..Query::default() }).await.budgets;
    assert_eq!(left.iter().map(|budget| budget.used).collect::<Vec<_>>(), [1, 0, 1, 1]);
    let find = |id: &ChallengeId| Query { challenge: Some(id.clone()), ..Query::default() };
    assert!(load_query(&store, find(&old.id)).await.challenge.is_none());
    let left = load_query(&store, find(&new.id)).await;
    assert!(left.challenge.is_some());
    assert_eq!(left.factors.iter().map(|left| &left.id).collect::<Vec<_>>(), [&active.id]);
    assert_eq!(store.sweep(at(28)).await, Ok(2), "a challenge and a budget; one is locked until 29");
    assert_eq!(store.sweep(at(29)).await, Ok(1));
}

/// The self-test passes and leaves nothing behind.
pub async fn the_store_tests_itself<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    for _ in 0..2 {
        assert!(!store.self_test().await.expect("the self-test passes").name.is_empty());
    }
    assert_eq!(store.tenants("", 10).await, Ok(Vec::new()));
    assert_eq!(store.users("", "", 10).await.map(|users| users.len()), Ok(0));
}
