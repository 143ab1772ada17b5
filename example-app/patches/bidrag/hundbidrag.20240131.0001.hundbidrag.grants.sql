CREATE TABLE bidrag.purposes (
    name text PRIMARY KEY,
    most numeric(8, 2) NOT NULL CHECK (most > 0)
);

COMMENT ON COLUMN bidrag.purposes.most IS 'the most that is paid for one dog in a year, in kronor';

CREATE TABLE bidrag.grants (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chip text NOT NULL,
    purpose text NOT NULL REFERENCES bidrag.purposes,
    amount numeric(8, 2) NOT NULL CHECK (amount > 0),
    granted timestamptz NOT NULL DEFAULT now()
);

COMMENT ON COLUMN bidrag.grants.chip IS 'the dog; the register of dogs is a database of its own';
