//! The store in memory, for tests and demonstrations. What it holds is gone with the process.

use super::{
    Change, Charge, Charged, Query, Settled, Settlement, Snapshot, Store, StoreReport,
    sync::{Mutex, MutexGuard},
};
use crate::{
    AuditRecord, Budget, BudgetKey, DecisionId, Explanation, Method, Tag, TicketId, Timestamp, Unavailable,
    audit::CHAIN_START,
    record::{
        Challenge, Factor, FactorState, ProofRecord, RecoveryCode, Reply, SubjectRecord, TenantRecord,
        Ticket, Trust, TrustKind,
    },
};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::SystemTime,
};

/// A store in memory: one lock, held for each verb.
#[derive(Default)]
pub struct MemoryStore {
    tenants: Mutex<BTreeMap<String, TenantState>>,
}

#[derive(Default)]
struct TenantState {
    record: Option<TenantRecord>,
    subjects: BTreeMap<String, SubjectState>,
    budgets: HashMap<String, Budget>,
    explanations: HashMap<DecisionId, Explanation>,
    audit: Vec<AuditRecord>,
}

/// One user. A settlement works on a copy and puts it back only if everything held; challenges are many, so they are
/// shared between the copies.
#[derive(Default, Clone)]
struct SubjectState {
    record: Option<SubjectRecord>,
    factors: Vec<Factor>,
    recovery: Vec<RecoveryCode>,
    trusts: Vec<Trust>,
    challenges: BTreeMap<String, Arc<Challenge>>,
    tickets: Vec<Ticket>,
    proofs: BTreeMap<String, ProofRecord>,
    replies: BTreeMap<String, Reply>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> Result<MutexGuard<'_, BTreeMap<String, TenantState>>, Unavailable> {
        // A poisoned lock means that a verb panicked halfway: what it left cannot be trusted.
        self.tenants.lock().map_err(|_| Unavailable::new("the store", "a thread failed while it changed it"))
    }
}

impl SubjectState {
    fn factor(&mut self, id: &crate::FactorId) -> Option<&mut Factor> {
        self.factors.iter_mut().find(|factor| factor.id == *id)
    }

    /// The factor, if this step of it can still be claimed.
    fn claimable(&mut self, id: &crate::FactorId, generation: u64, step: u64) -> Option<&mut Factor> {
        self.factor(id).filter(|factor| {
            factor.state == FactorState::Active
                && factor.generation == generation
                && factor.last_step.is_none_or(|last| last < step)
        })
    }

    fn open_challenge(&mut self, id: &crate::ChallengeId, now: Timestamp) -> Option<&mut Challenge> {
        let challenge = self.challenges.get_mut(id.as_str())?;
        let open = is_open(challenge) && challenge.expires_at > now;
        open.then(|| Arc::make_mut(challenge))
    }

    fn usable_ticket(&mut self, id: &TicketId, now: Timestamp) -> Option<&mut Ticket> {
        self.tickets
            .iter_mut()
            .find(|ticket| ticket.id == *id && ticket.used_at.is_none() && ticket.expires_at > now)
    }

    fn active(&self, method: Method) -> usize {
        self.factors
            .iter()
            .filter(|factor| factor.method == method && factor.state == FactorState::Active)
            .count()
    }

    /// Does a change to this user; `None` if its guard does not hold, else whether it changed something.
    fn apply(&mut self, change: Change, now: Timestamp) -> Option<bool> {
        match change {
            Change::Expire { challenge } => {
                let found = self.challenges.get_mut(challenge.as_str());
                let over = found.filter(|found| is_open(found) && found.expires_at <= now);
                Some(over.map(|over| Arc::make_mut(over).expired = true).is_some())
            }
            Change::PutTrust { trust, keep } => {
                self.trusts.retain(|known| known.kind != TrustKind::Network || known.tag != trust.tag);
                self.trusts.push(trust);
                // Stable, so of two used in the same second the later entry stays.
                self.trusts.sort_by_key(|known| known.last_used);
                let surplus = self.trusts.len().saturating_sub(keep.into());
                Some(self.trusts.drain(..surplus).count() > 0)
            }
            Change::DropTrust { trust } => {
                let had = self.trusts.len();
                self.trusts.retain(|known| trust.as_ref().is_some_and(|dropped| *dropped != known.id));
                Some(self.trusts.len() < had)
            }
            guarded => self.guarded(guarded, now).map(|()| true),
        }
    }

    /// Does a change that holds or not.
    fn guarded(&mut self, change: Change, now: Timestamp) -> Option<()> {
        match change {
            Change::PutSubject { expected, subject } => {
                (self.record == expected).then(|| self.record = Some(subject))
            }
            Change::PutPending(factor) => {
                self.factors.push(*factor);
                Some(())
            }
            Change::Reseal(resealed) => {
                self.factor(&resealed.id).map(|factor| factor.sealed = resealed.sealed)
            }
            Change::Validate { factor } => {
                let factor = self.factor(&factor)?;
                let holds = factor.state == FactorState::Pending && factor.pending_until > now;
                holds.then(|| factor.state = FactorState::Validated)
            }
            Change::Activate { factor, from, last_step, drift, max_active, alone } => {
                let method = self.factor(&factor)?.method;
                let others = self.factors.iter().any(|factor| factor.state == FactorState::Active);
                let room = self.active(method) < max_active as usize && !(alone && others);
                let factor = self.factor(&factor)?;
                let holds = factor.state == from && factor.pending_until > now && room;
                holds.then(|| {
                    factor.state = FactorState::Active;
                    factor.last_step = last_step;
                    factor.drift = drift;
                    factor.last_used = Some(now);
                })
            }
            Change::Revoke { factor, last } => {
                let mut others = self.factors.iter().filter(|other| other.id != factor);
                let holds = last || others.any(|other| other.state == FactorState::Active);
                let factor = self.factor(&factor)?;
                (holds && factor.state != FactorState::Revoked).then(|| factor.state = FactorState::Revoked)
            }
            Change::RevokeOthers { method, except } => {
                for factor in &mut self.factors {
                    if method.is_none_or(|method| method == factor.method)
                        && Some(&factor.id) != except.as_ref()
                    {
                        factor.state = FactorState::Revoked;
                    }
                }
                Some(())
            }
            Change::RevokeWaiting { except } => {
                for factor in &mut self.factors {
                    if matches!(factor.state, FactorState::Pending | FactorState::Validated)
                        && Some(&factor.id) != except.as_ref()
                    {
                        factor.state = FactorState::Revoked;
                    }
                }
                Some(())
            }
            Change::ClaimStep { factor, generation, step } => {
                let factor = self.claimable(&factor, generation, step)?;
                factor.last_step = Some(step);
                factor.last_used = Some(now);
                Some(())
            }
            Change::Resync { factor, generation, step, drift } => {
                let factor = self.claimable(&factor, generation, step)?;
                factor.last_step = Some(step);
                factor.last_used = Some(now);
                factor.drift = drift;
                Some(())
            }
            Change::Touch { factor } => {
                let factor = self.factor(&factor)?;
                (factor.state == FactorState::Active).then(|| factor.last_used = Some(now))
            }
            Change::PutRecovery { expected, codes } => {
                let current = self.recovery.first().map_or(0, |code| code.generation);
                (current == expected).then(|| self.recovery = codes)
            }
            Change::UseRecovery { code, generation } => {
                let code = self.recovery.iter_mut().find(|stored| stored.id == code)?;
                let holds = code.generation == generation && code.used_at.is_none();
                holds.then(|| code.used_at = Some(now))
            }
            Change::RequireUnused { codes } => {
                let unused = self.recovery.iter().filter(|code| code.used_at.is_none()).count();
                (unused == codes as usize).then_some(())
            }
            Change::Open(challenge) => {
                self.challenges.insert(challenge.id.as_str().to_owned(), Arc::new(*challenge));
                Some(())
            }
            Change::Select { challenge, method } => {
                self.open_challenge(&challenge, now)?.method = method;
                Some(())
            }
            Change::SetCode { challenge, method, factor, code, cooldown } => {
                let challenge = self.open_challenge(&challenge, now)?;
                let rested = challenge.sent_at.is_none_or(|sent| sent.plus(cooldown.into()) <= now);
                (rested && challenge.method == method).then(|| {
                    challenge.factor = Some(factor);
                    challenge.code = Some(code);
                    challenge.sends += 1;
                    challenge.sent_at = Some(now);
                })
            }
            Change::Answer { challenge, code, answered } => {
                let challenge = self.open_challenge(&challenge, now)?;
                let holds = code.is_none_or(|compared| {
                    challenge.code.as_ref().is_some_and(|sent| sent.tag == compared && sent.expires_at > now)
                });
                holds.then(|| challenge.answered = Some(answered))
            }
            Change::Cancel { challenge } => {
                self.open_challenge(&challenge, now)?.cancelled = true;
                Some(())
            }
            Change::RotateTrust { trust, expected, tag } => {
                let trust = self.trusts.iter_mut().find(|known| known.id == trust)?;
                (trust.tag == expected && trust.expires_at > now).then(|| {
                    trust.former_tag = Some(std::mem::replace(&mut trust.tag, tag));
                    trust.rotated_at = now;
                    trust.last_used = now;
                })
            }
            Change::PutProof(proof) => {
                self.proofs.insert(proof.tag.as_str().to_owned(), proof);
                Some(())
            }
            Change::ConsumeProof { tag } => {
                let proof = self.proof(&tag)?;
                (proof.used_at.is_none() && proof.expires_at > now).then(|| proof.used_at = Some(now))
            }
            Change::DropProofs => {
                self.proofs.retain(|_, proof| proof.used_at.is_some());
                Some(())
            }
            Change::PutTicket(ticket) => {
                self.tickets.push(*ticket);
                Some(())
            }
            Change::ApproveTicket { ticket, by } => {
                let ticket = self.usable_ticket(&ticket, now)?;
                (ticket.awaits_approval && ticket.issued_by != by).then(|| ticket.awaits_approval = false)
            }
            Change::ConsumeTicket { ticket } => {
                let ticket = self.usable_ticket(&ticket, now)?;
                (!ticket.awaits_approval).then(|| ticket.used_at = Some(now))
            }
            Change::KeepReply(reply) => {
                self.replies.retain(|_, kept| kept.until > now);
                let free = !self.replies.contains_key(reply.request.as_str());
                free.then(|| {
                    self.replies.insert(reply.request.as_str().to_owned(), *reply);
                })
            }
            // Changes that hold always, and those of the tenant, are done by the callers of this.
            Change::Expire { .. }
            | Change::PutTrust { .. }
            | Change::DropTrust { .. }
            | Change::SetPolicy { .. }
            | Change::RequirePolicy { .. }
            | Change::SetKeys { .. }
            | Change::Refund { .. }
            | Change::Reset { .. }
            | Change::Explain(_) => Some(()),
        }
    }

    fn proof(&mut self, tag: &Tag) -> Option<&mut ProofRecord> {
        self.proofs.get_mut(tag.as_str())
    }

    fn sweep(&mut self, before: Timestamp) -> usize {
        let count = |subject: &Self| {
            subject.factors.len()
                + subject.challenges.len()
                + subject.proofs.len()
                + subject.tickets.len()
                + subject.replies.len()
        };
        let had = count(self);
        self.factors.retain(|factor| {
            matches!(factor.state, FactorState::Active | FactorState::Revoked)
                || factor.pending_until >= before
        });
        self.challenges.retain(|_, challenge| challenge.expires_at >= before);
        self.proofs.retain(|_, proof| proof.expires_at >= before);
        self.tickets.retain(|ticket| ticket.expires_at >= before);
        self.replies.retain(|_, reply| reply.until >= before);
        had - count(self)
    }

    fn snapshot(&self, query: &Query) -> Snapshot {
        let challenge = query.challenge.as_ref().and_then(|id| self.challenges.get(id.as_str()));
        Snapshot {
            tenant: None,
            subject: self.record.clone(),
            factors: self.factors.clone(),
            recovery: self.recovery.clone(),
            trusts: self.trusts.clone(),
            challenge: challenge.map(|challenge| (**challenge).clone()),
            ticket: query
                .ticket
                .as_ref()
                .and_then(|id| self.tickets.iter().find(|ticket| ticket.id == *id).cloned()),
            reply: query.request.as_ref().and_then(|tag| self.replies.get(tag.as_str()).cloned()),
            budgets: Vec::new(),
        }
    }
}

fn is_open(challenge: &Challenge) -> bool {
    !challenge.cancelled && !challenge.expired && challenge.answered.is_none()
}

impl TenantState {
    fn settle(&mut self, settlement: Settlement) -> Settled {
        let Settlement { tenant, user, now, changes, mut events, if_changed } = settlement;
        let mut subject = self.subjects.get(&user).cloned().unwrap_or_default();
        let mut record = self.record.clone();
        let mut unguarded = Vec::new();
        let mut changed = Vec::with_capacity(changes.len());
        for (index, change) in changes.into_iter().enumerate() {
            let held = match change {
                Change::SetPolicy { expected, tenant } => {
                    let current = record.as_ref().map_or(0, |record| record.revision);
                    (current == expected).then(|| {
                        match &mut record {
                            Some(record) => {
                                record.revision = tenant.revision;
                                record.policy = tenant.policy;
                            }
                            None => record = Some(tenant),
                        }
                        true
                    })
                }
                Change::RequirePolicy { revision } => {
                    record.as_ref().filter(|record| record.revision == revision).map(|_| true)
                }
                Change::SetKeys { expected, keys } => {
                    record.as_mut().filter(|record| record.keys == expected).map(|record| {
                        record.keys = keys;
                        true
                    })
                }
                Change::Refund { .. } | Change::Reset { .. } | Change::Explain(_) => {
                    unguarded.push(change);
                    Some(true)
                }
                of_the_user => subject.apply(of_the_user, now),
            };
            match held {
                Some(did) => changed.push(did),
                None => return Settled::Lost(index),
            }
        }
        let tells = |index: usize| changed.get(index).copied().unwrap_or(false);
        events.extend(if_changed.into_iter().filter(|(index, _)| tells(*index)).map(|(_, event)| event));
        self.record = record;
        if !user.is_empty() {
            self.subjects.insert(user, subject);
        }
        for change in unguarded {
            match change {
                Change::Refund { key, clear } => {
                    if let Some(budget) = self.budgets.get_mut(&key.to_text()) {
                        budget.refund(clear);
                    }
                }
                Change::Reset { key } => {
                    self.budgets.remove(&key.to_text());
                }
                Change::Explain(explanation) => {
                    self.explanations.insert(explanation.decision.clone(), *explanation);
                }
                _ => {}
            }
        }
        for event in events {
            let (sequence, previous) =
                self.audit.last().map_or((0, CHAIN_START), |last| (last.sequence, last.hash.as_str()));
            let record = AuditRecord::following(&tenant, sequence, previous, now, &event);
            self.audit.push(record);
        }
        Settled::Done
    }
}

impl Store for MemoryStore {
    async fn charge(
        &self,
        tenant: &str,
        charges: Vec<Charge>,
        now: Timestamp,
    ) -> Result<Charged, Unavailable> {
        let mut tenants = self.lock()?;
        let budgets = &mut tenants.entry(tenant.to_owned()).or_default().budgets;
        let mut granted: Vec<Budget> = Vec::with_capacity(charges.len());
        for (at, charge) in charges.iter().enumerate() {
            let key = charge.key.to_text();
            let before = budgets.get(&key).copied().unwrap_or_default();
            let mut budget = before;
            let outcome = budget.charge(&charge.limit, now);
            if let Err(exhausted) = outcome {
                // A lock-out stays; what was charged before it in this list does not.
                budgets.insert(key, budget);
                let began = budget.locked_until > before.locked_until;
                return Ok(Charged::Refused { at, budget, until: exhausted.until, began });
            }
            granted.push(budget);
        }
        for (charge, budget) in charges.iter().zip(&granted) {
            budgets.insert(charge.key.to_text(), *budget);
        }
        Ok(Charged::Granted(granted))
    }

    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        let mut tenants = self.lock()?;
        Ok(tenants.entry(settlement.tenant.clone()).or_default().settle(settlement))
    }

    async fn load(&self, query: Query) -> Result<Snapshot, Unavailable> {
        let tenants = self.lock()?;
        let Some(tenant) = tenants.get(&query.tenant) else {
            return Ok(Snapshot {
                budgets: vec![Budget::default(); query.budgets.len()],
                ..Snapshot::default()
            });
        };
        let mut snapshot =
            tenant.subjects.get(&query.user).map(|subject| subject.snapshot(&query)).unwrap_or_default();
        snapshot.tenant.clone_from(&tenant.record);
        let budget = |key: &BudgetKey| tenant.budgets.get(&key.to_text()).copied().unwrap_or_default();
        snapshot.budgets = query.budgets.iter().map(budget).collect();
        Ok(snapshot)
    }

    async fn users(
        &self,
        tenant: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, Snapshot)>, Unavailable> {
        let tenants = self.lock()?;
        let subjects = tenants.get(tenant).map(|tenant| &tenant.subjects);
        Ok(subjects
            .into_iter()
            .flatten()
            .filter(|(user, subject)| user.as_str() > after && subject.record.is_some())
            .take(limit as usize)
            .map(|(user, subject)| (user.clone(), subject.snapshot(&Query::default())))
            .collect())
    }

    async fn tenants(&self, after: &str, limit: u32) -> Result<Vec<(String, TenantRecord)>, Unavailable> {
        let tenants = self.lock()?;
        Ok(tenants
            .iter()
            .filter(|(name, _)| name.as_str() > after)
            .filter_map(|(name, tenant)| Some((name.clone(), tenant.record.clone()?)))
            .take(limit as usize)
            .collect())
    }

    async fn audit(&self, tenant: &str, after: u64, limit: u32) -> Result<Vec<AuditRecord>, Unavailable> {
        let tenants = self.lock()?;
        let records = tenants.get(tenant).map(|tenant| tenant.audit.as_slice()).unwrap_or_default();
        Ok(records.iter().filter(|record| record.sequence > after).take(limit as usize).cloned().collect())
    }

    async fn explanation(
        &self,
        tenant: &str,
        decision: &DecisionId,
    ) -> Result<Option<Explanation>, Unavailable> {
        let tenants = self.lock()?;
        Ok(tenants.get(tenant).and_then(|tenant| tenant.explanations.get(decision).cloned()))
    }

    async fn expired(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<(String, String, Challenge)>, Unavailable> {
        let tenants = self.lock()?;
        let mut over = Vec::new();
        for (tenant, state) in tenants.iter() {
            for (user, subject) in &state.subjects {
                let ended = subject
                    .challenges
                    .values()
                    .filter(|challenge| is_open(challenge) && challenge.expires_at < before);
                over.extend(ended.map(|challenge| (tenant.clone(), user.clone(), (**challenge).clone())));
            }
        }
        over.sort_by_key(|(_, _, challenge)| challenge.expires_at);
        over.truncate(limit as usize);
        Ok(over)
    }

    async fn sweep(&self, before: Timestamp) -> Result<u64, Unavailable> {
        let mut tenants = self.lock()?;
        let mut forgotten = 0;
        for tenant in tenants.values_mut() {
            let had = tenant.budgets.len();
            tenant.budgets.retain(|key, budget| {
                budget.window_start >= before
                    || budget.locked_until > before
                    || (BudgetKey::keeps_rows(key) && budget.consecutive > 0)
            });
            forgotten += had - tenant.budgets.len();
            forgotten += tenant.subjects.values_mut().map(|subject| subject.sweep(before)).sum::<usize>();
        }
        Ok(forgotten as u64)
    }

    async fn clock(&self) -> Result<Option<SystemTime>, Unavailable> {
        Ok(None)
    }

    async fn self_test(&self) -> Result<StoreReport, Unavailable> {
        // There is no driver between a guard and its effect here; the lock is all that can fail.
        drop(self.lock()?);
        Ok(StoreReport { name: "memory".to_owned(), durable: false })
    }
}
