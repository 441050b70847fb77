#!/usr/bin/env python3
"""An archive of a mailbox beside the files that were fetched one by one: the same bytes, each under a name of its own.

    read_zip.py FOLDER ARCHIVE.zip
"""
import collections
import pathlib
import sys
import zipfile

archive = zipfile.ZipFile(sys.argv[2])
names = archive.namelist()
suffix = pathlib.Path(names[0]).suffix
assert archive.testzip() is None
assert len({name.lower() for name in names}) == len(names), "names that differ in case only"
inside = collections.Counter(archive.read(name) for name in names if name.endswith(suffix))
single = collections.Counter(path.read_bytes() for path in pathlib.Path(sys.argv[1]).glob("*" + suffix))
assert inside == single, f"{len(inside)} in the archive, {len(single)} one by one"
print("same", len(names))
