"""A machine that reads and writes the library at random, and knows what is right.

addresses   what can be read, each in several spellings, and which books to expect
writing     every way to write: the endpoints, the ORM, in bulk, from both sides
machine     takes the steps, and looks after each whether a cached answer is wrong
known_bugs  the bugs of the past, to see that the machine would find them
"""
