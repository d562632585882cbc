//! Random histories against the suite's two models, thousands of them on the store in memory.

use keyhaven_verifier::{
    MemoryStore, Reason,
    store::conformance::{code_histories, message_histories},
};

async fn open() -> MemoryStore {
    MemoryStore::new()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_history_of_codes_comes_out_as_the_model_says() {
    code_histories(open, 8, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_history_of_messages_comes_out_as_the_model_says() {
    message_histories(open, 5, 1).await;
}

#[test]
fn the_reasons_the_models_speak_of_are_the_published_names() {
    let names = [
        Reason::Wrong,
        Reason::Expired,
        Reason::Answered,
        Reason::Cancelled,
        Reason::RecoveryUsed,
        Reason::FactorGone,
        Reason::MethodNotAllowed,
        Reason::NotSent,
        Reason::Denied,
    ];
    let published = [
        "wrong",
        "expired",
        "answered",
        "cancelled",
        "recovery_used",
        "factor_gone",
        "method_not_allowed",
        "not_sent",
        "denied",
    ];
    assert_eq!(names.map(Reason::name), published);
}
