"""Tries the stamp protocol in every order of its steps: `python -m lab.model_checker`.

state      a state, and when two states count as one
world      the moves: two writers, two readers, time, and the loss of keys
search     searches all orders for the shortest trace to a stale answer
broken     the protocol with one thing left out: each has a stale answer
ladder     the strategies that lead to the protocol, each with its race
timeline   draws a trace as a table
"""
