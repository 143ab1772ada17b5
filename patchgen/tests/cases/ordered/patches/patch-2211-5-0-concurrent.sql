create index concurrently if not exists dog_name on dog (name);
