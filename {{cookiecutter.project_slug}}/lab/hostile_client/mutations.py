"""The kinds of mutations, and how they are drawn and applied."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from lab.hostile_client import framing, headers, targets
from lab.hostile_client.message import Message, Target, Tokens, plain

KINDS = {
    "Content-Type": headers.content_type,
    "Host": headers.host,
    "forwarded": headers.forwarded,
    "Accept": headers.accept,
    "Accept-Language": headers.language,
    "Accept-Encoding": headers.encoding,
    "Cookie": headers.cookie,
    "Range": headers.part,
    "condition": headers.condition,
    "Authorization": headers.authorization,
    "stray header": headers.stray,
    "header's spelling": headers.spelling,
    "path": targets.odd_path,
    "prefix": targets.odd_prefix,
    "query": targets.odd_query,
    "query's spelling": targets.spelled_query,
    "method": framing.method,
    "body": framing.body,
    "Expect": framing.expectation,
    "framing": framing.framing,
}
# They decide no answer, so whoever sends them gets the plain answer, too.
NEUTRAL = {
    *(
        "Content-Type",
        "Accept",
        "Accept-Language",
        "Accept-Encoding",
        "Cookie",
        "Range",
    ),
}
MOST = 4


class Mutation(NamedTuple):
    """One mutation: of the same seed it is the same."""

    kind: str
    seed: int


def draw(rng: Random) -> list[Mutation]:
    """Return from one to four mutations of different kinds, in their order."""
    kinds = rng.sample(list(KINDS), rng.randrange(1, MOST + 1))
    # A body first, and how it is framed last.
    kinds.sort(key=list(KINDS).index)
    return [Mutation(kind, rng.randrange(2**32)) for kind in kinds]


def apply(mutations: Sequence[Mutation], target: Target, tokens: Tokens) -> Message:
    """Return the plain request for a target, with these mutations in it."""
    message = plain(target, tokens)
    for mutation in mutations:
        KINDS[mutation.kind](Random(mutation.seed), message)
    return message
