-- patch: kind=concurrent
create index concurrently on dog (name);
