//! Reading, each within one read transaction that sees one moment.

use crate::{
    budgets,
    convert::{
        column, from_json, from_millis, id, instant, instant_or_none, name, named, natural, seconds, tag,
    },
    failed::{Failed, Kind},
    steps::{self, Step, params},
};
use deadpool_postgres::{Client, Pool};
use keyhaven_verifier::{
    AuditRecord, ChallengeId, DecisionId, Explanation, FactorId, RecoveryCodeId, Tag, Timestamp, TrustId,
    record::{
        Answered, Challenge, Factor, FactorState, KeyRecord, RecoveryCode, Reply, SentCode, SubjectRecord,
        TenantRecord, Ticket, Trust,
    },
    store::{Query, Snapshot},
};
use std::{collections::HashMap, time::SystemTime};
use tokio_postgres::Row;

/// Runs statements in a transaction of their own. They are sent all at once, the end of the transaction with them: a
/// caller that goes away leaves none open.
async fn moment(pool: &Pool, wanted: impl Fn() -> Vec<Step<'static>>) -> Result<Vec<Vec<Row>>, Failed> {
    let mut last = Failed::record("nothing was tried".to_owned());
    // A connection that the server gave up meanwhile is found out by using it.
    for _ in 0..3 {
        let client = pool.get().await?;
        let mut steps = vec![Step::word("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")];
        steps.extend(wanted());
        steps.push(Step::word("COMMIT"));
        match steps::run(&client, &steps).await.all() {
            Ok(mut rows) => {
                rows.remove(0);
                rows.pop();
                return Ok(rows);
            }
            Err(failed) => {
                drop(Client::take(client));
                if failed.kind == Kind::Refused {
                    return Err(failed);
                }
                last = failed;
            }
        }
    }
    Err(last)
}

const TENANT: &str =
    "SELECT name, revision, policy, kek, key_number, wrapped_key, former_keys FROM tenant WHERE name = $1";
const SUBJECT: &str = "SELECT username, created_at, email, shared, must_enrol, email_allowed FROM subject
     WHERE tenant = $1 AND username = $2";
const FACTORS: &str = "SELECT username, id, state, last_step, drift, last_used, body FROM factor
     WHERE tenant = $1 AND username = $2 ORDER BY n";
const RECOVERY: &str = "SELECT username, id, generation, selector, hash, used_at FROM recovery
     WHERE tenant = $1 AND username = $2 ORDER BY n";
const TRUSTS: &str =
    "SELECT username, id, kind, tag, former_tag, rotated_at, last_used, expires_at FROM trust
     WHERE tenant = $1 AND username = $2 ORDER BY last_used, n";
const CHALLENGE: &str = "SELECT id, method, factor, sends, sent_at, code_tag, code_until, state, decision,
            answered_at, body FROM challenge WHERE tenant = $1 AND username = $2 AND id = $3";
const REPLY: &str = "SELECT request, until, sealed FROM reply
     WHERE tenant = $1 AND username = $2 AND request = $3";
const TICKET: &str = "SELECT awaits_approval, used_at, body FROM ticket
     WHERE tenant = $1 AND username = $2 AND id = $3";

/// The same for a page of users.
const SUBJECTS: &str = "SELECT username, created_at, email, shared, must_enrol, email_allowed FROM subject
     WHERE tenant = $1 AND username > $2 ORDER BY username LIMIT $3";
const FACTORS_OF: &str = "SELECT username, id, state, last_step, drift, last_used, body FROM factor
     WHERE tenant = $1 AND username IN
           (SELECT username FROM subject WHERE tenant = $1 AND username > $2 ORDER BY username LIMIT $3)
     ORDER BY n";
const RECOVERY_OF: &str = "SELECT username, id, generation, selector, hash, used_at FROM recovery
     WHERE tenant = $1 AND username IN
           (SELECT username FROM subject WHERE tenant = $1 AND username > $2 ORDER BY username LIMIT $3)
     ORDER BY n";
const TRUSTS_OF: &str =
    "SELECT username, id, kind, tag, former_tag, rotated_at, last_used, expires_at FROM trust
     WHERE tenant = $1 AND username IN
           (SELECT username FROM subject WHERE tenant = $1 AND username > $2 ORDER BY username LIMIT $3)
     ORDER BY last_used, n";

fn all<T>(rows: &[Row], make: impl Fn(&Row) -> Result<T, Failed>) -> Result<Vec<T>, Failed> {
    rows.iter().map(make).collect()
}

fn first<T>(rows: &[Row], make: impl Fn(&Row) -> Result<T, Failed>) -> Result<Option<T>, Failed> {
    rows.first().map(make).transpose()
}

pub(crate) async fn snapshot(pool: &Pool, query: &Query) -> Result<Snapshot, Failed> {
    let (tenant_name, user) = (query.tenant.as_bytes().to_vec(), query.user.as_bytes().to_vec());
    let of_user = |sql| Step::plain(sql, params![tenant_name.clone(), user.clone()]);
    let one = |sql, id: Option<&str>| {
        Step::plain(sql, params![tenant_name.clone(), user.clone(), id.unwrap_or_default().to_owned()])
    };
    let wanted = || {
        let mut steps = vec![Step::plain(TENANT, params![tenant_name.clone()])];
        steps.extend([SUBJECT, FACTORS, RECOVERY, TRUSTS].map(of_user));
        steps.extend(query.challenge.as_ref().map(|id| one(CHALLENGE, Some(id.as_str()))));
        steps.extend(query.ticket.as_ref().map(|id| one(TICKET, Some(id.as_str()))));
        steps.extend(query.request.as_ref().map(|tag| one(REPLY, Some(tag.as_str()))));
        let name = tenant_name.clone();
        steps.extend(query.budgets.iter().map(|key| budgets::read(name.clone(), key)));
        steps
    };
    let rows = moment(pool, wanted).await?;
    let mut rows = rows.iter().map(Vec::as_slice);
    let mut next = || rows.next().unwrap_or_default();
    Ok(Snapshot {
        tenant: first(next(), tenant)?,
        subject: first(next(), subject)?,
        factors: all(next(), factor)?,
        recovery: all(next(), recovery)?,
        trusts: all(next(), trust)?,
        challenge: query.challenge.as_ref().map_or(Ok(None), |_| first(next(), challenge))?,
        ticket: query.ticket.as_ref().map_or(Ok(None), |_| first(next(), ticket))?,
        reply: query.request.as_ref().map_or(Ok(None), |_| first(next(), reply))?,
        budgets: query.budgets.iter().map(|_| budgets::budget(next())).collect::<Result<_, _>>()?,
    })
}

fn tenant(row: &Row) -> Result<TenantRecord, Failed> {
    Ok(TenantRecord {
        revision: natural(row, "revision")?,
        policy: column(row, "policy")?,
        keys: KeyRecord {
            kek: column(row, "kek")?,
            number: u32::try_from(natural(row, "key_number")?)
                .map_err(|_| Failed::record("a key's number is none".to_owned()))?,
            wrapped: column(row, "wrapped_key")?,
            former: from_json(column(row, "former_keys")?)?,
        },
    })
}

fn subject(row: &Row) -> Result<SubjectRecord, Failed> {
    Ok(SubjectRecord {
        created_at: instant(row, "created_at")?,
        email: column(row, "email")?,
        shared: column(row, "shared")?,
        must_enrol: column(row, "must_enrol")?,
        email_allowed: column(row, "email_allowed")?,
    })
}

fn factor(row: &Row) -> Result<Factor, Failed> {
    let state: &str = column(row, "state")?;
    let last_step: Option<i64> = column(row, "last_step")?;
    Ok(Factor {
        id: id(row, "id", FactorId::parse)?,
        state: FactorState::from_name(state)
            .ok_or_else(|| Failed::record(format!("a factor is {state:?}")))?,
        last_step: last_step.map(|step| u64::try_from(step).unwrap_or(0)),
        drift: column(row, "drift")?,
        last_used: instant_or_none(row, "last_used")?,
        ..from_json(column(row, "body")?)?
    })
}

fn recovery(row: &Row) -> Result<RecoveryCode, Failed> {
    Ok(RecoveryCode {
        id: id(row, "id", RecoveryCodeId::parse)?,
        generation: natural(row, "generation")?,
        selector: column(row, "selector")?,
        hash: from_json(column(row, "hash")?)?,
        used_at: instant_or_none(row, "used_at")?,
    })
}

fn trust(row: &Row) -> Result<Trust, Failed> {
    Ok(Trust {
        id: id(row, "id", TrustId::parse)?,
        kind: named(row, "kind")?,
        tag: Tag::from_text(column(row, "tag")?),
        former_tag: tag(row, "former_tag")?,
        rotated_at: instant(row, "rotated_at")?,
        last_used: instant(row, "last_used")?,
        expires_at: instant(row, "expires_at")?,
    })
}

fn challenge(row: &Row) -> Result<Challenge, Failed> {
    let state: &str = column(row, "state")?;
    let code = match (tag(row, "code_tag")?, instant_or_none(row, "code_until")?) {
        (Some(tag), Some(expires_at)) => Some(SentCode { tag, expires_at }),
        _ => None,
    };
    let answered = match instant_or_none(row, "answered_at")? {
        Some(at) => Some(Answered { decision: id(row, "decision", DecisionId::parse)?, at }),
        None => None,
    };
    let factor: Option<&str> = column(row, "factor")?;
    Ok(Challenge {
        id: id(row, "id", ChallengeId::parse)?,
        method: named(row, "method")?,
        factor: factor.and_then(FactorId::parse),
        sends: u32::try_from(natural(row, "sends")?).unwrap_or(u32::MAX),
        sent_at: instant_or_none(row, "sent_at")?,
        code,
        cancelled: state == "cancelled",
        expired: state == "expired",
        answered,
        ..from_json(column(row, "body")?)?
    })
}

fn ticket(row: &Row) -> Result<Ticket, Failed> {
    Ok(Ticket {
        awaits_approval: column(row, "awaits_approval")?,
        used_at: instant_or_none(row, "used_at")?,
        ..from_json(column(row, "body")?)?
    })
}

fn reply(row: &Row) -> Result<Reply, Failed> {
    Ok(Reply {
        request: Tag::from_text(column(row, "request")?),
        until: instant(row, "until")?,
        sealed: column(row, "sealed")?,
    })
}

pub(crate) async fn users(
    pool: &Pool,
    tenant: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, Snapshot)>, Failed> {
    let page = |sql| {
        let (tenant, after) = (tenant.as_bytes().to_vec(), after.as_bytes().to_vec());
        Step::plain(sql, params![tenant, after, i64::from(limit)])
    };
    let wanted = || [SUBJECTS, FACTORS_OF, RECOVERY_OF, TRUSTS_OF].map(page).into();
    let rows = moment(pool, wanted).await?;
    let [subjects, factors, recoveries, trusts] = rows.as_slice() else { return Ok(Vec::new()) };
    let mut users = Vec::with_capacity(subjects.len());
    let mut places = HashMap::new();
    for row in subjects {
        let user = name(row, "username")?;
        places.insert(user.clone(), users.len());
        users.push((user, Snapshot { subject: Some(subject(row)?), ..Snapshot::default() }));
    }
    let place = |row: &Row| Ok::<_, Failed>(places.get(&name(row, "username")?).copied());
    for row in factors {
        if let Some(place) = place(row)? {
            users[place].1.factors.push(factor(row)?);
        }
    }
    for row in recoveries {
        if let Some(place) = place(row)? {
            users[place].1.recovery.push(recovery(row)?);
        }
    }
    for row in trusts {
        if let Some(place) = place(row)? {
            users[place].1.trusts.push(trust(row)?);
        }
    }
    Ok(users)
}

/// Challenges that are open and ended before a moment, of everybody.
pub(crate) async fn expired(
    pool: &Pool,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<(String, String, Challenge)>, Failed> {
    const SQL: &str =
        "SELECT tenant, username, id, method, factor, sends, sent_at, code_tag, code_until, state,
                decision, answered_at, body FROM challenge
          WHERE expires_at < $1 AND state = 'open' ORDER BY expires_at LIMIT $2";
    let wanted = || vec![Step::plain(SQL, params![seconds(before), i64::from(limit)])];
    let rows = moment(pool, wanted).await?;
    let found = |row: &Row| Ok((name(row, "tenant")?, name(row, "username")?, challenge(row)?));
    rows.iter().flatten().map(found).collect()
}

pub(crate) async fn tenants(
    pool: &Pool,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, TenantRecord)>, Failed> {
    const SQL: &str = "SELECT name, revision, policy, kek, key_number, wrapped_key, former_keys FROM tenant WHERE name > $1 ORDER BY name LIMIT $2";
    let wanted = || vec![Step::plain(SQL, params![after.as_bytes().to_vec(), i64::from(limit)])];
    let rows = moment(pool, wanted).await?;
    rows.iter().flatten().map(|row| Ok((name(row, "name")?, tenant(row)?))).collect()
}

pub(crate) async fn audit(
    pool: &Pool,
    tenant: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<AuditRecord>, Failed> {
    const SQL: &str = "SELECT sequence, at, body, hash FROM audit WHERE tenant = $1 AND sequence > $2
         ORDER BY sequence LIMIT $3";
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let wanted = || vec![Step::plain(SQL, params![tenant.as_bytes().to_vec(), after, i64::from(limit)])];
    let rows = moment(pool, wanted).await?;
    let record = |row: &Row| {
        Ok(AuditRecord {
            sequence: natural(row, "sequence")?,
            at: instant(row, "at")?,
            body: column(row, "body")?,
            hash: column(row, "hash")?,
        })
    };
    rows.iter().flatten().map(record).collect()
}

pub(crate) async fn explanation(
    pool: &Pool,
    tenant: &str,
    decision: &DecisionId,
) -> Result<Option<Explanation>, Failed> {
    const SQL: &str = "SELECT body FROM decision WHERE tenant = $1 AND id = $2";
    let wanted = || vec![Step::plain(SQL, params![tenant.as_bytes().to_vec(), decision.as_str().to_owned()])];
    let rows = moment(pool, wanted).await?;
    rows.iter().flatten().next().map(|row| from_json(column(row, "body")?)).transpose()
}

/// The server's clock, at the moment of asking and not at the transaction's begin.
pub(crate) async fn clock(pool: &Pool) -> Result<SystemTime, Failed> {
    const SQL: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT AS millis";
    let rows = moment(pool, || vec![Step::word(SQL)]).await?;
    let row = rows.iter().flatten().next();
    let row = row.ok_or_else(|| Failed::record("the server's clock says nothing".to_owned()))?;
    from_millis(column(row, "millis")?)
}
