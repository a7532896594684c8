"""`streamlit run streamlit_app.py`: the dashboard's server. The pages begin in dashboard/main.py."""

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from dashboard.callers import OwnPagesOnly
from dashboard.downloads import ROUTES
from dashboard.opening import ServerTold
from dashboard.server import lifespan

# Until main.py has run once, Streamlit takes a folder named pages for its old way of navigating, and a page that is
# opened by its address would pass by the gate.
PagesManager.uses_pages_directory = False

app = st.App(
    "dashboard/main.py", lifespan=lifespan, routes=ROUTES, middleware=[Middleware(OwnPagesOnly), Middleware(ServerTold)]
)
