-- 1,000 users for the load script to pick from. Idempotent, and no migration: a rollback of the schema has nothing to undo here.
INSERT INTO users (id, email, name)
SELECT n, 'user' || n || '@shop.example', 'User ' || n
FROM generate_series(1, 1000) AS n
ON CONFLICT (id) DO NOTHING;

-- the ids above were given, not drawn: the next drawn one must lie behind them
SELECT setval(pg_get_serial_sequence('users', 'id'), (SELECT max(id) FROM users));
