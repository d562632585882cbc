//! By what right a factor is enrolled.

use super::{Loaded, Verifier};
use crate::{
    Action, Context, Failure, KeyProvider, Method, Proof, Store, Subject, TicketId, TicketKind, TicketToken,
    Timestamp,
    keys::Purpose,
    record::{Replaces, Ticket},
    store::Change,
};

use super::enrol::EnrolError;

/// By what right a factor is enrolled.
#[derive(Debug)]
pub enum Grant {
    /// The user has none yet.
    First,
    /// The user answered for [`Action::Enrol`].
    Proof(Proof),
    /// An administrator gave a ticket.
    Ticket(TicketToken),
}

impl Grant {
    /// What makes it this grant. For the tag of a named request.
    pub(super) fn expose(&self) -> &str {
        match self {
            Self::First => "",
            Self::Proof(proof) => proof.expose(),
            Self::Ticket(token) => token.expose(),
        }
    }
}

/// What a grant comes to.
pub(super) struct Granted {
    /// Changes that use it up now.
    pub changes: Vec<Change>,
    pub replaces: Replaces,
    /// Whether it holds only as long as the user has no factor.
    pub first: bool,
    /// The ticket that is used up at confirmation.
    pub ticket: Option<TicketId>,
}

impl<S: Store, K: KeyProvider> Verifier<S, K> {
    /// Loads a user together with the ticket that `token` names.
    pub(super) async fn load_ticket(
        &self,
        who: &Subject,
        token: &TicketToken,
        now: Timestamp,
    ) -> Result<Loaded, Failure> {
        let id = token.expose().split_once('.').and_then(|(id, _)| TicketId::parse(id));
        self.load_with(who, None, id.as_ref(), Vec::new(), now).await
    }
}

impl Loaded {
    /// The ticket that was loaded, if `token` is its token and it can still be used.
    pub(super) fn usable_ticket(&self, token: &TicketToken, context: &Context) -> Option<&Ticket> {
        let (id, secret) = token.expose().split_once('.')?;
        let parts = [self.user().as_bytes(), id.as_bytes(), secret.as_bytes()];
        self.state.ticket.as_ref().filter(|ticket| {
            ticket.id.as_str() == id
                && self.keys.is(&ticket.tag, Purpose::Ticket, &parts)
                && ticket.used_at.is_none()
                && !ticket.awaits_approval
                && ticket.expires_at > context.now
        })
    }

    pub(super) fn ticket_tag(&self, id: &str, secret: &str) -> crate::Tag {
        self.keys.tag(Purpose::Ticket, &[self.user().as_bytes(), id.as_bytes(), secret.as_bytes()])
    }

    pub(super) fn granted(
        &self,
        grant: &Grant,
        method: Method,
        context: &Context,
    ) -> Result<Granted, EnrolError> {
        let plain = Granted { changes: Vec::new(), replaces: Replaces::Nothing, first: false, ticket: None };
        match grant {
            Grant::First if self.is_enrolled() => Err(EnrolError::ProofNeeded),
            Grant::First => {
                self.check_preconditions(context)?;
                Ok(Granted { first: true, ..plain })
            }
            Grant::Proof(_) if !self.policy.enrol.self_service => {
                Err(EnrolError::NotPermitted { rule: "enrol.self_service" })
            }
            Grant::Proof(proof) => {
                self.check_preconditions(context)?;
                let tag = self.proof_tag(proof, &Action::Enrol, context);
                Ok(Granted { changes: vec![Change::ConsumeProof { tag }], ..plain })
            }
            Grant::Ticket(token) => {
                let ticket = self.usable_ticket(token, context).ok_or(EnrolError::GrantInvalid)?;
                let replaces = match ticket.kind {
                    // An invitation was answered once; it does not open an account a second time.
                    TicketKind::Invite if self.is_enrolled() => return Err(EnrolError::ProofNeeded),
                    TicketKind::Invite => Replaces::Nothing,
                    TicketKind::PhoneReset if method == Method::Sms => Replaces::SameMethod,
                    TicketKind::PhoneReset => return Err(EnrolError::GrantInvalid),
                    TicketKind::AdminRecovery => Replaces::Everything,
                };
                let first = ticket.kind == TicketKind::Invite;
                Ok(Granted { replaces, first, ticket: Some(ticket.id.clone()), ..plain })
            }
        }
    }
}
