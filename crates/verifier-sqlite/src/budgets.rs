//! Charging budgets: one conditional statement each.

use crate::{
    convert::{moment, seconds},
    worker::Failed,
};
use keyhaven_verifier::{
    Budget, BudgetKey, Limit, Timestamp,
    store::{Charge, Charged},
};
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// Counts one if the budget has one left ([`Budget::charge`]); no row says that it has not.
const CHARGE: &str = "
    INSERT INTO budget (tenant, name, window_start, used, consecutive, locked_until)
    SELECT :tenant, :name, :now, 1, 1,
           coalesce(CASE WHEN 1 < :free THEN NULL WHEN 1 = :free THEN :lock0 WHEN 1 = :free + 1 THEN :lock1
                    ELSE :lock2 END, 0)
     WHERE :max > 0 AND :in_a_row > 0
        ON CONFLICT (tenant, name) DO UPDATE SET
           used         = CASE WHEN max(:now - window_start, 0) >= :window THEN 1 ELSE used + 1 END,
           window_start = CASE WHEN max(:now - window_start, 0) >= :window THEN :now ELSE window_start END,
           consecutive  = consecutive + 1,
           locked_until = coalesce(
               CASE WHEN consecutive + 1 < :free THEN NULL
                    WHEN consecutive + 1 = :free THEN :lock0
                    WHEN consecutive + 1 = :free + 1 THEN :lock1
                    ELSE :lock2 END, locked_until)
     WHERE locked_until <= :now AND consecutive < :in_a_row
       AND (used < :max OR max(:now - window_start, 0) >= :window)
    RETURNING window_start, used, consecutive, locked_until";

/// Starts the lock-out of a budget whose window is full.
const LOCK: &str = "
    UPDATE budget SET locked_until = :until
     WHERE tenant = :tenant AND name = :name AND locked_until <= :now
       AND used >= :max AND max(:now - window_start, 0) < :window
    RETURNING 1";

pub(crate) fn charge(
    connection: &Connection,
    tenant: &str,
    charges: &[Charge],
    now: Timestamp,
) -> Result<Charged, Failed> {
    connection.execute_batch("SAVEPOINT charge")?;
    let mut granted = Vec::with_capacity(charges.len());
    for (at, Charge { key, limit }) in charges.iter().enumerate() {
        if let Some(budget) = one(connection, tenant, key, limit, now)? {
            granted.push(budget);
            continue;
        }
        connection.execute_batch("ROLLBACK TO charge; RELEASE charge")?;
        let mut began = false;
        if limit.lockout > 0 {
            let mut lock = connection.prepare_cached(LOCK)?;
            let mut rows = lock.query(named_params! {
                ":tenant": tenant, ":name": key.to_text(), ":now": seconds(now), ":max": limit.max,
                ":window": limit.window, ":until": seconds(now.plus(limit.lockout.into())),
            })?;
            // A statement is done once all of its rows are read.
            while rows.next()?.is_some() {
                began = true;
            }
        }
        let budget = read(connection, tenant, key)?;
        let until = budget.exhausted(limit, now).and_then(|exhausted| exhausted.until);
        return Ok(Charged::Refused { at, budget, until, began });
    }
    connection.execute_batch("RELEASE charge")?;
    Ok(Charged::Granted(granted))
}

fn one(
    connection: &Connection,
    tenant: &str,
    key: &BudgetKey,
    limit: &Limit,
    now: Timestamp,
) -> Result<Option<Budget>, Failed> {
    // A wait that ends beyond what a number can hold ends there; no wait leaves an earlier lock as it is.
    let lock = |delay: u32| (delay > 0).then(|| seconds(now.plus(delay.into())));
    let [first, second, further] = limit.delays;
    Ok(connection
        .prepare_cached(CHARGE)?
        .query_row(
            named_params! {
                ":tenant": tenant, ":name": key.to_text(), ":now": seconds(now), ":window": limit.window,
                ":max": limit.max, ":in_a_row": limit.consecutive, ":free": limit.free,
                ":lock0": lock(first), ":lock1": lock(second), ":lock2": lock(further),
            },
            budget,
        )
        .optional()?)
}

fn budget(row: &Row<'_>) -> Result<Budget, rusqlite::Error> {
    let count = |column| Ok::<u64, rusqlite::Error>(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0));
    Ok(Budget {
        window_start: moment(row.get("window_start")?),
        used: count("used")?,
        consecutive: count("consecutive")?,
        locked_until: moment(row.get("locked_until")?),
    })
}

/// How a budget stands; a fresh one where nothing was counted.
pub(crate) fn read(connection: &Connection, tenant: &str, key: &BudgetKey) -> Result<Budget, Failed> {
    let found = connection
        .prepare_cached(
            "SELECT window_start, used, consecutive, locked_until FROM budget WHERE tenant = ?1 AND name = ?2",
        )?
        .query_row((tenant, key.to_text()), budget)
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// [`Budget::refund`].
pub(crate) fn refund(
    connection: &Connection,
    tenant: &str,
    key: &BudgetKey,
    clear: bool,
) -> Result<(), Failed> {
    connection
        .prepare_cached(
            "UPDATE budget SET used = max(used - 1, 0),
                    consecutive = CASE WHEN :clear THEN 0 ELSE consecutive END,
                    locked_until = CASE WHEN :clear THEN 0 ELSE locked_until END
              WHERE tenant = :tenant AND name = :name",
        )?
        .execute(named_params! {":tenant": tenant, ":name": key.to_text(), ":clear": clear})?;
    Ok(())
}

pub(crate) fn reset(connection: &Connection, tenant: &str, key: &BudgetKey) -> Result<(), Failed> {
    connection
        .prepare_cached("DELETE FROM budget WHERE tenant = ?1 AND name = ?2")?
        .execute((tenant, key.to_text()))?;
    Ok(())
}
