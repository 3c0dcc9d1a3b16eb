"""One enemy at a time against the real containers, with honest readers beside it.

attacks   what the enemy sends, by the bytes
foreign   values of somebody else in Redis
watch     what the containers did meanwhile: memory, kills, log lines
siege     the server under load, on which one scene after the other is played
scenes    the scenes, and what must be true afterwards
"""
