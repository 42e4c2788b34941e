"""Proves that a resumed run is the one that was never interrupted: trains, kills, resumes, compares."""
