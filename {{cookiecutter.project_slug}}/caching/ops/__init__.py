"""For operators: counters and system checks."""
