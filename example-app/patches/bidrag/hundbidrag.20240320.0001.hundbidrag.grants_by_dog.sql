-- patch: kind=concurrent
-- Built without holding up those who write grants, hence outside a transaction. Should the program die meanwhile, the
-- next start takes away the half-built index and builds it again.

CREATE INDEX CONCURRENTLY grants_chip_purpose ON bidrag.grants (chip, purpose);
