"""Renders a review for people: as Markdown for comments and as a page of HTML."""
