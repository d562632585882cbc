//! Sealing what factors and users have, each for its place.

use super::Loaded;
use crate::{
    Failure, Method, Unavailable,
    record::{Factor, FactorState},
};
use keyhaven_otp::{Account, Kind};
use keyhaven_secret::{SecretBytes, SecretText};

/// What a factor's secret is sealed for: moved to another tenant, user, factor or parameter, it does not open.
fn place<'a>(loaded: &'a Loaded, factor: &'a Factor, numbers: &'a [u8; 16]) -> Vec<&'a [u8]> {
    let algorithm = factor.algorithm.map_or("", |algorithm| keyhaven_otp::Algorithm::from(algorithm).name());
    vec![
        b"factor",
        loaded.who.tenant().as_bytes(),
        loaded.user().as_bytes(),
        factor.id.as_str().as_bytes(),
        factor.method.name().as_bytes(),
        algorithm.as_bytes(),
        numbers,
    ]
}

fn numbers(factor: &Factor) -> [u8; 16] {
    let mut numbers = [0; 16];
    numbers[..8].copy_from_slice(&factor.generation.to_be_bytes());
    numbers[8..12].copy_from_slice(&factor.period.to_be_bytes());
    numbers[12] = factor.digits;
    numbers
}

impl Loaded {
    /// Seals `plain` into `factor`, whose other fields are final.
    pub fn seal_factor(&self, factor: &mut Factor, plain: &[u8]) -> Result<(), Unavailable> {
        factor.sealed = self.keys.seal(&place(self, factor, &numbers(factor)), plain)?;
        Ok(())
    }

    /// The factor under the current key, if it is under one before it.
    pub fn resealed(&self, factor: &Factor) -> Result<Option<Factor>, Failure> {
        if !self.keys.is_former(&factor.sealed) {
            return Ok(None);
        }
        let plain = self.open_factor(factor)?;
        let mut resealed = factor.clone();
        self.seal_factor(&mut resealed, plain.expose())?;
        Ok(Some(resealed))
    }

    pub fn open_factor(&self, factor: &Factor) -> Result<SecretBytes, Failure> {
        self.keys.open("factor", &place(self, factor, &numbers(factor)), &factor.sealed)
    }

    /// The number or address of a factor that is sent to.
    pub fn open_address(&self, factor: &Factor) -> Result<SecretText, Failure> {
        let plain = self.open_factor(factor)?;
        let address = match factor.method {
            // A push factor holds its key and, behind it, the handle.
            Method::Push => plain.expose().get(PUSH_KEY..),
            _ => Some(plain.expose()),
        };
        let text = address.and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.map(|text| SecretText::new(text.to_owned())).ok_or(Failure::Sealed { what: "address" })
    }

    /// The key of a push factor.
    pub fn open_push_key(&self, factor: &Factor) -> Result<SecretBytes, Failure> {
        let plain = self.open_factor(factor)?;
        let key = plain.expose().get(..PUSH_KEY).ok_or(Failure::Sealed { what: "push key" })?;
        Ok(SecretBytes::new(key.to_vec()))
    }

    /// A factor's codes as an account.
    pub fn account(&self, factor: &Factor) -> Result<Account, Failure> {
        let algorithm = factor.algorithm.ok_or(Failure::Sealed { what: "factor" })?.into();
        let digits = factor.digits;
        let kind = match factor.method {
            Method::Hotp => Kind::Hotp { algorithm, digits, counter: 0 },
            _ => Kind::Totp { algorithm, digits, period: factor.period },
        };
        Ok(Account::new("", "", self.open_factor(factor)?, kind))
    }

    pub fn seal_email(&self, address: &str) -> Result<Vec<u8>, Unavailable> {
        let place = [&b"email"[..], self.who.tenant().as_bytes(), self.user().as_bytes()];
        self.keys.seal(&place, address.as_bytes())
    }

    /// The user's verified e-mail address.
    pub fn email(&self) -> Result<Option<SecretText>, Failure> {
        let Some(sealed) = self.state.subject.as_ref().and_then(|subject| subject.email.as_ref()) else {
            return Ok(None);
        };
        let place = [&b"email"[..], self.who.tenant().as_bytes(), self.user().as_bytes()];
        let plain = self.keys.open("e-mail address", &place, sealed)?;
        let text =
            std::str::from_utf8(plain.expose()).map_err(|_| Failure::Sealed { what: "e-mail address" })?;
        Ok(Some(SecretText::new(text.to_owned())))
    }

    pub fn active(&self, method: Method) -> impl Iterator<Item = &Factor> {
        self.state
            .factors
            .iter()
            .filter(move |factor| factor.method == method && factor.state == FactorState::Active)
    }

    pub fn is_enrolled(&self) -> bool {
        self.state.factors.iter().any(|factor| factor.state == FactorState::Active)
    }

    /// Recovery codes left, `None` if there is no set.
    pub fn recovery_left(&self) -> Option<u32> {
        let unused = self.state.recovery.iter().filter(|code| code.used_at.is_none()).count();
        (!self.state.recovery.is_empty()).then(|| u32::try_from(unused).unwrap_or(u32::MAX))
    }
}

/// Bytes of a push factor's key.
pub(crate) const PUSH_KEY: usize = 32;
