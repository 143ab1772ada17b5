-- One of nearly everything that pg_dump writes, and texts that are hard to quote. Only letters that LATIN9 has.
ALTER DATABASE rich SET default_text_search_config = 'pg_catalog.simple';
ALTER ROLE owner IN DATABASE rich SET search_path = shop, public;
COMMENT ON DATABASE rich IS 'rich; with ''quotes'', "double", \backslash and €';
GRANT CREATE ON DATABASE rich TO owner;
ALTER DATABASE rich CONNECTION LIMIT 77;
CREATE SCHEMA shop AUTHORIZATION owner;
CREATE SCHEMA "Odd schema; -- no comment";
COMMENT ON SCHEMA "Odd schema; -- no comment" IS E'two\nlines\t/* and no comment';
CREATE EXTENSION pg_trgm SCHEMA public;
CREATE EXTENSION hstore SCHEMA shop;

SET ROLE owner;
CREATE TYPE shop.colour AS ENUM ('red', 'it''s "blue"', 'grün');
CREATE TYPE shop.pair AS (a integer, "B;" text);
CREATE DOMAIN shop.positive AS integer CHECK (VALUE > 0) DEFAULT 1;
CREATE TYPE shop.span AS RANGE (subtype = float8);
CREATE SEQUENCE shop.loose INCREMENT 5 MINVALUE 3 CYCLE;
SELECT nextval('shop.loose');
CREATE TABLE shop.customer (
    id bigint GENERATED ALWAYS AS IDENTITY (START 100) PRIMARY KEY,
    name text NOT NULL UNIQUE,
    favourite shop.colour DEFAULT 'it''s "blue"',
    amount shop.positive,
    loud text GENERATED ALWAYS AS (upper(name)) STORED,
    tags text[] DEFAULT '{}',
    document jsonb,
    bytes bytea,
    ratio double precision,
    at timestamptz DEFAULT '2024-01-31 12:00+00',
    pair shop.pair,
    store shop.hstore
);
COMMENT ON COLUMN shop.customer.name IS E'\\. is the end\n\\.\n; and ''this''; $$ $body$ :name :''name''';
INSERT INTO shop.customer (name, amount, document, bytes, ratio, tags, pair, store)
SELECT 'name ' || n || E'\ttab\nline\\backslash\r\b\v ''quote'' "double" ; \\. äöüß€Ž $$ :x :''y'' {}',
    nullif(n % 7, 0), jsonb_build_object('n', n, 'text', E'\\ " \u00e9'), decode(md5(n::text), 'hex'), n / 3.0::float8,
    ARRAY[n::text, NULL, 'NULL', '', '\', '"', '{}'], ROW(n, E'a,"b\\')::shop.pair, 'a=>1, b=>NULL'
FROM generate_series(1, 4000) AS n;
INSERT INTO shop.customer (name, favourite) VALUES ('', NULL), ('\N', 'red'), (E'\\.', 'grün'), (E'\n\\.\n', 'red'), ('NULL', NULL),
    (repeat('long ', 40000), 'red'), (E'\\restrict x', 'red'), (E'-- patch: kind=concurrent', 'red');
CREATE UNLOGGED TABLE shop.note (customer bigint REFERENCES shop.customer ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, text text);
INSERT INTO shop.note SELECT id, 'note; ' || id FROM shop.customer LIMIT 3000;
CREATE TABLE shop."empty columns" ();
INSERT INTO shop."empty columns" DEFAULT VALUES;
CREATE TABLE shop."Table ""quoted""; drop" ("select" integer, "a:b" text, "c'd" date, "back\slash" text);
INSERT INTO shop."Table ""quoted""; drop" SELECT n, 'x:y::' || n, '2024-01-01'::date + n, '\' FROM generate_series(1, 500) n;
CREATE TABLE shop.event (id integer, at date NOT NULL, kind text DEFAULT 'a', PRIMARY KEY (id, at, kind)) PARTITION BY RANGE (at);
CREATE TABLE shop.event_2023 PARTITION OF shop.event FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
CREATE TABLE shop.event_2024 PARTITION OF shop.event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') PARTITION BY LIST (kind);
CREATE TABLE shop.event_2024_a PARTITION OF shop.event_2024 FOR VALUES IN ('a', 'b');
CREATE TABLE shop.event_rest PARTITION OF shop.event DEFAULT;
INSERT INTO shop.event SELECT n, '2023-06-01'::date + n % 400, 'a' FROM generate_series(1, 8000) n;
CREATE INDEX event_kind ON shop.event (kind) INCLUDE (id) WHERE kind <> E'\\ ''';
CREATE INDEX customer_name ON shop.customer USING gin (name public.gin_trgm_ops);
ALTER TABLE shop.customer CLUSTER ON customer_pkey;
CREATE STATISTICS shop.correlation (dependencies) ON id, amount FROM shop.customer;

CREATE FUNCTION shop.atomic(n integer) RETURNS integer LANGUAGE sql
BEGIN ATOMIC
    SELECT CASE WHEN n > 0 THEN 1 ELSE CASE n WHEN 0 THEN 2 ELSE 3 END END;
    SELECT count(*)::integer + n FROM shop.customer;
END;
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    text text := 'it''s $$ a dollar $tag$; begin atomic';
BEGIN
    NEW.text := coalesce(NEW.text, E'\\. \' ;');
    RETURN NEW; -- a semicolon;
END;
$body$;
CREATE PROCEDURE shop.work(INOUT n integer) LANGUAGE plpgsql SET search_path = shop SET work_mem = '6MB' AS $$ BEGIN n := n + 1; END $$;
COMMENT ON FUNCTION shop.touch() IS '$body$ $$ \';
CREATE TRIGGER "a ; trigger" BEFORE INSERT OR UPDATE OF text ON shop.note FOR EACH ROW
    WHEN (NEW.text IS DISTINCT FROM E'\\;''') EXECUTE FUNCTION shop.touch();
ALTER TABLE shop.note DISABLE TRIGGER "a ; trigger";
CREATE AGGREGATE shop.total (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
CREATE OPERATOR shop.<+> (LEFTARG = integer, RIGHTARG = integer, FUNCTION = int4pl);
CREATE CAST (shop.pair AS text) WITH INOUT AS ASSIGNMENT;
CREATE COLLATION shop."German ;" FROM "C";
CREATE TEXT SEARCH CONFIGURATION shop.search (COPY = pg_catalog.english);
CREATE VIEW shop.view AS SELECT id, name || E'\\' AS "na;me", loud FROM shop.customer WHERE name ~ '\\.' WITH CHECK OPTION;
CREATE RULE "rule;" AS ON DELETE TO shop.view DO INSTEAD (UPDATE shop.note SET text = ';'; SELECT 1);
CREATE MATERIALIZED VIEW shop.summary AS SELECT kind, count(*) AS n FROM shop.event GROUP BY kind;
CREATE UNIQUE INDEX ON shop.summary (kind);
CREATE MATERIALIZED VIEW shop.unfilled AS SELECT 1 AS one WITH NO DATA;
ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "see; 'own'" ON shop.customer FOR SELECT TO "reader-1", "it's" USING (name = current_user OR name = E'\\''');
GRANT SELECT (id, name), UPDATE (amount) ON shop.customer TO "it's" WITH GRANT OPTION;
GRANT USAGE ON SCHEMA shop TO "Röle ""odd"" name";
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO "reader-1";
RESET ROLE;

CREATE TABLE "Odd schema; -- no comment".t (a text PRIMARY KEY, b xml, c money, d inet, e bit(3), f interval, g numeric, h point);
INSERT INTO "Odd schema; -- no comment".t VALUES ('a', '<x>&amp;;</x>', 12.5, '10.0.0.1/8', B'101', '1 day 2 hours', 'NaN', '(1,2)'),
    ('b', NULL, NULL, NULL, NULL, NULL, 1e-40, NULL);
ALTER TABLE "Odd schema; -- no comment".t OWNER TO "Röle ""odd"" name";
CREATE TABLE public."row" (number integer, text text, sometimes text);
CREATE TABLE public.parent (a integer);
CREATE TABLE public.child (b integer) INHERITS (public.parent);
INSERT INTO public.child SELECT n, -n FROM generate_series(1, 4000) n;
CREATE PUBLICATION "pub;" FOR TABLE public.child WHERE (a > 0);
CREATE FUNCTION public.notice() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM 1; END';
CREATE EVENT TRIGGER "on ddl;" ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION public.notice();
CREATE FOREIGN DATA WRAPPER dummy;
CREATE SERVER remote FOREIGN DATA WRAPPER dummy OPTIONS (host 'it''s;');
CREATE USER MAPPING FOR "it's" SERVER remote OPTIONS (password 'p''w\');
SELECT lo_from_bytea(70001, decode(repeat('00ff5c27', 3000), 'hex'));
SELECT lo_from_bytea(70002, '');
COMMENT ON LARGE OBJECT 70001 IS 'a large object''s \ comment';
ALTER LARGE OBJECT 70002 OWNER TO owner;
GRANT SELECT ON LARGE OBJECT 70001 TO "reader-1";
