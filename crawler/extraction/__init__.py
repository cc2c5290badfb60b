"""Page to article, as pure functions: no Scrapy, no SQL, no clock.

A page is decoded and parsed (`page`), a layout selects its parts (`layout`, `select`), the body becomes a list
of plain blocks (`simplify`), furniture goes by place or shape (`cleaning`), trafilatura takes out what
is no prose (`prose`), sign-offs become metadata (`signoff`), dates are read (`dates`), and a gate says
whether the result is an article at all (`gate`). `read` is the way through all of it.
"""
