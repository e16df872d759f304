"""What a table is: fields as users see them, codes as networks see them, constraints on rows."""
