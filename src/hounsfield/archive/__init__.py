"""What the archive does, one verb or noun a module; every edge calls it, it knows no protocol."""
