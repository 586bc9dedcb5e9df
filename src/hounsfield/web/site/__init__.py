"""The parts of the JSON API that are about the site: peers, associations, orders, routing, jobs."""
