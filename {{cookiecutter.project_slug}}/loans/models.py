"""Who has which book."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Loan(models.Model):
    """Copies of one book in one reader's hands, until they are returned."""

    # PROTECT: a reader who has ever borrowed can be deactivated, but not deleted.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="loans"
    )
    book = models.ForeignKey("books.Book", models.CASCADE, related_name="loans")
    quantity = models.PositiveIntegerField(default=1)
    is_returned = models.BooleanField(default=False)
    loaned_at = models.DateTimeField(auto_now_add=True)
    returned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        # Counted at each loan. Those that were returned become more and more.
        indexes = [
            models.Index(
                fields=["user"], condition=Q(is_returned=False), name="open_loans"
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="loan_of_at_least_one"
            ),
            models.CheckConstraint(
                condition=Q(is_returned=False, returned_at=None)
                | Q(is_returned=True, returned_at__isnull=False),
                name="returned_loans_have_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × book {self.book_id} to user {self.user_id}"
