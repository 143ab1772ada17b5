INSERT INTO dogs VALUES ('Ludde', 'hamiltonstövare');
COMMIT;
SELECT 1 / 0;
