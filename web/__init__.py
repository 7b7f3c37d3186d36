"""The agents' pages in French and the JSON API: thin, every route declares who may use it."""
