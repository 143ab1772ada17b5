create function f() returns int as $body$
select 1;
$bdy$;
