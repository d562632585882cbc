//! `keyhaven vectors`: the published tables, computed now and compared.

use crate::args::VectorsArgs;
use crate::error::{Answer, Failure};
use crate::output;
use keyhaven_otp::vectors::{Comparison, compare};
use serde::Serialize;

#[derive(Serialize)]
struct Value<'a> {
    same: usize,
    total: usize,
    vectors: &'a [Comparison],
}

pub fn run(args: VectorsArgs) -> Result<Answer, Failure> {
    let vectors = compare().map_err(Failure::input)?;
    let (same, total) = (vectors.iter().filter(|vector| vector.same).count(), vectors.len());
    if args.json {
        output::json(&Value { same, total, vectors: &vectors })?;
    } else {
        for vector in &vectors {
            output::line(described(vector))?;
        }
        output::line(format_args!("{same} of {total} values are as published"))?;
    }
    Ok(Answer::yes_if(same == total))
}

fn described(vector: &Comparison) -> String {
    let Comparison { source, algorithm, counter, value, expected, computed, .. } = vector;
    let at = match vector.time {
        Some(time) => format!("time {time}"),
        None => format!("counter {counter}"),
    };
    let verdict = if vector.same { "same".to_owned() } else { format!("published {expected}") };
    format!("{source}  {:<6}  {at:<16}  {value:<9}  {computed:<40}  {verdict}", algorithm.name())
}
