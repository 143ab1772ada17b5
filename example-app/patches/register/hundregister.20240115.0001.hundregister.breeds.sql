-- Breeds, with the rows as pg_dump writes them.

CREATE TABLE register.breeds (
    name text PRIMARY KEY,
    kilograms numeric(4, 1) NOT NULL CHECK (kilograms > 0)
);

COMMENT ON COLUMN register.breeds.kilograms IS 'what a grown dog of the breed weighs';

COPY register.breeds (name, kilograms) FROM stdin;
beagle	11.0
dalmatiner	27.5
jämthund	30.0
lagotto	13.5
tax	9.0
\.
