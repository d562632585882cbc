//! Changes as statements: each guard is in its `WHERE`, and its success is the row it returns.

use crate::{
    budgets,
    convert::{number, seconds, to_json},
    failed::Failed,
    steps::{Step, params},
};
use keyhaven_verifier::{
    FactorId, Method, Tag,
    record::{Challenge, Factor, RecoveryCode, Reply, SubjectRecord, Ticket, Trust, TrustKind},
    store::{Change, Settlement},
};

/// Every change of a settlement as statements, and to which change each belongs.
pub(crate) fn steps(settlement: &Settlement) -> Result<(Vec<Step<'_>>, Vec<usize>), Failed> {
    let of = Of {
        tenant: settlement.tenant.as_bytes(),
        tenant_name: &settlement.tenant,
        user: settlement.user.as_bytes(),
        now: seconds(settlement.now),
    };
    let (mut steps, mut owners) = (Vec::new(), Vec::new());
    for (index, change) in settlement.changes.iter().enumerate() {
        steps.extend(of.change(change)?);
        owners.resize(steps.len(), index);
    }
    Ok((steps, owners))
}

/// Whose records change, and when.
struct Of<'a> {
    tenant: &'a [u8],
    tenant_name: &'a str,
    user: &'a [u8],
    now: i64,
}

fn method_name(method: Method) -> &'static str {
    method.name()
}

impl<'a> Of<'a> {
    fn change(&self, change: &'a Change) -> Result<Vec<Step<'a>>, Failed> {
        let (tenant, user, now) = (self.tenant, self.user, self.now);
        let one = match change {
            Change::SetPolicy { expected, tenant: record } => Step::guarded(
                "INSERT INTO tenant (name, revision, policy, kek, key_number, wrapped_key, former_keys)
                 SELECT $1::BYTEA, $2::BIGINT, $3::TEXT, $4::TEXT, $5::BIGINT, $6::BYTEA, $7::TEXT
                  WHERE $8::BIGINT = 0 OR EXISTS (SELECT 1 FROM tenant WHERE name = $1::BYTEA)
                     ON CONFLICT (name) DO UPDATE SET revision = $2::BIGINT, policy = $3::TEXT
                  WHERE tenant.revision = $8::BIGINT
                 RETURNING 1",
                params![
                    tenant,
                    number(record.revision)?,
                    &record.policy,
                    &record.keys.kek,
                    i64::from(record.keys.number),
                    &record.keys.wrapped,
                    to_json(&record.keys.former)?,
                    number(*expected)?,
                ],
            ),
            Change::RequirePolicy { revision } => Step::guarded(
                "SELECT 1 FROM tenant WHERE name = $1 AND revision = $2",
                params![tenant, number(*revision)?],
            ),
            Change::SetKeys { expected, keys } => Step::guarded(
                "UPDATE tenant SET kek = $2, key_number = $3, wrapped_key = $4, former_keys = $5
                  WHERE name = $1 AND kek = $6 AND key_number = $7 AND wrapped_key = $8 AND former_keys = $9
                 RETURNING 1",
                params![
                    tenant,
                    &keys.kek,
                    i64::from(keys.number),
                    &keys.wrapped,
                    to_json(&keys.former)?,
                    &expected.kek,
                    i64::from(expected.number),
                    &expected.wrapped,
                    to_json(&expected.former)?,
                ],
            ),
            Change::PutSubject { expected, subject } => self.put_subject(expected.as_ref(), subject),
            Change::PutPending(factor) => self.put_pending(factor)?,
            Change::Reseal(factor) => Step::guarded(
                "UPDATE factor SET body = $4 WHERE tenant = $1 AND username = $2 AND id = $3 RETURNING 1",
                params![tenant, user, factor.id.as_str(), to_json(factor)?],
            ),
            Change::Validate { factor } => Step::guarded(
                "UPDATE factor SET state = 'validated'
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state = 'pending' AND pending_until > $4
                 RETURNING 1",
                params![tenant, user, factor.as_str(), now],
            ),
            Change::Activate { factor, from, last_step, drift, max_active, alone } => Step::guarded(
                "UPDATE factor SET state = 'active', last_step = $5, drift = $6, last_used = $4
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state = $7 AND pending_until > $4
                    AND $8 > (SELECT count(*) FROM factor AS other
                               WHERE other.tenant = $1 AND other.username = $2 AND other.state = 'active'
                                 AND other.method = factor.method)
                    AND NOT ($9 AND EXISTS (SELECT 1 FROM factor AS other
                                             WHERE other.tenant = $1 AND other.username = $2
                                               AND other.state = 'active'))
                 RETURNING 1",
                params![
                    tenant,
                    user,
                    factor.as_str(),
                    now,
                    last_step.map(number).transpose()?,
                    *drift,
                    from.name(),
                    i64::from(*max_active),
                    *alone,
                ],
            ),
            Change::Revoke { factor, last } => Step::guarded(
                "UPDATE factor SET state = 'revoked'
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state <> 'revoked'
                    AND ($4 OR EXISTS (SELECT 1 FROM factor AS other
                                        WHERE other.tenant = $1 AND other.username = $2 AND other.id <> $3
                                          AND other.state = 'active'))
                 RETURNING 1",
                params![tenant, user, factor.as_str(), *last],
            ),
            Change::RevokeOthers { method, except } => Step::plain(
                "UPDATE factor SET state = 'revoked'
                  WHERE tenant = $1 AND username = $2 AND ($3::TEXT IS NULL OR method = $3::TEXT)
                    AND id IS DISTINCT FROM $4::TEXT",
                params![tenant, user, method.map(method_name), except.as_ref().map(FactorId::as_str)],
            ),
            Change::RevokeWaiting { except } => Step::plain(
                "UPDATE factor SET state = 'revoked'
                  WHERE tenant = $1 AND username = $2 AND state IN ('pending', 'validated')
                    AND id IS DISTINCT FROM $3::TEXT",
                params![tenant, user, except.as_ref().map(FactorId::as_str)],
            ),
            Change::ClaimStep { factor, generation, step } => Step::guarded(
                "UPDATE factor SET last_step = $5, last_used = $6
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state = 'active' AND generation = $4
                    AND (last_step IS NULL OR last_step < $5)
                 RETURNING 1",
                params![tenant, user, factor.as_str(), number(*generation)?, number(*step)?, now],
            ),
            Change::Resync { factor, generation, step, drift } => Step::guarded(
                "UPDATE factor SET last_step = $5, last_used = $6, drift = $7
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state = 'active' AND generation = $4
                    AND (last_step IS NULL OR last_step < $5)
                 RETURNING 1",
                params![tenant, user, factor.as_str(), number(*generation)?, number(*step)?, now, *drift],
            ),
            Change::Touch { factor } => Step::guarded(
                "UPDATE factor SET last_used = $4
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state = 'active' RETURNING 1",
                params![tenant, user, factor.as_str(), now],
            ),
            Change::PutRecovery { expected, codes } => return self.put_recovery(*expected, codes),
            Change::UseRecovery { code, generation } => Step::guarded(
                "UPDATE recovery SET used_at = $5
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND generation = $4 AND used_at IS NULL RETURNING 1",
                params![tenant, user, code.as_str(), number(*generation)?, now],
            ),
            Change::RequireUnused { codes } => Step::guarded(
                "SELECT 1 WHERE $3::BIGINT = (SELECT count(*) FROM recovery
                                               WHERE tenant = $1 AND username = $2 AND used_at IS NULL)",
                params![tenant, user, i64::from(*codes)],
            ),
            Change::Open(challenge) => self.open(challenge)?,
            Change::Select { challenge, method } => Step::guarded(
                "UPDATE challenge SET method = $5
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state = 'open' AND expires_at > $4 RETURNING 1",
                params![tenant, user, challenge.as_str(), now, method_name(*method)],
            ),
            Change::SetCode { challenge, method, factor, code, cooldown } => Step::guarded(
                "UPDATE challenge SET factor = $6, code_tag = $7, code_until = $8, sends = sends + 1, sent_at = $4
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state = 'open' AND expires_at > $4
                    AND method = $5 AND (sent_at IS NULL OR sent_at <= $4 - $9::BIGINT)
                 RETURNING 1",
                params![
                    tenant,
                    user,
                    challenge.as_str(),
                    now,
                    method_name(*method),
                    factor.as_str(),
                    code.tag.as_str(),
                    seconds(code.expires_at),
                    i64::from(*cooldown),
                ],
            ),
            Change::Answer { challenge, code, answered } => Step::guarded(
                "UPDATE challenge SET state = 'answered', decision = $5, answered_at = $6
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state = 'open' AND expires_at > $4
                    AND ($7::TEXT IS NULL OR (code_tag = $7::TEXT AND code_until > $4))
                 RETURNING 1",
                params![
                    tenant,
                    user,
                    challenge.as_str(),
                    now,
                    answered.decision.as_str(),
                    seconds(answered.at),
                    code.as_ref().map(Tag::as_str),
                ],
            ),
            Change::Cancel { challenge } => Step::guarded(
                "UPDATE challenge SET state = 'cancelled'
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state = 'open' AND expires_at > $4 RETURNING 1",
                params![tenant, user, challenge.as_str(), now],
            ),
            // Without guard; the row says that it changed something.
            Change::Expire { challenge } => Step::plain(
                "UPDATE challenge SET state = 'expired'
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND state = 'open' AND expires_at <= $4 RETURNING 1",
                params![tenant, user, challenge.as_str(), now],
            ),
            Change::PutTrust { trust, keep } => return Ok(self.put_trust(trust, *keep)),
            Change::RotateTrust { trust, expected, tag } => Step::guarded(
                "UPDATE trust SET former_tag = tag, tag = $5, rotated_at = $4, last_used = $4
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND tag = $6 AND expires_at > $4
                 RETURNING 1",
                params![tenant, user, trust.as_str(), now, tag.as_str(), expected.as_str()],
            ),
            Change::DropTrust { trust } => Step::plain(
                "DELETE FROM trust WHERE tenant = $1 AND username = $2 AND ($3::TEXT IS NULL OR id = $3::TEXT)
                 RETURNING 1",
                params![tenant, user, trust.as_ref().map(|id| id.as_str())],
            ),
            Change::PutProof(proof) => Step::plain(
                "INSERT INTO proof (tenant, username, tag, expires_at, used_at) VALUES ($1, $2, $3, $4, NULL)",
                params![tenant, user, proof.tag.as_str(), seconds(proof.expires_at)],
            ),
            Change::ConsumeProof { tag } => Step::guarded(
                "UPDATE proof SET used_at = $4
                  WHERE tenant = $1 AND username = $2 AND tag = $3 AND used_at IS NULL AND expires_at > $4 RETURNING 1",
                params![tenant, user, tag.as_str(), now],
            ),
            Change::DropProofs => Step::plain(
                "DELETE FROM proof WHERE tenant = $1 AND username = $2 AND used_at IS NULL",
                params![tenant, user],
            ),
            Change::PutTicket(ticket) => self.put_ticket(ticket)?,
            Change::ApproveTicket { ticket, by } => Step::guarded(
                "UPDATE ticket SET awaits_approval = FALSE
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND awaits_approval AND used_at IS NULL
                    AND expires_at > $4 AND issued_by <> $5
                 RETURNING 1",
                params![tenant, user, ticket.as_str(), now, by.as_bytes()],
            ),
            Change::ConsumeTicket { ticket } => Step::guarded(
                "UPDATE ticket SET used_at = $4
                  WHERE tenant = $1 AND username = $2 AND id = $3 AND NOT awaits_approval AND used_at IS NULL
                    AND expires_at > $4
                 RETURNING 1",
                params![tenant, user, ticket.as_str(), now],
            ),
            Change::KeepReply(reply) => return Ok(self.keep_reply(reply)),
            Change::Refund { key, clear } => budgets::refund(self.tenant_name, key, *clear),
            Change::Reset { key } => budgets::reset(self.tenant_name, key),
            Change::Explain(explanation) => Step::plain(
                "INSERT INTO decision (tenant, id, body) VALUES ($1, $2, $3)",
                params![tenant, explanation.decision.as_str(), to_json(explanation)?],
            ),
        };
        Ok(vec![one])
    }

    fn put_subject(&self, expected: Option<&'a SubjectRecord>, subject: &'a SubjectRecord) -> Step<'a> {
        let SubjectRecord { created_at, email, shared, must_enrol, email_allowed } = subject;
        let mut params = params![
            self.tenant,
            self.user,
            seconds(*created_at),
            email,
            *shared,
            *must_enrol,
            *email_allowed
        ];
        let Some(was) = expected else {
            return Step::guarded(
                "INSERT INTO subject (tenant, username, created_at, email, shared, must_enrol, email_allowed)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, username) DO NOTHING RETURNING 1",
                params,
            );
        };
        params.extend(params![
            seconds(was.created_at),
            &was.email,
            was.shared,
            was.must_enrol,
            was.email_allowed
        ]);
        Step::guarded(
            "UPDATE subject SET created_at = $3, email = $4, shared = $5, must_enrol = $6, email_allowed = $7
              WHERE tenant = $1 AND username = $2 AND created_at = $8 AND email IS NOT DISTINCT FROM $9
                AND shared = $10 AND must_enrol = $11 AND email_allowed = $12
             RETURNING 1",
            params,
        )
    }

    fn put_pending(&self, factor: &'a Factor) -> Result<Step<'a>, Failed> {
        Ok(Step::plain(
            "INSERT INTO factor (tenant, username, id, n, method, generation, state, pending_until, last_step, drift,
                                 last_used, body)
             SELECT $1::BYTEA, $2::BYTEA, $3::TEXT, coalesce(max(n), 0) + 1, $4::TEXT, $5::BIGINT, $6::TEXT,
                    $7::BIGINT, $8::BIGINT, $9::BIGINT, $10::BIGINT, $11::TEXT
               FROM factor WHERE tenant = $1::BYTEA AND username = $2::BYTEA",
            params![
                self.tenant,
                self.user,
                factor.id.as_str(),
                method_name(factor.method),
                number(factor.generation)?,
                factor.state.name(),
                seconds(factor.pending_until),
                factor.last_step.map(number).transpose()?,
                factor.drift,
                factor.last_used.map(seconds),
                to_json(factor)?,
            ],
        ))
    }

    fn put_recovery(&self, expected: u64, codes: &'a [RecoveryCode]) -> Result<Vec<Step<'a>>, Failed> {
        let (tenant, user) = (self.tenant, self.user);
        let generation = number(codes.first().map_or(0, |code| code.generation))?;
        let mut steps = vec![
            Step::guarded(
                "INSERT INTO recovery_set (tenant, username, generation)
                 SELECT $1::BYTEA, $2::BYTEA, $3::BIGINT
                  WHERE $4::BIGINT = 0
                     OR EXISTS (SELECT 1 FROM recovery_set WHERE tenant = $1::BYTEA AND username = $2::BYTEA)
                     ON CONFLICT (tenant, username) DO UPDATE SET generation = $3::BIGINT
                  WHERE recovery_set.generation = $4::BIGINT
                 RETURNING 1",
                params![tenant, user, generation, number(expected)?],
            ),
            Step::plain("DELETE FROM recovery WHERE tenant = $1 AND username = $2", params![tenant, user]),
        ];
        for (place, code) in codes.iter().enumerate() {
            steps.push(Step::plain(
                "INSERT INTO recovery (tenant, username, id, n, generation, selector, hash, used_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                params![
                    tenant,
                    user,
                    code.id.as_str(),
                    i64::try_from(place).unwrap_or(i64::MAX),
                    number(code.generation)?,
                    &code.selector,
                    to_json(&code.hash)?,
                    code.used_at.map(seconds),
                ],
            ));
        }
        Ok(steps)
    }

    fn open(&self, challenge: &'a Challenge) -> Result<Step<'a>, Failed> {
        let state = match (&challenge.answered, challenge.cancelled, challenge.expired) {
            (Some(_), _, _) => "answered",
            (None, true, _) => "cancelled",
            (None, false, true) => "expired",
            (None, false, false) => "open",
        };
        let answered = challenge.answered.as_ref();
        Ok(Step::plain(
            "INSERT INTO challenge (tenant, username, id, expires_at, method, factor, sends, sent_at, code_tag,
                                    code_until, state, decision, answered_at, body)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            params![
                self.tenant,
                self.user,
                challenge.id.as_str(),
                seconds(challenge.expires_at),
                method_name(challenge.method),
                challenge.factor.as_ref().map(FactorId::as_str),
                i64::from(challenge.sends),
                challenge.sent_at.map(seconds),
                challenge.code.as_ref().map(|code| code.tag.as_str()),
                challenge.code.as_ref().map(|code| seconds(code.expires_at)),
                state,
                answered.map(|answered| answered.decision.as_str()),
                answered.map(|answered| seconds(answered.at)),
                to_json(challenge)?,
            ],
        ))
    }

    fn put_trust(&self, trust: &'a Trust, keep: u8) -> Vec<Step<'a>> {
        let (tenant, user) = (self.tenant, self.user);
        let kind = match trust.kind {
            TrustKind::Network => "network",
            TrustKind::Device => "device",
        };
        vec![
            Step::plain(
                "DELETE FROM trust WHERE tenant = $1 AND username = $2 AND kind = 'network' AND tag = $3",
                params![tenant, user, trust.tag.as_str()],
            ),
            Step::plain(
                "INSERT INTO trust (tenant, username, id, n, kind, tag, former_tag, rotated_at, last_used, expires_at)
                 SELECT $1::BYTEA, $2::BYTEA, $3::TEXT, coalesce(max(n), 0) + 1, $4::TEXT, $5::TEXT, $6::TEXT,
                        $7::BIGINT, $8::BIGINT, $9::BIGINT
                   FROM trust WHERE tenant = $1::BYTEA AND username = $2::BYTEA",
                params![
                    tenant,
                    user,
                    trust.id.as_str(),
                    kind,
                    trust.tag.as_str(),
                    trust.former_tag.as_ref().map(Tag::as_str),
                    seconds(trust.rotated_at),
                    seconds(trust.last_used),
                    seconds(trust.expires_at),
                ],
            ),
            Step::plain(
                "DELETE FROM trust WHERE tenant = $1 AND username = $2 AND id IN
                    (SELECT id FROM trust WHERE tenant = $1 AND username = $2
                      ORDER BY last_used DESC, n DESC OFFSET $3)
                 RETURNING 1",
                params![tenant, user, i64::from(keep)],
            ),
        ]
    }

    fn keep_reply(&self, reply: &'a Reply) -> Vec<Step<'a>> {
        let (tenant, user) = (self.tenant, self.user);
        vec![
            Step::plain(
                "DELETE FROM reply WHERE tenant = $1 AND username = $2 AND until <= $3",
                params![tenant, user, self.now],
            ),
            Step::guarded(
                "INSERT INTO reply (tenant, username, request, until, sealed) VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (tenant, username, request) DO NOTHING RETURNING 1",
                params![tenant, user, reply.request.as_str(), seconds(reply.until), &reply.sealed],
            ),
        ]
    }

    fn put_ticket(&self, ticket: &'a Ticket) -> Result<Step<'a>, Failed> {
        Ok(Step::plain(
            "INSERT INTO ticket (tenant, username, id, issued_by, expires_at, awaits_approval, used_at, body)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            params![
                self.tenant,
                self.user,
                ticket.id.as_str(),
                ticket.issued_by.as_bytes(),
                seconds(ticket.expires_at),
                ticket.awaits_approval,
                ticket.used_at.map(seconds),
                to_json(ticket)?,
            ],
        ))
    }
}

/// Forgets what is over. Each statement is a transaction of its own; what one of them leaves, the next sweep takes.
pub(crate) const SWEEP: [&str; 6] = [
    "WITH gone AS (DELETE FROM factor WHERE state IN ('pending', 'validated') AND pending_until < $1 RETURNING 1)
     SELECT count(*) FROM gone",
    "WITH gone AS (DELETE FROM challenge WHERE expires_at < $1 RETURNING 1) SELECT count(*) FROM gone",
    "WITH gone AS (DELETE FROM proof WHERE expires_at < $1 RETURNING 1) SELECT count(*) FROM gone",
    "WITH gone AS (DELETE FROM ticket WHERE expires_at < $1 RETURNING 1) SELECT count(*) FROM gone",
    "WITH gone AS (DELETE FROM reply WHERE until < $1 RETURNING 1) SELECT count(*) FROM gone",
    "WITH gone AS (DELETE FROM budget WHERE window_start < $1 AND locked_until <= $1
                      AND (consecutive = 0 OR NOT keeps_rows) RETURNING 1)
     SELECT count(*) FROM gone",
];
