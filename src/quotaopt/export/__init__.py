"""Plans for other people and programs: one function for each format, in the registry `exports`.

Importing the package registers every format; adding one is writing a module with one function (see `_registry`).
"""

from quotaopt.export import crm, long, planning, tables, workbook
from quotaopt.export._registry import Options, exports
from quotaopt.export.master import Master, read_master
from quotaopt.export.send import read_settings, write_exports

__all__ = [
    "Master", "Options", "crm", "exports", "long", "planning", "read_master", "read_settings", "tables", "workbook",
    "write_exports",
]  # fmt: skip
