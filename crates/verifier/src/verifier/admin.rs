//! What administrators and operators do, and what they can see.

use super::{
    UnderFormerKeys, Verifier, answer::about, manage::ending_with_a_factor, repeat::Ended, settle::over,
};
use crate::{
    Actor, AuditRecord, BudgetKey, Context, DecisionId, Event, EventName, Explanation, FactorId, Failure,
    KeyProvider, Method, NameError, Notice, Policy, Role, Store, Subject, TicketId, TicketKind, TicketToken,
    Timestamp, Unavailable,
    decide::attempt_keys,
    ids::check_name,
    keys::TenantKeys,
    policy::{Enforcement, ManagedBy, PolicyProblem, Replay, Simulation},
    random,
    record::{FactorState, TenantRecord, Ticket},
    store::{Change, Query, Settled, Settlement, Snapshot},
    typed,
};
use data_encoding::HEXLOWER;
use keyhaven_secret::SecretText;
use serde::Serialize;
use std::fmt;
use thiserror::Error;

/// Longest reason, in bytes.
const MAX_REASON: usize = 1024;
/// Audit records read in one go.
const PAGE: u32 = 1_000;

/// Why an administrator's call changed nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AdminError {
    /// No decision could be made.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// A tenant's name that cannot be.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A policy that cannot be.
    #[error(transparent)]
    Policy(#[from] PolicyProblem),
    /// The policy was changed since revision `expected`.
    #[error("the policy is at revision {found}, not {expected}")]
    PolicyMoved {
        /// What the caller thought it was.
        expected: u64,
        /// What it is.
        found: u64,
    },
    /// This role may not.
    #[error("{rule} leaves this to the operator of the service")]
    OperatorOnly {
        /// The policy's field.
        rule: &'static str,
    },
    /// A reason has to be given, of at most 1,024 bytes.
    #[error("a reason of 1 to {MAX_REASON} bytes is needed")]
    Reason,
    /// Not an e-mail address.
    #[error("this is no e-mail address that can be sent to")]
    EmailAddress,
    /// The user has another e-mail address than the one to invite.
    #[error("the user has another e-mail address: change the profile first")]
    OtherAddress,
    /// A key that was replaced is still needed, or was replaced less than a day ago.
    #[error("{0}")]
    StillUsed(UnderFormerKeys),
    /// There is no such thing, or it is over; for approvals also: the same administrator gave it out.
    #[error("there is no such {what} that this could be done to")]
    Gone {
        /// What.
        what: &'static str,
    },
}

impl AdminError {
    /// Whether something was decided: the call was heard and refused. Else ([`AdminError::Failure`]) nothing was, and it may be
    /// tried again.
    pub fn is_decision(&self) -> bool {
        !matches!(self, Self::Failure(_))
    }
}

impl From<Unavailable> for AdminError {
    fn from(error: Unavailable) -> Self {
        Self::Failure(error.into())
    }
}

/// What the application knows about a user.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// The e-mail address, if the application verified it.
    pub verified_email: Option<String>,
    /// Whether several people use the account.
    pub shared: bool,
}

/// A ticket to give out.
#[derive(Clone, PartialEq, Eq)]
pub struct TicketRequest {
    /// What for.
    pub kind: TicketKind,
    /// Why, and how the person was identified. Goes into the audit chain.
    pub reason: String,
    /// For invitations: the address that the invitation goes to, and from now on the user's. Whoever has another address
    /// is not invited past it: [`Verifier::put_profile`] changes it.
    pub invite_email: Option<String>,
}

/// Addresses are sealed where they are kept, so they are not printed either.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.verified_email.is_some();
        f.debug_struct("Profile").field("has_email", &known).field("shared", &self.shared).finish()
    }
}

/// As [`Profile`].
impl fmt::Debug for TicketRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, reason, invite_email } = self;
        let mut shown = f.debug_struct("TicketRequest");
        shown.field("kind", kind).field("reason", reason).field("has_email", &invite_email.is_some()).finish()
    }
}

/// A ticket that was given out.
#[derive(Debug)]
#[must_use]
pub struct IssuedTicket {
    /// Its id, for [`Verifier::approve_ticket`].
    pub id: TicketId,
    /// What the user shows. This is the only time it can be seen.
    pub token: TicketToken,
    /// Whether a second administrator has to approve it first.
    pub awaits_approval: bool,
    /// Messages to send.
    pub notices: Vec<Notice>,
}

/// One user in the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportRow {
    /// The user's name.
    pub user: String,
    /// Whether any factor is in use.
    pub enrolled: bool,
    /// The methods in use.
    pub methods: Vec<Method>,
    /// Whether only methods are in use that standards restrict (telephone network, e-mail).
    pub restricted: bool,
    /// Whether several people use the account.
    pub shared: bool,
    /// Recovery codes left; `None` where there is no set.
    pub recovery_left: Option<u32>,
    /// When a factor was last accepted (Unix seconds).
    pub last_used: Option<Timestamp>,
}

/// The report as CSV (RFC 4180), with a header line.
pub fn report_csv(rows: &[ReportRow]) -> String {
    let mut csv = String::from("user,enrolled,methods,restricted,shared,recovery_left,last_used\r\n");
    for row in rows {
        let methods: Vec<&str> = row.methods.iter().map(|method| method.name()).collect();
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        csv.push_str(&format!(
            "{},{},{},{},{},{},{}\r\n",
            csv_field(&row.user),
            row.enrolled,
            methods.join(" "),
            row.restricted,
            row.shared,
            number(row.recovery_left.map(u64::from)),
            number(row.last_used.map(Timestamp::unix_seconds)),
        ));
    }
    csv
}

/// A field that no spreadsheet takes for a formula and no comma or quote breaks.
fn csv_field(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    /// The tenant's policy and its revision, `None` before the first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn policy(&self, tenant: &str) -> Result<Option<(Policy, u64)>, Failure> {
        let record = self.tenant(tenant).await?;
        record
            .map(|record| {
                let policy =
                    Policy::from_json(&record.policy).map_err(|_| Failure::Sealed { what: "policy" })?;
                Ok((policy, record.revision))
            })
            .transpose()
    }

    pub(super) async fn tenant(&self, tenant: &str) -> Result<Option<TenantRecord>, Unavailable> {
        let query = Query { tenant: tenant.to_owned(), ..Query::default() };
        Ok(self.store.load(query).await?.tenant)
    }

    /// Sets a tenant's policy; the first one (`expected` 0, by the operator) makes the tenant. Gives its revision.
    ///
    /// # Errors
    /// The policy cannot be, was changed in between, or is not for this role to change.
    pub async fn put_policy(
        &self,
        actor: &Actor,
        tenant: &str,
        policy: &Policy,
        expected: u64,
        now: Timestamp,
    ) -> Result<u64, AdminError> {
        check_name("tenant", tenant)?;
        policy.validate()?;
        let current = self.tenant(tenant).await?;
        let found = current.as_ref().map_or(0, |record| record.revision);
        if found != expected {
            return Err(AdminError::PolicyMoved { expected, found });
        }
        let operated = match &current {
            None => true,
            Some(record) => {
                let old =
                    Policy::from_json(&record.policy).map_err(|_| Failure::Sealed { what: "policy" })?;
                old.managed_by == ManagedBy::Operator || policy.managed_by == ManagedBy::Operator
            }
        };
        if operated && actor.role != Role::Operator {
            return Err(AdminError::OperatorOnly { rule: "managed_by" });
        }
        let keys = match current {
            Some(record) => record.keys,
            None => TenantKeys::create(&self.keys, tenant).await?.0,
        };
        let revision = expected + 1;
        let record = TenantRecord { revision, policy: policy.to_json(), keys };
        let event = Event {
            by: Some(actor.name.clone()),
            policy: Some(revision),
            ..Event::new(EventName::PolicyChanged)
        };
        let settlement = Settlement {
            tenant: tenant.to_owned(),
            user: String::new(),
            now,
            changes: vec![Change::SetPolicy { expected, tenant: record }],
            events: vec![event],
            if_changed: Vec::new(),
        };
        match self.store.settle(settlement).await? {
            Settled::Done => Ok(revision),
            Settled::Lost(_) => {
                let found = self.tenant(tenant).await?.map_or(0, |record| record.revision);
                Err(AdminError::PolicyMoved { expected, found })
            }
        }
    }

    /// Sets what the application knows about a user.
    ///
    /// # Errors
    /// An e-mail address that is none.
    pub async fn put_profile(
        &self,
        who: &Subject,
        profile: &Profile,
        now: Timestamp,
    ) -> Result<(), AdminError> {
        let loaded = self.load(who, now).await?;
        let address = match &profile.verified_email {
            Some(address) => Some(typed::email(address).ok_or(AdminError::EmailAddress)?),
            None => None,
        };
        let sealed = address.map(|address| loaded.seal_email(&address)).transpose()?;
        let event = Event::of(EventName::SubjectChanged, who.user());
        self.put_subject(loaded, now, vec![event], |subject| {
            subject.email.clone_from(&sealed);
            subject.shared = profile.shared;
        })
        .await?;
        Ok(())
    }

    /// Allows codes by e-mail for a user, where the policy takes them by exception only.
    ///
    /// # Errors
    /// No reason is given.
    pub async fn allow_email(
        &self,
        actor: &Actor,
        who: &Subject,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), AdminError> {
        let reason = checked_reason(reason)?;
        let loaded = self.load(who, now).await?;
        let event = by(EventName::EmailAllowed, actor, who.user(), reason);
        self.put_subject(loaded, now, vec![event], |subject| subject.email_allowed = true).await?;
        Ok(())
    }

    /// Gives out a ticket.
    ///
    /// # Errors
    /// No reason is given, or an invitation without an address or to another than the user's.
    pub async fn issue_ticket(
        &self,
        actor: &Actor,
        who: &Subject,
        request: &TicketRequest,
        context: &Context,
    ) -> Result<IssuedTicket, AdminError> {
        let reason = checked_reason(&request.reason)?;
        let mut loaded = self.load(who, context.now).await?;
        let to = request.invite_email.as_deref().unwrap_or_default();
        let arguments = [actor.name.as_str(), ticket_kind(request.kind), &reason, to];
        let named = loaded.named("issue_ticket", &arguments.map(str::as_bytes), context);
        let named = named.as_ref();
        if let Some(issued) = self.before(&loaded, named, context.now).await? {
            return Ok(issued);
        }
        let must_enrol = matches!(loaded.policy.enforcement, Enforcement::Forced { .. });
        let invite = request.kind == TicketKind::Invite;
        if invite {
            let address = request.invite_email.as_deref().and_then(typed::email);
            let address = address.ok_or(AdminError::EmailAddress)?;
            // Notices go to the address that is known: nobody gets past its owner by an invitation to another.
            let known = loaded.email()?;
            if known.as_ref().is_some_and(|known| known.expose() != address) {
                return Err(AdminError::OtherAddress);
            }
            let changed = known.is_none().then(|| {
                let reason = Some(reason.clone());
                Event {
                    by: Some(actor.name.clone()),
                    reason,
                    ..Event::of(EventName::SubjectChanged, who.user())
                }
            });
            let sealed = loaded.seal_email(&address)?;
            loaded = self
                .put_subject(loaded, context.now, changed.into_iter().collect(), |subject| {
                    if known.is_none() {
                        subject.email = Some(sealed.clone());
                    }
                    subject.must_enrol |= must_enrol;
                })
                .await?;
        }
        let id = TicketId::random()?;
        let secret = HEXLOWER.encode(random::bytes::<32>()?.as_slice());
        let ttl = if invite { loaded.policy.invite.ttl } else { loaded.policy.tickets.ttl };
        let awaits_approval = request.kind == TicketKind::AdminRecovery && loaded.policy.tickets.second_admin;
        let ticket = Ticket {
            id: id.clone(),
            kind: request.kind,
            tag: loaded.ticket_tag(id.as_str(), &secret),
            issued_by: actor.name.clone(),
            expires_at: context.now.plus(ttl.into()),
            awaits_approval,
            must_enrol,
            policy: loaded.revision,
            used_at: None,
        };
        let event = by(EventName::TicketIssued, actor, who.user(), reason);
        // The person invited hears of it by the invitation itself.
        let notices = if invite { Vec::new() } else { loaded.notices(EventName::TicketIssued, None)? };
        let token = TicketToken(SecretText::new(format!("{id}.{secret}")));
        let issued = IssuedTicket { id, token, awaits_approval, notices };
        let put = vec![Change::PutTicket(Box::new(ticket))];
        match self.settle_named(&loaded, named, &issued, context.now, put, vec![event]).await? {
            Ended::Done => Ok(issued),
            Ended::Before(issued) => Ok(issued),
            Ended::Lost(_) => Err(Failure::Contended { what: "a record" }.into()),
        }
    }

    /// Approves a recovery that another administrator gave out (ASVS 6.4.4).
    ///
    /// # Errors
    /// There is no such ticket awaiting approval, or this administrator gave it out.
    pub async fn approve_ticket(
        &self,
        actor: &Actor,
        who: &Subject,
        ticket: &TicketId,
        now: Timestamp,
    ) -> Result<(), AdminError> {
        let loaded = self.load(who, now).await?;
        let event =
            Event { by: Some(actor.name.clone()), ..Event::of(EventName::TicketApproved, who.user()) };
        let approve = Change::ApproveTicket { ticket: ticket.clone(), by: actor.name.clone() };
        match self.settle(&loaded, now, vec![approve], vec![event]).await? {
            Settled::Done => Ok(()),
            Settled::Lost(_) => Err(AdminError::Gone { what: "ticket" }),
        }
    }

    /// Ends a user's factor.
    ///
    /// # Errors
    /// No reason is given, or there is no such factor.
    pub async fn revoke_factor(
        &self,
        actor: &Actor,
        who: &Subject,
        factor: &FactorId,
        reason: &str,
        now: Timestamp,
    ) -> Result<Vec<Notice>, AdminError> {
        let reason = checked_reason(reason)?;
        let gone = AdminError::Gone { what: "factor" };
        let loaded = self.load(who, now).await?;
        let found =
            loaded.state.factors.iter().find(|known| known.id == *factor).ok_or_else(|| gone.clone())?;
        let event = Event {
            by: Some(actor.name.clone()),
            reason: Some(reason),
            ..about(EventName::FactorRevoked, &loaded, found)
        };
        let mut changes = vec![Change::Revoke { factor: factor.clone(), last: true }];
        changes.extend(ending_with_a_factor(None));
        match self.settle(&loaded, now, changes, vec![event]).await? {
            Settled::Done => Ok(loaded.notices(EventName::FactorRevoked, None)?),
            Settled::Lost(_) => Err(gone),
        }
    }

    /// Gives a user's budgets of wrong answers and messages back.
    ///
    /// # Errors
    /// No reason is given.
    pub async fn unlock(
        &self,
        actor: &Actor,
        who: &Subject,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), AdminError> {
        let reason = checked_reason(reason)?;
        let loaded = self.load(who, now).await?;
        let user = who.user();
        let mut keys = attempt_keys(user, false);
        keys.extend(attempt_keys(user, true));
        for method in [Method::Sms, Method::Email, Method::Push] {
            for flow in [crate::Flow::Setup, crate::Flow::Login] {
                keys.push(BudgetKey::Sends { user: user.to_owned(), method, flow });
            }
        }
        let changes = keys.into_iter().map(|key| Change::Reset { key }).collect();
        Ok(self.note(&loaded, now, changes, vec![by(EventName::LockoutEnded, actor, user, reason)]).await?)
    }

    /// At most `limit` users of a tenant after one, in the order of their names, and whether they have factors.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn report(&self, tenant: &str, after: &str, limit: u32) -> Result<Vec<ReportRow>, Failure> {
        let users = self.store.users(tenant, after, limit).await?;
        Ok(users.into_iter().map(|(user, state)| row(user, &state)).collect())
    }

    /// A user's factors in use, for a page that lists them.
    ///
    /// # Errors
    /// Nothing could be read.
    pub async fn factors(&self, who: &Subject) -> Result<Vec<(FactorId, Method, String)>, Failure> {
        let tenant = who.tenant().to_owned();
        let query = Query { tenant: tenant.clone(), user: who.user().to_owned(), ..Query::default() };
        let state = self.store.load(query).await?;
        if state.tenant.is_none() {
            return Err(Failure::UnknownTenant { tenant });
        }
        let active = state.factors.into_iter().filter(|factor| factor.state == FactorState::Active);
        Ok(active
            .map(|factor| {
                let name = if factor.hint.is_empty() { factor.label } else { factor.hint };
                (factor.id, factor.method, name)
            })
            .collect())
    }

    /// Why a decision came out as it did, for operators. `None` if there is no such decision in this tenant.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn explain(&self, tenant: &str, decision: &DecisionId) -> Result<Option<Explanation>, Failure> {
        Ok(self.store.explanation(tenant, decision).await?)
    }

    /// At most `limit` audit records after one, for [`crate::verify_chain`].
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn audit(&self, tenant: &str, after: u64, limit: u32) -> Result<Vec<AuditRecord>, Failure> {
        Ok(self.store.audit(tenant, after, limit).await?)
    }

    /// What at most `limit` audit records behind one would have come to under another policy.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn simulate(
        &self,
        tenant: &str,
        policy: &Policy,
        after: u64,
        limit: u32,
    ) -> Result<Simulation, Failure> {
        let mut replay = Replay::new(policy);
        let (mut after, mut left) = (after, limit);
        loop {
            let records = self.store.audit(tenant, after, left.min(PAGE)).await?;
            let Some(last) = records.last() else { break };
            after = last.sequence;
            left = left.saturating_sub(u32::try_from(records.len()).unwrap_or(u32::MAX));
            for record in &records {
                let accepted = record.event().filter(|event| event.event == EventName::DecisionAccepted);
                let explanation = match accepted.and_then(|event| event.decision) {
                    Some(decision) => self.store.explanation(tenant, &decision).await?,
                    None => None,
                };
                replay.record(record, explanation.as_ref());
            }
        }
        Ok(replay.finish())
    }

    /// Forgets what ended a day before `now` ([`Store::sweep`]); how many records. To be called now and then. Challenges
    /// that ended without an answer and that nobody came back to are told in the audit chain before they are forgotten.
    ///
    /// # Errors
    /// The store does not answer, or, where it is [`crate::TrustedTime`], `now` was long over before all were told: what
    /// was told stays so, and the next call goes on.
    pub async fn sweep(&self, now: Timestamp) -> Result<u64, Failure> {
        let before = Timestamp::from_unix_seconds(now.unix_seconds().saturating_sub(86_400));
        let mut first = None;
        loop {
            let ended = self.store.expired(before, PAGE).await?;
            let Some((_, _, found)) = ended.first() else { break };
            if first.replace(found.id.clone()).as_ref() == Some(&found.id) {
                // A store that tells the same one again would do so for ever.
                return Err(Failure::Contended { what: "a challenge that ended" });
            }
            for (tenant, user, challenge) in ended {
                let settlement = Settlement {
                    tenant,
                    now,
                    changes: vec![Change::Expire { challenge: challenge.id.clone() }],
                    events: Vec::new(),
                    if_changed: vec![(0, over(&user, &challenge))],
                    user,
                };
                // Somebody else may have told it meanwhile: then this one changes nothing.
                let _ = self.store.settle(settlement).await?;
            }
        }
        self.cache.forget_old(now);
        Ok(self.store.sweep(before).await?)
    }
}

fn ticket_kind(kind: TicketKind) -> &'static str {
    match kind {
        TicketKind::Invite => "invite",
        TicketKind::PhoneReset => "phone_reset",
        TicketKind::AdminRecovery => "admin_recovery",
    }
}

fn row(user: String, state: &Snapshot) -> ReportRow {
    let active: Vec<_> = state.factors.iter().filter(|factor| factor.state == FactorState::Active).collect();
    let mut methods: Vec<Method> = active.iter().map(|factor| factor.method).collect();
    methods.sort_unstable();
    methods.dedup();
    let unused = state.recovery.iter().filter(|code| code.used_at.is_none()).count();
    ReportRow {
        user,
        enrolled: !active.is_empty(),
        restricted: !methods.is_empty()
            && methods.iter().all(|method| matches!(method, Method::Sms | Method::Email)),
        methods,
        shared: state.subject.as_ref().is_some_and(|subject| subject.shared),
        recovery_left: (!state.recovery.is_empty()).then(|| u32::try_from(unused).unwrap_or(u32::MAX)),
        last_used: active.iter().filter_map(|factor| factor.last_used).max(),
    }
}

pub(super) fn checked_reason(reason: &str) -> Result<String, AdminError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.len() > MAX_REASON {
        return Err(AdminError::Reason);
    }
    Ok(reason.to_owned())
}

pub(super) fn by(name: EventName, actor: &Actor, user: &str, reason: String) -> Event {
    Event { by: Some(actor.name.clone()), reason: Some(reason), ..Event::of(name, user) }
}
