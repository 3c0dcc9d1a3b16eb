"""The hostile client: can one reader's odd request change what another one reads?

    python -m lab.hostile_client

It mutates everything about a request: headers, charsets, spellings of path and query,
methods, framing. After each of its requests an innocent reader asks for the same
thing plainly, and must get what a server without a cache answers, body and headers.
The parts:

    environment.py   the servers: SQLite and memory, PostgreSQL and Redis, or a URL
    library.py       what is read: books and tags that never change
    accounts.py      who asks: a librarian, an innocent reader, a hostile one
    message.py       a request, every byte of which can be changed
    mutations.py     the kinds of mutations; headers.py, targets.py, framing.py
    wire.py          sends the bytes, and reads answers strictly
    comparison.py    what is compared of two answers, and the answers that are right
    runner.py        rounds of hostile requests, and the shortest that shows a fault
    report.py        the results, as text and as JSON
    sabotage.py      faults put back, which the hostile client must find
"""
