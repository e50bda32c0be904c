"""Questions that the core cannot answer alone, asked out of process.

`questions` and `verify` are plain data and pure functions and may be imported by anyone. `service` answers questions about
Keras from the `cache` or from the `worker`, a child process in the user's interpreter that `process` keeps alive.
`names` asks Jedi, in a child process of its own, about names in other files. Nothing in here is imported by the core
except `questions`, and nothing is started before the first question.
"""
