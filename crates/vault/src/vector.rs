//! The test vector of docs/vault-format.md, computed from the inputs that stand there.

use crate::{
    body::{self, Extras},
    compartment::Compartment,
    cost::KdfCost,
    drop_in::{self, DropIn},
    header::{AccountsHeader, Header, RecoveryHeader, StoredSlot},
    ids::{RecordId, SlotId, VaultId, hex, unhex},
    json::Hex,
    keyring_key::KeyringKey,
    location::Location,
    locked::{Credential, LockedVault},
    open::{ImageKeys, OpenVault, Recovery, RecoveryKeys},
    record::{Record, Version},
    recovery_key::RecoveryKey,
    seal,
    slot::{Compartments, Slot, SlotKeySource},
};
use keyhaven_secret::{Key, SecretBytes, SecretText};
use serde_json::Map;
use std::collections::BTreeMap;

/// `name = value` lines; a line that begins with spaces continues the one before.
fn lines(block: &str) -> BTreeMap<&str, String> {
    let document = include_str!("../../../docs/vault-format.md");
    let (_, rest) = document.split_once(&format!("```text {block}\n")).unwrap();
    let (text, _) = rest.split_once("\n```").unwrap();
    let mut values = BTreeMap::new();
    let mut last = "";
    for line in text.lines() {
        match line.split_once(" = ") {
            Some((name, value)) if !line.starts_with(' ') => {
                last = name;
                values.insert(name, value.to_owned());
            }
            _ => values.get_mut(last).unwrap().push_str(line.trim_start()),
        }
    }
    values
}

struct Inputs(BTreeMap<&'static str, String>);

impl Inputs {
    fn text(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("{name} is missing in the document"))
    }
    fn bytes<const N: usize>(&self, name: &str) -> [u8; N] {
        unhex(self.text(name)).unwrap_or_else(|| panic!("{name} is not {N} bytes"))
    }
    fn key(&self, name: &str) -> Key {
        Key::from_slice(&self.bytes::<32>(name)).unwrap()
    }
    fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap()
    }
    fn record(&self, name: &str) -> Record {
        let id = RecordId::from_bytes(self.bytes(&format!("{name} id")));
        let payload = SecretBytes::new(self.text(&format!("{name} payload")).as_bytes().to_vec());
        Record::new(id, self.text(&format!("{name} kind")), self.number("saved_at"), payload)
    }
}

#[test]
fn the_documents_test_vector_is_what_this_program_computes() {
    let inputs = Inputs(lines("inputs"));
    let mut found: Vec<(&str, String)> = Vec::new();
    let mut out = |name: &'static str, bytes: &[u8]| found.push((name, hex(bytes)));

    let vault = VaultId::from_bytes(inputs.bytes("vault"));
    let passphrase = SecretText::new(inputs.text("passphrase").to_owned());
    let cost = KdfCost::new(
        inputs.number("memory_kib").try_into().unwrap(),
        inputs.number("passes").try_into().unwrap(),
    )
    .unwrap();
    let keyring = KeyringKey::from_text(&SecretText::new(inputs.text("keyring").to_owned())).unwrap();
    let kit = RecoveryKey::parse(&SecretText::new(inputs.text("recovery-key").to_owned())).unwrap();
    let (accounts_key, recovery_key) = (inputs.key("accounts key"), inputs.key("recovery key"));

    let salt = inputs.bytes("salt");
    out("argon2id", cost.stretch(&passphrase, &salt).unwrap().expose());
    let both = Compartments::Both { accounts: &accounts_key, recovery: &recovery_key };
    let accounts_only = Compartments::Accounts(&accounts_key);
    let sources = [
        ("passphrase slot", SlotKeySource::Passphrase(&passphrase, cost, salt), both),
        ("keyring slot", SlotKeySource::Keyring(&keyring), accounts_only),
        ("recovery-key slot", SlotKeySource::RecoveryKey(&kit), both),
    ];
    let created_at = inputs.number("saved_at");
    let slots = sources.map(|(name, source, keys)| {
        let id = SlotId::from_bytes(inputs.bytes(&format!("{name} id")));
        let nonces = [inputs.bytes("accounts wrap nonce"), inputs.bytes("recovery wrap nonce")];
        let slot = Slot::wrap_with(vault, id, source, keys, String::new(), created_at, nonces);
        slot.unwrap_or_else(|_| panic!("{name}"))
    });
    out("passphrase slot commitment", &slots[0].commitment.0);
    out("passphrase slot accounts", &slots[0].accounts.unwrap().0);
    let [sealing, commitment] = seal::derive(accounts_key.expose(), vault.as_bytes(), b"keyhaven/1/accounts");
    out("accounts sealing key", sealing.expose());
    out("accounts commitment", commitment.expose());
    let keys = RecoveryKeys::derive(vault, &recovery_key);
    out("recovery sealing key", keys.sealing.expose());
    out("recovery commitment", keys.commitment.expose());
    out("recovery private key", keys.agreement.expose());
    let public_key = drop_in::public_key(&keys.agreement);
    out("recovery public key", &public_key);

    let dropped = Version::of(inputs.record("drop-in"), &[]);
    let (secret, nonce) = (inputs.key("drop-in private key"), inputs.bytes("drop-in nonce"));
    let plain = body::write_record(&dropped);
    let drop_in =
        DropIn::seal_with(vault, &public_key, dropped.record.id, plain.expose(), &secret, nonce).unwrap();
    let (mut accounts, mut recovery) = (Compartment::default(), Compartment::default());
    accounts.put(inputs.record("account"));
    recovery.put(inputs.record("codes"));
    let extras = Extras { drop_ins: vec![drop_in], ..Extras::default() };
    let body = body::write(&accounts, Some(&extras));
    found.push((
        "accounts body",
        String::from_utf8(body.expose().to_vec()).unwrap().trim_end().replace('\n', ""),
    ));

    let header = Header {
        vault: Hex(*vault.as_bytes()),
        generation: 0,
        saved_at: 0,
        accounts: AccountsHeader {
            epoch: 1,
            commitment: Hex(*commitment.expose()),
            length: 0,
            unknown: Map::new(),
        },
        recovery: RecoveryHeader {
            commitment: Hex(*keys.commitment.expose()),
            public_key: Hex(public_key),
            segments: Vec::new(),
            unknown: Map::new(),
        },
        slots: slots.map(|slot| StoredSlot::Known(Box::new(slot))).into(),
        unknown: Map::new(),
    };
    let location = Location::in_folder("nowhere");
    let segment = keys.seal_segment_with(vault, &recovery, inputs.bytes("segment nonce"));
    let open = OpenVault {
        image: LockedVault::unsaved(&location, &header),
        image_keys: ImageKeys { accounts: accounts_key.duplicate(), recovery: None },
        header,
        key: accounts_key,
        accounts,
        extras,
        recovery: Recovery { segments: Vec::new(), open: None },
    };
    let generation = inputs.number("generation");
    let file = open.seal_with(generation, created_at, &[segment], inputs.bytes("accounts nonce"));
    found.push(("file", hex(&file)));

    let written: Vec<(&str, String)> = found
        .iter()
        .map(|(name, _)| (*name, lines("outputs").get(name).cloned().unwrap_or_default()))
        .collect();
    if found != written {
        let wrapped: Vec<String> = found.iter().map(|(name, value)| wrap(name, value)).collect();
        panic!("the document should say:\n{}", wrapped.join("\n"));
    }
    for credential in
        [Credential::Passphrase(&passphrase), Credential::Keyring(&keyring), Credential::RecoveryKey(&kit)]
    {
        let locked = LockedVault::parse(file.clone(), &location).unwrap();
        let mut vault = locked.unlock(credential).unwrap();
        assert_eq!((vault.accounts().len(), vault.generation()), (1, generation));
        if !matches!(credential, Credential::Keyring(_)) {
            vault.unlock_recovery(credential).unwrap();
            assert_eq!(vault.recovery().unwrap().len(), 2);
        }
    }
}

/// A line of the document, continued every 100 characters.
fn wrap(name: &str, value: &str) -> String {
    let characters: Vec<char> = value.chars().collect();
    let pieces: Vec<String> = characters.chunks(100).map(|piece| piece.iter().collect()).collect();
    format!("{name} = {}", pieces.join("\n    "))
}
