"""What runs in a process of its own: checks of data, trainings, samplings.

These modules know neither the database nor Django. A job reads its order from a file, and says on
its standard output, in lines of JSON, how far it is and what it made. A crash of one is an event of
the job, and never of the server.
"""

OFFERS = "recipes.json"
"""In the folder of a check: which recipes take the data, and what can be set of each."""
