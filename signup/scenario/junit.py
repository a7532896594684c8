"""Results as JUnit XML, which CI systems read: one case a scenario. It must not play anything.

A step that differs is a failure; a story that could not be played to its end is an error.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from signup.clock import text
from signup.scenario.result import Result

NAME = "scenarios"


def document(results: Sequence[Result]) -> bytes:
    """The whole file."""
    root = Xml.Element("testsuites", _counts(results))
    suite = Xml.SubElement(root, "testsuite", _counts(results), skipped="0")
    if results:
        suite.set("timestamp", text(results[0].began)[:19])
    for result in results:
        _case(suite, result)
    Xml.indent(root)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def _case(suite: Xml.Element, result: Result) -> None:
    case = Xml.SubElement(suite, "testcase", classname=result.file, name=result.name, time=f"{result.seconds:.3f}")
    problem = result.problem
    if problem:
        word = "failure" if result.differs else "error"
        Xml.SubElement(case, word, message=problem, type=result.end).text = problem
    Xml.SubElement(case, "system-out").text = "\n".join(step.line for step in result.steps)


def _counts(results: Sequence[Result]) -> dict[str, str]:
    return {
        "name": NAME,
        "tests": str(len(results)),
        "failures": str(sum(result.differs is not None for result in results)),
        "errors": str(sum(result.cannot is not None for result in results)),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }
