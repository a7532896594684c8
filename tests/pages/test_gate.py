"""The gate: a database that is not what it was when the server started is told, never made anew in silence."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from signup.services import Services
from tests.pages.fixtures.visits import MAIN


def test_a_database_that_was_removed_is_not_made_anew_by_a_visit(street: Services) -> None:
    path = Path(street.store.about()["file"])
    path.unlink()
    page = AppTest.from_file(str(MAIN), default_timeout=60).run()
    assert not page.exception
    assert [alert.proto.title for alert in page.error] == ["The dashboard cannot start"]
    assert "run python -m signup migrate" in page.error[0].value
