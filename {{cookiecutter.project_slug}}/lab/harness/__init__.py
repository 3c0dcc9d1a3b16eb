"""What the tools of the lab share; they lean on this package, not on each other.

checker   who was shown what, and whether it was too old
"""
