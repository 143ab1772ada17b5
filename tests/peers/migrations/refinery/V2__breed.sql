ALTER TABLE dogs ADD COLUMN breed text;
