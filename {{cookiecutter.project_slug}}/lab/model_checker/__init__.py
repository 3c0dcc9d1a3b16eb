"""Tries the stamp protocol in every order of its steps: `python -m lab.model_checker`.

state      what there is at one moment, and when two moments are one
world      who may do what next: two writers, two readers, time, and bad luck
search     all orders, each state once; the shortest way to a stale answer
broken     the protocol with one thing left out, and a stale answer found
ladder     the strategies on the way to the protocol, and the race of each
timeline   a way as a person reads it
"""
