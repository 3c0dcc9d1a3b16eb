"""/auth and /token: logging in, refreshing, logging out."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from .accounts import Account, client_of, newcomer
from .server import serve
from .shapes import error, nothing, ok, page

TOKENS = {"access_token", "refresh_token"}


def test_logging_in_gives_a_pair_of_tokens(stranger, reader):
    body = ok(stranger.post("/auth/login", json=reader.login))

    assert set(body) == TOKENS
    assert body["access_token"] != body["refresh_token"]


def test_the_access_token_opens_the_library(stranger, reader):
    stranger.access_token = ok(stranger.post("/auth/login", json=reader.login))[
        "access_token"
    ]

    assert page(stranger.get("/books"))["count"] > 0


def test_a_wrong_password_and_an_unknown_address_get_one_answer(stranger, reader):
    wrong = stranger.post("/auth/login", json=reader.login | {"password": "wrong"})
    unknown = stranger.post(
        "/auth/login", json=reader.login | {"email": "nobody@example.com"}
    )

    error(wrong, 401)
    error(unknown, 401)
    assert wrong.content == unknown.content


@pytest.mark.parametrize("missing", ["email", "password"])
def test_logging_in_needs_both_fields(stranger, reader, missing):
    fields = reader.login
    del fields[missing]

    error(stranger.post("/auth/login", json=fields), 400, names=missing)


@pytest.mark.parametrize("field", ["email", "password"])
@pytest.mark.parametrize("bad", ["nul\x00inside", "x" * 60_000])
def test_strange_input_is_no_server_error(stranger, reader, field, bad):
    response = stranger.post("/auth/login", json=reader.login | {field: bad})

    assert response.status_code in (400, 401)
    error(response, response.status_code)


def test_an_old_token_is_no_obstacle_to_logging_in(stranger, reader):
    stranger.access_token = "worn-out"

    ok(stranger.post("/auth/login", json=reader.login))


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer x.y.z", "Bearer a b", "Token x", "Basic eA=="],
)
def test_a_bad_token_is_refused(stranger, header):
    response = stranger.get("/books", headers={"Authorization": header})

    error(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_refresh_token_is_no_access_token(stranger, reader):
    stranger.access_token = reader.refresh_token

    error(stranger.get("/books"), 401)


def test_the_scheme_is_bearer(stranger, reader):
    headers = {"Authorization": f"Token {reader.access_token}"}

    error(stranger.get("/books", headers=headers), 401)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_forged_token_is_refused(stranger, reader, algorithm):
    stranger.access_token = forged(reader.access_token, algorithm)

    error(stranger.get("/books"), 401)


def test_refreshing_gives_a_new_pair(a_new_reader):
    body = ok(refresh(a_new_reader, a_new_reader.refresh_token))

    assert set(body) == TOKENS
    assert body["refresh_token"] != a_new_reader.refresh_token
    a_new_reader.access_token = body["access_token"]
    assert page(a_new_reader.get("/loans"))["count"] == 0
    ok(refresh(a_new_reader, body["refresh_token"]))


def test_a_refresh_token_works_once(a_new_reader):
    ok(refresh(a_new_reader, a_new_reader.refresh_token))

    error(refresh(a_new_reader, a_new_reader.refresh_token), 401)


def test_a_refresh_token_used_twice_ends_what_came_of_its_login(a_new_reader):
    stolen = a_new_reader.refresh_token
    other_session = ok(a_new_reader.post("/auth/login", json=a_new_reader.login))
    thiefs = ok(refresh(a_new_reader, stolen))["refresh_token"]

    error(refresh(a_new_reader, stolen), 401)

    error(refresh(a_new_reader, thiefs), 401)
    ok(refresh(a_new_reader, other_session["refresh_token"]))


def test_refreshing_needs_no_access_token(stranger, a_new_reader):
    stranger.access_token = "worn-out"

    ok(refresh(stranger, a_new_reader.refresh_token))


def test_an_access_token_refreshes_nothing(stranger, reader):
    error(refresh(stranger, reader.access_token), 401)


@pytest.mark.parametrize("bad", ["x", "x.y.z", "nul\x00"])
def test_a_bad_refresh_token_is_refused(stranger, bad):
    response = refresh(stranger, bad)

    assert response.status_code in (400, 401)
    error(response, response.status_code)


@pytest.mark.parametrize("path", ["/token/refresh", "/auth/logout"])
@pytest.mark.parametrize("fields", [{}, {"refresh_token": ""}, {"refresh_token": None}])
def test_a_missing_refresh_token_is_named(reader, path, fields):
    error(reader.post(path, json=fields), 400, names="refresh_token")


def test_logging_out_kills_the_refresh_token(a_new_reader):
    nothing(log_out(a_new_reader, a_new_reader.refresh_token))

    error(refresh(a_new_reader, a_new_reader.refresh_token), 401)


def test_logging_out_needs_a_token(stranger, a_new_reader):
    error(log_out(stranger, a_new_reader.refresh_token), 401)

    ok(refresh(stranger, a_new_reader.refresh_token))


def test_nobody_logs_another_out(reader, a_new_reader):
    response = log_out(reader, a_new_reader.refresh_token)

    assert response.status_code in (401, 403)
    error(response, response.status_code)
    ok(refresh(a_new_reader, a_new_reader.refresh_token))


def test_logging_out_twice_is_refused(a_new_reader):
    nothing(log_out(a_new_reader, a_new_reader.refresh_token))

    error(log_out(a_new_reader, a_new_reader.refresh_token), 401)


def test_one_session_ends_and_the_other_goes_on(a_new_reader):
    other_session = ok(a_new_reader.post("/auth/login", json=a_new_reader.login))

    nothing(log_out(a_new_reader, a_new_reader.refresh_token))

    ok(refresh(a_new_reader, other_session["refresh_token"]))


def test_logging_out_everywhere_kills_every_token(a_new_reader, reader):
    other_session = ok(a_new_reader.post("/auth/login", json=a_new_reader.login))

    nothing(a_new_reader.post("/auth/logout-all"))

    for path in ("/books", "/loans"):
        error(a_new_reader.get(path), 401)
    for token in (a_new_reader.refresh_token, other_session["refresh_token"]):
        error(refresh(a_new_reader, token), 401)
    assert page(reader.get("/books"))["count"] > 0


def test_a_new_password_comes_with_new_tokens(a_new_reader):
    old = a_new_reader.login
    sent = {"password": old["password"], "new_password": "another long phrase"}

    tokens = ok(a_new_reader.post("/auth/password", json=sent))

    assert set(tokens) == TOKENS
    error(a_new_reader.get("/books"), 401)
    error(refresh(a_new_reader, a_new_reader.refresh_token), 401)
    error(a_new_reader.post("/auth/login", json=old), 401)
    a_new_reader.access_token = tokens["access_token"]
    assert page(a_new_reader.get("/books"))["count"] > 0
    ok(refresh(a_new_reader, tokens["refresh_token"]))


def test_a_wrong_password_changes_none(a_new_reader):
    sent = {"password": "wrong", "new_password": "another long phrase"}

    error(a_new_reader.post("/auth/password", json=sent), 401)

    ok(a_new_reader.post("/auth/login", json=a_new_reader.login))


def test_a_weak_new_password_is_refused(a_new_reader):
    sent = {"password": a_new_reader.password, "new_password": "12345678"}

    error(a_new_reader.post("/auth/password", json=sent), 400, names="new_password")


def test_too_many_logins_and_registrations_are_throttled(project, services, tmp_path):
    rates = {"THROTTLE_LOGIN": "3/min", "THROTTLE_REGISTER": "2/min"}
    rates["THROTTLE_REFRESH"] = "1/min"
    known = services("sqlite")
    variables = known.variables | rates
    with serve(project, tmp_path / "log", variables) as url, client_of(url) as client:
        guesses = [
            client.post("/auth/login", json=known.reader.login | {"password": "guess"})
            for _ in range(4)
        ]
        registrations = [
            client.post("/users", json=newcomer(client).registration) for _ in range(3)
        ]
        refreshes = [refresh(client, "guess") for _ in range(2)]
        right_but_late = client.post("/auth/login", json=known.reader.login)
        reads = Account(client, access_token=known.reader.access_token).get("/books")

    assert [answer.status_code for answer in guesses] == [401, 401, 401, 429]
    assert [answer.status_code for answer in registrations] == [201, 201, 429]
    assert [answer.status_code for answer in refreshes] == [401, 429]
    for refused in (guesses[-1], registrations[-1], refreshes[-1], right_but_late):
        error(refused, 429)
        assert int(refused.headers["Retry-After"]) > 0
    assert page(reads)["count"] > 0


def refresh(person, token):
    return person.post("/token/refresh", json={"refresh_token": token})


def log_out(person, token):
    return person.post("/auth/logout", json={"refresh_token": token})


def forged(token, algorithm):
    """The same claims with a longer life, signed with a key not the server's."""
    claims = decoded(token.split(".")[1]) | {"exp": int(time.time()) + 10_000}
    signed = f"{encoded({'alg': algorithm, 'typ': 'JWT'})}.{encoded(claims)}"
    if algorithm == "none":
        return f"{signed}."
    digest = hmac.digest(b"another key", signed.encode(), hashlib.sha256)
    return f"{signed}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def encoded(fields):
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
