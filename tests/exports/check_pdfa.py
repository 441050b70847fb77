"""PDF/A-3b by somebody else's judgement: every .pdf of a folder through pdf_oxide's validator.

    python3 check_pdfa.py FOLDER

Then one document is spoiled in ways that PDF/A forbids, and each must be found out: a judge who likes everything
would prove nothing.
"""

import pathlib
import subprocess
import sys
import tempfile

import pdf_oxide

# Said of every document: annotations are looked at page by page elsewhere.
ALWAYS = "[WARN-007]"

# What is changed, length by length so that no offset moves.
SPOILED = {
    "fonts are not embedded": (b"/FontFile", b"/FontFilx"),
    "files have no relation to the document": (b"/AFRelationship", b"/AFRelationshix"),
    "colours have no meaning": (b"/OutputIntents", b"/OutputIntentx"),
    "it says another part": (b"<pdfaid:part>3<", b"<pdfaid:part>9<"),
}


def faults(file):
    said = pdf_oxide.PdfDocument(str(file)).validate_pdf_a("3b")
    return [word for word in said["errors"] + said["warnings"] if not word.startswith(ALWAYS)]


def main():
    documents = sorted(pathlib.Path(sys.argv[1]).glob("*.pdf"))
    bad = {file.name: found for file in documents if (found := faults(file))}
    for name, found in bad.items():
        print(name, found)
    with tempfile.TemporaryDirectory() as folder:
        plain = pathlib.Path(folder) / "plain.pdf"
        subprocess.run(["qpdf", "--qdf", "--object-streams=disable", documents[0], plain], check=True)
        clear = plain.read_bytes()
        for what, (now, then) in SPOILED.items():
            assert now in clear, f"nothing to spoil: {what}"
            plain.write_bytes(clear.replace(now, then))
            assert faults(plain), f"not found out: {what}"
    print(f"{len(documents)} documents, {len(bad)} not PDF/A-3b, {len(SPOILED)} spoiled ones found out")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
