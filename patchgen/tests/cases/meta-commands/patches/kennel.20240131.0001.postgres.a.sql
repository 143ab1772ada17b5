\set name Rex
select 1 \gexec
\i other.sql
\echo done
\connect other
