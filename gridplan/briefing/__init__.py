"""What an official lays on the table, from a released plan: documents, slides, workbooks."""
