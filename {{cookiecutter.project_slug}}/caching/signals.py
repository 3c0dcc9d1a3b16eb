"""What others may observe of the cache. (ops/metrics.py counts with it.)

Receivers run within the request: they must be quick, and must not raise.
"""

from django.dispatch import Signal

# A view answered a read from the cache. `waited`: whether another reader had to
# compute the answer first. `response`: the answer.
hit = Signal()
# A view answered a read from the database. `stored`: whether the answer may be served
# from now on. `reason`: why not. `response`: the answer.
miss = Signal()
# A write told the store that it is under way. `writer`: its token. `changes`: what it
# changes, {table: Change}. `told`: False if the store was unavailable.
intent = Signal()
# The stamps of all that was written have been renewed. `writers`: a list of tokens.
# `changes`: as above. `overdue`: whether the write outlived its intent.
invalidated = Signal()
# They could not be renewed yet: that is pending (see outage/pending.py). The same
# arguments. When it is done, `invalidated` follows, from `pending.flush` as its sender.
pending = Signal()
