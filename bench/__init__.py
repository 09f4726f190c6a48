"""Measurements of the service against its peers; see docs/performance.md."""
