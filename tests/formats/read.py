#!/usr/bin/env python3
"""Opens what Sealpost writes, without Sealpost: docs/formats.md put into code, checked against vectors.json.

Needs: pip install 'cryptography>=48' (Argon2id, and HPKE with X-Wing). Says what it opened; fails otherwise.
"""
import hashlib, hmac, json, pathlib, re, struct, unicodedata
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def lv(*parts):  # every part with its length before it
    return b"".join(struct.pack(">Q", len(p)) + p for p in (p.encode() if isinstance(p, str) else p for p in parts))


def derive(key, salt, info):
    return HKDF(SHA256(), 32, salt, info.encode()).derive(key)


def mac(key, label, value=b""):
    return hmac.digest(key, lv(label) + value, "sha256")


def salted(magic, label, fields, key, bound, data):  # header || fields || salt || AES-256-GCM
    assert data[:5] == magic + b"\1"
    end = 5 + fields + 32
    salt = data[end - 32:end]
    return AESGCM(derive(key, salt, label)).decrypt(bytes(12), data[end:], data[:end] + lv(*bound))


def proven(key, label, bound, data, version=b"\1"):  # "SPAU" || version || MAC || what it proves
    assert data[:5] == b"SPAU" + version
    assert hmac.compare_digest(data[5:37], mac(key, label, lv(*bound) + data[37:]))
    return data[37:]


def stream(key, data):
    assert data[:6] == b"SPST\1\x10"
    header, rest, out, index = data[:45], data[45:], b"", 0
    aead = AESGCM(derive(key, data[6:38], "sealpost/1/stream"))
    while True:
        chunk, rest = rest[:65552], rest[65552:]
        out += aead.decrypt(data[38:45] + struct.pack(">IB", index, not rest), chunk, header)
        index += 1
        if not rest:
            return out


def xwing(seed):  # the secret key is a seed for both halves
    both = hashlib.shake_256(seed).digest(96)
    return MLKEM768X25519PrivateKey(mlkem.MLKEM768PrivateKey.from_seed_bytes(both[:64]),
                                    x25519.X25519PrivateKey.from_private_bytes(both[64:]))


def xwing_public(seed):
    both = hashlib.shake_256(seed).digest(96)
    return (mlkem.MLKEM768PrivateKey.from_seed_bytes(both[:64]).public_key().public_bytes_raw()
            + x25519.X25519PrivateKey.from_private_bytes(both[64:]).public_key().public_bytes_raw())


def hybrid(magic, label, fields, seed, bound, data):  # header || fields || HPKE
    assert data[:5] == magic + b"\1"
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    return suite.decrypt(data[5 + fields:], xwing(seed), data[:5 + fields] + lv(label, *bound))


def argon2_key(pepper, label, typed, data):
    memory, passes, lanes = struct.unpack(">III", data[6:18])
    slow = Argon2id(salt=data[18:50], length=32, iterations=passes, lanes=lanes, memory_cost=memory)
    return mac(pepper, label, slow.derive(typed.encode()))


SEPARATORS = re.compile("[\0-/:-@[-`{-\xa1\xa7\xa8\xab\xad\xaf\xb4\xb6-\xb8\xbb\xbf"
                        "\u02b9-\u02bf\u1680\u2000-\u206f\u3000-\u3003\ufeff]")


def answer(typed):
    text = unicodedata.normalize("NFKC", SEPARATORS.sub(" ", typed))
    text = "".join(c.lower() for c in text).replace("ß", "ss").replace("ς", "σ")
    return " ".join(word for word in SEPARATORS.sub(" ", text).split(" ") if word)


def fails(what, *args):
    try:
        what(*args)
    except InvalidTag:
        return True
    return False


def main():
    here = pathlib.Path(__file__).parent
    v = json.loads((here / "vectors.json").read_text())
    server = b64decode(v["server_key"].strip().removeprefix("sealpost-server-key-1:"))
    keys = {name: derive(server, b"sealpost/1/server-key", name)
            for name in ("spool", "rows", "tags", "tokens", "pepper", "deposits", "sessions", "escrow", "audit", "key-id")}
    assert keys["key-id"][0] == v["key_id"]

    for r in v["records"]:
        data = b64decode(r["sealed"])
        assert data[5] == v["key_id"]
        plain = salted(b"SPRC", "sealpost/1/record", 1, keys[r["key"]], (r["label"], r["id"]), data)
        assert plain.decode() == r["plain"]
        assert fails(salted, b"SPRC", "sealpost/1/record", 1, keys[r["key"]], (r["label"], "other"), data)

    device = v["tags"].pop("device")
    name, word, proof = (urlsafe_b64decode(third + "=") for third in device["cookie"].split("."))
    owner = mac(keys["tags"], "sealpost/1/tag-address", device["of"].encode())
    assert mac(keys["tags"], "sealpost/1/tag-device", owner + name + word) == proof == b64decode(device["tag"])
    mailbox_public = b64decode(v["mailbox"]["public"])
    assert mac(keys["tags"], "sealpost/1/device-word", lv(mailbox_public, device["epochs"])) == word
    for kind, tag in v["tags"].items():
        label = "sealpost/1/fingerprint" if kind == "fingerprint" else f"sealpost/1/tag-{kind}"
        assert mac(keys["tags"], label, tag["of"].encode()) == b64decode(tag["tag"])

    t = v["token"]
    token = urlsafe_b64decode(t["text"] + "=")
    assert mac(keys["tokens"], "sealpost/1/token-activation", token) == b64decode(t["activation_hash"])
    assert mac(keys["tokens"], "sealpost/1/token-reset", token) == b64decode(t["reset_hash"])

    r = t["reset"]
    times = (struct.pack(">q", r[at]) for at in ("created_at", "expires_at"))
    reset = mac(keys["tokens"], "sealpost/1/reset-token", lv(v["mailbox"]["id"], mailbox_public, *times))
    assert reset == urlsafe_b64decode(r["text"] + "=")

    m = v["message"]
    key = b64decode(m["key"])
    part = m["part"]
    assert salted(b"SPPT", "sealpost/1/part", 0, key, (part["label"],), b64decode(part["sealed"])) \
        == b64decode(part["plain"])
    for s in m["streams"]:
        data = b64decode(s["sealed"])
        assert stream(key, data) == bytes(i % 251 for i in range(s["plain_len"]))
        if s["plain_len"] > 65536:
            assert fails(stream, key, data[:45 + 65552]), "cut at a border"

    b = v["mailbox"]
    mailbox = b["id"]
    a = b64decode(b["activation"])
    label = "sealpost/1/wrap-activation"
    seed = salted(b"SPWA", label, 1, mac(keys["pepper"], label, token), (mailbox,), a)
    public = b64decode(b["public"])
    assert public == b"SPMP\1" + xwing_public(seed)

    p = b64decode(b["password"]["wrap"])
    label = "sealpost/1/wrap-password"
    typed = unicodedata.normalize("NFC", unicodedata.normalize("NFD", b["password"]["typed"]))
    assert salted(b"SPWP", label, 13, argon2_key(keys["pepper"], label, typed, p), (mailbox,), p) == seed
    wrong = argon2_key(keys["pepper"], label, typed + "x", p)
    assert fails(salted, b"SPWP", label, 13, wrong, (mailbox,), p)

    i = b64decode(b["initial"]["wrap"])
    label = "sealpost/1/wrap-initial"
    typed = re.sub("[^0-9A-Z]", "", f' {b["initial"]["told"].lower().replace("-", " ")} '.upper())
    assert salted(b"SPWI", label, 13, argon2_key(keys["pepper"], label, typed, i), (mailbox,), i) == seed

    q = b64decode(b["answer"]["wrap"])
    label = "sealpost/1/wrap-answer"
    assert answer(b["answer"]["typed"]) == "st pölten hauptstrasse 5"
    typed = answer("ST. PO\u0308LTEN / HAUPTSTRASSE 5")
    assert salted(b"SPWQ", label, 13, argon2_key(keys["pepper"], label, typed, q), (mailbox,), q) == seed

    label = "sealpost/1/wrap-escrow"
    offline = b["offline_escrow"]
    safe = b64decode(offline["key"].strip().removeprefix("sealpost-escrow-key-1:"))
    assert offline["public"].strip().endswith(":" + b64encode(xwing_public(safe)).decode())
    for escrow, wrap in ((keys["escrow"], b["escrow"]), (safe, offline["wrap"])):
        wrap = b64decode(wrap)
        assert wrap[5] == mac(bytes(32), "sealpost/1/escrow-id", xwing_public(escrow))[0]
        assert hybrid(b"SPWE", label, 1, escrow, (mailbox,), wrap) == seed

    k = b["sealed_key"]
    label = "sealpost/1/mailbox-key"
    assert hybrid(b"SPMK", label, 0, seed, (mailbox, k["message_id"]), b64decode(k["sealed"])) == key
    assert fails(hybrid, b"SPMK", label, 0, seed, (mailbox, "other"), b64decode(k["sealed"]))

    k = b["wrapped_key"]
    label, wrapping = "sealpost/1/wrapped-key", mac(seed, "sealpost/1/mailbox-wrapping")
    assert salted(b"SPMW", label, 0, wrapping, (mailbox, k["message_id"]), b64decode(k["sealed"])) == key
    assert fails(salted, b"SPMW", label, 0, wrapping, (mailbox, "other"), b64decode(k["sealed"]))

    w = v["words"]
    assert salted(b"SPPT", "sealpost/1/part", 0, key, (w["label"],), b64decode(w["sealed"])) == w["plain"].encode()

    s = v["session"]
    cookie = urlsafe_b64decode(s["cookie"] + "=")
    assert mac(cookie, "sealpost/1/session-hash") == b64decode(s["hash"])
    assert urlsafe_b64encode(mac(cookie, "sealpost/1/session-csrf")).decode().rstrip("=") == s["csrf"]
    sealing = mac(cookie, "sealpost/1/session-seal")
    held = proven(keys["sessions"], "sealpost/1/proof-session",
                  (mailbox, str(s["since"]), s["epochs"]), b64decode(s["sealed"]), b"\2")
    assert salted(b"SPSS", "sealpost/1/session", 0, sealing, (mailbox,), held) == seed

    d = v["proven"]
    bound = (d["mailbox_id"], d["deposit_id"])
    assert proven(keys["deposits"], "sealpost/1/proof-deposit", bound, b64decode(d["listing"])) \
        == b64decode(part["sealed"])

    a = v["audit"]
    row, writer = a["row"], a["writer"].encode()
    writer_key = mac(keys["audit"], "sealpost/1/audit-writer", writer)
    seq, at = row["seq"].to_bytes(8, "big"), row["at"].to_bytes(8, "big")
    words = (row[name].encode() for name in ("actor", "action", "object", "mailbox", "network", "outcome", "detail"))
    assert mac(writer_key, "sealpost/1/audit-row", lv(b64decode(a["before"]), seq, at, writer, *words)) \
        == b64decode(a["proof"])
    assert mac(writer_key, "sealpost/1/audit-head", lv(seq, at, b64decode(a["proof"]))) == b64decode(a["head"])

    for x in json.loads((here / "xwing.json").read_text())["vectors"]:
        assert xwing_public(bytes.fromhex(x["sk"])).hex() == x["pk"]
    print("opened: records, tags, token, part, streams, activation, initial, password, answer, escrow, "
          "message key, wrapped key, words, session, proof, audit trail; X-Wing keys as in the draft")


if __name__ == "__main__":
    main()
