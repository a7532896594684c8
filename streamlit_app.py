"""`streamlit run streamlit_app.py`: the dashboard's server. The pages begin in dashboard/main.py."""

import streamlit as st

from dashboard.downloads import ROUTES
from dashboard.server import lifespan

app = st.App("dashboard/main.py", lifespan=lifespan, routes=ROUTES)
