"""The scenes with an enemy, in the order in which they are played.

Each function takes the Siege, attacks, and returns what the enemy got:
{what: Counter of status codes and ends}. SCENES says what must be true afterwards.
"""

import dataclasses
import time
from collections import Counter
from collections.abc import Callable

from lab.rehearsal.enemy import attacks, faults, foreign
from lab.rehearsal.enemy.attacks import CUT, NOT_TAKEN
from lab.rehearsal.enemy.siege import PASSWORD, address_of

# How often something may happen.
ANY, SOME = range(1_000_000), range(1, 1_000_000)
LOGIN, REFRESH = "/auth/login", "/token/refresh"


@dataclasses.dataclass(frozen=True)
class Scene:
    """A name, the attack, and what must be true afterwards.

    `expected` is {what: {outcome: the numbers that it may have}}; an outcome that is
    not there must not occur. The security log must have each event in `logged`. Of the
    honest requests, some of those of the kinds in `refused` must be answered with 503:
    else the attack did no harm. No other may fail.
    """

    name: str
    play: Callable
    expected: dict
    logged: tuple = ()
    refused: tuple = ()


def slow_bodies(siege):
    """Send a byte of a body every two seconds, on 40 connections."""
    return {"connections": siege.attack(attacks.hold, [attacks.slow_body()] * 40, 20)}


def slow_headers(siege):
    """Send headers that never end: short ones slowly, and long ones to fill memory."""
    short = [attacks.slow_headers(10)] * 60
    long = [attacks.slow_headers(900_000)] * 120
    return {"connections": siege.attack(attacks.hold, short + long, 20)}


def memory_bombs(siege):
    """Send bodies of many shapes from 15 connections, mostly to public endpoints."""
    token = siege.tokens["borrower"]["access_token"]
    return siege.attack(attacks.bombard, token, 15, 2)


def wrong_login(reader):
    """Return the document of a login with a wrong password."""
    return {"email": address_of(reader), "password": "a guess"}


def right_login(reader):
    """Return the document of a login."""
    return {"email": address_of(reader), "password": PASSWORD}


def login_burst(siege):
    """Guess one reader's password 60 times at once, from one address."""
    guess = (siege.neighbours.new(), LOGIN, wrong_login("guessed"))
    return {"guesses": siege.neighbours.ask_together([guess] * 60)}


def many_addresses(siege):
    """Guess one reader's password four times from each of 30 addresses."""
    neighbours = siege.neighbours
    home = neighbours.new()
    before, _ = neighbours.ask(home, LOGIN, right_login("crowded"))
    addresses = [neighbours.new() for _ in range(30)]
    guesses = [(each, LOGIN, wrong_login("crowded")) for each in addresses]
    guessed = sum((neighbours.ask_together(guesses) for _ in range(4)), Counter())
    after, _ = neighbours.ask(home, LOGIN, right_login("crowded"))
    logins = Counter([before, after])
    return {"guesses": guessed, "the reader's logins from home": logins}


def held_lock(siege):
    """Hold the table of books locked while 20 borrowers ask for a copy, repeatedly."""
    book, token = siege.book(), siege.tokens["borrower"]["access_token"]
    with faults.table_locked(siege.host, 30):
        loans = siege.attack(
            *(attacks.ask_again_and_again, "/loans", {"book_id": book}, token, 20, 14)
        )
    return {"loans": loans}


def foreign_values(siege):
    """Put values of somebody else under every key in Redis, and go on using the API."""
    got = {"keys": Counter(), "logins": Counter(), "commands": Counter()}
    address = siege.neighbours.new()
    for value in foreign.FOREIGN.values():
        # A login leaves its counts there.
        siege.neighbours.ask(address, LOGIN, wrong_login("poisoned"))
        keys = foreign.put_under_every_key(siege.host, value)
        got["keys"].update(
            "throttle" if b"throttle" in key else "cache" for key in keys
        )
        status, _ = siege.neighbours.ask(address, LOGIN, right_login("poisoned"))
        got["logins"][status] += 1
        time.sleep(1)
    got["commands"]["executed"] += foreign.has_executed(siege.host, siege.web)
    return got


def stolen_token(siege):
    """Use a reader's refresh token before the reader does."""
    thief, owner = siege.neighbours.new(), siege.neighbours.new()
    stolen = siege.tokens["robbed"]["refresh_token"]

    def refresh(address, token):
        status, tokens = siege.neighbours.ask(
            address, REFRESH, {"refresh_token": token}
        )
        return {status: 1}, tokens.get("refresh_token", "")

    first, chain = refresh(thief, stolen)
    reuse, _ = refresh(owner, stolen)
    chained, _ = refresh(thief, chain)
    status, _ = siege.neighbours.ask(owner, LOGIN, right_login("robbed"))
    return {
        "the thief's first": first,
        "the owner's, with the same": reuse,
        "the thief's next": chained,
        "the owner's login": {status: 1},
    }


def full_disk(siege):
    """Fill the data's disk to its last byte, until nobody can write and longer."""
    with faults.disk_filled(siege.host):
        # There is room left in the tables' last pages.
        siege.wait_for_refusal()
        time.sleep(8)
    return {}


def redis_gone(siege):
    """Stop Redis, and guess a password 40 times at once, from one address."""
    guess = (siege.neighbours.new(), LOGIN, wrong_login("cut-off"))
    with faults.redis_stopped(siege.host):
        time.sleep(3)
        guesses = siege.neighbours.ask_together([guess] * 40)
        time.sleep(5)
    return {"guesses": guesses}


ENDED = {CUT: SOME, NOT_TAKEN: ANY}
TOO_LARGE = {"413": SOME, "429": ANY, CUT: ANY}
NO_DOCUMENT = {"400": SOME, "429": ANY}
SCENES = [
    Scene("enemy: slow bodies", slow_bodies, {"connections": ENDED}),
    Scene("enemy: slow headers", slow_headers, {"connections": ENDED}),
    Scene(
        *("enemy: memory bombs", memory_bombs),
        expected={
            "2.4 MB of lists": TOO_LARGE,
            "2.4 MB deep": TOO_LARGE,
            "2.4 MB of text": TOO_LARGE,
            "2.4 MB of keys": TOO_LARGE,
            "chunks without end": {"413": ANY, "429": ANY, "411": ANY, CUT: ANY},
            "60 MB in 60 kB of gzip": {"400": ANY, "415": ANY, "429": ANY},
            "60 kB of lists": NO_DOCUMENT,
            "60 kB deep": NO_DOCUMENT,
            "60 kB of keys": NO_DOCUMENT,
            "60 kB of form fields": {"415": SOME, "429": ANY},
        },
        logged=("throttled",),
    ),
    Scene(
        *("enemy: login burst", login_burst),
        expected={"guesses": {"401": {10}, "429": {50}}},
        logged=("failed_login", "throttled"),
    ),
    Scene(
        *("enemy: many addresses, one account", many_addresses),
        # An account takes 20 guesses an hour, but not from where its reader was.
        expected={
            "guesses": {"401": {20}, "429": {100}},
            "the reader's logins from home": {"200": {2}},
        },
        logged=("failed_login", "throttled"),
    ),
    Scene(
        *("enemy: a held lock", held_lock),
        expected={"loans": {"503": SOME}},
        refused=("write",),
    ),
    Scene(
        *("enemy: foreign values in Redis", foreign_values),
        expected={
            "keys": {"throttle": SOME, "cache": SOME},
            "logins": {"200": ANY, "429": ANY, "503": ANY},
            "commands": {},
        },
    ),
    Scene(
        *("enemy: a stolen refresh token", stolen_token),
        expected={
            "the thief's first": {"200": {1}},
            "the owner's, with the same": {"401": {1}},
            "the thief's next": {"401": {1}},
            "the owner's login": {"200": {1}},
        },
        logged=("refresh_reuse",),
    ),
    Scene("enemy: a full disk", full_disk, {}, refused=("write",)),
    Scene(
        *("enemy: Redis gone", redis_gone),
        # Each worker counts by itself, to its share of the limit.
        expected={"guesses": {"401": range(1, 11), "429": SOME}},
        logged=("throttled",),
    ),
]
