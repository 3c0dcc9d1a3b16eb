"""The files that a deploy document brings to the server."""

import base64
import gzip
import re
from typing import NamedTuple

PUT = re.compile(r"(?ms)^put '(\S+)' (\d+) <<'END OF FILE'\n(.*?)\nEND OF FILE$")


class File(NamedTuple):
    """One file: its mode as chmod takes it, and its text."""

    mode: str
    text: str


def commands(document: dict) -> str:
    """Return the shell commands of the only step of the document."""
    (step,) = document["mainSteps"]
    return "\n".join(step["inputs"]["runCommand"])


def delivered_files(document: dict) -> dict[str, File]:
    """Return the files that the document brings, by their paths."""
    (packed,) = re.findall(r"base64 -d <<< '(\S+)'", commands(document))
    script = gzip.decompress(base64.b64decode(packed)).decode()
    return {path: File(mode, text) for path, mode, text in PUT.findall(script)}
