drop table if exists dog;
