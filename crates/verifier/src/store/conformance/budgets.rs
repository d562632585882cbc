//! Charging.

use super::{RACERS, at, load_query, race, settle};
use crate::{
    Budget, BudgetKey, Limit,
    store::{Change, Charge, Charged, Query, Settled, Store},
};
use std::{future::Future, sync::Arc};

fn key(name: &str) -> BudgetKey {
    BudgetKey::Network(name.to_owned())
}

fn charge(name: &str, limit: Limit) -> Charge {
    Charge { key: key(name), limit }
}

async fn budget<S: Store>(store: &S, name: &str) -> Budget {
    load_query(store, Query { budgets: vec![key(name)], ..Query::default() }).await.budgets[0]
}

/// A small generator of numbers (xorshift64*): the same ones each time, so that a failure comes back.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % end
    }
}

/// A store charges exactly as [`Budget::charge`] does, in any order of times and limits, clocks set back included.
pub async fn charges_follow_the_model<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    for story in 0..60 {
        let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ (story + 1));
        let limit = Limit {
            window: 1 + numbers.below(50) as u32,
            max: 1 + numbers.below(6) as u32,
            consecutive: if numbers.below(2) == 0 { Limit::ENDLESS } else { 1 + numbers.below(12) as u32 },
            free: if numbers.below(2) == 0 { Limit::ENDLESS } else { 1 + numbers.below(4) as u32 },
            delays: [numbers.below(20) as u32, numbers.below(40) as u32, numbers.below(80) as u32],
            lockout: if numbers.below(2) == 0 { 0 } else { numbers.below(100) as u32 },
        };
        let name = format!("story {story}");
        let mut model = Budget::default();
        let mut now = 100;
        for step in 0..25 {
            now = (now + numbers.below(25)).saturating_sub(if numbers.below(8) == 0 { 30 } else { 0 });
            if numbers.below(6) == 0 {
                let clear = numbers.below(2) == 0;
                model.refund(clear);
                let refund = Change::Refund { key: key(&name), clear };
                assert_eq!(settle(&store, now, vec![refund]).await, Settled::Done);
                continue;
            }
            let before = model.locked_until;
            let expected = model.charge(&limit, at(now));
            let found =
                store.charge("acme", vec![charge(&name, limit)], at(now)).await.expect("the store answers");
            match (expected, &found) {
                (Ok(()), Charged::Granted(budgets)) => {
                    assert_eq!(budgets.as_slice(), [model], "story {story} step {step} {limit:?}");
                }
                (Err(exhausted), Charged::Refused { at: 0, budget, until, began }) => {
                    assert_eq!(
                        (*budget, *until, *began),
                        (model, exhausted.until, model.locked_until > before),
                        "story {story} step {step} {limit:?}"
                    );
                }
                other => panic!("story {story} step {step} {limit:?}: {other:?}"),
            }
        }
        assert_eq!(budget(&store, &name).await, model, "story {story}");
    }
}

/// One exhausted budget leaves all others as they were; only its own lock-out starts.
pub async fn charges_are_all_or_none<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let wide = Limit::per_window(10, 60);
    let narrow = Limit { lockout: 500, ..Limit::per_window(1, 60) };
    let list = || vec![charge("a", wide), charge("b", narrow), charge("c", wide)];
    let granted = store.charge("acme", list(), at(0)).await.expect("the store answers");
    assert!(matches!(granted, Charged::Granted(budgets) if budgets.len() == 3));
    let refused = store.charge("acme", list(), at(1)).await.expect("the store answers");
    assert!(
        matches!(refused, Charged::Refused { at: 1, until: Some(until), .. } if until == at(501)),
        "{refused:?}"
    );
    for name in ["a", "c"] {
        assert_eq!(budget(&store, name).await.used, 1, "{name}");
    }
    assert_eq!(budget(&store, "b").await.locked_until, at(501));
    let other = store.charge("other", list(), at(1)).await.expect("the store answers");
    assert!(matches!(other, Charged::Granted(_)), "another tenant has budgets of its own");
    assert_eq!(store.charge("acme", Vec::new(), at(1)).await, Ok(Charged::Granted(Vec::new())));
}

/// However many come at once, exactly so many are granted as there are.
pub async fn charges_are_exact_among_racers<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = Arc::new(open().await);
    for racers in RACERS {
        let name = format!("{racers} racers");
        let limit = Limit::per_window(5, 60);
        for window in 0..2 {
            let outcomes = race(&store, racers, |_, store| {
                let list = vec![charge(&name, limit), charge("beside", Limit::per_window(100_000, 600))];
                async move { store.charge("acme", list, at(window * 60)).await.expect("the store answers") }
            })
            .await;
            let granted = outcomes.iter().filter(|outcome| matches!(outcome, Charged::Granted(_))).count();
            assert_eq!(granted, racers.min(5), "{racers} racers, window {window}");
        }
        assert_eq!(budget(&*store, &name).await.used, racers.min(5) as u64);
    }
    let all: u64 = RACERS.iter().map(|racers| 2 * (*racers).min(5) as u64).sum();
    assert_eq!(budget(&*store, "beside").await.used, all, "what was refused beside it was not counted");
}

/// What is given back can be charged again; what never was stays nothing.
pub async fn refunds_and_resets<S: Store, F: Future<Output = S>>(open: impl Fn() -> F) {
    let store = open().await;
    let limit = Limit { consecutive: 2, ..Limit::per_window(9, 60) };
    let once = || store.charge("acme", vec![charge("a", limit)], at(0));
    for _ in 0..2 {
        assert!(matches!(once().await, Ok(Charged::Granted(_))));
    }
    assert!(matches!(once().await, Ok(Charged::Refused { until: None, .. })));
    let refund = |clear| vec![Change::Refund { key: key("a"), clear }];
    assert_eq!(settle(&store, 0, refund(false)).await, Settled::Done);
    assert!(matches!(once().await, Ok(Charged::Refused { until: None, .. })), "a row is a row");
    assert_eq!(settle(&store, 0, refund(true)).await, Settled::Done);
    assert!(matches!(once().await, Ok(Charged::Granted(_))));
    assert_eq!(settle(&store, 0, vec![Change::Reset { key: key("a") }]).await, Settled::Done);
    assert_eq!(budget(&store, "a").await, Budget::default());
    assert_eq!(settle(&store, 0, refund(true)).await, Settled::Done);
    assert_eq!(budget(&store, "a").await, Budget::default());
}
