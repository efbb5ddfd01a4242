"""Commands about an installation: make its settings, check them, look what stands against it."""
