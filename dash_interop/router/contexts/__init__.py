"""The domain ``context`` behind the seam of the router."""
