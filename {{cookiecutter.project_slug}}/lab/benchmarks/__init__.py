"""The benchmarks: nine ways to serve the list of books, measured on this machine.

    make bench         all questions, in less than five minutes
    make bench-full    larger: a million keys, a million books
    make bench-plot    write the report and the plots again, without measuring

The parts:

    ladder.py       the strategies, from no cache to this project's
    strategies.py   each strategy, as a small view
    checked.py      the check of the token in front of all of them
    baselines.py    views that only send bytes, to compare with
    plain.py        a page as it is usually computed, for all strategies but ours
    plan.py         how much is measured, for each size
    environment.py  PostgreSQL, Redis, and a gunicorn for each strategy: all real
    client.py       the client
    questions/      the measurements, a file for each question
    measure.py      what they share: turns, bursts of requests, their figures
    machine.py      the machine that all of it runs on
    results.py      the results of each round, as JSON
    targets.py      this project's promises, compared with the results
    ahead.py        where other strategies are better
    report.py       the report, with tables.py and plots.py
    locustfile.py   load from Locust, for those who prefer it
"""
