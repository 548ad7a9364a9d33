"""Orders of settings, found once for all tests that ask for them."""

from functools import cache

from temperance.theory.contact.contact_orders import orders
from temperance.theory.contact.order_setting import order_setting


def known(*arguments, point=None, **how):
    """The orders of a setting."""
    return _known(arguments, tuple((point or {}).items()), tuple(sorted(how.items())))


@cache
def _known(arguments, point, how):
    return orders(order_setting(*arguments, point=dict(point) or None, **dict(how)))


def shown(*arguments, **how):
    """The upper bounds of parameters and invariants, or "flat"."""
    return {o.parameter: "flat" if o.flat else o.upper for o in known(*arguments, **how).orders if not o.is_mean}


def means(*arguments, **how):
    """The upper bounds of weighted means that are not flat."""
    return {o.name: o.upper for o in known(*arguments, **how).orders if o.is_mean and not o.flat}
