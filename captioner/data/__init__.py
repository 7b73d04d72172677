"""Reads annotation files into examples, and puts examples into batches."""
