#!/bin/sh
# Without arguments: what touches the database on PostgreSQL, with the browser tests, which take both databases by
# themselves; then everything else on SQLite. With arguments: pytest with them, once, on TEST_DATABASE_URL's database
# or on SQLite.
set -eu
python=.venv/bin/python

if [ $# -gt 0 ]; then
    exec "$python" -m pytest "$@"
fi

url=${TEST_DATABASE_URL:-postgres://postgres@127.0.0.1:5432/postgres}
if reason=$("$python" -c 'import psycopg, sys; psycopg.connect(sys.argv[1], connect_timeout=3).close()' "$url" 2>&1); then
    echo "== PostgreSQL, and the browser on both databases"
    TEST_DATABASE_URL=$url "$python" -m pytest tests/detection tests/learning tests/project tests/e2e \
        --ignore-glob "tests/project/test_makefile*"
    set -- --ignore tests/e2e
elif [ -n "${TEST_DATABASE_URL:-}${CI:-}" ]; then
    echo "No PostgreSQL server answers: $(echo "$reason" | tail -n 1)" >&2
    exit 1
else
    echo "== PostgreSQL: SKIPPED, no server answers on 127.0.0.1:5432. TEST_DATABASE_URL names another one."
    echo "   ($(echo "$reason" | tail -n 1))"
fi

echo "== SQLite"
unset TEST_DATABASE_URL
exec "$python" -m pytest "$@"
