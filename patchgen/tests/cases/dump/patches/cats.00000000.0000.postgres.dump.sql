\getenv secret CATS_PASSWORD
\set owner cats
create role :"owner" password :'secret';
select a::text, b[1:2] from :owner.t where c = ':owner';
