\getenv secret KENNEL_SECRET
create role :"keeper" login password :'secret';
create table dog (id integer limit :n);
create database :name owner :keeper;
