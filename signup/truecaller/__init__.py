"""Truecaller's protocol: reading what they say is pure, and `client` alone speaks to them."""
