"""The admin site, for librarians"""

import pytest
from django.contrib.admin import site
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD, BookFactory, LoanFactory, TagFactory
from users.models import User


@pytest.fixture
def admin(admin_user):
    client = Client()
    client.force_login(admin_user)
    return client


@pytest.fixture
def admin_user(db):
    return User.objects.create_superuser("boss", "boss@example.com", PASSWORD)


def test_createsuperuser_makes_a_librarian(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    options = {"email": "Boss@Example.com", "username": "boss"}
    call_command("createsuperuser", interactive=False, verbosity=0, **options)
    user = User.objects.get()
    assert user.is_staff and user.email == "boss@example.com"
    assert Client().login(username="BOSS@example.com", password=PASSWORD)


@pytest.mark.parametrize("model", ["book", "tag", "loan", "user"])
def test_every_model_has_its_pages(admin, admin_user, model):
    LoanFactory(book__tags=[TagFactory()])
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


@pytest.mark.parametrize("page", ["add", "delete"])
def test_loans_go_through_the_api(admin, page):
    arguments = [] if page == "add" else [LoanFactory().pk]
    path = reverse(f"admin:loans_loan_{page}", args=arguments)
    assert admin.post(path, {"post": "yes"}).status_code == 403


def test_a_reader_stays_outside(reader):
    client = Client()
    client.force_login(reader.user)
    assert client.get(reverse("admin:index")).status_code == 302
