-- 16 random bytes, hex: part of the record whose digest the entry `redaction.reviewed` commits to, so that a short reason is not guessed
-- from it. Reviews of before have none.
alter table disclosure.disclosures add column review_nonce text;
