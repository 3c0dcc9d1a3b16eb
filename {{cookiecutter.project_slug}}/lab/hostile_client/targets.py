"""Mutations of what is asked for: the path and the query."""

import re
from urllib.parse import quote

from lab.hostile_client.message import Message

LETTER, NUMBER = re.compile(rb"[A-Za-z0-9]"), re.compile(rb"\d+")
ODD_BYTES = (
    *(b"%00", b"%0a", b"%0d%0a", b"%2f", b"%2e%2e", b"%zz", b"%", b"%c0%af", b"%ff"),
    *(b"\xff", b"\xeb\x8f\x84", b"%EB%8F%84", b"\x7f", b"\t", b"\\", b";x=1", b"%3f"),
    *(b"#x", b"%23", b"'", b'"', b"<b>", b"{}", b"|", b"%u0041", b"+", b"%20", b"~"),
)
IDS = (
    *(b"0", b"00", b"-1", b"+1", b"1.0", b"1e0", b"9" * 30, b"%31", b"0x1", b"1_0"),
    *(b"\xef\xbc\x91", b"%EF%BC%91", b"%D9%A1", b"1%20", b"2147483648", b"9" * 19),
)
EXTRA = (
    *(
        b"x=1",
        b"title=nothing",
        b"t%69tle=nothing",
        b"TITLE=nothing",
        b"title",
        b"=",
        b"",
    ),
    *(b"title%00=nothing", b"title[]=nothing", b" title=nothing", b"+title=nothing"),
    *(b"%20title=nothing", b"title=nothing;page=2", b"x;title=nothing", b"title=%ff"),
    *(
        b"title=\xff\xfe",
        b"title=\xeb\x8b\xa4\xeb\xa6\xac",
        b"title=%00",
        b"title=%u0041",
    ),
    *(b"title=" + b"x" * 2500, b"+AHQ-itle=nothing", b"+AHA-age=2", b"%FE%FFtitle=x"),
    *(b"page=1", b"page=01", b"page=+1", b"page=%2B1", b"page=1.0", b"page=%EF%BC%91"),
    *(b"page=0", b"page=x", b"page=2", b"page= 1", b"page=1%0a", b"page=" + b"9" * 25),
    *(
        b"page_size=100",
        b"page_size=1",
        b"page_size=0",
        b"page_size=%31",
        b"page_size=",
    ),
    *(
        b"order_by=title",
        b"order_by=-title",
        b"order_by=",
        b"order_by=id",
        b"order_by=%00",
    ),
    *(
        b"tag=1",
        b"tag=x",
        b"tag=",
        b"tag=" + b"9" * 30,
        b"tag_option=or",
        b"tag_option=x",
    ),
    *(
        b"author=ada",
        b"author=ADA",
        b"author=+ada+",
        b"after=",
        b"after=x",
        b"after=1:1",
    ),
    *(
        b"format=xml",
        b"format=api",
        b"_method=DELETE",
        b"callback=evil",
        b"fields=title",
    ),
    *(
        b"title=dari%CC%81",
        b"title=%E2%80%8B",
        b"title=%ED%A0%80",
        b"&",
        b"&&x=1&&",
        b"?",
    ),
)


def odd_path(rng, message: Message) -> None:
    """Put something odd into the path, or spell a letter of it in another way."""
    path = message.target.path
    place = rng.randrange(len(path) + 1)
    ways = (
        lambda: path[:place] + rng.choice(ODD_BYTES) + path[place:],
        lambda: LETTER.sub(lambda found: _spelled(rng, found[0]), path),
        lambda: path.replace(b"/", rng.choice((b"//", b"/./", b"/x/../", b"/%2e/"))),
        lambda: path.swapcase(),
        lambda: path + rng.choice((b"/", b"//", b"/.", b".json", b"%20", b"/?", b"?")),
        lambda: NUMBER.sub(lambda found: b"000" + found[0], path),
        lambda: NUMBER.sub(lambda found: rng.choice(IDS), path),
    )
    message.change(path=rng.choice(ways)())


def odd_prefix(rng, message: Message) -> None:
    """Begin the path, or the whole target, in another way."""
    prefix = message.prefix
    ways = (
        *(b"http://localhost" + prefix, b"http://evil.example" + prefix, b"/" + prefix),
        *(b"https://localhost" + prefix, prefix.upper(), b"/." + prefix, b"", b"*"),
        *(b"/%61pi/v1", b"/evil" + prefix, b"/evil/.." + prefix, prefix + b"/", b"//x"),
        *(
            b"HTTP://LOCALHOST" + prefix,
            b"http:" + prefix,
            b"\\" + prefix,
            b"localhost:80",
        ),
    )
    message.prefix = rng.choice(ways)


def odd_query(rng, message: Message) -> None:
    """Add parts to the query that are odd or have another meaning."""
    query = list(message.target.query)
    for _ in range(rng.randrange(1, 3)):
        query.insert(rng.randrange(len(query) + 1), rng.choice(EXTRA))
    message.change(query=query)


def spelled_query(rng, message: Message) -> None:
    """Write the same query, or nearly the same, in another way."""
    query = list(message.target.query) or [b"page=1"]
    number = rng.randrange(len(query))
    part = query[number]
    ways = (
        lambda: query + [part],
        lambda: query[::-1],
        lambda: rng.sample(query, len(query)),
        lambda: [LETTER.sub(lambda f: _spelled(rng, f[0]), each) for each in query],
        lambda: [each.replace(b"%20", b"+") for each in query],
        lambda: [each.replace(b"=", b"%3D") for each in query],
        lambda: [each.swapcase() for each in query],
        lambda: [b";".join(query)],
        lambda: [*query[:number], b"", part, b"", *query[number:]],
        lambda: [
            each + rng.choice((b"+", b"%20", b"%00", b"&", b"#")) for each in query
        ],
        lambda: [_in_another_charset(rng, each) for each in query],
        lambda: [each.partition(b"=")[0] for each in query],
        lambda: query[:number] + query[number + 1 :],
    )
    message.change(query=rng.choice(ways)())


def _spelled(rng, letter: bytes) -> bytes:
    return b"%%%02x" % letter[0] if rng.random() < 0.3 else letter


def _in_another_charset(rng, part: bytes) -> bytes:
    name, equals, value = part.decode("latin-1").partition("=")
    charset = rng.choice(("utf-7", "utf-16", "utf-16-le", "cp037", "utf-32"))
    if charset == "utf-7":
        # A letter may be written in base 64 there.
        return b"+AHQ-itle=" + value.encode("latin-1")
    return (
        quote(name.encode(charset)) + equals + quote(value.encode(charset))
    ).encode()
