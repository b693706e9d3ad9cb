"""The layout of the style sheets: one declaration a line, two blanks deep.

`python -m tests.support.stylesheets` lays them out, with `--check` it names those that are not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cssbeautifier

FOLDER = Path(__file__).resolve().parent.parent.parent / "static/css"


def laid_out(text: str) -> str:
    """A style sheet as it should look."""
    options = cssbeautifier.default_options()
    options.indent_size = 2
    options.end_with_newline = True
    options.space_around_combinator = True
    return str(cssbeautifier.beautify(text, options))


def main(arguments: list[str]) -> int:
    """0 if nothing is left to do."""
    wrong = []
    for sheet in sorted(FOLDER.glob("*.css")):
        text = sheet.read_text(encoding="utf-8")
        wanted = laid_out(text)
        if wanted == text:
            continue
        if "--check" in arguments:
            wrong.append(sheet.name)
        else:
            sheet.write_text(wanted, encoding="utf-8")
    if wrong:
        sys.stdout.write(f"Would be laid out anew: {', '.join(wrong)}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
