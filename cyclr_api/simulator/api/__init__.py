"""Cyclr’s API: one file for each group of calls. `answering.py` finds the one that is asked for."""
