"""Stateful tests: random steps; each cached answer is compared with the uncached one.

addresses   what can be read, in two spellings each, and the books to expect
writing     all ways to write: the endpoints, the ORM, in bulk, from both sides
machine     takes the steps, and compares the answers after each
known_bugs  bugs of the past, to prove that the machine finds them
"""
