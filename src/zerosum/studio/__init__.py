"""The studio: people train, sample, review and approve together, in a browser and by an API.

It is a face: pages and routes parse and render, `acts` change what is recorded, `pipeline` moves
work on, and trainings and samplings are processes of their own (`jobs`). Beside it `writing` and
`rules` make and check copy, and need no server. The extra `studio` brings what all of it needs.
"""
