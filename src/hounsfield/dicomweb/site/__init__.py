"""The worklist, procedure steps, commitment and work items over the web (PS3.18 11 to 15)."""
