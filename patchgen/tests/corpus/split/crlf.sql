-- Lines of another system;
select 1;
select
  2 -- two;
  + 3;
create table crlf (a text, b text);
copy crlf from stdin;
1;	x
\.
/* ;
 */ select $$
;
$$;
\echo x;
select 'a
;';
