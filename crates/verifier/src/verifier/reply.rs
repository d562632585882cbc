//! What a named request came to, as bytes: written field by field into memory that is wiped, for most of it is secret.

use crate::{
    Accepted, Begin, ChallengeId, Confirmation, Decision, DecisionId, Delivery, DeviceToken, Enrolled,
    FactorId, IssuedTicket, Method, NotRequired, Notice, PendingCode, Proof, Question, Reason, RecoverySheet,
    Redeemed, Rejected, Sent, TicketId, TicketToken, Timestamp, Warning, audit::EventName,
};
use keyhaven_secret::{SecretBytes, SecretText};
use zeroize::Zeroizing;

/// The form of these bytes. A reply of another form is none.
const FORM: u8 = 1;

/// Bytes that are wiped, wherever they were while they became more.
pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        let length = self.0.len() + bytes.len();
        if length > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(length * 2));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, bytes: &[u8]) {
        (bytes.len() as u64).write(self);
        self.put(bytes);
    }
}

/// What is left to read.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(u64::read(self)?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(text)
    }

    fn str(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.text()?).ok()
    }
}

/// Something that can be kept as what a request came to.
pub(super) trait Kept: Sized {
    fn write(&self, to: &mut Writer);
    fn read(from: &mut Reader<'_>) -> Option<Self>;

    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer(Zeroizing::new(Vec::with_capacity(1_024)));
        writer.put(&[FORM]);
        self.write(&mut writer);
        writer.0
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes.strip_prefix(&[FORM])?);
        Self::read(&mut reader).filter(|_| reader.0.is_empty())
    }
}

impl Kept for u64 {
    fn write(&self, to: &mut Writer) {
        to.put(&self.to_be_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let (number, rest) = from.0.split_first_chunk()?;
        from.0 = rest;
        Some(Self::from_be_bytes(*number))
    }
}

impl Kept for u32 {
    fn write(&self, to: &mut Writer) {
        u64::from(*self).write(to);
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        u64::read(from)?.try_into().ok()
    }
}

impl Kept for bool {
    fn write(&self, to: &mut Writer) {
        u64::from(*self).write(to);
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(u64::read(from)? == 1)
    }
}

impl Kept for Timestamp {
    fn write(&self, to: &mut Writer) {
        self.unix_seconds().write(to);
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        u64::read(from).map(Self::from_unix_seconds)
    }
}

impl Kept for String {
    fn write(&self, to: &mut Writer) {
        to.text(self.as_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.str().map(str::to_owned)
    }
}

impl Kept for SecretText {
    fn write(&self, to: &mut Writer) {
        to.text(self.expose().as_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.str().map(|text| Self::new(text.to_owned()))
    }
}

impl Kept for SecretBytes {
    fn write(&self, to: &mut Writer) {
        to.text(self.expose());
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        from.text().map(|bytes| Self::new(bytes.to_vec()))
    }
}

impl<T: Kept> Kept for Option<T> {
    fn write(&self, to: &mut Writer) {
        self.is_some().write(to);
        if let Some(value) = self {
            value.write(to);
        }
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        if bool::read(from)? { T::read(from).map(Some) } else { Some(None) }
    }
}

impl<T: Kept> Kept for Vec<T> {
    fn write(&self, to: &mut Writer) {
        (self.len() as u64).write(to);
        for value in self {
            value.write(to);
        }
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        (0..u64::read(from)?).map(|_| T::read(from)).collect()
    }
}

impl<A: Kept, B: Kept> Kept for (A, B) {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
        self.1.write(to);
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some((A::read(from)?, B::read(from)?))
    }
}

macro_rules! by_id {
    ($($name:ident)*) => {$(
        impl Kept for $name {
            fn write(&self, to: &mut Writer) {
                to.text(self.as_str().as_bytes());
            }
            fn read(from: &mut Reader<'_>) -> Option<Self> {
                Self::parse(from.str()?)
            }
        }
    )*};
}
by_id! { ChallengeId DecisionId FactorId TicketId }

macro_rules! by_token {
    ($($name:ident)*) => {$(
        impl Kept for $name {
            fn write(&self, to: &mut Writer) {
                self.0.write(to);
            }
            fn read(from: &mut Reader<'_>) -> Option<Self> {
                SecretText::read(from).map(Self)
            }
        }
    )*};
}
by_token! { DeviceToken Proof TicketToken }

/// What has stable names and no secret.
macro_rules! by_json {
    ($($name:ident)*) => {$(
        impl Kept for $name {
            fn write(&self, to: &mut Writer) {
                // Unit-like names and numbers: there is nothing JSON could not hold. Nothing is read back from nothing.
                to.text(&serde_json::to_vec(self).unwrap_or_default());
            }
            fn read(from: &mut Reader<'_>) -> Option<Self> {
                serde_json::from_slice(from.text()?).ok()
            }
        }
    )*};
}
by_json! { EventName Method NotRequired Reason Redeemed Warning }

macro_rules! by_fields {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl Kept for $name {
            fn write(&self, to: &mut Writer) {
                $(self.$field.write(to);)*
            }
            fn read(from: &mut Reader<'_>) -> Option<Self> {
                Some(Self { $($field: Kept::read(from)?),* })
            }
        }
    )*};
}
by_fields! {
    Accepted { id, proof, device, recovery_left, warnings, notices }
    Delivery { method, address, code, challenge, earlier_sends }
    Enrolled { id, factor, recovery, sign_in, notices }
    IssuedTicket { id, token, awaits_approval, notices }
    Notice { about, method, address }
    PendingCode { challenge, factor, uri, secret }
    Question { id, methods, method, hints, expires_at }
    RecoverySheet { codes }
    Rejected { id, reason, attempts_left, notices }
    Sent { delivery, show, expires_at, resend_at }
}

impl Kept for Decision {
    fn write(&self, to: &mut Writer) {
        self.is_accepted().write(to);
        match self {
            Self::Accepted(accepted) => accepted.write(to),
            Self::Rejected(rejected) => rejected.write(to),
        }
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        if bool::read(from)? {
            Accepted::read(from).map(Self::Accepted)
        } else {
            Rejected::read(from).map(Self::Rejected)
        }
    }
}

impl Kept for Confirmation {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Enrolled(enrolled) => {
                0_u64.write(to);
                enrolled.write(to);
            }
            Self::Validated => 1_u64.write(to),
            Self::Rejected(rejected) => {
                2_u64.write(to);
                rejected.write(to);
            }
        }
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        match u64::read(from)? {
            0 => Enrolled::read(from).map(Self::Enrolled),
            1 => Some(Self::Validated),
            2 => Rejected::read(from).map(Self::Rejected),
            _ => None,
        }
    }
}

impl Kept for Begin {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::NotRequired { why, until, device } => {
                0_u64.write(to);
                why.write(to);
                until.write(to);
                device.write(to);
            }
            Self::Challenge(question) => {
                1_u64.write(to);
                question.write(to);
            }
            Self::MustEnrol { methods } => {
                2_u64.write(to);
                methods.write(to);
            }
            Self::Locked { until } => {
                3_u64.write(to);
                until.write(to);
            }
            Self::NoUsableMethod => 4_u64.write(to),
        }
    }
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        Some(match u64::read(from)? {
            0 => Self::NotRequired {
                why: Kept::read(from)?,
                until: Kept::read(from)?,
                device: Kept::read(from)?,
            },
            1 => Self::Challenge(Kept::read(from)?),
            2 => Self::MustEnrol { methods: Kept::read(from)? },
            3 => Self::Locked { until: Kept::read(from)? },
            4 => Self::NoUsableMethod,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again<T: Kept>(value: &T) {
        let bytes = value.to_bytes();
        let read = T::from_bytes(&bytes).expect("what was written is read");
        assert_eq!(*read.to_bytes(), *bytes);
        for end in 0..bytes.len() {
            assert!(T::from_bytes(&bytes[..end]).is_none(), "cut off after {end} bytes");
        }
        assert!(T::from_bytes(&[&bytes[..], &[0]].concat()).is_none(), "more than was written");
        assert!(T::from_bytes(&[&[FORM + 1], &bytes[1..]].concat()).is_none(), "of another form");
    }

    fn rejected() -> Rejected {
        let notice = Notice {
            about: EventName::LockoutStarted,
            method: Method::Email,
            address: SecretText::new("ann@example.org".to_owned()),
        };
        Rejected {
            id: DecisionId::random().expect("random numbers"),
            reason: Reason::Locked { until: Some(9.into()) },
            attempts_left: Some(3),
            notices: vec![notice],
        }
    }

    #[test]
    fn everything_that_a_request_may_come_to_is_read_as_it_was_written() {
        again(&Decision::Rejected(rejected()));
        again(&Confirmation::Validated);
        again(&Confirmation::Rejected(rejected()));
        again(&Begin::NotRequired {
            why: NotRequired::SameIp,
            until: Some(7.into()),
            device: Some(DeviceToken(SecretText::new("token".to_owned()))),
        });
        again(&Begin::NotRequired { why: NotRequired::SameIp, until: None, device: None });
        again(&Begin::MustEnrol { methods: vec![Method::Totp, Method::Push] });
        again(&Begin::Locked { until: Some(8.into()) });
        again(&Begin::NoUsableMethod);
        assert!(Begin::from_bytes(&[&[FORM][..], &9_u64.to_be_bytes()].concat()).is_none());
        assert!(Confirmation::from_bytes(&[&[FORM][..], &9_u64.to_be_bytes()].concat()).is_none());
    }

    /// Memory that a growing vector leaves behind is not wiped, so it must never grow by itself.
    #[test]
    fn what_is_written_moves_only_from_wiped_memory_to_wiped_memory() {
        let mut writer = Writer(Zeroizing::new(Vec::with_capacity(4)));
        writer.put(b"four");
        assert_eq!(writer.0.capacity(), 4, "there was room");
        writer.put(b"x");
        assert_eq!(writer.0.capacity(), 10, "twice what there is, by its own hand");
        writer.put(b"12345");
        writer.put(b"6");
        assert_eq!((writer.0.capacity(), writer.0.as_slice()), (22, &b"fourx123456"[..]));
    }
}
