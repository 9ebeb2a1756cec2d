"""The border: read and check the tables people bring, write the tables they get."""

from quotaopt.tables.inputs import Inputs, read_inputs
from quotaopt.tables.shape import LockRow
from quotaopt.tables.write import datapackage, write_csv, write_tables

__all__ = ["Inputs", "LockRow", "datapackage", "read_inputs", "write_csv", "write_tables"]
