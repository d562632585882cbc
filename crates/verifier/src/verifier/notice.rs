//! Who is told about a change: every address that is known, the old one and the new (NIST SP 800-63B-4 2pd §4.6).

use super::Loaded;
use crate::{Failure, Method, Notice, audit::EventName};
use keyhaven_secret::SecretText;

impl Loaded {
    /// Notices to the addresses known when this was loaded, and to one more.
    pub fn notices(
        &self,
        about: EventName,
        more: Option<(Method, SecretText)>,
    ) -> Result<Vec<Notice>, Failure> {
        let mut addresses: Vec<(Method, SecretText)> = Vec::new();
        for method in [Method::Sms, Method::Email] {
            for factor in self.active(method) {
                addresses.push((method, self.open_address(factor)?));
            }
        }
        addresses.extend(self.email()?.map(|address| (Method::Email, address)));
        addresses.extend(more);
        let mut notices: Vec<Notice> = Vec::new();
        for (method, address) in addresses {
            if notices.iter().all(|notice| notice.address != address) {
                notices.push(Notice { about, method, address });
            }
        }
        Ok(notices)
    }
}
