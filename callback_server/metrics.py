"""GET /metrics: how sign-ups go and how this receiver does, for Prometheus on this machine.

OpenMetrics or Prometheus' older text, as the scraper asks. A stranger, or whoever comes through a proxy, gets the 404
of any other address, with every method. It must never fail, hold up a callback, or tell an id or a number.
"""

from collections.abc import Iterator

from flask import Blueprint, Response, abort, request
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from callback_server.families import of_the_installation, of_the_process
from callback_server.peers import from_here
from callback_server.reading import Latest
from callback_server.traffic import Traffic
from signup.measure import totals
from signup.services import Services

PATH = "/metrics"


class _Told(Collector):
    """Everything of ours, gathered anew for each scrape."""

    def __init__(self, services: Services, traffic: Traffic) -> None:
        self._services = services
        self._traffic = traffic
        self._latest = Latest(lambda: totals.read(services), services.clock.monotonic)

    def collect(self) -> Iterator[Metric]:
        found = self._latest.get()
        yield from of_the_process(self._traffic, self._services.settings.mode, found is not None)
        if found:
            yield from of_the_installation(found, self._services.clock.now())

    def describe(self) -> list[Metric]:
        """Nothing, so that nothing is read before the first scrape."""
        return []


def blueprint(services: Services, traffic: Traffic) -> Blueprint:
    """The one address."""
    registry = CollectorRegistry()
    registry.register(_Told(services, traffic))
    ProcessCollector(registry=registry)
    pages = Blueprint("metrics", __name__)

    @pages.before_app_request
    def hide_from_strangers() -> None:
        """Before the method is looked at: a 405 would tell that something is here."""
        if request.path == PATH and not from_here():
            abort(404)

    def scrape() -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(registry), content_type=content_type)

    pages.add_url_rule(PATH, view_func=scrape, methods=["GET"], provide_automatic_options=False)
    return pages
