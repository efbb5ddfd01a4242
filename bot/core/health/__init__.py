"""Whether all is well: reconciliation, alarms, status."""
