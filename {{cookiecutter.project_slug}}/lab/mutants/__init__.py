"""Mutation testing: which small mistakes in our code does no test notice?

    python -m lab.mutants --sample 200

mutations   the mistakes: a comparison swapped, a call left out, and so on
tree        a copy of the project, in which one file at a time has a mistake
chosen      which tests run which lines, and how long they take
trial       runs the tests that run the changed line, in a forked process
swap        puts changed code into functions that are imported already
results     what came out; kept while it runs, so that an interrupted run goes on
explained.toml   mistakes that no test can notice, and why

Why not mutmut or cosmic-ray: mutmut changes bodies of functions alone, not decorators,
defaults or constants, and needs Django's private functions to start it again in a
process (issue 504); cosmic-ray starts Python and Django anew for each mutant.
"""
