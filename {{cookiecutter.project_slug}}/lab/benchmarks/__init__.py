"""The cache lab: measures ways to cache the list of books, on this machine.

    make bench         all questions, in less than five minutes
    make bench-full    to the edges: a million keys, a million books
    make bench-plot    draw and report again what was measured, without measuring

The parts:

    ladder.py       the rungs: from no cache at all to this project's
    strategies.py   each rung, as a small view
    checked.py      the check of the token that stands before all of them
    floors.py       views that only send bytes: what all are held against
    lab.py          PostgreSQL, Redis, and a gunicorn for each rung: all real
    client.py       a client that costs little itself
    questions/      what is measured, a file for each question
    results.py      what was measured, round by round, as JSON
    targets.py      what this project promises, held against it
    ahead.py        where others do better
    report.py       the same for people: tables.py and plots.py
    locustfile.py   load from Locust, for those who prefer it
"""
