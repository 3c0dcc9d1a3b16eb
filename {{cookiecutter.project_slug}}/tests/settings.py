"""The settings of the tests: the environment, then the project's settings file.

`DATABASE_URL` chooses the database here, too; by default it is an SQLite file.
"""

import os
from pathlib import Path

from tests.environment import forget_the_shell

forget_the_shell()
os.environ["DOTENV"] = os.devnull
os.environ["SECRET_KEY"] = "only-for-tests-" + "s" * 32
os.environ["JWT_SECRET_KEY"] = "only-for-tests-" + "j" * 32

from config.settings import *  # noqa: F403
from config.settings import DATABASES

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, because threads can't share an in-memory database.
    beside = Path(DATABASES["default"]["NAME"])
    DATABASES["default"]["TEST"] = {"NAME": beside.with_name("test.sqlite3")}
# On a busy machine, fifty threads at once may wait for long.
patience = {"timeout": 120, "connect_timeout": 120, "options": ""}
options = DATABASES["default"]["OPTIONS"]
DATABASES["default"]["OPTIONS"] = options | {
    name: seconds for name, seconds in patience.items() if name in options
}
# Argon2 is slow on purpose; it has tests of its own.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "users.hashers.FrugalArgon2",
]
# Each client would list the files of the admin's site at its start.
WHITENOISE_AUTOREFRESH = True
