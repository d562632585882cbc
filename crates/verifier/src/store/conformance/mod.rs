//! The suite that proves a store: what each verb promises, and what the verifier on top of it promises when many
//! callers come at once. Panics where a promise is broken, as tests do.
//!
//! ```text
//! async fn open() -> MyStore { MyStore::open_empty().await }
//! keyhaven_verifier::store_conformance!(open);
//! ```

mod budgets;
mod changes;
mod message_model;
mod model;
mod once;
mod pairs;
mod races;
mod replies;
mod stories;
mod told;

pub use budgets::*;
pub use changes::*;
pub use message_model::*;
pub use model::*;
pub use once::*;
pub use pairs::*;
pub use races::*;
pub use replies::*;
pub use told::*;

use super::{Change, Query, Settled, Settlement, Snapshot, Store};
use crate::{
    FactorId, Method, Timestamp,
    record::{Factor, FactorState, KeyRecord, Replaces, TenantRecord},
};
use std::{future::Future, sync::Arc};

/// Makes a module of tests that run every case on a fresh store each. `$open` is an `async fn` without arguments that
/// opens an empty one; the crate that uses this needs tokio with `rt-multi-thread` and `macros`.
#[macro_export]
macro_rules! store_conformance {
    ($open:path) => {
        $crate::store_conformance!(@each $open:
            charges_follow_the_model charges_are_all_or_none charges_are_exact_among_racers refunds_and_resets
            a_settlement_is_all_or_nothing records_come_back_as_they_went factors_live_once
            the_last_factor_stays_and_what_waits_goes steps_go_forward
            recovery_codes_are_used_once challenges_are_answered_once codes_replace_each_other proofs_and_tickets
            trust_makes_room policies_are_replaced_in_order tenants_and_users_are_apart users_come_in_pages
            the_chain_has_no_gaps_among_racers sweeping_forgets_what_is_over the_store_tests_itself
            one_code_in_many_challenges one_code_in_one_challenge one_recovery_code each_of_six_recovery_codes
            one_proof one_confirmation wrong_answers_are_compared_within_the_budget
            messages_are_sent_within_the_budget revoking_against_answering regenerating_against_recovering
            enrolling_up_to_the_limit one_first_factor policies_against_each_other codes_do_not_come_back clocks_that_disagree
            a_clock_set_back_gives_no_guess_back enrolling_anew_against_answering success_against_parallel_failures
            locking_against_an_answer_in_flight one_named_request_many_times
            replies_are_kept_once one_named_request_at_once names_of_any_characters
            one_counter one_text_message one_mail one_push_number one_ticket one_reset_ticket one_invitation
            one_approval one_device_token one_phone_change one_new_set_of_recovery_codes
            one_proof_wherever_it_is_taken one_proof_for_two_actions removing_each_other what_changed_is_told_once
            what_is_over_is_found_until_it_is_told locks_begin_once wrong_answers_lock_once
            few_recovery_codes_are_told_once_each trust_that_ends_is_told_once code_histories_come_out_as_the_model_says
            message_histories_come_out_as_the_model_says
        );
    };
    (@each $open:path: $($case:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            $crate::store::conformance::$case($open).await;
        }
    )*};
}

const T0: u64 = 1_800_000_000;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(T0 + seconds)
}

async fn settle_for<S: Store>(
    store: &S,
    tenant: &str,
    user: &str,
    now: u64,
    changes: Vec<Change>,
) -> Settled {
    let settlement = Settlement {
        tenant: tenant.to_owned(),
        user: user.to_owned(),
        now: at(now),
        changes,
        events: Vec::new(),
        if_changed: Vec::new(),
    };
    store.settle(settlement).await.expect("the store answers")
}

/// Settles for one user of one tenant.
async fn settle<S: Store>(store: &S, now: u64, changes: Vec<Change>) -> Settled {
    settle_for(store, "acme", "ann", now, changes).await
}

async fn load<S: Store>(store: &S) -> Snapshot {
    load_query(store, Query::default()).await
}

async fn load_query<S: Store>(store: &S, query: Query) -> Snapshot {
    let query = Query { tenant: "acme".to_owned(), user: "ann".to_owned(), ..query };
    store.load(query).await.expect("the store answers")
}

fn tenant(revision: u64) -> TenantRecord {
    TenantRecord {
        revision,
        policy: format!("{{\"n\":{revision}}}"),
        keys: KeyRecord { kek: "k1".to_owned(), number: 1, wrapped: vec![1, 2, 3], former: Vec::new() },
    }
}

fn factor(method: Method) -> Factor {
    Factor {
        id: FactorId::random().expect("random numbers"),
        method,
        generation: 1,
        label: "a 'label' with \"quotes\" and \u{1f511}".to_owned(),
        algorithm: Some(crate::record::StoredAlgorithm::Sha256),
        digits: 6,
        period: 30,
        sealed: vec![0, 255, 7],
        address: Some(crate::Tag::from_text("ab".to_owned())),
        hint: "•••58".to_owned(),
        replaces: Replaces::SameMethod,
        first: false,
        ticket: None,
        created_at: at(0),
        pending_until: at(100),
        state: FactorState::Pending,
        last_step: None,
        drift: 0,
        last_used: None,
    }
}

fn activate(factor: &Factor, max_active: u32) -> Change {
    Change::Activate {
        factor: factor.id.clone(),
        from: FactorState::Pending,
        last_step: Some(7),
        drift: -1,
        max_active,
        alone: false,
    }
}

/// Runs `racers` tasks that start together; what each came to, in their order.
async fn race<S, F, R>(shared: &Arc<S>, racers: usize, run: impl Fn(usize, Arc<S>) -> F) -> Vec<R>
where
    S: Send + Sync + 'static,
    F: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    let start = Arc::new(tokio::sync::Barrier::new(racers));
    let tasks: Vec<_> = (0..racers)
        .map(|racer| {
            let (start, work) = (start.clone(), run(racer, shared.clone()));
            tokio::spawn(async move {
                start.wait().await;
                work.await
            })
        })
        .collect();
    let mut outcomes = Vec::with_capacity(racers);
    for task in tasks {
        outcomes.push(task.await.expect("no racer panics"));
    }
    outcomes
}

/// How many race.
const RACERS: [usize; 4] = [2, 12, 128, 1_000];
