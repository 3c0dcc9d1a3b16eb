"""The steps of GitHub's deployment, each a command.

`python -m ci.release settings` says what is missing; then `choose`, `push`, `run`,
`check` and `promote` bring a commit's image to the server, or to ECS. Uses the standard
library, the `aws` command and Docker, all of which GitHub's machines have.
"""
