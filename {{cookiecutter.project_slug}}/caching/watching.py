"""Watching models: every write through one leaves an intent and renews stamps.

    watch(Book, "books", many_to_many=["tags"])

Django sends signals for saves, deletions (also by cascades and in the admin site),
fixtures and many-to-many changes. It sends none for `QuerySet.update` and the bulk
methods: so the model's manager must be made from WatchedQuerySet. Writes without the
ORM go unnoticed: wrap them in `changing`, or run `manage.py invalidate` afterwards.
SQLite alone notices them, too (change_log.py).
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from django.apps import AppConfig
from django.db import models
from django.db.models import signals

from caching.change_log import log_links, log_rows
from caching.stamps import Change
from caching.stores import Unavailable, get_store
from caching.writes import after_write, before_write, changing, invalidate

_tables: dict[type[models.Model], str] = {}
# By the model of a many-to-many link: the table and the name of the field.
_links: dict[type[models.Model], tuple[str, str]] = {}


def watch(
    model: type[models.Model], table: str, *, many_to_many: Iterable[str] = ()
) -> None:
    """Invalidate `table` on every write to `model` and to its many-to-many fields."""
    _tables[model] = table
    signals.post_migrate.connect(_migrated, sender=model._meta.app_config)
    log_rows(model, table)
    key = f"caching.{table}"
    for signal in (signals.pre_save, signals.pre_delete):
        signal.connect(_before, sender=model, dispatch_uid=key)
    for signal in (signals.post_save, signals.post_delete):
        signal.connect(_after, sender=model, dispatch_uid=key)
    for name in many_to_many:
        field = getattr(model, name).field
        through = field.remote_field.through
        _links[through] = table, name
        log_links(model, field, table)
        signals.m2m_changed.connect(_linked, sender=through, dispatch_uid=key)


def watched_tables() -> list[str]:
    """Return the names of all watched tables, sorted."""
    return sorted(set(_tables.values()))


def open_stamps() -> None:
    """Make the stamps that are missing, so that their quarantine begins now.

    Called when a server starts, so that the quarantine ends before requests come.
    """
    # If the store is away now, the first request opens them.
    with suppress(Unavailable):
        get_store().open(watched_tables())


class WatchedQuerySet(models.QuerySet[Any]):
    """A queryset whose writes invalidate. Use it as `WatchedQuerySet.as_manager()`."""

    def update(self, **values: Any) -> int:
        """Update. It counts as a write to these fields of any row."""
        with self._changing(None, _fields(self.model, values)):
            return super().update(**values)

    def bulk_create(
        self, objs: Iterable[Any], *arguments: Any, **options: Any
    ) -> list[Any]:
        """Create. It counts as a write to new rows; if it may update, to any row."""
        plain = not arguments and not options.get("update_conflicts")
        with self._changing(() if plain else None):
            return super().bulk_create(objs, *arguments, **options)

    def _raw_delete(self, using: str | None) -> int:
        with self._changing(None):
            return super()._raw_delete(using)

    def _changing(
        self, rows: Iterable[object] | None, fields: Iterable[str] | None = None
    ) -> AbstractContextManager[None]:
        table = _tables.get(self.model)
        if not table:
            # A migration's historical model is not watched.
            return nullcontext()
        return changing(table, rows, fields, using=self.db)

    # Django: templates must not call these. A type checker knows no attributes of
    # functions.
    update.alters_data = True  # type: ignore[attr-defined]
    bulk_create.alters_data = True  # type: ignore[attr-defined]


def _rows(instance: models.Model) -> tuple[object, ...]:
    # A new row has no id, and is in no answer yet.
    return () if instance.pk is None else (instance.pk,)


def _fields(model: type[models.Model], names: Iterable[str] | None) -> set[str] | None:
    """Return the names of these fields; None if writing them may add a row."""
    if not names or model._meta.pk.name in names or "pk" in names:
        return None
    return {model._meta.get_field(name).name for name in names}


def _change(instance: models.Model, update_fields: Iterable[str] | None) -> Change:
    # A save without update_fields inserts the row again if it was deleted.
    return Change.build(_rows(instance), _fields(type(instance), update_fields))


def _before(
    sender: type[models.Model],
    instance: models.Model,
    using: str,
    update_fields: Iterable[str] | None = None,
    **kwargs: object,
) -> None:
    before_write(_tables[sender], _change(instance, update_fields), using=using)


def _after(
    sender: type[models.Model],
    instance: models.Model,
    using: str,
    update_fields: Iterable[str] | None = None,
    **kwargs: object,
) -> None:
    after_write(_tables[sender], _change(instance, update_fields), using=using)


def _linked(
    sender: type[models.Model],
    instance: models.Model,
    action: str,
    reverse: bool,
    pk_set: set[object] | None,
    using: str,
    **kwargs: object,
) -> None:
    # In the reverse direction (`tag.books`) the changed rows are those in pk_set.
    table, field = _links[sender]
    change = Change.build(pk_set if reverse else _rows(instance), [field])
    step = before_write if action.startswith("pre_") else after_write
    step(table, change, using=using)


def _migrated(sender: AppConfig, **kwargs: object) -> None:
    # Migrations and `flush` write without signals. An empty plan: nothing was written.
    # (`flush` has no plan.)
    if kwargs.get("plan", True):
        for model in sender.get_models():
            if model in _tables:
                with suppress(Unavailable):
                    invalidate(_tables[model])
