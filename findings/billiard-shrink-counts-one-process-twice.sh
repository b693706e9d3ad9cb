#!/bin/sh
# billiard's Pool.shrink(), called again before the process of the first call has ended, chooses the
# same process once more and counts it twice: one process more than the pool counts stays for ever.
#
# Package: billiard 4.3.2, the pool of Celery's prefork worker.
# One would guess that two times shrink(1) ends two processes, as shrink(2) does. It looks for a
# process without a job, and one that was asked to end and has not gone yet is such a process. The
# pool replaces processes that are missing and never ends those that are too many, so the number
# given by num_processes and the number in the process list stay apart by one. An autoscaler that
# looks every second or two on a busy machine meets it; each time costs the memory of a process.
# Who shrinks waits until those asked before have gone.
#
# Here a pool of three is shrunk by two, at once and one after the other.
# Seen on 2026-11-30 with Python 3.11.7:
#   shrink(2): counts 1, alive 1; shrink(1) twice: counts 1, alive 2
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check billiard==4.3.2
cat >drive.py <<'EOF2'
import os, time
from billiard.pool import Pool

def shrunk(by):
    pool = Pool(3, threads=False)
    for count in by:
        pool.shrink(count)
    asked = [process for process in pool._pool if process._controlled_termination]
    until = time.monotonic() + 60
    while any(process.is_alive() for process in asked):
        assert time.monotonic() < until
        time.sleep(0.1)
    pool.maintain_pool()
    alive = [process for process in pool._pool if process.is_alive()]
    for process in alive:
        process.terminate()
    for process in alive:
        process.join()
    return f"counts {pool._processes}, alive {len(alive)}"

print(f"shrink(2): {shrunk([2])}; shrink(1) twice: {shrunk([1, 1])}", flush=True)
os._exit(0)
EOF2
v/bin/python drive.py >seen
cat seen
echo "shrink(2): counts 1, alive 1; shrink(1) twice: counts 1, alive 2" >expected
cmp seen expected
