"""What the tools of the lab share; they lean on this package, not on each other.

arguments   command lines: errors in one line, a clean end on Ctrl-C
checker     who was shown what, and whether it was too old
clients     connections to the API, spread over its worker processes
plots       how the plots look

Servers and waiting are shared with the project's tests: tests/servers.py, tests/live.py
and tools/polling.py.
"""
