"""Durable background work: kept in the index, carried out by the worker process."""
