reindex table concurrently dog;
