INSERT INTO dogs VALUES ('Ludde', 'hamiltonstövare');
