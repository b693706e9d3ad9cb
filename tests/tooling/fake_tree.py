"""A tree of small fake processes: `fake_tree.py DIRECTORY`, the processes as JSON on stdin."""

import json
import os
import sys
from pathlib import Path

from dashboard.launcher.ending import EndedError
from dashboard.launcher.processes import Process, Tree


def main() -> int:
    directory = Path(sys.argv[1])

    def note(ids: dict[str, int]) -> None:
        (directory / "ids.json").write_text(json.dumps(ids))

    tree = Tree(directory=directory / "gone-at-the-end", on_change=note)
    try:
        tree.start(*(Process(environment=os.environ, **one) for one in json.load(sys.stdin)))
        tree.wait(lambda: False, forever=True)
    except EndedError as error:
        tree.say("run", str(error))
        return error.status
    finally:
        tree.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
