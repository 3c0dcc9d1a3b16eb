"""Tries the stamp protocol in every order of its steps: `python -m tests.explorer`.

world     who may do what next: two writers, two readers, time, and bad luck
search    all orders, each situation once; the shortest way to a stale answer
broken    the protocol with one thing left out, in which a stale answer is found
timeline  a way as a person reads it
"""
