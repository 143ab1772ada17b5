INSERT INTO register.dogs (chip, name, breed, owner, born)
VALUES
    ('752098100000017', 'Sickan', 'tax', 'Ragnar Vanheden', '2019-05-04'),
    ('752098100000025', 'Ludde', 'beagle', 'Märta Lind', '2021-11-30'),
    ('752098100000033', 'Åsa', 'jämthund', 'Nils Öberg', '2022-02-28');
