class HealthCheck:
    @extend_schema(
        operation_id="health_check",
        responses={200: HealthSerializer, 503: HealthSerializer},
    )
    def get(self, request: Request) -> Response:
        return Response(
            {
                "status": "ok",
                "database": OK,
                "cache": OK,
                "release": settings.RELEASE,
            }
        )
