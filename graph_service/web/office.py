"""Files for Excel and Word: one snapshot gives the same bytes, whenever and wherever it is asked.

Both are zip files, and the libraries that write them put the time of day in. An ETag of such bytes
would be another one in each process.
Source: ECMA-376, part 2 (Open Packaging Conventions), section 8.3: core properties are optional.
"""

from __future__ import annotations

import io
import re
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CORE = "docProps/core.xml"
TIMES = re.compile(rb"<dcterms:(created|modified)\b[^>]*>[^<]*</dcterms:\1>")


def steady(packed: bytes) -> bytes:
    """The same file without the time at which it was made.

    Args:
        packed: a whole XLSX or DOCX file.
    """
    out = io.BytesIO()
    with ZipFile(io.BytesIO(packed)) as old, ZipFile(out, "w") as new:
        for name in old.namelist():
            content = TIMES.sub(b"", old.read(name)) if name == CORE else old.read(name)
            # A ZipInfo of one's own is dated 1980, the first year that zip knows.
            new.writestr(ZipInfo(name), content, ZIP_DEFLATED)
    return out.getvalue()
