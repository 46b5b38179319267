"""The composition root: settings, services, app, workers and command line."""
