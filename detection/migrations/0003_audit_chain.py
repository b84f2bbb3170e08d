"""The events that are there already are chained in the order in which they were written."""

import hashlib
import json
from datetime import UTC
from decimal import Decimal

from django.db import migrations

GENESIS = '0' * 64
FIELDS = ('actor_name', 'after', 'before', 'data', 'object_id', 'object_type', 'request_id', 'verb')


def whole(value):
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return int(Decimal(repr(value))) if isinstance(value, float) and value.is_integer() else value


def digest_of(event):
    """A copy of detection.audit_chain.digest_of: a migration stays as it was when it was written."""
    content = {name: getattr(event, name) for name in FIELDS}
    content['actor'] = event.actor_id
    content['at'] = event.at.astimezone(UTC).isoformat(timespec='microseconds')
    line = json.dumps(whole(content), sort_keys=True, separators=(',', ':'), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(line.encode('ascii')).hexdigest()


def chain(apps, schema_editor):
    event_model, link_model = apps.get_model('detection', 'AuditEvent'), apps.get_model('detection', 'AuditLink')
    position, previous = 0, GENESIS
    for event in event_model.objects.order_by('pk').iterator(chunk_size=2000):
        position += 1
        digest = digest_of(event)
        previous = hashlib.sha256((previous + digest).encode('ascii')).hexdigest()
        event_model.objects.filter(pk=event.pk).update(digest=digest)
        link_model.objects.create(position=position, event_id=event.pk, hash=previous)
    apps.get_model('detection', 'AuditHead').objects.create(pk=1, position=position, hash=previous)


def unchain(apps, schema_editor):
    apps.get_model('detection', 'AuditLink').objects.all().delete()
    apps.get_model('detection', 'AuditHead').objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [('detection', '0002_audit_columns')]

    operations = [migrations.RunPython(chain, unchain)]
