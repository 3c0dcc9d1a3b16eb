"""Mutations of headers."""

import base64

from lab.hostile_client.message import Message

CHARSETS = (
    *(b"utf-7", b"utf-16", b"utf-16-le", b"utf-16-be", b"utf-32", b"utf-8-sig"),
    *(b"zlib", b"bz2", b"hex", b"base64", b"rot13", b"uu", b"quopri", b"undefined"),
    *(b"idna", b"punycode", b"unicode_escape", b"raw_unicode_escape", b"mbcs"),
    *(b"latin-1", b"cp037", b"cp1252", b"shift_jis", b"euc-kr", b"iso2022_kr", b"hz"),
    *(b"none-such", b"", b'"utf-16"', b"'utf-7'", b"UTF_7", b"\xff", b"utf-7;q=1"),
)
TYPES = (
    *(b"text/plain", b"application/json", b"application/x-www-form-urlencoded"),
    *(b"multipart/form-data; boundary=x", b"text/html", b"*/*", b"", b";", b"text"),
)
HOSTS = (
    *(b"LOCALHOST", b"localhost:80", b"localhost:8000", b"127.0.0.1", b"localhost."),
    *(b"evil.example", b"localhost@evil.example", b"evil.example@localhost", b"[::1]"),
    *(
        b"localhost:x",
        b"local host",
        b"",
        b"localhost/evil",
        b"localhost, evil.example",
    ),
    *(
        b"localhost:0",
        b"localhost:99999",
        b"\xeb\x8f\x84",
        b"[::1",
        b"localhost#",
        b"*",
    ),
)
ACCEPTED = (
    *(b"text/html", b"application/xml", b"*/*;q=0", b"image/png", b"", b"application/"),
    *(
        b"application/json; indent=8",
        b"application/json; charset=utf-16",
        b";;,,=",
        b"q",
    ),
    *(b"application/json; version=2", b"text/html, */*;q=0.1", b"\xff/\xff", b"*"),
)
LANGUAGES = (b"ko", b"ko-KR,ko;q=0.9", b"xx", b"*", b"", b"de;q=0", b"ar, he", b"\xff")
ENCODINGS = (
    *(b"gzip", b"gzip;q=0", b"identity;q=0", b"*", b"*;q=0", b"br", b"deflate", b""),
    *(
        b"GZIP",
        b"x-gzip",
        b"gzip, gzip;q=0",
        b"gzip;q=abc",
        b"gzip;q=0.001",
        b"gzip;q=",
    ),
    *(b"gzip ; q=1", b"zstd, gzip", b",,,", b"gzip;q=1;q=0", b"\xff", b"identity"),
)
COOKIES = (
    *(b"sessionid=evil", b"csrftoken=evil; sessionid=evil", b"django_language=ko"),
    *(b"messages=evil", b";;;=", b"a" * 3000, b"x=\xff", b"sessionid=", b"$Version=1"),
)
TAGS = (b"*", b'"x"', b'W/"x"', b'"', b"x", b'"x", "y"', b"", b"W/", b"\xff", b'"*"')
DATES = (
    *(b"Thu, 01 Jan 1970 00:00:00 GMT", b"Fri, 31 Dec 9999 23:59:59 GMT", b"now", b""),
    *(b"Thu, 32 Xxx 1970 00:00:00 GMT", b"0", b"\xff"),
)
RANGES = (
    b"bytes=0-1",
    b"bytes=-1",
    b"bytes=5-2",
    b"bytes=0-0,2-3",
    b"lines=1",
    b"",
    b"x",
)
FORWARDED = {
    b"X-Forwarded-Host": (
        b"evil.example",
        b"localhost",
        b"",
        b"a, b",
        b"evil.example:1",
    ),
    b"X-Forwarded-Proto": (b"https", b"http", b"HTTPS", b"ftp", b"", b"https, http"),
    b"X-Forwarded-Protocol": (b"ssl", b"http"),
    b"X-Forwarded-Ssl": (b"on", b"off"),
    b"X-Forwarded-Port": (b"443", b"1", b"x", b""),
    b"X-Forwarded-For": (b"127.0.0.1", b"::1", b"evil", b"1.2.3.4, 127.0.0.1"),
    b"X-Forwarded-Prefix": (b"/evil", b"/api", b"/"),
    b"X-Forwarded-Path": (b"/evil",),
    b"X-Forwarded-Server": (b"evil.example",),
    b"Forwarded": (b"host=evil.example;proto=https", b"for=127.0.0.1", b";"),
    b"X-Real-IP": (b"127.0.0.1", b"evil"),
    b"X-Original-URL": (b"/api/v1/tags", b"/evil"),
    b"X-Rewrite-URL": (b"/api/v1/tags", b"/evil"),
    b"X-Script-Name": (b"/evil", b"/api"),
    b"SCRIPT_NAME": (b"/evil", b"/api", b"/api/v1", b"", b"/"),
    b"Script-Name": (b"/evil", b"/api"),
    b"PATH_INFO": (b"/api/v1/tags", b"/evil"),
    b"Path-Info": (b"/api/v1/tags",),
    b"Query-String": (b"title=nothing",),
    b"QUERY_STRING": (b"title=nothing",),
    b"Remote-User": (b"librarian", b"1"),
    b"REMOTE_USER": (b"librarian",),
    b"X-Url-Scheme": (b"https",),
    b"Front-End-Https": (b"on",),
}
STRAY = {
    b"X-HTTP-Method-Override": (b"DELETE", b"POST", b"HEAD", b"\xff"),
    b"X-HTTP-Method": (b"PUT",),
    b"X-Method-Override": (b"PATCH",),
    b"Origin": (b"https://evil.example", b"null", b""),
    b"Referer": (b"https://evil.example/\xff", b""),
    b"User-Agent": (b"", b"\xff\xfe", b"() { :; }; echo", b"x" * 3000),
    b"X-CSRFToken": (b"evil",),
    b"X-Requested-With": (b"XMLHttpRequest",),
    b"Cache-Control": (b"no-cache", b"no-store", b"max-age=0", b"only-if-cached"),
    b"Pragma": (b"no-cache",),
    b"Connection": (b"close", b"upgrade", b"host", b"authorization", b"x, close"),
    b"Upgrade": (b"h2c", b"websocket"),
    b"TE": (b"trailers", b"chunked"),
    b"Via": (b"1.1 evil",),
    b"Max-Forwards": (b"0",),
    b"X-Cache": (b"HIT",),
    b"ETag": (b'"evil"',),
    b"Vary": (b"*",),
    b"Content-Encoding": (b"gzip", b"evil"),
    b"Content-Language": (b"ko",),
    b"Content-Location": (b"/evil",),
    b"Date": (b"now",),
    b"Prefer": (b"return=minimal",),
    b"Sec-Fetch-Mode": (b"navigate",),
    b"X-User": (b"1",),
    b"caching.computation": (b"evil",),
    b"Caching-Computation": (b"evil",),
    b"wsgi.url_scheme": (b"https",),
    b"Wsgi-Input": (b"evil",),
}


def content_type(rng, message: Message) -> None:
    """Say that what is sent has some type and charset."""
    kind = rng.choice(TYPES)
    if rng.random() < 0.8:
        kind += b"; charset=" + rng.choice(CHARSETS)
    message.set(b"Content-Type", kind)


def host(rng, message: Message) -> None:
    """Name another host, none, or two."""
    if rng.random() < 0.8:
        message.set(b"Host", rng.choice(HOSTS))
    elif rng.random() < 0.5:
        message.drop(b"Host")
    else:
        message.headers.append((b"Host", rng.choice(HOSTS)))


def forwarded(rng, message: Message) -> None:
    """Say, as a proxy would, where the request came from."""
    name = rng.choice(list(FORWARDED))
    message.set(name, rng.choice(FORWARDED[name]))


def stray(rng, message: Message) -> None:
    """Send a header that decides nothing."""
    name = rng.choice(list(STRAY))
    message.set(name, rng.choice(STRAY[name]))


def accept(rng, message: Message) -> None:
    """Accept other media types."""
    message.set(b"Accept", rng.choice(ACCEPTED))


def language(rng, message: Message) -> None:
    """Accept other languages."""
    message.set(b"Accept-Language", rng.choice(LANGUAGES))


def encoding(rng, message: Message) -> None:
    """Accept other encodings."""
    message.set(b"Accept-Encoding", rng.choice(ENCODINGS))


def cookie(rng, message: Message) -> None:
    """Send cookies."""
    message.set(b"Cookie", rng.choice(COOKIES))


def part(rng, message: Message) -> None:
    """Ask for a part."""
    message.set(b"Range", rng.choice(RANGES))
    if rng.random() < 0.3:
        message.set(b"If-Range", rng.choice(TAGS + DATES))


def condition(rng, message: Message) -> None:
    """Ask on a condition."""
    name = rng.choice((b"If-None-Match", b"If-Match"))
    message.set(name, rng.choice(TAGS))
    if rng.random() < 0.5:
        name = rng.choice((b"If-Modified-Since", b"If-Unmodified-Since"))
        message.set(name, rng.choice(DATES))


def authorization(rng, message: Message) -> None:
    """Spell the token's header in another way, or send another's token, or none."""
    own, other = message.tokens
    basic = base64.b64encode(b"reader:password")
    unsigned = own.rpartition(b".")[0] + b"."
    values = (
        *(b"bearer " + own, b"BEARER " + own, b"Bearer  " + own, b"Bearer\t" + own),
        *(b" Bearer " + own + b" ", own, b"Bearer", b"", b"Token " + own, b"Bearer x"),
        *(b"Bearer " + other, b"bearer " + other, b"Basic " + basic, b"Bearer \xff"),
        *(b"Bearer " + own + b"x", b"Bearer " + unsigned, b"Bearer " + own + b" x"),
        *(b"Bearer " + own + b", Bearer " + other, b"Bearer " + own.swapcase()),
    )
    message.set(b"Authorization", rng.choice(values))
    if rng.random() < 0.1:
        message.headers.append((b"Authorization", b"Bearer " + other))
    if rng.random() < 0.05:
        message.drop(b"Authorization")


def spelling(rng, message: Message) -> None:
    """Write a header's line in another way."""
    if not message.headers:
        return
    number = rng.randrange(len(message.headers))
    name, value = message.headers[number]
    ways = (
        *((name.upper(), value), (name.lower(), value), (name, b"  " + value + b" \t")),
        *((name + b" ", value), (name, b"\r\n " + value), (name, value + b"\x00")),
        *((name.replace(b"-", b"_"), value), (b" " + name, value), (name, value * 2)),
        *((name, b"x" * 9000), (name, value + b"\r"), (b"\xff" + name, value)),
    )
    message.headers[number] = rng.choice(ways)
    if rng.random() < 0.1:
        message.headers += [(b"X-%d" % number, b"x") for number in range(120)]
    if rng.random() < 0.1:
        message.headers.append((name, value))
    if rng.random() < 0.2:
        rng.shuffle(message.headers)
