"""The numbers: what the audit log says, counted. Nothing here is stored, so nothing here can fail a sign-up."""
