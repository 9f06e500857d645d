"""Tests of the chaos run: its schedule, its checker, and a short run of the whole."""
