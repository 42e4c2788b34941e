"""`check_plugin`: everything that can be known of a plugin without training a real model with it.

for finding in check_plugin("shiny", manager):
    print(finding.thing, finding.check, finding.ok, finding.message)
"""

from framework.testing.plugins.checking import check_plugin
from framework.testing.plugins.finding import Finding

__all__ = ["Finding", "check_plugin"]
