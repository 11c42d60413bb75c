"""A briefing as a document of Word, laid out as official documents are."""
