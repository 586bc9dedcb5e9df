"""Every place where a site's own code is asked, and what it may do there."""

from collections.abc import Callable
from dataclasses import dataclass

from hounsfield.dicom.attributes import InstanceAttributes

Admit = Callable[[InstanceAttributes, str], None]
"""Asked for each instance before it is stored, with the name of its source.

It must be quick, may be called from many threads at once, and must not keep the attributes. It raises
Refused, with a reason that the sender will read, to turn the instance away; anything else it raises is
an error of the hook: the instance is not stored and the sender is told to try again.
"""


@dataclass(frozen=True, slots=True)
class Hooks:
    """The callables of one site; all of each tuple are asked, in order."""

    admit: tuple[Admit, ...] = ()
