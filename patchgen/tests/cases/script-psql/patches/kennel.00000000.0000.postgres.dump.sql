-- patch: script=psql
\set day `date`
\if true
select :'day' \g
\endif
