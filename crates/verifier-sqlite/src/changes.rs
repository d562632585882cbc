//! Settling: each change one statement whose guard is in its `WHERE`, and whose success is the row it returns.

use crate::{
    budgets,
    convert::{number, seconds, to_json},
    worker::Failed,
};
use keyhaven_verifier::{
    AuditRecord, CHAIN_START, Event, Timestamp,
    record::{Challenge, Factor, RecoveryCode, SubjectRecord, Ticket, Trust, TrustKind},
    store::{Change, Settled, Settlement},
};
use rusqlite::{Connection, OptionalExtension, Params, named_params};

pub(crate) fn settle(connection: &Connection, settlement: &Settlement) -> Result<Settled, Failed> {
    connection.execute_batch("SAVEPOINT settle")?;
    let mut changed = Vec::with_capacity(settlement.changes.len());
    for (index, change) in settlement.changes.iter().enumerate() {
        let run = Run {
            connection,
            tenant: &settlement.tenant,
            user: &settlement.user,
            now: seconds(settlement.now),
        };
        match run.change(change)? {
            Held::No => {
                connection.execute_batch("ROLLBACK TO settle; RELEASE settle")?;
                return Ok(Settled::Lost(index));
            }
            held => changed.push(held == Held::Changed),
        }
    }
    let tells = |index: &usize| changed.get(*index).copied().unwrap_or(false);
    let told = settlement.if_changed.iter().filter(|(index, _)| tells(index)).map(|(_, event)| event);
    append(connection, &settlement.tenant, settlement.now, settlement.events.iter().chain(told))?;
    connection.execute_batch("RELEASE settle")?;
    Ok(Settled::Done)
}

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    /// Its guard did not hold.
    No,
    /// It held, and changed something.
    Changed,
    /// It holds always, and there was nothing to change.
    Unchanged,
}

/// Appends events to the tenant's chain. The writer is alone in the file while it does.
fn append<'a>(
    connection: &Connection,
    tenant: &str,
    now: Timestamp,
    events: impl Iterator<Item = &'a Event>,
) -> Result<(), Failed> {
    let mut events = events.peekable();
    if events.peek().is_none() {
        return Ok(());
    }
    let last = connection
        .prepare_cached("SELECT sequence, hash FROM audit WHERE tenant = ?1 ORDER BY sequence DESC LIMIT 1")?
        .query_row([tenant], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    let (mut sequence, mut previous) = last.unwrap_or((0, CHAIN_START.to_owned()));
    for event in events {
        let place = u64::try_from(sequence).unwrap_or(0);
        let record = AuditRecord::following(tenant, place, &previous, now, event);
        sequence = number(record.sequence)?;
        connection
            .prepare_cached(
                "INSERT INTO audit (tenant, sequence, at, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((tenant, sequence, seconds(now), &record.body, &record.hash))?;
        previous = record.hash;
    }
    Ok(())
}

struct Run<'a> {
    connection: &'a Connection,
    tenant: &'a str,
    user: &'a str,
    now: i64,
}

impl Run<'_> {
    /// Whether the statement, which ends in `RETURNING 1`, returned a row.
    fn returns(&self, sql: &str, params: impl Params) -> Result<bool, Failed> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let held = rows.next()?.is_some();
        // A statement is done once all of its rows are read.
        while rows.next()?.is_some() {}
        Ok(held)
    }

    /// A statement whose guard is in it.
    fn holds(&self, sql: &str, params: impl Params) -> Result<Held, Failed> {
        Ok(if self.returns(sql, params)? { Held::Changed } else { Held::No })
    }

    /// A statement that holds always, and tells whether it changed something.
    fn tells(&self, sql: &str, params: impl Params) -> Result<Held, Failed> {
        Ok(if self.returns(sql, params)? { Held::Changed } else { Held::Unchanged })
    }

    /// A statement without guard.
    fn run(&self, sql: &str, params: impl Params) -> Result<Held, Failed> {
        self.connection.prepare_cached(sql)?.execute(params)?;
        Ok(Held::Changed)
    }

    fn change(&self, change: &Change) -> Result<Held, Failed> {
        let (tenant, user, now) = (self.tenant, self.user, self.now);
        match change {
            Change::SetPolicy { expected, tenant: record } => self.holds(
                "INSERT INTO tenant (name, revision, policy, kek, wrapped_key, key_number, former_keys)
                 SELECT :tenant, :revision, :policy, :kek, :key, :number, :former
                  WHERE :expected = 0 OR EXISTS (SELECT 1 FROM tenant WHERE name = :tenant)
                     ON CONFLICT (name) DO UPDATE SET revision = :revision, policy = :policy
                  WHERE revision = :expected
                 RETURNING 1",
                named_params! {
                    ":tenant": tenant, ":revision": number(record.revision)?, ":policy": record.policy,
                    ":kek": record.keys.kek, ":key": record.keys.wrapped, ":number": record.keys.number,
                    ":former": to_json(&record.keys.former)?, ":expected": number(*expected)?,
                },
            ),
            Change::RequirePolicy { revision } => self.holds(
                "SELECT 1 FROM tenant WHERE name = ?1 AND revision = ?2",
                (tenant, number(*revision)?),
            ),
            Change::SetKeys { expected, keys } => self.holds(
                "UPDATE tenant SET kek = ?2, wrapped_key = ?3, key_number = ?4, former_keys = ?5
                  WHERE name = ?1 AND kek = ?6 AND wrapped_key = ?7 AND key_number = ?8 AND former_keys = ?9
                 RETURNING 1",
                (
                    tenant,
                    &keys.kek,
                    &keys.wrapped,
                    keys.number,
                    to_json(&keys.former)?,
                    &expected.kek,
                    &expected.wrapped,
                    expected.number,
                    to_json(&expected.former)?,
                ),
            ),
            Change::PutSubject { expected, subject } => self.put_subject(expected.as_ref(), subject),
            Change::PutPending(factor) => self.put_pending(factor),
            Change::Reseal(factor) => self.holds(
                "UPDATE factor SET body = ?4 WHERE tenant = ?1 AND user = ?2 AND id = ?3 RETURNING 1",
                (tenant, user, factor.id.as_str(), to_json(factor)?),
            ),
            Change::Validate { factor } => self.holds(
                "UPDATE factor SET state = 'validated'
                  WHERE tenant = ?1 AND user = ?2 AND id = ?3 AND state = 'pending' AND pending_until > ?4
                 RETURNING 1",
                (tenant, user, factor.as_str(), now),
            ),
            Change::Activate { factor, from, last_step, drift, max_active, alone } => self.holds(
                "UPDATE factor SET state = 'active', last_step = :step, drift = :drift, last_used = :now
                  WHERE tenant = :tenant AND user = :user AND id = :id AND state = :from AND pending_until > :now
                    AND :max > (SELECT count(*) FROM factor AS other
                                 WHERE other.tenant = :tenant AND other.user = :user AND other.state = 'active'
                                   AND other.method = factor.method)
                    AND NOT (:alone AND EXISTS (SELECT 1 FROM factor AS other
                                                 WHERE other.tenant = :tenant AND other.user = :user
                                                   AND other.state = 'active'))
                 RETURNING 1",
                named_params! {
                    ":tenant": tenant, ":user": user, ":id": factor.as_str(), ":now": now, ":from": from.name(),
                    ":step": last_step.map(number).transpose()?, ":drift": drift, ":max": max_active,
                    ":alone": alone,
                },
            ),
            Change::Revoke { factor, last } => self.holds(
                "UPDATE factor SET state = 'revoked'
                  WHERE tenant = ?1 AND user = ?2 AND id = ?3 AND state <> 'revoked'
                    AND (?4 OR EXISTS (SELECT 1 FROM factor AS other
                                        WHERE other.tenant = ?1 AND other.user = ?2 AND other.id <> ?3
                                          AND other.state = 'active'))
                 RETURNING 1",
                (tenant, user, factor.as_str(), last),
            ),
            Change::RevokeOthers { method, except } => self.run(
                "UPDATE factor SET state = 'revoked'
                  WHERE tenant = ?1 AND user = ?2 AND (?3 IS NULL OR method = ?3) AND id IS NOT ?4",
                (tenant, user, method.map(|method| method.name()), except.as_ref().map(|id| id.as_str())),
            ),
            Change::RevokeWaiting { except } => self.run(
                "UPDATE factor SET state = 'revoked'
                  WHERE tenant = ?1 AND user = ?2 AND state IN ('pending', 'validated') AND id IS NOT ?3",
                (tenant, user, except.as_ref().map(|id| id.as_str())),
            ),
            Change::ClaimStep { factor, generation, step } => self.holds(
                "UPDATE factor SET last_step = :step, last_used = :now
                  WHERE tenant = :tenant AND user = :user AND id = :id AND state = 'active'
                    AND generation = :generation AND (last_step IS NULL OR last_step < :step)
                 RETURNING 1",
                named_params! {
                    ":tenant": tenant, ":user": user, ":id": factor.as_str(), ":now": now,
                    ":generation": number(*generation)?, ":step": number(*step)?,
                },
            ),
            Change::Resync { factor, generation, step, drift } => self.holds(
                "UPDATE factor SET last_step = :step, last_used = :now, drift = :drift
                  WHERE tenant = :tenant AND user = :user AND id = :id AND state = 'active'
                    AND generation = :generation AND (last_step IS NULL OR last_step < :step)
                 RETURNING 1",
                named_params! {
                    ":tenant": tenant, ":user": user, ":id": factor.as_str(), ":now": now,
                    ":generation": number(*generation)?, ":step": number(*step)?, ":drift": drift,
                },
            ),
            Change::Touch { factor } => self.holds(
                "UPDATE factor SET last_used = ?4
                  WHERE tenant = ?1 AND user = ?2 AND id = ?3 AND state = 'active' RETURNING 1",
                (tenant, user, factor.as_str(), now),
            ),
            Change::PutRecovery { expected, codes } => self.put_recovery(*expected, codes),
            Change::UseRecovery { code, generation } => self.holds(
                "UPDATE recovery SET used_at = ?5
                  WHERE tenant = ?1 AND user = ?2 AND id = ?3 AND generation = ?4 AND used_at IS NULL RETURNING 1",
                (tenant, user, code.as_str(), number(*generation)?, now),
            ),
            Change::RequireUnused { codes } => self.holds(
                "SELECT 1 WHERE ?3 = (SELECT count(*) FROM recovery
                                       WHERE tenant = ?1 AND user = ?2 AND used_at IS NULL)",
                (tenant, user, codes),
            ),
            Change::Open(challenge) => self.open(challenge),
            Change::Select { challenge, method } => self.holds(
                "UPDATE challenge SET method = ?5
                  WHERE tenant = ?1 AND user = ?2 AND id = ?3 AND state = 'open' AND expires_at > ?4 RETURNING 1",
                (tenant, user, challenge.as_str(), now, method.name()),
            ),
            Change::SetCode { challenge, method, factor, code, cooldown } => self.holds(
                "UPDATE challenge SET factor = :factor, code_tag = :tag, code_until = :until, sends = sends + 1,
                        sent_at = :now
                  WHERE tenant = :tenant AND user = :user AND id = :id AND state = 'open' AND expires_at > :now
                    AND method = :method AND (sent_at IS NULL OR sent_at <= :now - :cooldown)
                 RETURNING 1",
                named_params! {
                    ":tenant": tenant, ":user": user, ":id": challenge.as_str(), ":now": now,
                    ":method": method.name(), ":factor": factor.as_str(), ":tag": code.tag.as_str(),
                    ":until": seconds(code.expires_at), ":cooldown": cooldown,
                },
            ),
            Change::Answer { challenge, code, answered } => self.holds(
                "UPDATE challenge SET state = 'answered', decision = :decision, answered_at = :at
                  WHERE tenant = :tenant AND user = :user AND id = :id AND state = 'open' AND expires_at > :now
                    AND (:code IS NULL OR (code_tag = :code AND code_until > :now))
                 RETURNING 1",
                named_params! {
                    ":tenant": tenant, ":user": user, ":id": challenge.as_str(), ":now": now,
                    ":code": code.as_ref().map(|tag| tag.as_str()),
                    ":decision": answered.decision.as_str(), ":at": seconds(answered.at),
                },
            ),
            Change::Cancel { challenge } => self.holds(
                "UPDATE challenge SET state = 'cancelled'
                  WHERE tenant = ?1 AND user = ?2 AND id = ?3 AND state = 'open' AND expires_at > ?4 RETURNING 1",
                (tenant, user, challenge.as_str(), now),
            ),
            Change::Expire { challenge } => self.tells(
                "UPDATE challenge SET state = 'expired'
                  WHERE tenant = ?1 AND user = ?2 AND id = ?3 AND state = 'open' AND expires_at <= ?4 RETURNING 1",
                (tenant, user, challenge.as_str(), now),
            ),
            Change::PutTrust { trust, keep } => self.put_trust(trust, *keep),
            Change::RotateTrust { trust, expected, tag } => self.holds(
                "UPDATE trust SET former_tag = tag, tag = :tag, rotated_at = :now, last_used = :now
                  WHERE tenant = :tenant AND user = :user AND id = :id AND tag = :expected AND expires_at > :now
                 RETURNING 1",
                named_params! {
                    ":tenant": tenant, ":user": user, ":id": trust.as_str(), ":now": now,
                    ":expected": expected.as_str(), ":tag": tag.as_str(),
                },
            ),
            Change::DropTrust { trust } => self.tells(
                "DELETE FROM trust WHERE tenant = ?1 AND user = ?2 AND (?3 IS NULL OR id = ?3) RETURNING 1",
                (tenant, user, trust.as_ref().map(|id| id.as_str())),
            ),
            Change::PutProof(proof) => self.run(
                "INSERT INTO proof (tenant, user, tag, expires_at, used_at) VALUES (?1, ?2, ?3, ?4, NULL)",
                (tenant, user, proof.tag.as_str(), seconds(proof.expires_at)),
            ),
            Change::ConsumeProof { tag } => self.holds(
                "UPDATE proof SET used_at = ?4
                  WHERE tenant = ?1 AND user = ?2 AND tag = ?3 AND used_at IS NULL AND expires_at > ?4 RETURNING 1",
                (tenant, user, tag.as_str(), now),
            ),
            Change::DropProofs => self
                .run("DELETE FROM proof WHERE tenant = ?1 AND user = ?2 AND used_at IS NULL", (tenant, user)),
            Change::PutTicket(ticket) => self.put_ticket(ticket),
            Change::ApproveTicket { ticket, by } => self.holds(
                "UPDATE ticket SET awaits_approval = 0
                  WHERE tenant = ?1 AND user = ?2 AND id = ?3 AND awaits_approval AND used_at IS NULL
                    AND expires_at > ?4 AND issued_by <> ?5
                 RETURNING 1",
                (tenant, user, ticket.as_str(), now, by),
            ),
            Change::ConsumeTicket { ticket } => self.holds(
                "UPDATE ticket SET used_at = ?4
                  WHERE tenant = ?1 AND user = ?2 AND id = ?3 AND NOT awaits_approval AND used_at IS NULL
                    AND expires_at > ?4
                 RETURNING 1",
                (tenant, user, ticket.as_str(), now),
            ),
            Change::Refund { key, clear } => {
                budgets::refund(self.connection, tenant, key, *clear)?;
                Ok(Held::Changed)
            }
            Change::Reset { key } => {
                budgets::reset(self.connection, tenant, key)?;
                Ok(Held::Changed)
            }
            Change::Explain(explanation) => self.run(
                "INSERT INTO decision (tenant, id, body) VALUES (?1, ?2, ?3)",
                (tenant, explanation.decision.as_str(), to_json(explanation)?),
            ),
            Change::KeepReply(reply) => {
                self.run(
                    "DELETE FROM reply WHERE tenant = ?1 AND user = ?2 AND until <= ?3",
                    (tenant, user, now),
                )?;
                self.holds(
                    "INSERT INTO reply (tenant, user, request, until, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
                         ON CONFLICT DO NOTHING RETURNING 1",
                    (tenant, user, reply.request.as_str(), seconds(reply.until), &reply.sealed),
                )
            }
        }
    }

    fn put_subject(&self, expected: Option<&SubjectRecord>, subject: &SubjectRecord) -> Result<Held, Failed> {
        let (tenant, user) = (self.tenant, self.user);
        let Some(expected) = expected else {
            return self.holds(
                "INSERT INTO subject (tenant, user, created_at, email, shared, must_enrol, email_allowed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING RETURNING 1",
                (
                    tenant,
                    user,
                    seconds(subject.created_at),
                    &subject.email,
                    subject.shared,
                    subject.must_enrol,
                    subject.email_allowed,
                ),
            );
        };
        self.holds(
            "UPDATE subject SET created_at = :created, email = :email, shared = :shared, must_enrol = :must,
                    email_allowed = :allowed
              WHERE tenant = :tenant AND user = :user AND created_at = :was_created AND email IS :was_email
                AND shared = :was_shared AND must_enrol = :was_must AND email_allowed = :was_allowed
             RETURNING 1",
            named_params! {
                ":tenant": tenant, ":user": user,
                ":created": seconds(subject.created_at), ":email": subject.email, ":shared": subject.shared,
                ":must": subject.must_enrol, ":allowed": subject.email_allowed,
                ":was_created": seconds(expected.created_at), ":was_email": expected.email,
                ":was_shared": expected.shared, ":was_must": expected.must_enrol,
                ":was_allowed": expected.email_allowed,
            },
        )
    }

    fn put_pending(&self, factor: &Factor) -> Result<Held, Failed> {
        self.run(
            "INSERT INTO factor (tenant, user, id, method, generation, state, pending_until, last_step, drift,
                                 last_used, body)
             VALUES (:tenant, :user, :id, :method, :generation, :state, :until, :step, :drift, :used, :body)",
            named_params! {
                ":tenant": self.tenant, ":user": self.user, ":id": factor.id.as_str(),
                ":method": factor.method.name(), ":generation": number(factor.generation)?,
                ":state": factor.state.name(), ":until": seconds(factor.pending_until),
                ":step": factor.last_step.map(number).transpose()?, ":drift": factor.drift,
                ":used": factor.last_used.map(seconds), ":body": to_json(factor)?,
            },
        )
    }

    fn put_recovery(&self, expected: u64, codes: &[RecoveryCode]) -> Result<Held, Failed> {
        let (tenant, user) = (self.tenant, self.user);
        let generation = codes.first().map_or(0, |code| code.generation);
        let held = self.holds(
            "INSERT INTO recovery_set (tenant, user, generation)
             SELECT :tenant, :user, :generation
              WHERE :expected = 0 OR EXISTS (SELECT 1 FROM recovery_set WHERE tenant = :tenant AND user = :user)
                 ON CONFLICT (tenant, user) DO UPDATE SET generation = :generation
              WHERE generation = :expected
             RETURNING 1",
            named_params! {
                ":tenant": tenant, ":user": user, ":generation": number(generation)?,
                ":expected": number(expected)?,
            },
        )?;
        if held == Held::No {
            return Ok(Held::No);
        }
        self.run("DELETE FROM recovery WHERE tenant = ?1 AND user = ?2", (tenant, user))?;
        for code in codes {
            self.run(
                "INSERT INTO recovery (tenant, user, id, generation, selector, hash, used_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                (
                    tenant,
                    user,
                    code.id.as_str(),
                    number(code.generation)?,
                    &code.selector,
                    to_json(&code.hash)?,
                    code.used_at.map(seconds),
                ),
            )?;
        }
        Ok(Held::Changed)
    }

    fn open(&self, challenge: &Challenge) -> Result<Held, Failed> {
        let state = match (&challenge.answered, challenge.cancelled, challenge.expired) {
            (Some(_), _, _) => "answered",
            (None, true, _) => "cancelled",
            (None, false, true) => "expired",
            (None, false, false) => "open",
        };
        let answered = challenge.answered.as_ref();
        self.run(
            "INSERT INTO challenge (tenant, user, id, expires_at, method, factor, sends, sent_at, code_tag, code_until,
                                    state, decision, answered_at, body)
             VALUES (:tenant, :user, :id, :expires, :method, :factor, :sends, :sent, :tag, :until, :state,
                     :decision, :answered, :body)",
            named_params! {
                ":tenant": self.tenant, ":user": self.user, ":id": challenge.id.as_str(),
                ":expires": seconds(challenge.expires_at), ":method": challenge.method.name(),
                ":factor": challenge.factor.as_ref().map(|id| id.as_str()), ":sends": challenge.sends,
                ":sent": challenge.sent_at.map(seconds),
                ":tag": challenge.code.as_ref().map(|code| code.tag.as_str()),
                ":until": challenge.code.as_ref().map(|code| seconds(code.expires_at)), ":state": state,
                ":decision": answered.map(|answered| answered.decision.as_str()),
                ":answered": answered.map(|answered| seconds(answered.at)), ":body": to_json(challenge)?,
            },
        )
    }

    fn put_trust(&self, trust: &Trust, keep: u8) -> Result<Held, Failed> {
        let (tenant, user) = (self.tenant, self.user);
        let kind = match trust.kind {
            TrustKind::Network => "network",
            TrustKind::Device => "device",
        };
        self.run(
            "DELETE FROM trust WHERE tenant = ?1 AND user = ?2 AND kind = 'network' AND tag = ?3",
            (tenant, user, trust.tag.as_str()),
        )?;
        self.run(
            "INSERT INTO trust (tenant, user, id, kind, tag, former_tag, rotated_at, last_used, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            (
                tenant,
                user,
                trust.id.as_str(),
                kind,
                trust.tag.as_str(),
                trust.former_tag.as_ref().map(|tag| tag.as_str()),
                seconds(trust.rotated_at),
                seconds(trust.last_used),
                seconds(trust.expires_at),
            ),
        )?;
        self.tells(
            "DELETE FROM trust WHERE n IN (SELECT n FROM trust WHERE tenant = ?1 AND user = ?2
                                            ORDER BY last_used DESC, n DESC LIMIT -1 OFFSET ?3) RETURNING 1",
            (tenant, user, keep),
        )
    }

    fn put_ticket(&self, ticket: &Ticket) -> Result<Held, Failed> {
        self.run(
            "INSERT INTO ticket (tenant, user, id, issued_by, expires_at, awaits_approval, used_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            (
                self.tenant,
                self.user,
                ticket.id.as_str(),
                &ticket.issued_by,
                seconds(ticket.expires_at),
                ticket.awaits_approval,
                ticket.used_at.map(seconds),
                to_json(ticket)?,
            ),
        )
    }
}

/// Forgets what is over. How many rows went is for the operator's eyes: nothing is decided by it.
pub(crate) fn sweep(connection: &Connection, before: Timestamp) -> Result<u64, Failed> {
    let before = seconds(before);
    // In words, not as parameters: only so the index of what waits is used. Names of budgets that keep their rows begin so
    // (BudgetKey::keeps_rows).
    let mut statements = vec![
        "DELETE FROM factor WHERE state IN ('pending', 'validated') AND pending_until < ?1".to_owned(),
        "DELETE FROM budget WHERE window_start < ?1 AND locked_until <= ?1
            AND (consecutive = 0 OR substr(name, 1, 9) <> 'attempts|')"
            .to_owned(),
        "DELETE FROM reply WHERE until < ?1".to_owned(),
    ];
    let ending = ["challenge", "proof", "ticket"];
    statements.extend(ending.map(|table| format!("DELETE FROM {table} WHERE expires_at < ?1")));
    let mut forgotten = 0;
    for statement in statements {
        let mut gone = connection.prepare(&format!("{statement} RETURNING 1"))?;
        let mut rows = gone.query([before])?;
        while rows.next()?.is_some() {
            forgotten += 1;
        }
    }
    Ok(forgotten)
}
