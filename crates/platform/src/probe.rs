//! What the Secret Service shows of itself without opening, unlocking or asking anything of a person
//! (Secret Service API draft 0.2, D-Bus specification 0.43).

use keyhaven_app::host::{KeyringProbe, KeyringStanding};
use std::collections::HashMap;
use std::path::Path;
use zbus::blocking::{Connection, Proxy, fdo::DBusProxy};
use zbus::names::BusName;
use zbus::zvariant::OwnedObjectPath;

const NAME: &str = "org.freedesktop.secrets";
const PATH: &str = "/org/freedesktop/secrets";
const SERVICE: &str = "org.freedesktop.Secret.Service";
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
/// Entries are counted up to here; nobody has more vaults.
const MOST: usize = 100;

pub(crate) fn probe() -> KeyringProbe {
    let connection = match Connection::session() {
        Ok(connection) => connection,
        Err(error) => return KeyringProbe::of(KeyringStanding::NoBus, error.to_string()),
    };
    look(&connection).unwrap_or_else(|error| KeyringProbe::of(KeyringStanding::NoService, error.to_string()))
}

fn look(connection: &Connection) -> zbus::Result<KeyringProbe> {
    let service = Proxy::new(connection, NAME, PATH, SERVICE)?;
    // The first call also starts a service that is installed and not running yet.
    let default: OwnedObjectPath = service.call("ReadAlias", &("default",))?;
    let provider = provider(connection);
    if default.as_str() == "/" {
        let answer = "ReadAlias(\"default\") answers no collection";
        return Ok(KeyringProbe { provider, ..KeyringProbe::of(KeyringStanding::NoCollection, answer) });
    }
    let collection = Proxy::new(connection, NAME, default.as_str(), COLLECTION)?;
    let locked: bool = collection.get_property("Locked")?;
    let standing = if locked { KeyringStanding::Locked } else { KeyringStanding::Open };
    let state = if locked { "locked" } else { "open" };
    let answer = format!("the default collection {} is {state}", default.as_str());
    let vaults = vaults(connection, &service).unwrap_or_default();
    Ok(KeyringProbe { provider, vaults, ..KeyringProbe::of(standing, answer) })
}

/// The program that owns the service's name, by its process (proc(5): `comm`, 15 bytes at most).
#[expect(clippy::disallowed_methods, reason = "the process table is the system's, not a file of Keyhaven's")]
fn provider(connection: &Connection) -> Option<String> {
    let bus = DBusProxy::new(connection).ok()?;
    let name = BusName::try_from(NAME).ok()?;
    let process = bus.get_connection_unix_process_id(name).ok()?;
    let comm = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("comm")).ok()?;
    Some(comm.trim().to_owned()).filter(|name| !name.is_empty())
}

/// The ids of the vaults that have entries. Attributes are no secrets: they are read from a locked collection too.
fn vaults(connection: &Connection, service: &Proxy<'_>) -> zbus::Result<Vec<String>> {
    let wanted = HashMap::from([("service", crate::keyring::SERVICE)]);
    let (open, locked): (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) =
        service.call("SearchItems", &(wanted,))?;
    let mut found = Vec::new();
    for path in open.iter().chain(&locked).take(MOST) {
        let item = Proxy::new(connection, NAME, path.as_str(), ITEM)?;
        let mut attributes: HashMap<String, String> = item.get_property("Attributes")?;
        found.extend(attributes.remove("username"));
    }
    Ok(found)
}
