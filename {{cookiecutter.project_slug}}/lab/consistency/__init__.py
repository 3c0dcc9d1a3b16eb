"""Hunts for stale answers: many readers and writers, and everything fails.

    python -m lab.consistency

A client may never be shown less than what was known before it asked: the last write
was acknowledged, and what anybody was shown already. The parts:

    environment.py   PostgreSQL, Redis behind a proxy, gunicorn: all real
    library.py       what is written and read: things that carry a version
    clients.py       readers and writers
    faults.py        what goes wrong, and when
    fault_points.py  what goes wrong inside a worker process
    history.py       what the worker processes tell of invalidations they owe
    stampede.py      fifty readers after an invalidation: one query?
    runner.py        all of these, for some seconds
    seed_strategy.py, sabotage.py   caches that are not exact: prey to practise on
"""
