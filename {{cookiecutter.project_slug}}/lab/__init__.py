"""Proves and measures what the other folders hold. Nothing outside imports it.

benchmarks      the cache beside eight other ways to serve the same answers
consistency     a history of reads and writes under faults, and its checker
exercises       checks of two exercises of the walkthrough, for who solves them
hostile_client  odd requests; each plain answer after them is compared
model_checker   the cache's own steps, in every order
stateful        random steps; each answer is compared with the uncached one
rehearsal       deploys for real, to a throw-away host, under load
harness         what these share
tests           their tests
"""
