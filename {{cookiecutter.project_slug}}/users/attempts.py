"""A limit on guesses of one account's password, from however many addresses.

Only failed logins count, and of an account that nobody has as well. A stranger who uses
the limit up must not lock the reader out, so places from which the account has logged
in lately (an address, or a /64 network) count by themselves: there only those who share
the place can use it up. From elsewhere the reader waits for the window's end, an hour
at most. (While Redis is away, no place is known but those of logins since then.)
"""

from django.http import HttpRequest
from rest_framework.exceptions import Throttled

from common.counters import get_counters
from common.throttling import counter_name, place_of, take
from users.models import User

SCOPE = "account"
REMEMBERED = 30 * 24 * 3600


class Attempt:
    """One login with a password. It counts as failed unless that is taken back.

    It counts before the password is checked: of guesses that come at once, all would
    find room otherwise. So logins under way count, too. Raises Throttled (429).
    """

    def __init__(self, request: HttpRequest, email: str) -> None:
        account, place = User.objects.normalize_email(email), place_of(request)
        self.place = counter_name("place", account, place)
        known = get_counters().is_marked(self.place)
        owner = (account, place) if known else (account,)
        self.counter = counter_name(SCOPE, *owner)
        if wait := take(SCOPE, *owner):
            raise Throttled(wait)

    def take_back(self) -> None:
        """Count it no more: the password was right, or could not be checked."""
        get_counters().give_back(self.counter)

    def succeed(self) -> None:
        """Count it no more, and remember the place."""
        self.take_back()
        get_counters().mark(self.place, REMEMBERED)
