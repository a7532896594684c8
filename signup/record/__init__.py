"""The audit log: what happened, written down with the change itself, sealed into a tree, read and exported."""
