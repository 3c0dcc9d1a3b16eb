"""Texts that look the same are the same, whoever writes and whoever searches."""

import unicodedata

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from books.models import Book, Tag
from caching import change_log
from common.text import fold, normalize
from tests.clients import errors_of, results_of
from tests.factories import BookFactory, TagFactory, UserFactory
from users.models import User

ZERO_WIDTH, FILLER = "\u200b", "\u3164"
HANGUL = "한강의 역사"


def decomposed(text):
    return unicodedata.normalize("NFD", text)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (decomposed("한강"), "한강"),
        ("  Poetry\t", "Poetry"),
        ("a\u00a0b\u3000c", "a b c"),
        ("line\nend", "line end"),
        (f"a{ZERO_WIDTH}b{FILLER}c", "abc"),
        (f"e{ZERO_WIDTH}\u0301", "é"),
        ("\ufeffBOM", "BOM"),
        ("\u202eright to left", "right to left"),
        (ZERO_WIDTH, ""),
        ("😀", "😀"),
    ],
)
def test_the_one_form(text, stored):
    assert normalize(text) == stored
    assert normalize(stored) == stored


@pytest.mark.parametrize(("one", "other"), [("École", "éCOLE"), ("STRASSE", "straße")])
def test_letters_of_all_alphabets_have_no_case_when_folded(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize("typed", [HANGUL, decomposed(HANGUL), f" {HANGUL}{FILLER}"])
def test_a_title_is_found_however_it_is_typed(store, librarian, reader, db, typed):
    for written in (HANGUL, decomposed(HANGUL)):
        Book.objects.all().delete()
        BookFactory(title=written)
        assert len(results_of(reader.get("/books", {"title": typed}))) == 1


SAME_NAMES = ["École", "école", decomposed("École"), f"É{ZERO_WIDTH}cole", " École "]


@pytest.mark.parametrize("name", SAME_NAMES)
def test_a_tag_is_one_whatever_its_form_and_case(librarian, db, name):
    tag = TagFactory(name="École")
    response = librarian.post("/tags", {"name": name})
    assert response.status_code == 400 and errors_of(response) == {"name": "unique"}
    assert librarian.put(f"/tags/{tag.pk}", {"name": name}).status_code == 200


@pytest.mark.parametrize("name", SAME_NAMES)
@pytest.mark.parametrize(
    "write",
    [
        lambda name: Tag.objects.create(name=name),
        lambda name: Tag.objects.bulk_create([Tag(name=name)]),
        lambda name: Tag(name=name).save(),
    ],
)
def test_the_database_holds_that_too(db, write, name):
    TagFactory(name="École")
    with pytest.raises(IntegrityError), transaction.atomic():
        write(name)


def test_a_key_goes_with_its_name(db):
    tag = TagFactory(name="Old")
    tag.name = "New"
    tag.save(update_fields=["name"])
    tag.refresh_from_db()
    assert tag.name_key == "new"


@pytest.mark.parametrize("field", ["title", "author"])
@pytest.mark.parametrize("text", [ZERO_WIDTH, FILLER, " \u00a0 ", "\ufeff"])
def test_a_text_that_nobody_can_see_is_blank(librarian, db, field, text):
    book = BookFactory()
    response = librarian.patch(f"/books/{book.pk}", {field: text})
    assert response.status_code == 400 and errors_of(response) == {field: "blank"}


ADDRESS = "Kim.Class@Example.com"


@pytest.mark.parametrize(
    "write",
    [
        lambda: User.objects.bulk_create([User(email=ADDRESS, username="kim")]),
        lambda: User.objects.create(email=ADDRESS, username="kim"),
        lambda: User.objects.filter(pk=UserFactory().pk).update(email=ADDRESS),
    ],
)
def test_an_address_is_stored_in_one_form_whoever_writes(db, nobody, write):
    write()
    user = User.objects.get(email=ADDRESS)
    assert user.email == ADDRESS.lower()
    user.set_password("correct horse battery")
    user.save()
    for typed in (ADDRESS, ADDRESS.upper(), f" {ADDRESS}{ZERO_WIDTH}"):
        login = {"email": typed, "password": "correct horse battery"}
        assert nobody.post("/auth/login", login).status_code == 200
        body = login | {"username": "another"}
        response = nobody.post("/users", body)
        assert errors_of(response) == {"email": "unique"}


def test_what_goes_past_the_models_meets_the_database(db):
    user = UserFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE users_user SET email = %s WHERE id = %s", [ADDRESS, user.pk]
            )


@pytest.mark.parametrize("typed", ["한강 암호 긴 것", decomposed("한강 암호 긴 것")])
def test_a_password_is_the_same_however_it_is_composed(db, nobody, typed):
    for number, chosen in enumerate(["한강 암호 긴 것", decomposed("한강 암호 긴 것")]):
        email = f"reader{number}@example.com"
        body = {"email": email, "username": f"reader{number}", "password": chosen}
        assert nobody.post("/users", body).status_code == 201
        login = {"email": email, "password": typed}
        assert nobody.post("/auth/login", login).status_code == 200


def test_a_password_hashed_as_it_was_typed_still_opens(db, nobody):
    user = UserFactory()
    typed = decomposed("한강 암호 긴 것")
    super(User, user).set_password(typed)
    user.save()
    login = {"email": user.email, "password": typed}
    assert nobody.post("/auth/login", login).status_code == 200


class TestRowsThatWereThereBefore:
    BEFORE = [("books", "0003_trigrams"), ("users", "0001_initial")]

    @pytest.fixture
    def migrate(self, transactional_db):
        """Return a function that migrates; everything is migrated at the end."""

        def run(targets=None):
            targets = targets or MigrationExecutor(connection).loader.graph.leaf_nodes()
            MigrationExecutor(connection).migrate(targets)
            return MigrationExecutor(connection).loader.project_state(targets).apps

        # As `manage.py migrate` does, whose signals an executor does not send.
        change_log.before_migrations("default", plan=self.BEFORE)
        yield run
        for model in (Tag, Book, User):
            with connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {model._meta.db_table}")
        run()
        change_log.after_migrations("default")

    def test_are_brought_into_the_one_form(self, migrate):
        old = migrate(self.BEFORE)
        old.get_model("books", "Tag").objects.create(name=decomposed("École"))
        old.get_model("users", "User").objects.create(email=ADDRESS, username="kim")
        migrate()
        assert Tag.objects.get(name_key="école").name == "École"
        assert User.objects.get(username="kim").email == ADDRESS.lower()

    @pytest.mark.parametrize(
        ("app", "model", "rows", "told"),
        [
            (
                "books",
                "Tag",
                [{"name": "École"}, {"name": "école"}],
                "name_key (école)",
            ),
            (
                "users",
                "User",
                [
                    {"email": ADDRESS, "username": "a"},
                    {"email": ADDRESS.lower(), "username": "b"},
                ],
                f"email ({ADDRESS.lower()})",
            ),
        ],
    )
    def test_that_collide_are_named_in_one_line(self, migrate, app, model, rows, told):
        old = migrate(self.BEFORE)
        if app == "books" and connection.vendor == "postgresql":
            pytest.skip("PostgreSQL knows these letters")
        ids = [old.get_model(app, model).objects.create(**row).pk for row in rows]
        with pytest.raises(DatabaseError) as error:
            migrate()
        message = str(error.value)
        assert f"{ids[0]} and {ids[1]} have the same {told}" in message
        assert "\n" not in message


@pytest.mark.django_db
def test_half_a_character_is_refused_and_not_dropped(librarian):
    raw = r'{"name": "x\ud800"}'
    response = librarian.post("/tags", raw, content_type="application/json")
    assert response.status_code == 400
    assert list(errors_of(response)) == ["name"]
