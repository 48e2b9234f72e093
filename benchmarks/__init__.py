"""What is measured: quality and speed."""
