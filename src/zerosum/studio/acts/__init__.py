"""What people do: each act checks, changes and is written into the audit log, in one transaction.

Pages and the API call these and nothing else, so that both give the same sentences.
"""
