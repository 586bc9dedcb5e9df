"""The services we use at other systems, one module a service class."""
