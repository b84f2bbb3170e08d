#!/bin/sh
# Without arguments, where a PostgreSQL server answers: on it, every test that touches the database, with those that start
# real workers and models, and with schemathesis, which finds more there; at the same time, on another core, everything on
# SQLite, but for those. The browser tests, which take both databases by themselves, come last: then the machine is theirs,
# or nearly.
# With arguments: pytest with them, once, on TEST_DATABASE_URL's database or on SQLite.
set -eu
python=.venv/bin/python

if [ $# -gt 0 ]; then
    exec "$python" -m pytest "$@"
fi

asked=${TEST_DATABASE_URL:-}${CI:-}
url=${TEST_DATABASE_URL:-postgres://postgres@127.0.0.1:5432/postgres}
unset TEST_DATABASE_URL
if ! reason=$("$python" -c 'import psycopg, sys; psycopg.connect(sys.argv[1], connect_timeout=3).close()' "$url" 2>&1); then
    if [ -n "$asked" ]; then
        echo "No PostgreSQL server answers: $(echo "$reason" | tail -n 1)" >&2
        exit 1
    fi
    echo "== PostgreSQL: SKIPPED, no server answers on 127.0.0.1:5432. TEST_DATABASE_URL names another one."
    echo "   ($(echo "$reason" | tail -n 1))"
    echo "== SQLite"
    exec "$python" -m pytest
fi

log=$(mktemp)
"$python" -m pytest -m "not processes" --ignore tests/e2e --ignore tests/api/test_fuzzing.py >"$log" 2>&1 &
sqlite=$!
trap 'kill $sqlite 2>/dev/null || true; rm -f "$log"' EXIT
status=0
echo "== PostgreSQL (SQLite runs beside it and is shown at the end)"
TEST_DATABASE_URL=$url "$python" -m pytest --database-only --ignore tests/e2e --ignore tests/ml_core || status=$?
echo "== The browser, on both databases"
TEST_DATABASE_URL=$url "$python" -m pytest tests/e2e || status=$?
echo "== SQLite"
tail -n +1 -f --pid=$sqlite "$log"
wait $sqlite || status=$?
exit $status
