"""Proves what monitoring/ shows, with a real Prometheus and without Grafana.

environment   the servers: PostgreSQL, Redis, the API, the exporters, Prometheus
host          node-exporter, with a backup that can grow old and a disk to fill
prometheus    asks Prometheus, and gives it the project's own files
load          sends requests, and counts them itself
checks        every query gives numbers, and they agree with what the load counted
faults        breaks one thing after the other until its alert fires
pictures      one picture for each dashboard, of what Prometheus has seen
"""
