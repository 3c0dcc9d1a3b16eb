"""Passwords are hashed with little memory, and outside of transactions."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, MD5PasswordHasher
from django.db import connection

from config import settings as deployed
from config import workers
from tests.clients import Client
from tests.factories import PASSWORD, UserFactory
from tests.live import ROOT, environment
from users.hashers import FrugalArgon2

pytestmark = pytest.mark.once

# As many threads as a worker has.
CROWD = """
import threading, django
django.setup()
from django.contrib.auth.hashers import check_password, make_password

def memory(kind):
    for line in open("/proc/self/status"):
        if line.startswith(kind):
            return int(line.split()[1])

def register_and_log_in():
    everybody.wait()
    for _ in range(2):
        assert check_password("a phrase", make_password("a phrase"))

before = memory("VmRSS")
everybody = threading.Barrier(8)
crowd = [threading.Thread(target=register_and_log_in) for _ in range(8)]
[each.start() for each in crowd]
[each.join() for each in crowd]
print(memory("VmHWM") - before)
"""


class Witness(MD5PasswordHasher):
    """Records whether a transaction was open while it hashed."""

    saw = []

    def encode(self, password, salt):
        self.saw.append(connection.in_atomic_block)
        return super().encode(password, salt)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_crowd_takes_the_memory_of_one_hash():
    done = subprocess.run(
        [sys.executable, "-c", CROWD],
        env=environment(""),
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 2 * FrugalArgon2.memory_cost


def test_a_worker_is_given_the_memory_for_it():
    room = workers.WORKER_BYTES - workers.IDLE_WORKER_BYTES
    assert room > FrugalArgon2.memory_cost * 1024


def test_a_hash_made_with_more_memory_still_lets_in_and_is_made_anew(nobody, settings):
    settings.PASSWORD_HASHERS = deployed.PASSWORD_HASHERS
    older = Argon2PasswordHasher()
    user = UserFactory()
    user.password = older.encode(PASSWORD, older.salt())
    user.save()
    body = {"email": user.email, "password": PASSWORD}
    response = nobody.post("/auth/login", body)
    assert response.status_code == 200
    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    token = response.json()["access_token"]
    nobody.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert nobody.get("/books").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_a_new_password_is_hashed(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.Witness"]
    Witness.saw.clear()
    new = {"email": "new@example.com", "username": "new", "password": PASSWORD}
    assert Client().post("/users", new).status_code == 201
    assert Witness.saw == [False]
