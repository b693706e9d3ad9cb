"""Carrying out operations: nothing is lost, nothing is done twice.

An operation is a job (`dashboard/jobs`): a worker has it by a lease, and every write is fenced by
the lease's attempt, so a worker that was frozen past it can change nothing. `sent` is committed
before the call that must happen once; whatever goes wrong after it makes the row `unsure`, and then
reconcile attempts find out before anything is sent again. A kind that may be done twice
(`Handler.is_idempotent`) is sent again soon instead.

`running` carries one out, `reconciling` finds out what a lost answer meant, `outcomes` says what an
error of Cyclr's means for it, `ending` ends it in words.
"""

from dashboard.operations.engine.ending import give_up
from dashboard.operations.engine.running import carry_out

__all__ = ["carry_out", "give_up"]
