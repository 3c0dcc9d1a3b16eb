"""The same is asked in several spellings, and different things in a similar one."""

import random

from caching.views import Cached
from course.marks import Client, is_hit, shown, wrong
from tests import caches
from tests.factories import BookFactory, UserFactory

NONSENSE = ("utm_source", "fbclid", "ref", "_", "v", "session", "gclid")
FLOOD = 12


def check(seed):
    """Ask for what must have two entries, then for what must share one."""
    data = random.Random(seed)
    books = BookFactory.create_batch(4 + data.randrange(4))
    client = Client(UserFactory())
    caches.empty()
    check_different(client, "/books?page_size=2", "/books?page_size=2&page=2")
    check_both_stay(client, f"/books/{books[0].pk}", f"/books/{books[1].pk}")
    check_hosts(client)
    check_release()
    check_nonsense(client, data.choice(NONSENSE))
    for odd in ("page=1&page_size=2", "page_size=02", "title=&page_size=2"):
        check_same(client, "/books?page_size=2", f"/books?{odd}")


def check_different(client, one, other):
    """Read two answers that differ; the second may not be the first."""
    first, second = client.get(one), client.get(other)
    if first.content == second.content:
        evidence = [shown("GET", one, first), shown("GET", other, second)]
        evidence.append(f"X-Cache: {second.headers.get('X-Cache')}")
        wrong("query", evidence, one=one, other=other)


def check_both_stay(client, one, other):
    """Read two books, then the first again: its entry must still be there."""
    for path in (one, other):
        client.get(path)
    answer = client.get(one)
    if not is_hit(answer):
        evidence = [f"GET {one}", f"GET {other}", f"GET {one} -> MISS"]
        wrong("book", evidence, one=one, other=other)


def check_hosts(client):
    """Read a list by two names of the server; its links begin with the name."""
    path = "/books?page_size=1"
    client.get(path, HTTP_HOST="localhost")
    answer = client.get(path, HTTP_HOST="127.0.0.1")
    link = answer.json()["next"]
    if "127.0.0.1" not in link:
        wrong("host", f"GET {path}, Host: 127.0.0.1 -> next: {link}", link=link)


def check_release():
    """Make the key of one request in two releases."""
    cached = Cached("books:detail")
    keys = {cached.read(r, "http://a", "", {"id": 1})[1].key for r in ("1", "2")}
    if len(keys) != 2:
        wrong("release", f"releases 1 and 2: {keys}")


def check_nonsense(client, name):
    """Ask for one page, each time with other nonsense behind it."""
    client.get("/books?page_size=2")
    paths = [f"/books?page_size=2&{name}={number}" for number in range(FLOOD)]
    answers = [client.get(path) for path in paths]
    new = [path for path, answer in zip(paths, answers) if not is_hit(answer)]
    if new:
        wrong("flood", [f"MISS {path}" for path in new[:3]], n=len(new), name=name)


def check_same(client, one, other):
    """Ask for the same in two spellings."""
    client.get(one)
    answer = client.get(other)
    if not is_hit(answer):
        evidence = f"GET {other} -> X-Cache: {answer.headers.get('X-Cache')}"
        wrong("spelling", evidence, one=one, other=other)
