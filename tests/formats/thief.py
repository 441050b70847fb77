#!/usr/bin/env python3
"""Looks for sealed bytes in every file of a store, also in free pages and the log, and tries the server key on them.

What to look for comes as JSON on standard input: the folder, the server key, and for each thing its name, how long its
sealed bytes are, and what opens it. Says what opened, one name a line.
"""
import json, pathlib, sys
from base64 import b64decode, urlsafe_b64decode
from cryptography.exceptions import InvalidTag
from read import derive, hybrid, mac, salted


def places(files, magic, length):  # everything that begins like it, wherever it stands
    for data in files:
        at = data.find(magic)
        while at >= 0:
            if len(data) >= at + length:
                yield data[at:at + length]
            at = data.find(magic, at + 1)


def first(files, magic, length, opens):
    for data in places(files, magic + b"\1", length):
        try:
            return opens(data)
        except (InvalidTag, ValueError, AssertionError):
            pass
    return None


def main():
    wish = json.load(sys.stdin)
    server = b64decode(wish["server_key"].strip().removeprefix("sealpost-server-key-1:"))
    keys = {name: derive(server, b"sealpost/1/server-key", name) for name in ("spool", "pepper")}
    paths = [path for path in pathlib.Path(wish["data"]).rglob("*") if path.is_file() and path.name != "reserve"]
    files = [path.read_bytes() for path in paths]
    for ticket in wish["tickets"]:
        def opens(data):
            return salted(b"SPRC", "sealpost/1/record", 1, keys["spool"], ("ticket", ticket["id"]), data)
        if first(files, b"SPRC", ticket["length"], opens):
            print("ticket")
    for box in wish["mailboxes"]:
        token = urlsafe_b64decode(box["token"] + "=")
        label = "sealpost/1/wrap-activation"
        wrap = mac(keys["pepper"], label, token)
        seed = first(files, b"SPWA", box["wrap"], lambda data: salted(b"SPWA", label, 1, wrap, (box["id"],), data))
        if seed is None:
            continue
        print("mailbox")
        letter = (box["id"], box["letter"])
        key = first(files, b"SPMK", box["key"],
                    lambda data: hybrid(b"SPMK", "sealpost/1/mailbox-key", 0, seed, letter, data))
        # Of a letter that its owner has seen.
        label, wrapping = "sealpost/1/wrapped-key", mac(seed, "sealpost/1/mailbox-wrapping")
        if key is None:
            key = first(files, b"SPMW", 5 + 32 + 32 + 16, lambda data: salted(b"SPMW", label, 0, wrapping, letter, data))
        if key is not None:
            print("letter")


main()
