"""The two apps of the documentation of dash_glue42, served and shown by ``dash-interop demo``."""
