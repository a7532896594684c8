"""The application for another WSGI server: `gunicorn callback_server.wsgi:app`. The one place that opens at import."""

import atexit
from contextlib import ExitStack

from callback_server.app import create_app
from signup import logs
from signup.services import open_services
from signup.settings import load

settings = load()
logs.set_up(settings.log)
opened = ExitStack()
atexit.register(opened.close)
app = create_app(opened.enter_context(open_services(settings)))
opened.callback(app.extensions["rejections"].store, last=True)
