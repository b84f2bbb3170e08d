"""The database chains each event by itself, and refuses to change, remove or reorder one.

On SQLite a later migration that alters one of these three tables makes it anew, and its triggers are gone: such a
migration must end with `add_guards` again (tests/detection/test_audit_guards.py notices where it does not).
"""

from django.db import migrations

TABLES = ('detection_auditevent', 'detection_auditlink', 'detection_audithead')
GENESIS = '0' * 64

# PostgreSQL: the chain's trigger runs when the transaction commits, so that the head is locked for the commit only, and
# after every other lock was taken.
POSTGRESQL = f"""
CREATE FUNCTION detection_audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last detection_audithead%ROWTYPE;
    link text;
BEGIN
    SELECT * INTO last FROM detection_audithead WHERE id = 1 FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO detection_audithead (id, position, hash) VALUES (1, 0, '{GENESIS}') ON CONFLICT DO NOTHING;
        SELECT * INTO STRICT last FROM detection_audithead WHERE id = 1 FOR UPDATE;
    END IF;
    link := encode(sha256(convert_to(last.hash || NEW.digest, 'UTF8')), 'hex');
    INSERT INTO detection_auditlink (position, event_id, hash) VALUES (last.position + 1, NEW.id, link);
    UPDATE detection_audithead SET position = last.position + 1, hash = link WHERE id = 1;
    RETURN NULL;
END $$;

CREATE FUNCTION detection_audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is only ever added to: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = '23000';
END $$;

CREATE FUNCTION detection_audit_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.position = OLD.position + 1
        AND EXISTS (SELECT 1 FROM detection_auditlink WHERE position = NEW.position AND hash = NEW.hash) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the head of the audit trail only moves to the next link' USING ERRCODE = '23000';
END $$;

CREATE CONSTRAINT TRIGGER detection_audit_chain AFTER INSERT ON detection_auditevent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION detection_audit_chain();
CREATE TRIGGER detection_audit_event_stays BEFORE UPDATE OR DELETE ON detection_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION detection_audit_refuse();
CREATE TRIGGER detection_audit_link_stays BEFORE UPDATE OR DELETE ON detection_auditlink
    FOR EACH STATEMENT EXECUTE FUNCTION detection_audit_refuse();
CREATE TRIGGER detection_audit_head_stays BEFORE DELETE ON detection_audithead
    FOR EACH STATEMENT EXECUTE FUNCTION detection_audit_refuse();
CREATE TRIGGER detection_audit_head_steps BEFORE UPDATE ON detection_audithead
    FOR EACH ROW EXECUTE FUNCTION detection_audit_step();
""" + ''.join(
    f"""
CREATE TRIGGER detection_audit_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION detection_audit_refuse();
""" for table in TABLES
)
POSTGRESQL_REVERSE = """
DROP FUNCTION detection_audit_chain() CASCADE;
DROP FUNCTION detection_audit_refuse() CASCADE;
DROP FUNCTION detection_audit_step() CASCADE;
"""

# SQLite has one writer at a time: chaining at once is as good. Django gives SHA256 to its connections; a program that
# has no such function cannot add an event.
SQLITE = {
    'detection_audit_chain': f"""
        AFTER INSERT ON detection_auditevent
        BEGIN
            INSERT OR IGNORE INTO detection_audithead (id, position, hash) VALUES (1, 0, '{GENESIS}');
            INSERT INTO detection_auditlink (position, event_id, hash)
                SELECT position + 1, NEW.id, SHA256(hash || NEW.digest) FROM detection_audithead WHERE id = 1;
            UPDATE detection_audithead SET position = position + 1,
                hash = (SELECT hash FROM detection_auditlink WHERE event_id = NEW.id) WHERE id = 1;
        END""",
    'detection_audit_head_steps': """
        BEFORE UPDATE ON detection_audithead
        WHEN NOT (NEW.id = 1 AND NEW.position = OLD.position + 1 AND EXISTS (
            SELECT 1 FROM detection_auditlink WHERE position = NEW.position AND hash = NEW.hash))
        BEGIN SELECT RAISE(ABORT, 'the head of the audit trail only moves to the next link'); END""",
    **{
        f'detection_audit_{name}': f"""
        BEFORE {verb} ON {table}
        BEGIN SELECT RAISE(ABORT, 'the audit trail is only ever added to: {verb} on {table} is refused'); END"""
        for name, verb, table in (
            ('event_unchanged', 'UPDATE', 'detection_auditevent'),
            ('event_stays', 'DELETE', 'detection_auditevent'),
            ('link_unchanged', 'UPDATE', 'detection_auditlink'),
            ('link_stays', 'DELETE', 'detection_auditlink'),
            ('head_stays', 'DELETE', 'detection_audithead'),
        )
    },
}


def add_guards(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(POSTGRESQL, params=None)
    elif schema_editor.connection.vendor == 'sqlite':
        for name, body in SQLITE.items():
            schema_editor.execute(f'CREATE TRIGGER {name} {body}', params=None)


def remove_guards(apps, schema_editor):
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(POSTGRESQL_REVERSE, params=None)
    elif schema_editor.connection.vendor == 'sqlite':
        for name in SQLITE:
            schema_editor.execute(f'DROP TRIGGER {name}', params=None)


class Migration(migrations.Migration):

    dependencies = [('detection', '0003_audit_chain')]

    operations = [migrations.RunPython(add_guards, remove_guards)]
