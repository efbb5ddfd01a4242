-- The city's own number of a work, as written and folded (bot/core/text.py); and what the subject of a mail gives of it: works_numbers,
-- JSON. moved_from: the desks at whose addresses a notice arrived that is another desk's, a name a line.

ALTER TABLE guarantee ADD COLUMN works_number TEXT NOT NULL DEFAULT '';
ALTER TABLE guarantee ADD COLUMN works_fold TEXT NOT NULL DEFAULT '';
ALTER TABLE submission ADD COLUMN works_numbers JSONB NOT NULL DEFAULT '[]';
ALTER TABLE submission ADD COLUMN moved_from TEXT NOT NULL DEFAULT '';

-- look_up
CREATE INDEX guarantee_by_works_fold ON guarantee (works_fold) WHERE works_fold <> '';
