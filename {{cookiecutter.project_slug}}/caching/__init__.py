"""An exact cache of final answers, invalidated by the writes themselves.

README.md in this folder says what it guarantees, what it can't, and why it works.
"""
