"""More than one API host, as terraform/scale-out has: rolled, and one killed."""
