create table pair (a text, b text);
copy pair from stdin;
1;	'quote
2	-- "no comment
$$	/* open
\\.	\\
\N	\n\t
\.
select count(*) from pair;
COPY pair (b, a) FROM STDIN WITH (FORMAT csv, HEADER, DELIMITER ';'); -- comments may follow
b;a
"x;
y";'
\.
copy pair from stdin csv; /* here too */
\.
copy pair from stdin
-- the statement may be long
( format text ) ;
a	b
\.
copy (select 'from stdin;' from pair where a = 'stdin') to stdout;
copy pair to stdout;
create table "from" (stdin text); copy "from" (stdin) from stdin;
stdin;
\.
select 'copy pair from stdin;';
copy pair from stdin;
the last one	has no end
