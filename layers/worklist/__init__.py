"""The worklist as it is read: states and who is shown what, as a workbook, on paper."""
