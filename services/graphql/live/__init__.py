"""What people who look at a board are told, while they look.

A *room* (`rooms.py`) follows one stream's log for all who watch it in this process: a hint (`listening.py`) or its
own look makes it read what is new, into a ring. A *subscriber* (`follow.py`) is a place in the log, not a queue: it
is served from the ring, then from the table, and when it has fallen too far behind, told to load the board again.
"""
