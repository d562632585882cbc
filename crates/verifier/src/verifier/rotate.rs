//! New keys: another key-encryption key, another key of a tenant, and the end of those before.
//!
//! A tenant's new key seals, tags and peppers from then on; the one before still opens and compares. Factors move to the
//! new key when they are used, and all others by [`Verifier::reseal`]. When nothing is left under the old one, a day
//! later, [`Verifier::retire_keys`] forgets it.

use super::{
    Loaded, Verifier,
    admin::{AdminError, by, checked_reason},
};
use crate::{
    Actor, Event, EventName, Failure, KeyProvider, Role, Store, Subject, Timestamp,
    keys::{TenantKeys, key_of},
    record::{KeyRecord, SubjectRecord},
    store::{Change, Settled, Settlement},
};
use std::fmt;

/// Users looked at in one go.
const PAGE: u32 = 500;
/// Seconds a replaced key is kept at least: no request from before it is under way any more, and every challenge is over.
const KEPT: u64 = 86_400;

/// How far a work through many records has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Records that were changed.
    pub changed: u64,
    /// Records that were looked at.
    pub seen: u64,
    /// The last one that was looked at, to go on behind; `None` at the end.
    pub last: Option<String>,
}

/// What is still under keys that were replaced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnderFormerKeys {
    /// Factors and addresses that [`Verifier::reseal`] has not reached.
    pub sealed: u64,
    /// Recovery codes that were not used. Only their users know them, so they stay until there are new ones.
    pub recovery_codes: u64,
    /// From when the youngest of the keys can be retired at all.
    pub from: Timestamp,
}

impl fmt::Display for UnderFormerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sealed, recovery_codes, from } = self;
        write!(
            f,
            "{sealed} sealed records and {recovery_codes} recovery codes are under replaced keys, which are kept until \
             {from} at least"
        )
    }
}

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    /// Wraps at most `limit` tenants' keys, beginning behind one, under the provider's current key-encryption key.
    /// Sign-ins go on meanwhile: both unwrap.
    ///
    /// # Errors
    /// The store or the provider does not answer; what was wrapped until then stays.
    pub async fn rewrap(&self, after: &str, limit: u32, now: Timestamp) -> Result<Progress, Failure> {
        let tenants = self.store.tenants(after, limit).await?;
        let mut progress = Progress::default();
        for (tenant, record) in tenants {
            progress.seen += 1;
            if record.keys.kek != self.keys.current() {
                let keys = TenantKeys::rewrap(&self.keys, &tenant, &record.keys).await?;
                let event = Event::new(EventName::KeyRotated);
                // Lost to another node that does the same work.
                let done = self.set_keys(&tenant, record.keys, keys, event, now).await?;
                progress.changed += u64::from(done);
            }
            progress.last = Some(tenant);
        }
        Ok(progress)
    }

    /// How many tenants' keys are under another key-encryption key than the provider's current one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn left_to_rewrap(&self) -> Result<u64, Failure> {
        let (mut left, mut after) = (0, String::new());
        loop {
            let tenants = self.store.tenants(&after, PAGE).await?;
            let Some((last, _)) = tenants.last() else { return Ok(left) };
            after.clone_from(last);
            left +=
                tenants.iter().filter(|(_, record)| record.keys.kek != self.keys.current()).count() as u64;
        }
    }

    async fn set_keys(
        &self,
        tenant: &str,
        expected: KeyRecord,
        keys: KeyRecord,
        event: Event,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let settlement = Settlement {
            tenant: tenant.to_owned(),
            user: String::new(),
            now,
            changes: vec![Change::SetKeys { expected, keys }],
            events: vec![event],
            if_changed: Vec::new(),
        };
        let settled = self.store.settle(settlement).await?;
        // Other nodes see by the record that theirs are old.
        self.cache.forget(tenant);
        Ok(settled == Settled::Done)
    }

    /// Gives a tenant a new key; the number of it. Open challenges, remembered devices, tickets and recovery codes go on
    /// under the old one. Proofs that were not redeemed yet are worth nothing any more, and messages to one address and
    /// wrong answers from one network are counted anew.
    ///
    /// # Errors
    /// Not by the operator of the service, without a reason, or there is no such tenant.
    pub async fn rotate_key(
        &self,
        actor: &Actor,
        tenant: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<u32, AdminError> {
        let (reason, record) = (checked_reason(reason)?, self.operated(actor, tenant).await?);
        let keys = TenantKeys::rotate(&self.keys, tenant, &record, now).await?;
        let number = keys.number;
        let event = Event { user: None, ..by(EventName::KeyRotated, actor, "", reason) };
        if !self.set_keys(tenant, record, keys, event, now).await? {
            return Err(Failure::Contended { what: "the tenant's keys" }.into());
        }
        Ok(number)
    }

    /// Seals at most `limit` users' factors and addresses under their tenant's current key, beginning behind one.
    ///
    /// # Errors
    /// The store does not answer, or a record does not open: the error names it, and what was sealed until then stays.
    pub async fn reseal(
        &self,
        tenant: &str,
        after: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Progress, Failure> {
        let mut progress = Progress::default();
        for (user, _) in self.store.users(tenant, after, limit).await? {
            let who = Subject::new(tenant, &user).map_err(|_| Failure::Sealed { what: "user's name" })?;
            let loaded = self.load(&who, now).await?;
            let mut changes = Vec::new();
            for factor in &loaded.state.factors {
                changes.extend(loaded.resealed(factor)?.map(|factor| Change::Reseal(Box::new(factor))));
            }
            changes.extend(loaded.resealed_email()?);
            progress.seen += 1;
            // Lost to somebody who changed the profile, sealing it anew.
            if !changes.is_empty() && self.settle(&loaded, now, changes, Vec::new()).await? == Settled::Done {
                progress.changed += 1;
            }
            progress.last = Some(user);
        }
        Ok(progress)
    }

    /// Forgets the keys before a tenant's current one, if nothing is under them and they were replaced a day ago. Devices
    /// that did not come back since are asked again; tickets given out before are worth nothing any more. With
    /// `lose_recovery`, unused recovery codes under them are lost too, which is for keys that somebody else may have.
    ///
    /// # Errors
    /// Not by the operator, without a reason, or something is still under them; the error says what.
    pub async fn retire_keys(
        &self,
        actor: &Actor,
        tenant: &str,
        reason: &str,
        lose_recovery: bool,
        now: Timestamp,
    ) -> Result<(), AdminError> {
        let (reason, record) = (checked_reason(reason)?, self.operated(actor, tenant).await?);
        let Some(replaced) = record.former.iter().map(|former| former.until).max() else { return Ok(()) };
        let mut under = UnderFormerKeys { from: replaced.plus(KEPT), ..UnderFormerKeys::default() };
        let mut after = String::new();
        let mut losing = Vec::new();
        loop {
            let users = self.store.users(tenant, &after, PAGE).await?;
            let Some((last, _)) = users.last() else { break };
            after.clone_from(last);
            for (user, state) in users {
                let is_former = |sealed: &[u8]| key_of(sealed) != record.number;
                let sealed = state.factors.iter().filter(|factor| is_former(&factor.sealed)).count();
                let email = state.subject.as_ref().and_then(|subject| subject.email.as_deref());
                under.sealed += sealed as u64 + u64::from(email.is_some_and(is_former));
                let codes = state.recovery.iter().filter(|code| code.hash.key() != record.number);
                let left = codes.filter(|code| code.used_at.is_none()).count() as u64;
                under.recovery_codes += left;
                let trusts: Vec<Change> = state
                    .trusts
                    .iter()
                    .filter(|trust| trust.rotated_at <= replaced)
                    .map(|trust| Change::DropTrust { trust: Some(trust.id.clone()) })
                    .collect();
                let generation = state.recovery.first().map_or(0, |code| code.generation);
                if !trusts.is_empty() || left > 0 {
                    losing.push((user, trusts, (left > 0).then_some(generation)));
                }
            }
        }
        if under.sealed > 0 || (under.recovery_codes > 0 && !lose_recovery) || now < under.from {
            return Err(AdminError::StillUsed(under));
        }
        for (user, trusts, generation) in losing {
            let loaded = self.load(&Subject::new(tenant, &user)?, now).await?;
            if !trusts.is_empty() {
                // Changes without guard: nothing is lost.
                let _ = self.settle_by(&loaded, now, trusts, Vec::new(), Some(actor.name.clone())).await?;
            }
            if let Some(expected) = generation {
                // Lost to a set that was made meanwhile: it is under the current key, and stays.
                let lost = vec![Change::PutRecovery { expected, codes: Vec::new() }];
                let _ = self.settle(&loaded, now, lost, Vec::new()).await?;
            }
        }
        let keys = KeyRecord { former: Vec::new(), ..record.clone() };
        let event = Event { user: None, ..by(EventName::KeyRotated, actor, "", reason) };
        if !self.set_keys(tenant, record, keys, event, now).await? {
            return Err(Failure::Contended { what: "the tenant's keys" }.into());
        }
        Ok(())
    }

    async fn operated(&self, actor: &Actor, tenant: &str) -> Result<KeyRecord, AdminError> {
        if actor.role != Role::Operator {
            return Err(AdminError::OperatorOnly { rule: "the tenant's key" });
        }
        let unknown = || Failure::UnknownTenant { tenant: tenant.to_owned() };
        Ok(self.tenant(tenant).await?.ok_or_else(unknown)?.keys)
    }
}

impl Loaded {
    fn resealed_email(&self) -> Result<Option<Change>, Failure> {
        let Some(known) = self.state.subject.as_ref() else { return Ok(None) };
        if !known.email.as_ref().is_some_and(|sealed| self.keys.is_former(sealed)) {
            return Ok(None);
        }
        let email = self.email()?.map(|address| self.seal_email(address.expose())).transpose()?;
        let subject = SubjectRecord { email, ..known.clone() };
        Ok(Some(Change::PutSubject { expected: Some(known.clone()), subject }))
    }
}
