"""`python -m course.trial FOLDER SEED DATABASE RESULT`: one check on one database.

Writes its finding to the file RESULT, as JSON: `key`, `values` and `evidence`. The key
is "passed", one of the exercise's sentences, or one of words.toml.
"""

import json
import os
import runpy
import sys
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parent / "build/course"
LAST_LINES = 6


def prepare(database: str) -> None:
    """Set Django up with an empty database, kept from trial to trial, or with none."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.conf import settings

    default = settings.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        default["TEST"] = {"NAME": BUILD / "check.sqlite3"}
    django.setup()
    from django.core.management import call_command
    from django.test.utils import setup_databases, setup_test_environment

    setup_test_environment()
    if database in ("none", "server"):
        return
    setup_databases(verbosity=0, interactive=False, keepdb=True)
    call_command("flush", verbosity=0, interactive=False)
    from tests import caches

    caches.empty()


def run(check: Path, seed: int, database: str) -> dict[str, object]:
    """Run a check; return its finding."""
    try:
        prepare(database)
        from course.marks import Wrong
    except Exception:
        return found("does_not_start", traceback.format_exc())
    try:
        runpy.run_path(str(check))["check"](seed)
    except Wrong as fault:
        return found(fault.key, fault.evidence, fault.values)
    except NotImplementedError as error:
        return found("not_begun", str(error))
    except Exception as error:
        said = {"error": f"{type(error).__name__}: {error}".partition("\n")[0]}
        return found("raised", traceback.format_exc(), said)
    return found("passed")


def found(key: str, evidence: str = "", values: object = None) -> dict[str, object]:
    """Return a finding; of a traceback, its last lines."""
    if evidence.startswith("Traceback"):
        evidence = "\n".join(evidence.rstrip().splitlines()[-LAST_LINES:])
    return {"key": key, "values": values or {}, "evidence": evidence}


if __name__ == "__main__":
    folder, number, kind, result = sys.argv[1:]
    finding = run(Path(folder) / "check.py", int(number), kind)
    Path(result).write_text(json.dumps(finding, default=str), encoding="utf-8")
    # Threads of the checked code must not keep this process.
    os._exit(0)
