CREATE TABLE dogs (name text PRIMARY KEY);
