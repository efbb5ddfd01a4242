"""What `doctor` and `check-config` look at: probes that gather facts (core/health/probe_facts.py) and change nothing."""
