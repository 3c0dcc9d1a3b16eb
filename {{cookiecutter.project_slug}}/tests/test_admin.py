"""The admin site, for librarians"""

import contextlib
import unicodedata

import pytest
from django.contrib.admin import site
from django.core.management import call_command
from django.db.models.signals import pre_save
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from books.models import Book, Tag
from books.sample import isbn
from tests.clients import Client as ApiClient
from tests.clients import errors_of
from tests.factories import PASSWORD, BookFactory, LoanFactory, TagFactory, UserFactory
from users import families
from users.models import TokenFamily, User

NOBODY = {"email": "nobody@example.com", "password": "wrong"}


@pytest.fixture
def admin(admin_user):
    client = Client()
    client.force_login(admin_user)
    return client


@pytest.fixture
def admin_user(db):
    return User.objects.create_superuser("boss", "boss@example.com", PASSWORD)


@pytest.fixture
def desk(db):
    """Return a browser of a librarian who is no superuser."""
    client = Client()
    client.force_login(UserFactory(is_staff=True))
    return client


class Page:
    """A page with a form, filled in as a librarian does."""

    def __init__(self, client, name, *arguments):
        self.client, self.path = client, reverse(f"admin:{name}", args=arguments)
        self.form = client.get(self.path).context["adminform"].form

    def send(self, **typed):
        """Send the form, with the hidden fields and the new values."""
        sent = {}
        for field in self.form:
            shown = field.value()
            sent[field.html_name] = typed.get(
                field.name, "" if shown is None else shown
            )
            sent[field.html_initial_name] = "" if shown is None else shown
        return self.client.post(self.path, sent, follow=True)


def test_createsuperuser_makes_a_librarian(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    options = {"email": "Boss@Example.com", "username": "boss"}
    call_command("createsuperuser", interactive=False, verbosity=0, **options)
    user = User.objects.get()
    assert user.is_staff and user.email == "boss@example.com"
    assert Client().login(username="BOSS@example.com", password=PASSWORD)


@pytest.mark.parametrize("model", ["book", "tag", "loan", "user", "tokenfamily"])
def test_every_model_has_its_pages(admin, admin_user, model):
    LoanFactory(book__tags=[TagFactory()])
    families.begin(user=admin_user)
    registered = next(m for m in site._registry if m._meta.model_name == model)
    app = registered._meta.app_label
    list_page = admin.get(reverse(f"admin:{app}_{model}_changelist"))
    pk = registered.objects.latest("pk").pk
    page = admin.get(reverse(f"admin:{app}_{model}_change", args=[pk]))
    assert (list_page.status_code, page.status_code) == (200, 200)


def test_a_librarian_adds_a_user(admin):
    assert admin.get(reverse("admin:users_user_add")).status_code == 200
    phrase = "a long unlikely phrase"
    sent = {"email": "new@example.com", "username": "new", "usable_password": "true"}
    sent |= {"password1": phrase, "password2": phrase}
    admin.post(reverse("admin:users_user_add"), sent)
    assert User.objects.get(username="new").email == "new@example.com"


def test_a_book_on_loan_can_not_be_deleted(admin):
    on_loan, free = LoanFactory().book, BookFactory()
    for book, status in ((on_loan, 403), (free, 302)):
        path = reverse("admin:books_book_delete", args=[book.pk])
        assert admin.post(path, {"post": "yes"}).status_code == status


class TestAPageThatWasOpenForLong:
    def test_leaves_alone_what_was_not_changed_on_it(self, desk, reader):
        book = BookFactory(stock=1, tags=[TagFactory()])
        page = Page(desk, "books_book_change", book.pk)
        assert reader.post("/loans", {"book_id": book.pk}).status_code == 201
        Book.objects.filter(pk=book.pk).update(author="Corrected")
        page.send(title="A better title")
        book.refresh_from_db()
        shown = (book.title, book.author, book.stock, book.tags.count())
        assert shown == ("A better title", "Corrected", 0, 1)
        assert reader.post("/loans", {"book_id": book.pk}).status_code == 409

    def test_sets_no_stock_beside_a_loan(self, desk, reader):
        book = BookFactory(stock=3)
        page = Page(desk, "books_book_change", book.pk)
        reader.post("/loans", {"book_id": book.pk})
        again = page.send(stock=5, title="A better title")
        assert "2 are there now" in again.content.decode()
        assert again.context["adminform"].form["stock"].value() == 2
        book.refresh_from_db()
        assert (book.stock, book.title) != (5, "A better title")
        Page(desk, "books_book_change", book.pk).send(stock=4)
        book.refresh_from_db()
        assert book.stock == 4

    def test_says_that_its_tag_is_gone(self, desk):
        tag, book = TagFactory(), BookFactory()
        page = Page(desk, "books_book_change", book.pk)
        Tag.objects.filter(pk=tag.pk).delete()
        said = page.send(tags=[tag.pk]).content.decode()
        assert f"{tag.pk} is not one of the available choices" in said


def test_a_librarian_adds_and_tags_a_book(desk):
    tags = TagFactory.create_batch(2)
    typed = {"isbn": isbn(1), "title": "The Vegetarian", "author": "한강", "stock": 2}
    typed |= {"published_at": "2007-10-30", "tags": [tags[0].pk]}
    Page(desk, "books_book_add").send(**typed)
    book = Book.objects.get()
    assert (book.title, list(book.tags.all())) == ("The Vegetarian", tags[:1])
    Page(desk, "books_book_change", book.pk).send(tags=[tags[1].pk])
    assert list(book.tags.all()) == tags[1:]


class TestAnISBN:
    BARE = "9780306406157"
    PRINTED = [
        "978-0-306-40615-7",
        "978 0 306 40615 7",
        "978\u20100\u2013306\u00a040615\u20117",
        f"\u200b {BARE}\t",
    ]

    @pytest.mark.parametrize("printed", PRINTED)
    def test_may_be_typed_as_books_print_it(self, desk, printed):
        book = BookFactory()
        Page(desk, "books_book_change", book.pk).send(isbn=printed)
        book.refresh_from_db()
        assert book.isbn == self.BARE

    def test_has_room_for_its_hyphens(self, desk):
        page = Page(desk, "books_book_add")
        assert "maxlength" not in str(page.form["isbn"])

    @pytest.mark.parametrize("printed", PRINTED)
    def test_is_one_however_it_is_typed(self, desk, printed):
        book = BookFactory(isbn=self.BARE)
        typed = {"title": "T", "author": "A", "stock": 1, "published_at": "2020-01-31"}
        again = Page(desk, "books_book_add").send(isbn=printed, **typed)
        assert "isbn" in again.context["adminform"].form.errors
        Page(desk, "books_book_change", book.pk).send(isbn=printed, title="New")
        assert [(b.isbn, b.title) for b in Book.objects.all()] == [(self.BARE, "New")]

    @pytest.mark.parametrize(
        "wrong",
        ["978-0-306-40615-8", "978/0306406157", "９７８０３０６４０６１５７", "-", ""],
    )
    def test_that_is_wrong_is_refused(self, desk, wrong):
        book = BookFactory()
        again = Page(desk, "books_book_change", book.pk).send(isbn=wrong)
        assert list(again.context["adminform"].form.errors) == ["isbn"]

    @pytest.mark.parametrize("printed", PRINTED)
    def test_is_found_however_it_is_typed(self, desk, printed):
        BookFactory()
        book = BookFactory(isbn=self.BARE)
        assert found(desk, "books_book", printed) == [book]


def found(client, model, term):
    """Return what the admin's search finds."""
    page = client.get(reverse(f"admin:{model}_changelist"), {"q": term})
    return list(page.context["cl"].result_list)


def typed_otherwise(text):
    """Return texts that look like this one, or differ from it in case alone."""
    decomposed = unicodedata.normalize("NFD", text)
    return [decomposed, f"\u200b{text[0]}\u3164{text[1:]}", text.upper(), text.lower()]


@pytest.mark.parametrize("text", ["École", "한강", "C++ (50%)"])
class TestASearch:
    @pytest.mark.parametrize("field", ["title", "author"])
    def test_finds_a_book(self, desk, text, field):
        BookFactory()
        book = BookFactory(**{field: f"Une {text} rouge"})
        for typed in typed_otherwise(text):
            assert found(desk, "books_book", typed) == [book], ascii(typed)
            assert found(desk, "books_book", f"rouge {typed}") == [book], ascii(typed)
            assert found(desk, "books_book", f"{typed} noire") == []

    def test_finds_a_tag(self, desk, text):
        TagFactory()
        tag = TagFactory(name=f"Une {text} rouge")
        for typed in typed_otherwise(text):
            assert found(desk, "books_tag", typed) == [tag], ascii(typed)

    @pytest.mark.parametrize("field", ["username", "first_name", "last_name", "email"])
    def test_finds_a_user(self, desk, text, field):
        user = UserFactory(**{field: f"{text}@example.com"})
        for typed in typed_otherwise(text):
            assert found(desk, "users_user", typed) == [user], ascii(typed)


def test_a_search_for_an_address_folds_it(desk):
    user = UserFactory(email="Straße@example.com")
    assert found(desk, "users_user", "STRASSE") == [user]
    assert found(desk, "users_user", "straße") == [user]


def test_a_persons_name_is_kept_in_one_form(admin):
    user = UserFactory()
    decomposed = unicodedata.normalize("NFD", " 강\u200b")
    sent = {"username": user.username, "email": user.email, "first_name": decomposed}
    sent |= {"last_name": "한\u3164"}
    sent |= {"date_joined_0": "2020-01-31", "date_joined_1": "12:00"}
    path = reverse("admin:users_user_change", args=[user.pk])
    assert admin.post(path, sent).status_code == 302
    user.refresh_from_db()
    assert (user.first_name, user.last_name) == ("강", "한")


class TestWhatIsTaken:
    """It is an error of the form."""

    @pytest.mark.parametrize("page", ["add", "change"])
    @pytest.mark.parametrize("typed", typed_otherwise("École"))
    def test_a_tags_name(self, desk, typed, page):
        TagFactory(name="École")
        errors = self.errors(desk, "books_tag", page, TagFactory, name=typed)
        assert errors == {"name": ["A tag with this name exists."]}

    @pytest.mark.parametrize("page", ["add", "change"])
    def test_an_address(self, admin, page):
        UserFactory(email="kim@example.com")
        typed = " Kim@Example.com\u200b"
        assert "email" in self.errors(admin, "users_user", page, email=typed)

    @pytest.mark.parametrize("page", ["add", "change"])
    def test_a_username(self, admin, page):
        UserFactory(username="école")
        typed = unicodedata.normalize("NFD", "école")
        assert "username" in self.errors(admin, "users_user", page, username=typed)

    def errors(self, client, model, page, factory=UserFactory, **typed):
        arguments = [factory().pk] if page == "change" else []
        again = Page(client, f"{model}_{page}", *arguments).send(**typed)
        return again.context["adminform"].form.errors

    @pytest.fixture
    def be_first(self):
        """Return a function: whoever saves next, another has just saved the same."""
        stack = contextlib.ExitStack()

        def run(factory, **fields):
            def save(signal, sender, **options):
                pre_save.disconnect(save, factory._meta.model)
                factory(**fields)

            pre_save.connect(save, factory._meta.model, weak=False)
            stack.callback(pre_save.disconnect, save, factory._meta.model)

        with stack:
            yield run

    def test_a_moment_ago(self, admin, be_first):
        be_first(TagFactory, name="École")
        tag = Page(admin, "books_tag_add").send(name="école")
        be_first(UserFactory, username="kim")
        typed = {"email": "kim@example.com", "username": "kim"}
        typed |= {"password1": PASSWORD, "password2": PASSWORD}
        user = Page(admin, "users_user_add").send(usable_password="true", **typed)
        for said in (tag, user):
            assert "another one like it was saved meanwhile" in said.content.decode()
        assert (Tag.objects.count(), User.objects.count()) == (0, 1)


def test_returned_loans_go_with_their_book(desk):
    now = timezone.now()
    loan = LoanFactory(is_returned=True, returned_at=now, book__tags=[TagFactory()])
    path = reverse("admin:books_book_delete", args=[loan.book_id])
    assert desk.get(path).status_code == 200
    assert desk.post(path, {"post": "yes"}).status_code == 302
    assert not Book.objects.exists()


class TestALibrarianWhoIsNoSuperuser:
    @pytest.mark.parametrize("model", ["books_book", "books_tag"])
    def test_keeps_the_catalogue(self, desk, model):
        for page in ("changelist", "add"):
            assert desk.get(reverse(f"admin:{model}_{page}")).status_code == 200

    @pytest.mark.parametrize("model", ["loans_loan", "users_user"])
    def test_looks_at_the_rest(self, desk, model):
        reader = LoanFactory().user
        pk = reader.pk if model == "users_user" else reader.loans.get().pk
        assert desk.get(reverse(f"admin:{model}_changelist")).status_code == 200
        path = reverse(f"admin:{model}_change", args=[pk])
        assert desk.get(path).status_code == 200
        assert desk.post(path, {"is_superuser": "on"}).status_code == 403

    def test_who_is_deactivated_is_out(self, desk):
        User.objects.update(is_active=False)
        assert desk.get(reverse("admin:books_book_changelist")).status_code == 302


def test_its_logins_count_among_the_apis(admin_user, nobody):
    wrong = {"username": admin_user.email, "password": "wrong"}
    path = reverse("admin:login")
    for _ in range(5):
        assert Client().post(path, wrong).status_code == 200
        assert nobody.post("/auth/login", NOBODY).status_code == 401
    answer = Client().post(path, wrong | {"password": PASSWORD})
    assert errors_of(answer) == {None: "throttled"}
    assert (answer.status_code, int(answer["Retry-After"]) > 0) == (429, True)
    assert Client().get(path).status_code == 200


@pytest.mark.parametrize("page", ["add", "delete"])
def test_loans_go_through_the_api(admin, page):
    arguments = [] if page == "add" else [LoanFactory().pk]
    path = reverse(f"admin:loans_loan_{page}", args=arguments)
    assert admin.post(path, {"post": "yes"}).status_code == 403


def test_a_reader_stays_outside(reader):
    client = Client()
    client.force_login(reader.user)
    assert client.get(reverse("admin:index")).status_code == 302


def test_a_librarian_ends_a_session(desk, reader, nobody):
    token = families.begin(user=reader.user)["refresh_token"]
    family = TokenFamily.objects.get()
    change = reverse("admin:users_tokenfamily_change", args=[family.pk])
    shown = desk.get(change).content + desk.get(page_of_families()).content
    assert reader.user.email.encode() in shown
    assert family.token_hash.encode() not in shown
    path = reverse("admin:users_tokenfamily_delete", args=[family.pk])
    assert desk.post(path, {"post": "yes"}).status_code == 302
    assert nobody.post("/token/refresh", {"refresh_token": token}).status_code == 401


def test_logging_out_everywhere_ends_the_admins_sessions(admin, admin_user):
    assert admin.get(page_of_families()).status_code == 200
    assert ApiClient(admin_user).post("/auth/logout-all").status_code == 204
    assert admin.get(page_of_families()).status_code == 302


def page_of_families():
    return reverse("admin:users_tokenfamily_changelist")
