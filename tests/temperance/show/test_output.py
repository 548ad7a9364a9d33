"""Tables, JSON and files that are written whole or not at all."""

import math

import pytest

from temperance.show.output import BadInput, Display, check_writable, console, to_json, write_file
from temperance.show.table import Table, coloured


@pytest.mark.parametrize("columns", [8, 20])
def test_a_table_without_room_for_its_words_loses_no_letter(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    table = Table("c", ("first", "second"), (("homogeneous and a half", "mirror"), ("", "odd")))
    console().print(table.text(console().width))
    letters = sorted("".join(capsys.readouterr().out.replace("─", "").split()))
    assert letters == sorted("firstsecondhomogeneousandahalfmirrorodd")


@pytest.mark.parametrize(
    ("text", "style"),
    [("holds, not at tau = 1", "green"), ("crashed", "red"), ("undecided", "yellow"), ("tau", ""), ("", "")],
)
def test_a_cell_has_the_colour_of_its_first_word(text, style):
    assert (coloured(text).plain, coloured(text).style) == (text, style)


def test_json_is_strict_and_keeps_the_order():
    assert to_json({"b": 1, "a": None}) == '{\n  "b": 1,\n  "a": null\n}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json([math.nan])


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "f.txt"
    write_file(str(path), "one")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(BadInput, match="No space left"):
        write_file(str(path), "two")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("f.txt", "one")]


@pytest.mark.parametrize(
    ("name", "words"), [("f.txt", r"accepted: \.json"), ("no/f.json", "folder"), (".json", ".json")]
)
def test_a_place_for_a_file_is_checked_before(tmp_path, name, words):
    with pytest.raises(BadInput, match=words):
        check_writable(str(tmp_path / name), endings=(".json",))
    assert check_writable(str(tmp_path / "f.json"), endings=(".json",)).name == "f.json"


def test_progress_is_silent_without_a_terminal(capsys):
    with Display() as shown, shown.doing("counting") as tell:
        tell(1, 2)
    assert capsys.readouterr() == ("", "")


def test_a_table_of_records_keeps_their_data():
    table = Table.of("c", {"name": "n", "size": lambda r: f"{r['size']:.1f}"}, [{"n": "a", "size": 2}])
    assert (table.columns, table.rows) == (("name", "size"), (("a", "2.0"),))
    assert table.record() == [{"n": "a", "size": 2}]
    assert Table("c", ("x",), (("1",),)).record() == [{"x": "1"}]


def test_a_table_of_a_page_has_a_caption_and_badges():
    html = Table("a & b", ("verdict",), (("holds, <1>",),)).html("id")
    assert '<caption id="id">a &amp; b</caption>' in html
    assert '<th scope="row" class="short"><span class="badge holds">holds, &lt;1&gt;</span></th>' in html
    assert Table("c", ("x",), (("<\n",),)).html().endswith("<tbody><tr><td>&lt;</td></tr></tbody></table>")
