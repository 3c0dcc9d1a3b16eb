"""Validated request bodies."""


def read_body(serializer_class, request, **options):
    """Return what `serializer_class` accepts of the request's body, as a dict.

    Raises ValidationError (400), which names each bad field.
    """
    serializer = serializer_class(data=request.data, **options)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data
