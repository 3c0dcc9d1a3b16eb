"""GET, POST /loans; GET, PATCH /loans/{loan_id}; GET /loans/books/{book_id}"""

from datetime import datetime

import pytest
from django.utils import timezone

from loans.models import Loan
from tests.clients import errors_of, results_of
from tests.factories import BookFactory, LoanFactory


def ids(response):
    return [loan["loan_id"] for loan in results_of(response)]


class TestBorrow:
    def test_it_lends_a_copy(self, reader):
        book = BookFactory(stock=3)
        response = reader.post("/loans", {"book_id": book.pk})
        loan = Loan.objects.get()
        assert response.status_code == 201
        assert response["Location"].endswith(f"/api/v1/loans/{loan.pk}")
        assert response.json() == {
            "loan_id": loan.pk,
            "user_id": reader.user.pk,
            "book_id": book.pk,
            "quantity": 1,
            "is_returned": False,
            "loaned_at": loan.loaned_at.isoformat().replace("+00:00", "Z"),
            "returned_at": None,
        }
        assert reader.get(f"/books/{book.pk}").json()["stock"] == 2

    def test_it_lends_all_that_are_left(self, reader):
        book = BookFactory(stock=3)
        sent = {"book_id": book.pk, "quantity": 3}
        assert reader.post("/loans", sent).status_code == 201
        book.refresh_from_db()
        assert book.stock == 0

    def test_it_lends_no_more_than_there_are(self, reader):
        book = BookFactory(stock=3)
        response = reader.post("/loans", {"book_id": book.pk, "quantity": 4})
        assert response.status_code == 409
        assert errors_of(response) == {None: "conflict"}
        book.refresh_from_db()
        assert book.stock == 3
        assert not Loan.objects.exists()

    def test_a_reader_has_twenty_copies_at_most(self, reader, other_reader):
        book = BookFactory(stock=100)
        sent = {"book_id": book.pk, "quantity": 20}
        assert reader.post("/loans", sent | {"quantity": 21}).status_code == 409
        first = reader.post("/loans", sent)
        assert first.status_code == 201
        response = reader.post("/loans", {"book_id": BookFactory().pk})
        assert response.status_code == 409
        assert errors_of(response) == {None: "conflict"}
        assert "20 are, 1 more" in response.json()["errors"][0]["detail"]
        assert other_reader.post("/loans", sent).status_code == 201
        path = f"/loans/{first.json()['loan_id']}"
        assert reader.patch(path, {"is_returned": True}).status_code == 200
        assert reader.post("/loans", {"book_id": book.pk}).status_code == 201

    def test_how_many_is_a_setting(self, reader, settings):
        settings.LOANS_PER_READER = 2
        sent = {"book_id": BookFactory().pk}
        statuses = [reader.post("/loans", sent).status_code for _ in range(3)]
        assert statuses == [201, 201, 409]

    @pytest.mark.parametrize("quantity", [0, -1, "x", 1.5, 10**30, None])
    def test_a_quantity_is_a_number_from_one(self, reader, quantity):
        book = BookFactory()
        response = reader.post("/loans", {"book_id": book.pk, "quantity": quantity})
        assert response.status_code == 400
        assert list(errors_of(response)) == ["quantity"]

    def test_an_unknown_book_is_not_there(self, reader):
        assert reader.post("/loans", {"book_id": 999_999}).status_code == 404

    def test_it_names_a_missing_book(self, reader):
        assert errors_of(reader.post("/loans", {})) == {"book_id": "required"}

    def test_nobody_borrows_for_another(self, reader, other_reader):
        book = BookFactory()
        sent = {"book_id": book.pk, "user_id": other_reader.user.pk}
        assert reader.post("/loans", sent).json()["user_id"] == reader.user.pk

    def test_it_needs_a_token(self, nobody):
        assert nobody.post("/loans", {"book_id": 1}).status_code == 401


class TestReturn:
    @pytest.fixture
    def loan(self, reader):
        book = BookFactory(stock=3)
        sent = {"book_id": book.pk, "quantity": 2}
        return Loan.objects.get(pk=reader.post("/loans", sent).json()["loan_id"])

    def give_back(self, client, loan):
        return client.patch(f"/loans/{loan.pk}", {"is_returned": True})

    def stock(self, loan):
        loan.book.refresh_from_db()
        return loan.book.stock

    def test_the_stock_comes_back(self, reader, loan):
        began = timezone.now()
        response = self.give_back(reader, loan)
        assert response.status_code == 200
        assert response.json()["is_returned"] is True
        loan.refresh_from_db()
        assert began <= loan.returned_at <= timezone.now()
        shown = datetime.fromisoformat(response.json()["returned_at"])
        assert shown == loan.returned_at
        assert self.stock(loan) == 3

    def test_a_second_return_is_refused_and_moves_nothing(self, reader, loan):
        self.give_back(reader, loan)
        response = self.give_back(reader, loan)
        assert response.status_code == 409
        assert errors_of(response) == {None: "conflict"}
        assert self.stock(loan) == 3

    def test_a_librarian_takes_it_back(self, librarian, loan):
        assert self.give_back(librarian, loan).status_code == 200

    def test_anothers_loan_is_not_there(self, other_reader, loan):
        assert self.give_back(other_reader, loan).status_code == 404
        assert self.stock(loan) == 1

    @pytest.mark.parametrize("value", [False, None, "maybe"])
    def test_nothing_is_un_returned(self, reader, loan, value):
        response = reader.patch(f"/loans/{loan.pk}", {"is_returned": value})
        assert response.status_code == 400
        assert list(errors_of(response)) == ["is_returned"]

    def test_it_names_a_missing_field(self, reader, loan):
        response = reader.patch(f"/loans/{loan.pk}", {})
        assert errors_of(response) == {"is_returned": "required"}

    def test_the_quantity_can_not_be_changed(self, reader, loan):
        reader.patch(f"/loans/{loan.pk}", {"is_returned": True, "quantity": 9})
        assert self.stock(loan) == 3


class TestWhoSeesWhich:
    @pytest.fixture(autouse=True)
    def loans(self, reader, other_reader):
        self.book = BookFactory()
        self.own = LoanFactory(user=reader.user, book=self.book)
        self.other = LoanFactory(user=other_reader.user, book=self.book)
        self.elsewhere = LoanFactory(user=reader.user)

    def test_readers_list_their_own(self, reader, other_reader):
        assert ids(reader.get("/loans")) == [self.elsewhere.pk, self.own.pk]
        assert ids(other_reader.get("/loans")) == [self.other.pk]

    def test_a_librarian_lists_all(self, librarian):
        everything = [self.elsewhere.pk, self.other.pk, self.own.pk]
        assert ids(librarian.get("/loans")) == everything

    def test_readers_see_their_own(self, reader, librarian):
        for client in (reader, librarian):
            assert client.get(f"/loans/{self.own.pk}").json()["quantity"] == 1

    def test_anothers_loan_is_not_there(self, reader):
        assert reader.get(f"/loans/{self.other.pk}").status_code == 404

    def test_of_a_book_readers_list_their_own(self, reader, librarian):
        path = f"/loans/books/{self.book.pk}"
        assert ids(reader.get(path)) == [self.own.pk]
        assert ids(librarian.get(path)) == [self.other.pk, self.own.pk]

    def test_of_an_unknown_book_they_are_not_there(self, reader):
        assert reader.get("/loans/books/999999").status_code == 404

    @pytest.mark.parametrize("path", ["/loans", "/loans/1", "/loans/books/1"])
    def test_nobody_sees_any(self, nobody, path):
        assert nobody.get(path).status_code == 401
