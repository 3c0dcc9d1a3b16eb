"""Sees to it that no write through a model goes unannounced.

    watch(Book, "books", many_to_many=["tags"])

Signals tell of saves, deletions (cascades and the admin site's included), fixtures
and many-to-many changes. `QuerySet.update` and the bulk methods send none: the model's
manager must be made from WatchedQuerySet. What goes past the ORM goes past this too:
wrap it in `changing`, or run `manage.py invalidate` afterwards.
"""

from contextlib import nullcontext, suppress

from django.db import models
from django.db.models import signals

from caching.breaker import Unavailable
from caching.changes import Change
from caching.store import get_store
from caching.writes import after_write, before_write, changing, invalidate

_tables = {}
# Of many-to-many fields: the table they belong to, and their name.
_links = {}


def watch(model, table, *, many_to_many=()):
    """Announce every write to `model`, and to its many-to-many fields, on `table`."""
    _tables[model] = table
    signals.post_migrate.connect(_migrated, sender=model._meta.app_config)
    key = f"caching.{table}"
    for signal in (signals.pre_save, signals.pre_delete):
        signal.connect(_before, sender=model, dispatch_uid=key)
    for signal in (signals.post_save, signals.post_delete):
        signal.connect(_after, sender=model, dispatch_uid=key)
    for name in many_to_many:
        through = getattr(model, name).through
        _links[through] = table, name
        signals.m2m_changed.connect(_linked, sender=through, dispatch_uid=key)


def watched_tables():
    """Return the names of all that is watched, in order."""
    return sorted(set(_tables.values()))


def open_stamps():
    """Make the stamps that are missing, so that their quarantine begins now.

    Called when a server starts: it is over before the first readers come.
    """
    # Without an answer the first reader opens them.
    with suppress(Unavailable):
        get_store().open(watched_tables())


class WatchedQuerySet(models.QuerySet):
    """A queryset whose writes are announced too: `WatchedQuerySet.as_manager()`."""

    def update(self, **values):
        """Update, as a write on these fields of any row."""
        with self._changing(None, _fields(self.model, values)):
            return super().update(**values)

    def bulk_create(self, objs, *arguments, **options):
        """Create, as a write on new rows, or on any where it may update."""
        plain = not arguments and not options.get("update_conflicts")
        with self._changing(() if plain else None):
            return super().bulk_create(objs, *arguments, **options)

    def _raw_delete(self, using):
        with self._changing(None):
            return super()._raw_delete(using)

    def _changing(self, rows, fields=None):
        table = _tables.get(self.model)
        if not table:
            # A migration's historical model is not watched.
            return nullcontext()
        return changing(table, rows, fields, using=self.db)

    update.alters_data = bulk_create.alters_data = True


def _rows(instance):
    # A row that is new is on no page yet.
    return () if instance.pk is None else (instance.pk,)


def _fields(model, names):
    """Return the names of these fields, or None if a row may come by writing them."""
    if not names or model._meta.pk.name in names or "pk" in names:
        return None
    return {model._meta.get_field(name).name for name in names}


def _change(instance, update_fields):
    # A save without update_fields inserts the row if it is gone.
    return Change.of(_rows(instance), _fields(type(instance), update_fields))


def _before(sender, instance, using, update_fields=None, **kwargs):
    before_write(_tables[sender], _change(instance, update_fields), using=using)


def _after(sender, instance, using, update_fields=None, **kwargs):
    after_write(_tables[sender], _change(instance, update_fields), using=using)


def _linked(sender, instance, action, reverse, pk_set, using, **kwargs):
    # Seen from the other side (`tag.books`), the rows are those that were linked.
    table, field = _links[sender]
    change = Change.of(pk_set if reverse else _rows(instance), [field])
    if action.startswith("pre_"):
        before_write(table, change, using=using)
    else:
        after_write(table, change, using=using)


def _migrated(sender, **kwargs):
    # Migrations write past the signals, and so does `flush`, which has no plan.
    if kwargs.get("plan", True):
        for model in sender.get_models():
            if model in _tables:
                with suppress(Unavailable):
                    invalidate(_tables[model])
