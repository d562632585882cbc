//! Between records and columns. What SQLite holds is 64 bits with a sign; nothing of ours is larger.

use crate::worker::Failed;
use keyhaven_verifier::Timestamp;
use rusqlite::Row;
use serde::{Serialize, de::DeserializeOwned};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) fn seconds(moment: Timestamp) -> i64 {
    // A timestamp is at most 2⁶³−1.
    i64::try_from(moment.unix_seconds()).unwrap_or(i64::MAX)
}

pub(crate) fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(u64::try_from(seconds).unwrap_or(0))
}

pub(crate) fn number(number: u64) -> Result<i64, Failed> {
    i64::try_from(number).map_err(|_| Failed(format!("{number} is more than a column holds")))
}

/// A column that holds a number that is never negative.
pub(crate) fn natural(row: &Row<'_>, column: &str) -> Result<u64, Failed> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| Failed(format!("column {column} holds {number}")))
}

pub(crate) fn instant(row: &Row<'_>, column: &str) -> Result<Timestamp, Failed> {
    Ok(moment(row.get(column)?))
}

pub(crate) fn instant_or_none(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>, Failed> {
    Ok(row.get::<_, Option<i64>>(column)?.map(moment))
}

pub(crate) fn to_json(record: &impl Serialize) -> Result<String, Failed> {
    Ok(serde_json::to_string(record)?)
}

pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Failed> {
    Ok(serde_json::from_str(text)?)
}

/// A name (of a method, a state) from its column.
pub(crate) fn named<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T, Failed> {
    let name: String = row.get(column)?;
    Ok(serde_json::from_value(serde_json::Value::String(name))?)
}

/// A database's clock, in milliseconds since 1970.
pub(crate) fn from_millis(millis: i64) -> Result<SystemTime, Failed> {
    let since = u64::try_from(millis).ok().map(Duration::from_millis);
    since
        .and_then(|since| UNIX_EPOCH.checked_add(since))
        .ok_or_else(|| Failed("a clock that says no time".to_owned()))
}
