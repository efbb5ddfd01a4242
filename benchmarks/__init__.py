"""One mail's way, timed step by step beside a naive script: `./run bench`, `docs/performance.md`."""
