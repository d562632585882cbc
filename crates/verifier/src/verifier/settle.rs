//! Settling, and making sure that a user is known.

use super::{ATTEMPTS, Loaded, Verifier};
use crate::{
    Event, Failure, KeyProvider, Store, Timestamp,
    record::SubjectRecord,
    store::{Change, Settled, Settlement},
};

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    pub(crate) async fn settle(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        changes: Vec<Change>,
        events: Vec<Event>,
    ) -> Result<Settled, Failure> {
        let settlement = Settlement {
            tenant: loaded.who.tenant().to_owned(),
            user: loaded.user().to_owned(),
            now,
            changes,
            events,
        };
        Ok(self.store.settle(settlement).await?)
    }

    /// Settles what cannot lose: changes without guard.
    pub(crate) async fn note(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        changes: Vec<Change>,
        events: Vec<Event>,
    ) -> Result<(), Failure> {
        match self.settle(loaded, now, changes, events).await? {
            Settled::Done => Ok(()),
            Settled::Lost(_) => Err(Failure::Contended { what: "a record" }),
        }
    }

    /// Loads a user again and again until `change` made of its record is in the store.
    pub(crate) async fn put_subject(
        &self,
        mut loaded: Loaded,
        now: Timestamp,
        events: Vec<Event>,
        change: impl Fn(&mut SubjectRecord),
    ) -> Result<Loaded, Failure> {
        for _ in 0..ATTEMPTS {
            let expected = loaded.state.subject.clone();
            let mut subject =
                expected.clone().unwrap_or(SubjectRecord { created_at: now, ..Default::default() });
            change(&mut subject);
            if expected.as_ref() == Some(&subject) && events.is_empty() {
                return Ok(loaded);
            }
            let put = Change::PutSubject { expected, subject: subject.clone() };
            if self.settle(&loaded, now, vec![put], events.clone()).await? == Settled::Done {
                loaded.state.subject = Some(subject);
                return Ok(loaded);
            }
            let who = loaded.who.clone();
            let newer = self.load(&who).await?;
            loaded.state.subject = newer.state.subject;
        }
        Err(Failure::Contended { what: "the user's profile" })
    }
}
