select 'Rex'; -- Hündin
