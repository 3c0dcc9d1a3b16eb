"""/users: anyone registers; a reader sees themself, a librarian sees everyone."""

import pytest

from .accounts import newcomer
from .shapes import USER, error, ok, page
from .things import unique_word


def test_registering_gives_the_new_user(stranger, a_newcomer):
    body = ok(stranger.post("/users", json=a_newcomer.registration), 201)

    assert set(body) == USER
    assert body["email"] == a_newcomer.email
    assert body["username"] == a_newcomer.username


def test_the_registered_can_log_in_and_read(stranger, a_newcomer):
    ok(stranger.post("/users", json=a_newcomer.registration), 201)

    assert page(a_newcomer.log_in().get("/books"))["count"] > 0


def test_an_old_token_is_no_obstacle_to_registering(stranger, a_newcomer):
    stranger.access_token = "worn-out"

    ok(stranger.post("/users", json=a_newcomer.registration), 201)


@pytest.mark.parametrize("missing", ["email", "username", "password"])
def test_registering_needs_every_field(stranger, a_newcomer, missing):
    fields = a_newcomer.registration
    del fields[missing]

    error(stranger.post("/users", json=fields), 400, names=missing)


@pytest.mark.parametrize(
    "field, bad",
    [
        ("email", "not-an-address"),
        ("email", ""),
        ("email", None),
        ("email", ["a@example.com"]),
        ("email", "a" * 300 + "@example.com"),
        ("username", ""),
        ("username", "u" * 1000),
        ("username", "nul\x00inside"),
        ("password", ""),
        ("password", "x7-Kq"),
        ("password", "password"),
        ("password", "31415926535"),
    ],
)
def test_registering_refuses_a_bad_value(stranger, a_newcomer, field, bad):
    fields = a_newcomer.registration | {field: bad}

    error(stranger.post("/users", json=fields), 400, names=field)


def test_a_password_like_the_username_is_refused(stranger, a_newcomer):
    fields = a_newcomer.registration | {"password": a_newcomer.username}

    error(stranger.post("/users", json=fields), 400, names="password")


def test_an_address_registers_once(stranger, reader, a_newcomer):
    fields = a_newcomer.registration | {"email": reader.email}

    error(stranger.post("/users", json=fields), 400, names="email")


def test_nobody_registers_as_a_librarian(stranger, a_newcomer):
    powers = {"is_staff": True, "is_superuser": True, "is_active": True}
    ok(stranger.post("/users", json=a_newcomer.registration | powers), 201)

    error(a_newcomer.log_in().get("/users"), 403)


def test_a_librarian_lists_the_users(librarian, a_new_reader):
    first = page(librarian.get("/users"))
    found = {user["user_id"]: user for user in all_users(librarian, first)}

    assert all(set(user) == USER for user in found.values())
    assert found[a_new_reader.user_id]["email"] == a_new_reader.email
    assert len(found) == first["count"]


def test_users_come_in_pages(librarian, a_new_reader):
    first = page(librarian.get("/users?page_size=1"))
    second = page(librarian.get(first["next"]))

    assert len(first["results"]) == len(second["results"]) == 1
    assert first["results"] != second["results"]
    assert first["previous"] is None


@pytest.mark.parametrize("bad", ["page=0", "page=x", "page_size=501", "page_size=0"])
def test_a_bad_page_of_users_is_named(librarian, bad):
    error(librarian.get(f"/users?{bad}"), 400, names=bad.split("=")[0])


def test_nobody_else_lists_the_users(stranger, reader):
    error(stranger.get("/users"), 401)
    error(reader.get("/users"), 403)


def test_a_reader_sees_themself(reader):
    body = ok(reader.get(f"/users/{reader.user_id}"))

    assert body == {
        "user_id": reader.user_id,
        "email": reader.email,
        "username": reader.username,
    }


def test_a_librarian_sees_anyone(librarian, reader):
    assert ok(librarian.get(f"/users/{reader.user_id}"))["email"] == reader.email


def test_a_reader_sees_no_other_reader(reader, other_reader):
    error(reader.get(f"/users/{other_reader.user_id}"), 403)


def test_a_stranger_sees_no_user(stranger, reader):
    error(stranger.get(f"/users/{reader.user_id}"), 401)


@pytest.mark.parametrize("nobody", ["999999999", "0", "9" * 30, "me"])
def test_a_user_who_is_not_there_is_not_found(librarian, nobody):
    error(librarian.get(f"/users/{nobody}"), 404)


def test_names_of_any_script_are_kept(stranger):
    newcomers_name = unique_word("김미나")
    fields = newcomer(stranger.client).registration | {"username": newcomers_name}

    body = ok(stranger.post("/users", json=fields), 201)

    assert body["username"] == newcomers_name


def all_users(librarian, body):
    yield from body["results"]
    while body["next"]:
        body = page(librarian.get(body["next"]))
        yield from body["results"]
