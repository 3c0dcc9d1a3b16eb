"""Registration, tokens, and who the users are."""

from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from common.bodies import read_body
from common.permissions import IsLibrarian, IsSelfOrLibrarian
from common.queries import HasQuery, PageQuerySerializer
from common.schema import ErrorSerializer
from common.throttling import AddressThrottle
from users import families, services
from users.authentication import current_reader
from users.models import User
from users.serializers import (
    ChangePasswordSerializer,
    LoginSerializer,
    RefreshTokenSerializer,
    RegistrationSerializer,
    TokensSerializer,
    UserSerializer,
)


class GivesTokens(APIView):
    """A throttled endpoint that answers with tokens."""

    throttle_classes = (AddressThrottle,)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Keep every answer out of caches, errors included."""
        return {**super().default_response_headers, "Cache-Control": "no-store"}


class Public(GivesTokens):
    """One that needs no token."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        """Name the scheme, so that a refused login is a 401 and not a 403."""
        return 'Bearer realm="api"'


class UserList(HasQuery, generics.ListAPIView):
    """Registration for everybody; the list for librarians."""

    queryset = User.objects.order_by("id")
    serializer_class = UserSerializer
    query_serializer_class = PageQuerySerializer
    throttle_scope = "register"

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Ask for no token where none is needed."""
        if self.request and self.request.method == "POST":
            return []
        return super().get_authenticators()

    def get_permissions(self) -> list[BasePermission]:
        """Let everybody register."""
        return [AllowAny()] if self.request.method == "POST" else [IsLibrarian()]

    def get_throttles(self) -> list[BaseThrottle]:
        """Count registrations, not look-ups."""
        return [AddressThrottle()] if self.request.method == "POST" else []

    @extend_schema(
        request=RegistrationSerializer,
        responses={201: UserSerializer, 409: ErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        """Register a reader."""
        user = services.register(**read_body(RegistrationSerializer, request))
        return Response(UserSerializer(user).data, status=status.HTTP_201_CREATED)


class UserDetail(generics.RetrieveAPIView):
    """One user, for themselves and for librarians."""

    queryset = User.objects.all()
    serializer_class = UserSerializer
    lookup_url_kwarg = "user_id"
    permission_classes = (IsSelfOrLibrarian,)


class LogIn(Public):
    """Tokens for an email address and a password."""

    throttle_scope = "login"

    @extend_schema(
        request=LoginSerializer, responses={200: TokensSerializer, 401: ErrorSerializer}
    )
    def post(self, request: Request) -> Response:
        """Log in."""
        body = read_body(LoginSerializer, request)
        return Response(services.log_in(request=request, **body))


class RotateTokens(Public):
    """A new pair of tokens for a refresh token, once."""

    throttle_scope = "refresh"

    @extend_schema(
        request=RefreshTokenSerializer,
        responses={200: TokensSerializer, 401: ErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        """Rotate the tokens."""
        return Response(families.rotate(**read_body(RefreshTokenSerializer, request)))


class LogOut(APIView):
    """The end of a refresh token."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        request=RefreshTokenSerializer,
        responses={204: None, 403: ErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        """Log out."""
        body = read_body(RefreshTokenSerializer, request)
        families.end(user=current_reader(request), **body)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogOutEverywhere(APIView):
    """The end of all of a reader's tokens."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Log out everywhere."""
        services.log_out_everywhere(user=current_reader(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Password(GivesTokens):
    """A reader's own password."""

    throttle_scope = "login"

    @extend_schema(request=ChangePasswordSerializer, responses={200: TokensSerializer})
    def post(self, request: Request) -> Response:
        """Change the password. All older tokens are dead."""
        user = current_reader(request)
        body = read_body(ChangePasswordSerializer, request, instance=user)
        return Response(services.change_password(request=request, user=user, **body))
