#!/usr/bin/python3
"""Opens a Keyhaven vault without Keyhaven and prints what is in it as JSON (docs/vault-format.md).

Needs Python 3.9 and PyNaCl (Debian: python3-nacl). The secret is asked for, or read from standard input:
    decrypt.py vault.keyhaven                                   asks for the passphrase
    decrypt.py --password-stdin vault.keyhaven < passphrase     reads one line
    decrypt.py --with keyring|recovery-key vault.keyhaven       the keyring's text, or the emergency kit's key
"""
import argparse, base64, getpass, hashlib, hmac, json, sys, unicodedata
try:
    from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt as aead_open, crypto_scalarmult, crypto_scalarmult_base
    from nacl.exceptions import CryptoError
    from nacl.pwhash import argon2id
except ImportError:
    sys.exit("decrypt.py: PyNaCl is not here (Debian: apt install python3-nacl; elsewhere: pip install pynacl)")

MAGIC, ALPHABET = b"\x89KHV\r\n\x1a\n", "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def fail(text):
    sys.exit(f"decrypt.py: {text}")


def hkdf(key, salt, info, keys):
    """RFC 5869 with SHA-256: as many 32-byte keys as asked for."""
    prk, blocks = hmac.digest(salt, key, "sha256"), [b""]
    for index in range(1, keys + 1):
        blocks.append(hmac.digest(prk, blocks[-1] + info + bytes([index]), "sha256"))
    return blocks[1:]


def unseal(key, associated, sealed):
    return aead_open(sealed[24:], associated, sealed[:24], key)


def recovery_key(text):
    """The 16 bytes behind seven groups of five characters; the fifth of each only checks the other four."""
    digits = "".join(c for c in text.upper() if c not in " -").translate(str.maketrans("OILU", "011V"))
    if len(digits) != 35 or any(c not in ALPHABET for c in digits):
        fail("a recovery key has seven groups of five characters")
    number = 0
    for digit in (digit for index, digit in enumerate(digits) if index % 5 != 4):
        number = number << 5 | ALPHABET.index(digit)
    key = (number >> 12).to_bytes(16, "big")  # 128 bits of key, 12 of its digest
    if number & 0xFFF != int.from_bytes(hashlib.sha256(key).digest()[:2], "big") >> 4:
        fail("the recovery key has a typing error")
    return key


def slot_key(slot, secret):
    if slot["kind"] == "passphrase":
        cost = slot["argon2id"]
        if cost["memory_kib"] > 1 << 20 or cost["passes"] > 20:
            fail("the file demands too much of Argon2")
        text = unicodedata.normalize("NFC", secret).encode()
        return argon2id.kdf(32, text, bytes.fromhex(cost["salt"]), cost["passes"], cost["memory_kib"] * 1024)
    if slot["kind"] == "keyring":
        return base64.b64decode(secret.strip(), validate=True)
    return recovery_key(secret) + bytes(16)


def open_slots(header, kind, secret):
    """The keys of accounts and recovery compartment, None for what no slot of that kind opens with this secret."""
    vault, keys = bytes.fromhex(header["vault"]), {}
    slots = [slot for slot in header["slots"] if slot.get("kind") == kind]
    if not slots:
        fail(f"the vault has no {kind} slot")
    for slot in slots:
        context = b"keyhaven/1/slot" + vault + bytes.fromhex(slot["id"]) + kind.encode()
        *wrapping, commitment = hkdf(slot_key(slot, secret), vault, context, 3)
        if hmac.compare_digest(commitment, bytes.fromhex(slot["commitment"])):
            for name, key in zip(("accounts", "recovery"), wrapping):
                if name in slot:
                    keys[name] = unseal(key, context, bytes.fromhex(slot[name]))
    if not keys:
        fail(f"that {kind} does not open this vault")
    return keys.get("accounts"), keys.get("recovery")


def drop_in(vault, secret, item):
    """A record sealed to the recovery compartment's public key."""
    sealed, record = base64.b64decode(item["sealed"]), bytes.fromhex(item["id"])
    info = b"keyhaven/1/drop-in" + sealed[:32] + crypto_scalarmult_base(secret)
    [key] = hkdf(crypto_scalarmult(secret, sealed[:32]), vault, info, 1)
    try:
        return json.loads(unseal(key, b"keyhaven/1/drop-in" + vault + record, sealed[32:]))
    except CryptoError:
        return item  # shown as it is; it keeps nothing else from being read


def readable(record):
    """The payload as a JSON object or list or as text where it is that, else the record as it is."""
    try:
        payload = base64.b64decode(record["payload"], validate=True).decode()
    except (KeyError, TypeError, ValueError):
        return record
    try:
        payload = json.loads(payload) if payload[:1] in ("{", "[") else payload
    except ValueError:
        pass
    return {**record, "payload": payload}


def current(records):
    """Every version that no other version of the same record replaces."""
    records = [r if isinstance(r, dict) else {"not_a_record": r} for r in records]
    lists = [(r.get("id"), r["replaces"]) for r in records if isinstance(r.get("replaces"), list)]
    replaced = {f"{id} {version}" for id, versions in lists for version in versions}
    return [readable(r) for r in records if f"{r.get('id')} {r.get('version')}" not in replaced]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--with", dest="kind", choices=["passphrase", "keyring", "recovery-key"], default="passphrase")
    arguments.add_argument("--password-stdin", action="store_true", help="read the secret from standard input")
    arguments.add_argument("file", type=argparse.FileType("rb"))
    arguments = arguments.parse_args()
    data = arguments.file.read()
    if data[:8] != MAGIC or data[8:10] != b"\x00\x01":
        fail("this is not a Keyhaven vault, or one of another format version")
    head = 46 + int.from_bytes(data[10:14], "big")
    if hashlib.sha256(data[46:head]).digest() != data[14:46] or hashlib.sha256(data[:-32]).digest() != data[-32:]:
        fail("the file is cut short or damaged")
    header = json.loads(data[46:head])
    secret = sys.stdin.readline().rstrip("\r\n") if arguments.password_stdin else getpass.getpass(f"{arguments.kind}: ")
    accounts_key, recovery_key = open_slots(header, arguments.kind, secret)
    vault, at = bytes.fromhex(header["vault"]), head + header["accounts"]["length"]
    result = {"vault": header["vault"], "generation": header["generation"], "accounts": None, "recovery": None}
    accounts = {}
    if accounts_key:
        key, _ = hkdf(accounts_key, vault, b"keyhaven/1/accounts", 2)
        accounts = json.loads(unseal(key, data[:head], data[head:at]))
        result["accounts"] = current(accounts["records"])
    if recovery_key:
        key, _, agreement = hkdf(recovery_key, vault, b"keyhaven/1/recovery", 3)
        records = [drop_in(vault, agreement, item) for item in accounts.get("drop_ins", [])]
        for segment in header["recovery"]["segments"]:
            sealed = data[at : at + segment["length"]]
            records += json.loads(unseal(key, b"keyhaven/1/recovery" + vault, sealed))["records"]
            at += segment["length"]
        result["recovery"] = current(records)
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    try:
        main()
    except CryptoError:
        fail("the key is right, and the file was tampered with")
