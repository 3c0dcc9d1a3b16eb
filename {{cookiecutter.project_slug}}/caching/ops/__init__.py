"""What an operator looks at: counters and system checks."""
