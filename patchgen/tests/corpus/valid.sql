-- Statements of many shapes that PostgreSQL 15 accepts, one after the other in an empty database, as a superuser.
create schema kennel authorization current_user;
create extension if not exists hstore schema kennel version '1.8';
create role corpus_keeper nologin noinherit;
grant usage on schema kennel to corpus_keeper;
alter default privileges in schema kennel grant select on tables to corpus_keeper;
set search_path = kennel, public;

create table breed (
    id bigint generated always as identity primary key,
    name text not null collate "C" check (name <> ''),
    weight numrange,
    name_length int generated always as (length(name)) stored,
    attributes jsonb default '{}'::jsonb,
    unique nulls not distinct (name, weight)
) with (fillfactor = 70, autovacuum_enabled = off);
create table dog (
    id bigserial constraint dog_pkey primary key,
    breed bigint references breed (id) on delete set null deferrable initially deferred,
    born timestamptz default now(),
    "Name" varchar(40)[],
    constraint born_late check (born > '1990-01-01'::date) no inherit
);
create temporary table passing (like breed including all excluding identity) on commit preserve rows;
create unlogged table cache (key text, value bytea, primary key (key) include (value));
create table visit (during tstzrange not null, dog bigint, exclude using gist (during with &&) where (dog is not null));
create table measurement (at date not null, value double precision) partition by range (at);
create table measurement_2024 partition of measurement for values from ('2024-01-01') to ('2025-01-01')
    partition by list (extract(month from at));
create table measurement_2024_01 partition of measurement_2024 for values in (1, 2, null);
create table measurement_rest partition of measurement default;
create table measurement_2025 (like measurement including defaults);
alter table measurement attach partition measurement_2025 for values from ('2025-01-01') to ('2026-01-01');
create table keyed (key int) partition by hash (key);
create table keyed_0 partition of keyed for values with (modulus 2, remainder 0);
create table puppy () inherits (dog);
create table copy_of_breed as table breed with no data;

alter table dog
    add column if not exists chip uuid default gen_random_uuid(),
    alter column born type timestamptz using born at time zone 'UTC',
    alter column born set not null,
    alter column "Name" set storage extended,
    add constraint dog_chip unique (chip),
    enable row level security;
alter table dog add constraint dog_weight check (id > 0) not valid;
alter table dog validate constraint dog_weight;
alter table dog rename column chip to microchip;
create policy own on dog as restrictive for update to corpus_keeper, current_user
    using (breed = any (array[1, 2])) with check (microchip is not null);
create unique index dog_born on dog using btree (born desc nulls last, lower("Name"[1]) text_pattern_ops)
    include (breed) with (deduplicate_items = off) where breed is not null;
create index on measurement using brin (at);
create statistics dog_statistics (ndistinct, dependencies) on breed, born from dog;
create view young (id, age) with (security_barrier, security_invoker = true) as
    select id, age(born) from only dog where born > current_timestamp - interval '1' year with local check option;
create or replace recursive view numbers (n) as values (1) union all select n + 1 from numbers where n < 10;
create materialized view by_breed as
    select breed, count(*) filter (where born is not null) as dogs, grouping(breed)
    from dog group by grouping sets ((breed), ()) having count(*) > 0
with no data;
refresh materialized view by_breed;
create rule keep as on delete to dog where old.id < 10 do instead (
    update dog set born = now() where id = old.id;
    insert into cache values ('kept; it was')
);

create domain positive as numeric(10, 2) default 1 constraint is_positive check (value > 0);
create type mood as enum ('sad', 'happy');
alter type mood add value if not exists 'sleepy' before 'happy';
create type pair as (first int, second text collate "C");
create type span as range (subtype = float8, subtype_diff = float8mi, multirange_type_name = spans);
create sequence ticket as int increment by 2 minvalue 1 maxvalue 1000 start with 3 cache 5 cycle owned by dog.id;
create collation german (provider = icu, locale = 'de-u-co-phonebk', deterministic = false);

create function bark(times int default 1, variadic words text[] default '{}') returns setof text
    language plpgsql stable strict parallel safe cost 10 rows 5 set work_mem = '8MB' as $bark$
begin
    return query execute 'select $1' using repeat('wuff;', times);
exception when others then raise;
end
$bark$;
create or replace function twice(n int) returns int language sql immutable return n * 2;
create function body(out total int) begin atomic
    select case when count(*) > 0 then 1 else 2 end from dog;
    select 3;
end;
create function pairs() returns table (first int, second text) language sql as 'select 1, ''a;b''';
create procedure clean(inout deleted int) language plpgsql as $$ begin delete from cache; commit; end $$;
call clean(0);
do language plpgsql $do$ begin perform 1; end $do$;
create function on_change() returns trigger language plpgsql as 'begin return new; end';
create trigger changed after insert on dog
    referencing new table as added for each statement execute function on_change();
create constraint trigger checked after update of born on dog deferrable initially deferred
    for each row when (old.born is distinct from new.born) execute procedure on_change();
create function on_ddl() returns event_trigger language plpgsql as $$ begin null; end $$;
create event trigger noted on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE') execute function on_ddl();
alter event trigger noted disable;
create aggregate longest (text) (sfunc = textcat, stype = text, initcond = '', parallel = safe);
create function same(a pair, b pair) returns bool language sql immutable as $$ select a.first = b.first $$;
create operator === (leftarg = pair, rightarg = pair, function = same, commutator = ===, restrict = eqsel);
create function as_int(p pair) returns int language sql immutable as $$ select (p).first $$;
create cast (pair as int) with function as_int (pair) as assignment;
create operator family int_pairs using btree;
create operator class int_desc for type int using btree family int_pairs as
    operator 1 >, operator 2 >=, operator 3 =, operator 4 <=, operator 5 <, function 1 btint4cmp(int, int);
create text search dictionary plain (template = simple, stopwords = english);
create text search configuration dogs (copy = pg_catalog.english);
alter text search configuration dogs alter mapping for asciiword, word with plain, english_stem;
create foreign data wrapper nowhere no handler;
create server far type 'x' version '1' foreign data wrapper nowhere options (host 'far', port '5432');
create user mapping for current_user server far options (user 'x', password ';');
create foreign table distant (id int options (column_name 'ID') not null) server far options (table_name 't');
create publication dogs for table dog (id, born) where (id > 0), only breed
    with (publish = 'insert');
create access method heap2 type table handler heap_tableam_handler;
create transform for kennel.hstore language sql (to sql with function kennel.hstore_recv(internal));

insert into breed as b (name, weight) overriding user value
    values ('beagle', '[9,11]'), ('pug', default), (U&'d\0061ckel', null)
    on conflict (name, weight) do update set name = excluded.name || E'\n' where b.name <> excluded.name
    returning id, name as "Name";
with recursive descent (id, path) as not materialized (
    select 1, array[1] union all select id + 1, path || id from descent where id < 3
) search depth first by id set ordering cycle id set is_cycle using trail
select * from descent order by ordering limit 5 offset 1;
with gone as (delete from cache using breed where cache.key = breed.name returning cache.*)
insert into cache table gone;
merge into breed as b using (values ('pug', 1), ('poodle', 2)) as v (name, n) on b.name = v.name
    when matched and v.n > 1 then delete
    when matched then update set (name, attributes) = (v.name, '{"n": 1}')
    when not matched then insert (name) values (v.name);
update breed set weight = numrange(1, 2), attributes['colour'] = '"black"'
    from dog where dog.breed = breed.id and not exists (select);
select distinct on (b.id) b.id, row_number() over w,
    sum(1) over (order by b.id range between unbounded preceding and current row exclude ties),
    b.attributes -> 'a' ->> 'b', b.attributes @? '$.a[*] ? (@.b == ":x")', 'a'
    'b', b.weight @> 1.5e-3, -(2 ^ 3), $x$ not a parameter $1 $x$, x.*, extract(epoch from now()),
    overlay('abc' placing 'x' from 2), position('a' in 'b'), substring('a' from 1 for 1), trim(both 'x' from 'y'),
    interval '1 day' hour to minute, date '2024-01-01', (1, 2) = row (1, 2), (array[[1], [2]])[1:1], ('a')::text collate "C",
    null is not distinct from 1, b.name operator(pg_catalog.||) 'x', 2 between symmetric 3 and 1
from breed b left join lateral unnest(array[1, 2]) with ordinality as x (a, n) on true natural join breed c
    cross join rows from (generate_series(1, 2), pairs()) as g (a1, b1, c1)
    cross join breed as d tablesample bernoulli (10) repeatable (1)
window w as (order by b.id);
select * from breed for no key update of breed skip locked;
select xmlelement(name a, xmlattributes(1 as b), 'c'), json_build_object('a', 1), json_agg(1 order by 1)
    from xmltable('/a' passing '<a/>' columns n for ordinality, b text path '@b' default 'x');
select 1 union (select 2 except select 3) intersect all values (4) order by 1 fetch first 1 row with ties;
truncate cache, visit restart identity cascade;
begin;
lock table only dog in share row exclusive mode nowait;
declare c insensitive scroll cursor with hold for select 1;
commit;
fetch backward all from c;
close c;
copy breed (name) to stdout with (format csv, header, force_quote *);
prepare sum (int, int) as select $1 + $2;
execute sum (1, 2);
deallocate all;
explain (analyze, buffers off, format json) select 1;
analyze dog (id, born);
comment on column dog.born is 'when; it was born';
comment on function bark(int, text[]) is null;
set session work_mem to '1MB';
show all;
set search_path to kennel;
reset work_mem;
grant select (id, born), update on kennel.dog to corpus_keeper with grant option granted by current_user;
revoke grant option for all privileges on all tables in schema kennel from corpus_keeper cascade;
alter function kennel.twice(int) owner to current_user;
alter system set work_mem = '4MB';
alter system reset work_mem;
vacuum (full, analyze) kennel.dog;
create index concurrently if not exists dog_breed on kennel.dog (breed);
reindex (verbose false) index concurrently kennel.dog_breed;
drop index concurrently if exists kennel.dog_breed;
begin isolation level repeatable read read only;
savepoint a;
rollback to savepoint a;
release a;
commit and chain;
end;
start transaction;
abort;
drop publication dogs;
drop event trigger noted;
drop schema kennel cascade;
drop foreign data wrapper nowhere cascade;
drop access method heap2;
drop role corpus_keeper;
