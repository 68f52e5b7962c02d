"""A review for people: as Markdown for a comment and as a page of HTML."""
