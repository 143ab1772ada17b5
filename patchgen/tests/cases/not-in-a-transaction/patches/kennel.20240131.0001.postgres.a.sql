create table dog (name text);

/* why */ create index concurrently dog_name on dog (name);
vacuum analyze dog;
