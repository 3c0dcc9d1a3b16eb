"""Checks of the walkthrough's exercises 2.1 and 3.1; red until they are solved.

tag_counts  2.1: the list of tags shows how many books each has
publisher   3.1: the list of books is filtered by its publisher

They are in no suite: `pytest lab/exercises/publisher.py` runs one.
"""

from rest_framework.test import APIClient

from tests import clients


class Client(clients.Client):
    """A client of the API; answers that the API's document does not know are fine."""

    def generic(self, method, path, *arguments, **options):
        """Send a request to a path below the API's."""
        path = clients.API + path
        return APIClient.generic(self, method, path, *arguments, **options)
