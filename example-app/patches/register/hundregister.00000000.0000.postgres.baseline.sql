-- The register of dogs begins here, while its database is being made.
--
-- A baseline is a psql script: a pg_dump file would do as well.

\set password hundregister
\getenv password POSTGRESQL_HUNDREGISTER_PASSWORD

-- Roles belong to the whole server, so this one may be there already; then it keeps its password.
SET hundregister.password = :'password';

DO $$
BEGIN
    EXECUTE format(
        'CREATE ROLE hundregister LOGIN PASSWORD %L',
        current_setting('hundregister.password')
    );
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        RAISE NOTICE 'role hundregister exists already';
END
$$;

CREATE SCHEMA register AUTHORIZATION hundregister;
