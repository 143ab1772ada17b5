-- patch: kind=concurrent
create index concurrently dog_name on dog (name);
vacuum dog;
