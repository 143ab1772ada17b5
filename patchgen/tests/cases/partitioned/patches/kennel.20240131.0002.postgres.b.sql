cluster dog using dog_name;
reindex table dog;
reindex index dog_name;
