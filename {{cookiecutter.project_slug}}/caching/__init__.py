"""An exact cache of whole answers, invalidated by the writes themselves.

README.md in this folder says what the cache guarantees, what it can't do, and why it
works.
"""
