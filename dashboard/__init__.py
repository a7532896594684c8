"""What people see: Streamlit and nothing of Flask. main.py is the gate, pages/ what a person sees, parts/ what they share."""
