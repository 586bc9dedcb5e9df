"""What a site sets up and what happens on its network: peers, associations, orders, procedure steps, work items, jobs.

Nothing of it can be told from the stored objects, so `hounsfield rebuild` takes these tables over from the old index.
"""
