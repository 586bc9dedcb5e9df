"""What a site adds to its images: peers, routing, orders, work items and what is done with them."""
