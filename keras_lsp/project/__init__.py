"""What lies around a program: settings, files, suppressions, baselines, environments, and whom to trust.

This room reads the disk and the environment variables, and nothing else of the outside: it starts no process, imports no code of
a workspace, and writes only the baseline that it is told to write. What a bad file says becomes a message, never an exception.
"""
