"""Tests marked with one `xdist_group` run in one process: pytest-xdist 3.8 does not see to it.

It tells the scheduler of a group by renaming its tests, which pytest 9.2 takes no notification of
(`findings/xdist-groups-under-pytest-9-2.sh`). Here the processes that collect the tests write down
the groups, and the one that hands them out reads that.
"""

from __future__ import annotations

import json
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

FOLDER = pytest.StashKey[str]()


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """A group goes to one process, everything else test by test.

    xdist counts all units that a process ever had after each test, and looks a test's number up in
    the list of all: with ten thousand units of one test each, half a minute for nothing.
    """

    groups: dict[str, str] | None = None

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The place of each test in what every process has collected."""
        return {nodeid: number for number, nodeid in enumerate(self.collection)}

    def mark_test_complete(
        self, node: WorkerController, item_index: int, duration: float = 0
    ) -> None:
        """Forget a unit all of whose tests have run."""
        super().mark_test_complete(node, item_index, duration)
        units, scope = self.assigned_work[node], self._split_scope(self.collection[item_index])
        if all(units[scope].values()):
            del units[scope]

    def _assign_work_unit(self, node: WorkerController) -> None:
        scope, unit = self.workqueue.popitem(last=False)
        self.assigned_work[node][scope] = unit
        waiting = [nodeid for nodeid, is_done in unit.items() if not is_done]
        node.send_runtest_some([self._numbers[nodeid] for nodeid in waiting])

    def _split_scope(self, nodeid: str) -> str:
        if self.groups is None:  # first asked when all have collected
            written = next(Path(self.config.stash[FOLDER]).iterdir())
            self.groups = json.loads(written.read_text())
        return self.groups.get(nodeid, nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling | None:
    """Ours instead of xdist's own."""
    return GroupScheduling(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a new process where to write."""
    if FOLDER not in node.config.stash:
        folder = tempfile.TemporaryDirectory()
        node.config.add_cleanup(folder.cleanup)
        node.config.stash[FOLDER] = folder.name
    node.workerinput["groups"] = node.config.stash[FOLDER]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Write each test's group, before xdist says that this process is ready."""
    told = getattr(session.config, "workerinput", None)
    if told is None:
        return
    groups = {
        item.nodeid: "+".join(sorted(str(mark.args[0]) for mark in marks))
        for item in session.items
        if (marks := list(item.iter_markers("xdist_group")))
    }
    Path(told["groups"], told["workerid"]).write_text(json.dumps(groups))
