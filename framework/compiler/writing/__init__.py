"""Turns recorded calls into a program: makes them fewer, gives each result a place, writes the text."""
