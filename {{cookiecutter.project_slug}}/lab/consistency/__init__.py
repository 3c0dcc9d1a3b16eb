"""The consistency test: many readers and writers while servers fail.

    python -m lab.consistency

No client may be shown a version older than what was known before it asked: the last
write that was acknowledged, and whatever another client was shown. The parts:

    environment.py   PostgreSQL, Redis behind a proxy, gunicorn: all real
    proxy.py         that proxy, which fails on command
    library.py       what is written and read: books and tags that carry a version
    clients.py       readers and writers
    faults.py        faults of Redis, and the phases of the test
    fault_points.py  faults inside a worker process
    history.py       what worker processes record: which invalidations are pending
    runner.py        runs the phases and keeps their outcomes
    running.py       the same test against an API that runs already
    stampede.py      fifty readers after an invalidation: do they make one query?
    seed_strategy.py, sabotage.py   caches with known bugs, which the test must find
"""
