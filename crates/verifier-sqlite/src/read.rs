//! Reading, each within one read transaction.

use crate::{
    budgets,
    convert::{from_json, from_millis, instant, instant_or_none, named, natural, seconds},
    worker::Failed,
};
use keyhaven_verifier::{
    AuditRecord, ChallengeId, DecisionId, Explanation, FactorId, RecoveryCodeId, Tag, Timestamp, TrustId,
    record::{
        Answered, Challenge, Factor, FactorState, KeyRecord, RecoveryCode, Reply, SentCode, SubjectRecord,
        TenantRecord, Ticket, Trust,
    },
    store::{Query, Snapshot},
};
use rusqlite::{Connection, OptionalExtension, Params, Row};
use std::time::SystemTime;

/// Every row, each made by `make`.
fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    make: impl Fn(&Row<'_>) -> Result<T, Failed>,
) -> Result<Vec<T>, Failed> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(make(row)?);
    }
    Ok(found)
}

fn id<T>(row: &Row<'_>, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Failed> {
    let text: String = row.get(column)?;
    parse(&text).ok_or_else(|| Failed(format!("column {column} holds no id")))
}

fn tag(row: &Row<'_>, column: &str) -> Result<Option<Tag>, Failed> {
    Ok(row.get::<_, Option<String>>(column)?.map(Tag::from_text))
}

pub(crate) fn snapshot(connection: &Connection, query: &Query) -> Result<Snapshot, Failed> {
    let tenant = all(connection, "SELECT * FROM tenant WHERE name = ?1", [&query.tenant], tenant)?;
    let mut snapshot = user(connection, &query.tenant, &query.user)?;
    snapshot.tenant = tenant.into_iter().next();
    if let Some(id) = &query.challenge {
        let found = all(
            connection,
            "SELECT * FROM challenge WHERE tenant = ?1 AND user = ?2 AND id = ?3",
            (&query.tenant, &query.user, id.as_str()),
            challenge,
        )?;
        snapshot.challenge = found.into_iter().next();
    }
    if let Some(id) = &query.ticket {
        let found = all(
            connection,
            "SELECT * FROM ticket WHERE tenant = ?1 AND user = ?2 AND id = ?3",
            (&query.tenant, &query.user, id.as_str()),
            ticket,
        )?;
        snapshot.ticket = found.into_iter().next();
    }
    if let Some(request) = &query.request {
        let found = all(
            connection,
            "SELECT * FROM reply WHERE tenant = ?1 AND user = ?2 AND request = ?3",
            (&query.tenant, &query.user, request.as_str()),
            reply,
        )?;
        snapshot.reply = found.into_iter().next();
    }
    for key in &query.budgets {
        snapshot.budgets.push(budgets::read(connection, &query.tenant, key)?);
    }
    Ok(snapshot)
}

fn user(connection: &Connection, tenant: &str, user: &str) -> Result<Snapshot, Failed> {
    let who = (tenant, user);
    let subject = all(connection, "SELECT * FROM subject WHERE tenant = ?1 AND user = ?2", who, subject)?;
    Ok(Snapshot {
        subject: subject.into_iter().next(),
        factors: all(
            connection,
            "SELECT * FROM factor WHERE tenant = ?1 AND user = ?2 ORDER BY n",
            who,
            factor,
        )?,
        recovery: all(
            connection,
            "SELECT * FROM recovery WHERE tenant = ?1 AND user = ?2 ORDER BY n",
            who,
            recovery,
        )?,
        trusts: all(
            connection,
            "SELECT * FROM trust WHERE tenant = ?1 AND user = ?2 ORDER BY last_used, n",
            who,
            trust,
        )?,
        ..Snapshot::default()
    })
}

fn tenant(row: &Row<'_>) -> Result<TenantRecord, Failed> {
    Ok(TenantRecord {
        revision: natural(row, "revision")?,
        policy: row.get("policy")?,
        keys: KeyRecord {
            kek: row.get("kek")?,
            number: row.get("key_number")?,
            wrapped: row.get("wrapped_key")?,
            former: from_json(&row.get::<_, String>("former_keys")?)?,
        },
    })
}

fn subject(row: &Row<'_>) -> Result<SubjectRecord, Failed> {
    Ok(SubjectRecord {
        created_at: instant(row, "created_at")?,
        email: row.get("email")?,
        shared: row.get("shared")?,
        must_enrol: row.get("must_enrol")?,
        email_allowed: row.get("email_allowed")?,
    })
}

fn factor(row: &Row<'_>) -> Result<Factor, Failed> {
    let body: String = row.get("body")?;
    let state: String = row.get("state")?;
    let last_step: Option<i64> = row.get("last_step")?;
    Ok(Factor {
        id: id(row, "id", FactorId::parse)?,
        state: FactorState::from_name(&state).ok_or_else(|| Failed(format!("a factor is {state:?}")))?,
        last_step: last_step.map(|step| u64::try_from(step).unwrap_or(0)),
        drift: row.get("drift")?,
        last_used: instant_or_none(row, "last_used")?,
        ..from_json(&body)?
    })
}

fn recovery(row: &Row<'_>) -> Result<RecoveryCode, Failed> {
    Ok(RecoveryCode {
        id: id(row, "id", RecoveryCodeId::parse)?,
        generation: natural(row, "generation")?,
        selector: row.get("selector")?,
        hash: from_json(&row.get::<_, String>("hash")?)?,
        used_at: instant_or_none(row, "used_at")?,
    })
}

fn trust(row: &Row<'_>) -> Result<Trust, Failed> {
    Ok(Trust {
        id: id(row, "id", TrustId::parse)?,
        kind: named(row, "kind")?,
        tag: Tag::from_text(row.get("tag")?),
        former_tag: tag(row, "former_tag")?,
        rotated_at: instant(row, "rotated_at")?,
        last_used: instant(row, "last_used")?,
        expires_at: instant(row, "expires_at")?,
    })
}

fn challenge(row: &Row<'_>) -> Result<Challenge, Failed> {
    let body: String = row.get("body")?;
    let state: String = row.get("state")?;
    let code = match (tag(row, "code_tag")?, instant_or_none(row, "code_until")?) {
        (Some(tag), Some(expires_at)) => Some(SentCode { tag, expires_at }),
        _ => None,
    };
    let answered = match instant_or_none(row, "answered_at")? {
        Some(at) => Some(Answered { decision: id(row, "decision", DecisionId::parse)?, at }),
        None => None,
    };
    let factor: Option<String> = row.get("factor")?;
    Ok(Challenge {
        id: id(row, "id", ChallengeId::parse)?,
        method: named(row, "method")?,
        factor: factor.as_deref().and_then(FactorId::parse),
        sends: row.get("sends")?,
        sent_at: instant_or_none(row, "sent_at")?,
        code,
        cancelled: state == "cancelled",
        expired: state == "expired",
        answered,
        ..from_json(&body)?
    })
}

fn ticket(row: &Row<'_>) -> Result<Ticket, Failed> {
    let body: String = row.get("body")?;
    Ok(Ticket {
        awaits_approval: row.get("awaits_approval")?,
        used_at: instant_or_none(row, "used_at")?,
        ..from_json(&body)?
    })
}

fn reply(row: &Row<'_>) -> Result<Reply, Failed> {
    Ok(Reply {
        request: Tag::from_text(row.get("request")?),
        until: instant(row, "until")?,
        sealed: row.get("sealed")?,
    })
}

/// Challenges that are open and ended before a moment, of everybody.
pub(crate) fn expired(
    connection: &Connection,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<(String, String, Challenge)>, Failed> {
    all(
        connection,
        "SELECT * FROM challenge WHERE expires_at < ?1 AND state = 'open' ORDER BY expires_at LIMIT ?2",
        (seconds(before), limit),
        |row| Ok((row.get("tenant")?, row.get("user")?, challenge(row)?)),
    )
}

pub(crate) fn users(
    connection: &Connection,
    tenant: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, Snapshot)>, Failed> {
    let names = all(
        connection,
        "SELECT user FROM subject WHERE tenant = ?1 AND user > ?2 ORDER BY user LIMIT ?3",
        (tenant, after, limit),
        |row| Ok(row.get::<_, String>(0)?),
    )?;
    names.into_iter().map(|name| user(connection, tenant, &name).map(|found| (name, found))).collect()
}

pub(crate) fn tenants(
    connection: &Connection,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, TenantRecord)>, Failed> {
    all(connection, "SELECT * FROM tenant WHERE name > ?1 ORDER BY name LIMIT ?2", (after, limit), |row| {
        Ok((row.get("name")?, tenant(row)?))
    })
}

pub(crate) fn audit(
    connection: &Connection,
    tenant: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<AuditRecord>, Failed> {
    all(
        connection,
        "SELECT * FROM audit WHERE tenant = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
        (tenant, i64::try_from(after).unwrap_or(i64::MAX), limit),
        |row| {
            Ok(AuditRecord {
                sequence: natural(row, "sequence")?,
                at: instant(row, "at")?,
                body: row.get("body")?,
                hash: row.get("hash")?,
            })
        },
    )
}

pub(crate) fn explanation(
    connection: &Connection,
    tenant: &str,
    decision: &DecisionId,
) -> Result<Option<Explanation>, Failed> {
    let body: Option<String> = connection
        .prepare_cached("SELECT body FROM decision WHERE tenant = ?1 AND id = ?2")?
        .query_row((tenant, decision.as_str()), |row| row.get(0))
        .optional()?;
    body.map(|body| from_json(&body)).transpose()
}

/// This machine's clock as SQLite reads it.
pub(crate) fn clock(connection: &Connection) -> Result<SystemTime, Failed> {
    let millis: i64 = connection
        .prepare_cached("SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)")?
        .query_row([], |row| row.get(0))?;
    from_millis(millis)
}
