#!/usr/bin/env python3
"""Reads .msg files with programs that are not ours and compares them with the letters they were made from.

    read_msg.py FOLDER [--msgconvert]

FOLDER holds pairs NAME.eml, NAME.msg. The letters are read with Python's own `email`, the messages with
`extract-msg` and `olefile` (PyPI), and with --msgconvert also with Debian's `msgconvert`
(libemail-outlook-message-perl). Prints what differs and ends with status 1 if anything does.
"""
import datetime
import email
import email.policy
import email.utils
import pathlib
import re
import subprocess
import sys

import extract_msg
import olefile

# Their MIME is wrong on purpose: they must open, but nobody can say what they should contain.
UNCLEAR = {"delivery_report", "broken_mime", "almost_nothing", "bare_text", "charsets", "head_only"}
CLSID = "00020D0B-0000-0000-C000-000000000046"

wrong = []


def same(name, what, expected, found):
    if expected != found:
        wrong.append(f"{name}: {what}\n    expected {expected!r:.300}\n    found    {found!r:.300}")


def flat(text):
    """Text without the differences that no reader sees."""
    return re.sub(r"\s+", " ", text or "").strip()


def page(html):
    """HTML without the charset it declares: ours always says the one it is in."""
    return flat(re.sub(r"charset\s*=\s*[\"']?[\w-]+", "charset", html or "", flags=re.I))


def shown(text):
    """As our names and subjects are shown: no control characters, no direction tricks."""
    return flat(re.sub("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\x00-\x1f]", "", text or ""))


def addresses(message, field):
    values = [str(value) for value in message.get_all(field, [])]
    return [address for _, address in email.utils.getaddresses(values) if address]


def leaves(message):
    """Every part that is no text of the body: (name or None, bytes); letters within the letter as bytes."""
    body = {id(part) for kind in ("plain", "html") if (part := message.get_body(preferencelist=(kind,)))}
    out = []

    def walk(part):
        if part.get_content_type() == "message/rfc822":
            out.append(("message", part.get_payload(0)))
        elif part.is_multipart():
            for child in part.iter_parts():
                walk(child)
        elif id(part) not in body:
            out.append((part.get_filename(), part.get_payload(decode=True) or b""))

    walk(message)
    return out


def compare(name, letter, msg):
    """A letter as Python sees it, and the message as extract-msg sees it."""
    same(name, "subject", shown(str(letter.get("Subject", ""))), flat(msg.subject))
    sender = addresses(letter, "From")
    if sender:
        same(name, "sender", True, sender[0] in (msg.sender or ""))
    kinds = {1: "To", 2: "Cc"}
    for kind, field in kinds.items():
        found = [person.email for person in msg.recipients if int(person.type) == kind]
        same(name, field, addresses(letter, field), found)
    same(name, "message id", (letter.get("Message-ID") or "").strip(), msg.messageId or "")
    date = letter.get("Date")
    if date and date.datetime:
        found = msg.props.get("00390040") if hasattr(msg, "props") else None
        same(name, "date", date.datetime.astimezone(datetime.timezone.utc), found.value.astimezone(datetime.timezone.utc))
    html = letter.get_body(preferencelist=("html",))
    plain = letter.get_body(preferencelist=("plain",))
    if html is not None:
        same(name, "html", page(html.get_content()), page((msg.htmlBody or b"").decode("utf-8")))
    if plain is not None and letter.get_content_type() != "multipart/report":
        same(name, "text", flat(plain.get_content()), flat(msg.body))
    expected = leaves(letter)
    same(name, "number of attachments", len(expected), len(msg.attachments))
    for (wanted, data), found in zip(expected, msg.attachments):
        if wanted == "message":
            same(name, "attached message", True, isinstance(found.data, extract_msg.MSGFile))
            compare(f"{name} > inside", data, found.data)
            continue
        same(name, f"bytes of {wanted}", True, data == (found.data or b""))
        if wanted and len(wanted) < 100 and not re.search(r"[/\\\u202a-\u202e]", wanted):
            same(name, "file name", flat(wanted), flat(found.longFilename))
    for part in letter.walk():
        cid = (part.get("Content-ID") or "").strip().strip("<>")
        if cid and html is not None and f"cid:{cid}" in html.get_content().replace("%40", "@"):
            found = [a for a in msg.attachments if (a.contentId or "") == cid]
            same(name, f"picture {cid}", 1, len(found))


def structure(name, path):
    with olefile.OleFileIO(str(path)) as ole:
        same(name, "olefile's complaints", [], [str(issue) for issue in ole.parsing_issues])
        same(name, "class", CLSID, ole.root.clsid.upper())
        same(name, "sector size", 512, ole.sector_size)
        for needed in ("__properties_version1.0", "__nameid_version1.0/__substg1.0_00020102"):
            same(name, needed, True, ole.exists(needed))


def convert(name, letter, path):
    """Back to a letter by msgconvert, which knows neither of the other two."""
    made = path.with_suffix(".back")
    done = subprocess.run(["msgconvert", "--outfile", str(made), str(path)], capture_output=True, check=False)
    same(name, f"msgconvert's status ({done.stderr!r:.200})", 0, done.returncode)
    back = email.message_from_bytes(made.read_bytes() if made.exists() else b"", policy=email.policy.default)
    same(name, "msgconvert: subject", shown(str(letter.get("Subject", ""))), flat(str(back.get("Subject", ""))))
    same(name, "msgconvert: to", sorted(addresses(letter, "To")), sorted(addresses(back, "To")))
    same(name, "msgconvert: from", addresses(letter, "From")[:1], addresses(back, "From")[:1])
    plain = letter.get_body(preferencelist=("plain",))
    found = back.get_body(preferencelist=("plain",))
    if plain is not None and letter.get_content_type() != "multipart/report":
        same(name, "msgconvert: text", flat(plain.get_content()), flat(found.get_content() if found else ""))
    # A message without text comes back with an empty one.
    sizes = lambda message: sorted(len(data) for kind, data in leaves(message) if kind != "message" and data)
    expected, found = sizes(letter), sizes(back)
    same(name, "msgconvert: sizes of attachments", expected, found)


def main():
    folder = pathlib.Path(sys.argv[1])
    pairs = sorted(folder.glob("*.msg"))
    for path in pairs:
        name = path.stem
        letter = email.message_from_bytes(path.with_suffix(".eml").read_bytes(), policy=email.policy.default)
        structure(name, path)
        with extract_msg.openMsg(str(path)) as msg:
            if name in UNCLEAR:
                _ = (msg.subject, msg.body, msg.htmlBody, [a.data for a in msg.attachments])
            else:
                compare(name, letter, msg)
        if "--msgconvert" in sys.argv and name not in UNCLEAR:
            convert(name, letter, path)
    for line in wrong:
        print(line)
    print(f"{len(pairs)} messages read, {len(wrong)} differences")
    return 1 if wrong or not pairs else 0


sys.exit(main())
