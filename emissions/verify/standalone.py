"""Checks a bundle with the standard library and ``cryptography`` alone: read it in an hour.

    python standalone.py FILE [--key NAME+ID+KEY]...

It imports nothing of this project, and shares no code with it: one file, although a long one, so
that a stranger has it whole. What it checks, in this order:

1. the archive: stored, sorted, and no byte but those of its files (`files_of`);
2. ``SHA256SUMS`` lists every file, and every hash is right (`check_sums`);
3. ``statement.dsse.json`` signs the hashes of all files: DSSE, in-toto (`check_statement`);
4. ``checkpoint`` is signed by the log, and every record is a leaf of it: C2SP signed-note and
   tlog-proof, RFC 6962 (`check_log`);
5. the messages of a day are those under its root, and those that a violation rests on have the hash
   that it names (`check_messages`).

It does not judge: whether the law was applied rightly to these messages, ``emissions verify`` says.
Exit code 0: everything holds; 1: what does not is named; 2: the file is no bundle.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Files = dict[str, bytes]
Record = dict[str, Any]
Key = tuple[str, str, int, bytes]
"""A public key: its name, its id, its kind (4: a witness), its bytes."""


class NoBundleError(Exception):
    """The file is something else."""


class WrongError(Exception):
    """Something does not hold."""


def sha256(data: bytes) -> bytes:
    """Return the hash."""
    return hashlib.sha256(data).digest()


# 1. The archive: a ZIP file of which only the names and the contents of its files are free.


def files_of(data: bytes) -> dict[str, bytes]:
    """Return the files by name; raises WrongError where one byte is not as it must be."""
    if data[:4] != b"PK\x03\x04":
        raise NoBundleError("the file is no ZIP archive")
    files: dict[str, bytes] = {}
    central, at = b"", 0
    while data[at : at + 4] == b"PK\x03\x04":
        if len(data) < at + 30:
            raise WrongError("the archive is cut off")
        crc, size, _, length = struct.unpack_from("<IIIH", data, at + 14)
        name = data[at + 30 : at + 30 + length]
        head = struct.pack("<4s5H3I2H", b"PK\x03\x04", 10, 0, 0, 0, 33, crc, size, size, length, 0)
        content = data[at + 30 + length : at + 30 + length + size]
        text = name.decode("latin-1")
        if data[at : at + 30] != head or len(content) != size:
            raise WrongError(f"{text!r}: its header in the archive is not as it was packed")
        if zlib.crc32(content) != crc:
            raise WrongError(f"{text!r}: its bytes are not those that were packed (CRC-32)")
        if text in files or (files and text <= list(files)[-1]) or not re.fullmatch(NAME, text):
            raise WrongError(f"{text!r}: the file is not in its place, or is there twice")
        files[text] = content
        central += struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 778, 10, 0, 0, 0, 33, crc, size, size, length,
            0, 0, 0, 0, 0o100644 << 16, at,
        ) + name  # fmt: skip
        at += 30 + length + size
    count = len(files)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(central), at, 0)
    if data[at:] != central + end:
        raise WrongError("the directory at the end of the archive is not as it was packed")
    if "manifest.json" not in files:
        raise NoBundleError("the archive has no manifest.json: it is no bundle")
    return files


NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*"


# 2. The hashes, as `sha256sum -c SHA256SUMS` checks them.


def check_sums(files: Files) -> str:
    """Compare every file with its line."""
    for name, content in files.items():
        line = f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()
        if name not in ("SHA256SUMS", "statement.dsse.json") and line not in files["SHA256SUMS"]:
            raise WrongError(f"{name}: its SHA-256 is not the one in SHA256SUMS")
    if len(files["SHA256SUMS"].splitlines()) != len(files) - 2:
        raise WrongError("SHA256SUMS names other files than there are")
    return f"{len(files)} files, all as SHA256SUMS says"


# 3. The statement over all files.


def key_of(word: str) -> Key:
    """Split NAME+ID+KEY; the id is the beginning of a hash over name and key."""
    name, key_id, text = word.split("+", 2)
    encoded = base64.b64decode(text, validate=True)
    if sha256(name.encode() + b"\n" + encoded)[:4].hex() != key_id or len(encoded) != 33:
        raise WrongError(f"{word}: it is no key, or has the id of another")
    return name, key_id, encoded[0], encoded[1:]


def holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature is one of this message by this key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_statement(files: Files, keys: list[Key]) -> str:
    """Check who signs the hashes of all files, and that they are those."""
    envelope = json.loads(files["statement.dsse.json"])
    payload = base64.b64decode(envelope["payload"], validate=True)
    kind = envelope["payloadType"].encode()
    message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    signers = []
    for each in envelope["signatures"]:
        for name, key_id, _, public in keys:
            if each["keyid"] == f"{name}+{key_id}":
                if not holds(public, base64.b64decode(each["sig"]), message):
                    raise WrongError(f"statement.dsse.json: the signature of {name} does not hold")
                signers.append(name)
    if not signers:
        raise WrongError("statement.dsse.json: it is signed by none of the keys")
    written = json.dumps(envelope, sort_keys=True, separators=(",", ":")) + "\n"
    if written.encode() != files["statement.dsse.json"]:
        raise WrongError("statement.dsse.json: it is not in the form in which it was written")
    statement = json.loads(payload)
    said = {each["name"]: each["digest"]["sha256"] for each in statement["subject"]}
    for name, content in files.items():
        right = said.pop(name, None) == hashlib.sha256(content).hexdigest()
        if name != "statement.dsse.json" and not right:
            raise WrongError(f"{name}: its SHA-256 is not the one that the statement signs")
    if said or statement["_type"] != "https://in-toto.io/Statement/v1":
        raise WrongError("statement.dsse.json: it is about other files")
    return f"the statement over all files is signed by {', '.join(signers)}"


# 4. The log: a signed checkpoint, and from each record a path of hashes to its root.


def open_checkpoint(note: str, keys: list[Key]) -> tuple[str, int, bytes, list[str]]:
    """Return origin, size, root and signers of a checkpoint."""
    text, _, below = note.rpartition("\n\n")
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    signers = []
    for line in below.splitlines():
        name, _, encoded = line.removeprefix("\u2014 ").partition(" ")
        data = base64.b64decode(encoded, validate=True)
        for known, key_id, kind, public in keys:
            if (name, data[:4].hex()) != (known, key_id):
                continue
            signature, message = data[4:], text.encode()
            if kind == 4:  # a witness signs the time with it
                at = int.from_bytes(signature[:8], "big")
                signature, message = signature[8:], f"cosignature/v1\ntime {at}\n{text}".encode()
            if not holds(public, signature, message):
                raise WrongError(f"checkpoint: the signature of {name} does not hold")
            signers.append(name)
    if origin not in signers:
        raise WrongError(f"checkpoint: the log {origin} has not signed it with a key that is known")
    return origin, int(size), base64.b64decode(root, validate=True), signers


def root_by(proof: list[bytes], leaf: bytes, index: int, size: int) -> bytes | None:
    """Walk from a leaf to the root (RFC 9162, 2.1.3.2); None where the proof is no way there."""
    node, last, found = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            found = sha256(b"\x01" + other + found)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            found = sha256(b"\x01" + found + other)
        node, last = node >> 1, last >> 1
    return found if last == 0 else None


def check_log(files: Files, manifest: Record, keys: list[Key]) -> str:
    """Check that every record is a leaf of the log."""
    note = files["checkpoint"].decode()
    origin, size, root, signers = open_checkpoint(note, keys)
    for record in manifest["records"]:
        path = record["path"]
        salt = bytes.fromhex(record.get("salt", ""))
        leaf = {
            "id": record["id"],
            "kind": record["kind"],
            "revision": record["revision"],
            "sha256": hashlib.sha256(salt + files[path]).hexdigest(),
        }
        entry = json.dumps(leaf, ensure_ascii=False, separators=(",", ":")).encode()
        name = path.replace("records/", "proofs/", 1).rpartition(".")[0] + ".tlog-proof"
        head, _, checkpoint = files[name].decode().partition("\n\n")
        first, index, *hashes = head.split("\n")
        proof = [base64.b64decode(each, validate=True) for each in hashes]
        number = int(index.removeprefix("index "))
        made = root_by(proof, sha256(b"\x00" + entry), number, size)
        if first != "c2sp.org/tlog-proof@v1" or checkpoint != note or made != root:
            raise WrongError(f"{name}: it does not lead from {path} to the root of the log")
    count = len(manifest["records"])
    return (
        f"records in the log {origin}: {count} (of {size} leaves), signed by {', '.join(signers)}"
    )


# 5. The messages. They are Avro after five bytes (0, the schema's id); a reader of it in 40 lines.


def integer(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits a byte, and say where the next thing begins."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return (value >> 1) ^ -(value & 1), at


def decode(schema: Any, data: bytes, at: int, names: dict[str, Any]) -> tuple[Any, int]:
    """Read a value of a schema."""
    if isinstance(schema, list):
        branch, at = integer(data, at)
        return decode(schema[branch], data, at, names)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if isinstance(kind, (dict, list)):
        return decode(kind, data, at, names)
    if isinstance(schema, dict) and "name" in schema:
        names[schema["name"]] = schema
    if kind in names and kind not in ("record", "enum", "fixed"):
        return decode(names[kind], data, at, names)
    if kind == "null":
        return None, at
    if kind == "boolean":
        return data[at] != 0, at + 1
    if kind in ("int", "long"):
        return integer(data, at)
    if kind == "double":
        return struct.unpack_from("<d", data, at)[0], at + 8
    if kind == "float":
        return struct.unpack_from("<f", data, at)[0], at + 4
    if kind in ("string", "bytes"):
        size, at = integer(data, at)
        text = data[at : at + size]
        return text.decode() if kind == "string" else text, at + size
    if kind == "enum":
        number, at = integer(data, at)
        return schema["symbols"][number], at
    if kind == "record":
        found = {}
        for field in schema["fields"]:
            found[field["name"]], at = decode(field["type"], data, at, names)
        return found, at
    if kind not in ("array", "map"):
        raise WrongError(f"a schema has the type {kind}")
    items: Any = {} if kind == "map" else []
    while True:
        count, at = integer(data, at)
        if count == 0:
            return items, at
        if count < 0:
            count, (_, at) = -count, integer(data, at)
        for _ in range(count):
            if kind == "map":
                name, at = decode("string", data, at, names)
                items[name], at = decode(schema["values"], data, at, names)
            else:
                item, at = decode(schema["items"], data, at, names)
                items.append(item)


def record_of(files: Files, message: bytes) -> Record:
    """Decode a message by the schema that it names."""
    number = int.from_bytes(message[1:5], "big")
    record: Record = decode(json.loads(files[f"schemas/{number}.avsc"]), message, 5, {})[0]
    return record


def messages_of(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield offset and value of each message: offset, arrival, key, value, headers."""

    def field(at: int) -> tuple[bytes, int]:
        (size,) = struct.unpack_from(">i", data, at)
        return (b"", at + 4) if size < 0 else (data[at + 4 : at + 4 + size], at + 4 + size)

    at = 0
    while at < len(data):
        offset, _ = struct.unpack_from(">qq", data, at)
        _, at = field(at + 16)
        value, at = field(at)
        (count,) = struct.unpack_from(">i", data, at)
        at += 4
        for _ in range(2 * count):
            _, at = field(at)
        yield offset, value


def tree(hashes: list[bytes]) -> bytes:
    """Compute the root of RFC 6962 over hashes of leaves."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"")
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01" + tree(hashes[:split]) + tree(hashes[split:]))


def check_messages(files: Files, manifest: Record) -> str:
    """Compare the messages with the roots and the hashes of evidence."""
    if manifest["raw"] is None:
        return "no messages: the subject rests on a registration"
    refused = {each["offset"] for each in manifest["refused"]}
    used: set[tuple[int, int]] = set()
    accepted: list[tuple[int, int, bytes]] = []
    for offset, value in messages_of(files[manifest["raw"]]):
        reading = record_of(files, value)
        at, period = reading["measured_at"], reading["period_s"] * 1000
        if offset not in refused and (period, at // period) not in used:
            used.add((period, at // period))  # another of the same interval repeats the first
            accepted.append((offset, at, value))
    days = rests = 0
    for record in manifest["records"]:
        if record["kind"] == "root":
            found = record_of(files, files[record["path"]])
            day = [value for _, at, value in accepted if found["start"] <= at < found["end"]]
            root = tree([sha256(b"\x00" + value) for value in day]).hex()
            if len(day) != found["count"] or root != found["root"]:
                raise WrongError(
                    f"{record['path']}: it is not the root of the messages of that day"
                )
            days += 1
        if record["kind"] == "violation":
            rests += check_evidence(record["path"], record_of(files, files[record["path"]]),
                                    manifest, accepted)  # fmt: skip
    return (
        f"messages: {len(accepted)}; theirs are roots of days: {days}, hashes of evidence: {rests}"
    )


def check_evidence(
    path: str, violation: Record, manifest: Record, accepted: list[tuple[int, int, bytes]]
) -> int:
    """Compute the hash over the messages that a violation rests on (docs/concepts/evidence.md)."""
    own = [each for each in violation["evidence"] if each["topic"] == manifest["topic"]]
    if violation["unit"] in (None, "s", "t/a") or violation["end"] is None or not own:
        return 0
    first, last = own[0]["first_offset"], own[0]["last_offset"]
    slots: dict[int, bytes] = {}
    count = 0
    for offset, at, value in accepted:
        if violation["start"] <= at < violation["end"] and first <= offset <= last:
            slots[at // 600_000] = sha256(slots.get(at // 600_000, b"") + value)
            count += 1
    chain = b""
    for slot in sorted(slots):
        chain = sha256(chain + slots[slot])
    if count == 0:
        return 0  # a violation of another day, which is in the file beside the subject
    if (count, chain.hex()) != (own[0]["readings"], own[0]["sha256"]):
        raise WrongError(f"{path}: its hash is not that of the messages it rests on")
    return 1


def main() -> int:
    """Check the file that is named."""
    parser = argparse.ArgumentParser(description="Check a bundle of evidence.")
    parser.add_argument("file")
    parser.add_argument("--key", action="append", default=[], help="a key you trust: NAME+ID+KEY")
    given = parser.parse_args()
    try:
        with open(given.file, "rb") as file:
            files = files_of(file.read())
        words = given.key or files["keys.txt"].decode().splitlines()
        keys = [key_of(word) for word in words]
        manifest = json.loads(files["manifest.json"])
        print("ok ", check_sums(files))
        print("ok ", check_statement(files, keys))
        print("ok ", check_log(files, manifest, keys))
        print("ok ", check_messages(files, manifest))
    except (NoBundleError, OSError) as error:
        print(f"no bundle: {error}")
        return 2
    except WrongError as error:
        print(f"WRONG: {error}")
        return 1
    except Exception as error:  # whoever makes a file may put anything into it
        print(f"WRONG: it cannot be read ({type(error).__name__}: {error})")
        return 1
    print("Every hash, signature and proof holds; judge again with `emissions verify`.")
    if not given.key:
        print("The keys are those in the file: compare them with the published ones, or use --key.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
