"""The questions, in the order in which they are measured.

Each is a module with a TITLE and `ask(servers, plan, results, environment)`.
"""

from lab.benchmarks.questions import (
    crowd,
    growth,
    hits,
    memory,
    misses,
    mixed,
    races,
    throughput,
    writes,
)

QUESTIONS = {
    "hits": hits,
    "misses": misses,
    "throughput": throughput,
    "writes": writes,
    "crowd": crowd,
    "races": races,
    "mixed": mixed,
    "memory": memory,
    "growth": growth,
}
