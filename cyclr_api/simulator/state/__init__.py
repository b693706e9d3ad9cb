"""What there is in Cyclr, and the rules by which it changes. `state.py` puts the parts together."""
