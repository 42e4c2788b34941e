"""Speed of the operations, a file of rows for each family."""
