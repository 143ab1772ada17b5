-- The grants for dogs begin here, while their database is being made.

\set password hundbidrag
\getenv password POSTGRESQL_HUNDBIDRAG_PASSWORD

-- Roles belong to the whole server, so this one may be there already; then it keeps its password.
SET hundbidrag.password = :'password';

DO $$
BEGIN
    EXECUTE format(
        'CREATE ROLE hundbidrag LOGIN PASSWORD %L',
        current_setting('hundbidrag.password')
    );
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        RAISE NOTICE 'role hundbidrag exists already';
END
$$;

CREATE SCHEMA bidrag AUTHORIZATION hundbidrag;
