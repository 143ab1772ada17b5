-- Major version 00000000: part of making the database, like the baseline. Statisticians log in with roles of their own
-- that are members of this one.

DO $$
BEGIN
    CREATE ROLE hundbidrag_readers NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        RAISE NOTICE 'role hundbidrag_readers exists already';
END
$$;

GRANT USAGE ON SCHEMA bidrag TO hundbidrag_readers;

ALTER DEFAULT PRIVILEGES FOR ROLE hundbidrag IN SCHEMA bidrag
GRANT SELECT ON TABLES TO hundbidrag_readers;
