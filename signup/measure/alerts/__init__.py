"""Alerts: rules over the numbers, a state for each, and the telling of what changed. The numbers stay measure's."""
