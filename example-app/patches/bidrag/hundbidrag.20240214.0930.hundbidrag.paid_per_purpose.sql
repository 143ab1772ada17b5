CREATE VIEW bidrag.paid_per_purpose AS
SELECT
    purposes.name AS purpose,
    count(grants.number) AS grants,
    coalesce(sum(grants.amount), 0) AS kronor
FROM bidrag.purposes
LEFT JOIN bidrag.grants ON grants.purpose = purposes.name
GROUP BY purposes.name;

COMMENT ON VIEW bidrag.paid_per_purpose IS 'what was granted so far, also for purposes without a grant';
