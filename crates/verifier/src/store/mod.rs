//! What a store has to be able to do: [charge](Store::charge), [settle](Store::settle) and [load](Store::load), each
//! atomic, beside them the reading of pages, and [forgetting](Store::sweep).
//!
//! There is no "write this factor" here. A store gets budgets to charge and lists of guarded [changes](Change) to
//! settle, all or nothing, so it cannot be used in a way that loses a race. Each change is a conditional statement
//! whose guard is in the statement itself; whether it held is whether it returned a row, never a count of affected
//! rows, which some databases count differently. `put_pending`, `activate`, `revoke` and the like are changes;
//! `reserve_send` is a charge with a lock-out.

#[cfg(feature = "conformance")]
pub mod conformance;
mod memory;
mod pass_on;
mod trusted_time;
/// The lock of the store in memory. `tests/schedules` reads `memory.rs` beside another one, whose every turn it decides.
mod sync {
    pub(super) use std::sync::{Mutex, MutexGuard};
}

pub use memory::MemoryStore;
pub use trusted_time::{MAX_SKEW, MAX_WAIT, TrustedTime};

use crate::{
    AuditRecord, Budget, BudgetKey, ChallengeId, DecisionId, Event, Explanation, FactorId, Limit, Method,
    RecoveryCodeId, Tag, TicketId, Timestamp, TrustId, Unavailable,
    record::{
        Answered, Challenge, Factor, FactorState, KeyRecord, ProofRecord, RecoveryCode, Reply, SentCode,
        SubjectRecord, TenantRecord, Ticket, Trust,
    },
};
use std::{future::Future, time::SystemTime};

/// One budget to charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Which.
    pub key: BudgetKey,
    /// Its limit.
    pub limit: Limit,
}

/// What became of a charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Charged {
    /// Each budget was charged; how they stand now, in the order asked.
    Granted(Vec<Budget>),
    /// One is exhausted, and none was charged.
    Refused {
        /// Its index in the list.
        at: usize,
        /// How it stands.
        budget: Budget,
        /// When it can be charged again; `None` when only an administrator can say.
        until: Option<Timestamp>,
        /// Whether this refusal began the limit's lock-out. Of all that come at once, one does.
        began: bool,
    },
}

/// A guarded change to one user's records (or to the tenant's). The guard is in the text of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Sets the policy, and makes the tenant if `expected` is 0. Holds if the tenant's revision is `expected`.
    SetPolicy {
        /// The revision that is replaced.
        expected: u64,
        /// The tenant as it is to be; an existing tenant keeps its key.
        tenant: TenantRecord,
    },
    /// Holds if the policy's revision is still this one. Changes nothing.
    RequirePolicy {
        /// The revision.
        revision: u64,
    },
    /// Replaces the tenant's keys. Holds if they are still `expected`.
    SetKeys {
        /// What they were.
        expected: KeyRecord,
        /// What they are from now on.
        keys: KeyRecord,
    },
    /// Sets the user's profile. Holds if it is still `expected`.
    PutSubject {
        /// What it was; `None` if the user was not known.
        expected: Option<SubjectRecord>,
        /// What it is to be.
        subject: SubjectRecord,
    },
    /// Adds a factor that waits. Holds always.
    PutPending(Box<Factor>),
    /// Replaces the sealed secret of a factor by this one's; what else is in it is as it was. Holds if the factor is
    /// there.
    Reseal(Box<Factor>),
    /// `Pending` → `Validated`. Holds if it is pending and not too late.
    Validate {
        /// The factor.
        factor: FactorId,
    },
    /// `from` → `Active`. Holds if it is in that state, not too late, fewer than `max_active` of its method are, and,
    /// where it has to be `alone`, none of any method is.
    Activate {
        /// The factor.
        factor: FactorId,
        /// The state it has to be in.
        from: FactorState,
        /// The step or counter the confirming code used up.
        last_step: Option<u64>,
        /// The drift learnt from it.
        drift: i64,
        /// How many factors of its method may be active with it.
        max_active: u32,
        /// Whether no factor of the user may be active before it.
        alone: bool,
    },
    /// → `Revoked`. Holds if it was not and, where it may not be the `last`, another is active.
    Revoke {
        /// The factor.
        factor: FactorId,
        /// Whether the user may be without an active factor after it.
        last: bool,
    },
    /// → `Revoked` for all but one, of one method or of all. Holds always.
    RevokeOthers {
        /// The method; `None` for all.
        method: Option<Method>,
        /// The one that stays.
        except: Option<FactorId>,
    },
    /// → `Revoked` for all that wait for their confirmation but one. Holds always.
    RevokeWaiting {
        /// The one that stays.
        except: Option<FactorId>,
    },
    /// Uses up a time step or counter and all before it. Holds if the factor is active, of this generation, and none
    /// so late was used (RFC 6238 §5.2).
    ClaimStep {
        /// The factor.
        factor: FactorId,
        /// Its generation.
        generation: u64,
        /// The step or counter.
        step: u64,
    },
    /// As [`Change::ClaimStep`], and sets the drift that resynchronising found.
    Resync {
        /// The factor.
        factor: FactorId,
        /// Its generation.
        generation: u64,
        /// The later of the two steps or counters.
        step: u64,
        /// How many steps its clock is ahead.
        drift: i64,
    },
    /// Notes that a factor was used. Holds if it is active.
    Touch {
        /// The factor.
        factor: FactorId,
    },
    /// Replaces the user's recovery codes. Holds if the current set's generation is `expected` (0 for none).
    PutRecovery {
        /// The generation that is replaced.
        expected: u64,
        /// The new codes; none ends recovery.
        codes: Vec<RecoveryCode>,
    },
    /// Uses up a recovery code. Holds if it is of this generation and was not used.
    UseRecovery {
        /// The code.
        code: RecoveryCodeId,
        /// Its generation.
        generation: u64,
    },
    /// Holds if exactly so many codes of the user's recovery set are unused. Changes nothing.
    RequireUnused {
        /// How many.
        codes: u32,
    },
    /// Opens a challenge. Holds always.
    Open(Box<Challenge>),
    /// Chooses the method. Holds if the challenge is open.
    Select {
        /// The challenge.
        challenge: ChallengeId,
        /// The method.
        method: Method,
    },
    /// Sets the code that was sent; the one before is dead. Holds if the challenge is open with this method, and
    /// nothing was sent for the last `cooldown` seconds.
    SetCode {
        /// The challenge.
        challenge: ChallengeId,
        /// The method it goes by.
        method: Method,
        /// The factor it goes to.
        factor: FactorId,
        /// The code.
        code: SentCode,
        /// Seconds since the last one.
        cooldown: u32,
    },
    /// Answers a challenge. Holds if it is open and, where `code` is given, that code is the last that was sent and
    /// holds.
    Answer {
        /// The challenge.
        challenge: ChallengeId,
        /// The tag of the code that was compared.
        code: Option<Tag>,
        /// How it was answered.
        answered: Answered,
    },
    /// Gives a challenge up. Holds if it is open.
    Cancel {
        /// The challenge.
        challenge: ChallengeId,
    },
    /// Notes that a challenge ended without an answer. Holds always; changes something if it is open and its time is
    /// over.
    Expire {
        /// The challenge.
        challenge: ChallengeId,
    },
    /// Trusts a network or device; the same network's earlier entry goes, and the least recently used beyond `keep`.
    /// Holds always; counts as having changed something where one beyond `keep` went.
    PutTrust {
        /// The context.
        trust: Trust,
        /// How many stay.
        keep: u8,
    },
    /// Replaces a device's token. Holds if it is trusted and its token is still `expected`.
    RotateTrust {
        /// The device.
        trust: TrustId,
        /// The token's tag until now.
        expected: Tag,
        /// Its tag from now on.
        tag: Tag,
    },
    /// Trusts one device no more, or none and no network. Holds always; changes something where one was trusted.
    DropTrust {
        /// The one; `None` for all.
        trust: Option<TrustId>,
    },
    /// Adds a proof. Holds always.
    PutProof(ProofRecord),
    /// Uses up a proof. Holds if it is there, holds and was not used.
    ConsumeProof {
        /// Its tag, in which user, action and session are.
        tag: Tag,
    },
    /// Ends every proof of the user that was not used. Holds always.
    DropProofs,
    /// Adds a ticket. Holds always.
    PutTicket(Box<Ticket>),
    /// Approves a ticket. Holds if it awaits approval, holds, and somebody else gave it out.
    ApproveTicket {
        /// The ticket.
        ticket: TicketId,
        /// Who approves.
        by: String,
    },
    /// Uses up a ticket. Holds if it holds, is approved and was not used.
    ConsumeTicket {
        /// The ticket.
        ticket: TicketId,
    },
    /// Gives one charge back ([`Budget::refund`]). Holds always.
    Refund {
        /// The budget.
        key: BudgetKey,
        /// Whether nothing is in a row any more.
        clear: bool,
    },
    /// Forgets a budget. Holds always.
    Reset {
        /// The budget.
        key: BudgetKey,
    },
    /// Keeps a decision's explanation. Holds always.
    Explain(Box<Explanation>),
    /// Keeps what a named request came to. Holds if nothing that still holds is kept under its tag; what of the user's
    /// holds no longer is forgotten with it.
    KeepReply(Box<Reply>),
}

/// Changes that hold together or not at all, and what is written into the audit chain with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The tenant.
    pub tenant: String,
    /// The user whose records change; empty for changes of the tenant alone.
    pub user: String,
    /// When.
    pub now: Timestamp,
    /// The changes, done in this order, each seeing those before it.
    pub changes: Vec<Change>,
    /// Events, appended to the tenant's chain if everything holds.
    pub events: Vec<Event>,
    /// Events that are appended behind those if, besides, the change at that index changed something. Only changes that
    /// hold always and say so here may have changed nothing.
    pub if_changed: Vec<(usize, Event)>,
}

/// What became of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Settled {
    /// Everything was done and is durable.
    Done,
    /// The change at this index did not hold; nothing was done.
    Lost(usize),
}

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// The tenant.
    pub tenant: String,
    /// The user; empty for the tenant alone.
    pub user: String,
    /// One of the user's challenges.
    pub challenge: Option<ChallengeId>,
    /// One of the user's tickets.
    pub ticket: Option<TicketId>,
    /// What one of the user's named requests came to.
    pub request: Option<Tag>,
    /// Budgets.
    pub budgets: Vec<BudgetKey>,
}

/// What was there at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The tenant.
    pub tenant: Option<TenantRecord>,
    /// The user.
    pub subject: Option<SubjectRecord>,
    /// The user's factors, revoked ones too, the oldest first.
    pub factors: Vec<Factor>,
    /// The codes of the user's current recovery set.
    pub recovery: Vec<RecoveryCode>,
    /// The user's trusted contexts.
    pub trusts: Vec<Trust>,
    /// The challenge asked for, if it is this user's.
    pub challenge: Option<Challenge>,
    /// The ticket asked for, if it is this user's.
    pub ticket: Option<Ticket>,
    /// What the request asked for came to, if it is kept: whether it still holds is the caller's to ask.
    pub reply: Option<Reply>,
    /// The budgets asked for, in that order; fresh ones where nothing was counted.
    pub budgets: Vec<Budget>,
}

/// What a store found out about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreReport {
    /// The store's name and version.
    pub name: String,
    /// Whether what was settled survives the end of the process.
    pub durable: bool,
}

/// Where records are. Every method is one transaction; an error means that nothing is known about what was done, and
/// the verifier then decides nothing. Implementations may write `async fn`.
pub trait Store: Send + Sync + 'static {
    /// Charges all budgets or none (see [`Budget::charge`]), before anything is compared.
    fn charge(
        &self,
        tenant: &str,
        charges: Vec<Charge>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Charged, Unavailable>> + Send;

    /// Does all changes and appends all events, or nothing.
    fn settle(&self, settlement: Settlement) -> impl Future<Output = Result<Settled, Unavailable>> + Send;

    /// Reads what was there at one moment.
    fn load(&self, query: Query) -> impl Future<Output = Result<Snapshot, Unavailable>> + Send;

    /// At most `limit` users of a tenant in the order of their names, beginning after one, each with its snapshot.
    fn users(
        &self,
        tenant: &str,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(String, Snapshot)>, Unavailable>> + Send;

    /// At most `limit` tenants in the order of their names, beginning after one.
    fn tenants(
        &self,
        after: &str,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(String, TenantRecord)>, Unavailable>> + Send;

    /// At most `limit` audit records with places after `after`.
    fn audit(
        &self,
        tenant: &str,
        after: u64,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<AuditRecord>, Unavailable>> + Send;

    /// The explanation of a decision.
    fn explanation(
        &self,
        tenant: &str,
        decision: &DecisionId,
    ) -> impl Future<Output = Result<Option<Explanation>, Unavailable>> + Send;

    /// At most `limit` challenges of all tenants that are still open and ended before `before`, those that ended first in
    /// front: each with its tenant and user.
    fn expired(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<(String, String, Challenge)>, Unavailable>> + Send;

    /// Forgets challenges, proofs, tickets, replies and pending factors that ended before `before`, and budgets that say nothing
    /// any more: whose window opened before it (no limit has a window longer than a day, so `before` is a day ago or
    /// more), that are not locked, and that hold no row of wrong answers ([`BudgetKey::keeps_rows`]). How many.
    fn sweep(&self, before: Timestamp) -> impl Future<Output = Result<u64, Unavailable>> + Send;

    /// What time the database says it is, by its own clock and not by this process'; `None` for a store that has none.
    /// [`TrustedTime`] compares.
    fn clock(&self) -> impl Future<Output = Result<Option<SystemTime>, Unavailable>> + Send;

    /// Proves on this very database that a guard that does not hold changes nothing, and that one that holds is
    /// seen to (verifier specification R18). Leaves nothing behind.
    fn self_test(&self) -> impl Future<Output = Result<StoreReport, Unavailable>> + Send;
}
