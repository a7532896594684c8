"""The receiver: where Truecaller's callbacks arrive, and the only place where Flask lives."""
