\set ECHO none
\set quoted 'it''s; \' \n' "and; so"
select 1;
\echo one; two \echo three
   \qecho 'select 2;' -- no comment
select 3; \echo behind \\ select 4; select 5;
\set four 4 \\
select '\echo no', E'\\', $$
\echo no
$$, "\\" from (select 6 as "\\") as t;
select 7\; select 8 \; ;
select 9 /*
\echo no
*/;
\unset quoted
\t on
\pset format unaligned
\encoding
select 10 \g
select 11 \gset value_
\echo :value_
select ':value', $$:value$$, ':''value''', (array[1,2,3])[1:2], 12::text;
\! true; : '; '
select 13
\g
select 14;
