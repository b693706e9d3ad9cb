"""How many processes a worker has that was started with `--autoscale MOST,LEAST`, as `./run` does.

Celery's own autoscaler ends processes only when no message came for half a minute, and some always
come: heartbeats, checks. This one ends those that were not needed at once in half a minute.

billiard's pool chooses a process again that was asked to end and has not ended yet, and counts it
twice: one more than are counted would stay for ever. So no other is chosen before those are gone.
"""

from __future__ import annotations

from typing import Any

from celery.worker import autoscale


class Autoscaler(autoscale.Autoscaler):  # type: ignore[misc]  # Celery has no types
    """Celery's, with another rule for when there are too many."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._most_at_once = 0

    def _maybe_scale(self, req: Any = None) -> bool:
        """With each message, and without one every `keepalive` seconds."""
        self._most_at_once = max(self._most_at_once, self.qty)
        wanted = max(min(self._most_at_once, self.max_concurrency), self.min_concurrency)
        if wanted > self.processes:
            self.scale_up(wanted - self.processes)
            return True
        if req is None:
            self._most_at_once = self.qty
            if wanted < self.processes:
                self._shrink(self.processes - wanted)
                return True
        return False

    def _shrink(self, count: int) -> None:
        """Those asked to end before go first; one that did not hear it is asked again."""
        ending = [each for each in self.pool._pool._pool if each._controlled_termination]
        for each in ending:
            each.terminate_controlled()
        if not ending:
            super()._shrink(count)
