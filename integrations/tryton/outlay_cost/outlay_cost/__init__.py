"""Expense figures that Outlay keeps on opportunities and parties."""
