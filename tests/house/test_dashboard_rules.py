"""The look's rules that can be read off the code."""

import ast
import re

from tests.house.sources import attributes, name_of, nodes, project_files, python_files, texts, tree

NEEDS = {
    "altair_chart": {"alt", "key"},
    "vega_lite_chart": {"alt", "key"},
    "dataframe": {"alt", "key"},
    "data_editor": {"alt", "key"},
    "table": {"alt"},  # Streamlit's table takes no key
}
HEX = re.compile(r"#(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})\b")
OUR_PARTS = {path.stem for path in python_files("dashboard")}
MARKED_LISTS = {"dashboard/labels.py", "dashboard/charts.py"}


def test_nothing_reaches_around_streamlit() -> None:
    banned = {"st.html", "st.components", "st.iframe", "streamlit.components"}
    words = [f"{name}:{line} {word}" for name, word, line in attributes("dashboard") if word in banned]
    assert words == []
    passed = {"unsafe_allow_html", "use_container_width"}
    arguments = [
        f"{name} {node.arg}"
        for name, node in nodes("dashboard")
        if isinstance(node, ast.keyword) and node.arg in passed
    ]
    assert arguments == []


def test_every_chart_and_table_has_a_key_and_a_sentence_for_those_who_cannot_see_it() -> None:
    silent = [
        f"{name}:{node.lineno} {node.func.attr}"
        for name, node in nodes("dashboard", "streamlit_app.py")
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func.value) not in OUR_PARTS
        and not NEEDS.get(node.func.attr, set()) <= {argument.arg for argument in node.keywords}
    ]
    assert silent == []


def test_no_coloured_word_stands_in_a_caption_for_streamlit_pales_it() -> None:
    paled = [
        f"{name}:{node.lineno}"
        for name, node in nodes("dashboard")
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "caption"
        and re.search(r":(?:red|orange|green|blue|violet|gray)\[|quiet\(", " ".join(map(ast.unparse, node.args)))
    ]
    assert paled == []


def test_no_chart_comes_from_elsewhere() -> None:
    others = {
        f"st.{kind}_chart" for kind in ("line", "bar", "area", "scatter", "plotly", "graphviz", "pydeck", "echarts")
    }
    assert [f"{name}:{line}" for name, word, line in attributes("dashboard") if word in others] == []


def test_colours_stand_in_the_theme_and_in_two_marked_lists() -> None:
    coloured = [f"{name}:{line}" for name, text, line in texts() if HEX.search(text) and name not in MARKED_LISTS]
    assert coloured == []


def test_each_marked_list_is_one() -> None:
    for path in python_files("dashboard"):
        if name_of(path) in MARKED_LISTS:
            lists = [node for node in tree(path).body if HEX.search(ast.unparse(node))]
            assert len(lists) == 1, name_of(path)


def test_pages_draw_no_picture_from_another_host() -> None:
    known = re.compile(r"https?://(?!127\.0\.0\.1|localhost)[^\s\"'`)]+")
    foreign = [f"{name}:{line} {text}" for name, text, line in texts("dashboard") if known.search(text)]
    assert foreign == []
    assert [name_of(path) for path in project_files() if path.suffix == ".css"] == []
