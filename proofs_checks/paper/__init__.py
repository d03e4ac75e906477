"""The paper's statements, one file per topic; each row is a statement with its check below it."""
