"""The questions, in the order in which they are asked.

Each is a module with a TITLE and `ask(servers, plan, results, lab)`.
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
