"""Testing tools.  `op_table` lists the ops and how to draw arguments for them."""
