"""Tables as spreadsheets write them, and whom their lines mean."""

from __future__ import annotations

import pytest

from dashboard.bulk.tables import Accounts, Table, read_table
from dashboard.common.damage import damage_of, may_become, protected, unprotected
from dashboard.common.tables import TableError, decoded
from dashboard.consoles.models import Console
from tests.factories import make_account, make_console

HEAD = "Account id\tAccount name\tE-mail\n"


def cells(table: Table) -> list[tuple[int, str, tuple[str, ...]]]:
    """The lines of a table that has no unreadable ones."""
    assert not table.problems
    return table.lines


# -- the clipboard -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ('a\t"Casa" S.L.\tx\nb\tB\ty', [(2, "a", ('"Casa" S.L.', "x")), (3, "b", ("B", "y"))]),
        ('a\t"Casa\tx\nb\tB\ty', [(2, "a", ('"Casa', "x")), (3, "b", ("B", "y"))]),
        ('a\t"Casa\tx\nb\tB"\ty', [(2, "a", ('"Casa', "x")), (3, "b", ('B"', "y"))]),
        ('a\t"quoted"\tx', [(2, "a", ('"quoted"', "x"))]),
        ('a\t"""Casa"" S.L."\tx', [(2, "a", ('"Casa" S.L.', "x"))]),
        ('a\t"\tx\nb\t"\ty', [(2, "a", ('"', "x")), (3, "b", ('"', "y"))]),
        ('a\tTV 15"\tx\nb\t15"\ty', [(2, "a", ('TV 15"', "x")), (3, "b", ('15"', "y"))]),
        ('a\t"one\ntwo"\tx\nb\tB\ty', [(2, "a", ("one\ntwo", "x")), (4, "b", ("B", "y"))]),
        ('a\tA\t"one\ntwo"\nb\tB\ty', [(2, "a", ("A", "one\ntwo")), (4, "b", ("B", "y"))]),
    ],
)
def test_marks_on_the_clipboard_are_letters_unless_they_hold_lines(
    rows: str, expected: list[tuple[int, str, tuple[str, ...]]]
) -> None:
    assert cells(read_table(HEAD + rows)) == expected


@pytest.mark.parametrize(
    "text",
    [
        HEAD + 'a\t"A\nb\tB"\ty',
        'Account id,Name,E-mail\na,"A\nb,B",y\n',
        'Account id,Name,E-mail\na,"A,x\nb,B",y\n',
        'Account id,Name,E-mail\na,"A\nB"\n',
    ],
)
def test_no_line_swallows_another(text: str) -> None:
    table = read_table(text)

    assert table.lines == []
    assert sorted(table.problems) == [2, 3]
    assert "line 2" in table.problems[2]


def test_a_cell_of_several_lines_may_hold_what_divides_cells() -> None:
    text = 'Account id,Key\na,"{\n1, 2\n}"\n'

    table = read_table(text, is_account=lambda cell: cell in {"a", "b"})

    assert table.lines == [(2, "a", ("{\n1, 2\n}",))]


def test_a_mark_that_is_not_closed_leaves_out_its_line_alone() -> None:
    table = read_table('Account id,Name,Key\na,"A,x\nb,"B",y\n')

    assert list(table.problems) == [2]
    assert table.lines == [(3, "b", ("B", "y"))]


# -- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\nAccount id;E-mail\na;x\n",
        '"sep=;"\nAccount id;E-mail\na;x\n',
        "\ufeffSEP=;\r\n\ufeffAccount-ID;E-mail\r\na;x\r\n",
        "sep=|\nAccount id|E-mail\na|x",
        "Recipients, November\n\nAccount id;E-mail\na;x\n",
        "Konto-ID;E-Mail\n\n;\na;x;;\n",
        "Identifiant du compte\tAdresse e-mail\na\tx",
        "account_id,E-mail,,\na,x,,\n",
        ";Account id;E-mail\n;a;x",
        "Account id,E-mail\rAccount id,E-mail\ra,x",
    ],
)
def test_a_table_is_found_below_what_stands_above_it(text: str) -> None:
    [(_, account, found)] = cells(read_table(text))

    assert account == "a"
    assert [cell for cell in found if cell] == ["x"]


def test_lines_are_those_of_the_file() -> None:
    table = read_table('sep=,\nTitle\n\nAccount id,Key\na,"1\n2"\nb,3\n')

    assert [number for number, _, _ in table.lines] == [5, 7]
    assert table.notes == ("Line 2 is above the heading and was passed over.",)


def test_another_heading_below_is_refused_by_its_line() -> None:
    with pytest.raises(TableError) as caught:
        read_table("Account id,Key\na,x\nKey,Account id\ny,b\n")

    assert "Line 3 is another heading" in caught.value.messages[0]


@pytest.mark.parametrize(
    "content",
    [
        "Account id,Name\na,é\n".encode("utf-8-sig"),
        "Account id,Name\na,é\n".encode("utf-16"),
        "Account id,Name\na,é\n".encode("utf-16-le"),
        "Account id,Name\na,é\n".encode("utf-16-be"),
        "Account id,Name\na,é\n".encode("cp1252"),
    ],
)
def test_a_file_is_read_in_the_encodings_of_spreadsheets(content: bytes) -> None:
    text, note = decoded(content)

    assert read_table(text).lines == [(2, "a", ("é",))]
    assert bool(note) is (content == "Account id,Name\na,é\n".encode("cp1252"))


# -- damage --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["1.23456789012346E+19", "1,23457E+16", "1E+16", "12345678901234500000", "#N/A", "########"]
    + ["#WERT!", "12. Mrz", "Mar-05", "Err:502"],
)
def test_what_a_spreadsheet_ruined_is_seen(text: str) -> None:
    assert damage_of(text)


@pytest.mark.parametrize(
    "text", ["", "0", "1", "1E5", "12345678901234567890", "#", "sk-1E+16", "May"]
)
def test_what_is_whole_is_not_asked_about(text: str) -> None:
    assert not damage_of(text)


@pytest.mark.parametrize(
    ("whole", "written"),
    [
        ("0042", "42"),
        ("0042", "42.0"),
        ("10000000000000001", "1E+16"),
        ("12345678901234567890", "1.23456789012346E+19"),
        ("12345678901234567890", "1,23457E+19"),
        ("12345678901234567890", "12345678901234500000"),
        ("99999999999999999999", "1E+20"),
    ],
)
def test_an_id_is_known_in_what_a_spreadsheet_made_of_it(whole: str, written: str) -> None:
    assert may_become(whole, written)
    assert not may_become("7" + whole, written)


@pytest.mark.parametrize(
    "text",
    ["0042", "10000000000000001", "1E5", "1-2", "2026-01-02", "1/2", "MARCH1", "TRUE", "Wahr", "+4"]
    + ["'quoted", "''", "a", "shop-1.example", "42", "=1+1"],
)
def test_what_is_protected_comes_back_as_it_was(text: str) -> None:
    assert unprotected(protected(text)) == text


def test_what_nobody_protected_stays() -> None:
    assert unprotected("'o@x.example") == "'o@x.example"


# -- whom a line means ---------------------------------------------------------------------------


@pytest.fixture
def console(db: None) -> Console:
    """A console with accounts whose ids are alike."""
    console = make_console()
    for cyclr_id, name in (
        ("0042", "Zero Ltd"),
        ("42", "Plain Ltd"),
        ("7", "Seven"),
        ("8", "Seven Up"),
        ("10000000000000001", "Long Ltd"),
        ("{AB-12}", "Braces"),
        ("acme", 'The "Acme" Inc.'),
    ):
        make_account(console=console, cyclr_id=cyclr_id, name=name)
    return console


@pytest.mark.parametrize(
    ("written", "name", "meant"),
    [
        ("0042", "", "0042"),
        ("'0042", "", "0042"),
        ('="0042"', "", "0042"),
        ("42", "plain  LTD", "42"),
        ("acme", "The Acme Inc", "acme"),
        ("acme", "Acme", "acme"),
        ("acme", '"The Acme" Inc. & Co. S.L.', "acme"),
        ("7", "", "7"),
    ],
)
def test_a_line_means_the_account_of_its_id(
    console: Console, written: str, name: str, meant: str
) -> None:
    found = Accounts(console).meant(written, name)

    assert found.account is not None
    assert found.account.cyclr_id == meant
    assert not (found.problem or found.doubt)


@pytest.mark.parametrize(
    ("written", "name", "words"),
    [
        ("42", "Zero Ltd", ["“Plain Ltd”", "“Zero Ltd”", "“0042” (Zero Ltd) differs only"]),
        ("7", "Somebody", ["“Seven”", "“Somebody”"]),
        ("8", "Seven", ["“Seven Up”", "“Seven” has the id “7”"]),
        ("42", "Plain", ["“Plain Ltd”", "“Plain”"]),
        ("42", "Ltd", ["“Plain Ltd”"]),
        ("1E+16", "", ["“10000000000000001” (Long Ltd) differs only", "has shortened"]),
        ("ab12", "", ["“{AB-12}” (Braces) differs only"]),
        ("\u00a0{ab-12}", "Braces", ["“{AB-12}” (Braces) differs only"]),
        ("unknown", "Seven", ["No account with this id", "“Seven” has the id “7”"]),
    ],
)
def test_a_line_that_means_another_is_left_out_and_says_both(
    console: Console, written: str, name: str, words: list[str]
) -> None:
    found = Accounts(console).meant(written, name)

    assert found.account is None
    assert found.problem
    assert all(word in (found.why or found.problem) for word in words)


def test_an_id_that_may_be_another_shortened_is_asked_about(console: Console) -> None:
    found = Accounts(console).meant("42")

    assert found.account is not None
    assert "“0042” (Zero Ltd)" in found.doubt
