"""Hunts for stale answers: many readers and writers, and everything fails.

    python -m hunt

A client may never be shown less than what was known before it asked: the last write
that was acknowledged, and what anybody was shown already. The parts:

    ground.py    PostgreSQL, Redis behind a proxy, gunicorn: all real
    library.py   what is written and read: things that carry a version
    clients.py   readers and writers
    strikes.py   what goes wrong, and when
    faults.py    what goes wrong inside a worker process
    judge.py     who was shown what, and whether it was too old
    ledger.py    what the worker processes tell of invalidations they owe
    flight.py    fifty readers after an invalidation: one query?
    seed_strategy.py, sabotage.py   caches that are not exact: prey to practise on
"""
