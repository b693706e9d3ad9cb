"""The web server: gunicorn keeps its processes, waitress serves in each of them."""
