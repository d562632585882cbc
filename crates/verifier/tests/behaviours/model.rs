//! Random histories against the suite's model, thousands of them on the store in memory.

use keyhaven_verifier::{MemoryStore, Reason, store::conformance::histories};

async fn open() -> MemoryStore {
    MemoryStore::new()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_history_comes_out_as_the_model_says() {
    histories(open, 8, 1).await;
}

#[test]
fn the_reasons_the_model_speaks_of_are_the_published_names() {
    let names = [Reason::Wrong, Reason::Expired, Reason::Answered, Reason::RecoveryUsed, Reason::FactorGone];
    assert_eq!(names.map(Reason::name), ["wrong", "expired", "answered", "recovery_used", "factor_gone"]);
}
