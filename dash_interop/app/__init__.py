"""The Dash layer: settings of an app, the session route, and functions as callbacks."""
