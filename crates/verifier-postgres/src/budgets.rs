//! Charging budgets: one conditional statement each.

use crate::{
    convert::{column, moment, natural, seconds},
    failed::Failed,
    steps::{Step, params},
};
use keyhaven_verifier::{Budget, BudgetKey, Timestamp, store::Charge};
use tokio_postgres::{Row, types::ToSql};

/// Counts one if the budget has one left ([`Budget::charge`]); no row says that it has not.
const CHARGE: &str = "
    INSERT INTO budget (tenant, name, window_start, used, consecutive, locked_until, keeps_rows)
    SELECT $1::BYTEA, $2::BYTEA, $3::BIGINT, 1, 1,
           coalesce(CASE WHEN 1 < $7::BIGINT THEN NULL WHEN 1 = $7::BIGINT THEN $8::BIGINT
                    WHEN 1 = $7::BIGINT + 1 THEN $9::BIGINT ELSE $10::BIGINT END, 0),
           $11::BOOLEAN
     WHERE $5::BIGINT > 0 AND $6::BIGINT > 0
        ON CONFLICT (tenant, name) DO UPDATE SET
           used         = CASE WHEN greatest($3::BIGINT - budget.window_start, 0) >= $4::BIGINT THEN 1
                               ELSE budget.used + 1 END,
           window_start = CASE WHEN greatest($3::BIGINT - budget.window_start, 0) >= $4::BIGINT THEN $3::BIGINT
                               ELSE budget.window_start END,
           consecutive  = budget.consecutive + 1,
           locked_until = coalesce(
               CASE WHEN budget.consecutive + 1 < $7::BIGINT THEN NULL
                    WHEN budget.consecutive + 1 = $7::BIGINT THEN $8::BIGINT
                    WHEN budget.consecutive + 1 = $7::BIGINT + 1 THEN $9::BIGINT
                    ELSE $10::BIGINT END, budget.locked_until)
     WHERE budget.locked_until <= $3::BIGINT AND budget.consecutive < $6::BIGINT
       AND (budget.used < $5::BIGINT OR greatest($3::BIGINT - budget.window_start, 0) >= $4::BIGINT)
    RETURNING window_start, used, consecutive, locked_until";

/// Starts the lock-out of a budget whose window is full.
const LOCK: &str = "
    UPDATE budget SET locked_until = $3
     WHERE tenant = $1 AND name = $2 AND locked_until <= $4
       AND used >= $5 AND greatest($4 - window_start, 0) < $6
    RETURNING 1";

const READ: &str =
    "SELECT window_start, used, consecutive, locked_until FROM budget WHERE tenant = $1 AND name = $2";

pub(crate) fn charge<'a>(tenant: &'a str, charge: &Charge, now: Timestamp) -> Step<'a> {
    let Charge { key, limit } = charge;
    let name = key.to_text();
    let keeps_rows = BudgetKey::keeps_rows(&name);
    // A wait that ends beyond what a number can hold ends there; no wait leaves an earlier lock as it is.
    let lock = |delay: u32| (delay > 0).then(|| seconds(now.plus(delay.into())));
    let [first, second, further] = limit.delays;
    Step::guarded(
        CHARGE,
        params![
            tenant.as_bytes(),
            name.into_bytes(),
            seconds(now),
            i64::from(limit.window),
            i64::from(limit.max),
            i64::from(limit.consecutive),
            i64::from(limit.free),
            lock(first),
            lock(second),
            lock(further),
            keeps_rows,
        ],
    )
}

/// The lock-out that a refusal starts, if there is one (a row says that this one did), and how the budget stands after it.
pub(crate) fn refuse<'a>(tenant: &'a str, charge: &Charge, now: Timestamp) -> Vec<Step<'a>> {
    let Charge { key, limit } = charge;
    let mut steps = Vec::new();
    if limit.lockout > 0 {
        steps.push(Step::plain(
            LOCK,
            params![
                tenant.as_bytes(),
                key.to_text().into_bytes(),
                seconds(now.plus(limit.lockout.into())),
                seconds(now),
                i64::from(limit.max),
                i64::from(limit.window),
            ],
        ));
    }
    steps.push(read(tenant.as_bytes(), key));
    steps
}

/// How a budget stands.
pub(crate) fn read<'a>(tenant: impl ToSql + Sync + Send + 'a, key: &BudgetKey) -> Step<'a> {
    Step::plain(READ, params![tenant, key.to_text().into_bytes()])
}

/// The budget of a row; a fresh one where nothing was counted.
pub(crate) fn budget(rows: &[Row]) -> Result<Budget, Failed> {
    let Some(row) = rows.first() else { return Ok(Budget::default()) };
    Ok(Budget {
        window_start: moment(column(row, "window_start")?),
        used: natural(row, "used")?,
        consecutive: natural(row, "consecutive")?,
        locked_until: moment(column(row, "locked_until")?),
    })
}

/// [`Budget::refund`].
pub(crate) fn refund<'a>(tenant: &'a str, key: &BudgetKey, clear: bool) -> Step<'a> {
    Step::plain(
        "UPDATE budget SET used = greatest(used - 1, 0),
                consecutive = CASE WHEN $3 THEN 0 ELSE consecutive END,
                locked_until = CASE WHEN $3 THEN 0 ELSE locked_until END
          WHERE tenant = $1 AND name = $2",
        params![tenant.as_bytes(), key.to_text().into_bytes(), clear],
    )
}

pub(crate) fn reset<'a>(tenant: &'a str, key: &BudgetKey) -> Step<'a> {
    Step::plain(
        "DELETE FROM budget WHERE tenant = $1 AND name = $2",
        params![tenant.as_bytes(), key.to_text().into_bytes()],
    )
}
