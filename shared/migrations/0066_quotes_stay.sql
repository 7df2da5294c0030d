-- What was quoted is what is settled, and what was credited of a line bounds what may still be: neither changes.

CREATE TRIGGER keep_finalised BEFORE UPDATE ON quotes FOR EACH ROW EXECUTE FUNCTION keep_finalised();
CREATE TRIGGER keep_finalised BEFORE UPDATE ON line_credits FOR EACH ROW EXECUTE FUNCTION keep_finalised();
