"""What a browser sees: Cyclr’s and the third party’s pages, and the simulator’s own start page."""
