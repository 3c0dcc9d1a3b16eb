"""Signals that the cache sends, for whoever observes it (ops/metrics.py counts them).

Receivers run within the request. They must be quick, and must not raise.
"""

from django.dispatch import Signal

# A cached view got its URL, before the first request. `view`: the name of its entries.
routed = Signal()
# A view answered a read from the cache. `view`: as above. `waited`: whether it waited
# for another request to compute the answer. `response`: the answer.
hit = Signal()
# A view answered a read from the database. `view`: as above. `stored`: whether the
# answer was stored. `reason`: why not. `entry`: what was stored, or would have been.
# `response`: the answer.
miss = Signal()
# A read got the answer that another request computed. `seconds`: how long it waited.
waited = Signal()
# A write left its intent in the store. `writer`: the write's token. `changes`: what it
# changes, {table: Change}. `told`: False if the store was unavailable, so that it holds
# no intent.
intent = Signal()
# The stamps of everything that was written have been renewed. `writers`: a list of the
# writes' tokens. `changes`: as above. `overdue`: whether a write took longer than its
# intent stood.
invalidated = Signal()
# The stamps could not be renewed: that is pending now (see outage/pending.py). The
# arguments are the same. Later `invalidated` follows; its sender is `pending.flush`.
pending = Signal()
# A request got the single-flight lock on an entry, and computes it; then it gave the
# lock back. `key`: the entry's. `holder`: a token that no other holder has.
locked = Signal()
unlocked = Signal()
# The store failed, so that nobody asks it for a while; or it answers again. `broken`:
# which of the two.
broken = Signal()
