CREATE TABLE register.dogs (
    chip text PRIMARY KEY,
    name text NOT NULL,
    breed text NOT NULL REFERENCES register.breeds,
    owner text NOT NULL,
    born date NOT NULL,
    CONSTRAINT chip_has_15_digits CHECK (chip ~ '^[0-9]{15}$')
);

COMMENT ON TABLE register.dogs IS 'every dog with a chip, by the number on the chip';
