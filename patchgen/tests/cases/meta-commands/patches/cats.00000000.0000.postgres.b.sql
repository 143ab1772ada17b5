-- patch: script=psql
\set day `date`
\if :x
\i other.sql
\endif
