"""All settings. What differs between machines comes from the environment.

Only two secrets are required: then it is SQLite, an in-process cache and one worker.
`DATABASE_URL` and `REDIS_URL` switch to PostgreSQL and Redis.
"""

from datetime import timedelta

from django.utils.text import slugify

from config import workers
from config.environment import (
    BASE_DIR,
    boolean,
    choice,
    database,
    env,
    integer,
    load_dotenv,
    origins,
    rate,
    redis_address,
    secret,
)
from config.incoming import MAX_BODY

load_dotenv()

# Process

SECRET_KEY = secret("SECRET_KEY")
DEBUG = boolean("DEBUG")
RELEASE = env.str("RELEASE", default="dev")
WORKER_PROCESSES = integer("WEB_CONCURRENCY", 1, minimum=1)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

INSTALLED_APPS = [
    "config.apps.LibraryAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_standardized_errors",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "caching",
    "common",
    "users",
    "books",
    "loans",
]

MIDDLEWARE = [
    "common.http_metrics.Routes",
    "common.middleware.BodylessHead",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Paths are exactly those of the API's contract, which end without a slash.
APPEND_SLASH = False
# Bytes of a body. What has more is refused unread (413).
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = True

# Data

DATABASES = {"default": database(default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
# Seconds; 0 is no limit. A deploy sets it (common/management/commands/migrate.py).
MIGRATION_STATEMENT_TIMEOUT = integer("MIGRATION_STATEMENT_TIMEOUT", 0)
# From here on a statement is slow: common/slow_queries.py logs it.
SLOW_QUERY_MILLISECONDS = integer("SLOW_QUERY_MILLISECONDS", 500)
# Not for Django's own cache framework, which would execute what it reads (pickle).
REDIS_URL = redis_address()

CACHING = {
    "redis_url": REDIS_URL,
    "prefix": env.str("CACHE_PREFIX", default="library"),
    "release": slugify(RELEASE),
    "ttl": integer("CACHE_TTL", 180, minimum=1),
    "lease": integer("CACHE_LEASE", 5, minimum=1),
    "writes_need_cache": boolean("CACHE_REQUIRED_FOR_WRITES"),
    "access": "users.access.ReaderAccess",
    "page": boolean("CACHE_PAGE", DEBUG),
    "page_streams": integer("WEB_THREADS", workers.THREADS, minimum=1) // 4,
}

# Security

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["users.librarians.LibrarianBackend"]
PASSWORD_HASHERS = [
    "users.hashers.FrugalArgon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

USE_HTTPS = boolean("USE_HTTPS")
SECURE_SSL_REDIRECT = USE_HTTPS
# Browsers keep this promise even when the domain goes, so it is short until a person
# makes it longer, and for this name alone until a person says more.
SECURE_HSTS_SECONDS = integer("HSTS_SECONDS", 300) * USE_HTTPS
SECURE_HSTS_INCLUDE_SUBDOMAINS = boolean("HSTS_SUBDOMAINS") and USE_HTTPS
SECURE_HSTS_PRELOAD = boolean("HSTS_PRELOAD") and USE_HTTPS
# `check --deploy` would ask for them.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if USE_HTTPS else None
# The container, the load balancer and Prometheus ask from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^api/v1/common/health-check$", r"^metrics$"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = USE_HTTPS
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# What a server need not show to everybody.
SERVE_ADMIN = boolean("SERVE_ADMIN", True)
SERVE_DOCS = boolean("SERVE_DOCS", True)
CORS_ALLOWED_ORIGINS = origins("CORS_ALLOWED_ORIGINS")
X_FRAME_OPTIONS = "DENY"

# API

# Copies that a reader may have on loan at the same time.
LOANS_PER_READER = integer("LOANS_PER_READER", 20, minimum=1)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["users.authentication.ReaderAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["common.renderers.FastJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.parsers.NestingSafeJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "common.negotiation.AlwaysJSON",
    "DEFAULT_PAGINATION_CLASS": "common.pagination.Pages",
    # OPTIONS describes no view: the OpenAPI document does.
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "common.schema.Schema",
    "DEFAULT_THROTTLE_RATES": {
        "login": rate("THROTTLE_LOGIN", "10/min"),
        "register": rate("THROTTLE_REGISTER", "30/hour"),
        "refresh": rate("THROTTLE_REFRESH", "60/min"),
        # Failed logins of one account, from all addresses together.
        "account": rate("THROTTLE_ACCOUNT", "20/hour"),
    },
    # How many proxies are in front. With the right number nobody can forge an address.
    "NUM_PROXIES": integer("NUM_PROXIES", 0),
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "common.errors.APIExceptionHandler",
    # With DEBUG on, too, an error is JSON and no page with a stack trace.
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
}

SIMPLE_JWT = {
    "ALGORITHM": choice("JWT_ALGORITHM", "HS256", ("HS256", "HS384", "HS512")),
    "SIGNING_KEY": secret("JWT_SECRET_KEY"),
    "AUTH_HEADER_TYPES": (env.str("AUTH_HEADER", default="Bearer"),),
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Library API",
    "DESCRIPTION": "Readers borrow books; librarians keep the catalogue.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.schema.leave_defaults_out_of_patches",
    ],
    "ENUM_NAME_OVERRIDES": {"ServiceState": ["ok", "unreachable"]},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "common.logs.JSONLine"},
        "line": {
            "()": "common.logs.TextLine",
            "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: "
            "%(message)s",
        },
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        "events": {"class": "logging.StreamHandler", "formatter": "json"},
        "requests": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "stream": "ext://sys.stdout",
        },
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # A 4xx is the client's error. The access log has it, on the server at least.
        "django.request": {"level": "ERROR"},
        # Robots that try out host names are not our errors.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "library.access": {"handlers": ["requests"], "propagate": False},
        "library.database": {"handlers": ["events"], "propagate": False},
        "library.security": {"handlers": ["events"], "propagate": False},
    },
}
