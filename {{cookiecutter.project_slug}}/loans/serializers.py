"""The JSON of loans."""

from rest_framework import serializers

from books.models import MAX_STOCK
from loans.models import Loan


class LoanSerializer(serializers.ModelSerializer):
    """A loan."""

    loan_id = serializers.IntegerField(source="id", read_only=True)
    user_id = serializers.IntegerField(read_only=True)
    book_id = serializers.IntegerField(read_only=True)
    # Declared here: the limits of the model's field depend on the database, and would
    # be in the OpenAPI document.
    quantity = serializers.IntegerField(read_only=True)

    class Meta:
        model = Loan
        fields = ["loan_id", "user_id", "book_id", "quantity", "is_returned"]
        fields += ["loaned_at", "returned_at"]


class BorrowSerializer(serializers.Serializer):
    """What a reader asks for."""

    book_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_STOCK, default=1)


class ReturnSerializer(serializers.Serializer):
    """The one change a loan knows: `{"is_returned": true}`."""

    is_returned = serializers.BooleanField()

    def validate_is_returned(self, value: bool) -> bool:
        """Refuse to un-return."""
        if not value:
            raise serializers.ValidationError("A loan can only be returned: true.")
        return value
