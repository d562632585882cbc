//! The suite for stores, on the store in memory.

use keyhaven_verifier::MemoryStore;

async fn open() -> MemoryStore {
    MemoryStore::new()
}

keyhaven_verifier::store_conformance!(open);
