#!/usr/bin/env python3
"""Reads what the letters of `tests/reading` were made into, with programs that are not ours.

    read_cases.py FOLDER CASES.tsv

FOLDER holds NAME.msg for every letter, and NAME.pdf for those that were made into one. What `cases.tsv` says a reader sees of a letter must be found in
the Outlook file by `extract-msg` (PyPI) and by `msgconvert` (Debian, libemail-outlook-message-perl), read on by Python's
`email`, and in the PDF by `pdftotext` and `pdfdetach`. Prints what differs; status 1 if anything does.
"""
import collections
import concurrent.futures
import datetime
import email
import email.policy
import os
import pathlib
import re
import subprocess
import sys
import zoneinfo

import bs4
import extract_msg

MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
# Rows that speak of a page of the webmail and of nothing that is taken away.
ONLY_WEB = {"look", "preview", "zip", "html", "charset", "events", "inner-pictures", "inner-picture", "notevent", "frame"}
# What else is in an Outlook file or a PDF is no matter of these rows.
HELD = {"body", "notbody", "text", "line", "subject", "from", "date", "files", "hasfile", "pictures", "haspicture"}
BATCH = 60
# Not for the eye, and in the way of who copies an amount.
UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")


def flat(text):
    return re.sub(r"\s+", " ", (text or "").replace("\u00a0", " ").replace("\u2011", "-")).strip()


def tight(text):
    """Without any space: a PDF breaks lines where it likes."""
    return re.sub(r"\s+|\u00ad", "", (text or "").replace("\u2011", "-"))


def page(html):
    return bs4.BeautifulSoup(html, "html.parser").get_text(" ") if html else ""


def moment(value):
    """'27. November 2026, 11:00' as the recipients' clocks have it."""
    day, month, year, hour, minute = re.fullmatch(r"(\d+)\. (\S+) (\d+), (\d+):(\d+)", value).groups()
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    at = datetime.datetime(int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), tzinfo=zone)
    return at.astimezone(datetime.timezone.utc)


class Outlook:
    """A letter as extract-msg sees it."""

    def __init__(self, path):
        with extract_msg.openMsg(str(path)) as msg:
            self.subject, self.sender = msg.subject or "", msg.sender or ""
            self.body = msg.body or ""
            # Both are what a reader sees; a letter that has one has one.
            html = (msg.htmlBody or b"").decode("utf-8", "replace")
            self.text = f"{self.body} {page(html)}"
            self.shown, self.html = (page(html), True) if html else (self.body, False)
            self.files = [a.longFilename or a.shortFilename or "" for a in msg.attachments]
            found = msg.props.get("00390040")
            self.date = found.value.astimezone(datetime.timezone.utc) if found else None
            inner = [a.data for a in msg.attachments if isinstance(a.data, extract_msg.MSGFile)]
            self.files = [
                a.data.subject if isinstance(a.data, extract_msg.MSGFile) and not a.longFilename else name
                for a, name in zip(msg.attachments, self.files)
            ]
            self.inner = " ".join(f"{m.body or ''} {page((m.htmlBody or b'').decode('utf-8', 'replace'))}" for m in inner)


class Converted:
    """The same file as msgconvert makes a letter of it, and Python reads that."""

    def __init__(self, path):
        back = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        # Of the old head it takes over that the letter was a file as a whole.
        del back["Content-Disposition"]
        self.subject, self.sender = str(back.get("Subject", "")), str(back.get("From", ""))
        plain, html = (back.get_body(preferencelist=(kind,)) for kind in ("plain", "html"))
        self.body = plain.get_content() if plain else ""
        page_text = page(html.get_content()) if html else ""
        self.text, self.shown, self.html = f"{self.body} {page_text}", page_text or self.body, bool(html)
        self.files = [part.get_filename() or "" for part in back.walk() if part.get_filename()]
        self.date, self.inner = None, None


def whole(said):
    """What a tool of poppler says: it writes characters beyond U+FFFF as two halves."""
    halves = said.decode("utf-8", "surrogatepass")
    return halves.encode("utf-16", "surrogatepass").decode("utf-16")


class Paper:
    """The PDF as poppler reads it."""

    def __init__(self, path):
        run = lambda *call: whole(subprocess.run(call, capture_output=True, check=True).stdout)
        self.text = run("pdftotext", "-enc", "UTF-8", str(path), "-")
        listed = run("pdfdetach", "-enc", "UTF-8", "-list", str(path))
        self.files = re.findall(r"^\d+: (.*)$", listed, re.M)


def of_message(found, what, seen):
    """Whether an Outlook file says so; `None`: it is not asked."""
    if what == "subject":
        return seen in flat(found.subject)
    if what == "from":
        return seen in flat(found.sender)
    if what == "date":
        return None if found.date is None else found.date == moment(seen)
    if what in ("files", "hasfile", "pictures", "haspicture"):
        # A letter in a letter is one there, too, and has a subject instead of a file name.
        inner = lambda name: name.endswith(".eml") and (found.inner is None or name[:-4] in found.files)
        # A comma may be one of a name.
        return seen in found.files or all(name in found.files or inner(name) for name in seen.split(", ") if name)
    if what == "event":
        # Outlook makes an appointment of the calendar itself.
        return bool(found.files) or flat(seen) in flat(found.text)
    if what == "notbody":
        # What markup hides, its reader hides.
        return None if found.html else seen not in flat(found.shown)
    if what == "inner":
        return None if found.inner is None else flat(seen) in flat(found.inner)
    return flat(seen) in flat(found.text)


def of_paper(found, what, seen):
    if what in ("files", "hasfile", "pictures", "haspicture"):
        wanted = [name for name in seen.split(", ") if name]
        return seen in found.files or all(name in found.files for name in wanted)
    if what == "notbody":
        return seen not in flat(found.text)
    # Its fonts are those of Europe; it says so in a line of its own.
    if what == "inner" or (re.search("[\u3040-\u9fff]", seen) and "▯" in found.text):
        return None
    return tight(seen) in tight(found.text)


def converted(paths):
    """Many in one call: to start Perl takes longer than to convert."""
    folder = paths[0].parent / f"back-{paths[0].stem}"
    folder.mkdir()
    subprocess.run(["msgconvert", *map(str, paths)], cwd=folder, capture_output=True, check=False)
    return {path.stem: folder / f"{path.stem}.eml" for path in paths}


def main():
    folder, cases = pathlib.Path(sys.argv[1]), collections.defaultdict(list)
    for line in pathlib.Path(sys.argv[2]).read_text().splitlines()[1:]:
        name, what, seen = (cell.replace("\\n", "\n") for cell in line.split("\t"))
        kind = what.split(" ")[0]
        if kind not in ONLY_WEB and " " not in what:
            cases[name].append((kind, seen))
    wrong, asked = [], 0
    messages = sorted(folder.glob("*.msg"))
    batches = [messages[at : at + BATCH] for at in range(0, len(messages), BATCH)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        back = {}
        papers = {path.stem: pool.submit(Paper, path) for path in sorted(folder.glob("*.pdf"))}
        for made in pool.map(converted, batches):
            back.update(made)
        for path in messages:
            name = path.stem
            readers = [("extract-msg", of_message, lambda: Outlook(path))]
            readers.append(("msgconvert", of_message, lambda: Converted(back[name])))
            if name in papers:
                readers.append(("pdf", of_paper, lambda: papers[name].result()))
            for reader, judge, read in readers:
                try:
                    found = read()
                except Exception as error:  # whatever a reader stumbles over is a difference
                    wrong.append(f"{name}: {reader} cannot read it: {error!r:.300}")
                    continue
                if reader == "pdf" and UNSEEN.search(found.text):
                    wrong.append(f"{name}: pdf: something nobody sees is copied with the text: {found.text!r:.600}")
                for what, seen in cases[name]:
                    if what not in HELD and what not in ("event", "inner"):
                        continue
                    told = judge(found, what, seen)
                    asked += told is not None
                    if told is False:
                        about = {k: v for k, v in vars(found).items() if k != "inner" or what == "inner"}
                        wrong.append(f"{name}: {reader}: {what} is not {seen!r} but {about!r:.600}")
    for line in wrong:
        print(line)
    print(f"{len(messages)} letters, {len(papers)} on paper, {asked} answers, {len(wrong)} differences")
    return 1 if wrong or not messages else 0


sys.exit(main())
