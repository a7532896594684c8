"""docs/callback-doctor.md lists every cause the doctor can name, and no other."""

import ast
import re

from tests.house.sources import ROOT, nodes


def test_every_cause_is_in_the_docs_and_no_other() -> None:
    named = {
        node.args[0].value
        for name, node in nodes("signup")
        if name.startswith("signup/doctor/")
        and isinstance(node, ast.Call)
        and ast.unparse(node.func) == "Cause"
        and isinstance(node.args[0], ast.Constant)
    }
    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "callback-doctor.md").read_text("utf-8"), re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == named
