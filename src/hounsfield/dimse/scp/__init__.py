"""The services we offer, one module a service class."""
