"""What `./run` starts, and how: `supervisor.py` is its entrance. Production starts none of this."""
