class HealthCheck:
    @extend_schema(
        operation_id="health_check",
        responses={200: HealthSerializer, 503: HealthSerializer},
    )
    def get(self, request: Request) -> Response:
        database, cache = database_state(), get_store().ping()
        report = {
            "status": summary(database=database, cache=cache),
            "database": database,
            "cache": OK if cache else UNREACHABLE,
            "release": settings.RELEASE,
        }
        return Response(report)
