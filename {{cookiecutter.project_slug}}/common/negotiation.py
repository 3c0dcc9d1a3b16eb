"""Chooses the format of an answer: there is one."""

from rest_framework.negotiation import DefaultContentNegotiation


class AlwaysJSON(DefaultContentNegotiation):
    """Answer JSON whatever `Accept` says.

    One representation per resource keeps a cached answer equal to a computed one.
    """

    def select_renderer(self, request, renderers, format_suffix=None):
        """Return the first renderer and its media type."""
        return renderers[0], renderers[0].media_type
