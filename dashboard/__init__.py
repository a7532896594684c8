"""What people see: Streamlit, and nothing of Flask.

main.py is the gate and the navigation; every page is one file; parts/ is what several pages show.
"""
