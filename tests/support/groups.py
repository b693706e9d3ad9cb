"""Tests marked with one `xdist_group` run in one process: pytest-xdist 3.8 does not see to it.

It tells the scheduler of a group by renaming its tests, which pytest 9.2 takes no notification of
(`findings/xdist-groups-under-pytest-9-2.sh`). Here the processes that collect the tests write down
the groups, and the one that hands them out reads that.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

FOLDER = pytest.StashKey[str]()


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist is not typed
    """A group goes to one process, everything else test by test."""

    groups: dict[str, str] | None = None

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
