"""The page /cache: each request, intent and lock, as it happens. For development.

It is there while `CACHING["page"]` is on. Off, nothing here is imported by a request.

recorder   notes what happens: a WSGI layer, and receivers of caching/signals.py
ring       keeps the latest notes, for all worker processes
state      what the store holds of each table now
views      the page, and a stream of both (Server-Sent Events)
"""
