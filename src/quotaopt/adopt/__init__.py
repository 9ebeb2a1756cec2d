"""Begin a project from the workbooks a planner has: recognise their sheets, write a scenario that names them."""

from quotaopt.adopt.project import Adopted, adopt, bare

__all__ = ["Adopted", "adopt", "bare"]
