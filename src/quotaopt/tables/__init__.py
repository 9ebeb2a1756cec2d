"""The border: read and check the tables people bring, write the tables they get."""

from quotaopt.tables.inputs import Inputs, read_inputs, read_table
from quotaopt.tables.shape import LockRow
from quotaopt.tables.write import datapackage, write_csv, write_tables

__all__ = ["Inputs", "LockRow", "datapackage", "read_inputs", "read_table", "write_csv", "write_tables"]
