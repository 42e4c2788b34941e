"""Lets anything here be replaced or added to from outside: hooks, the plugins that fill them, and their registries."""
