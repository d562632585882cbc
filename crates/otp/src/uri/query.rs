//! The parameters of a URI: taken one by one, what is left is kept as unknown.

use super::UriError;
use super::oddity::{Oddity, Part, note_decoding};
use crate::Algorithm;
use crate::percent::{self, Plus};
use zeroize::Zeroizing;

pub(super) struct Query(Vec<(String, Zeroizing<String>)>);

/// Whether a value stands for "none": Ente writes the text `null`.
pub(super) fn is_absent(value: &str) -> bool {
    value.is_empty() || value.eq_ignore_ascii_case("null")
}

impl Query {
    pub fn parse(text: &str, oddities: &mut Vec<Oddity>) -> Self {
        let parameters = text.split('&').filter(|parameter| !parameter.is_empty());
        Self(
            parameters
                .map(|parameter| {
                    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
                    let name = percent::decode(name, Plus::Space).text.to_string();
                    let value = percent::decode(value, Plus::Space);
                    note_decoding(&value, Part::Parameter(name.clone()), oddities);
                    (name, value.text)
                })
                .collect(),
        )
    }

    /// Takes the parameter known by any of `names` (the first is its proper name) in any case.
    pub fn take(
        &mut self,
        names: &[&'static str],
        oddities: &mut Vec<Oddity>,
    ) -> Result<Option<Zeroizing<String>>, UriError> {
        let parameter = names[0];
        let is_meant = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let mut found: Option<Zeroizing<String>> = None;
        for (written, value) in self.0.extract_if(.., |(name, _)| is_meant(name)) {
            if written != parameter {
                oddities.push(Oddity::ParameterSpelling { written, meant: parameter });
            }
            match &found {
                None => found = Some(value),
                Some(first) if *first == value => oddities.push(Oddity::RepeatedParameter { parameter }),
                Some(_) => return Err(UriError::Repeated { parameter }),
            }
        }
        Ok(found)
    }

    pub fn take_number(
        &mut self,
        parameter: &'static str,
        least: u64,
        most: u64,
        oddities: &mut Vec<Oddity>,
    ) -> Result<Option<u64>, UriError> {
        let Some(text) = self.take(&[parameter], oddities)? else { return Ok(None) };
        let text = text.trim();
        if is_absent(text) {
            oddities.push(Oddity::EmptyParameter { parameter });
            return Ok(None);
        }
        // Only what is certainly a number is ever shown in an error; a secret in the wrong place is not.
        let number = text.strip_prefix('-').unwrap_or(text);
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(UriError::NotANumber { parameter, least, most });
        }
        match text.parse() {
            Ok(value) if (least..=most).contains(&value) => Ok(Some(value)),
            _ => Err(UriError::OutOfRange { parameter, value: text.chars().take(24).collect(), least, most }),
        }
    }

    /// Takes away every parameter of this name whose value satisfies `is_meant`; whether there was one.
    pub fn take_if(&mut self, parameter: &str, is_meant: impl Fn(&str) -> bool) -> bool {
        let before = self.0.len();
        self.0.retain(|(name, value)| !(name.eq_ignore_ascii_case(parameter) && is_meant(value.trim())));
        self.0.len() < before
    }

    /// Takes away the parameters that a method fixes, where they say just that; others are kept as unknown.
    pub fn take_fixed(&mut self, algorithm: Algorithm, digits: u8, period: u32) {
        self.take_if("algorithm", |value| Algorithm::from_spelling(value) == Some(algorithm));
        self.take_if("digits", |value| value.parse() == Ok(digits));
        self.take_if("period", |value| value.parse() == Ok(period));
    }

    pub fn into_rest(self, oddities: &mut Vec<Oddity>) -> Vec<(String, String)> {
        self.0
            .into_iter()
            .map(|(name, mut value)| {
                oddities.push(Oddity::UnknownParameter { parameter: name.clone() });
                (name, std::mem::take(&mut *value))
            })
            .collect()
    }
}
