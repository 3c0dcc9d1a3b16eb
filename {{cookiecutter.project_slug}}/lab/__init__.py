"""Proves and measures what the other folders hold. Nothing outside imports it.

benchmarks      the cache beside eight other ways to serve the same answers
consistency     a history of reads and writes under faults, and its checker
exercises       checks of two exercises of the walkthrough, for those who solve them
hostile_client  odd requests; each plain answer after them is compared
model_checker   the cache's own steps, in every order
monitoring      the dashboards and alerts, with a real Prometheus
mutants         small mistakes in our code: does a test notice each?
rehearsal       deploys for real, to a throw-away host, under load
stateful        random steps; each answer is compared with the uncached one
harness         what these share
tests           their tests
"""
