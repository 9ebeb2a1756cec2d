"""Plans for other people and programs: one function for each format, in the registry `exports`.

Importing the package registers every format; adding one is writing a module with one function (see `_registry`).
"""

from quotaopt.export import tables, workbook
from quotaopt.export._registry import Options, exports
from quotaopt.export.master import Master, read_master

__all__ = ["Master", "Options", "exports", "read_master", "tables", "workbook"]
