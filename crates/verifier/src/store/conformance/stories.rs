//! How a random history is tried: each step is done by the verifier and by a model beside it, and both must come to the
//! same. A failure shrinks to the shortest story that still shows it.

use super::races::Shared;
use crate::{Store, Subject};
use proptest::{prelude::*, test_runner::TestRunner};
use std::{
    fmt::Debug,
    sync::atomic::{AtomicU32, Ordering},
};
use tokio::{runtime::Handle, task::block_in_place};

/// A user's story that unfolds step by step, beside what ought to be.
pub(super) trait Story<'a, S: Store>: Sized {
    /// What somebody does.
    type Step: Debug + Clone;

    /// Begins one, of a user whom nobody knows yet.
    fn new(verifier: &'a Shared<S>, who: Subject) -> Self;

    /// Goes on, and compares.
    async fn step(&mut self, step: Self::Step) -> Result<(), TestCaseError>;
}

/// Tells so many stories, each of a user of its own. The number of cases that the environment asks for (`PROPTEST_CASES`,
/// 256 without) is multiplied by `times` and divided by `by`.
///
/// Runs on a runtime with several threads only.
pub(super) fn tell<'a, S: Store, T: Story<'a, S>>(
    verifier: &'a Shared<S>,
    step: impl Strategy<Value = T::Step>,
    times: u32,
    by: u32,
) {
    let users = AtomicU32::new(0);
    let asked = ProptestConfig::default();
    let cases = asked.cases.saturating_mul(times).div_ceil(by);
    let mut runner = TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..asked });
    let outcome = runner.run(&prop::collection::vec(step, 1..60), |steps| {
        let user = users.fetch_add(1, Ordering::Relaxed);
        let who = Subject::new("acme", &format!("user {user}")).expect("a name");
        let mut story = T::new(verifier, who);
        let telling = async {
            for step in steps {
                story.step(step).await?;
            }
            Ok(())
        };
        block_in_place(|| Handle::current().block_on(telling))
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
