"""What users type and the files that they write, read or refused in a line."""

import math

import pytest
from cyclopts import App, CoercionError

from temperance.commands.app import describe
from temperance.show.inputs import read_csv, read_value
from temperance.show.options import ExpertNumbers, Numbers, Sizes, Whole
from temperance.show.output import BadInput, resumable


@pytest.fixture
def table(tmp_path):
    def read(text, **options):
        path = tmp_path / "d.csv"
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
        return read_csv(path, **options)

    return read


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_stand_between_marks(table, mark):
    found = table(f"\ufeffu{mark}v{mark}y\n\n1{mark} 2{mark}3\n4{mark}5{mark}-6e1\n")
    assert found.x.tolist() == [[1, 2], [4, 5]]
    assert (found.y.tolist(), found.columns, found.weights, found.doubts) == ([3, -60], ["u", "v"], None, ())


def test_columns_are_chosen_by_name(table):
    found = table("n,y,x\n2,1,3\n0,2,4\n", target="y", weights="n")
    assert (found.x[:, 0].tolist(), found.y.tolist(), found.weights.tolist()) == ([3, 4], [1, 2], [2, 0])


def test_a_first_column_without_a_name_names_rows(table):
    r, pandas = '"","u","y"\n"Mazda, RX4",1,2\n"b",3,4\n', ",u,y\n0,1,2\n1,3,4\n"
    for text in (r, pandas, r.replace('"",', "", 1)):  # the last as R's write.table
        found = table(text)
        assert (found.x.tolist(), found.y.tolist(), found.columns) == ([[1], [3]], [2, 4], ["u"])
        assert "".join(found.doubts).startswith("the first column has no name")


def test_columns_of_x_are_chosen_by_their_names_and_no_other_need_be_numbers(table):
    text = "u,species,v,w,y\n1,setosa,2,3,4\n5,virginica,6,7,8\n"
    found = table(text, columns=["w", "u"])
    assert (found.x.tolist(), found.y.tolist(), found.columns) == ([[3, 1], [7, 5]], [4, 8], ["w", "u"])
    with pytest.raises(ValueError, match="column 'species' holds no numbers, but 'setosa': --columns and --target"):
        table(text)
    with pytest.raises(ValueError, match="no column 'z'"):
        table(text, columns=["z"])
    for columns in (["y"], ["u", "u"]):
        with pytest.raises(ValueError, match="must be columns of their own"):
            table(text, columns=columns)


def test_a_missing_cell_is_nan_where_it_may_be(table):
    assert [math.isnan(v) for v in table("x,y\n1,NA\n,2\n3,4\n", drop_missing=True).y] == [True, False, False]


def test_a_frame_without_names_has_the_header_that_pandas_writes(table):
    found = table(",0,1\n0,5,6\n1,7,8\n")
    assert (found.x.tolist(), found.y.tolist(), found.columns, found.target) == ([[5], [7]], [6, 8], ["0"], "1")
    assert found.doubts == ("the first column has no name: it is read as names of rows, and left out",)
    with pytest.raises(ValueError, match="row 1, column '1': the value is missing"):
        table(",1,2\n3,4,5\n")  # no names that pandas gives


@pytest.mark.parametrize(
    ("text", "options", "name"),
    [("u,price\n1,2\n3,4\n", {}, "price"), ("1,2\n3,4\n", {}, "y"), ("1,2\n3,4\n", {"target": "1"}, "1")],
)
def test_y_is_called_what_its_column_is(table, text, options, name):
    assert table(text, **options).target == name


@pytest.mark.parametrize(("first", "doubted"), [("0,1", True), ("1.5,2", False), ("3,3", False), ("7,9", True)])
def test_a_row_of_whole_numbers_may_be_a_header(table, first, doubted):
    assert bool(table(f"{first}\n0.5,1.5\n2.5,0.25\n").doubts) == doubted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("u,w\n1,2\n,3\n", "row 3, column 'u': the value is missing"),
        ("u,w\n1,2\nNA,3\n", "row 3, column 'u': the value is missing"),
        ("u,w\n1,2\n3,four\n", "row 3, column 'w': 'four' is not a number"),
        ("u,w\n1,2\n3,inf\n", "row 3, column 'w': 'inf' is not finite"),
        ("u;w\n1;2\n3;1,5\n", "row 3, column 'w': '1,5' is not a number: a decimal point is needed"),
        ("1,x\n1,2\n3,4\n", "row 1, column '2': 'x' is not a number"),
        ("u w\n1 2\n", "between commas, semicolons or tabs"),
        ("u,w\n1,2\n3\n", "row 3 has not 2 cells but 1"),
        ("u,u\n1,2\n", "row 1: the names of the columns"),
        ("w\n1\n", "at least two columns"),
        ("u,w\n", "no rows"),
        ("", "no rows"),
        ("\udcff\udcfe\0", "cannot be read"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_one_line(table, text, message):
    with pytest.raises(ValueError, match=rf"^[^\n]*{message}[^\n]*$"):
        table(text)


def test_numbers_are_read_by_their_digits():
    assert read_value({"tau": 0.1, "k": [2]}, "an object", str) == {"tau": "0.1", "k": ["2"]}
    with pytest.raises(ValueError, match="no such value"):
        read_value({"tau": {1, 2}}, "an object")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Whole, "1e3", "--it takes an integer of at most 9 digits, not '1e3'"),
        (Sizes, "100,2.5e4", (100, 25000)),
        (ExpertNumbers, "1, 2", (1, 2)),
        (Numbers, ".1,-2e-3", (0.1, -0.002)),
        (Numbers, ".1;2", "--it takes numbers separated by commas"),
        (float | None, "hot", "--it takes a number, not 'hot'"),
    ],
)
def test_an_option_takes_its_kind_of_value(kind, text, value):
    app, given = App(), []

    @app.default
    def command(*, it: kind = None):
        given.append(it)

    if isinstance(value, str):
        with pytest.raises(CoercionError) as refusal:
            app([f"--it={text}"], exit_on_error=False, print_error=False)
        assert describe(refusal.value).startswith(value)
    else:
        app([f"--it={text}"], exit_on_error=False, print_error=False, result_action="return_value")
        assert given == [value]


@pytest.mark.parametrize(("store", "words"), [("s.sqlite", "are in s.sqlite"), (None, "--store FILE.sqlite")])
def test_what_is_stopped_says_where_its_results_are(store, words):
    with pytest.raises(KeyboardInterrupt, match=words), resumable(store):
        raise KeyboardInterrupt
    with pytest.raises(BadInput, match=words), resumable(store):
        raise MemoryError
