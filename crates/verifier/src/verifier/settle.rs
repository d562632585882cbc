//! Settling, with what changes tell of themselves, and making sure that a user is known.

use super::{ATTEMPTS, Loaded, Verifier};
use crate::{
    Context, Event, EventName, Failure, KeyProvider, Store, Timestamp,
    record::{Challenge, SubjectRecord},
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
        let by = events.iter().find_map(|event| event.by.clone());
        self.settle_by(loaded, now, changes, events, by).await
    }

    /// Settles, and says who did it in what the changes tell of themselves.
    pub(super) async fn settle_by(
        &self,
        loaded: &Loaded,
        now: Timestamp,
        changes: Vec<Change>,
        events: Vec<Event>,
        by: Option<String>,
    ) -> Result<Settled, Failure> {
        let told = |change: &Change| match change {
            Change::DropTrust { .. } | Change::PutTrust { .. } => {
                Some(Event { by: by.clone(), ..Event::of(EventName::TrustRemoved, loaded.user()) })
            }
            Change::Expire { .. } => Some(over(loaded.user(), loaded.state.challenge.as_ref()?)),
            _ => None,
        };
        let settlement = Settlement {
            tenant: loaded.who.tenant().to_owned(),
            user: loaded.user().to_owned(),
            now,
            if_changed: changes
                .iter()
                .enumerate()
                .filter_map(|(at, change)| Some((at, told(change)?)))
                .collect(),
            changes,
            events,
        };
        Ok(self.store.settle(settlement).await?)
    }

    /// Tells, once, that the challenge which was loaded ended without an answer, if it did.
    pub(crate) async fn note_if_over(&self, loaded: &Loaded, context: &Context) -> Result<(), Failure> {
        match loaded.ending(context) {
            Some(expire) => self.note(loaded, context.now, vec![expire], Vec::new()).await,
            None => Ok(()),
        }
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
            let newer = self.load(&who, now).await?;
            loaded.state.subject = newer.state.subject;
        }
        Err(Failure::Contended { what: "the user's profile" })
    }
}

impl Loaded {
    /// The change that notes that the challenge which was loaded ended without an answer, if it did and is of this session.
    pub(crate) fn ending(&self, context: &Context) -> Option<Change> {
        let found = self.state.challenge.as_ref()?;
        let met = self.is_session(&found.session, context) && found.is_over(context.now);
        met.then(|| Change::Expire { challenge: found.id.clone() })
    }
}

/// What is told of a challenge that ended without an answer.
pub(super) fn over(user: &str, challenge: &Challenge) -> Event {
    Event {
        challenge: Some(challenge.id.clone()),
        action: Some(challenge.action.clone()),
        ..Event::of(EventName::ChallengeExpired, user)
    }
}
