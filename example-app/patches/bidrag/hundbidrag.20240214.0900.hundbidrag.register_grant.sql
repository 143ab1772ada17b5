-- Grants are made through this function, which keeps to the yearly limit.

CREATE FUNCTION bidrag.register_grant(dog text, what_for text, kronor numeric)
RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
    limit_of_year numeric;
    paid numeric;
    granted_as bigint;
BEGIN
    -- The lock on the purpose makes two grants for one dog wait for each other.
    SELECT most INTO limit_of_year FROM bidrag.purposes WHERE name = what_for FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there are no grants for %', what_for USING ERRCODE = 'no_data_found';
    END IF;

    SELECT coalesce(sum(amount), 0) INTO paid
    FROM bidrag.grants
    WHERE chip = dog AND purpose = what_for AND granted >= date_trunc('year', now());

    IF paid + kronor > limit_of_year THEN
        RAISE EXCEPTION '% kronor are left this year for %', limit_of_year - paid, what_for
            USING ERRCODE = 'check_violation';
    END IF;

    INSERT INTO bidrag.grants (chip, purpose, amount)
    VALUES (dog, what_for, kronor)
    RETURNING number INTO granted_as;
    RETURN granted_as;
END
$$;
