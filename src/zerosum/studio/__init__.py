"""The studio: people train, sample, review and approve together, in a browser and by an API.

It is a face: pages and routes parse and render, `acts` change what is recorded, `pipeline` moves
work on, and trainings and samplings are processes of their own (`jobs`). The extra `studio` brings
what it needs.
"""
