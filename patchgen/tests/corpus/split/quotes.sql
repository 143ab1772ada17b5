-- Semicolons and quotes where they end nothing.
select 'a;b', 'it''s; so', ';''', '''';
select '\', 'not; escaped\';
select "a;b", "say ""hi;""" from (values (1, 2)) as t ("a;b", "say ""hi;""");
select E'a\';b', e'\\', E'''\'' , E'\x41;'; select E'line \
break;';
select U&'d\0061t;', U&'\\;', U&'!0061;' uescape '!', U&"a\0062;" from (values (1)) as t ("ab;");
select n'a;', N'\', b'01', B'1', x'1F', X'ff';
select 'first;'
   'second;'
   -- between; them
   'third;', 'x'
'\'; select 1;
select $$a;'b"$$, $tag$ $$; $$ $Tag$ ; $tag$, $ä_1$;$ä_1$, $a$$$;$b$$a$, $$$not$$, $$
;
$$;
select 1 as a$b$, 2 as c$b$; select 3 as "d$$"; select 4 as "e$$";
prepare p (int, text) as select $1+$1, $2||$$;$$;
execute p(1, ';');
select 'ä;ö', 'größer;' as "ß;", '日本;語', '🐶;';
select (array[1,2])[1], ('{a;}'::text[])[1], 1::int;
select 3*/*;*/4, 5-/*;'*/-6, 7 --;'
+ 8, @ -9, 2 operator(pg_catalog.+) 3;
select '
;
';
select json '{"a": [1, ";"]}';
select 1.5e3, .5, 1., 0;select-1;select'x';select"y"from(select 1 as y)as t;
select '';select '''';select E'\\\'';select $$$$;
