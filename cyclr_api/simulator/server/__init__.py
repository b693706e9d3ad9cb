"""From the wire to the answer: the WSGI application with its faults, and who carries it."""
