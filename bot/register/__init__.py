"""The register of guarantees as files: imported from the city's CSV and Excel sheets, reported on, exported."""
