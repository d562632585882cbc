//! What the verifier says.

use crate::{Action, ChallengeId, DecisionId, FactorId, Failure, Method, Timestamp, audit::EventName};
use keyhaven_secret::SecretText;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What to do about a request.
#[derive(Debug)]
#[must_use]
pub enum Begin {
    /// Nothing: it may go on.
    NotRequired {
        /// Why.
        why: NotRequired,
        /// Until when, where there is an end.
        until: Option<Timestamp>,
        /// The device's next token; the one it showed is used up.
        device: Option<DeviceToken>,
    },
    /// The user has to enrol one of these first.
    MustEnrol {
        /// What can be enrolled.
        methods: Vec<Method>,
    },
    /// Every way is locked.
    Locked {
        /// Until when; `None` when only an administrator can say.
        until: Option<Timestamp>,
    },
    /// The user has factors, and the policy takes none of them.
    NoUsableMethod,
    /// The user has to answer.
    Challenge(Question),
}

/// An open challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its id.
    pub id: ChallengeId,
    /// The methods that may answer, the preferred first.
    pub methods: Vec<Method>,
    /// The method chosen to begin with.
    pub method: Method,
    /// Where codes go, masked, for the methods that send.
    pub hints: Vec<(Method, String)>,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
}

/// Why no answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotRequired {
    /// An answer from this network was accepted not long ago.
    SameIp,
    /// The device's token is good.
    TrustedDevice,
    /// The user has no factor and need not.
    OptInNotEnrolled,
    /// The user has no factor and has time yet.
    Grace,
    /// The policy asks nothing of users who come by single sign-on.
    SsoExempt,
    /// The policy does not list this action in `step_up.actions`: [`Action::ChangePassword`] or [`Action::ChangeEmail`],
    /// for every other is asked about whoever has a factor.
    ActionNotListed,
}

/// Whether an answer was right. Neither value is an error.
#[derive(Debug)]
#[must_use]
pub enum Decision {
    /// It was.
    Accepted(Accepted),
    /// It was not.
    Rejected(Rejected),
}

impl Confirmation {
    /// Whether the answer was right.
    pub fn is_accepted(&self) -> bool {
        !matches!(self, Self::Rejected(_))
    }
}

impl Decision {
    /// Whether it was accepted.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Accepted(_))
    }

    /// Its id, for `explain`.
    pub fn id(&self) -> &DecisionId {
        match self {
            Self::Accepted(accepted) => &accepted.id,
            Self::Rejected(rejected) => &rejected.id,
        }
    }
}

/// An accepted answer.
#[derive(Debug)]
pub struct Accepted {
    /// The decision's id.
    pub id: DecisionId,
    /// Proof for the action, once, in this session.
    pub proof: Proof,
    /// The device's token, if it is to be remembered.
    pub device: Option<DeviceToken>,
    /// Recovery codes left; `None` where there are none by policy.
    pub recovery_left: Option<u32>,
    /// What the user should hear about.
    pub warnings: Vec<Warning>,
    /// Messages to send.
    pub notices: Vec<Notice>,
}

/// What a user answers with.
#[derive(Debug)]
pub enum Answer {
    /// A typed code, for the method the challenge goes by.
    Code(SecretText),
    /// A recovery code.
    Recovery(SecretText),
    /// What the authenticator says to a push: the number the user typed, and [`crate::push_response`] over it.
    Push {
        /// The number.
        number: SecretText,
        /// The authenticator's response.
        response: SecretText,
    },
    /// The user said on the authenticator that it was somebody else: [`crate::push_response`] over
    /// [`Answer::DENIED`].
    Denied {
        /// The authenticator's response.
        response: SecretText,
    },
}

impl Answer {
    /// What stands in place of the number when a push is denied.
    pub const DENIED: &str = "denied";

    /// A typed code.
    pub fn code(text: &str) -> Self {
        Self::Code(SecretText::new(text.to_owned()))
    }

    /// A typed recovery code.
    pub fn recovery(text: &str) -> Self {
        Self::Recovery(SecretText::new(text.to_owned()))
    }
}

/// What a user should hear about after an accepted answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// Few recovery codes are left.
    RecoveryLow,
    /// The last recovery code was used: make new ones.
    RecoveryUsedUp,
    /// Several people use this account.
    SharedAccount,
    /// The method is one that standards restrict.
    RestrictedMethod,
}

/// A rejected answer.
#[derive(Debug)]
pub struct Rejected {
    /// The decision's id.
    pub id: DecisionId,
    /// Why, precisely. For operators; users get [`Rejected::public`].
    pub reason: Reason,
    /// Answers left for this challenge, where that is known.
    pub attempts_left: Option<u32>,
    /// Messages to send: this answer locked a method of the user's.
    pub notices: Vec<Notice>,
}

impl Rejected {
    /// What a user may hear: nothing tells whether a code was wrong, no code at all or of nobody (ASVS 6.3.8). Whoever
    /// types a right code that was used hears when the next one counts: they had the code (behaviour T18).
    pub fn public(&self) -> PublicReason {
        match self.reason {
            Reason::Locked { until } => PublicReason::TryLater { after: until },
            Reason::Expired | Reason::Cancelled | Reason::Answered => PublicReason::Expired,
            // A code seen before holds no longer than its step; when to come back tells only what a clock does.
            Reason::Used { retry_at } => PublicReason::TryLater { after: Some(retry_at) },
            _ => PublicReason::Invalid,
        }
    }
}

/// Why an answer was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is no code of this user.
    Wrong,
    /// It cannot be a code at all. It was not counted.
    Malformed,
    /// It was right, and used before.
    Used {
        /// From when the next code of the same authenticator counts.
        retry_at: Timestamp,
    },
    /// A recovery code that was used before.
    RecoveryUsed,
    /// A budget is exhausted. Nothing was compared.
    Locked {
        /// Until when; `None` when only an administrator can say.
        until: Option<Timestamp>,
    },
    /// The challenge or the code that was sent holds no longer.
    Expired,
    /// The challenge was answered before.
    Answered,
    /// The challenge was given up.
    Cancelled,
    /// There is no such challenge of this user in this session.
    Unknown,
    /// The challenge does not take this method.
    MethodNotAllowed,
    /// Nothing was sent yet.
    NotSent,
    /// The factor was revoked meanwhile.
    FactorGone,
    /// The user said on the authenticator that it was somebody else.
    Denied,
}

impl Reason {
    /// The stable name in audit events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Malformed => "malformed",
            Self::Used { .. } => "used",
            Self::RecoveryUsed => "recovery_used",
            Self::Locked { .. } => "locked",
            Self::Expired => "expired",
            Self::Answered => "answered",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotSent => "not_sent",
            Self::FactorGone => "factor_gone",
            Self::Denied => "denied",
        }
    }
}

/// What a user may hear about a rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicReason {
    /// It did not work.
    Invalid,
    /// It does not work now.
    TryLater {
        /// From when it may; `None` when only an administrator can say.
        after: Option<Timestamp>,
    },
    /// It was too late: begin again.
    Expired,
}

macro_rules! tokens {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => {$(
        $(#[doc = $doc])*
        pub struct $name(pub(crate) SecretText);

        impl $name {
            /// Takes a token back from where the caller kept it.
            pub fn from_text(text: SecretText) -> Self {
                Self(text)
            }

            /// The token as text, to hand it to whoever it is for.
            pub fn expose(&self) -> &str {
                self.0.expose()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

tokens! {
    /// Proof of an accepted answer: for one action, of one user, in one session, once, for five minutes at most.
    Proof;
    /// What a remembered device shows. Each is good once; [`Begin::NotRequired`] brings the next.
    DeviceToken;
    /// What an administrator hands to a user.
    TicketToken;
}

/// A message to send: the only place where a code stands in clear. If it is lost, the user asks for another.
#[derive(Debug)]
#[must_use]
pub struct Delivery {
    /// By which way.
    pub method: Method,
    /// To which number, mailbox or push handle.
    pub address: SecretText,
    /// The code to write into it; `None` for a push, whose number is shown on the page instead.
    pub code: Option<SecretText>,
    /// For a push: the challenge, which the authenticator's answer is made for.
    pub challenge: ChallengeId,
    /// How often this challenge sent before.
    pub earlier_sends: u32,
}

/// What was sent for a challenge.
#[derive(Debug)]
pub struct Sent {
    /// The message.
    pub delivery: Delivery,
    /// For a push: the number to show on the sign-in page.
    pub show: Option<SecretText>,
    /// Until when what was sent can be answered.
    pub expires_at: Timestamp,
    /// From when it can be sent again.
    pub resend_at: Timestamp,
}

/// Why a challenge could not be changed or sent for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// No decision could be made.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// There is no such open challenge of this user in this session.
    #[error("there is no such open challenge in this session")]
    NoChallenge,
    /// The chosen method sends nothing.
    #[error("{method} sends nothing")]
    NothingToSend {
        /// The method.
        method: Method,
    },
    /// The challenge does not take this method.
    #[error("the challenge does not take {method}")]
    MethodNotAllowed {
        /// The method.
        method: Method,
    },
    /// The last one was sent a moment ago.
    #[error("the next can be sent at {at}")]
    Cooldown {
        /// When.
        at: Timestamp,
    },
    /// A budget of messages is exhausted.
    #[error("no more messages{}", .until.map_or(String::new(), |until| format!(" until {until}")))]
    Locked {
        /// Until when.
        until: Option<Timestamp>,
    },
}

impl ChallengeError {
    /// Whether something was decided: the call was heard and refused. Else ([`ChallengeError::Failure`]) nothing was, and it may be
    /// tried again.
    pub fn is_decision(&self) -> bool {
        !matches!(self, Self::Failure(_))
    }
}

impl From<crate::Unavailable> for ChallengeError {
    fn from(error: crate::Unavailable) -> Self {
        Self::Failure(error.into())
    }
}

/// A message that tells a user about a change, by every address known (NIST SP 800-63B-4 2pd §4.6).
#[derive(Debug)]
#[must_use]
pub struct Notice {
    /// About what.
    pub about: EventName,
    /// By which way.
    pub method: Method,
    /// To which number or mailbox.
    pub address: SecretText,
}

/// Recovery codes as they are handed out: once.
#[derive(Debug)]
#[must_use]
pub struct RecoverySheet {
    /// The codes in groups of four characters.
    pub codes: Vec<SecretText>,
}

/// A confirmed factor.
#[derive(Debug)]
#[must_use]
pub struct Enrolled {
    /// The decision's id.
    pub id: DecisionId,
    /// The factor.
    pub factor: FactorId,
    /// Recovery codes to keep, shown this once.
    pub recovery: Option<RecoverySheet>,
    /// Where this was the user's first factor, enrolled without a ticket: proof for [`Action::Login`] in this session, as
    /// an accepted answer has one. A sign-in that had to enrol ([`Begin::MustEnrol`]) goes on with it; the code that
    /// confirmed is used up, so there is no other to ask for now. `None` otherwise: ask by [`crate::Verifier::begin`].
    pub sign_in: Option<Proof>,
    /// Messages to send.
    pub notices: Vec<Notice>,
}

/// What redeeming a proof came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[must_use]
pub enum Redeemed {
    /// It was good and is used up: do what it is for.
    Now,
    /// This very request, by its name, redeemed it a moment ago and is asked again: what it is for was begun then. Give
    /// the reply of that time again; do not do it a second time.
    Before,
}

/// What became of a confirmation.
#[derive(Debug)]
#[must_use]
pub enum Confirmation {
    /// The factor is in use.
    Enrolled(Enrolled),
    /// The new number is proven; committing the change puts it in use.
    Validated,
    /// The answer was not right.
    Rejected(Rejected),
}

/// What an answer is worth for which action, in the words of whoever asks why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The decision.
    pub decision: DecisionId,
    /// When it was made.
    pub at: Timestamp,
    /// About whom.
    pub user: String,
    /// For which action.
    pub action: Option<Action>,
    /// By which method.
    pub method: Option<Method>,
    /// `None` for an accepted answer.
    pub rejected: Option<Reason>,
    /// The rule that decided, by the name of the policy's field.
    pub rule: String,
    /// The revision of the policy.
    pub policy: u64,
    /// For codes: how many steps from that of this node's clock; the drift that is known is not taken off.
    pub step_offset: Option<i64>,
    /// How many steps the authenticator's clock is known to be ahead.
    pub drift: Option<i64>,
    /// The budget that refused, or the one nearest to its end.
    pub budget: Option<BudgetState>,
    /// What would have changed the outcome.
    pub otherwise: Vec<String>,
}

/// How a budget stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetState {
    /// What it counts.
    pub name: String,
    /// Charges in its window, this one included.
    pub used: u64,
    /// How many there can be.
    pub max: u32,
    /// Charges in a row.
    pub consecutive: u64,
}
