"""One enemy at a time against the real containers, with honest readers beside it.

attacks     what the enemy sends, by the bytes
foreign     values of somebody else in Redis
faults      what goes wrong on the server: a lock, a full disk, no Redis
neighbours  addresses in the containers' network, to attack from
watch       what the containers did meanwhile: memory, kills, log lines
outcome     what a scene cost, and whether that is as it must be
siege       the server under load, on which one scene after the other is played
scenes      the scenes, and what must be true afterwards
"""
