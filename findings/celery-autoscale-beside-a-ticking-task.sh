#!/bin/sh
# A Celery worker with --autoscale that has grown for a burst never shrinks again while any message
# arrives more often than AUTOSCALE_KEEPALIVE (30 s), be it one tiny task that one process serves.
#
# Package: celery 5.7.0 with kombu 5.7.0, here over kombu's filesystem transport; no server is needed.
# One would guess that a process goes when it has had nothing to do for so long. What counts is when
# the worker last received any message: a heartbeat or a periodic task of each few seconds keeps all
# processes of the last burst for ever. Who wants their memory back gives such tasks a worker of
# their own.
#
# Here AUTOSCALE_KEEPALIVE is 2 seconds. A burst of four tasks makes the worker grow to four
# processes. Then one tiny task comes each half second, then none.
# Seen on 2026-11-29 with Python 3.11.2:
#   grown yes; shrunk in 15 s of tiny tasks: no; shrunk in 15 s without any: yes
set -eu
work=$(mktemp -d)
worker=
trap '[ -z "$worker" ] || kill "$worker" 2>/dev/null || true; [ -z "$worker" ] || wait "$worker" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check celery==5.7.0 kombu==5.7.0
mkdir messages control
cat >app.py <<'EOF2'
import time
from celery import Celery

app = Celery("app", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": "messages", "data_folder_out": "messages", "control_folder": "control",
}
app.conf.worker_prefetch_multiplier = 1

@app.task(ignore_result=True)
def long(): time.sleep(6)

@app.task(ignore_result=True)
def tiny(): pass
EOF2
AUTOSCALE_KEEPALIVE=2 v/bin/celery -A app worker --autoscale 4,1 --loglevel INFO \
    --without-gossip --without-mingle >log 2>&1 &
worker=$!
cat >drive.py <<'EOF2'
import time
from pathlib import Path
from app import long, tiny

def said(words): return Path("log").read_text().count(words)

def wait(words):
    until = time.monotonic() + 120
    while not said(words):
        assert time.monotonic() < until, words
        time.sleep(0.2)

def shrunk_within(seconds, each=lambda: None):
    before, until = said("Scaling down"), time.monotonic() + seconds
    while time.monotonic() < until:
        each()
        time.sleep(0.5)
    return "yes" if said("Scaling down") > before else "no"

wait(" ready.")
for _ in range(4):
    long.delay()
until = time.monotonic() + 120
while said("app.long") < 8:  # four received, four done
    assert time.monotonic() < until
    tiny.delay()
    time.sleep(0.5)
grown = "yes" if said("Scaling up") else "no"
beside = shrunk_within(15, tiny.delay)
alone = shrunk_within(15)
print(f"grown {grown}; shrunk in 15 s of tiny tasks: {beside}; shrunk in 15 s without any: {alone}")
EOF2
v/bin/python drive.py >seen
cat seen
echo "grown yes; shrunk in 15 s of tiny tasks: no; shrunk in 15 s without any: yes" >expected
cmp seen expected
